//! What the fields of an account may hold.

use crate::http::Fields;
use crate::text::{cleaned, composed};

const DISPLAY_NAME_MAX: usize = 64;

/// A user name in the one form that it is stored and looked for in.
pub(super) fn username(given: &str) -> String {
    composed(given).to_ascii_lowercase()
}

/// A password in the form that is hashed, however the keyboard composes its letters.
pub(super) fn password(given: &str) -> String {
    composed(given)
}

pub(super) fn is_username(username: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_.-".contains(&byte);
    (3..=32).contains(&username.len()) && username.bytes().all(allowed)
}

pub(super) fn check_username(fields: &mut Fields, username: &str) {
    fields.check(is_username(username), "username", "must be 3 to 32 letters a-z, digits, dots, dashes or underscores");
}

pub(super) fn check_password(fields: &mut Fields, field: &str, password: &str) {
    fields.check((8..=128).contains(&password.chars().count()), field, "must have 8 to 128 characters");
}

pub(super) fn check_display_name(fields: &mut Fields, name: &str) -> String {
    fields.line("display_name", name, 1..=DISPLAY_NAME_MAX)
}

/// The display name of an account. It may be of a time when more was allowed; nobody who does not send it should hear
/// that it is wrong.
pub(crate) fn shown_name(display_name: &str, username: &str) -> String {
    let name = cleaned(display_name, DISPLAY_NAME_MAX);
    if name.is_empty() { username.to_owned() } else { name }
}

pub(super) fn check_email(fields: &mut Fields, email: &str) -> String {
    let (local, domain) = email.rsplit_once('@').unwrap_or_default();
    let plain = !email.chars().any(|character| character.is_whitespace() || character.is_control());
    let right = (3..=254).contains(&email.len()) && !local.is_empty() && !domain.is_empty() && !local.contains('@');
    fields.check(right && plain, "email", "must be a mail address");
    email.to_owned()
}
