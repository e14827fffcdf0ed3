//! How often somebody may do something, counted in the database, so that it holds over all nodes.
//!
//! A window begins with the first attempt and is over after its time; then the count begins anew. What is refused is
//! only read, so that a flood of refusals costs no write. Times are the database's, whatever the clocks of the nodes.

use std::time::Duration;

use entity::attempt::{Column, Entity};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter, Statement, TryGetable, Value};

use crate::database::{self, Database};
use crate::http::{Code, Problem};

/// What is counted, and how much of it there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Names it in the table and to whoever is refused: `failed logins`.
    pub kind: &'static str,
    /// Attempts in one window.
    pub max: u32,
    /// How long a window is.
    pub window: Duration,
}

impl Limit {
    /// So many in a minute.
    pub const fn per_minute(kind: &'static str, max: u32) -> Self {
        Self { kind, max, window: Duration::from_secs(60) }
    }

    /// So many in an hour.
    pub const fn per_hour(kind: &'static str, max: u32) -> Self {
        Self { kind, max, window: Duration::from_secs(3_600) }
    }

    fn window_ms(&self) -> i64 {
        i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX / 2)
    }

    fn refusal(&self, wait: Duration) -> Problem {
        let seconds = wait.as_secs_f64().ceil().max(1.0) as u64;
        Problem::new(Code::RateLimited, format!("too many {}, try again in {seconds} s", self.kind))
            .retry_after(seconds)
    }
}

/// The counts of all nodes. Clones share the connections.
#[derive(Clone, Debug)]
pub struct Attempts(Database);

impl Attempts {
    /// Those of this database.
    pub fn new(database: Database) -> Self {
        Self(database)
    }

    /// Counts an attempt of `subject` (a user, an address, both), or refuses it: 429 `rate_limited` with `Retry-After`.
    pub async fn take(&self, limit: &Limit, subject: &str) -> Result<(), Problem> {
        self.look(limit, subject).await?;
        if self.count(limit, subject).await? {
            return Ok(());
        }
        // Others were faster since it was looked at.
        self.look(limit, subject).await?;
        Err(limit.refusal(Duration::from_secs(1)))
    }

    /// Whether that is the first of `subject` in the minute: of what comes in floods the audit hears once.
    pub async fn is_first(&self, kind: &'static str, subject: &str) -> Result<bool, Problem> {
        match self.take(&Limit::per_minute(kind, 1), subject).await {
            Ok(()) => Ok(true),
            Err(problem) if problem.code() == Code::RateLimited => Ok(false),
            Err(problem) => Err(problem),
        }
    }

    /// Refuses what [`Attempts::take`] would refuse, and counts nothing.
    pub async fn look(&self, limit: &Limit, subject: &str) -> Result<(), Problem> {
        if limit.max == 0 {
            return Err(limit.refusal(limit.window));
        }
        let db = self.0.reader();
        let now = database::now_ms(db);
        let sql = format!(
            "SELECT ends_at_ms - {now} FROM attempt \
             WHERE kind = $1 AND subject = $2 AND count >= $3 AND NOT {}",
            over(now, limit.window_ms())
        );
        let values: [Value; 3] = [limit.kind.into(), subject.into(), i64::from(limit.max).into()];
        let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
        match db.query_one_raw(statement).await? {
            None => Ok(()),
            Some(row) => {
                let wait = i64::try_get_by(&row, 0).map_err(DbErr::from)?;
                Err(limit.refusal(Duration::from_millis(wait.clamp(0, limit.window_ms()) as u64)))
            }
        }
    }

    /// One statement, so that of two nodes at the same time one is the second. False: there were too many before.
    async fn count(&self, limit: &Limit, subject: &str) -> Result<bool, DbErr> {
        let db = self.0.writer();
        let (now, window) = (database::now_ms(db), limit.window_ms());
        let over = over(now, window);
        let sql = format!(
            "INSERT INTO attempt (kind, subject, count, ends_at_ms) VALUES ($1, $2, 1, {now} + {window}) \
             ON CONFLICT (kind, subject) DO UPDATE SET \
               count = CASE WHEN {over} THEN 1 ELSE attempt.count + 1 END, \
               ends_at_ms = CASE WHEN {over} THEN excluded.ends_at_ms ELSE attempt.ends_at_ms END \
             WHERE {over} OR attempt.count < $3"
        );
        let values: [Value; 3] = [limit.kind.into(), subject.into(), i64::from(limit.max).into()];
        let counted = db.execute_raw(Statement::from_sql_and_values(db.get_database_backend(), sql, values)).await?;
        Ok(counted.rows_affected() > 0)
    }

