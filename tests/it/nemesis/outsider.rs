//! Another system at the broker: it asks for marks on behalf of players, sends what nobody can read, and hears every
//! message, to send it again later.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use super::Phase;
use super::club::Table;
use super::dice::Dice;
use super::rig::Rig;
use crate::test_app::text;
use artel::messaging::topology::EVENTS;

/// Stands in what nobody can read.
pub(super) const BROKEN: &str = "nemesis sent no envelope";
const COPY: &str = "nemesis-copy";
/// Messages that may come again.
const KEPT: usize = 4_000;
const BURST: Duration = Duration::from_millis(250);
/// Messages of a burst.
const BURST_SIZE: usize = 25;
const PAUSE: Duration = Duration::from_millis(600);
const PATIENCE: Duration = Duration::from_secs(10);
/// Of so many commands one can't be read.
const BROKEN_EVERY: u64 = 25;

async fn connect(rig: &Rig) -> Option<(Connection, Channel)> {
    let url = rig.broker.url();
    let connecting = async {
        let connection = Connection::connect(&url, ConnectionProperties::default()).await.ok()?;
        let channel = connection.create_channel().await.ok()?;
        channel.confirm_select(ConfirmSelectOptions::default()).await.ok()?;
        Some((connection, channel))
    };
    timeout(PATIENCE, connecting).await.ok().flatten()
}

/// True: the broker has it, in a queue.
async fn publish(channel: &Channel, key: &str, body: &[u8], properties: BasicProperties) -> bool {
    let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let sent = async {
        let confirm = channel.basic_publish(EVENTS.into(), key.into(), options, body, properties).await?;
        confirm.await
    };
    matches!(timeout(PATIENCE, sent).await, Ok(Ok(Confirmation::Ack(None))))
}

/// Asks for marks until the play is over, each until the broker has it.
pub(super) async fn ask(rig: Arc<Rig>, tables: Vec<Arc<Table>>, seed: u64, phase: watch::Receiver<Phase>) {
    let mut dice = Dice::of(seed);
    let mut count = 0;
    let is_over = || *phase.borrow() == Phase::Over;
    'connections: while *phase.borrow() == Phase::Playing {
        let Some((connection, channel)) = connect(&rig).await else {
            sleep(PAUSE).await;
            continue;
        };
        while *phase.borrow() == Phase::Playing {
            sleep(PAUSE).await;
            count += 1;
            let properties = BasicProperties::default().with_delivery_mode(2);
            if count % BROKEN_EVERY == 0 {
                let body = format!("{{{BROKEN} {}", Uuid::now_v7());
                if publish(&channel, "game.command.pot_ball", body.as_bytes(), properties).await {
                    rig.report.count("messages that nobody can read");
                }
                continue;
            }
            let table = dice.pick(&tables).clone();
            let (id, envelope) = command(&table, &mut dice);
            let body = envelope.to_string();
            if !publish(&channel, &text(&envelope["event_type"]), body.as_bytes(), properties.clone()).await {
                // Unknown: the same again, from a new connection.
                let _ = connection.close(200, "again".into()).await;
                if publish_again(&rig, &envelope, properties, is_over).await {
                    table.known().published.push((id, Instant::now()));
                }
                continue 'connections;
            }
            table.known().published.push((id, Instant::now()));
            rig.report.count("commands of another system");
        }
        let _ = connection.close(200, "done".into()).await;
    }
}

async fn publish_again(rig: &Rig, envelope: &Value, properties: BasicProperties, is_over: impl Fn() -> bool) -> bool {
    while !is_over() {
        if let Some((connection, channel)) = connect(rig).await {
            let (key, body) = (text(&envelope["event_type"]), envelope.to_string());
            if publish(&channel, &key, body.as_bytes(), properties.clone()).await {
                let _ = connection.close(200, "done".into()).await;
                rig.report.count("commands of another system");
                return true;
            }
        }
        sleep(PAUSE).await;
    }
    false
}

