//! How long reads of the statistics take with 100,000 players and 1,000,000 results, over HTTP, on SQLite and, where
//! `ARTEL_TEST_POSTGRES` names a server, on PostgreSQL.

#![expect(clippy::print_stdout, reason = "what a bench finds is for whoever runs it")]

mod server;

use std::time::Instant;

use entity::{club_session, game_player, result_change, session};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sea_orm::{ConnectionTrait, Database, EntityTrait, IntoActiveModel, PaginatorTrait, Set};
use serde_json::{Value, json};
use uuid::Uuid;

use self::server::{Reader, Server, Store, id, insert, on_each_store, player, user_id};

const USERS: u32 = 100_000;
const GAMES: u32 = 250_000;
/// Players of a game.
const PLAYERS: u32 = 4;
/// One in so many games is of the player who plays more than anybody else.
const GAMES_OF_BUSIEST: u32 = 25;
/// Games of one evening.
const EVENING: u32 = 10;
/// Evenings of the club: five tables, every day, for a year.
const EVENINGS_OF_CLUB: u32 = 1_800;
const DAY_MS: i64 = 86_400_000;

fn evening(number: u32, now_ms: i64) -> session::ActiveModel {
    session::Model {
        id: id(2, number),
        head: 0,
        code: format!("{number:06}"),
        name: format!("Evening {number}"),
        status: "completed".to_owned(),
        is_private: false,
        game_type: "kolkhoz".to_owned(),
        creator_user_id: user_id(0),
        opened_by: user_id(0),
        opened_command: id(5, number),
        created_at_ms: now_ms,
    }
    .into_active_model()
}

/// A game of four; some play far more than others.
fn game(number: u32, now_ms: i64, dice: &mut StdRng) -> impl Iterator<Item = game_player::ActiveModel> + use<> {
    let marks: [u32; PLAYERS as usize] = std::array::from_fn(|_| dice.random_range(0..20));
    let most = marks.into_iter().max().unwrap_or_default();
    // Over two years, the last ones today.
    let ended = now_ms - i64::from(GAMES - number) * 730 * DAY_MS / i64::from(GAMES);
    let users: [u32; PLAYERS as usize] = std::array::from_fn(|seat| {
        let skewed = f64::from(USERS / PLAYERS) * dice.random::<f64>().powi(2);
        skewed as u32 * PLAYERS + seat as u32
    });
    (0..PLAYERS as usize).map(move |seat| {
        let (points, next) = (marks[seat], marks[(seat + 1) % PLAYERS as usize]);
        let is_of_busiest = seat == 0 && number.is_multiple_of(GAMES_OF_BUSIEST);
        game_player::ActiveModel {
            game_id: Set(id(3, number)),
            participant_id: Set(id(4, number * PLAYERS + seat as u32)),
            session_id: Set(id(2, number / EVENING)),
            user_id: Set(user_id(if is_of_busiest { 0 } else { users[seat] })),
            game_type: Set("kolkhoz".to_owned()),
            status: Set("completed".to_owned()),
            started_at_ms: Set(ended - 600_000),
            ended_at_ms: Set(Some(ended)),
            points: Set(i64::from(points)),
            balls_potted: Set(points as i32),
            fouls: Set(0),
            net: Set(5_000 * (i64::from(points) - i64::from(next))),
            won: Set(points == most),
            lost: Set(points < most),
            place: Set(Some(1 + marks.iter().filter(|other| **other > points).count() as i32)),
            currency: Set(Some("RUB".to_owned())),
            details: Set(Some(format!(
                r#"{{"seq":40,"balls":{{"white":{},"pink":{}}}}}"#,
                points / 2,
                points - points / 2
            ))),
        }
    })
}

async fn fill(store: &Store) {
    store.migrate();
    let connection = Database::connect(&store.url).await.expect("the database");
    let now_ms = chrono::Utc::now().timestamp_millis();
    insert(&connection, (0..USERS).map(player)).await;
    insert(&connection, (0..GAMES.div_ceil(EVENING)).map(|number| evening(number, now_ms))).await;
    let mut dice = StdRng::seed_from_u64(1);
    insert(&connection, (0..GAMES).flat_map(|number| game(number, now_ms, &mut dice))).await;
    // What older servers noted while the games were played is forgotten by now.
    result_change::Entity::delete_many().exec(&connection).await.expect("forgotten");
    let rows = game_player::Entity::find().count(&connection).await.expect("counted");
    assert_eq!(rows, u64::from(GAMES * PLAYERS));
    if store.dropped.is_some() {
        connection.execute_unprepared("VACUUM ANALYZE").await.expect("analysed");
    }
}

/// A hall of the reader's, with the last evenings.
async fn club(store: &Store, reader: &Reader) -> Uuid {
    let url = format!("{}/api/v1/clubs", reader.base);
    let answer = reader.http.post(url).bearer_auth(&reader.token).json(&json!({"name": "Hall"})).send().await;
    let club: Value = answer.expect("answered").json().await.expect("JSON");
    let club: Uuid = club["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    let connection = Database::connect(&store.url).await.expect("the database");
    let evenings = GAMES.div_ceil(EVENING);
    let row =
        |number| club_session::ActiveModel { session_id: Set(id(2, number)), club_id: Set(club), added_at_ms: Set(0) };
    insert(&connection, (evenings - EVENINGS_OF_CLUB..evenings).map(row)).await;
    club
}

async fn run(store: Store) {
    let began = Instant::now();
    fill(&store).await;
    println!("{}: {USERS} players, {} results, filled in {:?}", store.name, GAMES * PLAYERS, began.elapsed());
    let began = Instant::now();
    let server = Server::start(&store);
    let (reader, _) = Reader::register(&server).await;
    let (_, board) = reader.get("/stats/leaderboard").await;
    assert_eq!(board["items"].as_array().map(Vec::len), Some(50));
    println!("the first leaderboard is there {:?} after the start", began.elapsed());
    println!("{:<44} {:>7} {:>7} {:>7}", "ms", "p50", "p99", "max");
    let club = club(&store, &reader).await;
    let of_club = format!("?scope=club&club_id={club}");
    for query in [
        &of_club,
        "",
        "?by=wins",
        "?by=rating&game_type=kolkhoz",
        "?period=week",
        "?period=month",
        "?period=season",
        "?scope=friends",
        "?limit=200",
    ] {
        let what = if query == of_club { "?scope=club" } else { query };
        reader.measure(&format!("/leaderboard{what}"), |_| format!("/stats/leaderboard{query}")).await;
    }
    for rest in READS {
        let path = |dice: &mut StdRng| format!("/stats/users/{}{rest}", user_id(dice.random_range(0..USERS)));
        reader.measure(&format!("/users/<any>{rest}"), path).await;
        let busiest = |_: &mut StdRng| format!("/stats/users/{}{rest}", user_id(0));
        reader.measure(&format!("/users/<of {} games>{rest}", GAMES / GAMES_OF_BUSIEST), busiest).await;
    }
    reader.measure("/achievements", |_| "/stats/achievements".to_owned()).await;
    drop(server);
    store.remove().await;
}

/// What there is of each player.
const READS: [&str; 7] =
    ["", "/games", "/achievements", "/opponents", "/evenings", "/money", "/money?by=month&time_zone=Europe/Moscow"];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    on_each_store(run).await;
}
