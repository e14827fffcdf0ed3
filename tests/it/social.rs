//! The whole chain of a finished game, over real sockets: results, statistics, achievements, notifications, audit.

use reqwest::{Method, StatusCode};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::wrong_field;
use crate::player::{Player, Socket, answer};
use crate::test_app::{Store, TestApp, text, until};

const ADMIN: &str = "the-operator";

const STORES: [Store; 3] = Store::ALL;

async fn with_admin(store: Store) -> (TestApp, Player) {
    let app = TestApp::start_with(store, &["--admin", ADMIN]).await;
    let admin = app.player_named(ADMIN).await;
    (app, admin)
}

fn items(answer: &Value) -> &Vec<Value> {
    answer["items"].as_array().unwrap_or_else(|| panic!("a list: {answer}"))
}

/// The user's notifications once there are as many.
async fn notifications(player: &Player, count: usize) -> Vec<Value> {
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

async fn achievements(player: &Player) -> Vec<String> {
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
async fn the_audit_has_each_message_of_a_request_with_its_cause() {
    for store in STORES {
        search_the_audit(store).await;
    }
}

async fn search_the_audit(store: Store) {
    let (app, admin) = with_admin(store).await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = &evening.players[0];
    let game = evening.start_game().await;
    evening.pot(&game, 0, "pink").await;
    let request = Uuid::new_v4();
    let ending = anna.request(Method::POST, &format!("/api/v1/games/{game}/end"));
    let (status, _) = answer(ending.header("x-request-id", request.to_string()).json(&json!({}))).await;
    assert_eq!(status, StatusCode::OK);

    let (status, refused) = anna.get("/api/v1/admin/audit").await;
    assert_eq!((status, text(&refused["code"])), (StatusCode::FORBIDDEN, "insufficient_permissions".to_owned()));

    // The end, what it means for two players (results, check, notification), and three achievements.
    let path = format!("/api/v1/admin/audit?correlation_id={request}");
    let chain = until("the chain", async || {
        let found = admin.read(&path).await;
        (items(&found).len() == 10).then(|| items(&found).clone())
    })
    .await;
    let types = |kind: &str| chain.iter().filter(|entry| entry["event_type"] == kind).count();
    for (kind, count) in [
        ("game.ended", 1),
        ("stats.game_completed", 2),
        ("stats.achievement_check", 2),
        ("notifications.game_completed", 2),
        ("notifications.achievement_unlocked", 3),
    ] {
        assert_eq!(types(kind), count, "{kind}: {chain:?}");
    }
    let ids: Vec<&Value> = chain.iter().map(|entry| &entry["event_id"]).collect();
    for entry in &chain {
        assert_eq!(entry["correlation_id"], request.to_string());
        let is_first = entry["event_type"] == "game.ended";
        assert!(is_first || ids.contains(&&entry["causation_id"]), "{entry} has no cause in {ids:?}");
    }

    // The same in pages.
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin.read(&format!("{path}&limit=3&cursor={cursor}")).await;
        assert!(items(&page).len() <= 3);
        paged.extend(items(&page).clone());
        match page["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(paged, chain);

    let of_session = admin.read(&format!("/api/v1/admin/audit?session_id={}&limit=200", evening.session)).await;
    let events = items(&of_session).iter().filter(|entry| text(&entry["event_type"]).starts_with("game."));
    assert_eq!(events.count(), 3, "started, potted, ended: {of_session}");
    let of_boris = admin.read(&format!("/api/v1/admin/audit?user_id={}&limit=200", evening.players[1].id)).await;
    let kinds: Vec<String> = items(&of_boris).iter().map(|entry| text(&entry["event_type"])).collect();
    for kind in ["session.player_joined", "stats.game_completed", "notifications.achievement_unlocked"] {
        assert!(kinds.iter().any(|there| there == kind), "{kind} in {kinds:?}");
    }
    assert!(!kinds.iter().any(|kind| kind == "game.started"), "that was Anna: {kinds:?}");
}

#[tokio::test]
async fn dead_letters_are_shown_sent_again_and_discarded() {
    let (app, admin) = with_admin(Store::Sqlite).await;
    let nobody = app.player("anna").await;
    for (method, path) in [
        (Method::GET, "/api/v1/admin/dead-letters".to_owned()),
        (Method::POST, format!("/api/v1/admin/dead-letters/{}/replay", Uuid::new_v4())),
        (Method::DELETE, format!("/api/v1/admin/dead-letters/{}", Uuid::new_v4())),
        (Method::GET, "/api/v1/admin/queues".to_owned()),
    ] {
        assert_eq!(nobody.call(method.clone(), &path, None).await.0, StatusCode::FORBIDDEN);
        if path.contains("letters/") {
            assert_eq!(admin.call(method, &path, None).await.0, StatusCode::NOT_FOUND);
        }
    }
    // A message to nobody can never be applied.
    let id = Uuid::new_v4();
    let envelope = json!({
        "event_id": id, "event_type": "notifications.message", "timestamp": "2026-01-31T18:04:05.123Z",
        "source_service": "tests", "correlation_id": id, "causation_id": null, "priority": 5, "retries": 0,
        "max_retries": 5, "user_id": null, "session_id": null, "game_id": null, "seq": null, "data": {},
    });
    let url = format!("sqlite://{}", app.dir.join("artel.db").display());
    let database = sea_orm::Database::connect(url).await.expect("the file");
    let insert = format!(
        "INSERT INTO outbox (routing_key, envelope, claimed_until_ms, created_at_ms) \
         VALUES ('notifications.message', '{envelope}', 0, 0)"
    );
    database.execute_unprepared(&insert).await.expect("a row");

    let listed = async || -> Option<Value> {
        let listed = admin.read("/api/v1/admin/dead-letters").await;
        items(&listed).first().cloned()
    };
    let letter = until("the dead letter", &listed).await;
    assert_eq!((&letter["message_id"], &letter["queue"]), (&json!(id), &json!("notifications.service.queue")));
    assert!(text(&letter["reason"]).contains("user_id"), "{letter}");
    assert_eq!(letter["envelope"], envelope);
    let path = format!("/api/v1/admin/dead-letters/{}", text(&letter["id"]));
    assert_eq!(admin.read(&path).await, letter);

    assert_eq!(admin.done(&format!("{path}/replay"), json!({})).await["message_id"], json!(id));
    let again = until("it failed again", async || listed().await.filter(|there| there["id"] != letter["id"])).await;
    assert_eq!(admin.delete(&format!("/api/v1/admin/dead-letters/{}", text(&again["id"]))).await.0, 204);
    assert!(listed().await.is_none());

    let queues = admin.read("/api/v1/admin/queues").await;
    let names =
        ["stats.service.queue", "notifications.service.queue", "audit.log.queue", "compensation.queue", "websocket."];
    for name in names {
        let queue = items(&queues).iter().find(|queue| text(&queue["name"]).starts_with(name));
        let queue = queue.unwrap_or_else(|| panic!("{name} in {queues}"));
        assert_eq!((&queue["messages"], &queue["consumers"]), (&json!(0), &json!(1)), "{queue}");
    }
}

/// One game in that currency, won by the first player with a pink ball: 200 and −200 of it.
async fn game_in(evening: &Evening, currency: &str) {
    let mut rules = kolkhoz();
    rules["currency"] = json!(currency);
    let [first, second] = &evening.players[..] else { panic!("two players") };
    let session = first.done("/api/v1/sessions", json!({"name": "Abroad", "rules": rules})).await;
    let joined = second.done("/api/v1/sessions/join", json!({"code": session["code"]})).await;
    let participants = vec![text(&session["participants"][0]["id"]), text(&joined["participant_id"])];
    let players = evening.players.clone();
    let abroad = Evening { session: text(&session["id"]), code: text(&session["code"]), players, participants };
    let game = abroad.start_game().await;
    abroad.pot(&game, 0, "pink").await;
    abroad.end(&game).await;
}

#[tokio::test]
async fn money_of_different_currencies_is_never_added() {
    for store in STORES {
        let mut app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
        let [anna, boris] = &evening.players[..] else { panic!("two players") };
        for currency in ["RUB", "RUB", "EUR", "JPY"] {
            game_in(&evening, currency).await;
        }
        let path = format!("/api/v1/stats/users/{}", anna.id);
        let nets = json!({"RUB": 40_000, "EUR": 20_000, "JPY": 20_000});
        let statistics = until("four games", async || {
            let statistics = anna.read(&path).await;
            (statistics["totals"]["games"] == 4).then_some(statistics)
        })
        .await;
        assert_eq!((&statistics["totals"]["nets"], &statistics["totals"]["net"]), (&nets, &Value::Null));
        assert_eq!(statistics["by_game_type"]["kolkhoz"]["nets"], nets);
        let games = anna.read(&format!("{path}/games")).await;
        let currencies: Vec<&Value> = items(&games).iter().map(|game| &game["currency"]).collect();
        assert_eq!(currencies, ["JPY", "EUR", "RUB", "RUB"]);

        let board = "/api/v1/stats/leaderboard";
        for (query, games, net, currency) in [
            ("by=net", 2, 40_000, "RUB"),
            ("by=net&currency=EUR", 1, 20_000, "EUR"),
            ("by=wins", 4, 40_000, "RUB"),
            ("by=wins&currency=JPY&period=week&time_zone=Asia/Tokyo", 1, 20_000, "JPY"),
            ("by=rating&period=month", 4, 40_000, "RUB"),
        ] {
            let leaders = anna.read(&format!("{board}?{query}")).await;
            let [first, second] = &items(&leaders)[..] else { panic!("{query}: {leaders}") };
            assert_eq!((&first["user_id"], &second["user_id"]), (&json!(anna.id), &json!(boris.id)), "{query}");
            let expected = (&json!(games), &json!(net), &json!(currency));
            assert_eq!((&first["games"], &first["net"], &first["currency"]), expected, "{query}");
            assert_eq!(second["net"], -net, "{query}");
        }
        assert!(items(&anna.read(&format!("{board}?currency=KWD")).await).is_empty());
        let mine = boris.read(&format!("{board}?scope=friends")).await;
        assert_eq!((items(&mine).len(), &items(&mine)[0]["user_id"]), (1, &json!(boris.id)));
        for (query, field) in
            [("currency=rub", "currency"), ("currency=XXX", "currency"), ("time_zone=Mars", "time_zone")]
        {
            wrong_field(anna.get(&format!("{board}?{query}")).await, field);
        }

        // As rows were before it was kept, or as a node that is not updated writes them.
        let file = || format!("sqlite://{}", app.dir.join("artel.db").display());
        let database = sea_orm::Database::connect(app.postgres().unwrap_or_else(file)).await.expect("the database");
        let execute =
            async |statement: &str| database.execute_unprepared(statement).await.expect("done").rows_affected();
        assert_eq!(execute("UPDATE game_player SET currency = NULL").await, 8);
        // Reading is only reading: that money is not counted yet.
        assert_eq!(anna.read(&path).await["totals"]["nets"], json!({}));
        let games = anna.read(&format!("{path}/games")).await;
        assert!(items(&games).iter().all(|game| game["currency"].is_null() && game["net"] == 20_000), "{games}");
        assert!(items(&anna.read(&format!("{board}?by=net&currency=EUR")).await).is_empty());
        assert_eq!(execute("UPDATE game_player SET points = points WHERE currency IS NULL").await, 8);

        // One log that can't be read keeps nothing else waiting, and is not given up.
        let spoilt = "UPDATE event SET body = replace(body, 'JPY', '\"') WHERE body LIKE '%JPY%'";
        let whole = "UPDATE event SET body = replace(body, '\"\"\"', '\"JPY\"')";
        assert!(execute(spoilt).await > 0);
        execute("DELETE FROM session_snapshot").await;
        app.kill_and_restart().await;
        let net = async |currency: &str| {
            let leaders = anna.read(&format!("{board}?by=net&currency={currency}")).await;
            items(&leaders).first().map(|first| first["net"].clone())
        };
        until("the others are filled in", async || (net("EUR").await == Some(json!(20_000))).then_some(())).await;
        until("it is told", async || app.log().contains("can't be read").then_some(())).await;
        assert_eq!(anna.read(&path).await["totals"]["nets"], json!({"RUB": 40_000, "EUR": 20_000}));
        execute(whole).await;
        app.kill_and_restart().await;
        until("all are filled in", async || (net("JPY").await == Some(json!(20_000))).then_some(())).await;
        assert_eq!(anna.read(&path).await["totals"]["nets"], nets);
    }
}

#[tokio::test]
async fn equal_values_share_a_rank_on_every_page() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris", "clara", "dora", "egor"], kolkhoz()).await;
        let anna = &evening.players[0];
        // Anna and Clara pot a pink ball each; Boris, before Clara, and Egor, before Anna, pay for them.
        let game = evening.start_game().await;
        evening.pot(&game, 0, "pink").await;
        evening.pot(&game, 2, "pink").await;
        evening.end(&game).await;
        let path = "/api/v1/stats/leaderboard?by=net";
        let whole = until("five players", async || {
            let leaders = anna.read(path).await;
            (items(&leaders).len() == 5).then_some(leaders)
        })
        .await;
        let ranks =
            |items: &[Value]| items.iter().map(|leader| leader["rank"].as_i64().expect("a rank")).collect::<Vec<_>>();
        assert_eq!(ranks(items(&whole)), [1, 1, 3, 4, 4]);
        for limit in 1..=3 {
            let (mut cursor, mut leaders) = (String::new(), Vec::new());
            loop {
                let page = anna.read(&format!("{path}&limit={limit}&cursor={cursor}")).await;
                leaders.extend(items(&page).clone());
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = next.to_owned(),
                    None => break,
                }
            }
            assert_eq!(&leaders, items(&whole), "by {limit}");
        }
    }
}

