//! `Idempotency-Key`: the same key answers the first outcome again and changes nothing.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, items, refused, wrong_field};
use crate::player::answer;
use crate::test_app::{Store, TestApp, text};

async fn events(evening: &Evening) -> Vec<Value> {
    items(&evening.creator().read(&evening.path("/events?limit=200")).await).clone()
}

#[actix_web::test]
async fn the_same_key_answers_the_first_outcome_again() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = evening.creator();
    let key = Uuid::new_v4();
    let order = json!({"order": evening.participants});
    let first = answered(anna.post_with_key(&evening.path("/games"), key, order.clone()).await, 201);
    let again = answered(anna.post_with_key(&evening.path("/games"), key, order).await, 201);
    assert_eq!(first, again);
    let game = text(&first["id"]);

    let key = Uuid::new_v4();
    let path = format!("/api/v1/games/{game}/events");
    let pot = json!({"type": "pot_ball", "participant_id": evening.participants[0], "color": "white"});
    let first = answered(anna.post_with_key(&path, key, pot.clone()).await, 201);
    assert_eq!(first["command_id"], key.to_string());
    let again = answered(anna.post_with_key(&path, key, pot).await, 201);
    assert_eq!(first, again);

    let key = Uuid::new_v4();
    let voided = format!("{path}/{}", first["seq"]);
    let first = answered(anna.delete_with_key(&voided, key).await, 200);
    assert_eq!(answered(anna.delete_with_key(&voided, key).await, 200), first);

    let key = Uuid::new_v4();
    let guest = json!({"display_name": "Дядя Ваня"});
    let first = answered(anna.post_with_key(&evening.path("/participants"), key, guest.clone()).await, 201);
    let again = answered(anna.post_with_key(&evening.path("/participants"), key, guest).await, 201);
    assert_eq!(first["id"], again["id"]);
    let participant = evening.path(&format!("/participants/{}", text(&first["id"])));
    let key = Uuid::new_v4();
    answered(anna.delete_with_key(&participant, key).await, 204);
    answered(anna.delete_with_key(&participant, key).await, 204);

    let key = Uuid::new_v4();
    let end = format!("/api/v1/games/{game}/end");
    let first = answered(anna.post_with_key(&end, key, json!({})).await, 200);
    assert_eq!(answered(anna.post_with_key(&end, key, json!({})).await, 200), first);
    let key = Uuid::new_v4();
    let first = answered(anna.post_with_key(&evening.path("/complete"), key, json!({})).await, 200);
    assert_eq!(answered(anna.post_with_key(&evening.path("/complete"), key, json!({})).await, 200), first);
    let types: Vec<_> = events(&evening).await.iter().map(|event| text(&event["type"])).collect();
    let expected = [
        "session.created",
        "session.player_joined",
        "game.started",
        "game.ball_potted",
        "game.event_voided",
        "session.player_joined",
        "session.player_removed",
        "game.ended",
        "session.completed",
    ];
    assert_eq!(types, expected);
}

#[actix_web::test]
async fn a_session_is_opened_once_for_a_key() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let key = Uuid::new_v4();
    let body = json!({"name": "Friday", "rules": kolkhoz()});
    let first = answered(anna.post_with_key("/api/v1/sessions", key, body.clone()).await, 201);
    let again = answered(anna.post_with_key("/api/v1/sessions", key, body).await, 201);
    assert_eq!(first, again);
    let other = json!({"name": "Saturday", "rules": kolkhoz()});
    refused(anna.post_with_key("/api/v1/sessions", key, other).await, "idempotency_key_reused");
    assert_eq!(items(&anna.read("/api/v1/sessions").await).len(), 1);
}

