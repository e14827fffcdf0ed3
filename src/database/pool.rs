//! The connections that queries take in turn. While the server is known not to answer, everything fails at once.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseExecutor, DatabaseTransaction, DbBackend, DbErr, ExecResult,
    IntoDatabaseExecutor, QueryResult, Statement, TransactionOptions, TransactionTrait,
};

use super::sqlite::Checkpoints;
use super::watch::Answers;

/// Connections to the tables. Clones share them.
#[derive(Clone, Debug)]
pub struct Pool {
    connections: DatabaseConnection,
    /// Whether the server answers; `None`: the database is a file.
    pub(super) answers: Option<Answers>,
    /// Where what is written has to be folded into the file from time to time.
    checkpoints: Option<Checkpoints>,
}

impl Pool {
    pub(super) fn new(connections: DatabaseConnection, answers: Option<Answers>) -> Self {
        Self { connections, answers, checkpoints: None }
    }

    pub(super) fn with_checkpoints(connections: DatabaseConnection, checkpoints: Checkpoints) -> Self {
        Self { connections, answers: None, checkpoints: Some(checkpoints) }
    }

    /// A transaction.
    pub(super) async fn begin(&self, options: TransactionOptions) -> Result<DatabaseTransaction, DbErr> {
        self.while_it_answers(self.connections.begin_with_options(options)).await
    }

    /// Whether it can be reached.
    pub(super) async fn ping(&self) -> Result<(), DbErr> {
        self.while_it_answers(self.connections.ping()).await
    }

    pub(super) async fn close(&self) -> Result<(), DbErr> {
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.close().await?;
        }
        self.connections.close_by_ref().await
    }

    async fn while_it_answers<T>(&self, asked: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
        if let Some(checkpoints) = &self.checkpoints {
            checkpoints.count();
        }
        match &self.answers {
            Some(answers) => answers.or_silence(asked).await,
            None => asked.await,
        }
    }
}

#[sea_orm_migration::async_trait::async_trait]
impl ConnectionTrait for Pool {
    fn get_database_backend(&self) -> DbBackend {
        self.connections.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.while_it_answers(self.connections.execute_raw(statement)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.while_it_answers(self.connections.execute_unprepared(sql)).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.while_it_answers(self.connections.query_one_raw(statement)).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.while_it_answers(self.connections.query_all_raw(statement)).await
    }
}

/// For migrations.
impl<'a> IntoDatabaseExecutor<'a> for &'a Pool {
    fn into_database_executor(self) -> DatabaseExecutor<'a> {
        DatabaseExecutor::Connection(&self.connections)
    }
}
