//! A player's statistics beyond sums, worked out by hand: after a void, a mark that was another player's, a forgotten
//! one and a game that went on.

use sea_orm::{ConnectionTrait, EntityTrait, Set};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::evening::{Evening, kolkhoz};
use crate::expect::{items, wrong_field};
use crate::player::Player;
use crate::table::{kolkhoz_with, pyramid_with};
use crate::test_app::{Store, TestApp, text, until};

const STORES: [Store; 2] = [Store::Sqlite, Store::Postgres];

async fn database_of(app: &TestApp) -> sea_orm::DatabaseConnection {
    let file = || format!("sqlite://{}", app.dir.join("artel.db").display());
    sea_orm::Database::connect(app.postgres().unwrap_or_else(file)).await.expect("the database")
}

fn stats(player: &Player, rest: &str) -> String {
    format!("/api/v1/stats/users/{}{rest}", player.id)
}

/// Another session of the first two, with its places in that order.
async fn session_of_two(evening: &Evening, name: &str, rules: Value) -> Evening {
    let (first, second) = (&evening.players[0], &evening.players[1]);
    let session = first.done("/api/v1/sessions", json!({"name": name, "rules": rules})).await;
    let joined = second.done("/api/v1/sessions/join", json!({"code": session["code"]})).await;
    let participants = vec![text(&session["participants"][0]["id"]), text(&joined["participant_id"])];
    let players = evening.players[..2].to_vec();
    Evening { session: text(&session["id"]), code: text(&session["code"]), players, participants }
}

/// Four games of three for roubles: A 4, B 4, C 2; −1, 1, 0; nobody anything; 3, 0, 0. Each pays for the next one.
async fn friday(evening: &Evening) -> [String; 4] {
    let corrected = evening.start_game().await;
    evening.pot(&corrected, 0, "pink").await;
    let moved = evening.pot(&corrected, 0, "pink").await;
    let white = evening.pot(&corrected, 2, "white").await;
    evening.end(&corrected).await;
    let events = format!("/api/v1/games/{corrected}/events");
    let to = json!({"participant_id": evening.participants[1]});
    evening.creator().done(&format!("{events}/{}/reassign", moved["seq"]), to).await;
    evening.void(&corrected, &white).await;
    let mut forgotten = evening.ball(2, "yellow");
    forgotten["correction"] = json!(true);
    evening.creator().done(&events, forgotten).await;

    let second = evening.start_game().await;
    evening.pot(&second, 1, "white").await;
    evening.foul(&second, 0, None).await;
    evening.end(&second).await;

    let third = evening.start_game().await;
    evening.end(&third).await;

    let reopened = evening.start_game().await;
    evening.pot(&reopened, 0, "yellow").await;
    evening.end(&reopened).await;
    evening.creator().done(&format!("/api/v1/games/{reopened}/reopen"), json!({})).await;
    evening.pot(&reopened, 0, "white").await;
    evening.end(&reopened).await;
    [corrected, second, third, reopened]
}

/// Three frames that Boris concedes. Anna's breaks: 49 and 7, 105, 56.
async fn frames(evening: &Evening) -> Vec<String> {
    let mut games = Vec::new();
    for blacks in [8, 15, 8] {
        let frame = evening.start_game().await;
        let mut last = Value::Null;
        for _ in 0..blacks {
            last = evening.pot(&frame, 0, "black").await;
        }
        if games.is_empty() {
            evening.void(&frame, &last).await;
            evening.foul(&frame, 1, None).await;
        }
        let concedes = json!({"reason": "conceded", "participant_id": evening.participants[1]});
        evening.creator().done(&format!("/api/v1/games/{frame}/end"), concedes).await;
        if games.is_empty() {
            let mut forgotten = evening.ball(0, "black");
            forgotten["correction"] = json!(true);
            evening.creator().done(&format!("/api/v1/games/{frame}/events"), forgotten).await;
        }
        games.push(frame);
    }
    games
}

fn snooker() -> Value {
    json!({"game_type": "snooker", "currency": "RUB", "frame_price": 1_000, "enforce_balls": false, "order": "manual"})
}