#[actix_web::test]
async fn the_same_key_with_another_body_is_refused() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let path = format!("/api/v1/games/{game}/events");
    let key = Uuid::new_v4();
    let pot = |color: &str| json!({"type": "pot_ball", "participant_id": evening.participants[0], "color": color});
    answered(evening.creator().post_with_key(&path, key, pot("white")).await, 201);
    refused(evening.creator().post_with_key(&path, key, pot("pink")).await, "idempotency_key_reused");
    let end = format!("/api/v1/games/{game}/end");
    refused(evening.creator().post_with_key(&end, key, json!({})).await, "idempotency_key_reused");
    assert_eq!(events(&evening).await.len(), 4);
}

#[actix_web::test]
async fn the_same_key_of_another_user_is_another_key() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let path = format!("/api/v1/games/{game}/events");
    let key = Uuid::new_v4();
    let pot = |color: &str| json!({"type": "pot_ball", "participant_id": evening.participants[0], "color": color});
    let of_anna = answered(evening.players[0].post_with_key(&path, key, pot("white")).await, 201);
    let of_boris = answered(evening.players[1].post_with_key(&path, key, pot("pink")).await, 201);
    assert_ne!(of_anna["seq"], of_boris["seq"]);
    assert_eq!(of_boris["actor"]["user_id"], evening.players[1].id.as_str());
}

#[actix_web::test]
async fn a_refusal_is_an_outcome_too() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let key = Uuid::new_v4();
    let complete = evening.path("/complete");
    let game = evening.start_game().await;
    refused(evening.creator().post_with_key(&complete, key, json!({})).await, "game_in_progress");
    evening.end(&game).await;
    refused(evening.creator().post_with_key(&complete, key, json!({})).await, "game_in_progress");
    answered(evening.creator().post_with_key(&complete, Uuid::new_v4(), json!({})).await, 200);
}

#[actix_web::test]
async fn keys_survive_a_killed_server() {
    for store in [Store::Sqlite, Store::Postgres] {
        let mut app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
        let game = evening.start_game().await;
        let path = format!("/api/v1/games/{game}/events");
        let (opening, potting) = (Uuid::new_v4(), Uuid::new_v4());
        let body = json!({"name": "Saturday", "rules": kolkhoz()});
        let pot = |color: &str| json!({"type": "pot_ball", "participant_id": evening.participants[0], "color": color});
        let anna = evening.creator();
        let opened = answered(anna.post_with_key("/api/v1/sessions", opening, body.clone()).await, 201);
        let potted = answered(anna.post_with_key(&path, potting, pot("white")).await, 201);
        app.kill_and_restart().await;
        let again = answered(anna.post_with_key("/api/v1/sessions", opening, body).await, 201);
        assert_eq!(again["id"], opened["id"], "{:?}", app.store);
        assert_eq!(answered(anna.post_with_key(&path, potting, pot("white")).await, 201), potted);
        refused(anna.post_with_key(&path, potting, pot("pink")).await, "idempotency_key_reused");
    }
}

#[actix_web::test]
async fn a_key_is_the_same_over_a_socket_and_over_rest() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let key = Uuid::new_v4();
    let pot = json!({"type": "pot_ball", "participant_id": evening.participants[0], "color": "white"});
    let mut socket = evening.creator().socket().await;
    let ack = socket.command_with_id(key, &evening.session, pot.clone()).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    assert_eq!(socket.command_with_id(key, &evening.session, pot).await, ack);
    let foul = json!({"type": "commit_foul", "participant_id": evening.participants[0]});
    let path = format!("/api/v1/games/{game}/events");
    refused(evening.creator().post_with_key(&path, key, foul.clone()).await, "idempotency_key_reused");
    let ack = socket.command(&evening.session, foul).await;
    assert_eq!(items(&evening.creator().read(&path).await).last(), Some(&ack["events"][0]));
}

#[actix_web::test]
async fn a_key_is_a_uuid() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let request = anna.request(reqwest::Method::POST, "/api/v1/sessions").header("idempotency-key", "again");
    wrong_field(answer(request.json(&json!({"name": "x", "rules": kolkhoz()}))).await, "Idempotency-Key");
}

