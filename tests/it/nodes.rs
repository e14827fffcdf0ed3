//! Two nodes over one PostgreSQL and one RabbitMQ: a client can't tell which node it is on.

use serde_json::{Value, json};
use uuid::Uuid;

use super::evening::{Evening, kolkhoz};
use super::player::Player;
use super::test_app::{PATIENCE, Store, TestApp, until};

struct Chain {
    one: TestApp,
    two: TestApp,
}

impl Chain {
    async fn start() -> Self {
        let one = TestApp::start_with(Store::Rabbit, &["--commands-per-second", "100000"]).await;
        let two = one.another_node().await;
        Self { one, two }
    }
}

fn pot(participant: &str) -> Value {
    json!({"type": "pot_ball", "participant_id": participant, "color": "white"})
}

#[tokio::test]
async fn an_event_of_one_node_is_heard_on_the_other_and_the_same_key_is_known_there() {
    let chain = Chain::start().await;
    let evening = Evening::open(&chain.one, &["anna", "boris"], kolkhoz()).await;
    evening.start_game().await;
    let session = &evening.session;
    // The same phone, with a connection to each node: a key belongs to its user.
    let mut there = evening.players[0].on(&chain.two).socket().await;
    let subscribed = there.subscribe(session, None).await;
    let mut seq = subscribed["seq"].as_i64().unwrap();
    let mut here = evening.players[0].socket().await;
    here.subscribe(session, None).await;
    for n in 0..20 {
        let participant = &evening.participants[n % 2];
        let key = Uuid::new_v4();
        let (writer, other) = if n % 3 == 0 { (&mut there, &mut here) } else { (&mut here, &mut there) };
        let ack = writer.command_with_id(key, session, pot(participant)).await;
        assert_eq!(ack["type"], "ack", "{ack}");
        seq += 1;
        assert_eq!(ack["seq"], seq, "one log for both nodes");
        // The same key on the other node is answered with the same events, and makes none.
        let again = other.command_with_id(key, session, pot(participant)).await;
        assert_eq!(again["events"], ack["events"]);
    }
    // A late subscriber of either node is told the same.
    for player in [evening.players[0].clone(), evening.players[0].on(&chain.two)] {
        let mut socket = player.socket().await;
        let told = socket.subscribe(session, Some(0)).await;
        let seqs: Vec<i64> = told["events"].as_array().unwrap().iter().map(|e| e["seq"].as_i64().unwrap()).collect();
        assert_eq!(seqs, (1..=seq).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_one_node_took_the_other_neither_shows_late_nor_refuses() {
    let chain = Chain::start().await;
    let evening = Evening::open(&chain.one, &["anna"], kolkhoz()).await;
    let (here, there) = (&evening.players[0], evening.players[0].on(&chain.two));
    let path = format!("/api/v1/sessions/{}", evening.session);
    // Both nodes have the session in memory.
    there.read(&path).await;
    for n in 0..6 {
        let (writer, reader) = if n % 2 == 0 { (here, &there) } else { (&there, here) };
        writer.done(&format!("{path}/participants"), json!({"display_name": format!("guest {n}")})).await;
        let seen = reader.read(&path).await;
        assert_eq!(seen["participants"].as_array().unwrap().len(), n + 2, "read after the answer");
    }
    // Needs the guests of both nodes, and the game needs to be known on the node that marks.
    let participants: Vec<Value> = here.read(&path).await["participants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|participant| participant["id"].clone())
        .collect();
    let game = there.done(&format!("{path}/games"), json!({"order": participants})).await;
    let command = pot(participants[0].as_str().unwrap());
    here.done(&format!("/api/v1/games/{}/events", game["id"].as_str().unwrap()), command).await;
}

#[tokio::test]
async fn presence_is_that_of_all_nodes_also_right_after_one_dies() {
    let mut chain = Chain::start().await;
    let evening = Evening::open(&chain.one, &["anna", "boris"], kolkhoz()).await;
    let mut anna = evening.players[0].socket().await;
    anna.subscribe(&evening.session, None).await;
    let mut boris = evening.players[1].on(&chain.two).socket().await;
    boris.subscribe(&evening.session, None).await;
    let path = format!("/api/v1/sessions/{}", evening.session);
    let online = async |player: &Player, wanted: usize| {
        until(&format!("{wanted} are online"), || async {
            let session = player.read(&path).await;
            let online = session["participants"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|participant| participant["is_online"] == true);
            (online.count() == wanted).then_some(())
        })
        .await;
    };
    online(&evening.players[0], 2).await;
    online(&evening.players[0].on(&chain.two), 2).await;
    chain.two.kill();
    online(&evening.players[0], 1).await;
}

#[tokio::test]
async fn a_stream_ends_with_a_login_that_ends_on_another_node() {
    let chain = Chain::start().await;
    let evening = Evening::open(&chain.one, &["anna", "boris"], kolkhoz()).await;
    let stream = async |player: &Player| {
        let path = format!("/api/v1/sessions/{}/stream", evening.session);
        let stream = player.http.get(format!("{}{path}", player.base)).bearer_auth(player.token.as_deref().unwrap());
        let mut stream = stream.send().await.expect("an answer");
        assert!(stream.chunk().await.expect("it flows").is_some_and(|first| first.starts_with(b"id: ")));
        stream
    };
    let (anna, boris) = (&evening.players[0], &evening.players[1]);
    let (mut ends, mut stays) = (stream(&anna.on(&chain.two)).await, stream(&boris.on(&chain.two)).await);
    let logout = json!({"refresh_token": anna.refresh});
    assert!(anna.post("/api/v1/auth/logout", logout).await.0.is_success());
    let rest = async { while let Ok(Some(_)) = ends.chunk().await {} };
    tokio::time::timeout(PATIENCE, rest).await.expect("it ends within seconds");
    let ball = pot(&evening.participants[0]);
    let game = boris
        .done(&format!("/api/v1/sessions/{}/games", evening.session), json!({"order": evening.participants}))
        .await;
    boris.done(&format!("/api/v1/games/{}/events", game["id"].as_str().unwrap()), ball).await;
    assert!(stays.chunk().await.expect("it flows").is_some(), "another login's goes on");
}

#[tokio::test]
async fn two_nodes_write_one_session_at_full_speed() {
    let chain = Chain::start().await;
    let evening = Evening::open(&chain.one, &["anna", "boris"], kolkhoz()).await;
    evening.start_game().await;
    let session = evening.session.clone();
    let before = evening.state().await["seq"].as_i64().unwrap();
    let mut tasks = Vec::new();
    for n in 0..2 {
        let player = if n == 0 { evening.players[0].clone() } else { evening.players[1].on(&chain.two) };
        let (session, participant) = (session.clone(), evening.participants[n].clone());
        tasks.push(tokio::spawn(async move {
            let mut socket = player.socket().await;
            // The other node may have begun already.
            let mut heard = socket.subscribe(&session, None).await["seq"].as_i64().unwrap();
            let ids: Vec<Uuid> = (0..100).map(|_| Uuid::new_v4()).collect();
            for id in &ids {
                let frame = json!({"type": "command", "id": id, "session_id": session, "command": pot(&participant)});
                socket.send(frame).await;
            }
            let mut acked = 0;
            while acked < ids.len() || heard < before + 200 {
                let frame = socket.next().await;
                match frame["type"].as_str().unwrap() {
                    "ack" => acked += 1,
                    "event" => {
                        heard += 1;
                        assert_eq!(frame["seq"], heard, "in order, without gaps, whichever node made it");
                    }
                    "error" => panic!("{frame}"),
                    _ => {}
                }
            }
            ids
        }));
    }
    let mut acked = Vec::new();
    for task in tasks {
        acked.extend(task.await.unwrap());
    }
    let game = evening.state().await["current_game"].clone();
    let marked: i64 = game["scores"].as_array().unwrap().iter().map(|score| score["points"].as_i64().unwrap()).sum();
    assert_eq!(marked, 200, "each acknowledged ball once");
    // The statistics are those of the log, whichever node applied what.
    let path = format!("/api/v1/stats/users/{}", evening.players[1].id);
    until("the statistics have followed", || async {
        let statistics = evening.players[1].read(&path).await;
        (statistics["totals"]["balls_potted"] == 100).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_end_of_a_game_and_its_correction_reach_every_player_on_whatever_node() {
    let chain = Chain::start().await;
    let evening = Evening::open(&chain.one, &["anna", "boris"], kolkhoz()).await;
    let (anna, boris) = (&evening.players[0], evening.players[1].on(&chain.two));
    let mut there = boris.socket().await;
    let game = evening.start_game().await;
    let potted = evening.pot(&game, 1, "pink").await;
    let stats = there.next_of("stats").await;
    assert_eq!(stats["user_id"], json!(boris.id));
    evening.end(&game).await;

    let mut told = Vec::new();
    while told.len() < 3 {
        told.push(there.next_of("notification").await["notification"].clone());
    }
    let mut kinds: Vec<&str> = told.iter().map(|told| told["kind"].as_str().unwrap()).collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["achievement_unlocked", "achievement_unlocked", "game_completed"]);

    // Taken back on the other node: what was told, counted and paid is put right on both.
    let path = format!("/api/v1/games/{game}/events/{}", potted["seq"]);
    let (status, answer) = anna.on(&chain.two).delete(&path).await;
    assert!(status.is_success(), "{answer}");
    let corrected = loop {
        let told = there.next_of("notification").await["notification"].clone();
        if told["data"]["is_corrected"] == true {
            break told;
        }
    };
    assert_eq!((&corrected["kind"], &corrected["data"]["net"]), (&json!("game_completed"), &json!(0)));
    for player in [boris.clone(), boris.on(&chain.one)] {
        let path = format!("/api/v1/stats/users/{}", player.id);
        until("the statistics are put right", || async {
            let totals = player.read(&path).await["totals"].clone();
            (totals["balls_potted"] == 0 && totals["wins"] == 0 && totals["nets"]["RUB"] == 0).then_some(())
        })
        .await;
    }
    assert_eq!(evening.nets(&evening.balance().await["participants"]), [0, 0]);

    // Anna was nowhere: what she missed waits for her, on either node.
    let mut late = anna.on(&chain.two).socket().await;
    let waiting = late.next_of("notification").await["notification"].clone();
    assert!(["game_completed", "achievement_unlocked"].contains(&waiting["kind"].as_str().unwrap()), "{waiting}");
}

#[tokio::test]
async fn a_login_that_ends_on_one_node_ends_on_all() {
    let chain = Chain::start().await;
    let anna = chain.one.player("anna").await;
    let there = anna.on(&chain.two);
    let mut socket = there.socket().await;
    let (status, _) = anna.post("/api/v1/auth/logout", json!({"refresh_token": anna.refresh})).await;
    assert_eq!(status, 204);
    assert_eq!(socket.closed().await, Some(4401));
    until("the access token is refused, too", || async {
        (there.get("/api/v1/users/me").await.0 == 401).then_some(())
    })
    .await;
}

#[tokio::test]
async fn workers_consume_and_api_nodes_do_not() {
    let arguments = ["--role", "api", "--admin", "operator"];
    let api = TestApp::start_with(Store::Rabbit, &arguments).await;
    let evening = Evening::open(&api, &["anna", "boris"], kolkhoz()).await;
    let operator = api.player_named("operator").await;
    let game = evening.start_game().await;
    evening.pot(&game, 0, "white").await;
    let queues = async |node: &TestApp| operator.on(node).read("/api/v1/admin/queues").await["items"].clone();
    until("the message waits for a worker", || async {
        let queues = queues(&api).await;
        let waits = |queue: &Value| queue["name"] == "stats.service.queue" && queue["messages"].as_i64() > Some(0);
        queues.as_array().unwrap().iter().any(waits).then_some(())
    })
    .await;

    let worker = api.another_node_as("worker").await;
    let path = format!("/api/v1/stats/users/{}", evening.players[0].id);
    until("the statistics have followed", || async {
        (evening.players[0].read(&path).await["totals"]["balls_potted"] == 1).then_some(())
    })
    .await;
    for (node, works) in [(&api, false), (&worker, true)] {
        let queues = queues(node).await;
        let queues = queues.as_array().unwrap();
        let (own, durable): (Vec<_>, Vec<_>) =
            queues.iter().partition(|queue| queue["name"].as_str().unwrap().starts_with("websocket.broadcast."));
        assert_eq!(durable.len(), 5, "{queues:?}");
        for queue in durable {
            assert_eq!(queue["workers"] == 1, works, "{queue}");
            assert!(queue["target_ms"].as_f64() > Some(0.0), "{queue}");
        }
        // Each node hears for its own sockets, whatever else it does.
        let heard: Vec<_> = own.iter().map(|queue| (&queue["workers"], &queue["target_ms"])).collect();
        assert_eq!(heard, [(&json!(1), &json!(25.0))], "{queues:?}");
        let works_on = async |queue: &str| {
            let metrics = node.anonymous().http.get(format!("{}/metrics", node.base)).send().await.unwrap();
            let metrics = metrics.text().await.unwrap();
            metrics.contains(&format!("artel_queue_workers{{queue_name=\"{queue}\"}} 1"))
        };
        assert_eq!(works_on("game.service.queue").await, works);
        assert!(works_on("websocket.broadcast.*").await);
    }
}
