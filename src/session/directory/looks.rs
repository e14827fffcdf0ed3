//! Reading a session: as the log has it, by whoever may.

use tokio::sync::oneshot;

use super::{ATTEMPTS, Sessions};
use crate::game::Session;
use crate::game::view::SessionView;
use crate::ids::{ParticipantId, SessionId, UserId};
use crate::session::NotPlayed;
use crate::session::actor::messages::{Glance, Look};

impl Sessions {
    /// Looks at the state as the log has it. Where the log can't be read, nothing older is shown instead: `NotStored`. Who
    /// is online on other nodes may not be known yet.
    pub async fn look<T: Send + 'static>(
        &self,
        session: SessionId,
        look: impl FnOnce(&Session, &dyn Fn(ParticipantId) -> bool) -> T + Clone + Send + 'static,
    ) -> Result<T, NotPlayed> {
        self.look_at(session, false, look).await
    }

    /// The same and at who is online on all nodes; `shows_online`: that is waited for, where it is not known yet.
    pub async fn look_at<T: Send + 'static>(
        &self,
        session: SessionId,
        shows_online: bool,
        look: impl FnOnce(&Session, &dyn Fn(ParticipantId) -> bool) -> T + Clone + Send + 'static,
    ) -> Result<T, NotPlayed> {
        let at_least = self.known_head(session).await?;
        for _ in 0..ATTEMPTS {
            let live = match self.open(session).await {
                // Reading needs no place in memory, and what was stored a moment ago must be told.
                Err(NotPlayed::Busy) => {
                    let opened = self.journal.open(session).await?.ok_or(NotPlayed::Missing)?;
                    return Ok(look(&opened.state, &|_| false));
                }
                live => live?,
            };
            let (answer, seen) = oneshot::channel();
            let look = look.clone();
            let glance: Glance = Box::new(move |shown| {
                let _ = answer.send(shown.map(|(state, online)| look(state, online)));
            });
            let message = Look { at_least, shows_online, glance };
            if live.actor.try_send(message).is_err() {
                continue;
            }
            if let Ok(seen) = seen.await {
                return seen.ok_or(NotPlayed::NotStored);
            }
        }
        Err(NotPlayed::NotStored)
    }

    /// The session as an account sees it, which may read it.
    pub async fn view_for(&self, session: SessionId, user: UserId) -> Result<SessionView, NotPlayed> {
        let look = move |state: &Session, online: &dyn Fn(ParticipantId) -> bool| {
            (state.view(online), state.may_know_code(user))
        };
        let (view, knows_code) = self.look_at(session, true, look).await?;
        self.with_code(view, knows_code).await
    }

    /// The same without bringing it into memory; `None`: there is no such session, or it is not for these eyes.
    pub async fn glance(&self, session: SessionId, user: UserId) -> Result<Option<SessionView>, NotPlayed> {
        let seen = if self.lives(session) {
            let look = move |state: &Session, online: &dyn Fn(ParticipantId) -> bool| {
                state.may_read(user).ok().map(|()| (state.view(online), state.may_know_code(user)))
            };
            self.look_at(session, true, look).await?
        } else {
            let opened = self.journal.open(session).await?.map(|opened| opened.state);
            let state = opened.filter(|state| state.may_read(user).is_ok());
            state.map(|state| (state.view(&|_| false), state.may_know_code(user)))
        };
        match seen {
            Some((view, knows_code)) => self.with_code(view, knows_code).await.map(Some),
            None => Ok(None),
        }
    }

    /// The code stands in the row of the session, which is the same for all nodes at once, and in no event.
    async fn with_code(&self, mut view: SessionView, knows_code: bool) -> Result<SessionView, NotPlayed> {
        if knows_code {
            view.code = self.journal.code(view.id).await?;
        }
        Ok(view)
    }
}
