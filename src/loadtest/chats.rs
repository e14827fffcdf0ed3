//! Chats instead of sessions: their members write in turn, each over a socket of his own, and all others must hear it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior, interval, interval_at};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use super::{Counts, Plan, Socket, WARM_UP, connect, frame, lock, percentile, post, say, text};

/// Members who talk a lot are read to before they hear more: what they had is said at once for many messages.
const RECEIVED_EVERY: Duration = Duration::from_millis(100);
/// How long what is under way may take to be heard when nobody writes any more.
const PATIENCE: Duration = Duration::from_secs(15);

/// One member of one chat.
struct Member {
    chat: String,
    socket: Socket,
    every: Duration,
    began: Instant,
    counts: Arc<Counts>,
    /// Messages that were heard, over all members.
    heard: Arc<AtomicU64>,
    sent: HashMap<Uuid, Instant>,
    received: Vec<Value>,
    last: i64,
}

impl Member {
    async fn talk(mut self, mut playing: watch::Receiver<bool>, mut stopped: watch::Receiver<bool>) {
        let mut is_writing = false;
        let mut due = self.beginning();
        let mut receipts = interval(RECEIVED_EVERY);
        loop {
            let said = tokio::select! {
                _ = due.tick(), if is_writing => Some(self.message()),
                _ = receipts.tick(), if !self.received.is_empty() => {
                    Some(frame(&json!({"type": "received", "message_ids": std::mem::take(&mut self.received)})))
                }
                heard = self.socket.next() => match heard {
                    Some(Ok(Message::Text(text))) => self.hear(&text),
                    Some(Ok(_)) => None,
                    Some(Err(_)) | None => return,
                },
                Ok(()) = playing.changed() => {
                    is_writing = *playing.borrow();
                    due = self.beginning();
                    None
                }
                _ = stopped.changed() => return,
            };
            if let Some(said) = said
                && self.socket.send(said).await.is_err()
            {
                return;
            }
        }
    }

    /// Not with the others: members who begin together would go on to write in the same moment.
    fn beginning(&self) -> Interval {
        let first = tokio::time::Instant::now() + self.every.mul_f64(rand::random_range(0.0..1.0));
        let mut due = interval_at(first, self.every);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        due
    }

    fn message(&mut self) -> Message {
        let id = Uuid::new_v4();
        self.sent.insert(id, Instant::now());
        self.counts.sent.fetch_add(1, Ordering::Relaxed);
        // When it was said stands in it, so whoever hears it knows how long it took.
        let content = format!("{} Boris, you are up: the red one is free", self.began.elapsed().as_micros());
        frame(&json!({"type": "message", "id": id, "chat_id": self.chat, "content": content}))
    }

    fn hear(&mut self, text: &str) -> Option<Message> {
        let mut heard: Value = serde_json::from_str(text).ok()?;
        match heard["type"].as_str()? {
            "message" => {
                let message = &mut heard["message"];
                self.heard.fetch_add(1, Ordering::Relaxed);
                let number = message["number"].as_i64()?;
                if number <= self.last {
                    self.counts.gaps.fetch_add(1, Ordering::Relaxed);
                }
                self.last = number;
                let said = message["content"].as_str()?.split(' ').next()?.parse::<u64>().ok()?;
                self.took(
                    &self.counts.delivery_micros,
                    self.began.elapsed().saturating_sub(Duration::from_micros(said)),
                );
                self.received.push(message["id"].take());
            }
            "ack" => {
                self.counts.acked.fetch_add(1, Ordering::Relaxed);
                let id = heard["id"].as_str()?.parse().ok()?;
                let took = self.sent.remove(&id)?.elapsed();
                self.took(&self.counts.ack_micros, took);
            }
            "error" => {
                let before = self.counts.refused.fetch_add(1, Ordering::Relaxed);
                if before == 0 {
                    say(&format!("refused: {text}"));
                }
            }
            "ping" => return Some(frame(&json!({"type": "pong", "ts": heard["ts"]}))),
            _ => {}
        }
        None
    }

    fn took(&self, micros: &std::sync::Mutex<Vec<u32>>, took: Duration) {
        if self.counts.measuring.load(Ordering::Relaxed) {
            lock(micros).push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        }
    }
}

