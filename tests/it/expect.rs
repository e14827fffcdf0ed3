//! What answers are held to: the contract's codes with their statuses, its objects with their fields, its times.

use chrono::DateTime;
use reqwest::StatusCode;
use serde_json::Value;
use uuid::Uuid;

/// The codes of the contract that REST answers with, and their statuses.
const CODES: [(&str, u16); 38] = [
    ("chat_not_member", 403),
    ("message_not_editable", 409),
    ("already_claimed", 409),
    ("already_in_session", 409),
    ("participant_removed", 403),
    ("user_blocked", 403),
    ("validation_failed", 422),
    ("malformed_json", 400),
    ("unauthenticated", 401),
    ("token_expired", 401),
    ("invalid_credentials", 401),
    ("refresh_token_reused", 401),
    ("insufficient_permissions", 403),
    ("login_disabled", 403),
    ("template_not_editable", 403),
    ("not_found", 404),
    ("method_not_allowed", 405),
    ("username_taken", 409),
    ("session_full", 409),
    ("session_not_open", 409),
    ("session_closed", 409),
    ("game_in_progress", 409),
    ("game_not_active", 409),
    ("game_not_ended", 409),
    ("not_your_turn", 409),
    ("unknown_ball", 422),
    ("ball_not_available", 409),
    ("not_enough_players", 409),
    ("event_not_voidable", 409),
    ("already_friends", 409),
    ("friend_request_exists", 409),
    ("cannot_friend_yourself", 422),
    ("idempotency_key_reused", 409),
    ("payload_too_large", 413),
    ("rate_limited", 429),
    ("overloaded", 503),
    ("storage_unavailable", 503),
    ("bad_request", 400),
];

/// The answer is that problem, with the status that belongs to it.
#[track_caller]
pub(crate) fn refused((status, answer): (StatusCode, Value), code: &str) -> Value {
    let (_, expected) = CODES.into_iter().find(|(word, _)| *word == code).expect("a code of the contract");
    assert_eq!((status.as_u16(), answer["code"].as_str()), (expected, Some(code)), "{answer}");
    answer
}

/// 422 that names this field.
#[track_caller]
pub(crate) fn wrong_field(answer: (StatusCode, Value), field: &str) {
    let problem = refused(answer, "validation_failed");
    let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("errors of {problem}"));
    let named = errors.iter().any(|error| error["field"] == field && error["message"].is_string());
    assert!(named, "{field} in {problem}");
}

/// The answer succeeded with that status.
#[track_caller]
pub(crate) fn answered((status, answer): (StatusCode, Value), expected: u16) -> Value {
    assert_eq!(status.as_u16(), expected, "{answer}");
    answer
}

/// The object has these fields at least, separated by spaces.
#[track_caller]
pub(crate) fn has_fields(object: &Value, fields: &str) {
    let there = object.as_object().unwrap_or_else(|| panic!("an object: {object}"));
    for field in fields.split_whitespace() {
        assert!(there.contains_key(field), "{field} of {object}");
    }
}

/// The object has these fields and no others.
#[track_caller]
pub(crate) fn has_only_fields(object: &Value, fields: &str) {
    has_fields(object, fields);
    assert_eq!(object.as_object().map(serde_json::Map::len), Some(fields.split_whitespace().count()), "{object}");
}

/// RFC 3339 in UTC with milliseconds.
#[track_caller]
pub(crate) fn is_time(value: &Value) {
    let time = value.as_str().unwrap_or_else(|| panic!("a time: {value}"));
    DateTime::parse_from_rfc3339(time).unwrap_or_else(|error| panic!("{time}: {error}"));
    assert!(time.len() == 24 && time.as_bytes()[19] == b'.' && time.ends_with('Z'), "{time}");
}

/// A UUID of version 7, as the server makes them.
#[track_caller]
pub(crate) fn is_id(value: &Value) {
    let id = value.as_str().and_then(|id| Uuid::parse_str(id).ok()).unwrap_or_else(|| panic!("an id: {value}"));
    assert_eq!(id.get_version_num(), 7, "{id}");
}

/// The items of a list.
#[track_caller]
pub(crate) fn items(list: &Value) -> &Vec<Value> {
    list["items"].as_array().unwrap_or_else(|| panic!("items of {list}"))
}

/// The item of an array whose field has that value.
#[track_caller]
pub(crate) fn item<'a>(array: &'a Value, field: &str, value: &str) -> &'a Value {
    let array = array.as_array().unwrap_or_else(|| panic!("an array: {array}"));
    array.iter().find(|item| item[field] == value).unwrap_or_else(|| panic!("{field} {value} in {array:?}"))
}
