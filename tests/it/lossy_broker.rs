//! A way to a broker that loses what is delivered on some channels, as where the broker has forgotten the way to a
//! consumer. Everything else goes through, confirms and answers too.

use std::collections::HashSet;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::broker::Broker;

/// Class and method of AMQP 0-9-1.
type Method = (u16, u16);
const CHANNEL_OPEN_OK: Method = (20, 11);
const CHANNEL_CLOSE_OK: Method = (20, 41);
const BASIC_DELIVER: Method = (60, 60);
const METHOD_FRAME: u8 = 1;

/// Type, channel and size stand before a frame, and one byte after it.
const HEADER: usize = 7;

pub struct LossyBroker {
    port: u16,
    losses: watch::Sender<u64>,
    accepting: JoinHandle<()>,
}

impl LossyBroker {
    pub async fn before(broker: &Broker) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let (losses, watched) = watch::channel(0);
        let there = broker.port;
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(forward(client, there, watched.clone()));
            }
        });
        Self { port, losses, accepting }
    }

    pub fn url(&self) -> String {
        format!("amqp://guest:guest@127.0.0.1:{}", self.port)
    }

    /// What is delivered on the channels that are open now never arrives.
    pub fn lose_deliveries(&self) {
        self.losses.send_modify(|losses| *losses += 1);
    }
}

impl Drop for LossyBroker {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn forward(client: TcpStream, port: u16, losses: watch::Receiver<u64>) {
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let (mut from_client, to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    tokio::select! {
        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
        _ = deliver(from_server, to_client, losses) => {}
    }
}

async fn deliver(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut losses: watch::Receiver<u64>,
) -> std::io::Result<()> {
    let (mut open, mut lossy, mut losing) = (HashSet::new(), HashSet::new(), HashSet::new());
    loop {
        let mut frame = vec![0; HEADER];
        from.read_exact(&mut frame).await?;
        let channel = u16::from_be_bytes([frame[1], frame[2]]);
        let size = u32::from_be_bytes([frame[3], frame[4], frame[5], frame[6]]) as usize;
        frame.resize(HEADER + size + 1, 0);
        from.read_exact(&mut frame[HEADER..]).await?;
        if losses.has_changed().unwrap_or(false) {
            losses.mark_unchanged();
            lossy.clone_from(&open);
        }
        if frame[0] == METHOD_FRAME {
            let [class, method] = [0, 2].map(|at| u16::from_be_bytes([frame[HEADER + at], frame[HEADER + at + 1]]));
            losing.remove(&channel);
            match (class, method) {
                CHANNEL_OPEN_OK => drop(open.insert(channel)),
                CHANNEL_CLOSE_OK => drop((open.remove(&channel), lossy.remove(&channel))),
                BASIC_DELIVER if lossy.contains(&channel) => drop(losing.insert(channel)),
                _ => {}
            }
        }
        // With what follows of a delivery: its properties and its body.
        if !losing.contains(&channel) {
            to.write_all(&frame).await?;
        }
    }
}
