//! Who of a chat's members is connected, and when the others were last: noted in the database by each node for those
//! who are connected to it, and good for a while, so that a node that is gone leaves nobody online for long.

use std::collections::HashMap;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use sea_orm::{ConnectionTrait, DbBackend, DbErr, Value};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::chats::Chats;
use super::held::statement;
use crate::account::CurrentUser;
use crate::clock;
use crate::http::{Body, Problem, ProblemBody};
use crate::ids::{Timestamp, UserId, WriterId};

/// How long it counts that a user is connected; longer than the time after which it is said again.
const GOOD_FOR: Duration = Duration::from_secs(75);
/// How long connections that ended unsaid are kept.
const KEPT: Duration = Duration::from_secs(24 * 3_600);
/// Users of one statement.
const USERS_AT_ONCE: usize = 500;

/// Whether a user is there, as far as he lets it be seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Presence {
    pub(super) is_online: bool,
    pub(super) last_seen_at: Option<Timestamp>,
}

/// Settings of a user's chats.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChatSettings {
    /// Nobody sees whether you are there, nor when you were.
    hide_presence: bool,
}

/// What you chose for your chats.
#[utoipa::path(
    get, path = "/api/v1/chats/settings", operation_id = "get_chat_settings", tag = "chats",
    security(("bearer" = [])), responses((status = 200, body = ChatSettings)),
)]
pub(super) async fn read(user: CurrentUser, chats: web::Data<Chats>) -> Result<web::Json<ChatSettings>, Problem> {
    let db = chats.database.reader();
    let sql = "SELECT is_hidden FROM chat_presence WHERE user_id = $1";
    let row = db.query_one_raw(statement(db, sql, [user.id.0.into()])).await?;
    let hide_presence = row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false);
    Ok(web::Json(ChatSettings { hide_presence }))
}

/// Chooses it.
#[utoipa::path(
    put, path = "/api/v1/chats/settings", operation_id = "change_chat_settings", tag = "chats",
    security(("bearer" = [])), request_body = ChatSettings,
    responses((status = 200, body = ChatSettings), (status = 422, body = ProblemBody)),
)]
pub(super) async fn change(
    user: CurrentUser,
    body: Body<ChatSettings>,
    chats: web::Data<Chats>,
) -> Result<HttpResponse, Problem> {
    let settings = body.into_inner();
    let sql = "INSERT INTO chat_presence (user_id, is_hidden) VALUES ($1, $2) \
               ON CONFLICT (user_id) DO UPDATE SET is_hidden = excluded.is_hidden";
    let db = chats.database.writer();
    db.execute_raw(statement(db, sql, [user.id.0.into(), settings.hide_presence.into()])).await?;
    Ok(HttpResponse::Ok().json(settings))
}

/// Of connections to nodes that ended without saying so it is kept when they were good for the last time.
pub(crate) async fn forget_old(db: &impl ConnectionTrait) -> Result<u64, DbErr> {
    let longest = if db.get_database_backend() == DbBackend::Postgres { "greatest" } else { "max" };
    let before = clock::now().millis() - KEPT.as_millis() as i64;
    let seen = format!(
        "INSERT INTO chat_presence (user_id, is_hidden, seen_at_ms) \
         SELECT user_id, false, max(until_ms) - {good} FROM chat_connection WHERE until_ms < $1 GROUP BY user_id \
         ON CONFLICT (user_id) DO UPDATE SET \
           seen_at_ms = {longest}(coalesce(chat_presence.seen_at_ms, 0), excluded.seen_at_ms)",
        good = GOOD_FOR.as_millis(),
    );
    db.execute_raw(statement(db, seen, [before.into()])).await?;
    let sql = "DELETE FROM chat_connection WHERE until_ms < $1";
    Ok(db.execute_raw(statement(db, sql, [before.into()])).await?.rows_affected())
}