/// All that was played; answers Friday with its games, and the frames.
async fn play(app: &TestApp) -> (Evening, [String; 4], Vec<String>) {
    let evening = Evening::open(app, &["anna", "boris", "clara"], kolkhoz()).await;
    let games = friday(&evening).await;
    let abroad = session_of_two(&evening, "Abroad", kolkhoz_with(json!({"currency": "EUR"}))).await;
    abroad.play(&[0, 1], &[&["pink"]]).await;
    let club = session_of_two(&evening, "Club", snooker()).await;
    let frames = frames(&club).await;
    let anna = &evening.players[0];
    until("all is counted", async || {
        let totals = anna.read(&stats(anna, "")).await["totals"].clone();
        (totals["games"] == 8 && totals["points"] == 231 && totals["balls_potted"] == 35).then_some(())
    })
    .await;
    (evening, games, frames)
}

/// What holds of `play`.
async fn all_of(evening: &Evening) -> Vec<Value> {
    let mut all = Vec::new();
    for player in &evening.players {
        for path in ["", "/opponents", "/evenings", "/money", "/money?by=year&currency=EUR"] {
            all.push(player.read(&stats(player, path)).await);
        }
    }
    all
}

#[tokio::test]
async fn streaks_best_games_balls_and_breaks_are_those_that_stand() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (evening, games, frames) = play(&app).await;
        let [anna, boris, clara] = &evening.players[..] else { panic!("three players") };
        let of_anna = anna.read(&stats(anna, "")).await;
        let totals = &of_anna["totals"];
        let wins = |length: i64| json!({"kind": "wins", "length": length});
        assert_eq!(totals["streak"], json!({"current": wins(5), "longest_wins": 5, "longest_losses": 1}));
        assert_eq!(totals["balls_by_color"], json!({"pink": 2, "yellow": 1, "white": 1, "black": 31}));
        assert_eq!(totals["breaks"], json!({"highest": 105, "fifties": 1, "centuries": 1}));
        assert_eq!(totals["nets"], json!({"RUB": 8_000, "EUR": 20_000}));
        let best = &totals["best_game"];
        assert_eq!(
            (&best["game_id"], &best["points"], &totals["best_score"]),
            (&json!(frames[1]), &json!(105), &json!(105))
        );
        let kolkhoz = &of_anna["by_game_type"]["kolkhoz"];
        assert_eq!(kolkhoz["streak"], json!({"current": wins(2), "longest_wins": 2, "longest_losses": 1}));
        assert_eq!(kolkhoz["balls_by_color"], json!({"pink": 2, "yellow": 1, "white": 1}));
        // Of two games with four points the first one.
        let best = &kolkhoz["best_game"];
        let listed = anna.read(&stats(anna, "/games?game_type=kolkhoz")).await;
        let first = items(&listed).last().expect("a game");
        assert_eq!((&best["game_id"], &best["session_id"]), (&json!(games[0]), &json!(evening.session)));
        assert_eq!((&best["points"], &best["ended_at"]), (&json!(4), &first["ended_at"]));
        assert_eq!((&kolkhoz["breaks"], &kolkhoz["fouls"]), (&Value::Null, &json!(1)));

        let of_boris = boris.read(&stats(boris, "")).await["totals"].clone();
        let losses = json!({"kind": "losses", "length": 5});
        assert_eq!(of_boris["streak"], json!({"current": losses, "longest_wins": 2, "longest_losses": 5}));
        assert_eq!(of_boris["balls_by_color"], json!({"pink": 1, "white": 1}));
        assert_eq!(of_boris["breaks"], json!({"highest": 0, "fifties": 0, "centuries": 0}));
        let of_clara = clara.read(&stats(clara, "")).await["totals"].clone();
        let losses = json!({"kind": "losses", "length": 1});
        assert_eq!(of_clara["streak"], json!({"current": losses, "longest_wins": 0, "longest_losses": 2}));
        assert_eq!((&of_clara["balls_by_color"], &of_clara["breaks"]), (&json!({"yellow": 1}), &Value::Null));

        let dora = app.player("dora").await;
        let nobody = dora.read(&stats(&dora, "")).await["totals"].clone();
        let none = json!({"current": {"kind": null, "length": 0}, "longest_wins": 0, "longest_losses": 0});
        assert_eq!((&nobody["streak"], &nobody["best_game"]), (&none, &Value::Null));
    }
}

