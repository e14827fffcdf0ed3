//! What nodes tell each other of themselves and of who watches: one encoding, one decoding. It is told and forgotten, so
//! every message says which process it is from and the how manieth of it: whatever is late or comes twice is known as such.

use serde::{Deserialize, Serialize};

use crate::clock;
use crate::ids::{SessionId, UserId, WriterId};
use crate::messaging::Message;
use crate::outbox;
use crate::outbox::envelope::Envelope;

const ALIVE: &str = "node.alive";
const LEAVING: &str = "node.leaving";
const ONLINE: &str = "session.online";
const WHO_IS_ONLINE: &str = "session.who_is_online";

/// The process that a message is from, and which of its messages it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sender {
    /// The id of its node.
    #[serde(default)]
    pub(super) node: String,
    /// Which start of that node: the row of its writer, so that a later start has a higher one, whatever the clocks say.
    /// `None`: of a version that did not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) epoch: Option<WriterId>,
    /// Counts the messages of that start.
    #[serde(default)]
    pub(super) counter: u64,
}

/// Something that a node tells the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NodeMessage {
    /// A life sign.
    Alive {
        /// How often this node was alone and met others again. Where this has changed, events may have been stored there
        /// that were told to nobody: the log has them. `None`: of a version that hears events in a message of their own.
        meetings: Option<u64>,
    },
    /// It ends in order: nobody watches there any more.
    Leaving,
    /// Who watches a session there.
    Online(SessionId, Vec<UserId>),
    /// The others are to say who watches a session there.
    WhoIsOnline {
        session: SessionId,
        /// Nodes where it does not live answer as well, so that whoever asks knows when all have.
        of_all: bool,
    },
}

/// `data` of all of them.
#[derive(Serialize, Deserialize)]
struct Data {
    #[serde(flatten)]
    sender: Sender,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    users: Option<Vec<UserId>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    of_all: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    meetings: Option<u64>,
}

impl NodeMessage {
    /// The session that it is about.
    pub(super) fn session(&self) -> Option<SessionId> {
        match self {
            NodeMessage::Alive { .. } | NodeMessage::Leaving => None,
            NodeMessage::Online(session, _) | NodeMessage::WhoIsOnline { session, .. } => Some(*session),
        }
    }

    /// As the bus carries it: to the nodes where its session lives, or to all.
    pub(super) fn encode(self, sender: Sender) -> Message {
        let session = self.session();
        let to_node = |name: &str| format!("websocket.node.{}.{name}", sender.node);
        let to_session = |session: SessionId, name: &str| format!("websocket.session.{session}.{name}");
        let (event_type, key) = match &self {
            NodeMessage::Alive { .. } => (ALIVE, to_node("alive")),
            NodeMessage::Leaving => (LEAVING, to_node("leaving")),
            NodeMessage::Online(session, _) => (ONLINE, to_session(*session, "online")),
            NodeMessage::WhoIsOnline { of_all: true, .. } => (WHO_IS_ONLINE, to_node("who_is_online")),
            NodeMessage::WhoIsOnline { session, .. } => (WHO_IS_ONLINE, to_session(*session, "who_is_online")),
        };
        let of_all = matches!(self, NodeMessage::WhoIsOnline { of_all: true, .. });
        let meetings = if let NodeMessage::Alive { meetings } = self { meetings } else { None };
        let users = if let NodeMessage::Online(_, users) = self { Some(users) } else { None };
        let data = outbox::envelope::Data::encode(&Data { sender, users, of_all, meetings });
        let mut message = Message::new(key, Envelope::between_nodes(session, event_type, clock::now(), data));
        message.is_own = true;
        message
    }

    /// What an envelope tells, and who; `None`: it is nothing that nodes tell of themselves.
    pub(super) fn decode(envelope: &Envelope) -> Option<(Sender, Self)> {
        let is_ours = [ALIVE, LEAVING, ONLINE, WHO_IS_ONLINE].contains(&envelope.event_type.as_str());
        let data: Data = serde_json::from_str(is_ours.then(|| envelope.data.json())?).ok()?;
        let message = match (envelope.event_type.as_str(), envelope.session_id) {
            (ALIVE, _) => NodeMessage::Alive { meetings: data.meetings },
            (LEAVING, _) => NodeMessage::Leaving,
            (ONLINE, Some(session)) => NodeMessage::Online(session, data.users.unwrap_or_default()),
            (WHO_IS_ONLINE, Some(session)) => NodeMessage::WhoIsOnline { session, of_all: data.of_all },
            _ => return None,
        };
        (!data.sender.node.is_empty()).then_some((data.sender, message))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::ids::Timestamp;

    #[test]
    fn what_is_told_is_understood() {
        let session = SessionId(Uuid::from_u128(7));
        let sender = Sender { node: "hall.1".to_owned(), epoch: Some(WriterId(41)), counter: 12 };
        let messages = [
            (NodeMessage::Alive { meetings: Some(3) }, "websocket.node.hall.1.alive".to_owned()),
            (NodeMessage::Leaving, "websocket.node.hall.1.leaving".to_owned()),
            (
                NodeMessage::Online(session, vec![UserId(Uuid::from_u128(3))]),
                format!("websocket.session.{session}.online"),
            ),
            (NodeMessage::WhoIsOnline { session, of_all: false }, format!("websocket.session.{session}.who_is_online")),
            (NodeMessage::WhoIsOnline { session, of_all: true }, "websocket.node.hall.1.who_is_online".to_owned()),
        ];
        for (message, key) in messages {
            let told = message.clone().encode(sender.clone());
            assert_eq!(told.routing_key, key);
            assert_eq!(NodeMessage::decode(&told.envelope), Some((sender.clone(), message)));
        }
    }

    #[test]
    fn nodes_of_earlier_versions_are_understood_and_others_are_not() {
        let session = SessionId(Uuid::from_u128(7));
        let told = |kind: &str, data| Envelope::between_nodes(Some(session), kind, Timestamp::from_millis(0), data);
        let user = UserId(Uuid::from_u128(3));
        let old = told(ONLINE, json!({"node": "old", "users": [user]}));
        let sender = Sender { node: "old".to_owned(), epoch: None, counter: 0 };
        assert_eq!(NodeMessage::decode(&old), Some((sender, NodeMessage::Online(session, vec![user]))));
        assert_eq!(NodeMessage::decode(&told(ONLINE, json!({"users": [user]}))), None);
        assert_eq!(NodeMessage::decode(&told("user.stats", json!({"node": "old"}))), None);
        assert_eq!(NodeMessage::decode(&told(ALIVE, json!(7))), None);
    }
}
