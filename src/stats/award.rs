//! Achievements in the tables: what is stored is brought in line with what a player's games say now, and whoever is
//! concerned is told by message, all in the statistics' own transaction.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use actix_web::{HttpRequest, web};
use entity::achievement::{self, Column, Entity};
use entity::{game_player, user};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Set};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::achievements::{self, Award, UnlockedAchievement};
use super::rarity::{Rarities, prefers_english};
use super::statistics::must_exist;
use crate::account::CurrentUser;
use crate::clock;
use crate::database::Database;
use crate::http::{Listing, Page, PathId, Problem, ProblemBody, Query};
use crate::ids::{GameId, Timestamp, UserId};
use crate::outbox;
use crate::outbox::envelope::{Data, Envelope};

/// Users whose rows are read at once.
const USERS_MAX: usize = 100;

/// Brings the achievements of these users up to date; each comes with the message that asked for it.
pub(super) async fn check(tx: &impl ConnectionTrait, asked: &BTreeMap<UserId, Arc<Envelope>>) -> Result<(), DbErr> {
    let asked: Vec<_> = asked.iter().collect();
    for asked in asked.chunks(USERS_MAX) {
        let users: Vec<Uuid> = asked.iter().map(|(user, _)| user.0).collect();
        // Two nodes may check one player at once: the second waits for what the first one has written.
        let locked = user::Entity::find().select_only().column(user::Column::Id);
        let locked = locked.filter(user::Column::Id.is_in(users.clone())).order_by_asc(user::Column::Id);
        let _: Vec<Uuid> = locked.lock_exclusive().into_tuple().all(tx).await?;

        let mut games: HashMap<Uuid, Vec<game_player::Model>> = HashMap::new();
        let ended = game_player::Column::EndedAtMs.is_not_null();
        let rows = game_player::Entity::find().filter(game_player::Column::UserId.is_in(users.clone())).filter(ended);
        for row in rows.all(tx).await? {
            games.entry(row.user_id).or_default().push(row);
        }
        let mut stored: HashMap<Uuid, Vec<achievement::Model>> = HashMap::new();
        for row in Entity::find().filter(Column::UserId.is_in(users)).all(tx).await? {
            stored.entry(row.user_id).or_default().push(row);
        }
        let mut changes = Changes::default();
        for (user, cause) in asked {
            let games = games.remove(&user.0).unwrap_or_default();
            let stored = stored.remove(&user.0).unwrap_or_default();
            changes.compare(**user, cause, achievements::earned(&games), &stored);
        }
        changes.store(tx).await?;
    }
    Ok(())
}

/// What differs from the table.
#[derive(Default)]
struct Changes {
    rows: Vec<achievement::ActiveModel>,
    gone: Vec<(UserId, String)>,
    messages: Vec<(String, Envelope)>,
}

impl Changes {
    fn compare(
        &mut self,
        user: UserId,
        cause: &Envelope,
        earned: BTreeMap<&'static str, Award>,
        stored: &[achievement::Model],
    ) {
        // One that this version does not know is a newer node's to take away.
        let is_known = |row: &&achievement::Model| achievements::of_code(&row.code).is_some();
        for row in stored.iter().filter(is_known).filter(|row| !earned.contains_key(row.code.as_str())) {
            self.gone.push((user, row.code.clone()));
            let data = json!({"code": row.code, "game_id": row.game_id}).into();
            self.tell(user, cause, ("compensation.notifications.achievement_unlocked", &row.code), data);
        }
        for (code, by) in earned {
            let before = stored.iter().find(|row| row.code == code);
            let same =
                |row: &achievement::Model| row.game_id == by.game_id.0 && row.earned_at_ms == by.earned_at.millis();
            if before.is_some_and(same) {
                continue;
            }
            self.rows.push(achievement::ActiveModel {
                user_id: Set(user.0),
                code: Set(code.to_owned()),
                game_id: Set(by.game_id.0),
                earned_at_ms: Set(by.earned_at.millis()),
            });
            // One that was earned by another game than it seemed is no news.
            if before.is_none() {
                let data = Data::encode(&UnlockedAchievement::of(code, by));
                self.tell(user, cause, ("notifications.achievement_unlocked", code), data);
            }
        }
    }

