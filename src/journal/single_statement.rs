//! A commit on PostgreSQL: one statement, and so one round trip, whatever lists change. A node that is stopped in the
//! middle of it holds no locks: the server ends the statement without it.

use std::collections::HashSet;

use sea_orm::{ConnectionTrait, DbBackend, DbErr, Statement, TryGetable, Value};
use serde_json::json;
use uuid::Uuid;

use super::lists::ListChange;
use super::{Append, command_key, heads};
use crate::ids::{Position, Seq, SessionId, WriterId};

/// What became of the appends of one statement; those of neither kind conflict.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// Whose events are stored.
    pub(super) stored: HashSet<SessionId>,
    /// Whose row somebody else holds; nothing of theirs is stored.
    pub(super) locked: HashSet<SessionId>,
}

/// Where this writer's outbox stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outbox {
    pub(super) writer_id: WriterId,
    /// The last position that is taken.
    pub(super) position: Position,
    /// Up to where the bus has confirmed.
    pub(super) published: Position,
}

/// Stores the appends whose heads stand where they expect them. Positions follow in the order of `appends`, which must
/// be that of session id. Rows that are locked are left out and never waited for.
pub(super) async fn store(db: &impl ConnectionTrait, outbox: Outbox, appends: &[Append]) -> Result<Outcome, DbErr> {
    let changes: Vec<(SessionId, ListChange)> =
        appends.iter().filter_map(|append| Some((append.session, ListChange::of(&append.records)?))).collect();
    let (mut ids, mut expected, mut heads) = (Vec::new(), Vec::new(), Vec::new());
    let (mut sessions, mut seqs, mut hashes, mut bodies) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut sessions_of_keys, mut keys) = (Vec::new(), Vec::new());
    for append in appends {
        keys.extend(command_key::numbers(append));
        sessions_of_keys.resize(keys.len(), append.session.0);
        if append.after > Seq::ZERO {
            ids.push(append.session.0);
            expected.push(append.after.0);
            heads.push((append.after + append.records.len() as i64).0);
        }
        for record in &append.records {
            sessions.push(append.session.0);
            seqs.push(record.event.seq.0);
            hashes.push(record.command_hash);
            bodies.push(record.stored_body().into_owned());
        }
    }
    let mut values: Vec<Value> = vec![
        ids.into(),
        expected.into(),
        heads.into(),
        sessions.into(),
        seqs.into(),
        hashes.into(),
        bodies.into(),
        outbox.writer_id.0.into(),
        outbox.position.0.into(),
        outbox.published.0.into(),
        sessions_of_keys.into(),
        keys.into(),
    ];
    // Every ball goes the short way: it changes no list.
    let sql = if changes.is_empty() && appends.iter().all(|append| append.after > Seq::ZERO) {
        text(&ListRows::default())
    } else {
        values.extend(list_values(appends, &changes));
        text(&LISTS)
    };
    let mut outcome = Outcome::default();
    for row in db.query_all_raw(Statement::from_sql_and_values(DbBackend::Postgres, sql, values)).await? {
        let id = SessionId(Uuid::try_get_by(&row, 0)?);
        let is_stored = bool::try_get_by(&row, 1)?;
        if is_stored {
            outcome.stored.insert(id)
        } else {
            outcome.locked.insert(id)
        };
    }
    Ok(outcome)
}

/// The parts of the statement that lists need.
#[derive(Default)]
struct ListRows {
    before: &'static str,
    columns: &'static str,
    from: &'static str,
    opened: &'static str,
    after: &'static str,
}