/// Two evenings of the same players, each with a game in progress.
async fn two_evenings(app: &TestApp) -> [(Evening, String); 2] {
    let first = Evening::open(app, &["anna", "boris"], kolkhoz()).await;
    let anna = first.creator().clone();
    let opened = anna.done("/api/v1/sessions", json!({"name": "Saturday", "rules": kolkhoz()})).await;
    let mut second = Evening { session: text(&opened["id"]), code: text(&opened["code"]), ..first.clone() };
    second.participants = vec![text(&opened["participants"][0]["id"])];
    let guest = anna.done(&second.path("/participants"), json!({"display_name": "Uncle Vanya"})).await;
    second.participants.push(text(&guest["id"]));
    let games = [first.start_game().await, second.start_game().await];
    let [of_first, of_second] = games;
    [(first, of_first), (second, of_second)]
}

#[actix_web::test]
async fn a_key_names_one_command_over_all_sessions_and_calls() {
    for store in [Store::Sqlite, Store::Postgres] {
        let mut app = TestApp::start_with(store, &[]).await;
        let [(first, game), (second, other_game)] = two_evenings(&app).await;
        let anna = first.creator();
        let (path, other_path) = (format!("/api/v1/games/{game}/events"), format!("/api/v1/games/{other_game}/events"));
        let (opening, marking, joining) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
        let body = json!({"name": "Sunday", "rules": kolkhoz()});
        let opened = answered(anna.post_with_key("/api/v1/sessions", opening, body.clone()).await, 201);
        let marked = answered(anna.post_with_key(&path, marking, first.ball(0, "white")).await, 201);
        let boris = &first.players[1];
        let join = json!({"code": second.code});
        answered(boris.post_with_key("/api/v1/sessions/join", joining, join).await, 200);
        let before = (first.events().await.len(), second.events().await.len());
        for killed in [false, true] {
            if killed {
                app.kill_and_restart().await;
            }
            for (key, path, body) in [
                (marking, other_path.as_str(), second.ball(0, "white")),
                (marking, &second.path("/participants"), json!({"display_name": "Aunt Vera"})),
                (marking, &first.path("/participants"), json!({"display_name": "Aunt Vera"})),
                (marking, "/api/v1/sessions", body.clone()),
                (opening, &path, first.ball(0, "white")),
                (opening, &second.path("/complete"), json!({})),
                (opening, "/api/v1/sessions", json!({"name": "Monday", "rules": kolkhoz()})),
            ] {
                refused(anna.post_with_key(path, key, body).await, "idempotency_key_reused");
            }
            let elsewhere = json!({"code": opened["code"]});
            refused(boris.post_with_key("/api/v1/sessions/join", joining, elsewhere).await, "idempotency_key_reused");
            let mut socket = anna.socket().await;
            let error = socket.command_with_id(marking, &second.session, second.ball(0, "white")).await;
            assert_eq!(error["code"], "idempotency_key_reused", "{error}");
            // What was asked first is answered as before, and another user's key is another one.
            assert_eq!(answered(anna.post_with_key(&path, marking, first.ball(0, "white")).await, 201), marked);
            let again = answered(anna.post_with_key("/api/v1/sessions", opening, body.clone()).await, 201);
            assert_eq!(again["id"], opened["id"]);
            assert_eq!((first.events().await.len(), second.events().await.len()), before, "{store:?}");
        }
        answered(boris.post_with_key(&other_path, marking, second.ball(0, "white")).await, 201);
    }
}

#[actix_web::test]
async fn a_key_belongs_to_the_game_that_its_path_named() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let first = evening.start_game().await;
    let key = Uuid::new_v4();
    let anna = evening.creator();
    let path = |game: &str| format!("/api/v1/games/{game}/events");
    let marked = answered(anna.post_with_key(&path(&first), key, evening.ball(0, "white")).await, 201);
    evening.end(&first).await;
    let second = evening.start_game().await;
    refused(anna.post_with_key(&path(&second), key, evening.ball(0, "white")).await, "idempotency_key_reused");
    assert_eq!(answered(anna.post_with_key(&path(&first), key, evening.ball(0, "white")).await, 201), marked);
}

