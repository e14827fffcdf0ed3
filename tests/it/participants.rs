//! Places at the table: joining by code, guests, invitations, leaving, spectators, the right to score.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, has_only_fields, item, refused, wrong_field};
use crate::player::Player;
use crate::table::kolkhoz_with;
use crate::test_app::{TestApp, text};

async fn join(player: &Player, code: &str) -> Value {
    player.done("/api/v1/sessions/join", json!({"code": code})).await
}

#[actix_web::test]
async fn a_code_is_taken_in_any_case_and_joining_twice_is_joining_once() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna"], kolkhoz()).await;
    let boris = app.player("boris").await;
    let joined = answered(boris.post("/api/v1/sessions/join", json!({"code": evening.code.to_lowercase()})).await, 200);
    has_only_fields(&joined, "session participant_id");
    assert_eq!(joined["session"]["id"], evening.session.as_str());
    let participant = item(&joined["session"]["participants"], "id", &text(&joined["participant_id"])).clone();
    assert_eq!((&participant["role"], &participant["user_id"]), (&json!("participant"), &json!(boris.id)));
    assert_eq!((&participant["can_score"], &participant["is_active"]), (&json!(true), &json!(true)));
    let again = join(&boris, &evening.code).await;
    assert_eq!(again["participant_id"], joined["participant_id"]);
    assert_eq!(again["session"]["seq"], joined["session"]["seq"]);
    let mine = join(evening.creator(), &evening.code).await;
    assert_eq!(mine["participant_id"], evening.participants[0].as_str());

    let vera = app.player("vera").await;
    let named = vera.done("/api/v1/sessions/join", json!({"code": evening.code, "display_name": "Вера П."})).await;
    let participant = item(&named["session"]["participants"], "id", &text(&named["participant_id"])).clone();
    assert_eq!(participant["display_name"], "Вера П.");
    for code in ["AAAAAA", "", "x", "АНАННА", "AAAAAAA"] {
        refused(vera.post("/api/v1/sessions/join", json!({"code": code})).await, "not_found");
    }
    wrong_field(vera.post("/api/v1/sessions/join", json!({"code": evening.code, "role": "creator"})).await, "role");
}

#[actix_web::test]
async fn the_invited_see_a_preview_by_code() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let eve = app.player("eve").await;
    let preview = eve.read(&format!("/api/v1/sessions/by-code/{}", evening.code.to_lowercase())).await;
    has_only_fields(&preview, "id name status game_type creator_display_name participants_count max_players");
    assert_eq!((&preview["id"], &preview["name"]), (&json!(evening.session), &json!("Friday")));
    assert_eq!((&preview["status"], &preview["game_type"]), (&json!("waiting"), &json!("kolkhoz")));
    let creator = evening.creator().read("/api/v1/users/me").await;
    assert_eq!(preview["creator_display_name"], creator["display_name"]);
    assert_eq!((&preview["participants_count"], &preview["max_players"]), (&json!(2), &json!(8)));
    refused(eve.get("/api/v1/sessions/by-code/AAAAAA").await, "not_found");
}

#[actix_web::test]
async fn a_full_session_takes_nobody_but_spectators() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz_with(json!({"max_players": 2}))).await;
    let vera = app.player("vera").await;
    refused(vera.post("/api/v1/sessions/join", json!({"code": evening.code})).await, "session_full");
    let guest = evening.creator().post(&evening.path("/participants"), json!({"display_name": "x"})).await;
    refused(guest, "session_full");
    let watching = vera.done("/api/v1/sessions/join", json!({"code": evening.code, "role": "spectator"})).await;
    let participant = item(&watching["session"]["participants"], "id", &text(&watching["participant_id"])).clone();
    assert_eq!((&participant["role"], &participant["can_score"]), (&json!("spectator"), &json!(false)));
}

