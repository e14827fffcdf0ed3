//! Games: started, marked, ended, cancelled; what they look like to clients.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, has_fields, has_only_fields, is_time, items, refused, wrong_field};
use crate::table::counted_with;
use crate::test_app::{TestApp, text, until};

const GAME: &str = "id session_id number status order current_participant_id scores remaining results started_at \
    ended_at duration_seconds";

#[actix_web::test]
async fn a_game_has_the_fields_of_the_contract_from_start_to_end() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let order = json!({"order": evening.participants});
    let game = answered(evening.creator().post(&evening.path("/games"), order).await, 201);
    has_fields(&game, GAME);
    assert_eq!((&game["session_id"], &game["number"]), (&json!(evening.session), &json!(1)));
    assert_eq!((&game["status"], &game["order"]), (&json!("in_progress"), &json!(evening.participants)));
    assert_eq!(game["current_participant_id"], evening.participants[0].as_str());
    assert_eq!((&game["results"], &game["ended_at"]), (&Value::Null, &Value::Null));
    has_fields(&game["scores"][0], "participant_id points balls_potted fouls");
    assert_eq!(game["remaining"][0], json!({"color": "white", "count": null}));
    let id = text(&game["id"]);
    assert_eq!(evening.game(&id).await, game);
    assert_eq!(evening.state().await["current_game"], game);
    assert_eq!(items(&evening.creator().read(&evening.path("/games")).await), &[game]);

    evening.pot(&id, 0, "pink").await;
    let scores = evening.creator().read(&format!("/api/v1/games/{id}/scores")).await;
    has_only_fields(&scores, "game_id status current_participant_id scores remaining");
    assert_eq!(evening.each(&scores["scores"], "points"), [4, 0]);
    refused(evening.creator().get(&format!("/api/v1/games/{id}/results")).await, "game_not_ended");

    let reason = json!({"reason": "Зал закрывается"});
    let ended = answered(evening.creator().post(&format!("/api/v1/games/{id}/end"), reason).await, 200);
    has_fields(&ended, GAME);
    assert_eq!((&ended["status"], &ended["current_participant_id"]), (&json!("completed"), &Value::Null));
    is_time(&ended["ended_at"]);
    assert!(ended["duration_seconds"].is_i64());
    let results = evening.creator().read(&format!("/api/v1/games/{id}/results")).await;
    has_only_fields(&results, "game_id results");
    assert_eq!(results["results"], ended["results"]);
    let first = json!({
        "participant_id": evening.participants[0], "user_id": evening.players[0].id, "place": 1, "points": 4,
        "balls_potted": 1, "fouls": 0, "earned": 20_000, "paid": 0, "net": 20_000,
    });
    assert_eq!(results["results"][0], first);
    let log = evening.creator().read(&format!("/api/v1/games/{id}/events")).await;
    let data = &items(&log).last().expect("an end")["data"];
    has_fields(data, "reason duration_seconds results winner_participant_ids");
    assert_eq!((&data["reason"], &data["results"]), (&json!("Зал закрывается"), &ended["results"]));
    assert_eq!(data["winner_participant_ids"], json!([evening.participants[0]]));
}

#[actix_web::test]
async fn each_mark_is_an_event_with_the_data_of_the_contract() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let by = |kind: &str, more: Value| {
        let mut command = json!({"type": kind, "participant_id": evening.participants[0]});
        command.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        command
    };
    let pot = by("pot_ball", json!({"color": "yellow", "note": "От борта"}));
    let event = answered(evening.score(&game, pot).await, 201);
    assert_eq!((&event["type"], &event["seq"]), (&json!("game.ball_potted"), &json!(4)));
    assert_eq!((&event["game_id"], &event["session_id"]), (&json!(game), &json!(evening.session)));
    let actor = json!({"user_id": evening.players[0].id, "participant_id": evening.participants[0]});
    assert_eq!(event["actor"], actor);
    let data = &event["data"];
    has_fields(data, "participant_id color points total_score balls_potted next_participant_id note");
    assert_eq!((&data["color"], &data["points"], &data["note"]), (&json!("yellow"), &json!(2), &json!("От борта")));
    assert_eq!((&data["total_score"], &data["balls_potted"]), (&json!(2), &json!(1)));

    let event = answered(evening.score(&game, by("commit_foul", json!({"reason": "Выскок"}))).await, 201);
    assert_eq!(event["type"], "game.foul_committed");
    has_fields(&event["data"], "participant_id points total_score awarded_to reason next_participant_id");
    assert_eq!((&event["data"]["total_score"], &event["data"]["reason"]), (&json!(1), &json!("Выскок")));

    let event = answered(evening.score(&game, by("end_turn", json!({"reason": "safety"}))).await, 201);
    assert_eq!((&event["type"], &event["data"]["reason"]), (&json!("game.turn_changed"), &json!("safety")));
    let log = evening.creator().read(&format!("/api/v1/games/{game}/events")).await;
    has_fields(&log, "items");
    let types: Vec<_> = items(&log).iter().map(|event| text(&event["type"])).collect();
    assert_eq!(types, ["game.started", "game.ball_potted", "game.foul_committed", "game.turn_changed"]);
    assert!(items(&log).iter().all(|event| event["game_id"] == game.as_str()));
}

