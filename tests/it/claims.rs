//! A name that the host typed becomes somebody's: asked for, confirmed once, and counted as if it had always been his.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::evening::{Evening, kolkhoz};
use crate::expect::{answered, items, refused, wrong_field};
use crate::guests::alter;
use crate::player::Player;
use crate::test_app::{Store, TestApp, text, until, until_for};

const BOTH: [Store; 2] = [Store::Sqlite, Store::Postgres];

/// An evening of Anna's with a guest who has no phone, who has won one game and lost another.
async fn evening_with_guest(app: &TestApp) -> Evening {
    let mut evening = Evening::open(app, &["anna"], kolkhoz()).await;
    let guest = evening.players[0].done(&evening.path("/participants"), json!({"display_name": "Uncle"})).await;
    evening.participants.push(text(&guest["id"]));
    for (winner, loser) in [(1, 0), (0, 1)] {
        let game = evening.start_game().await;
        for color in ["pink", "yellow"] {
            evening.pot(&game, winner, color).await;
        }
        evening.pot(&game, loser, "white").await;
        evening.end(&game).await;
    }
    evening
}

fn claim_path(evening: &Evening, rest: &str) -> String {
    evening.path(&format!("/participants/{}/claim{rest}", evening.participants[1]))
}

async fn ask(evening: &Evening, by: &Player) -> Value {
    answered(by.post(&claim_path(evening, ""), json!({})).await, 201)
}

async fn confirm(evening: &Evening, of: &Player) -> (StatusCode, Value) {
    evening.players[0].post(&claim_path(evening, "/confirm"), json!({"user_id": of.id})).await
}

/// What the log says of the games of a place: ended ones, won ones, points, balls, fouls and money.
async fn of_the_log(evening: &Evening, participant: &str) -> [i64; 6] {
    let mut sums = [0; 6];
    for event in evening.events().await {
        let number = |value: &Value| value.as_i64().expect("a number");
        if event["type"] == "game.event_voided" {
            panic!("this sum knows no voids");
        }
        if event["type"] != "game.ended" {
            continue;
        }
        let results = event["data"]["results"].as_array().expect("results");
        let Some(result) = results.iter().find(|result| result["participant_id"] == participant) else { continue };
        let winners = event["data"]["winner_participant_ids"].as_array().expect("winners");
        let won = i64::from(winners.contains(&json!(participant)));
        let figures = ["points", "balls_potted", "fouls", "net"].map(|name| number(&result[name]));
        for (sum, figure) in sums.iter_mut().zip([1, won].into_iter().chain(figures)) {
            *sum += figure;
        }
    }
    sums
}

async fn statistics(player: &Player) -> [i64; 6] {
    let totals = player.read(&format!("/api/v1/stats/users/{}", player.id)).await["totals"].clone();
    let figure = |name: &str| totals[name].as_i64().expect("a number");
    let net = totals["nets"]["RUB"].as_i64().unwrap_or_default();
    [figure("games"), figure("wins"), figure("points"), figure("balls_potted"), figure("fouls"), net]
}

async fn achievements(player: &Player) -> Vec<String> {
    let earned = player.read(&format!("/api/v1/stats/users/{}/achievements", player.id)).await;
    let mut codes: Vec<String> = items(&earned).iter().map(|one| text(&one["code"])).collect();
    codes.sort();
    codes
}

