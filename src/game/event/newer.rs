//! Events of versions to come. While nodes are updated one by one, a node may read what only the next version knows: a
//! type of event, or the rules of a game. Such an event is kept as it is; it counts its seq, and from it on the session
//! can be read here and not be played.

use serde::Deserialize;
use uuid::Uuid;

use super::{Actor, Event, Fact, Proof};
use crate::game::GameType;
use crate::ids::{CommandId, CorrelationId, GameId, Seq, SessionId, Timestamp};

/// Stands for what an event says that this version can't read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewerFact {
    /// Its name in the log.
    pub event_type: String,
}

impl Event {
    /// An event that only a newer version reads whole; `None`: it is none, so it is damaged.
    pub fn of_newer_version(json: &str) -> Option<Event> {
        #[derive(Deserialize)]
        struct Head {
            event_id: Uuid,
            session_id: SessionId,
            seq: Seq,
            #[serde(rename = "type")]
            event_type: String,
            data: serde_json::Map<String, serde_json::Value>,
            game_id: Option<GameId>,
            actor: Actor,
            command_id: CommandId,
            correlation_id: CorrelationId,
            timestamp: Timestamp,
            #[serde(flatten)]
            proof: Proof,
        }
        let head: Head = serde_json::from_str(json).ok()?;
        let game_type = || head.data.get("rules")?.get("game_type")?.as_str();
        let is_known = Fact::TYPES.contains(&head.event_type.as_str());
        if is_known && game_type().is_none_or(|game| GameType::ALL.iter().any(|known| known.as_str() == game)) {
            return None;
        }
        let Head {
            event_id,
            session_id,
            seq,
            event_type,
            game_id,
            actor,
            command_id,
            correlation_id,
            timestamp,
            proof,
            ..
        } = head;
        let fact = Fact::Newer(NewerFact { event_type });
        Some(Event { event_id, session_id, seq, fact, game_id, actor, command_id, correlation_id, timestamp, proof })
    }
}
