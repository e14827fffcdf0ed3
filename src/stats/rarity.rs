//! How rare achievements are: which part of all players has each. A player is who has ended a game, and so has the first
//! of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header;
use actix_web::{HttpRequest, web};
use entity::achievement::{Column, Entity};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QuerySelect};
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::achievements::ACHIEVEMENTS;
use crate::account::CurrentUser;
use crate::database::Database;
use crate::http::{Listing, Problem};

/// What everybody has who has ended a game.
const FIRST: &str = "first_game";
/// Counting goes through all that was ever earned; it is right within this time.
const COUNTED_EVERY: Duration = Duration::from_secs(60);

/// How many players have each achievement, counted at most once a minute. Clones share it.
#[derive(Clone, Default)]
pub struct Rarities(Arc<Mutex<Option<Counted>>>);

struct Counted {
    at: Instant,
    holders: Arc<Holders>,
}

/// How many players have each achievement.
pub(super) struct Holders(HashMap<String, i64>);

impl Rarities {
    pub(super) async fn read(&self, database: &Database) -> Result<Arc<Holders>, DbErr> {
        let mut counted = self.0.lock().await;
        if let Some(Counted { holders, .. }) = counted.as_ref().filter(|counted| counted.at.elapsed() < COUNTED_EVERY) {
            return Ok(holders.clone());
        }
        let rows: Vec<(String, i64)> = Entity::find()
            .select_only()
            .column(Column::Code)
            .column_as(Column::UserId.count(), "holders")
            .group_by(Column::Code)
            .into_tuple()
            .all(database.reader())
            .await?;
        let holders = Arc::new(Holders(rows.into_iter().collect()));
        *counted = Some(Counted { at: Instant::now(), holders: holders.clone() });
        Ok(holders)
    }
}

impl Holders {
    fn of(&self, code: &str) -> i64 {
        self.0.get(code).copied().unwrap_or(0)
    }

    /// Which part of all players has it, 0..1.
    pub(super) fn rarity(&self, code: &str) -> f64 {
        (self.of(code) as f64 / self.of(FIRST).max(1) as f64).min(1.0)
    }
}

/// An achievement that can be earned.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AchievementKind {
    /// The stable word.
    code: &'static str,
    /// Its name, in the language of `Accept-Language`: Russian unless English comes first there.
    title: &'static str,
    /// How it is earned, in the same language.
    description: &'static str,
    /// How many players have it.
    earned_by: i64,
    /// Which part of all who have ended a game, 0..1; counted once a minute.
    rarity: f64,
}

/// All achievements that there are, and how rare each is.
#[utoipa::path(
    get, path = "/api/v1/stats/achievements", operation_id = "list_achievements", tag = "statistics",
    security(("bearer" = [])),
    responses((status = 200, body = Listing<AchievementKind>)),
)]
pub(super) async fn list(
    _: CurrentUser,
    database: web::Data<Database>,
    rarities: web::Data<Rarities>,
    request: HttpRequest,
) -> Result<web::Json<Listing<AchievementKind>>, Problem> {
    let (holders, is_english) = (rarities.read(&database).await?, prefers_english(&request));
    let kind = |achievement: &super::achievements::Achievement| AchievementKind {
        code: achievement.code,
        title: achievement.title.in_language(is_english),
        description: achievement.description.in_language(is_english),
        earned_by: holders.of(achievement.code),
        rarity: holders.rarity(achievement.code),
    };
    Ok(web::Json(Listing::whole(ACHIEVEMENTS.iter().map(kind).collect())))
}

/// By `Accept-Language`.
pub(super) fn prefers_english(request: &HttpRequest) -> bool {
    let languages = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    languages.is_some_and(|languages| languages.trim_start().to_ascii_lowercase().starts_with("en"))
}
