//! Chains the logs of before, whose events carry no hashes: theirs stand beside them, for an event is never changed.
//!
//! The hash of such an event is the SHA-256 of the 64 digits of the hash before it (nothing, in the first) and the 64
//! digits of the SHA-256 of its JSON without the join code. Nodes of earlier versions that run on write events without
//! hashes; those are vouched for by the first that comes after them.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string, uuid};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The step.
#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const EVENTS_AT_ONCE: u64 = 2_000;
/// Databases limit the values of a statement.
const ROWS_AT_ONCE: usize = 300;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let key = Index::create().col("session_id").col("seq").take();
        let table = Table::create()
            .table("event_seal")
            .if_not_exists()
            .col(uuid("session_id"))
            .col(big_integer("seq"))
            .col(string("hash"))
            .primary_key(&mut key.clone())
            .take();
        manager.create_table(table).await?;
        let (mut at, mut hash) = ((Uuid::nil(), 0), String::new());
        loop {
            let after = Expr::tuple([Expr::col("session_id"), Expr::col("seq")])
                .gt(Expr::tuple([Expr::value(at.0), Expr::value(at.1)]));
            let page = Query::select()
                .columns(["session_id", "seq", "body"])
                .from("event")
                .and_where(after)
                .order_by("session_id", Order::Asc)
                .order_by("seq", Order::Asc)
                .limit(EVENTS_AT_ONCE)
                .take();
            let rows = manager.get_connection().query_all(&page).await?;
            let mut seals = Vec::with_capacity(rows.len());
            for row in &rows {
                let (session, seq): (Uuid, i64) = (row.try_get("", "session_id")?, row.try_get("", "seq")?);
                let body: String = row.try_get("", "body")?;
                if session != at.0 {
                    hash = String::new();
                }
                at = (session, seq);
                hash = sealed(&hash, &body);
                seals.push([session.into(), seq.into(), hash.clone().into()]);
            }
            for seals in seals.chunks(ROWS_AT_ONCE) {
                let mut insert = Query::insert().into_table("event_seal").columns(["session_id", "seq", "hash"]).take();
                for seal in seals {
                    insert.values_panic(seal.iter().cloned());
                }
                insert.on_conflict(OnConflict::columns(["session_id", "seq"]).do_nothing().to_owned());
                manager.execute(insert).await?;
            }
            if (rows.len() as u64) < EVENTS_AT_ONCE {
                return Ok(());
            }
        }
    }
}

fn sealed(before: &str, body: &str) -> String {
    let own = digits(&Sha256::digest(without_code(body)));
    digits(&Sha256::new().chain_update(before).chain_update(own).finalize())
}

fn digits(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Only a `session.created` had a join code in it.
fn without_code(body: &str) -> String {
    const CODE: &str = "\"code\":\"";
    let mut body = body.to_owned();
    if !body.contains("\"type\":\"session.created\"") {
        return body;
    }
    let Some(start) = body.find(CODE) else { return body };
    let Some(length) = body[start + CODE.len()..].find('"') else { return body };
    let end = start + CODE.len() + length + 1;
    if body[end..].starts_with(',') {
        body.replace_range(start..=end, "");
    } else {
        body.replace_range(start.saturating_sub(1)..end, "");
    }
    body
}
