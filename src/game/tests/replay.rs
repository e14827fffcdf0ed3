//! The log is the session: whatever was stored gives the same state again, whatever else is said to it.

use std::collections::HashSet;

use super::*;
use crate::game::event::EventHash;

fn replayed(log: &[Event]) -> Session {
    let mut session = Session::default();
    for event in log {
        let json = serde_json::to_vec(event).expect("json");
        let event: Event = serde_json::from_slice(&json).expect("event");
        session.apply(&event);
    }
    session
}

fn an_evening() -> Evening {
    let rules = kolkhoz(SHORT_TABLE, json!({"foul": {"kind": "pool"}, "last_ball": "value_plus_one"}));
    let mut evening = Evening::of(rules, &["Anna", "Boris", "Vera"]);
    evening.by("Anna", Command::AddGuest { display_name: "Uncle".into() });
    evening.starts(&["Uncle", "Anna", "Vera"]);
    evening.fouls("Uncle");
    evening.pots("Vera", "white");
    evening.misses("Vera");
    evening.pots("Anna", "pink");
    evening.voids(evening.now());
    evening.pots("Uncle", "pink");
    evening.pots("Uncle", "white");
    let rules = Some(pyramid(json!({"target_balls": 1})));
    evening.by("Anna", settings(ChangeSettings { rules, ..ChangeSettings::default() }));
    evening.starts(&["Boris", "Vera"]);
    evening.fouls("Boris");
    evening.by("Anna", Command::RemoveParticipant { participant_id: evening.participant("Anna") });
    evening
}

#[test]
fn the_log_gives_the_session_again() {
    let evening = an_evening();
    assert_eq!(replayed(&evening.log), evening.session);
}

#[test]
fn a_snapshot_gives_the_session_again() {
    let evening = an_evening();
    let json = serde_json::to_string(&evening.session).expect("json");
    let session: Session = serde_json::from_str(&json).expect("session");
    assert_eq!(session, evening.session);
    assert_eq!(session.view(&|_| true), evening.session.view(&|_| true));
}

#[test]
fn views_are_read_as_they_are_written() {
    let evening = an_evening();
    let view = evening.session.view(&|_| true);
    let json = serde_json::to_string(&view).expect("json");
    assert_eq!(serde_json::from_str::<crate::game::SessionView>(&json).expect("view"), view);
    let json = serde_json::to_string(&evening.session.balance()).expect("json");
    assert_eq!(serde_json::from_str::<crate::game::BalanceView>(&json).expect("view"), evening.session.balance());
}

#[test]
fn an_event_is_read_in_any_order_of_its_fields_and_with_fields_to_come() {
    for event in an_evening().log {
        let mut json = serde_json::to_value(&event).expect("json");
        json["data"]["to_come"] = json!([1, {"a": null}]);
        json["to_come"] = json!(2.5);
        let stored = serde_json::to_string(&event).expect("json");
        let read = |event: Event| serde_json::to_string(&event).expect("json");
        assert_eq!(read(serde_json::from_value(json.clone()).expect("event")), stored);
        // Some databases store the fields in an order of their own: `data` before `type`.
        let mut fields: Vec<_> = json.as_object().expect("object").iter().collect();
        for _ in 0..2 {
            let written: Vec<_> = fields.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
            let written = format!("{{{}}}", written.join(","));
            assert_eq!(read(serde_json::from_str(&written).expect("event")), stored);
            fields.reverse();
        }
    }
}

#[test]
fn each_event_names_the_hash_of_the_one_before_and_a_changed_one_has_another_hash() {
    let log = an_evening().log;
    for pair in log.windows(2) {
        assert_eq!(pair[1].proof.prev_hash, pair[0].proof.hash);
    }
    for event in log {
        let (hash, mut changed) = (event.proof.hash, event);
        changed.timestamp = Timestamp::from_millis(1);
        assert_ne!(changed.sealed().0.proof.hash, hash);
    }
}

#[test]
fn events_of_earlier_versions_are_vouched_for_by_the_first_that_has_a_hash() {
    let log = an_evening().log;
    let unsealed = |changed: Option<usize>| {
        let mut session = Session::default();
        for (n, event) in log.iter().enumerate() {
            let text = if changed == Some(n) { "another" } else { "the same" };
            let proof = Proof { unsealed: Some(EventHash::of(&format!("{n} {text}"))), ..Proof::default() };
            session.apply(&Event { proof, ..event.clone() });
        }
        session.last_hash()
    };
    let hashes: HashSet<_> = (0..log.len()).map(|n| unsealed(Some(n))).chain([unsealed(None)]).collect();
    assert_eq!(hashes.len(), log.len() + 1, "whichever is changed, the last hash is another");
}

#[test]
fn the_fields_of_an_event_are_those_of_the_contract() {
    let event = an_evening().log.remove(0);
    let json = serde_json::to_value(&event).expect("json");
    let mut fields: Vec<_> = json.as_object().expect("object").keys().cloned().collect();
    fields.sort_unstable();
    let mut contract = [
        "event_id",
        "session_id",
        "seq",
        "type",
        "game_id",
        "actor",
        "command_id",
        "correlation_id",
        "timestamp",
        "data",
        // The first has none before it, and so no `prev_hash`.
        "hash",
    ];
    contract.sort_unstable();
    assert_eq!(fields, contract);
    assert_eq!(
        (json["type"].as_str(), json["data"]["rules"]["game_type"].as_str()),
        (Some("session.created"), Some("kolkhoz"))
    );
}

#[test]
fn an_event_seen_again_or_of_another_session_changes_nothing() {
    let evening = an_evening();
    let mut session = evening.session.clone();
    for event in &evening.log {
        session.apply(event);
        session.apply(&Event { session_id: SessionId(Uuid::from_u128(9)), seq: event.seq + 1000, ..event.clone() });
    }
    assert_eq!(session, evening.session);
}

#[test]
fn a_fact_about_nobody_changes_nothing_but_the_seq() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    evening.pots("Anna", "white");
    let pot = evening.log.last().cloned().expect("a pot");
    let Fact::BallPotted(potted) = pot.fact.clone() else { panic!("{pot:?}") };
    let points = evening.points();
    let mut nonsense =
        vec![Event { game_id: None, ..pot.clone() }, Event { game_id: Some(GameId::default()), ..pot.clone() }];
    for potted in [
        event_potted(&potted, ParticipantId::default(), "white"),
        event_potted(&potted, potted.participant_id, "octarine"),
    ] {
        nonsense.push(Event { fact: potted, ..pot.clone() });
    }
    for mut event in nonsense {
        event.seq = evening.now() + 1;
        evening.session.apply(&event);
        assert_eq!((evening.points(), evening.now()), (points.clone(), event.seq));
    }
}

fn event_potted(potted: &crate::game::event::BallPotted, participant_id: ParticipantId, color: &str) -> Fact {
    Fact::BallPotted(crate::game::event::BallPotted { participant_id, color: color.into(), ..potted.clone() })
}
