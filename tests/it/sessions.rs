//! Sessions: opened, read, listed, changed, ended; their log and their balance.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, has_fields, has_only_fields, items, refused, wrong_field};
use crate::table::{kolkhoz_with, pyramid_with};
use crate::test_app::{TestApp, text};

const SESSION: &str = "id code chat_id name status is_private creator_user_id max_players rules template_id seq \
    fingerprint participants current_game match table games_played created_at started_at completed_at";
const PARTICIPANT: &str = "id user_id display_name role is_guest can_score is_active is_online balance games_played \
    balls_potted joined_at left_at";
const EVENT: &str = "event_id session_id seq type game_id actor command_id correlation_id timestamp data";

#[actix_web::test]
async fn who_opens_a_session_is_its_creator_and_first_participant() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let opened = anna.post("/api/v1/sessions", json!({"name": " Friday ", "rules": kolkhoz()})).await;
    let session = answered(opened, 201);
    has_only_fields(&session, SESSION);
    assert_eq!(session["name"], "Friday");
    assert_eq!(session["status"], "waiting");
    assert_eq!(session["is_private"], true, "private unless told otherwise");
    assert_eq!(session["creator_user_id"], anna.id.as_str());
    assert_eq!((&session["seq"], &session["games_played"]), (&json!(1), &json!(0)));
    assert_eq!((&session["template_id"], &session["current_game"]), (&Value::Null, &Value::Null));
    assert_eq!((&session["started_at"], &session["completed_at"]), (&Value::Null, &Value::Null));
    assert_eq!(session["participants"].as_array().map(Vec::len), Some(1));
    let participant = &session["participants"][0];
    has_only_fields(participant, PARTICIPANT);
    assert_eq!((&participant["role"], &participant["user_id"]), (&json!("creator"), &json!(anna.id)));
    assert_eq!(
        (&participant["is_guest"], &participant["can_score"], &participant["is_active"]),
        (&json!(false), &json!(true), &json!(true))
    );
    assert_eq!(
        (&participant["balance"], &participant["games_played"], &participant["balls_potted"]),
        (&json!(0), &json!(0), &json!(0))
    );
    assert_eq!((&participant["is_online"], &participant["left_at"]), (&json!(false), &Value::Null));
    let rules = &session["rules"];
    for (option, value) in [("last_ball", json!("value")), ("foul", json!({"kind": "subtract", "points": 1}))] {
        assert_eq!(rules[option], value, "an absent option is written out");
    }
    assert_eq!(anna.read(&format!("/api/v1/sessions/{}", text(&session["id"]))).await, session);
}

#[actix_web::test]
async fn a_session_is_opened_by_a_template_or_by_rules() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let templates = anna.read("/api/v1/templates?scope=system").await;
    let template = &items(&templates)[0];
    let body = json!({"name": "x", "template_id": template["id"], "max_players": 4, "is_private": false});
    let session = answered(anna.post("/api/v1/sessions", body).await, 201);
    assert_eq!((&session["rules"], &session["template_id"]), (&template["rules"], &template["id"]));
    assert_eq!((&session["max_players"], &session["is_private"]), (&json!(4), &json!(false)));
    let both = json!({"name": "x", "template_id": template["id"], "rules": kolkhoz()});
    wrong_field(anna.post("/api/v1/sessions", both).await, "rules");
    wrong_field(anna.post("/api/v1/sessions", json!({"name": "x"})).await, "rules");
    let unknown = json!({"name": "x", "template_id": Uuid::now_v7()});
    wrong_field(anna.post("/api/v1/sessions", unknown).await, "template_id");
    for name in ["", "   ", &"x".repeat(101), "a\u{7}b"] {
        wrong_field(anna.post("/api/v1/sessions", json!({"name": name, "rules": kolkhoz()})).await, "name");
    }
}

#[actix_web::test]
async fn a_private_session_is_read_by_its_participants_only() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.play(&[0, 1], &[&["white"], &[]]).await;
    let eve = app.player("eve").await;
    let paths = [
        evening.path(""),
        evening.path("/events"),
        evening.path("/balance"),
        evening.path("/games"),
        evening.path("/stream"),
        format!("/api/v1/games/{game}"),
        format!("/api/v1/games/{game}/events"),
        format!("/api/v1/games/{game}/scores"),
        format!("/api/v1/games/{game}/results"),
    ];
    for path in &paths {
        refused(eve.get(path).await, "insufficient_permissions");
        if !path.ends_with("/stream") {
            evening.players[1].read(path).await;
        }
    }
    answered(evening.creator().patch(&evening.path(""), json!({"is_private": false})).await, 200);
    for path in paths.iter().filter(|path| !path.ends_with("/stream")) {
        eve.read(path).await;
    }
    let seen = items(&eve.read("/api/v1/sessions?scope=public").await).clone();
    assert_eq!(seen.iter().map(|session| text(&session["id"])).collect::<Vec<_>>(), [evening.session.as_str()]);
    assert!(items(&eve.read("/api/v1/sessions").await).is_empty(), "hers are none");
}