#[actix_web::test]
async fn a_place_becomes_somebodys_with_all_that_was_played_there() {
    for store in BOTH {
        let mut app = TestApp::start_with(store, &[]).await;
        let evening = evening_with_guest(&app).await;
        let (anna, boris) = (evening.players[0].clone(), app.player("boris").await);
        let (guest, before) = (evening.participants[1].clone(), evening.balance().await);
        let payment = json!({"from": evening.participants[0], "to": guest, "amount": 100});
        anna.done(&evening.path("/payments"), payment).await;
        let paid = evening.balance().await;
        assert_ne!(before, paid);

        let asked = ask(&evening, &boris).await;
        assert_eq!(asked, json!({"participant_id": guest, "user_id": boris.id, "status": "waiting"}));
        refused(boris.get(&evening.path("")).await, "insufficient_permissions");
        assert_eq!(statistics(&boris).await, [0; 6]);
        let waiting = evening.state().await["claims"].clone();
        assert_eq!((&waiting[0]["participant_id"], &waiting[0]["user_id"]), (&json!(guest), &json!(boris.id)));
        assert!(waiting[0]["display_name"].is_string());

        let place = answered(confirm(&evening, &boris).await, 200);
        assert_eq!(
            (&place["id"], &place["user_id"], &place["is_guest"], &place["can_score"], &place["display_name"]),
            (&json!(guest), &json!(boris.id), &json!(false), &json!(true), &json!("Uncle"))
        );
        assert_eq!(evening.balance().await, paid, "no money moves");
        let last = evening.events().await.pop().expect("an event");
        assert_eq!(
            (&last["type"], &last["data"], &last["actor"]["user_id"]),
            (
                &json!("session.participant_claimed"),
                &json!({"participant_id": guest, "user_id": boris.id}),
                &json!(anna.id)
            )
        );
        let expected = of_the_log(&evening, &guest).await;
        assert_eq!(expected[..2], [2, 1]);
        let counted = || async { (statistics(&boris).await == expected).then_some(()) };
        until(&format!("both games are counted, {store:?}"), counted).await;
        let earned = until("achievements", || async {
            let earned = achievements(&boris).await;
            (!earned.is_empty()).then_some(earned)
        });
        let earned = earned.await;
        assert!(["first_game", "first_win"].iter().all(|code| earned.contains(&code.to_string())), "{earned:?}");
        let told = || async {
            let told = boris.read("/api/v1/notifications").await;
            let of_kind = |kind: &str| items(&told).iter().filter(|one| one["kind"] == kind).count();
            (of_kind("achievement_unlocked") == earned.len()).then(|| of_kind("game_completed"))
        };
        assert_eq!(until("he is told of achievements", told).await, 0, "and of no game of long ago");
        assert_eq!(statistics(&anna).await, of_the_log(&evening, &evening.participants[0]).await);
        assert_eq!(items(&boris.read("/api/v1/sessions?scope=mine").await).len(), 1);
        let ledger = boris.read(&evening.path(&format!("/participants/{guest}/ledger"))).await;
        assert_eq!(ledger["balance"], evening.state().await["participants"][1]["balance"]);

        // From nothing, by the log alone.
        app.kill();
        for table in ["game_player", "achievement", "consumer_cursor"] {
            alter(&app, &format!("DELETE FROM {table}"));
        }
        app.restart().await;
        let game = evening.start_game().await;
        evening.pot(&game, 1, "white").await;
        let [games, wins, points, balls, fouls, net] = expected;
        let again = [games, wins, points + 1, balls + 1, fouls, net];
        until("the same again", || async { (statistics(&boris).await == again).then_some(()) }).await;
        evening.end(&game).await;
        let expected = of_the_log(&evening, &guest).await;
        until("the third game", || async { (statistics(&boris).await == expected).then_some(()) }).await;
        assert!(earned.iter().all(|code| ["first_game", "first_win"].contains(&code.as_str())));
        until("achievements again", || async { (achievements(&boris).await.len() >= earned.len()).then_some(()) })
            .await;
        let replayed = app.command(&["replay", &evening.session]);
        assert!(replayed.status.success(), "{}", String::from_utf8_lossy(&replayed.stdout));
    }
}

#[actix_web::test]
async fn achievements_of_claimed_games_are_told_where_their_messages_were_lost() {
    let mut app = TestApp::start_with(Store::Postgres, &[]).await;
    let evening = evening_with_guest(&app).await;
    let boris = app.player("boris").await;
    ask(&evening, &boris).await;
    answered(confirm(&evening, &boris).await, 200);
    let told = || async {
        let told = boris.read("/api/v1/notifications").await;
        let count = items(&told).iter().filter(|one| one["kind"] == "achievement_unlocked").count();
        (count == 2).then_some(())
    };
    until("he is told of two", told).await;
    app.kill();
    alter(&app, &format!("DELETE FROM notification WHERE user_id = '{}'", boris.id));
    for projection in ["statistics", "notifications"] {
        let rewound = format!(
            "INSERT INTO projection_cursor (projection, writer_id, position) SELECT '{projection}', id, 0 FROM writer \
             ON CONFLICT (projection, writer_id) DO UPDATE SET position = 0"
        );
        alter(&app, &rewound);
    }
    app.restart().await;
    until_for(Duration::from_secs(180), "the log tells of them", told).await;
}

