//! Reading a session: as the log has it, by whoever may.

use tokio::sync::oneshot;

use super::{ATTEMPTS, Sessions};
use crate::game::Session;
use crate::game::view::SessionView;
use crate::ids::{ParticipantId, Seq, SessionId, UserId};
use crate::journal::JournalError;
use crate::session::CommandError;
use crate::session::actor::messages::{Look, StateReader};
use crate::telemetry::Trouble;

// Said when it begins and once a minute while it lasts.
static UNREADABLE: Trouble = Trouble::new();

/// What the row of a session says of it.
pub(crate) struct ListedSession {
    pub(crate) session: SessionId,
    /// Its last event.
    pub(crate) head: Seq,
    /// Its join code.
    pub(crate) code: String,
}

impl Sessions {
    /// Looks at the state as the log has it. Where the log can't be read, nothing older is shown instead: `NotStored`. Who
    /// is online on other nodes may not be known yet.
    pub async fn look<T: Send + 'static>(
        &self,
        session: SessionId,
        look: impl FnOnce(&Session, &dyn Fn(ParticipantId) -> bool) -> T + Clone + Send + 'static,
    ) -> Result<T, CommandError> {
        self.look_at(session, false, look).await
    }

    /// The same and at who is online on all nodes; `shows_online`: that is waited for, where it is not known yet.
    pub async fn look_at<T: Send + 'static>(
        &self,
        session: SessionId,
        shows_online: bool,
        look: impl FnOnce(&Session, &dyn Fn(ParticipantId) -> bool) -> T + Clone + Send + 'static,
    ) -> Result<T, CommandError> {
        let at_least = self.known_head(session).await?;
        self.look_after(session, at_least, shows_online, look).await
    }

    /// The same at a state that has event `at_least`, or `NotStored`.
    async fn look_after<T: Send + 'static>(
        &self,
        session: SessionId,
        at_least: Seq,
        shows_online: bool,
        look: impl FnOnce(&Session, &dyn Fn(ParticipantId) -> bool) -> T + Clone + Send + 'static,
    ) -> Result<T, CommandError> {
        for _ in 0..ATTEMPTS {
            let live = match self.open(session).await {
                // Reading needs no place in memory, and what was stored a moment ago must be told.
                Err(CommandError::Busy) => {
                    let opened = self.journal.open(session).await?.ok_or(CommandError::Missing)?;
                    return Ok(look(&opened.state, &|_| false));
                }
                live => live?,
            };
            let (answer, seen) = oneshot::channel();
            let look = look.clone();
            let read: StateReader = Box::new(move |shown| {
                let _ = answer.send(shown.map(|(state, online)| look(state, online)));
            });
            let message = Look { at_least, shows_online, read };
            if live.actor.try_send(message).is_err() {
                continue;
            }
            if let Ok(seen) = seen.await {
                return seen.ok_or(CommandError::NotStored);
            }
        }
        Err(CommandError::NotStored)
    }

    /// The session as an account sees it, which may read it.
    pub async fn view_for(&self, session: SessionId, user: UserId) -> Result<SessionView, CommandError> {
        let look = move |state: &Session, online: &dyn Fn(ParticipantId) -> bool| {
            (state.view(online), state.may_know_code(user))
        };
        let (view, knows_code) = self.look_at(session, true, look).await?;
        self.with_code(view, knows_code).await
    }

    /// These sessions as an account sees them, without those that are not for its eyes. Those that do not live here are
    /// read together and not brought into memory.
    pub(crate) async fn list_for(
        &self,
        user: UserId,
        listed: Vec<ListedSession>,
    ) -> Result<Vec<SessionView>, CommandError> {
        let seen = move |state: &Session, online: &dyn Fn(ParticipantId) -> bool| {
            state.may_read(user).ok().map(|()| (state.view(online), state.may_know_code(user)))
        };
        let stored = listed.iter().filter(|listed| !self.lives(listed.session));
        let stored = self.journal.states(stored.map(|listed| (listed.session, listed.head)).collect()).await;
        let stored = stored.map_err(JournalError::from)?;
        let mut views = Vec::with_capacity(listed.len());
        for ListedSession { session, head, code } in listed {
            let shown = match stored.get(&session) {
                Some(Ok(state)) => seen(state, &|_| false),
                // The others are shown all the same.
                Some(Err(error)) => {
                    if UNREADABLE.is_news() {
                        tracing::error!(session.id = %session, %error, "a session is left out of a list");
                    }
                    None
                }
                None => self.look_after(session, head, true, seen).await?,
            };
            if let Some((mut view, knows_code)) = shown {
                view.code = knows_code.then_some(code);
                views.push(view);
            }
        }
        Ok(views)
    }

    /// The code stands in the row of the session, which is the same for all nodes at once, and in no event.
    async fn with_code(&self, mut view: SessionView, knows_code: bool) -> Result<SessionView, CommandError> {
        if knows_code {
            view.code = self.journal.code(view.id).await?;
        }
        Ok(view)
    }
}