#[tokio::test]
async fn opponents_and_evenings_are_told_apart() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (evening, ..) = play(&app).await;
        let [anna, boris, clara] = &evening.players[..] else { panic!("three players") };
        let name = |player: &Player| text(&json!(player.id));
        let of = |player: &Player, games, [wins, losses, ahead, behind]: [i64; 4], nets: Value| json!({"user_id": name(player), "games": games, "wins": wins, "losses": losses, "ahead": ahead, "behind": behind, "nets": nets});
        let boris_then_clara = [
            of(boris, 8, [5, 1, 5, 1], json!({"RUB": 8_000, "EUR": 20_000})),
            of(clara, 4, [2, 0, 2, 1], json!({"RUB": 5_000})),
        ];
        let without_names = |listed: &Value| -> Vec<Value> {
            let mut listed = items(listed).clone();
            for opponent in &mut listed {
                let name = opponent.as_object_mut().and_then(|opponent| opponent.remove("display_name"));
                assert!(name.is_some_and(|name| name.as_str().is_some_and(|name| !name.is_empty())));
            }
            listed
        };
        let all = clara.read(&stats(anna, "/opponents")).await;
        assert_eq!(without_names(&all), boris_then_clara);
        let first = anna.read(&stats(anna, "/opponents?limit=1")).await;
        let rest = format!("/opponents?limit=1&cursor={}", text(&first["next_cursor"]));
        let second = anna.read(&stats(anna, &rest)).await;
        assert_eq!([without_names(&first), without_names(&second)].concat(), boris_then_clara);
        assert_eq!(second["next_cursor"], Value::Null);
        let snooker = anna.read(&stats(boris, "/opponents?game_type=snooker")).await;
        assert_eq!(without_names(&snooker), [of(anna, 3, [0, 3, 0, 3], json!({"RUB": -3_000}))]);

        let mine = anna.read(&stats(anna, "/evenings")).await;
        let told: Vec<_> = items(&mine)
            .iter()
            .map(|evening| {
                let [games, wins, points, balls, fouls, net] =
                    ["games", "wins", "points", "balls_potted", "fouls", "net"].map(|field| evening[field].clone());
                json!([evening["name"], games, wins, points, balls, fouls, net, evening["currency"]])
            })
            .collect();
        let expected = [
            json!(["Club", 3, 3, 221, 31, 0, 3_000, "RUB"]),
            json!(["Abroad", 1, 1, 4, 1, 0, 20_000, "EUR"]),
            json!(["Friday", 4, 2, 6, 3, 1, 5_000, "RUB"]),
        ];
        assert_eq!(told, expected);
        assert!(items(&mine).iter().all(|evening| text(&evening["ended_at"]) > text(&evening["started_at"])));
        // What private sessions are called is nobody else's, whether he played there or not.
        let seen = clara.read(&stats(anna, "/evenings?limit=2")).await;
        assert!(items(&seen).iter().all(|evening| evening.get("name").is_none()), "{seen}");
        let rest = format!("/evenings?cursor={}", text(&seen["next_cursor"]));
        assert_eq!(items(&clara.read(&stats(anna, &rest)).await)[0]["session_id"], json!(evening.session));
        assert!(items(&clara.read(&stats(&app.player("dora").await, "/evenings")).await).is_empty());
    }
}

