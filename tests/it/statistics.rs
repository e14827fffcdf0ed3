//! Statistics and boards: money of each currency for itself, equal values under one rank, what is counted of games.

use reqwest::StatusCode;
use sea_orm::{ConnectionTrait, TransactionTrait};
use serde_json::{Value, json};

use crate::evening::{Evening, kolkhoz};
use crate::expect::wrong_field;
use crate::social::{STORES, achievements, items};
use crate::test_app::{Store, TestApp, text, until};

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
        // Somebody else has the sessions in his hands when they are looked for, and lets go of them.
        let held = database.begin().await.expect("a transaction");
        if app.postgres().is_some() {
            held.execute_unprepared("SELECT * FROM consumer_cursor FOR UPDATE").await.expect("held");
            app.kill_and_restart().await;
            until("it was held", async || app.log().contains("read again soon").then_some(())).await;
        } else {
            app.kill_and_restart().await;
        }
        held.rollback().await.expect("let go");
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
        assert!(first["rating"].as_i64().is_some_and(|rating| rating > 1_500), "{first}");
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
