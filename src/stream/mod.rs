//! WebSocket and Server-Sent Events. Nothing about the broker: what other nodes tell comes in through `feed`.

pub(crate) mod accepted;
pub(crate) mod address_limits;
pub(crate) mod asyncapi;
mod backlog;
mod bus_messages;
mod chat_listeners;
mod codes;
mod commands;
pub(crate) mod connections;
mod displays;
mod feed;
mod frame_header;
mod frames;
mod handshake;
pub(crate) mod online;
mod scorer_links;
mod shares;
mod socket;
mod socket_handle;
mod sse;
mod stats_frames;
pub(crate) mod subscriptions;
mod topics;
pub(crate) mod wire;

use std::time::Duration;

use actix_web::web;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::account::Accounts;
use crate::chat::Chats;
use crate::ids::{Timestamp, UserId};
use crate::outbox;
use crate::outbox::user_message::{FriendsChange, UserMessage};
use crate::session::Sessions;

pub(crate) use self::accepted::AcceptedConnections;
pub(crate) use self::address_limits::AddressLimits;
pub(crate) use self::chat_listeners::ChatListeners;
pub(crate) use self::commands::Commands;
pub(crate) use self::connections::{ConnectionLimits, Connections};
pub(crate) use self::feed::{Feed, FeedUpdates};
pub(crate) use self::shares::Shares;
pub(crate) use self::topics::Topics;

/// What sockets and streams are told by the configuration.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) heartbeat: Duration,
    pub(crate) commands_per_second: u32,
    pub(crate) allowed_origins: Vec<String>,
}

/// What sockets and streams work with, the same for all of a node.
pub(crate) struct Services {
    pub(crate) accounts: Accounts,
    pub(crate) sessions: Sessions,
    pub(crate) chats: Chats,
    pub(crate) topics: Topics,
    pub(crate) connections: Connections,
    pub(crate) shares: Shares,
    pub(crate) settings: Settings,
}

/// Ends the streams that these shares of a user opened, on every node, in the transaction that ends the shares. For one
/// that is being opened meanwhile its opener looks whether the share is there once the stream is reachable.
async fn announce_ended_shares(
    tx: &impl ConnectionTrait,
    maker: UserId,
    share_ids: &[Uuid],
    now: Timestamp,
) -> Result<(), DbErr> {
    let ended = UserMessage::SharesEnded(share_ids.to_vec());
    outbox::enqueue(tx, &ended.key(maker), &ended.envelope(maker, now), now).await
}

/// The paths of this room under the root.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(web::resource("/ws").route(web::get().to(socket::open)));
}

/// The paths of this room under `/api/v1`.
pub(crate) fn api_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/sessions/{id}/stream").route(web::get().to(sse::open)))
        .service(web::resource("/sessions/{id}/share").route(web::post().to(shares::create)))
        .service(web::resource("/sessions/{id}/shares").route(web::get().to(shares::list)))
        .service(web::resource("/sessions/{id}/shares/{share_id}").route(web::delete().to(shares::delete)))
        .service(web::resource("/sessions/{id}/displays").route(web::post().to(displays::send)))
        .service(web::resource("/displays").route(web::post().to(displays::create)))
        .service(web::resource("/displays/{id}").route(web::get().to(displays::read)))
        .service(web::resource("/sessions/scorer").route(web::post().to(scorer_links::come_in)))
        .service(
            web::resource("/sessions/{id}/scorer-links")
                .route(web::post().to(scorer_links::create))
                .route(web::get().to(scorer_links::list)),
        )
        .service(web::resource("/sessions/{id}/scorer-links/{link_id}").route(web::delete().to(scorer_links::delete)))
        .service(web::resource("/shares/{code}").route(web::get().to(shares::look_up)));
}

/// The OpenAPI of this room.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        sse::open,
        shares::create,
        shares::list,
        shares::delete,
        shares::look_up,
        displays::create,
        displays::read,
        displays::send,
        scorer_links::create,
        scorer_links::list,
        scorer_links::delete,
        scorer_links::come_in
    ),
    components(schemas(wire::ClientFrame, crate::game::command::Scoring, sse::Snapshot<'static>, FriendsChange))
)]
pub(crate) struct Api;
