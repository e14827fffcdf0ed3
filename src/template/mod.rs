//! Templates: named rules to open sessions with. The system's came with the service; a user's own are private until
//! made public. What is private to somebody else is not there at all.

mod editing;
mod favorite;
mod given_rules;
mod listing;
#[cfg(test)]
mod tests;

use actix_web::web;
use entity::template::{Column, Entity, Model};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::game::GameType;
use crate::game::discipline::Rules;
use crate::http::Problem;
use crate::ids::{Timestamp, UserId};

pub use given_rules::GivenRules;

#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Template {
    /// The template.
    pub id: Uuid,
    /// Whose; `null`: the system's.
    #[schema(required)]
    pub owner_id: Option<UserId>,
    pub name: String,
    /// What it is about.
    pub description: String,
    /// A word to group by.
    pub category: String,
    /// What is played.
    pub rules: Rules,
    /// Came with the service and can't be edited.
    pub is_system: bool,
    /// Everybody sees it.
    pub is_public: bool,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl TryFrom<Model> for Template {
    type Error = Problem;

    fn try_from(row: Model) -> Result<Self, Problem> {
        let is_system = is_of_system(&row);
        Ok(Self {
            rules: serde_json::from_str(&row.rules).map_err(Problem::internal)?,
            tags: serde_json::from_str(&row.tags).map_err(Problem::internal)?,
            id: row.id,
            owner_id: row.owner_id.map(UserId),
            name: row.name,
            description: row.description,
            category: row.category,
            is_system,
            is_public: row.is_public || is_system,
            created_at: Timestamp::from_millis(row.created_at_ms),
            updated_at: Timestamp::from_millis(row.updated_at_ms),
        })
    }
}

/// The ids up to this one are of templates that came with the service, before every id that a clock makes.
const LAST_OF_SYSTEM: Uuid = Uuid::from_u128(0x0000_0000_0000_7000_8000_0000_0000_ffff);

/// Came with the service. Those that older nodes can't read don't say so in their row.
fn is_of_system(row: &Model) -> bool {
    row.is_system || row.id <= LAST_OF_SYSTEM
}

fn of_system() -> Condition {
    Condition::any().add(Column::IsSystem.eq(true)).add(Column::Id.lte(LAST_OF_SYSTEM))
}

/// What this user may see, of the games that this version can play: a newer node may have stored others.
fn visible(user: UserId) -> Condition {
    let anybodys = of_system().add(Column::IsPublic.eq(true)).add(Column::OwnerId.eq(user.0));
    Condition::all().add(anybodys).add(Column::GameType.is_in(GameType::ALL.iter().map(|game| game.as_str())))
}

/// A template that this user may see, else 404.
async fn find(db: &impl ConnectionTrait, id: Uuid, user: UserId) -> Result<Model, Problem> {
    let row = Entity::find_by_id(id).filter(visible(user)).one(db).await?;
    row.ok_or_else(|| Problem::not_found("there is no such template"))
}

/// The rules of a template, for a session that this user opens; `None` where the user can't see such a template.
pub async fn rules_of(db: &impl ConnectionTrait, id: Uuid, user: UserId) -> Result<Option<Rules>, Problem> {
    let row = Entity::find_by_id(id).filter(visible(user)).one(db).await?;
    row.map(|row| serde_json::from_str(&row.rules).map_err(Problem::internal)).transpose()
}

/// The paths of this room, below `/api/v1`.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/templates").route(web::get().to(listing::list)).route(web::post().to(editing::create)))
        .service(web::resource("/templates/validate").route(web::post().to(editing::validate)))
        .service(
            web::resource("/templates/{id}")
                .route(web::get().to(listing::one))
                .route(web::put().to(editing::replace))
                .route(web::delete().to(editing::delete)),
        )
        .service(
            web::resource("/templates/{id}/favorite")
                .route(web::put().to(favorite::add))
                .route(web::delete().to(favorite::remove)),
        )
        .service(web::resource("/template-categories").route(web::get().to(listing::categories)));
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    listing::list,
    listing::one,
    listing::categories,
    editing::create,
    editing::replace,
    editing::delete,
    editing::validate,
    favorite::add,
    favorite::remove
))]
struct Api;

/// The OpenAPI of this room.
pub fn openapi() -> utoipa::openapi::OpenApi {
    <Api as utoipa::OpenApi>::openapi()
}
