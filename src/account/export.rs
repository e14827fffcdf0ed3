//! All that is kept of a user, as JSON, up to a bound for each list. What was played stands in the events of the sessions
//! it names.

use std::collections::HashMap;

use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use entity::{
    achievement, asked_place, audit_entry, chat_member, chat_message, club, club_member, delivery, friend_request,
    friendship, game_player, login, notification, notification_setting, push_subscription, session, session_member,
    telegram_account, template, template_favorite, user, user_block, webhook,
};
use sea_orm::sea_query::{ExprTrait, Query, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde_json::{Value, json};
use uuid::Uuid;

use super::contact::contact_of;
use super::profile::username_of;
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
        let audit = audit_entry::Column::UserId.eq(id);
        let audit = newest::<audit_entry::Entity>(db, audit, audit_entry::Column::TimestampMs).await?;
        let places = session_member::Column::UserId.eq(id);
        let places = newest::<session_member::Entity>(db, places, session_member::Column::SessionId).await?;
        let cut = &mut Vec::new();
        let places = each(cut, "sessions", places, |place| place.session_id);
        let mut all = json!({
            "exported_at": now,
            "user": {
                "id": id, "username": username_of(&row), "is_guest": row.is_guest, "display_name": row.display_name,
                "email": row.email, "role": row.role, "created_at": at(row.created_at_ms), "disabled_at": row.disabled_at_ms.map(at),
            },
            "logins": each(cut, "logins", logins, |login| json!({
                "id": login.id, "created_at": at(login.created_at_ms), "last_used_at": login.last_used_at_ms.map(at),
                "ended_at": login.revoked_at_ms.map(at), "user_agent": login.user_agent,
            })),
            "sessions": self.sessions_of(id, &places).await?,
            "games": each(cut, "games", games, |game| json!({
                "game_id": game.game_id, "session_id": game.session_id, "participant_id": game.participant_id,
                "game_type": game.game_type, "status": game.status, "started_at": at(game.started_at_ms),
                "ended_at": game.ended_at_ms.map(at), "place": game.place, "points": game.points,
                "balls_potted": game.balls_potted, "fouls": game.fouls, "net": game.net, "currency": game.currency,
                "details": game.details.as_deref().map(read),
            })),
            "achievements": each(cut, "achievements", achievements, |one| json!({
                "code": one.code, "game_id": one.game_id, "earned_at": at(one.earned_at_ms),
            })),
            "notifications": each(cut, "notifications", notifications, |one| json!({
                "id": one.id, "kind": one.kind, "title": one.title, "body": one.body, "data": read(&one.data),
                "created_at": at(one.created_at_ms), "read_at": one.read_at_ms.map(at),
            })),
            "notification_settings": each(cut, "notification_settings", settings, |one| json!({"kind": one.kind, "is_on": one.is_on})),
            "audit": each(cut, "audit", audit, |entry| read(&entry.envelope)),
        });
        self.add_templates(id, &mut all, cut).await?;
        self.add_friends(id, &mut all, cut).await?;
        self.add_clubs(id, &mut all, cut).await?;
        self.add_chats(id, &mut all, cut).await?;
        self.add_contact(&row, &mut all, cut).await?;
        let asked = asked_place::Column::UserId.eq(id);
        let asked = newest::<asked_place::Entity>(db, asked, asked_place::Column::SessionId).await?;
        all["asked_places"] = json!(each(cut, "asked_places", asked, |one| json!({"session_id": one.session_id})));
        all["cut"] = json!(cut);
        Ok(all)
    }

    async fn add_templates(&self, id: Uuid, all: &mut Value, cut: &mut Vec<&'static str>) -> Result<(), DbErr> {
        let db = self.0.database.reader();
        let templates = template::Column::OwnerId.eq(id);
        let templates = newest::<template::Entity>(db, templates, template::Column::CreatedAtMs).await?;
        let favorites = template_favorite::Column::UserId.eq(id);
        let favorites =
            newest::<template_favorite::Entity>(db, favorites, template_favorite::Column::CreatedAtMs).await?;
        all["templates"] = json!(each(cut, "templates", templates, |one| json!({
            "id": one.id, "name": one.name, "description": one.description, "category": one.category,
            "rules": read(&one.rules), "tags": read(&one.tags), "is_public": one.is_public,
            "created_at": at(one.created_at_ms),
        })));
        all["favorite_templates"] = json!(each(cut, "favorite_templates", favorites, |one| json!(one.template_id)));
        Ok(())
    }

    /// How the user is reached, and what was sent to him.
    async fn add_contact(&self, row: &user::Model, all: &mut Value, cut: &mut Vec<&'static str>) -> Result<(), DbErr> {
        let (db, id) = (self.0.database.reader(), row.id);
        let contact = contact_of(db, UserId(id)).await?;
        let telegram = telegram_account::Entity::find().filter(telegram_account::Column::UserId.eq(id)).one(db).await?;
        all["user"]["language"] = json!(contact.language);
        all["user"]["evening_by_mail"] = json!(contact.evening_by_mail);
        all["user"]["email_confirmed"] = json!(contact.confirmed_address(row).is_some());
        all["user"]["telegram_id"] = json!(telegram.map(|account| account.telegram_id));
        let hooks = newest::<webhook::Entity>(db, webhook::Column::UserId.eq(id), webhook::Column::Id).await?;
        all["webhooks"] = json!(each(cut, "webhooks", hooks, |hook| json!({
            "id": hook.id, "url": hook.url, "kinds": hook.kinds, "created_at": at(hook.created_at_ms),
        })));
        let browsers = push_subscription::Column::UserId.eq(id);
        let browsers = newest::<push_subscription::Entity>(db, browsers, push_subscription::Column::Id).await?;
        all["push_subscriptions"] = json!(each(cut, "push_subscriptions", browsers, |browser| json!({
            "id": browser.id, "endpoint": browser.endpoint, "created_at": at(browser.created_at_ms),
        })));
        let sent = delivery::Column::UserId.eq(id);
        let sent = newest::<delivery::Entity>(db, sent, delivery::Column::CreatedAtMs).await?;
        all["deliveries"] = json!(each(cut, "deliveries", sent, |one| json!({
            "id": one.id, "sink": one.sink, "kind": one.kind, "asked_at": at(one.created_at_ms),
            "is_settled": one.due_at_ms.is_none(), "attempts": one.attempts,
        })));
        Ok(())
    }

    /// Friends, requests and blocks; who blocked the user is that one's own.
    async fn add_friends(&self, id: Uuid, all: &mut Value, cut: &mut Vec<&'static str>) -> Result<(), DbErr> {
        use friend_request::Column as RequestColumn;
        use friendship::Column as FriendColumn;
        let db = self.0.database.reader();
        let friends = FriendColumn::LowUserId.eq(id).or(FriendColumn::HighUserId.eq(id));
        let friends = newest::<friendship::Entity>(db, friends, FriendColumn::SinceMs).await?;
        let requests = RequestColumn::FromUserId.eq(id).or(RequestColumn::ToUserId.eq(id));
        let requests = newest::<friend_request::Entity>(db, requests, RequestColumn::CreatedAtMs).await?;
        let blocks = user_block::Column::UserId.eq(id);
        let blocks = newest::<user_block::Entity>(db, blocks, user_block::Column::SinceMs).await?;
        let other = |row: &friendship::Model| if row.low_user_id == id { row.high_user_id } else { row.low_user_id };
        all["friends"] = json!(each(cut, "friends", friends, |one| json!({
            "user_id": other(&one), "since": at(one.since_ms),
        })));
        all["friend_requests"] = json!(each(cut, "friend_requests", requests, |one| json!({
            "id": one.id, "from_user_id": one.from_user_id, "to_user_id": one.to_user_id,
            "created_at": at(one.created_at_ms),
        })));
        all["blocked_users"] = json!(each(cut, "blocked_users", blocks, |one| json!({
            "user_id": one.blocked_id, "since": at(one.since_ms),
        })));
        Ok(())
    }

    async fn add_clubs(&self, id: Uuid, all: &mut Value, cut: &mut Vec<&'static str>) -> Result<(), DbErr> {
        let (db, of_user) = (self.0.database.reader(), club_member::Column::UserId.eq(id));
        let members = newest::<club_member::Entity>(db, of_user, club_member::Column::JoinedAtMs).await?;
        let clubs = club::Entity::find().filter(club::Column::Id.is_in(members.iter().map(|member| member.club_id)));
        let clubs: HashMap<Uuid, club::Model> = clubs.all(db).await?.into_iter().map(|club| (club.id, club)).collect();
        all["clubs"] = json!(each(cut, "clubs", members, |one| json!({
            "id": one.club_id, "name": clubs.get(&one.club_id).map(|club| &club.name),
            "is_owner": clubs.get(&one.club_id).is_some_and(|club| club.owner_id == id),
            "is_manager": one.is_manager, "joined_at": at(one.joined_at_ms),
        })));
        Ok(())
    }

    /// The chats that the user is or was in, and what he said there; what others said is theirs.
    async fn add_chats(&self, id: Uuid, all: &mut Value, cut: &mut Vec<&'static str>) -> Result<(), DbErr> {
        let db = self.0.database.reader();
        let places = chat_member::Column::UserId.eq(id);
        let places = newest::<chat_member::Entity>(db, places, chat_member::Column::JoinedAtMs).await?;
        let mine = Query::select()
            .column(chat_member::Column::ChatId)
            .from(chat_member::Entity)
            .and_where(chat_member::Column::UserId.eq(id))
            .take();
        let said = chat_message::Column::ChatId.in_subquery(mine).and(chat_message::Column::SenderId.eq(id));
        let said = newest::<chat_message::Entity>(db, said, chat_message::Column::CreatedAtMs).await?;
        all["chats"] = json!(each(cut, "chats", places, |place| json!({
            "id": place.chat_id, "joined_at": at(place.joined_at_ms), "left_at": place.left_at_ms.map(at),
            "read_up_to": place.read_up_to,
        })));
        all["messages"] = json!(each(cut, "messages", said, |message| json!({
            "id": message.id, "chat_id": message.chat_id, "number": message.number, "content": message.content,
            "created_at": at(message.created_at_ms), "edited_at": message.edited_at_ms.map(at),
            "is_deleted": message.is_deleted,
        })));
        Ok(())
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
