//! What the sockets of a session are told: counted, timed, and held to be in order.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::{Counts, Socket, frame, lock, say};

/// Every sixteenth command is timed.
pub(super) fn is_timed(id: &Uuid) -> bool {
    id.as_bytes()[0] < 16
}

/// What comes on one socket.
pub(super) struct Deliveries {
    pub(super) counts: Arc<Counts>,
    pub(super) sent: Arc<Mutex<HashMap<Uuid, Instant>>>,
    pub(super) window: Arc<Semaphore>,
    /// The number of the last event.
    pub(super) last: i64,
}

/// The value after `"name":"` or `"name":`, without parsing the whole frame: the generator shares the machine with what
/// it measures.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let rest = &text[text.find(name)? + name.len()..];
    rest.split(['"', ',', '}']).next()
}

impl Deliveries {
    fn note(&mut self, text: &str) -> Option<Message> {
        let head = &text[..text.len().min(24)];
        if head.starts_with(r#"{"type":"event""#) {
            self.counts.delivered.fetch_add(1, Ordering::Relaxed);
            let seq = field(text, r#""seq":"#).and_then(|seq| seq.parse().ok()).unwrap_or(0);
            if self.last > 0 && seq != self.last + 1 {
                self.counts.gaps.fetch_add(1, Ordering::Relaxed);
            }
            self.last = seq;
            self.took(text, r#""command_id":""#, &self.counts.delivery_micros);
        } else if head.starts_with(r#"{"type":"ack""#) {
            self.counts.acked.fetch_add(1, Ordering::Relaxed);
            self.took(text, r#""id":""#, &self.counts.ack_micros);
            self.window.add_permits(1);
        } else if head.starts_with(r#"{"type":"error""#) {
            if self.counts.refused.fetch_add(1, Ordering::Relaxed) == 0 {
                say(&format!("refused: {text}"));
            }
            self.window.add_permits(1);
        } else if head.starts_with(r#"{"type":"ping""#) {
            let ping: Value = serde_json::from_str(text).ok()?;
            return Some(frame(&json!({"type": "pong", "ts": ping["ts"]})));
        }
        None
    }

    fn took(&self, text: &str, name: &str, micros: &Mutex<Vec<u32>>) {
        if !self.counts.measuring.load(Ordering::Relaxed) {
            return;
        }
        let Some(id) = field(text, name).and_then(|id| id.parse().ok()).filter(is_timed) else { return };
        if let Some(sent) = lock(&self.sent).get(&id) {
            let took = u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX);
            lock(micros).push(took);
        }
    }
}

pub(super) async fn listen(
    mut reader: SplitStream<Socket>,
    mut deliveries: Deliveries,
    pongs: tokio::sync::mpsc::Sender<Message>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let message = tokio::select! {
            message = reader.next() => message,
            _ = stopped.changed() => return,
        };
        match message {
            Some(Ok(Message::Text(text))) => {
                if let Some(pong) = deliveries.note(&text) {
                    let _ = pongs.try_send(pong);
                }
            }
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return,
        }
    }
}
