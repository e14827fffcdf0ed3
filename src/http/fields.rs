//! Checks of single fields, gathered: a client hears of all its mistakes at once.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer};

use super::{FieldError, Problem};
use crate::text::{composed, is_visible};

/// The mistakes found so far.
#[derive(Debug, Default)]
pub struct Fields(Vec<FieldError>);

impl Fields {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a mistake.
    pub fn wrong(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(FieldError::new(field, message));
    }

    /// Notes a mistake unless `right`.
    pub fn check(&mut self, right: bool, field: &str, message: &str) {
        if !right {
            self.wrong(field, message);
        }
    }

    /// One line of text: its ends trimmed, composed (NFC), so many characters, none of them invisible.
    pub fn line(&mut self, field: &str, text: &str, length: RangeInclusive<usize>) -> String {
        self.text(field, text, length, is_visible)
    }

    /// Text that may have several lines, else as [`Fields::line`].
    pub fn lines(&mut self, field: &str, text: &str, length: RangeInclusive<usize>) -> String {
        self.text(field, text, length, |text| text.split('\n').all(is_visible))
    }

    fn text(
        &mut self,
        field: &str,
        text: &str,
        length: RangeInclusive<usize>,
        allowed: impl Fn(&str) -> bool,
    ) -> String {
        let text = composed(text.trim());
        if !length.contains(&text.chars().count()) {
            self.wrong(field, format!("must have {} to {} characters", length.start(), length.end()));
        } else if !allowed(&text) {
            self.wrong(field, "must not have control or format characters");
        }
        text
    }

    /// The 422, where there is a mistake.
    pub fn done(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::invalid_many(self.0)) }
    }
}

/// For optional fields where `null` means something: `None` is absent, `Some(None)` is `null`.
/// Use it as `#[serde(default, deserialize_with = "given")]`.
pub fn given<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_told_at_once() {
        let mut fields = Fields::new();
        fields.line("name", "  ", 1..=64);
        fields.line("title", "a\u{7}b", 1..=64);
        assert_eq!(fields.lines("text", " two\nlines ", 1..=9), "two\nlines");
        assert_eq!(fields.line("city", "Пермь", 1..=5), "Пермь");
        let problem = fields.done().expect_err("two mistakes");
        let named: Vec<_> = problem.errors().iter().map(|error| error.field.as_str()).collect();
        assert_eq!(named, ["name", "title"]);
    }
}
