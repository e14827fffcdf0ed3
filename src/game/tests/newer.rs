//! Events of a version to come: kept, counted, and nothing is decided on them.

use super::*;
use crate::game::Refusal;
use crate::ids::UserId;

/// The same event as a version to come might have it.
fn changed(event: &Event, change: impl FnOnce(&mut Value)) -> Event {
    let mut json = serde_json::to_value(event).expect("json");
    change(&mut json);
    let text = json.to_string();
    assert!(serde_json::from_str::<Event>(&text).is_err(), "this version reads it: {text}");
    Event::of_newer_version(&text).expect("an event")
}

fn at_the_table() -> Evening {
    let mut evening = Evening::of(kolkhoz(SHORT_TABLE, json!({})), &["Anna", "Boris"]);
    evening.starts(&["Anna", "Boris"]);
    evening.pots("Anna", "white");
    evening
}

#[test]
fn an_event_of_an_unknown_type_counts_and_ends_what_may_be_decided_here() {
    let mut evening = at_the_table();
    let last = evening.log.last().expect("events").clone();
    let newer = changed(&last, |json| {
        json["type"] = json!("game.ball_rerated");
        json["seq"] = json!(last.seq.next());
    });
    assert_eq!(newer.fact.event_type(), "game.ball_rerated");
    let before = evening.session.view(&|_| true);
    evening.session.apply(&newer);
    assert!(evening.session.needs_newer());
    assert_eq!(evening.session.seq(), last.seq.next());
    let refused = evening.refused("Anna", Command::Score(Scoring::EndGame { reason: None, participant_id: None }));
    assert_eq!((&refused, refused.code()), (&Refusal::NeedsNewer, "storage_unavailable"));
    let after = evening.session.view(&|_| true);
    assert_eq!((after.participants, after.current_game), (before.participants, before.current_game));
    // What comes after it is known, and is shown as far as it is.
    let mut next = last;
    next.seq = next.seq + 2;
    evening.session.apply(&next);
    assert_eq!(evening.session.seq(), next.seq);
}

#[test]
fn rules_of_a_game_to_come_leave_the_session_as_it_was() {
    let mut evening = at_the_table();
    let rules = Some(kolkhoz(SHORT_TABLE, json!({"last_ball": "value_plus_one"})));
    evening.by("Anna", Command::Score(Scoring::EndGame { reason: None, participant_id: None }));
    let settings = evening.by("Anna", settings(ChangeSettings { rules, ..ChangeSettings::default() }));
    let mut event = evening.log.last().expect("events").clone();
    assert_eq!(settings.len(), 1);
    event.seq = event.seq.next();
    let newer = changed(&event, |json| json["data"]["rules"]["game_type"] = json!("carom"));
    let before = evening.session.rules().clone();
    evening.session.apply(&newer);
    assert_eq!((evening.session.rules(), evening.session.needs_newer()), (&before, true));
}

#[test]
fn nobody_reads_a_session_that_began_with_a_game_to_come() {
    let log = at_the_table().log;
    let mut session = Session::default();
    session.apply(&changed(&log[0], |json| json["data"]["rules"]["game_type"] = json!("carom")));
    log[1..].iter().for_each(|event| session.apply(event));
    let stranger = UserId(Uuid::from_u128(77));
    assert_eq!(session.seq(), log.last().expect("events").seq);
    for user in [stranger, log[0].actor.user_id.expect("a creator")] {
        assert_eq!(session.may_read(user), Err(Refusal::NeedsNewer));
        assert_eq!(session.may_preview(user, true, Timestamp::default()), Err(Refusal::NeedsNewer));
    }
}

#[test]
fn what_is_damaged_is_no_event_of_a_newer_version() {
    for event in at_the_table().log {
        let mut json = serde_json::to_value(&event).expect("json");
        json["data"] = json!({"half": true});
        let text = json.to_string();
        let is_read = serde_json::from_str::<Event>(&text).is_ok();
        assert!(is_read || Event::of_newer_version(&text).is_none(), "{text}");
        json["type"] = json!("game.to_come");
        json.as_object_mut().expect("an object").remove("actor");
        assert!(Event::of_newer_version(&json.to_string()).is_none());
    }
    assert!(Event::of_newer_version("{").is_none());
}