async fn guest(client: &reqwest::Client, base: &str) -> anyhow::Result<(String, String)> {
    let answer = post(client, format!("{base}/api/v1/auth/guest"), None, json!({"display_name": "load"})).await?;
    Ok((text(&answer["user"]["id"])?, text(&answer["access_token"])?))
}

fn report(plan: &Plan, counts: &Counts, acked: u64) {
    say(&format!("messages acknowledged   {:.0}/s", acked as f64 / plan.seconds as f64));
    for (name, micros) in [("acknowledged after", &counts.ack_micros), ("heard after", &counts.delivery_micros)] {
        let mut sorted = lock(micros).clone();
        sorted.sort_unstable();
        let [middle, late, last] = [0.5, 0.99, 1.0].map(|share| percentile(&sorted, share));
        say(&format!("{name:<23} p50 {middle:.1} ms, p99 {late:.1} ms, max {last:.1} ms ({} samples)", sorted.len()));
    }
}

/// Has all chats talk, and says how long it took until a message was stored and heard.
pub(super) async fn talk(plan: &Plan) -> anyhow::Result<()> {
    let (client, began) = (reqwest::Client::new(), Instant::now());
    let (play, playing) = watch::channel(false);
    let (stop, stopped) = watch::channel(false);
    let (counts, heard) = (Arc::<Counts>::default(), Arc::<AtomicU64>::default());
    let members = plan.sockets.max(2);
    let rate = plan.rate.max(1) as f64;
    let every = Duration::from_secs_f64((plan.chats * members) as f64 / rate);
    let mut tasks = JoinSet::new();
    for n in 0..plan.chats {
        let base = &plan.url[n % plan.url.len()];
        let mut people = Vec::with_capacity(members);
        for _ in 0..members {
            people.push(guest(&client, base).await?);
        }
        let others: Vec<&String> = people.iter().skip(1).map(|(id, _)| id).collect();
        let body = json!({"user_ids": others, "title": "load"});
        let chat = post(&client, format!("{base}/api/v1/chats"), people.first().map(|(_, token)| token.as_str()), body);
        let chat = text(&chat.await?["id"])?;
        for (place, (_, token)) in people.iter().enumerate() {
            let socket = connect(&plan.url[(n + place) % plan.url.len()], token).await?;
            let (counts, heard, chat) = (counts.clone(), heard.clone(), chat.clone());
            let (sent, received) = (HashMap::new(), Vec::new());
            let member = Member { chat, socket, every, began, counts, heard, sent, received, last: 0 };
            tasks.spawn(member.talk(playing.clone(), stopped.clone()));
        }
    }
    say(&format!("{} chats of {members} members are open", plan.chats));
    play.send_replace(true);
    tokio::time::sleep(WARM_UP).await;
    counts.measuring.store(true, Ordering::Relaxed);
    let acked = counts.acked.load(Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(plan.seconds)).await;
    let acked = counts.acked.load(Ordering::Relaxed) - acked;
    counts.measuring.store(false, Ordering::Relaxed);
    play.send_replace(false);
    let due = || counts.acked.load(Ordering::Relaxed) * (members as u64 - 1);
    let is_heard = || {
        let answered = counts.acked.load(Ordering::Relaxed) + counts.refused.load(Ordering::Relaxed);
        answered == counts.sent.load(Ordering::Relaxed) && heard.load(Ordering::Relaxed) == due()
    };
    let waited = Instant::now();
    while !is_heard() && waited.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stop.send_replace(true);
    while tasks.join_next().await.is_some() {}
    report(plan, &counts, acked);
    let (heard, gaps) = (heard.load(Ordering::Relaxed), counts.gaps.load(Ordering::Relaxed));
    let refused = counts.refused.load(Ordering::Relaxed);
    anyhow::ensure!(heard == due(), "{heard} messages were heard, and should be {}", due());
    anyhow::ensure!(gaps == 0, "{gaps} messages were doubled or out of order");
    anyhow::ensure!(refused == 0, "{refused} messages were refused; a server under load needs --messages-per-second");
    Ok(())
}
