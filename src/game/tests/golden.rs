//! What earlier versions stored is read for ever, and means what it meant: evenings as they were stored, with what came
//! of them. `messaging/golden.rs` records them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::steps::{any_rules, any_step};
use super::*;

/// Evenings that are played to find what there is to record.
const PLAYED: usize = 4_000;

/// One evening as a version stored it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Stored {
    /// The bodies of its events.
    pub(crate) events: Vec<Box<RawValue>>,
    /// The state in its snapshot after the last one.
    snapshot: Box<RawValue>,
    /// What everybody could see then: the games, and who pays whom.
    games: Value,
    balance: Value,
}

impl Stored {
    fn of(evening: &Evening) -> Self {
        Self {
            events: evening.log.iter().map(raw).collect(),
            snapshot: raw(&evening.session),
            games: games(&evening.session),
            balance: balance(&evening.session),
        }
    }
}

fn raw(value: &impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("json")
}

fn games(session: &Session) -> Value {
    let games: Vec<_> = session.games().filter_map(|game| session.game_view(game)).collect();
    serde_json::to_value(games).expect("json")
}

fn balance(session: &Session) -> Value {
    serde_json::to_value(session.balance()).expect("json")
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden")
}

/// Version and evenings of each file.
pub(crate) fn stored() -> Vec<(String, Vec<Stored>)> {
    let versions = std::fs::read_dir(folder()).expect("a folder").map(|entry| entry.expect("an entry").path());
    let read = |version: PathBuf| {
        let text = std::fs::read_to_string(version.join("evenings.jsonl")).expect("evenings");
        let evenings = text.lines().map(|line| serde_json::from_str(line).expect("an evening")).collect();
        (version.file_name().expect("a name").to_string_lossy().into_owned(), evenings)
    };
    versions.filter(|version| version.is_dir()).map(read).collect()
}

/// What a value is made of: the names on the way to each part of it, and its kind. Names that are ids are no names.
pub(crate) fn shapes(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let name = if Uuid::try_parse(name).is_ok() { "*" } else { name };
                shapes(field, &format!("{path}.{name}"), found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| shapes(item, &format!("{path}[]"), found)),
        Value::String(word)
            if word.len() < 24 && word.bytes().all(|c| c.is_ascii_lowercase() || b"_.".contains(&c)) =>
        {
            found.insert(format!("{path}={word}"));
        }
        other => {
            let kind = match other {
                Value::Null => "null".to_owned(),
                Value::Bool(truth) => truth.to_string(),
                Value::Number(number) if number.as_i64().is_some_and(|number| number < 0) => "negative".to_owned(),
                Value::Number(_) => "number".to_owned(),
                _ => "text".to_owned(),
            };
            found.insert(format!("{path}={kind}"));
        }
    }
}

/// Plays evenings until they show all that this version can store; answers them as the lines of a file.
pub(crate) fn play() -> String {
    let mut runner = TestRunner::deterministic();
    let mut known = BTreeSet::new();
    let mut lines = String::new();
    let played = (any_rules(), 2..6_usize, proptest::collection::vec(any_step(), 0..40));
    for _ in 0..PLAYED {
        let (rules, people, steps) = played.new_tree(&mut runner).expect("a value").current();
        let evening = Evening::played(&rules, people, &steps);
        let stored = Stored::of(&evening);
        let value = serde_json::to_value(&stored).expect("json");
        let mut found = BTreeSet::new();
        shapes(&value, "", &mut found);
        // What is told of an event depends on its type.
        for event in value["events"].as_array().expect("events") {
            shapes(&event["data"], event["type"].as_str().expect("a type"), &mut found);
        }
        if !found.is_subset(&known) {
            known.append(&mut found);
            lines += &serde_json::to_string(&stored).expect("json");
            lines.push('\n');
        }
    }
    lines
}

/// What was told then is told now, and perhaps more.
fn assert_told_still(then: &Value, now: &Value, version: &str) {
    match (then, now) {
        (Value::Object(then), Value::Object(_)) => {
            then.iter().for_each(|(name, field)| assert_told_still(field, &now[name], version));
        }
        (Value::Array(then), Value::Array(now)) if then.len() == now.len() => {
            then.iter().zip(now).for_each(|(then, now)| assert_told_still(then, now, version));
        }
        _ => assert_eq!(now, then, "{version}"),
    }
}

#[test]
fn events_of_all_versions_are_read_and_mean_what_they_meant() {
    for (version, evenings) in stored() {
        assert!(evenings.len() > 10, "{version}");
        for stored in evenings {
            let mut session = Session::default();
            for body in &stored.events {
                let event: Event =
                    serde_json::from_str(body.get()).unwrap_or_else(|error| panic!("{version}: {error}: {body}"));
                session.apply(&event);
                let told = serde_json::to_value(&event).expect("json");
                let body: Value = serde_json::from_str(body.get()).expect("json");
                assert_eq!(told, body, "{version}: told to clients as it was");
            }
            assert_told_still(&stored.games, &games(&session), &version);
            assert_told_still(&stored.balance, &balance(&session), &version);
        }
    }
}

#[test]
fn snapshots_of_all_versions_are_read_and_right() {
    for (version, evenings) in stored() {
        for stored in evenings {
            // Where one of an earlier format is to be dropped from now on, say so here: the log is replayed then.
            let session: Session = serde_json::from_str(stored.snapshot.get()).expect("a snapshot");
            assert_told_still(&stored.games, &games(&session), &version);
            assert_told_still(&stored.balance, &balance(&session), &version);
            let last = stored.events.last().expect("events");
            let last: Event = serde_json::from_str(last.get()).expect("an event");
            assert_eq!(session.seq(), last.seq, "{version}");
        }
    }
}