#[tokio::test]
async fn who_is_on_the_same_side_is_no_opponent() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let rules = pyramid_with("americana", json!({"format": "2x2", "target_balls": 1}));
        let evening = Evening::open(&app, &["anna", "boris", "clara", "dora"], rules).await;
        let game = evening.start_game().await;
        evening.pot(&game, 2, "white").await;
        // Nobody has won this one.
        let abandoned = evening.start_game().await;
        evening.end(&abandoned).await;
        let anna = &evening.players[0];
        let opponents = until("both are counted", async || {
            let games = anna.read(&stats(anna, "")).await["totals"]["games"] == 2;
            let listed = anna.read(&stats(anna, "/opponents")).await;
            games.then(|| items(&listed).clone())
        })
        .await;
        let mut met: Vec<_> = opponents
            .iter()
            .map(|one| (text(&one["user_id"]), one["games"].clone(), one["wins"].clone(), one["nets"]["RUB"].clone()))
            .collect();
        met.sort_by(|one, other| one.0.cmp(&other.0));
        let mut expected = [1, 3].map(|index| (evening.players[index].id.clone(), json!(1), json!(1), json!(50_000)));
        expected.sort_by(|one, other| one.0.cmp(&other.0));
        assert_eq!(met, expected);
    }
}

#[tokio::test]
async fn money_is_told_game_by_game_and_by_the_calendar() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let (evening, games, _) = play(&app).await;
        let anna = &evening.players[0];
        let money = async |query: &str| anna.read(&stats(anna, &format!("/money{query}"))).await;
        let told = |series: &Value| -> Vec<(i64, i64)> {
            let number = |point: &Value, field: &str| point[field].as_i64().expect("a number");
            items(series).iter().map(|point| (number(point, "net"), number(point, "total"))).collect()
        };
        let roubles = money("").await;
        let each =
            [(0, 0), (-10_000, -10_000), (0, -10_000), (15_000, 5_000), (1_000, 6_000), (1_000, 7_000), (1_000, 8_000)];
        assert_eq!((told(&roubles), &roubles["currency"]), (each.to_vec(), &json!("RUB")));
        assert_eq!((&roubles["before"], &roubles["truncated"]), (&json!(0), &json!(false)));
        let fourth = anna.read(&stats(anna, "/games?game_type=kolkhoz")).await;
        let fourth = items(&fourth).iter().find(|game| game["game_id"] == json!(games[3])).expect("listed").clone();
        assert_eq!(items(&roubles)[3]["at"], fourth["ended_at"]);
        let since = money(&format!("?by=game&from={}", text(&fourth["ended_at"]))).await;
        assert_eq!((told(&since), &since["before"]), (each[3..].to_vec(), &json!(-10_000)));
        let until = money(&format!("?to={}", text(&fourth["ended_at"]))).await;
        assert_eq!(told(&until), each[..3]);
        for by in ["day", "week", "month", "season", "year"] {
            let from = text(&items(&roubles)[0]["at"]);
            let series = money(&format!("?by={by}&time_zone=Asia/Yekaterinburg&from={from}")).await;
            let nets: i64 = told(&series).iter().map(|(net, _)| net).sum();
            assert_eq!((nets, told(&series).last().expect("a point").1), (8_000, 8_000), "{by}: {series}");
            assert!(text(&items(&series)[0]["at"]).ends_with(":00:00.000Z"), "{by}: {series}");
        }
        assert_eq!(told(&money("?currency=EUR&by=year").await), [(20_000, 20_000)]);
        let nothing = money("?currency=JPY&by=day").await;
        assert_eq!((told(&nothing), &nothing["before"]), (vec![], &json!(0)));
        for (query, field) in [("currency=XXX", "currency"), ("time_zone=Mars", "time_zone"), ("by=hour", "by")] {
            wrong_field(anna.get(&stats(anna, &format!("/money?{query}"))).await, field);
        }
        wrong_field(anna.get(&stats(anna, "/money?from=yesterday")).await, "from");
    }
}

