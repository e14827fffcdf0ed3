//! The whole chain of a finished game, over real sockets: results, statistics, achievements, notifications, audit.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::evening::{Evening, kolkhoz};
use crate::expect::wrong_field;
use crate::player::{Player, Socket};
use crate::test_app::{Store, TestApp, text, until};

const ADMIN: &str = "the-operator";

pub const STORES: [Store; 3] = Store::ALL;

pub async fn with_admin(store: Store) -> (TestApp, Player) {
    let app = TestApp::start_with(store, &["--admin", ADMIN]).await;
    let admin = app.player_named(ADMIN).await;
    (app, admin)
}

pub fn items(answer: &Value) -> &Vec<Value> {
    answer["items"].as_array().unwrap_or_else(|| panic!("a list: {answer}"))
}

/// The user's notifications once there are as many.
pub async fn notifications(player: &Player, count: usize) -> Vec<Value> {
    until("notifications", async || {
        let listed = player.read("/api/v1/notifications?limit=200").await;
        (items(&listed).len() == count).then(|| items(&listed).clone())
    })
    .await
}

async fn next_notifications(socket: &mut Socket, count: usize) -> Vec<Value> {
    let mut told = Vec::new();
    while told.len() < count {
        told.push(socket.next_of("notification").await["notification"].clone());
    }
    told
}

fn of_kind<'a>(notifications: &'a [Value], kind: &str) -> Vec<&'a Value> {
    notifications.iter().filter(|notification| notification["kind"] == kind).collect()
}

pub async fn achievements(player: &Player) -> Vec<String> {
    let listed = player.read(&format!("/api/v1/stats/users/{}/achievements", player.id)).await;
    let mut codes: Vec<String> = items(&listed).iter().map(|achievement| text(&achievement["code"])).collect();
    codes.sort();
    codes
}

#[tokio::test]
async fn a_finished_game_is_told_to_who_is_there_and_kept_for_who_is_not() {
    for store in STORES {
        finish(store).await;
    }
}

