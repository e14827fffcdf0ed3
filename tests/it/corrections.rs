//! The evening put right and paid, through the public doors, on every kind of server; and on two nodes.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::evening::{Evening, kolkhoz};
use crate::player::Player;
use crate::test_app::{Store, TestApp, text, until};

fn americana() -> Value {
    json!({"game_type": "americana", "currency": "RUB", "game_price": 50000, "target_balls": 2, "order": "manual"})
}

async fn totals(player: &Player) -> Value {
    player.read(&format!("/api/v1/stats/users/{}", player.id)).await["totals"].clone()
}

/// The kinds and bodies of what a user was told, by kind.
async fn told(player: &Player, kind: &str) -> Vec<Value> {
    let listed = player.read("/api/v1/notifications").await;
    let items = listed["items"].as_array().expect("a list");
    items.iter().filter(|item| item["kind"] == kind).cloned().collect()
}

async fn codes(player: &Player) -> Vec<String> {
    let listed = player.read(&format!("/api/v1/stats/users/{}/achievements", player.id)).await;
    let mut codes: Vec<String> =
        listed["items"].as_array().expect("a list").iter().map(|item| text(&item["code"])).collect();
    codes.sort();
    codes
}

impl Evening {
    async fn nets_now(&self) -> Vec<i64> {
        self.nets(&self.balance().await["participants"])
    }