/// A mark by the creator.
fn command(table: &Table, dice: &mut Dice) -> (Uuid, Value) {
    let (id, participant) = (Uuid::now_v7(), dice.pick(&table.participants));
    let command = match dice.below(4) {
        0 => json!({"type": "commit_foul", "participant_id": participant}),
        _ => json!({"type": "pot_ball", "participant_id": participant, "color": dice.pick(&table.colors)}),
    };
    let key = format!("game.command.{}", text(&command["type"]));
    let now = chrono::Utc::now().format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    let envelope = json!({
        "event_id": Uuid::now_v7(), "event_type": key, "timestamp": now, "source_service": "nemesis",
        "correlation_id": Uuid::now_v7(), "causation_id": null, "priority": 8, "retries": 0, "max_retries": 5,
        "user_id": table.players[0].user, "session_id": table.session, "game_id": null, "seq": null,
        "data": {
            "type": "command", "id": id, "session_id": table.session, "user_id": table.players[0].user,
            "command": command,
        },
    });
    (id, envelope)
}

/// Hears everything, and sends it again while that is asked for: late, several times, in another order.
pub(super) async fn echo(rig: Arc<Rig>, seed: u64) {
    let mut dice = Dice::of(seed);
    let mut kept = VecDeque::new();
    loop {
        if let Some((connection, channel)) = connect(&rig).await {
            let _ = echo_on(&rig, &channel, &mut kept, &mut dice).await;
            let _ = timeout(PATIENCE, connection.close(200, "again".into())).await;
        }
        sleep(PAUSE).await;
    }
}

async fn echo_on(
    rig: &Rig,
    channel: &Channel,
    kept: &mut VecDeque<Delivery>,
    dice: &mut Dice,
) -> Result<(), lapin::Error> {
    let none = FieldTable::default;
    let queue = channel.queue_declare("".into(), QueueDeclareOptions::exclusive(), none()).await?.name().clone();
    channel.queue_bind(queue.clone(), EVENTS.into(), "#".into(), QueueBindOptions::default(), none()).await?;
    let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
    let mut heard = channel.basic_consume(queue, "".into(), options, none()).await?;
    let mut bursts = tokio::time::interval(BURST);
    loop {
        tokio::select! {
            delivery = heard.next() => {
                let Some(delivery) = delivery else { return Ok(()) };
                let delivery = delivery?;
                let is_copy = delivery.properties.headers().as_ref().is_some_and(|h| h.inner().contains_key(COPY));
                if is_copy {
                    continue;
                }
                if kept.len() >= KEPT {
                    // Old ones stay among them: what comes again may be minutes late.
                    kept.swap_remove_back(dice.below(KEPT));
                }
                kept.push_back(delivery);
            }
            _ = bursts.tick(), if rig.is_doubling.load(Ordering::Relaxed) && !kept.is_empty() => {
                for _ in 0..BURST_SIZE {
                    // Half of them of the last moments.
                    let newest = kept.len().saturating_sub(50);
                    let from = if dice.one_in(2) { newest } else { 0 };
                    again(channel, &kept[from + dice.below(kept.len() - from)]).await?;
                    rig.report.count("messages that came again");
                }
            }
        }
    }
}

async fn again(channel: &Channel, delivery: &Delivery) -> Result<(), lapin::Error> {
    let mut headers = delivery.properties.headers().clone().unwrap_or_default();
    headers.insert(COPY.into(), AMQPValue::Boolean(true));
    let properties = delivery.properties.clone().with_headers(headers);
    let (key, options) = (delivery.routing_key.clone(), BasicPublishOptions::default());
    let sending = channel.basic_publish(EVENTS.into(), key, options, &delivery.data, properties);
    match timeout(PATIENCE, sending).await {
        Ok(sent) => sent.map(drop),
        Err(_) => Ok(()),
    }
}
