//! WebSocket and Server-Sent Events. Nothing about the broker: what other nodes tell comes in through `feed`.

pub(crate) mod asyncapi;
mod commands;
pub(crate) mod connections;
mod feed;
mod fragments;
mod handshake;
mod inbox;
mod socket;
mod sse;
mod subscriptions;
pub(crate) mod wire;

use std::any::Any;
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use actix_web::web;
use socket2::{SockRef, Socket};

pub(crate) use self::commands::Commands;
pub(crate) use self::connections::Connections;
pub(crate) use self::feed::{Feed, FeedNews};

/// A peer that acknowledges nothing for this long is gone: the kernel drops it, also while its actor is blocked.
const PEER_GONE_AFTER: Duration = Duration::from_secs(30);
/// Above this share of the files that the process may have open, connections get no second hand, so that there is
/// room for all of them; the kernel's timeout still ends those that don't read.
const SECOND_HANDS_SHARE: u64 = 2;
/// How long a slow listener may take to read the close frame.
const CUT_AFTER: Duration = Duration::from_secs(5);

/// What sockets and streams are told by the configuration.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) heartbeat: Duration,
    pub(crate) commands_per_second: u32,
    pub(crate) allowed_origins: Vec<String>,
}

/// A second hand on a connection's socket, to cut it from outside: an actor whose socket is full is not polled any more
/// and can't close it itself.
pub(crate) struct Scissors(Socket);

impl Scissors {
    fn cut(&self) {
        // A socket that is closed already needs no cut.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// To be called for each accepted connection.
pub(crate) fn on_connect(connection: &dyn Any, data: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
    let socket = SockRef::from(stream);
    let prepared = socket.set_tcp_nodelay(true).and_then(|()| socket.set_tcp_user_timeout(Some(PEER_GONE_AFTER)));
    if let Err(error) = prepared {
        tracing::debug!(%error, "a connection has no timeout of its own");
    }
    let scarce = u64::try_from(stream.as_raw_fd()).is_ok_and(|number| number > files_max() / SECOND_HANDS_SHARE);
    if !scarce && let Ok(socket) = socket.try_clone() {
        data.insert(Arc::new(Scissors(socket)));
    }
}

/// How many files the process may have open: raised as far as it may be, once.
fn files_max() -> u64 {
    static FILES_MAX: LazyLock<u64> = LazyLock::new(|| {
        rlimit::increase_nofile_limit(u64::MAX).unwrap_or_else(|error| {
            tracing::warn!(%error, "the limit of open files stays as it is");
            1_024
        })
    });
    *FILES_MAX
}

/// Cuts a connection once its owner had time to say why.
fn cut_later(scissors: Option<Arc<Scissors>>) {
    if let Some(scissors) = scissors {
        actix::spawn(async move {
            tokio::time::sleep(CUT_AFTER).await;
            scissors.cut();
        });
    }
}

/// The paths of this room under the root.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.route("/ws", web::get().to(socket::open));
}

/// The paths of this room under `/api/v1`.
pub(crate) fn api_routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/sessions/{id}/stream").route(web::get().to(sse::open)))
        .service(web::resource("/sessions/{id}/share").route(web::post().to(sse::share)));
}

/// The OpenAPI of this room.
#[derive(utoipa::OpenApi)]
#[openapi(paths(sse::open, sse::share), components(schemas(wire::ClientFrame, crate::game::command::Scoring)))]
pub(crate) struct Api;
