//! What the bus should have told and did not: no hint at all, a queue that was purged, a binding that is gone. Statistics,
//! achievements and notifications follow the log all the same, though nothing else happens.

use std::time::Duration;

use artel::messaging::Peers;
use artel::messaging::topology::{AUDIT, COMPENSATION, EVENTS, NOTIFICATIONS, STATS};
use lapin::Channel;
use lapin::options::{QueueBindOptions, QueuePurgeOptions};
use lapin::types::FieldTable;
use reqwest::Method;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};

use crate::broker::Broker;
use crate::evening::{Evening, kolkhoz};
use crate::player::Player;
use crate::rabbit::{bus, confirmed, counts, holds, message, raw, up};
use crate::table::kolkhoz_with;
use crate::test_app::{Store, TestApp, text, until, until_for};

/// What no message told of is found within 20 s where a node has the time for it.
const FOUND: Duration = Duration::from_secs(60);

/// An answer, on another connection where the server has just ended the one that rested.
async fn read(player: &Player, path: &str) -> Value {
    until(path, async || {
        let answer = player.request(Method::GET, path).send().await.ok()?;
        answer.error_for_status().ok()?.json().await.ok()
    })
    .await
}

async fn totals(player: &Player) -> Value {
    read(player, &format!("/api/v1/stats/users/{}", player.id)).await["totals"].clone()
}

async fn achievements(player: &Player) -> Vec<String> {
    let listed = read(player, &format!("/api/v1/stats/users/{}/achievements", player.id)).await;
    let mut codes: Vec<String> =
        listed["items"].as_array().expect("a list").iter().map(|item| text(&item["code"])).collect();
    codes.sort();
    codes
}

/// The kinds of a user's notifications, and whether the one about the game says that it was corrected.
async fn told(player: &Player) -> (Vec<String>, bool) {
    let listed = read(player, "/api/v1/notifications").await;
    let items = listed["items"].as_array().expect("a list");
    let mut kinds: Vec<String> = items.iter().map(|item| text(&item["kind"])).collect();
    kinds.sort();
    (kinds, items.iter().any(|item| item["data"]["is_corrected"] == true))
}

