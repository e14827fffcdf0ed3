//! Paging, the same for every list: `?limit=&cursor=`, answered by `{"items", "next_cursor"}`.
//! A cursor is the sort key of the last item of the page before, opaque to clients.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;

const LIMIT_DEFAULT: i64 = 50;
const LIMIT_MAX: i64 = 200;

/// Query of a list that takes nothing else.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl PageQuery {
    /// The part of the list that it asks for.
    pub fn page(self) -> Result<Page, Problem> {
        Page::new(self.limit, self.cursor)
    }
}

/// Which part of a list is asked for.
#[derive(Clone, Debug)]
pub struct Page {
    limit: u64,
    cursor: Option<String>,
}

impl Page {
    /// From the query: `limit` 1..200, 50 where absent; an empty cursor is none.
    pub fn new(limit: Option<i64>, cursor: Option<String>) -> Result<Self, Problem> {
        let limit = limit.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            return Err(Problem::invalid("limit", format!("must be 1 to {LIMIT_MAX}")));
        }
        Ok(Self { limit: limit.unsigned_abs(), cursor: cursor.filter(|cursor| !cursor.is_empty()) })
    }

    /// How many items.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// How many rows to read: one more than asked for tells whether there is a next page.
    pub fn rows(&self) -> u64 {
        self.limit + 1
    }

    /// The sort key after which this page begins; `None` on the first page.
    pub fn after<K: DeserializeOwned>(&self) -> Result<Option<K>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let json = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|json| String::from_utf8(json).ok());
        // No key of ours has a NUL; PostgreSQL would fail over it.
        let key = json.filter(|json| !json.contains("\\u0000")).and_then(|json| serde_json::from_str(&json).ok());
        key.map(Some).ok_or_else(|| Problem::invalid("cursor", "must be the next_cursor of an earlier answer"))
    }
}

/// One page of a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listing<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// Give it as `cursor` to get the next page; `null` on the last one.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

impl<T> Listing<T> {
    /// All there is.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next_cursor: None }
    }

    /// Cuts the extra row of [`Page::rows`] off; `key` is the sort key of a row.
    pub fn of<R, K: Serialize>(mut rows: Vec<R>, page: &Page, key: impl Fn(&R) -> K, item: impl FnMut(R) -> T) -> Self {
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more).and_then(|row| serde_json::to_vec(&key(row)).ok());
        let next_cursor = last.map(|key| URL_SAFE_NO_PAD.encode(key));
        Self { items: rows.into_iter().map(item).collect(), next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_each_other_without_gap_or_overlap() {
        let all: Vec<u32> = (1..=5).collect();
        let (mut cursor, mut seen) = (None, Vec::new());
        loop {
            let page = Page::new(Some(2), cursor).expect("page");
            let after: Option<u32> = page.after().expect("cursor");
            let rows: Vec<u32> = all.iter().copied().filter(|row| Some(*row) > after).take(3).collect();
            let listing = Listing::of(rows, &page, |row| *row, |row| row);
            seen.extend(listing.items);
            cursor = listing.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }

    #[test]
    fn limits_and_cursors_out_of_bounds_are_named() {
        for limit in [0, 201, -1] {
            assert_eq!(Page::new(Some(limit), None).expect_err("limit").errors()[0].field, "limit");
        }
        let page = Page::new(None, Some("!".into())).expect("page");
        assert_eq!(page.limit(), 50);
        assert_eq!(page.after::<u32>().expect_err("cursor").errors()[0].field, "cursor");
        let nul = URL_SAFE_NO_PAD.encode(r#""a\u0000""#);
        let page = Page::new(None, Some(nul)).expect("page");
        assert_eq!(page.after::<String>().expect_err("cursor").errors()[0].field, "cursor");
        assert_eq!(Page::new(None, Some(String::new())).expect("page").after::<u32>().expect("none"), None);
    }
}
