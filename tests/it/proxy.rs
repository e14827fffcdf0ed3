//! A network between a server and its broker that can stop working without saying so.

use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    /// Bytes are taken and go nowhere, connections stay open, new ones are accepted and silent.
    Stalled,
}

/// Forwards connections to another port of this machine.
pub struct Proxy {
    pub address: SocketAddr,
    way: watch::Sender<Way>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let way = watch::Sender::new(Way::Open);
        let watched = way.subscribe();
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, port, watched.clone()));
            }
        });
        Self { address, way, accepting }
    }

    /// Nothing goes through any more, and nobody is told.
    pub fn stall(&self) {
        self.way.send_replace(Way::Stalled);
    }

    /// What was stalled is reset, and new connections go through.
    pub fn heal(&self) {
        self.way.send_replace(Way::Open);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn forward(client: TcpStream, port: u16, mut way: watch::Receiver<Way>) {
    let was_stalled = *way.borrow_and_update() == Way::Stalled;
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        _ = copy(from_client, to_server, way.clone()) => {}
        _ = copy(from_server, to_client, way.clone()) => {}
        () = healed(&mut way, was_stalled) => {}
    }
}

/// Resolves when a stall ends: what was under way then is lost with its connection.
async fn healed(way: &mut watch::Receiver<Way>, mut was_stalled: bool) {
    while way.changed().await.is_ok() {
        let is_stalled = *way.borrow_and_update() == Way::Stalled;
        if was_stalled && !is_stalled {
            return;
        }
        was_stalled = is_stalled;
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    way: watch::Receiver<Way>,
) -> std::io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut bytes).await?;
        if *way.borrow() == Way::Stalled {
            // Neither an end nor a byte is told.
            return std::future::pending().await;
        }
        if count == 0 {
            return Ok(());
        }
        to.write_all(&bytes[..count]).await?;
    }
}
