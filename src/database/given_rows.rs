//! Rows that a statement brings along, in the words of both databases. On PostgreSQL each column is one value, so the
//! statement, and its plan, are the same however many rows there are.

use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{ArrayType, Expr, ExprTrait, IntoColumnRef, SimpleExpr};
use sea_orm::{ConnectionTrait, DbBackend, Value};
use uuid::Uuid;

/// The rows, by columns of the same length. SQLite takes no statement of none, and none of over 32,766 values.
#[derive(Default)]
pub(crate) struct GivenRows {
    names: Vec<&'static str>,
    columns: Vec<(ArrayType, Vec<Value>)>,
}

impl GivenRows {
    /// With this column, too.
    pub(crate) fn uuids(self, name: &'static str, ids: impl Iterator<Item = Uuid>) -> Self {
        self.column(name, ArrayType::Uuid, ids.map(Value::from).collect())
    }

    /// With this column, too.
    pub(crate) fn numbers(self, name: &'static str, numbers: impl Iterator<Item = i64>) -> Self {
        self.column(name, ArrayType::BigInt, numbers.map(Value::from).collect())
    }

    /// With this column, too.
    pub(crate) fn texts(self, name: &'static str, texts: impl Iterator<Item = String>) -> Self {
        self.column(name, ArrayType::String, texts.map(Value::from).collect())
    }

    fn column(mut self, name: &'static str, of: ArrayType, values: Vec<Value>) -> Self {
        self.names.push(name);
        self.columns.push((of, values));
        self
    }

    /// The table `given` for a `WITH`, and the values of the statement, which begin with `$1`.
    pub(crate) fn table(self, db: &impl ConnectionTrait) -> (String, Vec<Value>) {
        let names = self.names.join(", ");
        if db.get_database_backend() == DbBackend::Postgres {
            let of_type = |(place, (of, _)): (usize, &(ArrayType, Vec<Value>))| {
                let name = match of {
                    ArrayType::Uuid => "uuid",
                    ArrayType::BigInt => "bigint",
                    _ => "text",
                };
                format!("${}::{name}[]", place + 1)
            };
            let columns: Vec<String> = self.columns.iter().enumerate().map(of_type).collect();
            let table = format!("given ({names}) AS (SELECT * FROM unnest({}))", columns.join(", "));
            let values = self.columns.into_iter().map(|(of, values)| Value::Array(of, Some(Box::new(values))));
            return (table, values.collect());
        }
        let (width, height) = (self.columns.len(), self.columns.first().map_or(0, |(_, values)| values.len()));
        let row = |row: usize| {
            let places: Vec<String> = (1..=width).map(|column| format!("${}", row * width + column)).collect();
            format!("({})", places.join(", "))
        };
        let rows: Vec<String> = (0..height).map(row).collect();
        let table = format!("given ({names}) AS (VALUES {})", rows.join(", "));
        let mut columns: Vec<_> = self.columns.into_iter().map(|(_, values)| values.into_iter()).collect();
        let rows = (0..height).flat_map(|_| columns.iter_mut().filter_map(Iterator::next).collect::<Vec<_>>());
        (table, rows.collect())
    }
}

/// The column is one of these.
pub(crate) fn is_among<V>(db: &impl ConnectionTrait, column: impl IntoColumnRef, values: Vec<V>) -> SimpleExpr
where
    V: Into<Value>,
    Vec<V>: Into<Value>,
{
    match db.get_database_backend() {
        DbBackend::Postgres => Expr::col(column).eq(PgFunc::any(Expr::value(values))),
        _ => Expr::col(column).is_in(values.into_iter().map(Into::into)),
    }
}
