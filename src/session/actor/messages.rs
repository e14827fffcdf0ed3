//! What a session actor can be sent, and what it does then.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use actix::prelude::{ActorContext, Handler, Message};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use uuid::Uuid;

use super::{Newcomer, PendingAnswer, SessionActor, WaitingLook};
use crate::game::Session;
use crate::ids::{ParticipantId, Seq, UserId};
use crate::journal::Record;
use crate::session::activity::Activity;
use crate::session::audience::Listener;
use crate::session::engine::{Ask, CallerId, Input};
use crate::session::{CommandError, CommandReceipt, SessionUpdate, Submission};

/// Decide this and store it.
#[derive(Message)]
#[rtype(result = "()")]
pub(in crate::session) struct Execute {
    pub(in crate::session) submission: Submission,
    pub(in crate::session) permit: OwnedSemaphorePermit,
    pub(in crate::session) answer: oneshot::Sender<Result<CommandReceipt, CommandError>>,
}

/// Tell this listener.
#[derive(Message)]
#[rtype(result = "()")]
pub(in crate::session) struct Watch {
    pub(in crate::session) listener: Listener,
    pub(in crate::session) request: Uuid,
    pub(in crate::session) after: Option<Seq>,
    /// The join code, for those who may know it.
    pub(in crate::session) code: Option<String>,
    /// Keeps the session in memory until it was heard.
    pub(in crate::session) _pin: Arc<Activity>,
}

/// Don't any more.
#[derive(Message)]
#[rtype(result = "()")]
pub(in crate::session) struct Leave {
    pub(in crate::session) listener: u64,
}

/// Look at the state and at who is online.
#[derive(Message)]
#[rtype(result = "()")]
pub(in crate::session) struct Look {
    /// The log is known to hold this event: what is shown must have it.
    pub(in crate::session) at_least: Seq,
    /// What is shown has who is online: other nodes must have said it.
    pub(in crate::session) shows_online: bool,
    pub(in crate::session) read: StateReader,
}

/// What is done with the state and the knowledge of who is online; `None`: the log could not be read as far as is needed.
pub(in crate::session) type StateReader = Box<dyn FnOnce(Option<(&Session, &dyn Fn(ParticipantId) -> bool)>) + Send>;

/// Another node stored events.
#[derive(Message)]
#[rtype(result = "()")]
pub(in crate::session) enum RemoteEvents {
    /// These, in any order, perhaps again.
    Records(Vec<Arc<Record>>),
    /// Up to here.
    Head(Seq),
}

/// Another node said who watches there.
#[derive(Message)]
#[rtype(result = "()")]
pub(in crate::session) struct RemotePresence {
    pub(in crate::session) node: String,
    pub(in crate::session) users: BTreeSet<UserId>,
}

/// All other nodes have said who watches there, or can't be asked.
#[derive(Message)]
#[rtype(result = "()")]
pub(in crate::session) struct OthersKnown;

/// Say again who watches here.
#[derive(Message)]
#[rtype(result = "()")]
pub(in crate::session) struct SayOnline;

/// Write down what is to be kept and go.
#[derive(Message)]
#[rtype(result = "()")]
pub(in crate::session) struct Close;

impl Handler<Execute> for SessionActor {
    type Result = ();

    fn handle(&mut self, message: Execute, ctx: &mut Self::Context) {
        let Execute { submission, permit, answer } = message;
        self.callers_so_far += 1;
        let caller = CallerId(self.callers_so_far);
        let (kind, game) = (submission.request.command.kind(), submission.request.game);
        self.callers.insert(caller, PendingAnswer { answer, _permit: permit, since: Instant::now(), kind, game });
        self.feed(Input::Ask(Box::new(Ask { caller, submission })), ctx);
    }
}

impl Handler<Watch> for SessionActor {
    type Result = ();

    fn handle(&mut self, Watch { listener, request, after, code, _pin }: Watch, ctx: &mut Self::Context) {
        let watcher = listener.id;
        // Watching again replaces: the same listener must not hear an event twice.
        self.audience.leave(watcher, self.engine.state());
        self.feed(Input::Unwatch { watcher }, ctx);
        self.joining.insert(watcher, Newcomer { listener, request, code });
        self.feed(Input::Watch { watcher, after }, ctx);
    }
}

impl Handler<Leave> for SessionActor {
    type Result = ();

    fn handle(&mut self, Leave { listener }: Leave, ctx: &mut Self::Context) {
        self.joining.remove(&listener);
        self.audience.leave(listener, self.engine.state());
        self.feed(Input::Unwatch { watcher: listener }, ctx);
    }
}

impl Handler<Look> for SessionActor {
    type Result = ();

    fn handle(&mut self, Look { at_least, shows_online, read }: Look, ctx: &mut Self::Context) {
        self.looks.push(WaitingLook { at_least, shows_online, read });
        self.feed(Input::HeardHead(at_least), ctx);
    }
}

impl Handler<RemotePresence> for SessionActor {
    type Result = ();

    fn handle(&mut self, RemotePresence { node, users }: RemotePresence, _: &mut Self::Context) {
        self.audience.elsewhere(node, users, self.engine.state());
    }
}

impl Handler<OthersKnown> for SessionActor {
    type Result = ();

    fn handle(&mut self, _: OthersKnown, _: &mut Self::Context) {
        self.know_others();
    }
}

impl Handler<SayOnline> for SessionActor {
    type Result = ();

    fn handle(&mut self, _: SayOnline, _: &mut Self::Context) {
        self.say(SessionUpdate::Online(self.id, self.said.iter().copied().collect()));
    }
}

impl Handler<RemoteEvents> for SessionActor {
    type Result = ();

    fn handle(&mut self, heard: RemoteEvents, ctx: &mut Self::Context) {
        let input = match heard {
            RemoteEvents::Records(records) => Input::Heard(records),
            RemoteEvents::Head(seq) => Input::HeardHead(seq),
        };
        self.step(input, ctx);
    }
}

impl Handler<Close> for SessionActor {
    type Result = ();

    fn handle(&mut self, _: Close, ctx: &mut Self::Context) {
        ctx.stop();
    }
}
