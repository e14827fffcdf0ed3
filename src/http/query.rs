//! Query strings, read as strictly as bodies: unknown, missing and wrong parameters are 422 and named.
//! The framework's own reader can't tell which parameter was wrong, so each value is read here by what is asked of it.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::value::{MapDeserializer, StringDeserializer};
use serde::de::{DeserializeOwned, Deserializer, EnumAccess, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::Problem;
use super::request::shape_error;

type ValueError = serde::de::value::Error;

/// The query of a request.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T> Query<T> {
    /// What was read.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T: DeserializeOwned> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request.query_string()).map(Query))
    }
}

fn read<T: DeserializeOwned>(query: &str) -> Result<T, Problem> {
    let pairs = web::Query::<Vec<(String, String)>>::from_query(query)
        .map_err(|_| Problem::invalid("query", "is no query string"))?
        .into_inner();
    // A NUL can't be stored, so nothing is found by it; PostgreSQL would fail over it.
    if let Some((name, _)) = pairs.iter().find(|(_, value)| value.contains('\0')) {
        return Err(Problem::invalid(name.clone(), "must not contain control characters"));
    }
    let pairs = pairs.into_iter().map(|(name, value)| (name, Text(value)));
    let deserializer = MapDeserializer::<_, ValueError>::new(pairs);
    serde_path_to_error::deserialize(deserializer).map_err(|error| shape_error(error.path(), error.inner()))
}

/// A value whose type is what the reader wants it to be.
struct Text(String);

impl<'de> IntoDeserializer<'de, ValueError> for Text {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident, $visit:ident, $what:literal;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
            visitor.$visit(self.0.parse().map_err(|_| ValueError::custom(concat!("must be ", $what)))?)
        }
    )*};
}

impl<'de> Deserializer<'de> for Text {
    type Error = ValueError;

    parsed! {
        deserialize_bool, visit_bool, "true or false";
        deserialize_i8, visit_i8, "a whole number";
        deserialize_i16, visit_i16, "a whole number";
        deserialize_i32, visit_i32, "a whole number";
        deserialize_i64, visit_i64, "a whole number";
        deserialize_u8, visit_u8, "a whole number";
        deserialize_u16, visit_u16, "a whole number";
        deserialize_u32, visit_u32, "a whole number";
        deserialize_u64, visit_u64, "a whole number";
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_string(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ValueError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ValueError> {
        visitor.visit_enum(QueryWord(self.0))
    }

    forward_to_deserialize_any! {
        f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// One of the words of an enum.
struct QueryWord(String);

impl<'de> EnumAccess<'de> for QueryWord {
    type Error = ValueError;
    type Variant = <StringDeserializer<ValueError> as EnumAccess<'de>>::Variant;

    fn variant_seed<S: serde::de::DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), ValueError> {
        StringDeserializer::new(self.0).variant_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::ids::SessionId;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Scope {
        Mine,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Asked {
        limit: Option<i64>,
        scope: Option<Scope>,
        session: Option<SessionId>,
        unread: Option<bool>,
        query: String,
    }

    fn wrong_field(query: &str) -> String {
        read::<Asked>(query).expect_err("wrong").errors()[0].field.clone()
    }

    #[test]
    fn a_query_is_read_with_its_types() {
        let session = uuid::Uuid::now_v7();
        let asked: Asked =
            read(&format!("limit=7&scope=mine&session={session}&unread=true&query=%D0%90+b")).expect("query");
        assert_eq!((asked.limit, asked.scope, asked.unread), (Some(7), Some(Scope::Mine), Some(true)));
        assert_eq!((asked.session, asked.query.as_str()), (Some(SessionId(session)), "А b"));
    }

    #[test]
    fn the_wrong_parameter_is_named() {
        assert_eq!(wrong_field("query=a&limit=x"), "limit");
        assert_eq!(wrong_field("query=a&scope=ours"), "scope");
        assert_eq!(wrong_field("query=a&session=1"), "session");
        assert_eq!(wrong_field("query=a&other=1"), "other");
        assert_eq!(wrong_field("limit=1"), "query");
        assert_eq!(wrong_field("query=a&query=b"), "query");
        assert_eq!(wrong_field("query=a%00b"), "query");
    }
}
