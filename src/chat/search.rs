//! Finds what was said, by its words: by their stems where the database knows them, each word of the query somewhere in
//! the message. SQLite keeps an index of words beside the table (FTS5), PostgreSQL has one of its own (`tsvector`). Both
//! have `е` for `ё`, and the same words: the parser of PostgreSQL is given nothing else.

use actix_web::web;
use entity::chat_message;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Value};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::chats::Chats;
use super::held::statement;
use super::message::ChatMessage;
use crate::account::CurrentUser;
use crate::http::{Listing, Page, Problem, ProblemBody, Query};
use crate::text::{composed, is_mark};

/// Bytes of a query, and words of it that are looked for.
const QUERY_MAX: usize = 400;
const WORDS_MAX: usize = 16;

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// Words; a message has to have all of them.
    query: Option<String>,
    /// 1 to 200, 50 where absent.
    limit: Option<i64>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A text on PostgreSQL, as its index has it: of tags, entities and paths the words, of fractions the numbers. The class is
/// of ASCII in any database by its collation; letters of all languages stay.
fn indexed(text: &str) -> String {
    format!(
        "regexp_replace(translate(normalize({text}, NFKC), 'ёЁ', 'еЕ') COLLATE \"C\", \
                        '[!-/:-@[-`{{-~«»\\u2000-\\u206f]', ' ', 'g')"
    )
}

/// The words of a text, whatever stands between them. What is set on a letter belongs to it.
fn words(query: &str) -> Vec<&str> {
    let words = query.split(|letter: char| !letter.is_alphanumeric() && !is_mark(letter));
    words.filter(|word| word.contains(char::is_alphanumeric)).take(WORDS_MAX).collect()
}

/// Searches your chats, the latest message first.
#[utoipa::path(
    get, path = "/api/v1/messages", operation_id = "search_messages", tag = "chats", security(("bearer" = [])),
    params(SearchQuery),
    responses((status = 200, body = Listing<ChatMessage>), (status = 422, body = ProblemBody)),
)]
pub(super) async fn search(
    user: CurrentUser,
    query: Query<SearchQuery>,
    chats: web::Data<Chats>,
) -> Result<web::Json<Listing<ChatMessage>>, Problem> {
    let SearchQuery { query, limit, cursor } = query.into_inner();
    // As content and its index have it.
    let query = composed(&query.unwrap_or_default()).replace('ё', "е").replace('Ё', "Е");
    let page = Page::new(limit, cursor)?;
    if query.trim().is_empty() || query.len() > QUERY_MAX {
        return Err(Problem::invalid("query", format!("must be 1 to {QUERY_MAX} bytes")));
    }
    let after = page.after::<(i64, Uuid)>()?;
    let words = words(&query);
    if words.is_empty() {
        return Ok(web::Json(Listing::whole(Vec::new())));
    }
    let db = chats.database.reader();
    let (source, found, words) = match db.get_database_backend() {
        DbBackend::Postgres => (
            "chat_message m JOIN chat_member u ON u.chat_id = m.chat_id AND u.user_id = $1",
            format!(
                "to_tsvector('artel_chat', {content}) @@ plainto_tsquery('artel_chat', {query}) \
                 AND (m.created_at_ms < $3 OR m.created_at_ms = $3 AND m.id < $4) \
                 ORDER BY m.created_at_ms DESC, m.id DESC",
                content = indexed("m.content"),
                query = indexed("$2"),
            ),
            words.join(" "),
        ),
        // Messages are stored in the order of their times, in which FTS5 finds them without looking at all that match.
        // The first page goes on after no message, and its time is beyond all places.
        _ => (
            "chat_words w CROSS JOIN chat_message m ON m.place = w.rowid \
             CROSS JOIN chat_member u ON u.chat_id = m.chat_id AND u.user_id = $1",
            "chat_words MATCH $2 AND w.rowid < coalesce((SELECT place FROM chat_message WHERE id = $4), $3) \
             ORDER BY w.rowid DESC"
                .to_owned(),
            words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" "),
        ),
    };
    let (at, id) = after.unwrap_or((i64::MAX, Uuid::max()));
    let sql = format!(
        "SELECT m.* FROM {source} \
         WHERE NOT m.is_deleted AND m.number >= u.first_number AND (u.last_number IS NULL OR m.number <= u.last_number) \
           AND {found} LIMIT $5"
    );
    let limit = i64::try_from(page.rows()).unwrap_or(i64::MAX);
    let values: [Value; 5] = [user.id.0.into(), words.into(), at.into(), id.into(), limit.into()];
    let rows = db.query_all_raw(statement(db, sql, values)).await?;
    let rows = rows.iter().map(|row| chat_message::Model::from_query_result(row, "")).collect::<Result<Vec<_>, _>>()?;
    Ok(web::Json(Listing::of(rows, &page, |row| (row.created_at_ms, row.id), ChatMessage::of)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_its_words_and_nothing_else() {
        assert_eq!(words("забил  \"восьмёрку\" в a.b-c!"), ["забил", "восьмёрку", "в", "a", "b", "c"]);
        assert_eq!(words("* AND ( : ' \u{200b}"), ["AND"]);
        assert_eq!(words("हिन्दी x\u{301}y ❤\u{fe0f} ½"), ["हिन्दी", "x\u{301}y", "½"]);
        assert_eq!(words(&"a ".repeat(50)).len(), WORDS_MAX);
    }
}
