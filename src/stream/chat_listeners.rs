//! What is told of chats, into frames for the connections of their members. It comes from this node as soon as it is
//! stored, and from the bus, which may carry what this node stored as well.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use uuid::Uuid;

use super::backlog::TopicNews;
use super::connections::{Connections, UserPush};
use super::topics::TopicName;
use super::wire::ServerFrame;
use crate::chat::ChatAudience;
use crate::ids::ChatId;
use crate::outbox::chat_news::{ChatNews, ChatTelling, MemberStatus};

/// Messages that are remembered at least: what comes again after as many others is told again.
const REMEMBERED: usize = 16_384;

/// The connections of this node that chat. Clones share everything.
#[derive(Clone)]
pub(crate) struct ChatListeners {
    connections: Connections,
    heard: Arc<Mutex<RecentIds>>,
}

/// The last ids, in two halves, of which the older is forgotten when the newer is full.
#[derive(Default)]
struct RecentIds {
    newer: HashSet<Uuid>,
    older: HashSet<Uuid>,
}

impl RecentIds {
    /// Whether it is new.
    fn insert(&mut self, id: Uuid) -> bool {
        if self.older.contains(&id) || !self.newer.insert(id) {
            return false;
        }
        if self.newer.len() >= REMEMBERED {
            self.older = std::mem::take(&mut self.newer);
        }
        true
    }
}

#[derive(Deserialize)]
struct WithId {
    id: Uuid,
}

impl ChatListeners {
    pub(crate) fn new(connections: Connections) -> Self {
        Self { connections, heard: Arc::default() }
    }

    fn tell_all(&self, telling: &ChatTelling, push: &UserPush) {
        for user in &telling.user_ids {
            self.connections.tell_others(*user, telling.origin, push);
        }
    }

    fn hear_statuses(&self, chat_id: ChatId, statuses: &[MemberStatus]) {
        for &MemberStatus { user_id, up_to, status, at, ref tell, origin } in statuses {
            let frame = ServerFrame::MessageStatus { chat_id, user_id, up_to, status, at }.encode();
            for user in tell {
                self.connections.tell_others(*user, origin, &UserPush::Hint(frame.clone()));
            }
        }
    }
}

impl ChatAudience for ChatListeners {
    /// Each of the members that are connected here hears it on all connections but the one that did it.
    fn hear(&self, telling: &ChatTelling) {
        let news = match &telling.news {
            ChatNews::Message(message) => {
                let Ok(WithId { id }) = serde_json::from_str(message.json()) else { return };
                if !self.heard.lock().unwrap_or_else(PoisonError::into_inner).insert(id) {
                    return;
                }
                let frame = ServerFrame::Message { message: message.raw() }.encode();
                TopicNews::Item(id, frame)
            }
            ChatNews::Edited(message) => {
                TopicNews::Change(ServerFrame::MessageEdited { message: message.raw() }.encode())
            }
            ChatNews::Deleted(message) => {
                TopicNews::Change(ServerFrame::MessageDeleted { message: message.raw() }.encode())
            }
            ChatNews::Statuses(chat_id, statuses) => return self.hear_statuses(*chat_id, statuses),
            &ChatNews::Typing { chat_id, user_id } => {
                let frame = ServerFrame::Typing { chat_id, user_id }.encode();
                return self.tell_all(telling, &UserPush::Hint(frame));
            }
        };
        self.tell_all(telling, &UserPush::Topic(TopicName::Messages, news));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_ids_are_known_and_old_ones_forgotten() {
        let mut ids = RecentIds::default();
        let id = |n: usize| Uuid::from_u128(n as u128);
        assert!((0..REMEMBERED * 2).all(|n| ids.insert(id(n))));
        assert!((REMEMBERED..REMEMBERED * 2).all(|n| !ids.insert(id(n))));
        assert!(ids.insert(id(0)), "so long ago");
        assert!(ids.newer.len() + ids.older.len() <= REMEMBERED * 2);
    }
}
