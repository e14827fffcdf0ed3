//! A process that is killed while it brings a database up to date leaves one that the next start can go on with.
//! `ARTEL_TEST_HARD=1` kills a hundred times.

use std::path::Path;
use std::process::Child;
use std::time::{Duration, Instant};

use artel::database::{Database, Options};
use migration::Migrator;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration::MigratorTrait;

use super::command_line::{said, sqlite_in};
use super::heavy::scaled;
use super::test_app::{artel, temp_dir};

/// The database of an evening, as version 0.1.0 left it.
pub const OF_0_1_0: &str = include_str!("golden/0.1.0.sql");
/// The steps of version 0.1.0, which did not make them in transactions.
const STEPS_OF_0_1_0: u32 = 5;

/// Where no kill fell into the middle before.
const ROUNDS_MAX: u32 = 300;

fn rounds() -> u32 {
    scaled(100, 10)
}

async fn open(dir: &Path) -> Database {
    let url = format!("sqlite://{}/artel.db", dir.display());
    Database::connect(&url, Options::default()).await.expect("a database")
}

/// The tables and indexes, how many templates there are, and which steps are said to be done.
async fn shape(dir: &Path) -> Vec<String> {
    let database = open(dir).await;
    let statement = "SELECT type || ' ' || name FROM sqlite_master UNION ALL SELECT 'column ' || m.name || ' ' || c.name \
                     FROM sqlite_master m, pragma_table_info(m.name) c UNION ALL SELECT 'step ' || version FROM \
                     seaql_migrations UNION ALL SELECT 'template ' || hex(id) FROM template ORDER BY 1";
    let rows = database.reader().query_all_raw(Statement::from_string(DbBackend::Sqlite, statement)).await;
    let shape = rows.expect("rows").iter().map(|row| row.try_get_by_index(0).expect("a text")).collect();
    assert_eq!(database.damage().await.expect("looked"), None);
    database.close().await.expect("closed");
    shape
}

#[track_caller]
fn migrate(dir: &Path) {
    let migrated = artel().args(["migrate", "--log", "warn", "--data-dir"]).arg(dir).output().expect("run");
    assert!(migrated.status.success(), "{}", said(&migrated));
}

/// How many steps are said to be done.
async fn steps_done(dir: &Path) -> usize {
    let database = open(dir).await;
    let statement = Statement::from_string(DbBackend::Sqlite, "SELECT count(*) FROM seaql_migrations");
    // Killed before there was a table to note them in.
    let done = match database.reader().query_one_raw(statement).await {
        Ok(Some(row)) => row.try_get_by_index::<i64>(0).expect("a number"),
        _ => 0,
    };
    database.close().await.expect("closed");
    usize::try_from(done).expect("not negative")
}

/// Starts a migration and waits until it has the database open.
async fn begin(dir: &Path) -> Child {
    let mut migrating = artel().args(["migrate", "--log", "warn", "--data-dir"]).arg(dir).spawn().expect("run");
    while !dir.join("artel.db-wal").exists() && migrating.try_wait().expect("a process").is_none() {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    migrating
}

#[tokio::test]
#[expect(clippy::print_stdout, reason = "to repeat a failure")]
async fn a_killed_migration_is_gone_on_with() {
    let seed = rand::random();
    println!("seed {seed}");
    let mut random = StdRng::seed_from_u64(seed);
    for fill in ["", OF_0_1_0] {
        let make = || {
            let dir = temp_dir();
            if !fill.is_empty() {
                sqlite_in(&dir.join("artel.db"), fill);
            }
            dir
        };
        let whole = make();
        let before = if fill.is_empty() { 0 } else { steps_done(&whole).await };
        let mut migrating = begin(&whole).await;
        let started = Instant::now();
        assert!(migrating.wait().expect("reaped").success());
        let took = started.elapsed();
        let (expected, all) = (shape(&whole).await, steps_done(&whole).await);
        std::fs::remove_dir_all(whole).expect("removed");
        let (mut round, mut half_way) = (0, 0);
        // More rounds where none fell into the middle, so that it is tried at all.
        while round < rounds() || (half_way == 0 && round < ROUNDS_MAX) {
            round += 1;
            let dir = make();
            let mut killed = begin(&dir).await;
            let after = took.mul_f64(random.random_range(0.0..1.0));
            tokio::time::sleep(after).await;
            killed.kill().expect("killed");
            killed.wait().expect("reaped");
            let done = steps_done(&dir).await;
            half_way += u32::from(before < done && done < all);
            migrate(&dir);
            assert_eq!(shape(&dir).await, expected, "killed after {after:?} with {done} steps, seed {seed}");
            std::fs::remove_dir_all(dir).expect("removed");
        }
        println!("{half_way} of {round} kills left some of the steps {before} to {all}");
        assert!(half_way > 0, "none of {round} kills fell into the migration, which took {took:?}, seed {seed}");
    }
}

#[tokio::test]
async fn what_a_killed_0_1_0_left_starts_again() {
    let whole = temp_dir();
    migrate(&whole);
    let expected = shape(&whole).await;
    let half = "ALTER TABLE writer ADD COLUMN taken_by bigint";
    for step in 1..=STEPS_OF_0_1_0 {
        // It noted that a step is done in a transaction of its own, and made each column in another.
        for (step, then) in [(step, ""), (step - 1, if step == 4 { half } else { "" })] {
            let dir = temp_dir();
            let database = open(&dir).await;
            Migrator::up(database.writer(), Some(step)).await.expect("tables");
            let forget = "DELETE FROM seaql_migrations WHERE version = (SELECT max(version) FROM seaql_migrations)";
            let statement = if then.is_empty() { forget } else { then };
            database.writer().execute_unprepared(statement).await.expect("executed");
            database.close().await.expect("closed");
            migrate(&dir);
            assert_eq!(shape(&dir).await, expected, "killed in step {step}");
            std::fs::remove_dir_all(dir).expect("removed");
        }
    }
    std::fs::remove_dir_all(whole).expect("removed");
}