#[actix_web::test]
async fn sessions_are_listed_by_status() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let of =
        async |status: &str| items(&evening.creator().read(&format!("/api/v1/sessions?status={status}")).await).len();
    assert_eq!((of("waiting").await, of("in_progress").await), (1, 0));
    let game = evening.start_game().await;
    assert_eq!((of("waiting").await, of("in_progress").await), (0, 1));
    let listed = items(&evening.players[1].read("/api/v1/sessions?scope=mine").await)[0].clone();
    has_only_fields(&listed, SESSION);
    assert_eq!(listed["current_game"]["id"], game.as_str());
    evening.end(&game).await;
    evening.creator().done(&evening.path("/complete"), json!({})).await;
    assert_eq!((of("in_progress").await, of("completed").await, of("cancelled").await), (0, 1, 0));
}

#[actix_web::test]
async fn settings_are_changed_by_the_creator_only() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let path = evening.path("");
    refused(evening.players[1].patch(&path, json!({"name": "Mine"})).await, "insufficient_permissions");
    let changed = answered(evening.creator().patch(&path, json!({"name": "Late", "max_players": 3})).await, 200);
    assert_eq!((&changed["name"], &changed["max_players"], &changed["seq"]), (&json!("Late"), &json!(3), &json!(3)));
    wrong_field(evening.creator().patch(&path, json!({"max_players": 1})).await, "max_players");
    wrong_field(evening.creator().patch(&path, json!({"status": "completed"})).await, "status");
    let same = answered(evening.creator().patch(&path, json!({"name": "Late"})).await, 200);
    assert_eq!(same["seq"], 3, "nothing changed, nothing happened");
}

#[actix_web::test]
async fn rules_change_between_games_and_each_game_keeps_its_own() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let first = evening.start_game().await;
    let pot = evening.pot(&first, 0, "white").await;
    let dearer = json!({"rules": kolkhoz_with(json!({"point_price": 10_000}))});
    refused(evening.creator().patch(&evening.path(""), dearer.clone()).await, "game_in_progress");
    evening.end(&first).await;
    let changed = answered(evening.creator().patch(&evening.path(""), dearer).await, 200);
    assert_eq!(changed["rules"]["point_price"], 10_000);
    evening.play(&[0, 1], &[&["white"], &[]]).await;
    assert_eq!(evening.nets(&evening.balance().await["participants"]), [15_000, -15_000]);
    evening.void(&first, &pot).await;
    assert_eq!(evening.outcome(&first).await.1, [0, 0]);
    assert_eq!(evening.nets(&evening.balance().await["participants"]), [10_000, -10_000]);
    let pyramid = json!({"rules": pyramid_with("americana", json!({}))});
    let changed = answered(evening.creator().patch(&evening.path(""), pyramid).await, 200);
    assert_eq!(changed["rules"]["game_type"], "americana");
    let broken = json!({"rules": kolkhoz_with(json!({"point_price": -1}))});
    wrong_field(evening.creator().patch(&evening.path(""), broken).await, "rules.point_price");
}

#[actix_web::test]
async fn the_creator_hands_the_role_over() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let guest = evening.creator().done(&evening.path("/participants"), json!({"display_name": "Дядя Ваня"})).await;
    let to_guest = json!({"creator_participant_id": guest["id"]});
    wrong_field(evening.creator().patch(&evening.path(""), to_guest).await, "creator_participant_id");
    let to_boris = json!({"creator_participant_id": evening.participants[1]});
    let session = answered(evening.creator().patch(&evening.path(""), to_boris).await, 200);
    assert_eq!(session["creator_user_id"], evening.players[1].id.as_str());
    assert_eq!(
        (&session["participants"][0]["role"], &session["participants"][1]["role"]),
        (&json!("participant"), &json!("creator"))
    );
    refused(evening.players[0].patch(&evening.path(""), json!({"name": "x"})).await, "insufficient_permissions");
    answered(evening.players[1].patch(&evening.path(""), json!({"name": "x"})).await, 200);
}