    /// Takes attempts back that did not count after all.
    pub async fn give_back(&self, taken: &[(&Limit, &str)]) -> Result<(), DbErr> {
        let mut these = Condition::any();
        for (limit, subject) in taken {
            these = these.add(Condition::all().add(Column::Kind.eq(limit.kind)).add(Column::Subject.eq(*subject)));
        }
        Entity::update_many()
            .col_expr(Column::Count, Expr::cust("count - 1"))
            .filter(these)
            .filter(Column::Count.gt(0))
            .exec(self.0.writer())
            .await?;
        Ok(())
    }

    /// Deletes what counts for nothing any more. For a task that runs now and then.
    pub async fn forget_old(&self) -> Result<u64, DbErr> {
        let tx = self.0.begin_long_write().await?;
        let over = Expr::cust(format!("ends_at_ms <= {}", database::now_ms(&tx)));
        let forgotten = Entity::delete_many().filter(over).exec(&tx).await?;
        tx.commit().await?;
        Ok(forgotten.rows_affected)
    }
}

/// A window that ends later than any could was begun by a clock that was wrong.
fn over(now: &str, window_ms: i64) -> String {
    format!("(attempt.ends_at_ms <= {now} OR attempt.ends_at_ms > {now} + 2 * {window_ms})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Settings;
    use crate::account::test_app::TestApp;

    async fn shift(app: &TestApp, milliseconds: i64) {
        let later = format!("UPDATE attempt SET ends_at_ms = ends_at_ms - {milliseconds}");
        app.database.writer().execute_unprepared(&later).await.expect("storage");
    }

    #[actix_web::test]
    async fn so_many_in_a_window_over_all_nodes_and_then_again() {
        let app = TestApp::start(Settings::default(), |_| {}).await;
        let nodes = [Attempts::new(app.database.clone()), Attempts::new(app.database.clone())];
        let limit = Limit::per_minute("tries", 3);
        for attempt in 0..3 {
            nodes[attempt % 2].take(&limit, "anna").await.expect("within the limit");
        }
        for node in &nodes {
            let refused = node.take(&limit, "anna").await.expect_err("the fourth");
            assert_eq!(refused.code(), Code::RateLimited);
        }
        nodes[0].take(&limit, "boris").await.expect("another's count");
        nodes[0].take(&Limit::per_minute("other tries", 3), "anna").await.expect("another count");
        nodes[1].give_back(&[(&limit, "anna")]).await.expect("storage");
        nodes[0].take(&limit, "anna").await.expect("one was given back");
        nodes[0].take(&limit, "anna").await.expect_err("one only");
        shift(&app, 60_000).await;
        for _ in 0..3 {
            nodes[0].take(&limit, "anna").await.expect("a new window");
        }
        nodes[1].take(&limit, "anna").await.expect_err("which has an end, too");
        shift(&app, 60_001).await;
        assert_eq!(nodes[0].forget_old().await.expect("storage"), 3);
    }

    #[actix_web::test]
    async fn of_many_at_once_no_more_than_allowed_get_through() {
        let app = TestApp::start(Settings::default(), |_| {}).await;
        let attempts = Attempts::new(app.database.clone());
        let limit = Limit::per_hour("tries", 5);
        let all = futures_util::future::join_all((0..20).map(|_| attempts.take(&limit, "anna"))).await;
        assert_eq!(all.iter().filter(|taken| taken.is_ok()).count(), 5);
        attempts.take(&Limit::per_hour("never", 0), "anna").await.expect_err("none are allowed");
    }

    #[actix_web::test]
    async fn a_window_from_the_future_does_not_lock_out() {
        let app = TestApp::start(Settings::default(), |_| {}).await;
        let attempts = Attempts::new(app.database.clone());
        let limit = Limit::per_minute("tries", 1);
        attempts.take(&limit, "anna").await.expect("one");
        shift(&app, -1_000_000).await;
        attempts.take(&limit, "anna").await.expect("a clock was wrong");
    }
}