#[actix_web::test]
async fn a_guest_plays_without_an_account() {
    let app = TestApp::start().await;
    let mut evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let path = evening.path("/participants");
    let added = evening.creator().post(&path, json!({"display_name": "Дядя Ваня"})).await;
    let guest = answered(added, 201);
    assert_eq!((&guest["is_guest"], &guest["user_id"]), (&json!(true), &Value::Null));
    assert_eq!((&guest["is_active"], &guest["can_score"]), (&json!(true), &json!(false)));
    evening.participants[1] = text(&guest["id"]);
    let game = evening.play(&[1, 0], &[&["pink"], &[]]).await;
    assert_eq!(evening.nets(&evening.balance().await["participants"]), [-20_000, 20_000]);
    let results = evening.creator().read(&format!("/api/v1/games/{game}/results")).await;
    assert_eq!(item(&results["results"], "participant_id", &evening.participants[1])["user_id"], Value::Null);
    refused(evening.players[1].post(&path, json!({"display_name": "x"})).await, "insufficient_permissions");
    for body in [json!({}), json!({"display_name": "x", "user_id": evening.players[1].id})] {
        wrong_field(evening.creator().post(&path, body).await, "display_name");
    }
    for name in ["", " ", &"я".repeat(65)] {
        wrong_field(evening.creator().post(&path, json!({"display_name": name})).await, "display_name");
    }
}

#[actix_web::test]
async fn an_invited_account_becomes_active_when_it_joins() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna"], kolkhoz()).await;
    let boris = app.player("boris").await;
    let path = evening.path("/participants");
    refused(boris.get(&evening.path("")).await, "insufficient_permissions");
    let invited = answered(evening.creator().post(&path, json!({"user_id": boris.id})).await, 201);
    assert_eq!((&invited["is_active"], &invited["user_id"]), (&json!(false), &json!(boris.id)));
    let again = answered(evening.creator().post(&path, json!({"user_id": boris.id})).await, 201);
    assert_eq!(again["id"], invited["id"], "an invitation is given once");
    let order = json!({"order": [evening.participants[0], invited["id"]]});
    wrong_field(evening.creator().post(&evening.path("/games"), order).await, "order");
    let joined = join(&boris, &evening.code).await;
    assert_eq!(joined["participant_id"], invited["id"]);
    let participant = item(&joined["session"]["participants"], "id", &text(&invited["id"])).clone();
    assert_eq!((&participant["is_active"], &participant["role"]), (&json!(true), &json!("participant")));
    wrong_field(evening.creator().post(&path, json!({"user_id": Uuid::now_v7()})).await, "user_id");
    refused(boris.post(&path, json!({"user_id": boris.id})).await, "insufficient_permissions");
}

#[actix_web::test]
async fn the_creator_changes_names_and_the_right_to_score() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let participant = evening.path(&format!("/participants/{}", evening.participants[1]));
    let game = evening.start_game().await;
    let events = format!("/api/v1/games/{game}/events");
    let pot = json!({"type": "pot_ball", "participant_id": evening.participants[1], "color": "white"});
    answered(evening.players[1].post(&events, pot.clone()).await, 201);
    refused(evening.players[1].patch(&participant, json!({"can_score": true})).await, "insufficient_permissions");
    let changed = evening.creator().patch(&participant, json!({"display_name": "Борис Б.", "can_score": false})).await;
    let changed = answered(changed, 200);
    assert_eq!((&changed["display_name"], &changed["can_score"]), (&json!("Борис Б."), &json!(false)));
    for (path, body) in [
        (events.clone(), pot.clone()),
        (format!("/api/v1/games/{game}/end"), json!({})),
        (format!("/api/v1/games/{game}/cancel"), json!({})),
        (evening.path("/games"), json!({})),
    ] {
        refused(evening.players[1].post(&path, body).await, "insufficient_permissions");
    }
    refused(evening.players[1].delete(&format!("{events}/4")).await, "insufficient_permissions");
    answered(evening.creator().patch(&participant, json!({"can_score": true})).await, 200);
    answered(evening.players[1].post(&events, pot).await, 201);
    let nobody = evening.path(&format!("/participants/{}", Uuid::now_v7()));
    refused(evening.creator().patch(&nobody, json!({"can_score": true})).await, "not_found");
}

