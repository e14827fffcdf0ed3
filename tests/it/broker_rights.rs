//! The users that the deployment gives to the broker: nodes can do all that they need, and nobody more than that.

use artel::messaging::topology::{DEAD_LETTERS, EVENTS, GAME, STATS, dead_letter_queue, retry_queue};
use lapin::BasicProperties;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::FieldTable;
use serde_json::json;
use uuid::Uuid;

use super::broker::Broker;
use super::commands::{envelope, pot};
use super::evening::{Evening, kolkhoz};
use super::outages::counted;
use super::rabbit::{counts, holds, raw};
use super::test_app::{Store, TestApp};

/// Whether the broker takes a message of whoever that is. A refusal closes the channel.
async fn publishes(url: &str, exchange: &str, key: &str, body: &[u8]) -> bool {
    let channel = raw(url).await;
    channel.confirm_select(ConfirmSelectOptions::default()).await.expect("confirms");
    let properties = BasicProperties::default().with_delivery_mode(2);
    let options = BasicPublishOptions::default();
    match channel.basic_publish(exchange.into(), key.into(), options, body, properties).await {
        Ok(confirm) => confirm.await.is_ok(),
        Err(_) => false,
    }
}

async fn declares(url: &str, queue: &str) -> bool {
    let declared =
        raw(url).await.queue_declare(queue.into(), QueueDeclareOptions::durable(), FieldTable::default()).await;
    declared.is_ok()
}

async fn binds(url: &str, queue: &str, key: &str) -> bool {
    let (options, none) = (QueueBindOptions::default(), FieldTable::default());
    raw(url).await.queue_bind(queue.into(), EVENTS.into(), key.into(), options, none).await.is_ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_and_other_systems_can_do_what_they_need_and_no_more() {
    let broker = Broker::deployed().await;
    let (nodes, scoring) = (broker.url(), broker.url_of("scoring:scoring"));
    let app = TestApp::start_with(Store::Sqlite, &["--amqp-url", &nodes]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    evening.pot(&game, 0, "white").await;
    counted(&evening, 1).await;

    // Another system marks a ball, and hears in a queue of its own what becomes of a wrong one.
    let command = |participant: &str| {
        let data = json!({
            "type": "command", "id": Uuid::new_v4(), "session_id": evening.session, "user_id": evening.players[0].id,
            "command": pot(participant, "white"),
        });
        envelope("game.command.pot_ball", data).to_string().into_bytes()
    };
    assert!(publishes(&scoring, EVENTS, "game.command.pot_ball", &command(&evening.participants[0])).await);
    counted(&evening, 2).await;
    assert!(declares(&scoring, "scoring.refusals").await);
    assert!(binds(&scoring, "scoring.refusals", "compensation.game.command.*").await);
    assert!(publishes(&scoring, EVENTS, "game.command.pot_ball", &command(&Uuid::new_v4().to_string())).await);
    let operator = raw(&broker.url_of("operator:operator")).await;
    holds(&operator, "scoring.refusals", 1).await;

    // What nobody can read is kept, which takes the nodes' right to their own exchange of dead letters.
    assert!(publishes(&scoring, EVENTS, "game.command.pot_ball", b"{").await);
    holds(&operator, &dead_letter_queue(GAME.name), 1).await;
    // What fails for now waits behind the default exchange.
    assert!(publishes(&nodes, "", &retry_queue(STATS.name, 4), b"{}").await);
    assert_eq!(counts(&operator, &retry_queue(STATS.name, 4)).await.0, 1);

    for (who, exchange, key) in [
        (&scoring, EVENTS, "game.ball_potted"),
        (&scoring, EVENTS, "websocket.user.1.logins_revoked"),
        (&scoring, DEAD_LETTERS, STATS.name),
        (&scoring, "", STATS.name),
        (&nodes, EVENTS, "foreign.key"),
        (&nodes, "amq.topic", "game.ball_potted"),
    ] {
        assert!(!publishes(who, exchange, key, b"{}").await, "{who} {exchange} {key}");
    }
    for (who, queue) in [(&scoring, "websocket.broadcast.mine"), (&scoring, "mine"), (&nodes, "mine")] {
        assert!(!declares(who, queue).await, "{who} {queue}");
    }
    for key in ["#", "game.#", "websocket.user.*.*"] {
        assert!(!binds(&scoring, "scoring.refusals", key).await, "{key}");
    }
    // Nothing of that harmed the node.
    evening.pot(&game, 0, "white").await;
    counted(&evening, 3).await;
}
