//! What this node's queue is bound to: the sessions that live here and the users who are connected here.

use std::future::ready;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::Running;
use crate::ids::{SessionId, UserId};
use crate::messaging::{BusError, Peers};
use crate::stream::connections::{UserNews, UserPush};

/// What lives or is connected here, and has to hear of what happens elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Local {
    Session(SessionId),
    User(UserId),
}

impl Local {
    fn pattern(self) -> String {
        match self {
            Local::Session(session) => format!("websocket.session.{session}.*"),
            Local::User(user) => format!("websocket.user.{user}.*"),
        }
    }
}

/// Is the broker known to have the binding?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Asked,
    Confirmed,
}

/// A binding that is asked for.
pub(super) type Binding = BoxFuture<'static, (Local, Result<(), BusError>)>;

impl Running {
    pub(super) async fn note(&mut self, news: UserNews) {
        match news {
            UserNews::Came(user) => match self.bound.get(&Local::User(user)) {
                Some(Bound::Confirmed) => self.connections.tell(user, &UserPush::Reachable),
                Some(Bound::Asked) => {}
                None => self.bind(Local::User(user)),
            },
            UserNews::Left(user) => {
                if !self.connections.has(user) {
                    self.unbind(Local::User(user)).await;
                }
            }
        }
    }

    pub(super) fn bind(&mut self, local: Local) {
        let is_unheard = matches!(local, Local::Session(_)) && self.peers == Peers::None;
        if is_unheard || self.bound.contains_key(&local) {
            return;
        }
        self.bound.insert(local, Bound::Asked);
        let bindings = self.bindings.clone();
        let mut asked: Binding = Box::pin(async move { (local, bindings.bind(local.pattern()).await) });
        // Asked for now, so that an `unbind` that comes next is heard after it.
        match (&mut asked).now_or_never() {
            Some(bound) => self.binding.push(Box::pin(ready(bound))),
            None => self.binding.push(asked),
        }
    }

    pub(super) async fn unbind(&mut self, local: Local) {
        if self.bound.remove(&local).is_some() {
            self.bindings.unbind(local.pattern()).await;
        }
    }

    /// The binding is there: what was stored before it is in the database, and others say who watches.
    pub(super) async fn settled(&mut self, local: Local, bound: Result<(), BusError>) {
        let before = match (&bound, self.bound.get_mut(&local)) {
            (Err(error), _) => {
                // It is made before the next `Reconnected`, where all this is done for all.
                tracing::debug!(?local, %error, "bound when the broker is there");
                None
            }
            (Ok(()), there) => there.map(|there| std::mem::replace(there, Bound::Confirmed)),
        };
        match local {
            Local::Session(session) if bound.is_ok() => self.listen(session).await,
            Local::Session(session) => self.sessions.others_known(session),
            // A `Reconnected` came first and had it read what is stored, though it was not bound yet.
            Local::User(user) if before == Some(Bound::Confirmed) => self.connections.tell(user, &UserPush::Missed),
            // Without a broker, too: what is stored is told, the rest when it is back.
            Local::User(user) => self.connections.tell(user, &UserPush::Reachable),
        }
    }
}
