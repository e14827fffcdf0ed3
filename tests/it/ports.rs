//! Ports for servers that must be told theirs before they start.

use std::net::TcpListener;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below those that the system gives to whoever asks for any: a server may take half a minute until it binds its own.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// A port of this machine on which nobody listens, given to nobody else by this process.
pub fn free_port() -> u16 {
    static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| AtomicU16::new((std::process::id() % u32::from(COUNT)) as u16));
    let mut ports = (0..COUNT).map(|_| FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT);
    ports.find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}
