//! What a client says in chats: frames into calls of the chat room.

use actix::prelude::{ActorFutureExt, AsyncContext, WrapFuture};
use uuid::Uuid;

use super::{Ctx, Socket};
use crate::chat::{Asking, ChatMessage};
use crate::http::{Code, Problem};
use crate::ids::{ChatId, CorrelationId, MessageId};
use crate::stream::wire::{BadFrame, ServerFrame};

/// A change of what is said.
pub(super) enum ChatFrame {
    Say { chat: ChatId, content: String },
    Edit { message: MessageId, content: String },
    Delete { message: MessageId },
}

impl Socket {
    fn asking(&self, id: Uuid) -> Asking {
        Asking { user: self.user.id, origin: Some(self.place.id()), correlation_id: CorrelationId(id) }
    }

    /// Answered by `ack`, or by an error.
    pub(super) fn chat(&mut self, id: Uuid, frame: ChatFrame, ctx: &mut Ctx) {
        let (chats, by) = (self.services.chats.clone(), self.asking(id));
        if chats.charge(self.user.id).is_err() {
            return self.rate_limited(Some(id), ctx);
        }
        let asked = async move {
            match frame {
                ChatFrame::Say { chat, content } => chats.say(by, id, chat, content).await,
                ChatFrame::Edit { message, content } => chats.edit(by, id, message, content).await,
                ChatFrame::Delete { message } => chats.delete(by, message).await,
            }
        };
        let answered = asked.into_actor(self).map(
            move |result: Result<ChatMessage, Problem>, socket, ctx: &mut Ctx| match result {
                Ok(message) => ctx.text(ServerFrame::MessageAck { id, message: &message }.encode()),
                Err(problem) => socket.refuse_with(Some(id), &problem, ctx),
            },
        );
        ctx.spawn(answered);
    }

    pub(super) fn read(&mut self, chat: ChatId, up_to: i64, ctx: &mut Ctx) {
        let (chats, by) = (self.services.chats.clone(), self.asking(Uuid::new_v4()));
        let reading = async move { chats.read(by, chat, up_to).await };
        self.refuse_unless_done(reading, ctx);
    }

    pub(super) fn typing(&mut self, chat: ChatId, ctx: &mut Ctx) {
        let (chats, by) = (self.services.chats.clone(), self.asking(Uuid::new_v4()));
        let telling = async move { chats.typing(by, chat).await };
        self.refuse_unless_done(telling, ctx);
    }

    fn refuse_unless_done(&self, doing: impl Future<Output = Result<(), Problem>> + 'static, ctx: &mut Ctx) {
        ctx.spawn(doing.into_actor(self).map(|done, socket, ctx: &mut Ctx| {
            if let Err(problem) = done {
                socket.refuse_with(None, &problem, ctx);
            }
        }));
    }

    fn refuse_with(&mut self, id: Option<Uuid>, problem: &Problem, ctx: &mut Ctx) {
        if problem.code() == Code::RateLimited {
            return self.rate_limited(id, ctx);
        }
        let bad = BadFrame { id, code: problem.code().as_str(), message: problem.detail().to_owned() };
        self.refuse(&bad, ctx);
    }
}