    /// Under a routing key, about the achievement of that code.
    fn tell(&mut self, user: UserId, cause: &Envelope, (key, code): (&str, &str), data: Data) {
        let mut envelope = Envelope::after(cause, &format!("{key}/{code}"), key, user, data);
        envelope.timestamp = clock::now();
        self.messages.push((key.to_owned(), envelope));
    }

    async fn store(self, tx: &impl ConnectionTrait) -> Result<(), DbErr> {
        for (user, code) in self.gone {
            Entity::delete_by_id((user.0, code)).exec(tx).await?;
        }
        if !self.rows.is_empty() {
            let there = OnConflict::columns([Column::UserId, Column::Code])
                .update_columns([Column::GameId, Column::EarnedAtMs])
                .to_owned();
            Entity::insert_many(self.rows).on_conflict(there).exec_without_returning(tx).await?;
        }
        outbox::enqueue_all(tx, &self.messages, clock::now()).await
    }
}

/// An achievement that somebody has earned.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EarnedAchievement {
    /// The stable word.
    code: String,
    /// Its name, in the language of `Accept-Language`: Russian unless English comes first there.
    title: String,
    /// How it is earned, in the same language.
    description: String,
    /// When the game ended that earned it.
    earned_at: Timestamp,
    /// That game.
    game_id: GameId,
    /// Which part of all who have ended a game has it, 0..1; counted once a minute.
    rarity: f64,
}

/// Query of a list of achievements.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Paging {
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What a player has earned, the latest first.
#[utoipa::path(
    get, path = "/api/v1/stats/users/{id}/achievements", operation_id = "list_user_achievements", tag = "statistics",
    security(("bearer" = [])), params(("id" = Uuid, Path), Paging),
    responses((status = 200, body = Listing<EarnedAchievement>), (status = 404, body = ProblemBody)),
)]
pub(super) async fn list(
    _: CurrentUser,
    id: PathId<UserId>,
    paging: Query<Paging>,
    (database, rarities): (web::Data<Database>, web::Data<Rarities>),
    request: HttpRequest,
) -> Result<web::Json<Listing<EarnedAchievement>>, Problem> {
    let (user, paging) = (id.into_inner(), paging.into_inner());
    let page = Page::new(paging.limit, paging.cursor)?;
    must_exist(&database, user).await?;
    let mut wanted = Condition::all().add(Column::UserId.eq(user.0));
    if let Some((at, code)) = page.after::<(i64, String)>()? {
        let same = Condition::all().add(Column::EarnedAtMs.eq(at)).add(Column::Code.gt(code));
        wanted = wanted.add(Condition::any().add(Column::EarnedAtMs.lt(at)).add(same));
    }
    let rows = Entity::find().filter(wanted).order_by_desc(Column::EarnedAtMs).order_by_asc(Column::Code);
    let rows = rows.limit(page.rows()).all(database.reader()).await?;
    let (holders, is_english) = (rarities.read(&database).await?, prefers_english(&request));
    let item = |row: achievement::Model| {
        let known = achievements::of_code(&row.code);
        let words = |words: Option<achievements::Words>| words.map_or("", |words| words.in_language(is_english));
        EarnedAchievement {
            title: words(known.map(|known| known.title)).to_owned(),
            description: words(known.map(|known| known.description)).to_owned(),
            rarity: holders.rarity(&row.code),
            code: row.code,
            earned_at: Timestamp::from_millis(row.earned_at_ms),
            game_id: GameId(row.game_id),
        }
    };
    let key = |row: &achievement::Model| (row.earned_at_ms, row.code.clone());
    Ok(web::Json(Listing::of(rows, &page, key, item)))
}