    /// The sum of somebody's ledger is the balance.
    async fn is_proven(&self) {
        let balance = self.balance().await;
        for (index, participant) in self.participants.iter().enumerate() {
            let ledger = self.players[0].read(&self.path(&format!("/participants/{participant}/ledger"))).await;
            let net = self.nets(&balance["participants"])[index];
            let lines = ledger["lines"].as_array().expect("lines");
            let sum: i64 = lines.iter().map(|line| line["amount"].as_i64().expect("an amount")).sum();
            assert_eq!((ledger["balance"].as_i64(), sum), (Some(net), net), "{ledger}");
            assert!(lines.iter().all(|line| line["at"].as_str().is_some_and(|at| at.starts_with("20"))), "{ledger}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_followed_from_a_wrong_last_ball_is_put_right_everywhere() {
    for store in Store::ALL {
        let app = TestApp::start_with(store, &[]).await;
        let evening = Evening::open(&app, &["anna", "boris"], americana()).await;
        let (anna, boris) = (&evening.players[0], &evening.players[1]);
        let game = evening.start_game().await;
        evening.pot(&game, 0, "white").await;
        let last = evening.pot(&game, 0, "white").await;
        until("the win counts", async || {
            let there = totals(anna).await["wins"] == 1
                && told(boris, "game_completed").await.len() == 1
                && codes(anna).await == ["first_game", "first_win"];
            there.then_some(())
        })
        .await;
        evening.void(&game, &last).await;
        let state = evening.game(&game).await;
        assert_eq!((&state["status"], &state["ended_at"]), (&json!("in_progress"), &Value::Null), "{state}");
        until(&format!("the win is gone, {store:?}"), async || {
            let gone = totals(anna).await["wins"] == 0
                && totals(anna).await["games"] == 0
                && told(boris, "game_completed").await.is_empty()
                && codes(anna).await.is_empty()
                && told(anna, "achievement_unlocked").await.is_empty();
            gone.then_some(())
        })
        .await;
        evening.pot(&game, 1, "white").await;
        evening.pot(&game, 1, "white").await;
        assert_eq!(evening.nets_now().await, [-50_000, 50_000]);
        until(&format!("the other has won, {store:?}"), async || {
            let now = told(boris, "game_completed").await;
            let is_told = now.len() == 1 && now[0]["data"]["net"] == 50_000 && now[0]["data"]["place"] == 1;
            (is_told && totals(boris).await["wins"] == 1 && totals(anna).await["losses"] == 1).then_some(())
        })
        .await;
        evening.is_proven().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forgotten_ball_and_one_of_the_wrong_player_reach_everybody() {
    let app = TestApp::start_with(Store::Rabbit, &[]).await;
    let other = app.another_node().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (anna, boris) = (&evening.players[0], evening.players[1].on(&other));
    let mut socket = boris.socket().await;
    socket.subscribe(&evening.session, None).await;
    let game = evening.start_game().await;
    let pink = evening.pot(&game, 0, "pink").await;
    evening.end(&game).await;
    assert_eq!(evening.nets_now().await, [20_000, -20_000]);
    let events = format!("/api/v1/games/{game}/events");
    let mut forgotten = evening.ball(1, "yellow");
    forgotten["correction"] = json!(true);
    let (status, added) = anna.post(&events, forgotten.clone()).await;
    assert_eq!((status, &added["data"]["correction"]["results"][0]["points"]), (StatusCode::CREATED, &json!(4)));
    assert_eq!(evening.nets_now().await, [10_000, -10_000]);
    let reassign = format!("{events}/{}/reassign", pink["seq"]);
    let (status, moved) = anna.post(&reassign, json!({"participant_id": evening.participants[1]})).await;
    assert_eq!((status, &moved["type"]), (StatusCode::OK, &json!("game.event_reassigned")));
    assert_eq!(evening.nets_now().await, [-30_000, 30_000]);
    until("the statistics and the notice", async || {
        let notice = told(&boris, "game_completed").await;
        let is_told =
            notice.len() == 1 && notice[0]["data"]["net"] == 30_000 && notice[0]["data"]["is_corrected"] == true;
        (is_told && totals(&boris).await["points"] == 6 && totals(anna).await["losses"] == 1).then_some(())
    })
    .await;
    // On the other node all of it came over its socket, and is the same there.
    loop {
        let event = socket.next_of("event").await;
        if event["event"]["type"] == "game.event_reassigned" {
            assert_eq!(event["event"], moved);
            break;
        }
    }
    let there = boris.read(&evening.path("/balance")).await;
    assert_eq!(there, evening.balance().await);
    // By the socket, and back by one undo.
    let command = json!({"type": "reassign_event", "seq": pink["seq"], "participant_id": evening.participants[0]});
    assert_eq!(socket.command(&evening.session, command).await["type"], "ack");
    let reopened = socket.command(&evening.session, json!({"type": "reopen_game"})).await;
    assert_eq!(reopened["events"][0]["data"]["cause"], "manual", "{reopened}");
    assert_eq!(evening.game(&game).await["status"], "in_progress");
    let (status, refused) = anna.post(&format!("/api/v1/games/{game}/reopen"), json!({})).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("game_not_reopenable")));
    let (status, refused) = anna.post(&events, forgotten).await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("game_not_ended")));
    evening.is_proven().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_ball_twice_at_once_is_told_as_an_echo() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let game = evening.start_game().await;
    let first = evening.pot(&game, 0, "white").await;
    assert_eq!(first["echo_of"], Value::Null);
    let second = evening.pot(&game, 0, "white").await;
    assert_eq!(second["echo_of"], first["seq"]);
    let mut socket = evening.players[0].socket().await;
    let id = uuid::Uuid::now_v7();
    let third = socket.command_with_id(id, &evening.session, evening.ball(0, "white")).await;
    assert_eq!(third["echo_of"], second["seq"], "{third}");
    let again = socket.command_with_id(id, &evening.session, evening.ball(0, "white")).await;
    assert_eq!((&again["echo_of"], &again["seq"]), (&third["echo_of"], &third["seq"]));
    let pink = socket.command(&evening.session, evening.ball(0, "pink")).await;
    assert_eq!(pink["echo_of"], Value::Null, "{pink}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_evening_is_paid_to_the_kopeck() {
    for store in Store::ALL {
        let app = TestApp::start_with(store, &[]).await;
        let mut evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
        let (anna, boris) = (evening.players[0].clone(), evening.players[1].clone());
        let guest = anna.done(&evening.path("/participants"), json!({"display_name": "Vera"})).await;
        evening.participants.push(text(&guest["id"]));
        let participants = evening.participants.clone();
        let table = json!({"table": {"price_per_hour": 60_000, "paid_by": participants[1], "split": "losers"}});
        let (status, set) = anna.patch(&evening.path(""), table).await;
        assert_eq!((status, &set["table"]["started_at"]), (StatusCode::OK, &Value::Null), "{set}");
        let game = evening.start_game().await;
        evening.pot(&game, 0, "white").await;
        evening.end(&game).await;
        assert_eq!(evening.nets_now().await, [5_000, 0, -5_000]);
        let expense = json!({"title": "Чай", "amount": 10_000, "paid_by": participants[0]});
        let tea = anna.done(&evening.path("/expenses"), expense).await;
        assert_eq!(tea["data"]["shares"][0]["amount"], 3_334);
        assert_eq!(evening.nets_now().await, [11_666, -3_333, -8_333]);
        let done = anna.done(&evening.path("/complete"), json!({})).await;
        assert_eq!((&done["table"]["minutes"], &done["table"]["amount"]), (&json!(1), &json!(1_000)), "{done}");
        // Only the guest has lost, so only she pays for the table.
        assert_eq!(evening.nets_now().await, [11_666, -2_333, -9_333]);
        let balance = evening.balance().await;
        assert_eq!(balance["participants"][1]["expenses"], -2_333);
        assert_eq!(balance["settlement"].as_array().map(Vec::len), Some(2));
        let paid = json!({"from": participants[1], "to": participants[0], "amount": 2_333});
        let paid = boris.done(&evening.path("/payments"), paid).await;
        assert_eq!(evening.nets_now().await, [9_333, 0, -9_333]);
        until(&format!("the other side is told, {store:?}"), async || {
            let told = told(&anna, "payment_marked").await;
            (told.len() == 1 && told[0]["data"]["amount"] == 2_333).then_some(())
        })
        .await;
        assert!(told(&boris, "payment_marked").await.is_empty(), "who marked it knows");
        evening.is_proven().await;
        let entry = evening.path(&format!("/events/{}", paid["seq"]));
        let (status, voided) = anna.delete(&entry).await;
        assert_eq!((status, &voided["type"]), (StatusCode::OK, &json!("session.entry_voided")), "{voided}");
        assert_eq!(evening.nets_now().await, [11_666, -2_333, -9_333]);
        until("it is told no more", async || told(&anna, "payment_marked").await.is_empty().then_some(())).await;
        let (status, refused) = anna.delete(&entry).await;
        assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("event_not_voidable")));
        let late = json!({"title": "Late", "amount": 1, "paid_by": participants[0]});
        let (status, refused) = anna.post(&evening.path("/expenses"), late).await;
        assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("session_closed")));
        evening.is_proven().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_input_of_money_is_named_by_its_field() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let (anna, participants) = (&evening.players[0], &evening.participants);
    let nobody = uuid::Uuid::now_v7();
    let tea = json!({"title": "Tea", "amount": 1, "paid_by": participants[0]});
    let with = |body: &Value, field: &str, value: Value| {
        let mut body = body.clone();
        body[field] = value;
        body
    };
    let pay = json!({"from": participants[0], "to": participants[1], "amount": 1});
    let table = |field: &str, value: Value| {
        let terms = json!({"price_per_hour": 1, "paid_by": participants[0], "split": "equally"});
        json!({"table": with(&terms, field, value)})
    };
    for (path, body, field) in [
        ("/expenses", with(&tea, "title", json!("")), "title"),
        ("/expenses", with(&tea, "amount", json!(1_000_000_001)), "amount"),
        ("/expenses", with(&tea, "amount", json!(1.5)), "amount"),
        ("/expenses", with(&tea, "paid_by", json!(nobody)), "paid_by"),
        ("/expenses", with(&tea, "shared_by", json!([])), "shared_by"),
        ("/expenses", with(&tea, "kind", json!("drinks")), "kind"),
        ("/expenses", with(&tea, "tip", json!(1)), "tip"),
        ("/payments", with(&pay, "amount", json!(0)), "amount"),
        ("/payments", with(&pay, "to", json!(participants[0])), "to"),
        ("/payments", with(&pay, "to", json!(nobody)), "to"),
    ] {
        let (status, answer) = anna.post(&evening.path(path), body.clone()).await;
        let named = &answer["errors"][0]["field"];
        assert_eq!((status, named), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{path} {body}: {answer}");
    }
    for (body, field) in [
        (table("price_per_hour", json!(0)), "table.price_per_hour"),
        (table("paid_by", json!(nobody)), "table.paid_by"),
        (table("split", json!("never")), "table.split"),
    ] {
        let (status, answer) = anna.patch(&evening.path(""), body.clone()).await;
        let named = &answer["errors"][0]["field"];
        assert_eq!((status, named), (StatusCode::UNPROCESSABLE_ENTITY, &json!(field)), "{body}: {answer}");
    }
    let (status, answer) = anna.get(&evening.path(&format!("/participants/{nobody}/ledger"))).await;
    assert_eq!((status, &answer["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_evening_is_exported_for_spreadsheets_and_scripts() {
    let app = TestApp::start().await;
    let evening = Evening::open(&app, &["anna", "boris"], kolkhoz()).await;
    let anna = &evening.players[0];
    let game = evening.start_game().await;
    let wrong = evening.pot(&game, 1, "white").await;
    evening.void(&game, &wrong).await;
    evening.pot(&game, 0, "pink").await;
    evening.end(&game).await;
    let tea = json!({"title": "=cmd|' /C calc'!A0, \"tea\"", "amount": 101, "paid_by": evening.participants[1]});
    anna.done(&evening.path("/expenses"), tea).await;
    let told = anna.request(reqwest::Method::GET, &evening.path("/export?format=csv")).send().await.expect("an answer");
    assert_eq!(told.headers()["content-type"], "text/csv; charset=utf-8");
    assert!(told.headers()["content-disposition"].to_str().expect("text").contains(&evening.session));
    let table = told.text().await.expect("a table");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines[0], "record,game,seq,at,participant,counterpart,what,points,amount,currency");
    let cells = |record: &str| {
        let found = lines.iter().filter(|line| line.starts_with(&format!("{record},")));
        found.map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    assert_eq!(cells("result").iter().map(|line| line[8].as_str()).collect::<Vec<_>>(), ["20000", "-20000"]);
    assert_eq!(
        cells("mark").iter().map(|line| line[6].as_str()).collect::<Vec<_>>(),
        ["pink"],
        "without the voided one"
    );
    assert!(table.contains("\"'=cmd|' /C calc'!A0, \"\"tea\"\"\""), "no formula: {table}");
    assert_eq!(cells("balance").iter().map(|line| line[8].as_str()).collect::<Vec<_>>(), ["19949", "-19949"]);
    assert_eq!(cells("transfer").iter().map(|line| line[8].as_str()).collect::<Vec<_>>(), ["19949"]);
    let whole = anna.read(&evening.path("/export")).await;
    assert_eq!(whole["events"].as_array().map(Vec::len), Some(evening.events().await.len()));
    assert_eq!((&whole["balance"], &whole["games"][0]["id"]), (&evening.balance().await, &json!(game)));
    let (status, answer) = anna.get(&evening.path("/export?format=pdf")).await;
    assert_eq!((status, &answer["errors"][0]["field"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("format")));
}
