//! Who sees what (contract, section 2.3): who was removed, who left, who is invited, who may know the join code.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::command_line::sqlite;
use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, items, refused};
use crate::test_app::{Store, TestApp, text, until};

/// Everything that an account can read of a session.
const READS: [&str; 6] = ["", "/events", "/balance", "/games", "/preview", "/stream"];

#[tokio::test]
async fn who_was_removed_reads_nothing_and_comes_back_by_invitation_only() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (anna, boris) = (&evening.players[0], &evening.players[1]);
    let game = evening.start_game().await;
    let mut socket = boris.socket().await;
    socket.subscribe(&evening.session, None).await;
    let participant = evening.path(&format!("/participants/{}", evening.participants[1]));
    until("boris is online", async || (evening.state().await["participants"][1]["is_online"] == true).then_some(()))
        .await;
    answered(anna.delete(&participant).await, 204);

    assert_eq!(socket.next_of("error").await["code"], "participant_removed");
    for path in READS {
        refused(boris.get(&evening.path(path)).await, "participant_removed");
    }
    refused(boris.get(&format!("/api/v1/games/{game}")).await, "participant_removed");
    refused(
        boris.get(&format!("/api/v1/stats/sessions/{}/order-fairness", evening.session)).await,
        "participant_removed",
    );
    refused(boris.get(&format!("/api/v1/sessions/by-code/{}", evening.code)).await, "participant_removed");
    refused(boris.post("/api/v1/sessions/join", json!({"code": evening.code})).await, "participant_removed");
    refused(boris.post("/api/v1/sessions/join", json!({"session_id": evening.session})).await, "participant_removed");
    assert_eq!(evening.state().await["participants"][1]["is_online"], false, "though the socket is open");
    assert_eq!(items(&boris.read("/api/v1/sessions").await), &Vec::<Value>::new());
    // A public session is no way around it.
    answered(anna.patch(&evening.path(""), json!({"is_private": false})).await, 200);
    refused(boris.get(&evening.path("")).await, "participant_removed");
    assert_eq!(items(&boris.read("/api/v1/sessions?scope=public").await), &Vec::<Value>::new());
    answered(anna.patch(&evening.path(""), json!({"is_private": true})).await, 200);

    answered(anna.post(&evening.path("/participants"), json!({"user_id": boris.id})).await, 201);
    let joined = boris.done("/api/v1/sessions/join", json!({"code": evening.code})).await;
    assert_eq!(joined["participant_id"], evening.participants[1]);
    boris.read(&evening.path("")).await;
}

#[tokio::test]
async fn the_invited_see_the_preview_and_join_without_a_code() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna"], kolkhoz()).await;
    let boris = app.player("boris").await;
    answered(evening.creator().post(&evening.path("/participants"), json!({"user_id": boris.id})).await, 201);
    for path in READS.into_iter().filter(|path| *path != "/preview") {
        refused(boris.get(&evening.path(path)).await, "insufficient_permissions");
    }
    assert_eq!(items(&boris.read("/api/v1/sessions").await), &Vec::<Value>::new());
    let by_id = boris.read(&evening.path("/preview")).await;
    assert_eq!(by_id, boris.read(&format!("/api/v1/sessions/by-code/{}", evening.code)).await);
    let told =
        until("the invitation", async || items(&boris.read("/api/v1/notifications").await).first().cloned()).await;
    assert_eq!(told["data"]["session_id"], evening.session.as_str());
    assert!(!told.to_string().contains(&evening.code), "{told}");

    let stranger = app.player("stranger").await;
    refused(stranger.get(&evening.path("/preview")).await, "insufficient_permissions");
    refused(
        stranger.post("/api/v1/sessions/join", json!({"session_id": evening.session})).await,
        "insufficient_permissions",
    );
    for neither in [json!({}), json!({"session_id": evening.session, "code": evening.code})] {
        refused(boris.post("/api/v1/sessions/join", neither).await, "validation_failed");
    }
    let joined = boris.done("/api/v1/sessions/join", json!({"session_id": evening.session})).await;
    assert_eq!(joined["session"]["code"], evening.code, "who sits at the table may let others in");
}

#[tokio::test]
async fn who_left_still_reads_and_has_no_code() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let boris = &evening.players[1];
    assert_eq!(boris.read(&evening.path("")).await["code"], evening.code);
    answered(boris.delete(&evening.path(&format!("/participants/{}", evening.participants[1]))).await, 204);
    assert_eq!(boris.read(&evening.path("")).await["code"], Value::Null);
    boris.read(&evening.path("/balance")).await;
    assert_eq!(items(&boris.read("/api/v1/sessions").await)[0]["code"], Value::Null);
    refused(
        boris.post("/api/v1/sessions/join", json!({"session_id": evening.session})).await,
        "insufficient_permissions",
    );
    boris.done("/api/v1/sessions/join", json!({"code": evening.code})).await;
}