async fn purge(channel: &Channel) {
    for queue in [&STATS, &NOTIFICATIONS, &COMPENSATION] {
        channel.queue_purge(queue.name.into(), QueuePurgeOptions::default()).await.expect("purged");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_who_collects_a_pool_of_fouls_changes_what_others_have() {
    for store in Store::ALL {
        let app = TestApp::start_with(store, &[]).await;
        let rules = kolkhoz_with(json!({"foul": {"kind": "pool", "points": 2}}));
        let mut evening = Evening::open(&app, &["anna"], rules).await;
        let anna = evening.players[0].clone();
        let guest = anna.done(&evening.path("/participants"), json!({"display_name": "Guest"})).await;
        evening.participants.push(text(&guest["id"]));
        let game = evening.start_game().await;
        let points = async |expected: [i64; 2]| {
            until(&format!("{expected:?} points and fouls, {store:?}"), async || {
                let totals = totals(&anna).await;
                ([&totals["points"], &totals["fouls"]].map(Value::as_i64) == expected.map(Some)).then_some(())
            })
            .await;
        };
        evening.foul(&game, 0, None).await;
        points([0, 1]).await;
        let collected = evening.pot(&game, 1, "white").await;
        assert_eq!(collected["data"]["points"], 3, "{collected}");
        points([-2, 1]).await;
        evening.void(&game, &collected).await;
        points([0, 1]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_purged_from_the_queues_is_found_in_the_log() {
    let app = TestApp::start_with(Store::Rabbit, &["--role", "api"]).await;
    let channel = raw(&app.amqp_url().expect("a broker")).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (anna, boris) = (&evening.players[0], &evening.players[1]);
    let game = evening.start_game().await;
    let pink = evening.pot(&game, 0, "pink").await;
    evening.end(&game).await;
    // Nobody consumes; what the statistics hear comes before what the players are told.
    holds(&channel, NOTIFICATIONS.name, 2).await;
    purge(&channel).await;

    let mut worker = app.another_node_as("worker").await;
    until_for(FOUND, "the statistics", async || (totals(anna).await["wins"] == 1).then_some(())).await;
    until_for(FOUND, "the achievements", async || {
        let both = (achievements(anna).await, achievements(boris).await);
        (both.0 == ["first_game", "first_win"] && both.1 == ["first_game"]).then_some(())
    })
    .await;
    until_for(FOUND, "the notifications", async || {
        let both = (told(anna).await.0, told(boris).await.0);
        let unlocked = "achievement_unlocked";
        (both.0 == [unlocked, unlocked, "game_completed"] && both.1 == [unlocked, "game_completed"]).then_some(())
    })
    .await;

    worker.kill();
    evening.void(&game, &pink).await;
    holds(&channel, COMPENSATION.name, 2).await;
    purge(&channel).await;
    let _worker = app.another_node_as("worker").await;
    until_for(FOUND, "the correction", async || {
        let is_right = totals(anna).await["wins"] == 0
            && achievements(anna).await == ["first_game"]
            && told(anna).await == (vec!["achievement_unlocked".to_owned(), "game_completed".to_owned()], true);
        is_right.then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_never_came_to_the_queue_of_notifications_is_told_all_the_same() {
    let app = TestApp::start_with(Store::Rabbit, &[]).await;
    let channel = raw(&app.amqp_url().expect("a broker")).await;
    for pattern in NOTIFICATIONS.bindings {
        let (queue, exchange) = (NOTIFICATIONS.name.into(), EVENTS.into());
        channel.queue_unbind(queue, exchange, (*pattern).into(), FieldTable::default()).await.expect("unbound");
    }
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (anna, boris) = (&evening.players[0], &evening.players[1]);
    let mut socket = boris.socket().await;
    evening.play(&[0, 1], &[&["pink"], &[]]).await;
    let invited = anna.done("/api/v1/sessions", json!({"name": "Saturday", "rules": kolkhoz()})).await;
    let participants = format!("/api/v1/sessions/{}/participants", text(&invited["id"]));
    let place = anna.done(&participants, json!({"user_id": boris.id})).await;
    until_for(FOUND, "the notifications", async || {
        let both = (told(anna).await.0, told(boris).await.0);
        let unlocked = "achievement_unlocked";
        let of_boris = [unlocked, "game_completed", "session_invitation"];
        (both.0 == [unlocked, unlocked, "game_completed"] && both.1 == of_boris).then_some(())
    })
    .await;
    let mut kinds = Vec::new();
    for _ in 0..3 {
        kinds.push(text(&socket.next_of("notification").await["notification"]["kind"]));
    }
    kinds.sort();
    assert_eq!(kinds, ["achievement_unlocked", "game_completed", "session_invitation"]);

    let (queue, exchange) = (COMPENSATION.name.into(), EVENTS.into());
    channel.queue_unbind(queue, exchange, "compensation.#".into(), FieldTable::default()).await.expect("unbound");
    let declined = boris.delete(&format!("{participants}/{}", text(&place["id"]))).await;
    assert!(declined.0.is_success(), "{declined:?}");
    until_for(FOUND, "the invitation is told no more", async || {
        let kinds = told(boris).await.0;
        (kinds == ["achievement_unlocked", "game_completed"]).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_somebody_else_holds_keeps_no_other_waiting() {
    let app = TestApp::start_with(Store::Postgres, &[]).await;
    let (held, free) =
        (Evening::open(&app, &["anna", "boris"], kolkhoz()).await, Evening::open(&app, &["vera"], kolkhoz()).await);
    let guest = free.players[0].done(&free.path("/participants"), json!({"display_name": "Guest"})).await;
    let mut free = free;
    free.participants.push(text(&guest["id"]));
    let games = [held.start_game().await, free.start_game().await];
    let balls = async |evening: &Evening, expected: i64| {
        until(&format!("{expected} balls"), async || {
            (totals(&evening.players[0]).await["balls_potted"] == expected).then_some(())
        })
        .await;
    };
    for (evening, game) in [(&held, &games[0]), (&free, &games[1])] {
        evening.pot(game, 0, "white").await;
        balls(evening, 1).await;
    }
    let elsewhere = sea_orm::Database::connect(app.postgres().expect("in PostgreSQL")).await.expect("a connection");
    let tx = elsewhere.begin().await.expect("a transaction");
    let hold = format!("SELECT 1 FROM consumer_cursor WHERE session_id = '{}' FOR UPDATE", held.session);
    tx.execute_unprepared(&hold).await.expect("held");
    for (evening, game) in [(&held, &games[0]), (&free, &games[1])] {
        evening.pot(game, 0, "white").await;
    }
    balls(&free, 2).await;
    // One of its first events waits for nobody either.
    let third = Evening::open(&app, &["gleb", "dina"], kolkhoz()).await;
    let game = third.start_game().await;
    third.pot(&game, 0, "white").await;
    balls(&third, 1).await;
    balls(&held, 1).await;
    tx.rollback().await.expect("let go");
    balls(&held, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bindings_of_earlier_versions_are_taken_away() {
    let vhost = Broker::shared().await.vhost().await;
    let url = vhost.url();
    let first = bus(&url).await;
    up(&first).await;
    let channel = raw(&url).await;
    for queue in [STATS, AUDIT] {
        for pattern in queue.former_bindings {
            let (queue, exchange, options) = (queue.name.into(), EVENTS.into(), QueueBindOptions::default());
            channel
                .queue_bind(queue, exchange, (*pattern).into(), options, FieldTable::default())
                .await
                .expect("bound");
        }
    }
    confirmed(&first, message("stats.ball_potted", 1)).await;
    holds(&channel, STATS.name, 1).await;
    holds(&channel, AUDIT.name, 1).await;
    let second = bus(&url).await;
    up(&second).await;
    // One of them may live beside this one until it is known that none does.
    second.set_peers(Peers::Nodes);
    let unbound = async || {
        confirmed(&second, message("session.gone", 0)).await;
        let waits = counts(&channel, AUDIT.name).await.0;
        channel.queue_purge(AUDIT.name.into(), QueuePurgeOptions::default()).await.expect("purged");
        (waits == 0).then_some(())
    };
    until_for(FOUND, "the binding is gone", unbound).await;
    confirmed(&second, message("stats.ball_potted", 2)).await;
    confirmed(&second, message("game.ended", 3)).await;
    confirmed(&second, message("stats.advanced", 4)).await;
    confirmed(&second, message("user.login", 5)).await;
    holds(&channel, STATS.name, 2).await;
    holds(&channel, AUDIT.name, 1).await;
    assert_eq!(counts(&channel, STATS.name).await.0, 2, "what waited there stays, and no ball comes");
    assert_eq!(counts(&channel, AUDIT.name).await.0, 1, "only what no journal has");
}