#[actix_web::test]
async fn a_correction_of_a_game_of_before_the_claim_counts_for_its_owner() {
    let app = TestApp::start().await;
    let evening = evening_with_guest(&app).await;
    let boris = app.player("boris").await;
    ask(&evening, &boris).await;
    answered(confirm(&evening, &boris).await, 200);
    let expected = of_the_log(&evening, &evening.participants[1]).await;
    until("the games are counted", || async { (statistics(&boris).await == expected).then_some(()) }).await;
    let events = evening.events().await;
    let pot = events.iter().find(|event| event["type"] == "game.ball_potted").expect("his first ball, pink");
    assert_eq!(pot["data"]["participant_id"], evening.participants[1].as_str());
    let void = format!("/api/v1/games/{}/events/{}", text(&pot["game_id"]), pot["seq"]);
    assert!(boris.delete(&void).await.0.is_success(), "he scores now");
    let corrected = || async {
        let [games, _, points, balls, ..] = statistics(&boris).await;
        ([games, points, balls] == [expected[0], expected[2] - 4, expected[3] - 1]).then_some(())
    };
    until("the ball is taken back", corrected).await;
}

#[actix_web::test]
async fn of_claims_at_the_same_time_one_is_confirmed_once() {
    for store in BOTH {
        let app = TestApp::start_with(store, &[]).await;
        let evening = evening_with_guest(&app).await;
        let [boris, vera] = [app.player("boris").await, app.player("vera").await];
        // The same twice, by two phones.
        let asked = futures_util::future::join_all([&boris, &boris, &vera, &vera].map(|by| ask(&evening, by))).await;
        assert!(asked.iter().all(|claim| claim["status"] == "waiting"), "{asked:?}");
        let confirms = [&boris, &vera, &boris, &vera].map(|of| confirm(&evening, of));
        let answers = futures_util::future::join_all(confirms).await;
        let place = &evening.state().await["participants"][1];
        let owner = [&boris, &vera].into_iter().position(|of| place["user_id"] == of.id.as_str()).expect("one of them");
        for (n, answer) in answers.into_iter().enumerate() {
            match n % 2 == owner {
                true => drop(answered(answer, 200)),
                false => drop(refused(answer, "already_claimed")),
            }
        }
        let count = |events: &[Value], name: &str| events.iter().filter(|event| event["type"] == name).count();
        let events = evening.events().await;
        assert_eq!(count(&events, "session.claim_asked"), 2, "{store:?}");
        assert_eq!(count(&events, "session.participant_claimed"), 1, "{store:?}");
        let [owner, other] = if owner == 0 { [&boris, &vera] } else { [&vera, &boris] };
        let expected = of_the_log(&evening, &evening.participants[1]).await;
        until("the games are counted", || async { (statistics(owner).await == expected).then_some(()) }).await;
        assert_eq!(statistics(other).await, [0; 6]);
        assert_eq!(ask(&evening, owner).await["status"], "confirmed");
        refused(other.post(&claim_path(&evening, ""), json!({})).await, "already_claimed");
    }
}

#[actix_web::test]
async fn one_person_has_one_place() {
    let app = TestApp::start().await;
    let evening = evening_with_guest(&app).await;
    let (anna, boris) = (evening.players[0].clone(), app.player("boris").await);
    refused(anna.post(&claim_path(&evening, ""), json!({})).await, "already_in_session");
    let joined = boris.done("/api/v1/sessions/join", json!({"code": evening.code})).await;
    refused(boris.post(&claim_path(&evening, ""), json!({})).await, "already_in_session");
    let place = evening.path(&format!("/participants/{}", text(&joined["participant_id"])));
    assert!(anna.delete(&place).await.0.is_success());
    refused(boris.post(&claim_path(&evening, ""), json!({})).await, "participant_removed");
    let vera = app.player("vera").await;
    refused(confirm(&evening, &vera).await, "not_found");
    ask(&evening, &vera).await;
    vera.done("/api/v1/sessions/join", json!({"code": evening.code})).await;
    refused(confirm(&evening, &vera).await, "already_in_session");
    let nobody = json!({"user_id": uuid::Uuid::now_v7()});
    wrong_field(anna.post(&claim_path(&evening, "/confirm"), nobody).await, "user_id");
}