#[tokio::test]
async fn the_join_code_is_told_to_those_at_the_table_and_stands_in_no_event() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = evening.creator();
    answered(anna.patch(&evening.path(""), json!({"is_private": false})).await, 200);
    let (stranger, spectator) = (app.player("stranger").await, app.player("spectator").await);
    let joined = spectator.done("/api/v1/sessions/join", json!({"code": evening.code, "role": "spectator"})).await;
    assert_eq!(joined["session"]["code"], Value::Null);
    for reader in [&stranger, &spectator] {
        assert_eq!(reader.read(&evening.path("")).await["code"], Value::Null);
        assert_eq!(items(&reader.read("/api/v1/sessions?scope=public").await)[0]["code"], Value::Null);
        let mut socket = reader.socket().await;
        assert_eq!(socket.subscribe(&evening.session, None).await["session"]["code"], Value::Null);
        let log = socket.subscribe(&evening.session, Some(0)).await;
        assert_eq!(log["events"][0]["type"], "session.created");
        assert!(!log.to_string().contains(&evening.code), "{log}");
    }
    for player in &evening.players {
        assert_eq!(player.read(&evening.path("")).await["code"], evening.code);
        assert_eq!(items(&player.read("/api/v1/sessions").await)[0]["code"], evening.code);
        assert_eq!(player.socket().await.subscribe(&evening.session, None).await["session"]["code"], evening.code);
    }
    let log = anna.read(&evening.path("/events")).await;
    assert_eq!(log["items"][0]["type"], "session.created");
    assert!(log["items"][0]["data"].get("code").is_none() && !log.to_string().contains(&evening.code), "{log}");
}

#[tokio::test]
async fn a_new_code_voids_the_old_one_at_once_and_the_same_key_makes_no_other() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (anna, boris) = (evening.creator(), &evening.players[1]);
    let mut socket = boris.socket().await;
    socket.subscribe(&evening.session, None).await;
    refused(boris.post(&evening.path("/code"), json!({})).await, "insufficient_permissions");
    let key = Uuid::new_v4();
    let changed = answered(anna.post_with_key(&evening.path("/code"), key, json!({})).await, 200);
    let code = text(&changed["code"]);
    assert!(code.len() == 6 && code != evening.code, "{code}");
    let told = socket.next_of("event").await;
    assert_eq!(
        (&told["event"]["type"], &told["event"]["data"]),
        (&json!("session.settings_changed"), &json!({"code_changed": true}))
    );
    assert_eq!(boris.read(&evening.path("")).await["code"], code.as_str());
    let again = answered(anna.post_with_key(&evening.path("/code"), key, json!({})).await, 200);
    assert_eq!((&again["code"], &again["seq"]), (&changed["code"], &changed["seq"]));

    let vera = app.player("vera").await;
    refused(vera.get(&format!("/api/v1/sessions/by-code/{}", evening.code)).await, "not_found");
    refused(vera.post("/api/v1/sessions/join", json!({"code": evening.code})).await, "not_found");
    vera.done("/api/v1/sessions/join", json!({"code": code})).await;
    let agrees = app.command(&["replay", &evening.session]);
    assert!(agrees.status.success(), "{}", String::from_utf8_lossy(&agrees.stdout));
    assert!(!anna.read(&evening.path("/events")).await.to_string().contains(&code));
}