#[tokio::test]
async fn games_leaders_and_orders_are_counted() {
    for store in STORES {
        count_games(store).await;
    }
}

async fn count_games(store: Store) {
    let app = TestApp::start_with(store, &[]).await;
    let evening = Evening::open(&app, &["anna", "boris", "clara"], kolkhoz()).await;
    let [anna, boris, _] = &evening.players[..] else { panic!("three players") };
    for number in 0..3 {
        let game = evening.start_game().await;
        evening.pot(&game, 0, if number == 0 { "pink" } else { "white" }).await;
        evening.end(&game).await;
    }
    until("three wins in a row", async || achievements(anna).await.contains(&"streak_3".to_owned()).then_some(()))
        .await;
    let path = format!("/api/v1/stats/users/{}/games", anna.id);
    let first = anna.read(&format!("{path}?limit=2")).await;
    let rest = anna.read(&format!("{path}?limit=2&cursor={}", text(&first["next_cursor"]))).await;
    assert_eq!((items(&first).len(), items(&rest).len(), &rest["next_cursor"]), (2, 1, &Value::Null));
    assert_eq!((&items(&rest)[0]["points"], &items(&rest)[0]["place"]), (&json!(4), &json!(1)), "the oldest is last");

    for (by, period) in [("net", "all"), ("wins", "week"), ("rating", "month")] {
        let path = format!("/api/v1/stats/leaderboard?game_type=kolkhoz&by={by}&period={period}&limit=2");
        let leaders = anna.read(&path).await;
        let first = &items(&leaders)[0];
        assert_eq!(
            (&first["user_id"], &first["rank"], &first["wins"]),
            (&json!(anna.id), &json!(1), &json!(3)),
            "{by}"
        );
        assert_eq!(first["rating"], 714);
        let rest = anna.read(&format!("{path}&cursor={}", text(&leaders["next_cursor"]))).await;
        // Boris and Clara have won nothing alike, but Clara has paid.
        let rank = if by == "net" { 3 } else { 2 };
        assert_eq!((items(&rest).len(), &items(&rest)[0]["rank"]), (1, &json!(rank)), "{by}");
    }
    assert!(items(&anna.read("/api/v1/stats/leaderboard?game_type=americana").await).is_empty());

    let path = format!("/api/v1/stats/sessions/{}/order-fairness", evening.session);
    let fairness = boris.read(&path).await;
    assert_eq!((&fairness["games"], &fairness["participants"][1]["positions"]), (&json!(3), &json!([0, 3, 0])));
    let before = &fairness["participants"][0]["predecessors"];
    assert_eq!(before, &json!([{"participant_id": evening.participants[2], "count": 3}]), "the first follows the last");
    assert_eq!(app.player("stranger").await.get(&path).await.0, StatusCode::FORBIDDEN);
}
