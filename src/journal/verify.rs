//! Whether a log is what was once written: each event holds the hash of the one before it and its own.

use std::collections::HashMap;
use std::fmt;

use entity::{event, event_seal, session};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{JournalError, Record};
use crate::database::Database;
use crate::game::event::EventHash;
use crate::ids::{Seq, SessionId};

/// Events that are looked at at once.
const PAGE: u64 = 1_000;

/// What a look at the chain of a log found.
#[derive(Debug)]
pub struct Verification {
    session: SessionId,
    /// How far the chain holds.
    seq: Seq,
    /// The hash of that event.
    fingerprint: Option<EventHash>,
    /// The first event that is not what was written, and why.
    broken: Option<(Seq, String)>,
}

impl Verification {
    /// The whole log is what was written.
    pub fn holds(&self) -> bool {
        self.broken.is_none()
    }

    /// The first event that is not what was written.
    pub fn first_broken(&self) -> Option<Seq> {
        self.broken.as_ref().map(|(seq, _)| *seq)
    }

    /// Goes on with the next row; what is wrong with it, and with which event.
    fn hold(&mut self, row: event::Model, seal: Option<&str>) -> Result<(), (Seq, String)> {
        let next = self.seq.next();
        if Seq(row.seq) != next {
            return Err((next, "it is missing".to_owned()));
        }
        let wrong = |why: &str| Err((next, why.to_owned()));
        let session = row.session_id;
        let record = Record::stored(row).map_err(|error| (next, error.to_string()))?;
        let (event, proof) = (&record.event, record.event.proof);
        if event.session_id.0 != session || event.seq != next {
            return wrong("it stands in the place of another");
        }
        if proof.hash.is_some_and(|hash| hash != EventHash::of(record.json.get())) {
            return wrong("it is not what its hash says");
        }
        if proof.hash.is_some() && proof.prev_hash != self.fingerprint {
            return Err((self.seq.max(Seq(1)), format!("event {next} came after another one")));
        }
        let link = proof.link(self.fingerprint);
        if let (None, Some(seal)) = (proof.hash, seal)
            && link.map(|link| link.to_string()).as_deref() != Some(seal)
        {
            return wrong("it is not what its seal says");
        }
        (self.seq, self.fingerprint) = (next, link);
        Ok(())
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, seq, fingerprint, broken } = self;
        match (broken, fingerprint) {
            (Some((broken, why)), _) => write!(f, "session {session}: event {broken} is broken: {why}"),
            (None, Some(hash)) => write!(f, "session {session}: {seq} events, the chain holds, fingerprint {hash}"),
            (None, None) => write!(f, "session {session}: no events"),
        }
    }
}

/// Checks one session's log.
pub async fn verify(database: &Database, id: SessionId) -> Result<Verification, JournalError> {
    let db = database.reader();
    let mut found = Verification { session: id, seq: Seq::ZERO, fingerprint: None, broken: None };
    let Some(head) = session::Entity::find_by_id(id.0).one(db).await?.map(|row| Seq(row.head)) else {
        found.broken = Some((Seq(1), "there is no such session".to_owned()));
        return Ok(found);
    };
    loop {
        let rows = event::Entity::find()
            .filter(event::Column::SessionId.eq(id.0))
            .filter(event::Column::Seq.gt(found.seq.0))
            .order_by_asc(event::Column::Seq)
            .limit(PAGE)
            .all(db)
            .await?;
        let Some(last) = rows.last() else { break };
        let seals = seals(db, id, found.seq, Seq(last.seq)).await?;
        for row in rows {
            let seal = seals.get(&Seq(row.seq)).map(String::as_str);
            if let Err(broken) = found.hold(row, seal) {
                found.broken = Some(broken);
                return Ok(found);
            }
        }
    }
    if found.seq < head {
        found.broken = Some((found.seq.next(), "it is missing".to_owned()));
    }
    Ok(found)
}

async fn seals(
    db: &impl ConnectionTrait,
    id: SessionId,
    after: Seq,
    upto: Seq,
) -> Result<HashMap<Seq, String>, JournalError> {
    let rows = event_seal::Entity::find()
        .filter(event_seal::Column::SessionId.eq(id.0))
        .filter(event_seal::Column::Seq.gt(after.0))
        .filter(event_seal::Column::Seq.lte(upto.0))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (Seq(row.seq), row.hash)).collect())
}