#[tokio::test]
async fn a_code_that_an_earlier_version_wrote_into_the_log_is_not_shown() {
    let mut app = TestApp::start_with(Store::Sqlite, &[]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (status, _) = app.terminate().await;
    assert_eq!(status, Some(0));
    // As it stands in logs of earlier versions.
    let code = &evening.code;
    sqlite(&app, &format!("UPDATE event SET body = json_set(body, '$.data.code', '{code}') WHERE seq = 1"));
    app.restart().await;
    let log = evening.creator().read(&evening.path("/events")).await;
    assert_eq!(log["items"][0]["data"]["name"], "Friday");
    assert!(!log.to_string().contains(&evening.code), "{log}");
    let told = evening.creator().socket().await.subscribe(&evening.session, Some(0)).await;
    assert!(!told.to_string().contains(&evening.code), "{told}");
    assert_eq!(evening.state().await["code"], evening.code);
}

#[tokio::test]
async fn a_spectator_becomes_a_player_where_a_place_is_free() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let sofia = app.player("sofia").await;
    let join = |role: &str| json!({"code": evening.code, "role": role});
    let watching = sofia.done("/api/v1/sessions/join", join("spectator")).await;
    answered(evening.creator().patch(&evening.path(""), json!({"max_players": 2})).await, 200);
    refused(sofia.post("/api/v1/sessions/join", join("participant")).await, "session_full");
    answered(evening.creator().patch(&evening.path(""), json!({"max_players": 3})).await, 200);
    let playing = sofia.done("/api/v1/sessions/join", join("participant")).await;
    assert_eq!(playing["participant_id"], watching["participant_id"]);
    let participant = &playing["session"]["participants"][2];
    assert_eq!((&participant["role"], &participant["can_score"]), (&json!("participant"), &json!(true)));
    evening.start_game().await;
    refused(evening.players[1].post("/api/v1/sessions/join", join("spectator")).await, "game_in_progress");
    let back = sofia.done("/api/v1/sessions/join", join("spectator")).await;
    assert_eq!(back["session"]["participants"][2]["role"], "spectator");
}

#[tokio::test]
async fn the_turn_passes_on_when_its_player_is_gone() {
    let app = TestApp::start().await;
    let mut rules = kolkhoz();
    rules["enforce_turns"] = json!(true);
    let evening = Evening::open(&app, &["anna", "boris", "vera"], rules).await;
    let (anna, boris) = (evening.creator(), &evening.players[1]);
    let game = evening.start_game().await;
    let events = format!("/api/v1/games/{game}/events");
    anna.done(&events, json!({"type": "end_turn", "participant_id": evening.participants[0]})).await;
    let mut socket = anna.socket().await;
    socket.subscribe(&evening.session, None).await;
    answered(boris.delete(&evening.path(&format!("/participants/{}", evening.participants[1]))).await, 204);
    let left = socket.next_of("event").await;
    assert_eq!(left["event"]["data"]["current_participant_id"], evening.participants[2].as_str(), "{left}");
    let scores = anna.read(&format!("/api/v1/games/{game}/scores")).await;
    assert_eq!(scores["current_participant_id"], evening.participants[2].as_str());
    refused(anna.post(&events, evening.ball(1, "white")).await, "not_your_turn");
    let marked = answered(anna.post(&events, evening.ball(2, "white")).await, 201);
    assert_eq!(marked["data"]["next_participant_id"], evening.participants[2].as_str());
    let agrees = app.command(&["replay", &evening.session]);
    assert!(agrees.status.success(), "{}", String::from_utf8_lossy(&agrees.stdout));
}

#[tokio::test]
async fn the_events_of_a_game_come_by_pages() {
    let app = TestApp::start_with(Store::chosen(), &["--commands-per-second", "10000"]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = evening.creator();
    let first = evening.start_game().await;
    for _ in 0..60 {
        evening.pot(&first, 0, "white").await;
    }
    evening.end(&first).await;
    let second = evening.start_game().await;
    evening.pot(&second, 1, "pink").await;
    // A correction of the first game comes after those of the second.
    let log = anna.read(&format!("/api/v1/games/{first}/events?limit=3")).await;
    let (started, pot) = (log["items"][0]["seq"].as_i64().unwrap(), log["items"][1]["seq"].as_i64().unwrap());
    let voided = answered(anna.delete(&format!("/api/v1/games/{first}/events/{pot}")).await, 200);

    let (mut seqs, mut after, mut pages) = (Vec::new(), 0, 0);
    loop {
        let page = anna.read(&format!("/api/v1/games/{first}/events?after_seq={after}")).await;
        assert_eq!(page["last_seq"], voided["seq"], "the last one of this game");
        assert!(items(&page).len() <= 50 && items(&page).iter().all(|event| event["game_id"] == first.as_str()));
        seqs.extend(items(&page).iter().map(|event| event["seq"].as_i64().unwrap()));
        pages += 1;
        after = *seqs.last().unwrap();
        if after == page["last_seq"].as_i64().unwrap() {
            break;
        }
    }
    let expected: Vec<i64> = (started..=started + 61).chain([voided["seq"].as_i64().unwrap()]).collect();
    assert_eq!((seqs, pages), (expected, 2));
    refused(anna.get(&format!("/api/v1/games/{first}/events?limit=201")).await, "validation_failed");
    let rest = anna.read(&format!("/api/v1/games/{second}/events?after_seq={after}")).await;
    assert_eq!(items(&rest), &Vec::<Value>::new());
}
