//! A network between two programs that can stop working: without saying so, by refusing, or by being slow.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Link {
    Open,
    /// Nothing arrives, connections stay open, new ones are accepted and silent.
    Stalled,
    /// New connections are closed at once.
    Refused,
    /// What is sent arrives so much later.
    Delayed(Duration),
}

#[derive(Clone, Copy, Debug)]
struct State {
    link: Link,
    /// How often all connections were closed: one that began before the last time is gone.
    resets: u64,
}

/// Forwards connections to another port of this machine.
pub struct Proxy {
    pub address: SocketAddr,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = watch::Sender::new(State { link: Link::Open, resets: 0 });
        let watched = state.subscribe();
        let accepting = tokio::spawn(async move {
            loop {
                // Out of files for a moment: the next one may find some.
                let Ok((client, _)) = listener.accept().await else {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                };
                if watched.borrow().link != Link::Refused {
                    tokio::spawn(forward(client, port, watched.clone()));
                }
            }
        });
        Self { address, state, accepting }
    }

    /// Nothing goes through any more, and nobody is told.
    pub fn stall(&self) {
        self.state.send_modify(|state| state.link = Link::Stalled);
    }

    /// What is there is closed, and new connections are, too.
    pub fn refuse(&self) {
        self.state.send_modify(|state| *state = State { link: Link::Refused, resets: state.resets + 1 });
    }

    /// Everything arrives so much later, in each direction.
    pub fn delay(&self, by: Duration) {
        self.state.send_modify(|state| state.link = Link::Delayed(by));
    }

    /// What was stalled is reset, and new connections go through.
    pub fn heal(&self) {
        self.state.send_modify(|state| {
            state.resets += u64::from(state.link == Link::Stalled);
            state.link = Link::Open;
        });
    }

    /// All is as before: what was held back by a stall arrives now.
    pub fn resume(&self) {
        self.state.send_modify(|state| state.link = Link::Open);
    }

    /// All connections are closed; new ones go through.
    pub fn cut(&self) {
        self.state.send_modify(|state| state.resets += 1);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn forward(client: TcpStream, port: u16, state: watch::Receiver<State>) {
    let resets = state.borrow().resets;
    let mut watched = state.clone();
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        _ = copy(from_client, to_server, state.clone(), resets) => {}
        _ = copy(from_server, to_client, state, resets) => {}
        _ = watched.wait_for(|state| state.resets != resets) => {}
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut state: watch::Receiver<State>,
    resets: u64,
) -> std::io::Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut bytes).await?;
        // In a stall neither an end nor a byte is told.
        let now = state.wait_for(|state| state.link != Link::Stalled || state.resets != resets).await;
        let Ok(now) = now.map(|now| *now) else { return Ok(()) };
        if count == 0 || now.resets != resets {
            return Ok(());
        }
        if let Link::Delayed(by) = now.link {
            tokio::time::sleep(by).await;
        }
        to.write_all(&bytes[..count]).await?;
    }
}