#[actix_web::test]
async fn spectators_watch_and_never_score() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz_with(json!({"order": "always_random"}))).await;
    let vera = app.player("vera").await;
    let watching = vera.done("/api/v1/sessions/join", json!({"code": evening.code, "role": "spectator"})).await;
    let participant = text(&watching["participant_id"]);
    vera.read(&evening.path("")).await;
    let (game, order) = evening.drawn().await;
    assert!(!order.contains(&participant), "a spectator is in no order");
    let pot = json!({"type": "pot_ball", "participant_id": evening.participants[0], "color": "white"});
    refused(vera.post(&format!("/api/v1/games/{game}/events"), pot).await, "insufficient_permissions");
    let path = evening.path(&format!("/participants/{participant}"));
    wrong_field(evening.creator().patch(&path, json!({"can_score": true})).await, "can_score");
    evening.end(&game).await;
    let with_her = json!({"order": [evening.participants[0], participant]});
    wrong_field(evening.creator().post(&evening.path("/games"), with_her).await, "order");
}

#[actix_web::test]
async fn a_participant_leaves_and_comes_back_to_the_same_seat() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris", "vera"], kolkhoz()).await;
    let participant = |player: usize| evening.path(&format!("/participants/{}", evening.participants[player]));
    refused(evening.players[1].delete(&participant(2)).await, "insufficient_permissions");
    answered(evening.players[1].delete(&participant(1)).await, 204);
    let left = evening.state().await["participants"][1].clone();
    assert_eq!(left["is_active"], false);
    assert!(left["left_at"].is_string());
    answered(evening.creator().delete(&participant(2)).await, 204);
    assert_eq!(evening.state().await["participants"][2]["is_active"], false);
    let back = join(&evening.players[1], &evening.code).await;
    assert_eq!(back["participant_id"], evening.participants[1].as_str());
    assert_eq!(back["session"]["participants"][1]["left_at"], Value::Null);
    let log = evening.creator().read(&evening.path("/events?after_seq=3")).await;
    let types: Vec<_> = crate::expect::items(&log).iter().map(|event| text(&event["type"])).collect();
    assert_eq!(types, ["session.player_left", "session.player_removed", "session.player_joined"]);
    let stranger = app.player("eve").await;
    refused(stranger.delete(&participant(1)).await, "insufficient_permissions");
    let nobody = evening.path(&format!("/participants/{}", Uuid::now_v7()));
    refused(evening.creator().delete(&nobody).await, "not_found");
}

#[actix_web::test]
async fn a_creator_who_leaves_hands_the_role_to_the_first_active_account_holder() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna"], kolkhoz()).await;
    evening.creator().done(&evening.path("/participants"), json!({"display_name": "Дядя Ваня"})).await;
    let boris = app.player("boris").await;
    let vera = app.player("vera").await;
    let boris_seat = text(&join(&boris, &evening.code).await["participant_id"]);
    join(&vera, &evening.code).await;
    let creator = evening.path(&format!("/participants/{}", evening.participants[0]));
    refused(boris.delete(&creator).await, "insufficient_permissions");
    answered(evening.creator().delete(&creator).await, 204);
    let session = boris.read(&evening.path("")).await;
    assert_eq!(session["creator_user_id"], boris.id.as_str());
    assert_eq!(item(&session["participants"], "id", &boris_seat)["role"], "creator");
    refused(vera.patch(&evening.path(""), json!({"name": "x"})).await, "insufficient_permissions");
    answered(boris.patch(&evening.path(""), json!({"name": "x"})).await, 200);
}