#[actix_web::test]
async fn the_log_has_no_gaps_and_is_read_in_parts() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    for _ in 0..60 {
        evening.pot(&game, 0, "white").await;
    }
    evening.end(&game).await;
    let (mut seqs, mut after) = (Vec::new(), 0);
    loop {
        let page = evening.creator().read(&evening.path(&format!("/events?after_seq={after}"))).await;
        has_only_fields(&page, "items last_seq");
        assert_eq!(page["last_seq"], 64);
        let Some(last) = items(&page).last() else { break };
        assert!(items(&page).len() <= 50);
        for event in items(&page) {
            // The first has no event before it.
            let links = if event["seq"] == 1 { "hash" } else { "prev_hash hash" };
            has_only_fields(event, &format!("{EVENT} {links}"));
            has_only_fields(&event["actor"], "user_id participant_id");
            seqs.push(event["seq"].as_i64().expect("a seq"));
        }
        after = last["seq"].as_i64().expect("a seq");
    }
    assert_eq!(seqs, (1..=64).collect::<Vec<_>>());
    let two = evening.creator().read(&evening.path("/events?after_seq=3&limit=2")).await;
    assert_eq!(items(&two).iter().map(|event| event["seq"].clone()).collect::<Vec<_>>(), [json!(4), json!(5)]);
    let first = items(&evening.creator().read(&evening.path("/events?limit=1")).await)[0].clone();
    assert_eq!((&first["type"], &first["game_id"]), (&json!("session.created"), &Value::Null));
    assert_eq!(first["actor"], json!({"user_id": evening.players[0].id, "participant_id": evening.participants[0]}));
}

#[actix_web::test]
async fn the_balance_tells_each_game_of_each_participant() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris", "vera"], kolkhoz()).await;
    let first = evening.play(&[0, 1], &[&["pink"], &[]]).await;
    let second = evening.play(&[1, 2], &[&["white"], &[]]).await;
    let running = evening.start_game().await;
    evening.pot(&running, 0, "pink").await;
    let balance = evening.balance().await;
    has_only_fields(&balance, "currency participants settlement");
    assert_eq!(balance["currency"], "RUB");
    assert_eq!(evening.nets(&balance["participants"]), [20_000, -15_000, -5_000]);
    let boris = &balance["participants"][1];
    has_only_fields(boris, "participant_id net games expenses payments");
    let games =
        json!([{"game_id": first, "number": 1, "net": -20_000}, {"game_id": second, "number": 2, "net": 5_000}]);
    assert_eq!(boris["games"], games);
    has_only_fields(&balance["settlement"][0], "from to amount");
    let state = evening.state().await;
    assert_eq!((&state["games_played"], &state["current_game"]["number"]), (&json!(2), &json!(3)));
    assert_eq!(evening.each(&seats_of(&state), "games_played"), [1, 2, 1]);
    assert_eq!(evening.each(&seats_of(&state), "balls_potted"), [2, 1, 0]);
}

/// The participants with their id where results have it.
fn seats_of(state: &Value) -> Value {
    let mut participants = state["participants"].clone();
    for participant in participants.as_array_mut().expect("participants") {
        participant["participant_id"] = participant["id"].clone();
    }
    participants
}

#[actix_web::test]
async fn a_completed_session_takes_no_more_commands() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    refused(evening.creator().post(&evening.path("/complete"), json!({})).await, "game_in_progress");
    evening.end(&game).await;
    refused(evening.players[1].post(&evening.path("/complete"), json!({})).await, "insufficient_permissions");
    let session = answered(evening.creator().post(&evening.path("/complete"), json!({})).await, 200);
    assert_eq!(session["status"], "completed");
    assert!(session["completed_at"].is_string());
    for (path, body) in [
        ("/complete", json!({})),
        ("/cancel", json!({})),
        ("/games", json!({"order": evening.participants})),
        ("/participants", json!({"display_name": "x"})),
    ] {
        refused(evening.creator().post(&evening.path(path), body).await, "session_closed");
    }
    refused(evening.creator().patch(&evening.path(""), json!({"name": "x"})).await, "session_closed");
    let late = app.player("late").await;
    refused(late.post("/api/v1/sessions/join", json!({"code": evening.code})).await, "session_not_open");
    assert_eq!(evening.state().await, session);
}

#[actix_web::test]
async fn a_cancelled_session_cancels_its_game() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    evening.pot(&game, 0, "pink").await;
    refused(evening.players[1].post(&evening.path("/cancel"), json!({})).await, "insufficient_permissions");
    let session = answered(evening.creator().post(&evening.path("/cancel"), json!({})).await, 200);
    assert_eq!((&session["status"], &session["current_game"]), (&json!("cancelled"), &Value::Null));
    assert_eq!(evening.game(&game).await["status"], "cancelled");
    assert_eq!(evening.nets(&evening.balance().await["participants"]), [0, 0]);
    let types: Vec<_> = items(&evening.creator().read(&evening.path("/events?after_seq=4")).await).to_vec();
    assert_eq!(
        types.iter().map(|event| text(&event["type"])).collect::<Vec<_>>(),
        ["game.cancelled", "session.cancelled"]
    );
    has_fields(&types[0], EVENT);
}
