//! Connections as they were accepted, reachable from outside whoever works on them: to cut those of whom nobody can be
//! told, and those on which nothing is under way.
//!
//! The framework has timers for a first request that does not come and for a pause between two. They are off: after this
//! process was stopped for a while (by a signal, or with the machine that it runs on) they would be over before anybody
//! has read what came meanwhile, and answer it with an empty 408 or with nothing.

use std::any::Any;
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{Extensions, ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::rt::net::TcpStream;
use actix_web::web::Bytes;
use actix_web::{Error, HttpRequest};
use pin_project_lite::pin_project;
use socket2::{SockRef, Socket};

use super::AddressLimits;
use crate::account::Accounts;
use crate::clock;

/// A peer that acknowledges nothing for this long is gone: the kernel drops it, also while its actor is blocked.
const PEER_GONE_AFTER: Duration = Duration::from_secs(30);
/// Above this share of the files that the process may have open, sockets and streams give their second hand back, so
/// that there is room for all of them; the kernel's timeout still ends those that don't read.
const SECOND_HANDS_SHARE: u64 = 2;
/// Files that connections leave to the database, the bus and the log.
const FILES_RESERVED: u64 = 128;
/// How long a slow listener may take to read the close frame.
const CUT_AFTER: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A look that comes this late was held up, and so was whoever reads what clients sent.
const LATE: Duration = Duration::from_millis(500);
/// Looks in a row that find nothing under way on a connection.
const IDLE_LOOKS: u64 = 20;

pub(crate) struct AcceptedConnection {
    /// A second hand on its socket, to cut it from outside: an actor whose socket is full is not polled any more and
    /// can't close it itself. `None`: it was given back.
    socket: Mutex<Option<Socket>>,
    /// There are so many files that it can have a second hand for as long as it lives.
    is_cheap: bool,
    /// Requests on it, up to the last byte of their answers.
    under_way: AtomicU32,
    /// The look that found something under way last.
    busy_at: AtomicU64,
}

impl AcceptedConnection {
    /// Of the connection that brought a request.
    pub(super) fn of(request: &HttpRequest) -> Option<Arc<Self>> {
        request.conn_data::<Arc<Self>>().cloned()
    }

    /// It becomes a socket or a stream, of which there may be as many as there are files.
    pub(super) fn becomes_lasting(&self) {
        if !self.is_cheap {
            self.socket().take();
        }
    }

    fn cut(&self) {
        if let Some(socket) = self.socket().take() {
            // A socket that is closed already needs no cut.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    fn socket(&self) -> MutexGuard<'_, Option<Socket>> {
        self.socket.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All connections of this node, to end those on which nothing is under way.
#[derive(Clone, Default)]
pub(crate) struct AcceptedConnections {
    all: Arc<Mutex<Vec<Weak<AcceptedConnection>>>>,
    looks: Arc<AtomicU64>,
}

impl AcceptedConnections {
    fn add(&self, socket: Socket, is_cheap: bool) -> Arc<AcceptedConnection> {
        let accepted = Arc::new(AcceptedConnection {
            socket: Mutex::new(Some(socket)),
            is_cheap,
            under_way: AtomicU32::new(0),
            busy_at: AtomicU64::new(self.looks.load(Ordering::Relaxed)),
        });
        self.lock().push(Arc::downgrade(&accepted));
        accepted
    }

    /// Looks once a second, for ever. Counts looks, not time: who was held up with everybody else counts nothing.
    pub(crate) async fn end_idle(self) {
        let mut due = clock::every(LOOK_EVERY);
        let mut looked = Instant::now();
        loop {
            due.tick().await;
            if looked.elapsed() < LOOK_EVERY + LATE {
                self.look();
            }
            looked = Instant::now();
        }
    }

    fn look(&self) {
        let look = self.looks.fetch_add(1, Ordering::Relaxed) + 1;
        self.lock().retain(|connection| {
            let Some(connection) = connection.upgrade() else { return false };
            if connection.under_way.load(Ordering::Acquire) > 0 {
                connection.busy_at.store(look, Ordering::Relaxed);
            } else if look - connection.busy_at.load(Ordering::Relaxed) >= IDLE_LOOKS {
                connection.cut();
                return false;
            }
            true
        });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<AcceptedConnection>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// To be called for each accepted connection. One too many of its address, or one that takes the files which the node
/// needs for itself, is cut at once, whether it ever says something or not.
pub(crate) fn on_connect(
    (accounts, limits, connections): &(Accounts, AddressLimits, AcceptedConnections),
    connection: &dyn Any,
    data: &mut Extensions,
) {
    let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
    let socket = SockRef::from(stream);
    let number = u64::try_from(stream.as_raw_fd()).unwrap_or(0);
    if number + FILES_RESERVED > files_max() {
        return cut(&socket);
    }
    if let Some(network) = stream.peer_addr().ok().and_then(|peer| accounts.network_of_peer(peer.ip())) {
        match limits.accept(network) {
            Some(place) => drop(data.insert(place)),
            None => return cut(&socket),
        }
    }
    let prepared = socket.set_tcp_nodelay(true).and_then(|()| socket.set_tcp_user_timeout(Some(PEER_GONE_AFTER)));
    if let Err(error) = prepared {
        tracing::debug!(%error, "a connection has no timeout of its own");
    }
    match socket.try_clone() {
        Ok(second_hand) => {
            let is_cheap = number <= files_max() / SECOND_HANDS_SHARE;
            data.insert(connections.add(second_hand, is_cheap));
        }
        // Without it nothing could end a connection that says nothing.
        Err(_) => cut(&socket),
    }
}

fn cut(socket: &SockRef<'_>) {
    // Without the farewell that would keep it in the kernel for a while.
    let _ = socket.set_linger(Some(Duration::ZERO));
    let _ = socket.shutdown(Shutdown::Both);
}

/// Cuts a connection once its owner had time to say why.
pub(super) fn cut_later(connection: Option<Arc<AcceptedConnection>>) {
    if let Some(connection) = connection {
        actix::spawn(async move {
            tokio::time::sleep(CUT_AFTER).await;
            connection.cut();
        });
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

/// A request that is under way on a connection; over when dropped.
struct RequestUnderWay(Option<Arc<AcceptedConnection>>);

impl RequestUnderWay {
    fn on(connection: Option<Arc<AcceptedConnection>>) -> Self {
        if let Some(connection) = &connection {
            connection.under_way.fetch_add(1, Ordering::AcqRel);
        }
        Self(connection)
    }
}

impl Drop for RequestUnderWay {
    fn drop(&mut self) {
        if let Some(connection) = &self.0 {
            connection.under_way.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

pin_project! {
    /// The body of an answer, which is under way as long as this is there.
    pub(crate) struct Answering<B> {
        #[pin]
        body: B,
        under_way: RequestUnderWay,
    }
}

impl<B: MessageBody> MessageBody for Answering<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.project().body.poll_next(cx)
    }

    fn try_into_bytes(self) -> Result<Bytes, Self> {
        let Self { body, under_way } = self;
        body.try_into_bytes().map_err(|body| Self { body, under_way })
    }
}

/// For `actix_web::middleware::from_fn`, around all others: notes what is under way on each connection.
pub(crate) async fn middleware<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Answering<B>>, Error> {
    let under_way = RequestUnderWay::on(AcceptedConnection::of(request.request()));
    let response = next.call(request).await?;
    Ok(response.map_body(|_, body| Answering { body, under_way }))
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    fn connect(connections: &AcceptedConnections) -> (TcpStream, TcpStream, Arc<AcceptedConnection>) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
        client.set_nonblocking(true).expect("a socket");
        let (server, _) = listener.accept().expect("a connection");
        let second_hand = SockRef::from(&server).try_clone().expect("a second hand");
        (client, server, connections.add(second_hand, true))
    }

    fn is_open(mut client: &TcpStream) -> bool {
        client.read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    #[test]
    fn a_connection_on_which_nothing_is_under_way_for_long_is_cut() {
        let connections = AcceptedConnections::default();
        let (silent, _server_1, _accepted) = connect(&connections);
        let (asking, _server_2, accepted) = connect(&connections);
        let under_way = RequestUnderWay::on(Some(accepted.clone()));
        for _ in 1..IDLE_LOOKS {
            connections.look();
        }
        assert!(is_open(&silent) && is_open(&asking));
        connections.look();
        assert!(!is_open(&silent) && is_open(&asking), "one is cut, the other waits for its answer");
        drop(under_way);
        for _ in 1..IDLE_LOOKS {
            connections.look();
        }
        assert!(is_open(&asking), "counted from the end of its last answer");
        connections.look();
        assert!(!is_open(&asking));
        assert!(connections.lock().is_empty(), "nobody is remembered");
    }
}
