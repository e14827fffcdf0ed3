//! Envelopes of earlier versions wait in outboxes, queues and dead letters during an update, and are read for ever.
//! `ARTEL_RECORD_GOLDEN=<name> cargo test --lib what_this_version_stores` records those of this version, and the evenings
//! that they are from, in `tests/it/golden/<name>`.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::message::{Message, Peers, advanced, event_in, messages_of};
use crate::game::tests::golden::{Stored, folder, play, shapes, stored};
use crate::journal::Record;
use crate::outbox::envelope::Envelope;

/// A message as it was published.
#[derive(Serialize, Deserialize)]
struct Published {
    routing_key: String,
    body: Box<RawValue>,
}

#[test]
fn what_this_version_stores_and_sends_is_recorded_where_that_is_asked_for() {
    let Some(name) = std::env::var_os("ARTEL_RECORD_GOLDEN") else { return };
    let folder = folder().join(name);
    std::fs::create_dir(&folder).expect("a new folder: what was recorded once stays as it is");
    let lines = play();
    let (mut known, mut envelopes) = (BTreeSet::new(), String::new());
    for line in lines.lines() {
        let evening: Stored = serde_json::from_str(line).expect("an evening");
        let record = |body: &str| Record::told(body.to_owned(), 7).expect("an event of this version");
        let records: Vec<_> = evening.events.iter().map(|body| Arc::new(record(body.get()))).collect();
        let messages = records
            .iter()
            .flat_map(|record| messages_of(record, |_| true, Peers::OlderNodes))
            .chain(advanced(&records));
        for message in messages {
            let body = serde_json::value::to_raw_value(&*message.envelope).expect("json");
            let mut found = BTreeSet::new();
            shapes(&serde_json::to_value(&body).expect("json"), message.pattern(), &mut found);
            if !found.is_subset(&known) {
                known.append(&mut found);
                let published = Published { routing_key: message.routing_key, body };
                envelopes += &serde_json::to_string(&published).expect("json");
                envelopes.push('\n');
            }
        }
    }
    std::fs::write(folder.join("envelopes.jsonl"), envelopes).expect("written");
    std::fs::write(folder.join("evenings.jsonl"), lines).expect("written");
}

#[test]
fn envelopes_of_all_versions_are_read() {
    for (version, _) in stored() {
        let text = std::fs::read_to_string(folder().join(&version).join("envelopes.jsonl")).expect("envelopes");
        assert!(text.lines().count() > 30, "{version}");
        for line in text.lines() {
            let Published { routing_key, body } = serde_json::from_str(line).expect("a message");
            let envelope = Envelope::read(body.get().as_bytes()).unwrap_or_else(|error| panic!("{version}: {error}"));
            let told: Value = serde_json::from_str(body.get()).expect("json");
            assert_eq!(serde_json::to_value(&envelope).expect("json"), told, "{version}");
            if routing_key.starts_with("websocket.session.") {
                let record = event_in(&Message::new(routing_key, envelope.clone())).expect("an event for another node");
                assert_eq!((Some(record.seq()), record.command_hash), (envelope.seq, 7), "{version}");
            }
        }
    }
}
