//! Chats: of sessions, of two users, of groups. What is said is stored with what is told of it, numbered without gaps, and
//! waits for everybody until a device says that it has it.
//!
//! INVARIANT: a message's number is taken while its chat is held, and its members are known as the session's log has
//! them by then; so who left hears nothing that was said after that.

mod announcer;
mod audience;
mod changing;
mod chats;
mod group;
mod held;
mod listing;
mod marks;
mod membership;
mod message;
mod message_routes;
mod notified;
pub(crate) mod notifying;
pub(crate) mod presence;
mod receipts;
mod received;
mod routes;
mod search;
mod sending;
mod store;
mod view;
mod waiting;
mod writer;

use actix_web::web;

pub(crate) use self::announcer::Announcer;
pub(crate) use self::audience::ChatAudience;
pub(crate) use self::changing::Asking;
pub(crate) use self::chats::Chats;
pub(crate) use self::message::ChatMessage;
pub(crate) use self::receipts::ReceiptWriter;
pub(crate) use self::waiting::{WaitingMessage, WaitingMessages};
pub(crate) use self::writer::ChatWriter;

/// The paths of this room, below `/api/v1`.
pub(crate) fn api_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/chats").route(web::get().to(routes::list)).route(web::post().to(routes::create)))
        .service(
            web::resource("/chats/settings")
                .route(web::get().to(presence::read))
                .route(web::put().to(presence::change)),
        )
        .service(web::resource("/chats/{id}").route(web::get().to(routes::get)))
        .service(web::resource("/chats/{id}/members").route(web::post().to(routes::add_members)))
        .service(web::resource("/chats/{id}/members/{user_id}").route(web::delete().to(routes::remove_member)))
        .service(
            web::resource("/chats/{id}/messages")
                .route(web::get().to(message_routes::list))
                .route(web::post().to(message_routes::send)),
        )
        .service(web::resource("/chats/{id}/read").route(web::post().to(message_routes::read)))
        .service(web::resource("/messages").route(web::get().to(search::search)))
        .service(
            web::resource("/messages/{id}")
                .route(web::patch().to(message_routes::edit))
                .route(web::delete().to(message_routes::delete)),
        );
}

#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        routes::create,
        routes::list,
        routes::get,
        routes::add_members,
        routes::remove_member,
        message_routes::send,
        message_routes::list,
        message_routes::edit,
        message_routes::delete,
        message_routes::read,
        search::search,
        presence::read,
        presence::change
    ),
    components(schemas(ChatMessage, crate::outbox::chat_news::MessageStatus))
)]
struct Api;

/// The OpenAPI of this room.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    <Api as utoipa::OpenApi>::openapi()
}
