//! The audit: every message with its chain, found by request, session or user; append-only. And what else an operator
//! looks at and changes: dead letters, queues, nodes and accounts.
//!
//! The events of sessions, and the messages made of them, are not stored twice: the log has them, never changes, and
//! makes the same messages with the same ids again. Storing them here as well took two thirds of what SQLite can write.
//! This room stores only what no log has, and links requests to events behind the scenes (see `link.rs`).

mod admin;
mod dead_letters;
mod link;
mod nodes;
mod queues;
mod search;
mod users;

use actix_web::web;
use entity::audit_entry::{ActiveModel, Column, Entity};
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseTransaction, EntityTrait, Set};
use serde_json::{Map, Value};

pub(crate) use self::link::run as link;
use crate::database::Database;
use crate::messaging::consumer::{Failure, Handler};
use crate::messaging::{Bus, Message, scaling, topology};
use crate::outbox::envelope::{Data, Envelope};

/// Rows of one statement.
const ROWS_MAX: usize = 500;
/// These carry what people say to each other, which they may take back; what is kept here nobody can.
const CARRY_WORDS: [&str; 2] = ["notifications.message", "compensation.notifications.message"];

/// The consumer of `audit.log.queue`.
pub struct Audit;

impl Audit {
    /// Consumes until the bus closes.
    pub fn run(self, bus: Bus, database: Database) -> impl Future<Output = ()> + Send {
        scaling::run(bus, &topology::AUDIT, database, || Self)
    }
}

impl Handler for Audit {
    async fn apply(&mut self, tx: &DatabaseTransaction, messages: &[Message]) -> Result<(), Failure> {
        for messages in messages.chunks(ROWS_MAX) {
            let rows = messages.iter().map(|message| row(&message.envelope)).collect::<Result<Vec<_>, _>>()?;
            let there = OnConflict::column(Column::Id).do_nothing().to_owned();
            Entity::insert_many(rows).on_conflict(there).exec_without_returning(tx).await?;
        }
        Ok(())
    }

    fn concerns(&self, message: &Message) -> bool {
        !message.envelope.is_of_the_log()
    }
}

fn row(envelope: &Envelope) -> Result<ActiveModel, Failure> {
    let unreadable = |error: serde_json::Error| Failure::Permanent(error.to_string());
    let json = if CARRY_WORDS.contains(&envelope.event_type.as_str()) {
        let mut data: Map<String, Value> = serde_json::from_str(envelope.data.json()).map_err(unreadable)?;
        data.remove("content");
        serde_json::to_string(&Envelope { data: Data::encode(&data), ..envelope.clone() }).map_err(unreadable)?
    } else {
        serde_json::to_string(envelope).map_err(unreadable)?
    };
    Ok(ActiveModel {
        id: Set(envelope.event_id),
        event_type: Set(envelope.event_type.clone()),
        timestamp_ms: Set(envelope.timestamp.millis()),
        correlation_id: Set(envelope.correlation_id.0),
        causation_id: Set(envelope.causation_id),
        session_id: Set(envelope.session_id.map(|session| session.0)),
        user_id: Set(envelope.user_id.map(|user| user.0)),
        envelope: Set(json),
    })
}

/// The paths of this room, below `/api/v1`.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/admin/audit").route(web::get().to(search::search)))
        .service(web::resource("/admin/dead-letters").route(web::get().to(dead_letters::list)))
        .service(
            web::resource("/admin/dead-letters/{id}")
                .route(web::get().to(dead_letters::one))
                .route(web::delete().to(dead_letters::discard)),
        )
        .service(web::resource("/admin/dead-letters/{id}/replay").route(web::post().to(dead_letters::replay)))
        .service(web::resource("/admin/nodes").route(web::get().to(nodes::list)))
        .service(web::resource("/admin/queues").route(web::get().to(queues::list)))
        .service(web::resource("/admin/users").route(web::get().to(users::list)))
        .service(web::resource("/admin/users/{id}").route(web::patch().to(users::change)))
        .service(web::resource("/admin/users/{id}/password-reset").route(web::post().to(users::reset_password)));
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    search::search,
    dead_letters::list,
    dead_letters::one,
    dead_letters::replay,
    dead_letters::discard,
    nodes::list,
    queues::list,
    users::list,
    users::change,
    users::reset_password
))]
struct Api;

/// The OpenAPI of this room.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    <Api as utoipa::OpenApi>::openapi()
}