#[actix_web::test]
async fn a_key_of_a_command_that_left_nothing_is_no_other_commands() {
    let app = TestApp::start().await;
    let [(first, game), (second, other_game)] = two_evenings(&app).await;
    let (anna, boris) = (first.creator(), &first.players[1]);
    let (refusal, nothing) = (Uuid::new_v4(), Uuid::new_v4());
    refused(anna.post_with_key(&first.path("/complete"), refusal, json!({})).await, "game_in_progress");
    let elsewhere = format!("/api/v1/games/{other_game}/events");
    refused(anna.post_with_key(&elsewhere, refusal, second.ball(0, "white")).await, "idempotency_key_reused");
    let join = json!({"code": first.code});
    answered(boris.post_with_key("/api/v1/sessions/join", nothing, join.clone()).await, 200);
    let here = format!("/api/v1/games/{game}/events");
    refused(boris.post_with_key(&here, nothing, first.ball(0, "white")).await, "idempotency_key_reused");
    let participant = first.path(&format!("/participants/{}", first.participants[1]));
    first.end(&game).await;
    answered(boris.delete(&participant).await, 204);
    let before = first.events().await.len();
    boris.post_with_key("/api/v1/sessions/join", nothing, join).await;
    assert_eq!(first.events().await.len(), before, "the first outcome was that nothing had to change");
}

#[actix_web::test]
async fn used_keys_among_many_commands_hold_up_nobody() {
    for store in [Store::Sqlite, Store::Postgres] {
        let app = TestApp::start_with(store, &[]).await;
        let anna = app.player("anna").await;
        let (used, mut sessions) = (Uuid::new_v4(), Vec::new());
        for n in 0..20 {
            let body = json!({"name": format!("evening {n}"), "rules": kolkhoz()});
            sessions.push(text(&anna.done("/api/v1/sessions", body).await["id"]));
        }
        let guest = |n: usize| json!({"display_name": format!("guest {n}")});
        let path = |n: usize| format!("/api/v1/sessions/{}/participants", sessions[n]);
        answered(anna.post_with_key(&path(0), used, guest(0)).await, 201);
        let twice = Uuid::new_v4();
        let all = (0..60).map(|n| {
            let key = match n {
                5 | 25 => used,
                30 | 31 => twice,
                _ => Uuid::new_v4(),
            };
            let (anna, path, guest) = (&anna, path(n % 20), guest(n));
            async move { anna.post_with_key(&path, key, guest).await.0 }
        });
        let all = futures_util::future::join_all(all).await;
        for (n, status) in all.iter().enumerate().filter(|(n, _)| ![30, 31].contains(n)) {
            assert_eq!(status.as_u16(), if [5, 25].contains(&n) { 409 } else { 201 }, "{store:?}: command {n}");
        }
        let mut race = [all[30].as_u16(), all[31].as_u16()];
        race.sort_unstable();
        assert_eq!(race, [201, 409], "{store:?}: one of two at once");
    }
}

#[actix_web::test]
async fn a_key_is_used_once_over_all_nodes() {
    let one = TestApp::start_with(Store::Rabbit, &[]).await;
    let two = one.another_node().await;
    let [(first, game), (second, other_game)] = two_evenings(&one).await;
    let here = first.creator();
    let there = here.on(&two);
    for _ in 0..5 {
        let key = Uuid::new_v4();
        let (path, other) = (format!("/api/v1/games/{game}/events"), format!("/api/v1/games/{other_game}/events"));
        let (a, b) = futures_util::future::join(
            here.post_with_key(&path, key, first.ball(0, "white")),
            there.post_with_key(&other, key, second.ball(0, "white")),
        )
        .await;
        let mut both = [a.0.as_u16(), b.0.as_u16()];
        both.sort_unstable();
        assert_eq!(both, [201, 409], "{a:?} {b:?}");
    }
}
