//! What this node's queue is bound to: the sessions that live here and the users who are connected here.

use std::future::ready;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::FeedState;
use crate::ids::{SessionId, UserId};
use crate::messaging::{BusError, Peers};
use crate::stream::connections::{UserPush, UserUpdate};

/// What lives or is connected here, and has to hear of what happens elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum BindingTarget {
    Session(SessionId),
    User(UserId),
}

impl BindingTarget {
    fn pattern(self) -> String {
        match self {
            BindingTarget::Session(session) => format!("websocket.session.{session}.*"),
            BindingTarget::User(user) => format!("websocket.user.{user}.*"),
        }
    }
}

/// Is the broker known to have the binding?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BindingState {
    Asked,
    Confirmed,
}

/// A binding that is asked for.
pub(super) type Binding = BoxFuture<'static, (BindingTarget, Result<(), BusError>)>;

impl FeedState {
    pub(super) async fn note(&mut self, news: UserUpdate) {
        match news {
            UserUpdate::Came(user) => match self.bound.get(&BindingTarget::User(user)) {
                Some(BindingState::Confirmed) => self.connections.tell(user, &UserPush::Reachable),
                Some(BindingState::Asked) => {}
                None => self.bind(BindingTarget::User(user)),
            },
            UserUpdate::Left(user) => {
                if !self.connections.has(user) {
                    self.unbind(BindingTarget::User(user)).await;
                }
            }
        }
    }

    pub(super) fn bind(&mut self, local: BindingTarget) {
        let is_unheard = matches!(local, BindingTarget::Session(_)) && self.peers == Peers::None;
        if is_unheard || self.bound.contains_key(&local) {
            return;
        }
        self.bound.insert(local, BindingState::Asked);
        let bindings = self.bindings.clone();
        let mut asked: Binding = Box::pin(async move { (local, bindings.bind(local.pattern()).await) });
        // Asked for now, so that an `unbind` that comes next is heard after it.
        match (&mut asked).now_or_never() {
            Some(bound) => self.binding.push(Box::pin(ready(bound))),
            None => self.binding.push(asked),
        }
    }

    pub(super) async fn unbind(&mut self, local: BindingTarget) {
        if self.bound.remove(&local).is_some() {
            self.bindings.unbind(local.pattern()).await;
        }
    }

    /// The binding is there: what was stored before it is in the database, and others say who watches.
    pub(super) async fn settled(&mut self, local: BindingTarget, bound: Result<(), BusError>) {
        let before = match (&bound, self.bound.get_mut(&local)) {
            (Err(error), _) => {
                // It is made before the next `Reconnected`, where all this is done for all.
                tracing::debug!(?local, %error, "bound when the broker is there");
                None
            }
            (Ok(()), there) => there.map(|there| std::mem::replace(there, BindingState::Confirmed)),
        };
        match local {
            BindingTarget::Session(session) if bound.is_ok() => self.listen(session).await,
            BindingTarget::Session(session) => self.sessions.others_known(session),
            // A `Reconnected` came first and had it read what is stored, though it was not bound yet.
            BindingTarget::User(user) if before == Some(BindingState::Confirmed) => {
                self.connections.tell(user, &UserPush::Missed)
            }
            // Without a broker, too: what is stored is told, the rest when it is back.
            BindingTarget::User(user) => self.connections.tell(user, &UserPush::Reachable),
        }
    }
}