#[actix_web::test]
async fn a_claim_is_declined_or_taken_back_and_asked_for_after_the_evening_too() {
    let app = TestApp::start().await;
    let evening = evening_with_guest(&app).await;
    let (anna, boris, vera) = (evening.players[0].clone(), app.player("boris").await, app.player("vera").await);
    anna.done(&evening.path("/complete"), json!({})).await;
    ask(&evening, &boris).await;
    let of_boris = json!({"user_id": boris.id});
    for path in ["/confirm", "/decline"] {
        refused(vera.post(&claim_path(&evening, path), of_boris.clone()).await, "insufficient_permissions");
    }
    for by in [&anna, &boris] {
        let (status, _) = by.post(&claim_path(&evening, "/decline"), of_boris.clone()).await;
        assert_eq!(status, StatusCode::NO_CONTENT);
        assert!(evening.state().await.get("claims").is_none(), "none waits");
        refused(confirm(&evening, &boris).await, "not_found");
        ask(&evening, &boris).await;
    }
    answered(confirm(&evening, &boris).await, 200);
    boris.read(&evening.path("/balance")).await;
}

#[actix_web::test]
async fn who_is_gone_waits_for_no_place() {
    for store in BOTH {
        let app = TestApp::start_with(store, &[]).await;
        let evening = evening_with_guest(&app).await;
        let (boris, vera) = (app.player("boris").await, app.player("vera").await);
        for player in [&boris, &vera] {
            ask(&evening, player).await;
        }
        let exported = boris.read("/api/v1/users/me/export").await;
        assert_eq!(exported["asked_places"], json!([{"session_id": evening.session}]));
        evening.players[0].done(&evening.path("/complete"), json!({})).await;
        let password = json!({"password": "correct horse"});
        answered(boris.call(reqwest::Method::DELETE, "/api/v1/users/me", Some(password)).await, 204);
        let claims = until("the session hears of it", || async {
            let state = evening.state().await;
            (!state["claims"].to_string().contains(&boris.id)).then(|| state["claims"].clone())
        });
        let claims = claims.await;
        assert_eq!((claims.as_array().map(Vec::len), &claims[0]["user_id"]), (Some(1), &json!(vera.id)), "{store:?}");
        let last = evening.events().await.pop().expect("an event");
        let declined = json!({"participant_id": evening.participants[1], "user_id": boris.id});
        assert_eq!((&last["type"], &last["data"]), (&json!("session.claim_declined"), &declined));
        wrong_field(confirm(&evening, &boris).await, "user_id");
        answered(confirm(&evening, &vera).await, 200);
    }
}

#[actix_web::test]
async fn whom_the_creator_blocked_does_not_ask() {
    let app = TestApp::start_with(Store::Sqlite, &[]).await;
    let evening = evening_with_guest(&app).await;
    let boris = app.player("boris").await;
    answered(evening.players[0].put(&format!("/api/v1/friends/{}/block", boris.id), json!({})).await, 204);
    refused(boris.post(&claim_path(&evening, ""), json!({})).await, "user_blocked");
    answered(evening.players[0].delete(&format!("/api/v1/friends/{}/block", boris.id)).await, 204);
    ask(&evening, &boris).await;
}

#[actix_web::test]
async fn claims_are_bounded_like_invitations() {
    let app = TestApp::start_with(Store::Sqlite, &["--invitations-per-hour", "1"]).await;
    let (first, second) = (evening_with_guest(&app).await, evening_with_guest(&app).await);
    let boris = app.player("boris").await;
    ask(&first, &boris).await;
    ask(&first, &boris).await;
    refused(boris.post(&claim_path(&second, ""), json!({})).await, "rate_limited");
}