async fn finish(store: Store) {
    let app = TestApp::start_with(store, &[]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (anna, boris) = (&evening.players[0], &evening.players[1]);
    let mut socket = anna.socket().await;
    let game = evening.start_game().await;
    evening.pot(&game, 0, "pink").await;
    evening.end(&game).await;

    // The first game and the first win, and how it ended.
    let told = next_notifications(&mut socket, 3).await;
    let [completed] = of_kind(&told, "game_completed")[..] else { panic!("{told:?}") };
    assert_eq!(completed["title"], "Игра окончена");
    assert_eq!(completed["body"], "Friday: 1-е место, +200\u{a0}₽");
    assert_eq!((&completed["data"]["game_id"], &completed["data"]["net"]), (&json!(game), &json!(20_000)));
    let mut unlocked: Vec<String> =
        of_kind(&told, "achievement_unlocked").iter().map(|told| text(&told["data"]["code"])).collect();
    unlocked.sort();
    assert_eq!(unlocked, ["first_game", "first_win"]);
    assert_eq!(achievements(anna).await, ["first_game", "first_win"]);
    assert_eq!(achievements(boris).await, ["first_game"]);
    let kinds = anna.read("/api/v1/stats/achievements").await;
    let rarity = |code: &str| {
        let kind = items(&kinds).iter().find(|kind| kind["code"] == code).expect(code);
        (kind["earned_by"].clone(), kind["rarity"].clone())
    };
    assert_eq!(rarity("first_game"), (json!(2), json!(1.0)));
    assert_eq!(rarity("first_win"), (json!(1), json!(0.5)));
    assert_eq!(rarity("streak_10"), (json!(0), json!(0.0)));
    let earned = anna.read(&format!("/api/v1/stats/users/{}/achievements", anna.id)).await;
    let first_win = items(&earned).iter().find(|earned| earned["code"] == "first_win").expect("earned");
    assert_eq!(first_win["rarity"], 0.5);

    // Boris was not there: he finds both, oldest first, until he has acknowledged them.
    let kept = notifications(boris, 2).await;
    assert!(kept.iter().all(|notification| notification["delivered_at"].is_null()), "{kept:?}");
    let mut ids = Vec::new();
    for _ in 0..2 {
        let told = next_notifications(&mut boris.socket().await, 2).await;
        ids = told.iter().map(|told| told["id"].clone()).collect();
        assert_eq!(ids, kept.iter().rev().map(|kept| kept["id"].clone()).collect::<Vec<_>>());
    }
    let mut socket = boris.socket().await;
    socket.send(json!({"type": "ack_notifications", "ids": ids})).await;
    until("delivered", async || {
        let kept = notifications(boris, 2).await;
        kept.iter().all(|notification| notification["delivered_at"].is_string()).then_some(())
    })
    .await;
    let invited = anna.done("/api/v1/sessions", json!({"name": "Saturday", "rules": kolkhoz()})).await;
    let participants = format!("/api/v1/sessions/{}/participants", text(&invited["id"]));
    anna.done(&participants, json!({"user_id": boris.id})).await;
    notifications(boris, 3).await;
    let told = next_notifications(&mut boris.socket().await, 1).await;
    assert_eq!(told[0]["kind"], "session_invitation", "what was acknowledged does not come again");
    assert_eq!((&told[0]["data"]["session_id"], &told[0]["data"]["code"]), (&invited["id"], &Value::Null));
    assert_eq!(told[0]["data"]["invited_by"]["user_id"], anna.id);
}

#[tokio::test]
async fn money_is_told_with_the_decimals_of_its_currency() {
    let app = TestApp::start().await;
    for (currency, told) in [("JPY", "+20\u{a0}000\u{a0}JPY"), ("KWD", "+20\u{a0}KWD"), ("HUF", "+200\u{a0}HUF")] {
        let mut rules = kolkhoz();
        rules["currency"] = json!(currency);
        let evening = Evening::open(&app, &["anna", "boris"], rules).await;
        let game = evening.start_game().await;
        evening.pot(&game, 0, "pink").await;
        evening.end(&game).await;
        let body = until("how it ended", async || {
            let kept = evening.players[0].read("/api/v1/notifications").await;
            of_kind(items(&kept), "game_completed").first().map(|completed| completed["body"].clone())
        })
        .await;
        assert_eq!(body, format!("Friday: 1-е место, {told}"));
    }
}

#[tokio::test]
async fn a_void_after_the_end_puts_everything_right() {
    for store in STORES {
        void_after_the_end(store).await;
    }
}

async fn void_after_the_end(store: Store) {
    let app = TestApp::start_with(store, &[]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (anna, boris) = (&evening.players[0], &evening.players[1]);
    let game = evening.start_game().await;
    let potted = evening.pot(&game, 0, "pink").await;
    evening.end(&game).await;
    notifications(anna, 3).await;
    let before = notifications(boris, 2).await;
    assert_eq!(evening.nets(&evening.balance().await["participants"]), [20_000, -20_000]);

    let mut socket = boris.socket().await;
    let (status, _) = anna.delete(&format!("/api/v1/games/{game}/events/{}", potted["seq"])).await;
    assert_eq!(status, StatusCode::OK);
    until("the win is gone", async || (achievements(anna).await == ["first_game"]).then_some(())).await;
    let kept = until("the notification is withdrawn and the other one corrected", async || {
        let kept = items(&anna.read("/api/v1/notifications").await).clone();
        let corrected = of_kind(&kept, "game_completed")[0]["data"]["is_corrected"] == true;
        (kept.len() == 2 && corrected).then_some(kept)
    })
    .await;
    assert_eq!(of_kind(&kept, "game_completed")[0]["body"], "Friday: 1-е место, 0\u{a0}₽");
    let told = loop {
        let told = socket.next_of("notification").await["notification"].clone();
        if told["data"]["is_corrected"] == true {
            break told;
        }
    };
    let [first] = of_kind(&before, "game_completed")[..] else { panic!("{before:?}") };
    assert_eq!(told["id"], first["id"], "the same notification in other words");
    assert_eq!(told["title"], "Итоги игры исправлены");

    let statistics = anna.read(&format!("/api/v1/stats/users/{}", anna.id)).await;
    let totals = &statistics["totals"];
    assert_eq!(
        [&totals["games"], &totals["wins"], &totals["balls_potted"], &totals["nets"]["RUB"]].map(Value::as_i64),
        [Some(1), Some(0), Some(0), Some(0)]
    );
    assert_eq!(evening.nets(&evening.balance().await["participants"]), [0, 0]);
    let games = anna.read(&format!("/api/v1/stats/users/{}/games", anna.id)).await;
    assert_eq!((&items(&games)[0]["net"], &items(&games)[0]["won"]), (&json!(0), &json!(false)));
}

#[tokio::test]
async fn statistics_are_told_while_a_game_is_played() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let mut socket = evening.players[1].socket().await;
    let game = evening.start_game().await;
    let started = std::time::Instant::now();
    for _ in 0..4 {
        evening.pot(&game, 1, "white").await;
    }
    let (mut frames, mut balls) = (0, 0);
    while balls < 4 {
        let stats = socket.next_of("stats").await;
        assert_eq!(stats["user_id"], evening.players[1].id);
        balls = stats["changes"]["games"][0]["balls_potted"].as_i64().expect("a number");
        frames += 1;
    }
    assert!(frames <= 1 + started.elapsed().as_secs(), "{frames} frames in {:?}", started.elapsed());
}

#[tokio::test]
async fn notifications_are_read_deleted_and_switched_off() {
    for store in STORES {
        handle_notifications(store).await;
    }
}

async fn handle_notifications(store: Store) {
    let app = TestApp::start_with(store, &[]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = &evening.players[0];
    let settings = "/api/v1/notifications/settings";
    assert_eq!(anna.read(settings).await["kinds"]["game_completed"], true);
    let (status, changed) = anna.put(settings, json!({"kinds": {"game_completed": false}})).await;
    assert_eq!((status, &changed["kinds"]["game_completed"]), (StatusCode::OK, &json!(false)));
    let (status, problem) = anna.put(settings, json!({"kinds": {"weather": false}})).await;
    assert_eq!(problem["errors"][0]["field"], "kinds.weather");
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);

    let game = evening.start_game().await;
    evening.pot(&game, 0, "pink").await;
    evening.end(&game).await;
    let kept = notifications(anna, 2).await;
    assert!(of_kind(&kept, "game_completed").is_empty(), "{kept:?}");
    let [first, second] = [text(&kept[0]["id"]), text(&kept[1]["id"])];
    let (status, read) = anna.put(&format!("/api/v1/notifications/{first}/read"), json!({})).await;
    assert_eq!(status, StatusCode::OK);
    assert!(read["read_at"].is_string() && read["delivered_at"].is_string(), "{read}");
    let unread = anna.read("/api/v1/notifications?unread=true").await;
    assert_eq!(
        items(&unread).iter().map(|unread| text(&unread["id"])).collect::<Vec<_>>(),
        std::slice::from_ref(&second)
    );
    assert_eq!(anna.done("/api/v1/notifications/read-all", json!({})).await["marked"], 1);
    let path = format!("/api/v1/notifications/{second}");
    assert_eq!(evening.players[1].delete(&path).await.0, StatusCode::NOT_FOUND, "it is somebody else's");
    assert_eq!(anna.delete(&path).await.0, StatusCode::NO_CONTENT);
    assert_eq!(anna.delete(&path).await.0, StatusCode::NOT_FOUND);
    notifications(anna, 1).await;
}

#[tokio::test]
async fn everybody_is_told_in_the_language_of_his_choice() {
    for store in STORES {
        tell_in_both_languages(store).await;
    }
}

async fn tell_in_both_languages(store: Store) {
    let app = TestApp::start_with(store, &[]).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (anna, boris) = (&evening.players[0], &evening.players[1]);
    let settings = "/api/v1/notifications/settings";
    assert_eq!(anna.read(settings).await["language"], "ru");
    let (status, changed) = anna.put(settings, json!({"language": "en"})).await;
    assert_eq!(
        (status, &changed["language"], &changed["kinds"]["message"]),
        (StatusCode::OK, &json!("en"), &json!(true))
    );
    wrong_field(anna.put(settings, json!({"language": "de"})).await, "language");
    let mut socket = anna.socket().await;
    let game = evening.start_game().await;
    evening.pot(&game, 0, "pink").await;
    evening.end(&game).await;
    let told = next_notifications(&mut socket, 3).await;
    let [completed] = of_kind(&told, "game_completed")[..] else { panic!("{told:?}") };
    assert_eq!(
        (&completed["title"], &completed["body"]),
        (&json!("The game is over"), &json!("Friday: place 1, +200\u{a0}₽"))
    );
    let unlocked = of_kind(&told, "achievement_unlocked");
    assert!(unlocked.iter().any(|told| told["title"] == "Achievement: First blood"), "{unlocked:?}");
    let kept = notifications(boris, 2).await;
    assert_eq!(of_kind(&kept, "game_completed")[0]["title"], "Игра окончена");
    // What was written before stays as it was.
    anna.put(settings, json!({"language": "ru"})).await;
    let kept = notifications(anna, 3).await;
    assert_eq!(of_kind(&kept, "game_completed")[0]["title"], "The game is over");
}