#[tokio::test]
async fn the_last_thousand_points_are_told_and_what_was_before_is_summed() {
    for store in STORES {
        let app = TestApp::start_with(store, &[]).await;
        let anna = app.player("anna").await;
        let user: Uuid = anna.id.parse().expect("an id");
        let day = |number: i64| number * 86_400_000;
        let row = |number: i64| entity::game_player::ActiveModel {
            game_id: Set(Uuid::now_v7()),
            participant_id: Set(Uuid::now_v7()),
            session_id: Set(Uuid::now_v7()),
            user_id: Set(user),
            game_type: Set("kolkhoz".to_owned()),
            status: Set("completed".to_owned()),
            started_at_ms: Set(day(number)),
            ended_at_ms: Set(Some(day(number) + 1)),
            points: Set(0),
            balls_potted: Set(0),
            fouls: Set(0),
            net: Set(number),
            won: Set(false),
            lost: Set(false),
            place: Set(Some(1)),
            currency: Set(Some("RUB".to_owned())),
            details: Set(Some("{\"seq\":1}".to_owned())),
        };
        let database = database_of(&app).await;
        for rows in (1..=1_100).map(row).collect::<Vec<_>>().chunks(500) {
            entity::game_player::Entity::insert_many(rows.to_vec())
                .exec_without_returning(&database)
                .await
                .expect("in");
        }
        for (by, last) in [("game", "1973-01-05T00:00:00.001Z"), ("day", "1973-01-05T00:00:00.000Z")] {
            let series = anna.read(&stats(&anna, &format!("/money?by={by}"))).await;
            assert_eq!((items(&series).len(), &series["truncated"]), (1_000, &json!(true)));
            assert_eq!((&series["before"], &items(&series)[0]["total"]), (&json!(5_050), &json!(5_050 + 101)));
            let point = items(&series).last().expect("a point");
            assert_eq!((&point["total"], text(&point["at"]).as_str()), (&json!(605_550), last));
        }
        let months = anna.read(&stats(&anna, "/money?by=month")).await;
        assert_eq!((items(&months).len(), &months["truncated"]), (37, &json!(false)));
        assert_eq!(items(&months)[0], json!({"at": "1970-01-01T00:00:00.000Z", "net": 465, "total": 465}));
    }
}

#[tokio::test]
async fn what_older_versions_did_not_keep_is_filled_in() {
    for store in STORES {
        let mut app = TestApp::start_with(store, &[]).await;
        let (evening, ..) = play(&app).await;
        let right = all_of(&evening).await;
        let database = database_of(&app).await;
        let execute =
            async |statement: &str| database.execute_unprepared(statement).await.expect("done").rows_affected();
        let noted = async || {
            let noted = entity::result_change::Entity::find().all(&database).await.expect("read");
            noted.into_iter().map(|change| (change.game_id, change.changed_at_ms)).collect::<Vec<_>>()
        };
        let before = noted().await;
        assert_eq!(execute("UPDATE game_player SET details = NULL").await, 20);
        let anna = &evening.players[0];
        let totals = anna.read(&stats(anna, "")).await["totals"].clone();
        assert_eq!((&totals["balls_by_color"], &totals["breaks"]), (&json!({}), &Value::Null));
        assert_eq!(
            (&totals["points"], &totals["streak"]),
            (&right[0]["totals"]["points"], &right[0]["totals"]["streak"])
        );
        app.kill_and_restart().await;
        until("they are filled in", async || (all_of(&evening).await == right).then_some(())).await;
        // Nobody's result has changed by it.
        assert_eq!(noted().await, before);

        let rebuild = || {
            let output = app.command(&["rebuild", "statistics"]);
            (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let agrees = "3 sessions: 0 rows differed and are put right, 0 sessions left out\n".to_owned();
        assert_eq!(rebuild(), (Some(0), agrees.clone()));
        assert_eq!(execute("UPDATE game_player SET details = '{\"seq\":1}' WHERE points = 105").await, 1);
        let (code, said) = rebuild();
        assert_eq!(
            (code, said.as_str()),
            (Some(1), "3 sessions: 1 rows differed and are put right, 0 sessions left out\n")
        );
        assert_eq!(all_of(&evening).await, right);

        if store == Store::Postgres {
            // As a node of before writes it, which leaves details of another score.
            execute("UPDATE game_player SET points = points + 1, balls_potted = balls_potted + 1 WHERE points = 105")
                .await;
            assert_eq!(execute("UPDATE game_player SET points = points WHERE details IS NULL").await, 1);
            assert_eq!(rebuild().0, Some(1));
        }
        assert_eq!(rebuild(), (Some(0), agrees));
        assert_eq!(all_of(&evening).await, right);
    }
}
