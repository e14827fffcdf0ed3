//! All that is kept of a user, as JSON, up to a bound for each list. What was played stands in the events of the sessions
//! it names.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use entity::{
    achievement, audit_entry, game_player, login, notification, notification_setting, session, session_member,
    template, template_favorite, user,
};
use sea_orm::sea_query::SimpleExpr;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use uuid::Uuid;

use super::record::{Client, record};
use super::{Accounts, CurrentUser};
use crate::clock;
use crate::http::{Problem, ProblemBody};
use crate::ids::{Timestamp, UserId};

/// The rows of one list, the newest ones: an answer is made in memory.
const EACH_MAX: usize = 10_000;

/// All that is kept of you; of each list the newest 10,000, and which ones had more stands in `cut`.
#[utoipa::path(
    get, path = "/api/v1/users/me/export", operation_id = "export_me", tag = "users", security(("bearer" = [])),
    responses((status = 200, body = Object), (status = 401, body = ProblemBody)),
)]
pub(super) async fn export_me(
    user: CurrentUser,
    request: HttpRequest,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse, Problem> {
    let row = accounts.own_row(user.id).await?;
    let all = accounts.all_of(row, &Client::of(&request, &accounts)).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(all))
}

impl Accounts {
    /// All that is kept of a user, at the command line.
    pub async fn export(&self, username: &str) -> Result<Value, Problem> {
        let row = self.named(self.0.database.reader(), username).await?;
        self.all_of(row, &Client::operator()).await
    }

    async fn all_of(&self, row: user::Model, client: &Client) -> Result<Value, Problem> {
        let (db, id, now) = (self.0.database.reader(), row.id, clock::now());
        record(self.0.database.writer(), "user.exported", Some(UserId(id)), client, json!({})).await?;
        let logins = newest::<login::Entity>(db, login::Column::UserId.eq(id), login::Column::CreatedAtMs).await?;
        let games = game_player::Column::UserId.eq(id);
        let games = newest::<game_player::Entity>(db, games, game_player::Column::StartedAtMs).await?;
        let achievements = achievement::Column::UserId.eq(id);
        let achievements = newest::<achievement::Entity>(db, achievements, achievement::Column::EarnedAtMs).await?;
        let notifications = notification::Column::UserId.eq(id);
        let notifications =
            newest::<notification::Entity>(db, notifications, notification::Column::CreatedAtMs).await?;
        let settings = notification_setting::Column::UserId.eq(id);
        let settings = newest::<notification_setting::Entity>(db, settings, notification_setting::Column::Kind).await?;
        let templates = template::Column::OwnerId.eq(id);
        let templates = newest::<template::Entity>(db, templates, template::Column::CreatedAtMs).await?;
        let favorites = template_favorite::Column::UserId.eq(id);
        let favorites =
            newest::<template_favorite::Entity>(db, favorites, template_favorite::Column::CreatedAtMs).await?;
        let audit = audit_entry::Column::UserId.eq(id);
        let audit = newest::<audit_entry::Entity>(db, audit, audit_entry::Column::TimestampMs).await?;
        let participants = session_member::Column::UserId.eq(id);
        let participants =
            newest::<session_member::Entity>(db, participants, session_member::Column::SessionId).await?;
        let cut = &mut Vec::new();
        let participants = each(cut, "sessions", participants, |participant| participant.session_id);
        let mut all = json!({
            "exported_at": now,
            "user": {
                "id": id, "username": row.username, "display_name": row.display_name, "email": row.email,
                "role": row.role, "created_at": at(row.created_at_ms), "disabled_at": row.disabled_at_ms.map(at),
            },
            "logins": each(cut, "logins", logins, |login| json!({
                "id": login.id, "created_at": at(login.created_at_ms), "last_used_at": login.last_used_at_ms.map(at),
                "ended_at": login.revoked_at_ms.map(at), "user_agent": login.user_agent,
            })),
            "sessions": self.sessions_of(id, &participants).await?,
            "games": each(cut, "games", games, |game| json!({
                "game_id": game.game_id, "session_id": game.session_id, "participant_id": game.participant_id,
                "game_type": game.game_type, "status": game.status, "started_at": at(game.started_at_ms),
                "ended_at": game.ended_at_ms.map(at), "place": game.place, "points": game.points,
                "balls_potted": game.balls_potted, "fouls": game.fouls, "net": game.net, "currency": game.currency,
            })),
            "achievements": each(cut, "achievements", achievements, |one| json!({
                "code": one.code, "game_id": one.game_id, "earned_at": at(one.earned_at_ms),
            })),
            "notifications": each(cut, "notifications", notifications, |one| json!({
                "id": one.id, "kind": one.kind, "title": one.title, "body": one.body, "data": read(&one.data),
                "created_at": at(one.created_at_ms), "read_at": one.read_at_ms.map(at),
            })),
            "notification_settings": each(cut, "notification_settings", settings, |one| json!({"kind": one.kind, "is_on": one.is_on})),
            "templates": each(cut, "templates", templates, |one| json!({
                "id": one.id, "name": one.name, "description": one.description, "category": one.category,
                "rules": read(&one.rules), "tags": read(&one.tags), "is_public": one.is_public,
                "created_at": at(one.created_at_ms),
            })),
            "favorite_templates": each(cut, "favorite_templates", favorites, |one| json!(one.template_id)),
            "audit": each(cut, "audit", audit, |entry| read(&entry.envelope)),
        });
        all["cut"] = json!(cut);
        Ok(all)
    }

    async fn sessions_of(&self, user: Uuid, ids: &[Uuid]) -> Result<Vec<Value>, Problem> {
        let db = self.0.database.reader();
        let mut sessions = Vec::with_capacity(ids.len());
        // Databases limit the variables of one statement.
        for ids in ids.chunks(500) {
            let rows = session::Entity::find().filter(session::Column::Id.is_in(ids.iter().copied())).all(db).await?;
            sessions.extend(rows.into_iter().map(|row| {
                json!({
                    "id": row.id, "name": row.name, "status": row.status, "game_type": row.game_type,
                    "is_creator": row.creator_user_id == user, "created_at": at(row.created_at_ms),
                    "events": format!("/api/v1/sessions/{}/events", row.id),
                })
            }));
        }
        Ok(sessions)
    }
}

/// The last rows in that order, the last one first; one more than there may be, to see whether there are more.
async fn newest<E: EntityTrait>(
    db: &impl ConnectionTrait,
    of_user: SimpleExpr,
    order: E::Column,
) -> Result<Vec<E::Model>, DbErr> {
    E::find().filter(of_user).order_by_desc(order).limit(EACH_MAX as u64 + 1).all(db).await
}

/// The first row first, and of too many the last ones; says so in `cut`.
fn each<T, J>(cut: &mut Vec<&'static str>, list: &'static str, mut rows: Vec<T>, to_json: impl Fn(T) -> J) -> Vec<J> {
    if rows.len() > EACH_MAX {
        rows.truncate(EACH_MAX);
        cut.push(list);
    }
    rows.into_iter().rev().map(to_json).collect()
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// JSON as it is stored.
fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_rows_the_newest_are_exported_and_that_is_said() {
        let cut = &mut Vec::new();
        let newest_first = |count: usize| (0..count).rev().collect();
        assert_eq!(each(cut, "few", newest_first(3), |row| row), [0, 1, 2]);
        let many = each(cut, "many", newest_first(EACH_MAX + 1), |row| row);
        assert_eq!((many.len(), many[0], many[EACH_MAX - 1]), (EACH_MAX, 1, EACH_MAX));
        assert_eq!(cut, &["many"]);
    }
}