/// `($1, $4), ($2, $4)`: each of the users with what is the same for all.
fn rows(users: &[UserId], each: impl Fn(usize) -> String) -> (String, Vec<Value>) {
    let places: Vec<String> = (1..=users.len()).map(each).collect();
    (places.join(", "), users.iter().map(|user| Value::from(user.0)).collect())
}

impl Chats {
    /// These users are connected to the node of that writer.
    pub(crate) async fn note_online(&self, node: WriterId, users: &[UserId]) -> Result<(), DbErr> {
        let until = clock::now().millis() + GOOD_FOR.as_millis() as i64;
        let db = self.database.writer();
        for users in users.chunks(USERS_AT_ONCE) {
            let (node_at, until_at) = (users.len() + 1, users.len() + 2);
            let (places, mut values) = rows(users, |place| format!("(${place}, ${node_at}, ${until_at})"));
            values.extend([node.0.into(), until.into()]);
            let sql = format!(
                "INSERT INTO chat_connection (user_id, writer_id, until_ms) VALUES {places} \
                 ON CONFLICT (user_id, writer_id) DO UPDATE SET until_ms = excluded.until_ms"
            );
            db.execute_raw(statement(db, sql, values)).await?;
        }
        Ok(())
    }

    /// The last connection of each of these to that node is gone.
    pub(crate) async fn note_gone(&self, node: WriterId, users: &[UserId]) -> Result<(), DbErr> {
        let now = clock::now().millis();
        let db = self.database.writer();
        for users in users.chunks(USERS_AT_ONCE) {
            let seen_at = users.len() + 1;
            let (places, mut values) = rows(users, |place| format!("(${place}, false, ${seen_at})"));
            values.push(now.into());
            let sql = format!(
                "INSERT INTO chat_presence (user_id, is_hidden, seen_at_ms) VALUES {places} \
                 ON CONFLICT (user_id) DO UPDATE SET seen_at_ms = excluded.seen_at_ms"
            );
            db.execute_raw(statement(db, sql, values)).await?;
            let (places, mut values) = rows(users, |place| format!("${place}"));
            values.push(node.0.into());
            let sql = format!("DELETE FROM chat_connection WHERE user_id IN ({places}) AND writer_id = ${seen_at}");
            db.execute_raw(statement(db, sql, values)).await?;
        }
        Ok(())
    }

    /// Who of these is there. Nothing is said of those who hide it.
    pub(super) async fn presence_of(&self, users: &[UserId]) -> Result<HashMap<UserId, Presence>, DbErr> {
        let db = self.database.reader();
        let mut presence: HashMap<UserId, Presence> = HashMap::new();
        for users in users.chunks(USERS_AT_ONCE) {
            let (places, values) = rows(users, |place| format!("${place}"));
            let now = clock::now().millis();
            let of_postgres = db.get_database_backend() == DbBackend::Postgres;
            let longest = if of_postgres { "greatest" } else { "max" };
            let sql = format!(
                "SELECT u.id, {longest}(coalesce(p.seen_at_ms, 0), coalesce(k.until_ms, 0) - {good}), \
                        coalesce(k.until_ms, 0) > {now} \
                 FROM \"user\" u LEFT JOIN chat_presence p ON p.user_id = u.id \
                 LEFT JOIN (SELECT user_id, max(until_ms) AS until_ms FROM chat_connection \
                            WHERE user_id IN ({places}) GROUP BY user_id) k ON k.user_id = u.id \
                 WHERE u.id IN ({places}) AND NOT coalesce(p.is_hidden, false)",
                good = GOOD_FOR.as_millis(),
            );
            for row in db.query_all_raw(statement(db, sql, values)).await? {
                let (user, seen): (Uuid, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
                let is_online: bool = row.try_get_by_index(2)?;
                let last_seen_at = (seen > 0).then(|| Timestamp::from_millis(seen));
                presence.insert(UserId(user), Presence { is_online, last_seen_at });
            }
        }
        Ok(presence)
    }
}