#[actix_web::test]
async fn wrong_marks_are_refused_by_their_codes() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], counted_with(json!({}))).await;
    let game = evening.start_game().await;
    let pot = |color: &str| json!({"type": "pot_ball", "participant_id": evening.participants[0], "color": color});
    for color in ["purple", "blue", "", "WHITE", "белый"] {
        refused(evening.score(&game, pot(color)).await, "unknown_ball");
    }
    evening.pot(&game, 0, "white").await;
    refused(evening.score(&game, pot("white")).await, "ball_not_available");
    let by = |participant: &Value, more: Value| {
        let mut command = json!({"type": "commit_foul", "participant_id": participant});
        command.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        command
    };
    let anna = json!(evening.participants[0]);
    wrong_field(evening.score(&game, by(&json!(Uuid::now_v7()), json!({}))).await, "participant_id");
    refused(evening.score(&game, by(&json!("x"), json!({}))).await, "validation_failed");
    for points in [0, -1, 101, i64::MAX] {
        wrong_field(evening.score(&game, by(&anna, json!({"points": points}))).await, "points");
    }
    wrong_field(evening.score(&game, by(&anna, json!({"reason": "x".repeat(201)}))).await, "reason");
    refused(evening.score(&game, by(&anna, json!({"colour": "white"}))).await, "validation_failed");
    for kind in ["start_game", "end_game", "cancel_game", "complete_session", "dance", ""] {
        refused(evening.score(&game, json!({"type": kind})).await, "validation_failed");
    }
    refused(evening.score(&game, json!({})).await, "validation_failed");
    refused(evening.score(&Uuid::now_v7().to_string(), pot("pink")).await, "not_found");
    let eve = app.player("eve").await;
    refused(eve.post(&format!("/api/v1/games/{game}/events"), pot("pink")).await, "insufficient_permissions");
    assert_eq!(evening.state().await["seq"], 4, "nothing refused is in the log");
}

#[actix_web::test]
async fn one_game_at_a_time_and_only_the_game_in_progress_is_marked() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let first = evening.start_game().await;
    let order = json!({"order": evening.participants});
    refused(evening.creator().post(&evening.path("/games"), order).await, "game_in_progress");
    evening.end(&first).await;
    let second = evening.start_game().await;
    assert_eq!(evening.game(&second).await["number"], 2);
    let pot = json!({"type": "pot_ball", "participant_id": evening.participants[0], "color": "white"});
    refused(evening.score(&first, pot).await, "game_not_active");
    for end in ["end", "cancel"] {
        refused(evening.creator().post(&format!("/api/v1/games/{first}/{end}"), json!({})).await, "game_not_active");
    }
    assert_eq!(items(&evening.creator().read(&evening.path("/games")).await).len(), 2);
    let page = evening.creator().read(&evening.path("/games?limit=1")).await;
    assert_eq!(items(&page)[0]["id"], first.as_str());
    let cursor = text(&page["next_cursor"]);
    let page = evening.creator().read(&evening.path(&format!("/games?limit=1&cursor={cursor}"))).await;
    assert_eq!((&items(&page)[0]["id"], &page["next_cursor"]), (&json!(second), &Value::Null));
}

#[actix_web::test]
async fn a_cancelled_game_counts_for_nothing() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    evening.pot(&game, 0, "pink").await;
    let cancelled = answered(evening.creator().post(&format!("/api/v1/games/{game}/cancel"), json!({})).await, 200);
    assert_eq!((&cancelled["status"], &cancelled["results"]), (&json!("cancelled"), &Value::Null));
    refused(evening.creator().get(&format!("/api/v1/games/{game}/results")).await, "game_not_ended");
    assert_eq!(evening.nets(&evening.balance().await["participants"]), [0, 0]);
    assert_eq!(evening.state().await["games_played"], 0);
}

#[actix_web::test]
async fn too_few_players_start_no_game() {
    let app = TestApp::start().await;
    let anna = app.player("anna").await;
    let mut rules = kolkhoz();
    rules["order"] = json!("always_random");
    let session = anna.done("/api/v1/sessions", json!({"name": "x", "rules": rules})).await;
    let games = format!("/api/v1/sessions/{}/games", text(&session["id"]));
    refused(anna.post(&games, json!({})).await, "not_enough_players");
}

#[actix_web::test]
async fn statistics_follow_what_is_marked_and_ended() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let path = format!("/api/v1/stats/users/{}", evening.players[0].id);
    let fresh = evening.creator().read(&path).await;
    has_only_fields(&fresh, "user_id totals by_game_type ratings");
    has_only_fields(
        &fresh["totals"],
        "games wins losses win_rate points balls_potted fouls best_score nets streak best_game balls_by_color breaks",
    );
    assert_eq!((&fresh["totals"]["games"], &fresh["by_game_type"]), (&json!(0), &json!({})));

    let game = evening.start_game().await;
    evening.pot(&game, 0, "pink").await;
    evening.foul(&game, 0, None).await;
    let totals = until("marks count at once", async || {
        let totals = evening.creator().read(&path).await["totals"].clone();
        (totals["fouls"] == 1).then_some(totals)
    })
    .await;
    assert_eq!((&totals["points"], &totals["balls_potted"]), (&json!(3), &json!(1)));
    assert_eq!((&totals["games"], &totals["nets"]), (&json!(0), &json!({})));
    evening.end(&game).await;
    let lost = evening.play(&[0, 1], &[&[], &["white"]]).await;
    let statistics = until("both games count", async || {
        let statistics = evening.creator().read(&path).await;
        (statistics["totals"]["games"] == 2).then_some(statistics)
    })
    .await;
    let totals = &statistics["totals"];
    assert_eq!((&totals["wins"], &totals["losses"], &totals["win_rate"]), (&json!(1), &json!(1), &json!(0.5)));
    assert_eq!(
        (&totals["points"], &totals["best_score"], &totals["nets"]),
        (&json!(3), &json!(3), &json!({"RUB": 10_000}))
    );
    assert_eq!(&statistics["by_game_type"]["kolkhoz"], totals);
    assert_eq!(evening.outcome(&lost).await.1, [-5_000, 5_000]);
}
