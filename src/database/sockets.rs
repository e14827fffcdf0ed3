//! The sockets of this process that lead to the PostgreSQL server. The driver makes each by
//! `tokio::net::TcpStream::connect((host, port))` inside a private function and hands it to nobody, so nothing can be set
//! where it is made; and it keeps the number of its file to itself, so the files that are open are looked through, once for
//! each new connection of the pool and when the server is down.

use std::net::Shutdown;
use std::os::fd::{BorrowedFd, RawFd};
use std::time::Duration;

use socket2::{SockRef, Socket, TcpKeepalive};

/// A PostgreSQL whose host acknowledges nothing for this long is gone.
const SILENCE_MAX: Duration = Duration::from_secs(10);
const PROBE_EVERY: Duration = Duration::from_secs(2);

/// Prepares the connections, for which the driver has no switches. It leaves Nagle's algorithm on: a statement of more
/// than one TLS record or segment then waits 40 ms for an acknowledgement that the server delays, a tenth of the
/// throughput. And it waits without end for a host that is gone while nobody watches the server.
pub(super) fn prepare(port: u16) {
    let probes = TcpKeepalive::new().with_time(SILENCE_MAX / 2).with_interval(PROBE_EVERY);
    for socket in to_server(port) {
        // A socket of the file system has none of these, and needs none.
        let _ = socket.set_tcp_nodelay(true);
        let _ = socket.set_tcp_keepalive(&probes);
        let _ = socket.set_tcp_user_timeout(Some(SILENCE_MAX));
    }
}

/// Ends the connections: whoever waits for an answer over one hears that it is lost.
pub(super) fn cut(port: u16) {
    for socket in to_server(port) {
        let _ = socket.shutdown(Shutdown::Both);
    }
}

/// Where the system tells which files are open; elsewhere there are none. A client that connects from that very port,
/// or a broker that listens at it, is taken for the server: it comes back.
fn to_server(port: u16) -> impl Iterator<Item = Socket> {
    let files = std::fs::read_dir("/proc/self/fd").into_iter().flatten().flatten();
    let numbers = files.filter_map(|file| file.file_name().to_str()?.parse::<RawFd>().ok());
    numbers.filter_map(move |number| {
        // SAFETY: the number was read just now and nothing but this look is made of it: should the file be closed
        // meanwhile, or its number be that of another one, the copy is closed or another file, and then looked at again.
        #[expect(unsafe_code, reason = "the driver does not give its socket out")]
        let file = unsafe { BorrowedFd::borrow_raw(number) };
        if !leads_to(&SockRef::from(&file), port) {
            return None;
        }
        // A copy stays the same socket, whatever becomes of the number.
        let socket = Socket::from(file.try_clone_to_owned().ok()?);
        leads_to(&SockRef::from(&socket), port).then_some(socket)
    })
}

fn leads_to(socket: &SockRef<'_>, port: u16) -> bool {
    let Ok(peer) = socket.peer_addr() else { return false };
    match (peer.as_socket(), peer.as_pathname()) {
        (Some(peer), _) => peer.port() == port,
        (None, Some(path)) => path.file_name().is_some_and(|name| name == format!(".s.PGSQL.{port}").as_str()),
        (None, None) => false,
    }
}
