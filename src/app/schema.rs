//! Bringing the database up to date. A step is one transaction with the row that says it is done, on SQLite too, so that
//! a process that is killed leaves whole steps behind.

use migration::Migrator;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, QuerySelect};
use sea_orm_migration::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm_migration::{MigratorTrait, SchemaManager, seaql_migrations};

use crate::clock;
use crate::database::Database;

/// Serialises migrations of several nodes on PostgreSQL; any fixed number.
const MIGRATION_LOCK: i64 = 0x0041_5254_454c;
/// Which program made which step: a program that is too old for a database can tell which one it needs.
const PROGRAMS: &str = "migration_program";

/// How far a database is.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// Those of this program that are done.
    pub(super) done: usize,
    /// Those of this program.
    pub(super) known: usize,
    /// One that this program does not know, and the version of the program that made it, where that is known.
    pub(super) newer: Option<(String, Option<String>)>,
}

impl Steps {
    /// Why this program can't use the database, if so.
    pub(super) fn refusal(&self) -> Option<String> {
        let (step, version) = self.newer.as_ref()?;
        let ours = env!("CARGO_PKG_VERSION");
        let made_by = version.as_deref().unwrap_or("a newer version");
        let needed = match version {
            Some(version) if version != ours => format!("start Artel {version} or newer"),
            _ => "start the newer one".to_owned(),
        };
        Some(format!(
            "it was brought to step {step} by Artel {made_by}, which this Artel {ours} does not know: {needed}"
        ))
    }
}

/// Looks, and changes nothing.
pub(super) async fn steps(database: &Database) -> Result<Steps, DbErr> {
    let (db, known) = (database.reader(), Migrator::migrations());
    let mut steps = Steps { known: known.len(), ..Steps::default() };
    if !SchemaManager::new(db).has_table("seaql_migrations").await? {
        return Ok(steps);
    }
    let applied: Vec<String> = seaql_migrations::Entity::find()
        .select_only()
        .column(seaql_migrations::Column::Version)
        .into_tuple()
        .all(db)
        .await?;
    let is_known = |step: &&String| known.iter().any(|known| known.name() == **step);
    steps.done = applied.iter().filter(is_known).count();
    if let Some(step) = applied.iter().filter(|step| !is_known(step)).max() {
        let mut version = None;
        if SchemaManager::new(db).has_table(PROGRAMS).await? {
            let query =
                Query::select().column("version").from(PROGRAMS).and_where(Expr::col("step").eq(step.as_str())).take();
            version = db.query_one(&query).await?.map(|row| row.try_get("", "version")).transpose()?;
        }
        steps.newer = Some((step.clone(), version));
    }
    Ok(steps)
}

/// Makes the steps that are not done yet; one node at a time.
pub(super) async fn migrate(database: &Database) -> Result<(), DbErr> {
    let tx = begin(database).await?;
    Migrator::install(&tx).await?;
    let done: Vec<String> = seaql_migrations::Entity::find()
        .select_only()
        .column(seaql_migrations::Column::Version)
        .into_tuple()
        .all(&tx)
        .await?;
    tx.commit().await?;
    for step in Migrator::migrations().into_iter().filter(|step| !done.iter().any(|done| done == step.name())) {
        let tx = begin(database).await?;
        // Another process may have made it meanwhile.
        if seaql_migrations::Entity::find_by_id(step.name()).one(&tx).await?.is_some() {
            continue;
        }
        step.up(&SchemaManager::new(&tx)).await?;
        record(&tx, step.name()).await?;
        tx.commit().await?;
        tracing::info!(step = step.name(), "the database is brought up to date");
    }
    Ok(())
}

/// The transaction of a step. The lock lives as long as it does: a process that is killed within it, or stopped for
/// longer than the server waits for it, lets the next one begin the step anew.
async fn begin(database: &Database) -> Result<DatabaseTransaction, DbErr> {
    let tx = database.begin_long_write().await?;
    if database.is_postgres() {
        tx.execute_unprepared(&format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")).await?;
    }
    Ok(tx)
}

async fn record(tx: &impl ConnectionTrait, step: &str) -> Result<(), DbErr> {
    let seconds = clock::now().millis() / 1_000;
    let row = Query::insert()
        .into_table("seaql_migrations")
        .columns(["version", "applied_at"])
        .values_panic([step.into(), seconds.into()])
        .take();
    tx.execute(&row).await?;
    tx.execute_unprepared(&format!(
        "CREATE TABLE IF NOT EXISTS {PROGRAMS} (step varchar NOT NULL PRIMARY KEY, version varchar NOT NULL)"
    ))
    .await?;
    let row = Query::insert()
        .into_table(PROGRAMS)
        .columns(["step", "version"])
        .values_panic([step.into(), env!("CARGO_PKG_VERSION").into()])
        .on_conflict(OnConflict::column("step").do_nothing().to_owned())
        .take();
    tx.execute(&row).await?;
    Ok(())
}
