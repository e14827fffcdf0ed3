//! A message: what it is to clients, and what may be in one.

use entity::chat_message::Model;
use serde::Serialize;
use unicode_segmentation::UnicodeSegmentation;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::Problem;
use crate::ids::{ChatId, MessageId, Timestamp, UserId};
use crate::text::{composed, shows_something};

/// Characters, as a person counts them: a flag, a family, a letter with its accents are one each.
pub(super) const CONTENT_MAX: usize = 4_000;
/// Bytes for each of them, which nothing that is written needs: accents upon accents have an end.
const CONTENT_BYTES_MAX: usize = 32 * CONTENT_MAX;

/// Something said in a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Message)]
pub(crate) struct ChatMessage {
    pub(crate) id: MessageId,
    pub(crate) chat_id: ChatId,
    /// 1, 2, 3 ... in its chat, without gaps.
    pub(crate) number: i64,
    pub(crate) sender_id: UserId,
    /// Empty where it was deleted.
    pub(crate) content: String,
    pub(crate) created_at: Timestamp,
    /// When its content was changed last.
    #[schema(required)]
    pub(crate) edited_at: Option<Timestamp>,
    pub(crate) is_deleted: bool,
    /// When the last other member's first device had it.
    #[schema(required)]
    pub(crate) delivered_at: Option<Timestamp>,
    /// When the last other member had read it.
    #[schema(required)]
    pub(crate) read_at: Option<Timestamp>,
}

impl ChatMessage {
    pub(super) fn of(row: Model) -> Self {
        let time = |millis: Option<i64>| millis.map(Timestamp::from_millis);
        Self {
            id: MessageId(row.id),
            chat_id: ChatId(row.chat_id),
            number: row.number,
            sender_id: UserId(row.sender_id),
            content: row.content,
            created_at: Timestamp::from_millis(row.created_at_ms),
            edited_at: time(row.edited_at_ms),
            is_deleted: row.is_deleted,
            delivered_at: time(row.delivered_at_ms),
            read_at: time(row.read_at_ms),
        }
    }
}

/// What somebody says, as it may be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content(String);

impl Content {
    /// 422 where nobody could read it, or nobody would.
    pub(super) fn checked(content: String) -> Result<Self, Problem> {
        let invalid = |message: String| Err(Problem::invalid("content", message));
        let content = composed(&content);
        if !shows_something(&content) {
            return invalid("must say something".to_owned());
        }
        if content.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t')) {
            return invalid("has control characters".to_owned());
        }
        let is_long = content.len() > CONTENT_MAX;
        if is_long && (content.len() > CONTENT_BYTES_MAX || content.graphemes(true).nth(CONTENT_MAX).is_some()) {
            return invalid(format!("must be 1 to {CONTENT_MAX} characters"));
        }
        Ok(Self(content))
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }

    /// Of a message to that chat, or of what that message is to say: what is asked under one idempotency key has one.
    pub(super) fn request_hash(&self, of: Uuid) -> i64 {
        let id = Uuid::new_v5(&of, self.0.as_bytes());
        id.as_u64_pair().0.cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(content: &str) -> bool {
        Content::checked(content.to_owned()).is_ok()
    }

    #[test]
    fn characters_are_counted_as_a_person_counts_them() {
        for one in ["a", "ж", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "👨‍👩‍👧‍👦", "e\u{301}\u{302}", "🇷🇺", "नि", "\r\n", "각"]
        {
            let visible = |count: usize| format!("x{}", one.repeat(count - 1));
            assert!(accepted(&visible(CONTENT_MAX)), "{one}");
            assert!(!accepted(&visible(CONTENT_MAX + 1)), "{one}");
        }
        assert!(!accepted(&format!("e{}", "\u{301}".repeat(CONTENT_BYTES_MAX))), "one character without an end");
    }

    #[test]
    fn what_says_nothing_or_breaks_a_screen_is_refused() {
        for content in ["", " ", "\n\t", "\u{3000}", "\u{200b}", "\u{3164}", "a\0", "\u{1b}[2J", "a\u{7f}", "a\u{85}"] {
            assert!(!accepted(content), "{content:?}");
        }
        for content in ["a\nb\tc\r\n", "🎱", "  x  ", "';--", "<b>", "\u{202e}abc"] {
            assert!(accepted(content), "{content:?}");
        }
    }

    #[test]
    fn what_looks_the_same_is_stored_the_same() {
        let stored = |content: &str| Content::checked(content.to_owned()).expect("content").into_string();
        assert_eq!(stored("мои\u{306} cafe\u{301}"), "мой café");
        // What is composed apart takes more bytes, and is as many characters.
        assert!(accepted(&"\u{958}".repeat(CONTENT_MAX)));
    }

    #[test]
    fn the_same_request_has_the_same_hash_and_another_one_another() {
        let [here, there] = [1, 2].map(Uuid::from_u128);
        let hash = |content: &str, chat| Content::checked(content.to_owned()).expect("content").request_hash(chat);
        assert_eq!(hash("a", here), hash("a", here));
        assert_ne!(hash("a", here), hash("b", here));
        assert_ne!(hash("a", here), hash("a", there));
    }
}