const LISTS: ListRows = ListRows {
    before: "c AS (SELECT * FROM jsonb_to_recordset($13::jsonb) \
                  AS c (id uuid, code text, name text, status text, is_private boolean, game_type text, creator uuid)), \
             o AS (INSERT INTO session (id, head, code, name, status, is_private, game_type, creator_user_id, \
                                        opened_by, opened_command, created_at_ms) \
                   SELECT * FROM jsonb_to_recordset($14::jsonb) \
                        AS o (id uuid, head bigint, code text, name text, status text, is_private boolean, \
                              game_type text, creator_user_id uuid, opened_by uuid, opened_command uuid, \
                              created_at_ms bigint) \
                   ON CONFLICT DO NOTHING RETURNING id), ",
    columns: ", code = coalesce(c.code, session.code), name = coalesce(c.name, session.name), status = coalesce(c.status, session.status), \
             is_private = coalesce(c.is_private, session.is_private), \
             game_type = coalesce(c.game_type, session.game_type), \
             creator_user_id = coalesce(c.creator, session.creator_user_id)",
    from: " LEFT JOIN c ON c.id = b.id",
    opened: " UNION ALL SELECT id FROM o",
    after: ", m AS (INSERT INTO session_member (session_id, user_id) \
                    SELECT DISTINCT m.session_id, m.user_id \
                    FROM jsonb_to_recordset($15::jsonb) AS m (session_id uuid, user_id uuid) \
                    JOIN d ON d.id = m.session_id ON CONFLICT DO NOTHING), \
              g AS (INSERT INTO game (id, session_id, number) \
                    SELECT g.id, g.session_id, g.number \
                    FROM jsonb_to_recordset($16::jsonb) AS g (id uuid, session_id uuid, number integer) \
                    JOIN d ON d.id = g.session_id)",
};

fn text(lists: &ListRows) -> String {
    let ListRows { before, columns, from, opened, after } = lists;
    format!(
        "WITH b AS (SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS b (id, expected, head)), {before}\
         l AS (SELECT s.id FROM session s JOIN b ON s.id = b.id AND s.head = b.expected \
               ORDER BY s.id FOR UPDATE OF s SKIP LOCKED), \
         u AS (UPDATE session SET head = b.head{columns} FROM b JOIN l ON l.id = b.id{from} \
               WHERE session.id = b.id AND session.head = b.expected RETURNING session.id), \
         d AS (SELECT id FROM u{opened}), \
         r AS (SELECT r.*, row_number() OVER (ORDER BY r.place) AS number \
               FROM unnest($4::uuid[], $5::bigint[], $6::bigint[], $7::text[]) WITH ORDINALITY \
                    AS r (session_id, seq, command_hash, body, place) \
               JOIN d ON d.id = r.session_id), \
         e AS (INSERT INTO event (session_id, seq, writer_id, position, command_hash, body) \
               SELECT session_id, seq, $8, $9 + number, command_hash, body FROM r), \
         k AS (INSERT INTO command_key (key) SELECT k.key FROM unnest($11::uuid[], $12::bigint[]) AS k (session_id, key) \
               JOIN d ON d.id = k.session_id ORDER BY k.key), \
         p AS (UPDATE writer SET published = $10 WHERE id = $8 AND published < $10){after} \
         SELECT id, true FROM d UNION ALL \
         SELECT s.id, false FROM session s JOIN b ON s.id = b.id AND s.head = b.expected \
         WHERE NOT EXISTS (SELECT 1 FROM l WHERE l.id = s.id)"
    )
}

fn list_values(appends: &[Append], changes: &[(SessionId, ListChange)]) -> [Value; 4] {
    let columns = changes.iter().map(|(session, change)| {
        json!({
            "id": session, "code": change.code, "name": change.name, "status": change.status, "is_private": change.is_private,
            "game_type": change.game_type, "creator": change.creator,
        })
    });
    let opened = appends.iter().filter(|append| append.after == Seq::ZERO).filter_map(heads::opened).map(|row| {
        json!({
            "id": row.id, "head": row.head, "code": row.code, "name": row.name, "status": row.status,
            "is_private": row.is_private, "game_type": row.game_type, "creator_user_id": row.creator_user_id,
            "opened_by": row.opened_by, "opened_command": row.opened_command, "created_at_ms": row.created_at_ms,
        })
    });
    let members = changes.iter().flat_map(|(session, change)| {
        change.members.iter().map(move |user| json!({"session_id": session, "user_id": user}))
    });
    let games = changes.iter().flat_map(|(session, change)| {
        change.games.iter().map(move |(id, number)| json!({"id": id, "session_id": session, "number": number}))
    });
    [
        columns.collect::<serde_json::Value>().into(),
        opened.collect::<serde_json::Value>().into(),
        members.collect::<serde_json::Value>().into(),
        games.collect::<serde_json::Value>().into(),
    ]
}
