//! Holds what is stored beside the log (the snapshot, the columns of lists) against what the log says.

use std::fmt;

use entity::session;
use sea_orm::EntityTrait;

use super::snapshot::{replay_upto, stored};
use super::{JournalError, read};
use crate::database::Database;
use crate::game::Session;
use crate::ids::{Seq, SessionId};

/// What a comparison found.
#[derive(Debug)]
pub struct Comparison {
    session: SessionId,
    seq: Seq,
    differences: Vec<String>,
}

impl Comparison {
    /// Nothing differs.
    pub fn agrees(&self) -> bool {
        self.differences.is_empty()
    }

    fn hold(&mut self, what: &str, log: impl fmt::Display, there: impl fmt::Display) {
        let (log, there) = (log.to_string(), there.to_string());
        if log != there {
            self.differences.push(format!("{what}: the log says {log}, stored is {there}"));
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.agrees() {
            return write!(f, "session {}: {} events, the stored state agrees", self.session, self.seq);
        }
        write!(f, "session {}: {} events, the stored state differs", self.session, self.seq)?;
        self.differences.iter().try_for_each(|difference| write!(f, "\n  {difference}"))
    }
}

/// Compares one session.
pub async fn compare(database: &Database, id: SessionId) -> Result<Comparison, JournalError> {
    let db = database.reader();
    let mut comparison = Comparison { session: id, seq: Seq::ZERO, differences: Vec::new() };
    let Some(row) = session::Entity::find_by_id(id.0).one(db).await? else {
        comparison.differences.push("there is no such session".to_owned());
        return Ok(comparison);
    };
    let mut next = Seq(1);
    loop {
        let before = next;
        let records = read(db, id, before.previous(), 1_000).await?;
        for record in &records {
            if record.seq() != next {
                comparison.differences.push(format!("event {next} is missing before event {}", record.seq()));
                next = record.seq();
            }
            next = next.next();
        }
        // The end, or rows of an altered log that stand in the place of others.
        if next <= before {
            break;
        }
    }
    let state = replay_upto(db, id, Session::default(), Seq::MAX).await?;
    comparison.seq = state.seq();
    comparison.hold("last event", state.seq(), row.head);
    comparison.hold("name", state.name(), row.name);
    comparison.hold("status", state.status().as_str(), row.status);
    comparison.hold("is_private", state.is_private(), row.is_private);
    comparison.hold("game_type", state.game_type(), row.game_type);
    comparison.hold("creator", state.creator_user_id(), row.creator_user_id);
    if let Some(snapshot) = stored(db, id).await? {
        let then = replay_upto(db, id, Session::default(), snapshot.seq()).await?;
        if then != snapshot {
            comparison.differences.push(format!("the snapshot at event {} is not what the log says", snapshot.seq()));
        }
    }
    Ok(comparison)
}
