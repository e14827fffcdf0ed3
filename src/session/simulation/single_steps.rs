//! Single steps of one engine, where the order of things is the point.

use std::sync::Arc;

use uuid::Uuid;

use super::super::engine::{Ask, CallerId, Effect, Engine, Input, Outcome};
use super::{opening, user};
use crate::game::command::{Command, Request, Scoring};
use crate::ids::{CommandId, CorrelationId, Dice, Seq, Timestamp, UserId};
use crate::journal::{AppendError, LoadedSession, Record};
use crate::session::Submission;

const CREATOR: UserId = user(0);

fn opened(log: &[Arc<Record>]) -> LoadedSession {
    LoadedSession::new(log.to_vec())
}

fn first_event() -> Arc<Record> {
    opening(0).0.remove(0)
}

fn ask(caller: u64, command: Command) -> Input {
    let at = Timestamp::from_millis(1_700_000_000_000);
    let request = Request { user: CREATOR, game: None, command, at, dice: Dice(u128::from(caller)) };
    let command_id = CommandId(Uuid::from_u128(u128::from(caller)));
    let submission = Submission { request, command_id, correlation_id: CorrelationId(command_id.0), hash: 7 };
    Input::Ask(Box::new(Ask { caller: CallerId(caller), submission }))
}

/// What an engine wants to append.
fn appended(effects: &[Effect]) -> Vec<Arc<Record>> {
    let records = effects.iter().find_map(|effect| match effect {
        Effect::Append { records, .. } => Some(records.clone()),
        _ => None,
    });
    records.expect("an append")
}

#[test]
fn an_append_that_is_stored_unheard_is_told_though_nobody_asks_again() {
    let mut engine = Engine::new(opened(&[first_event()]), false);
    let records = appended(&engine.on(ask(1, Command::AddGuest { display_name: "guest".to_owned() })));
    let effects = engine.on(Input::Appended(Err(AppendError::Unavailable)));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::LookLater)), "{effects:?}");
    assert!(
        matches!(engine.on(Input::HeardHead(Seq(2)))[..], [Effect::ReadTail { after: Seq(1) }]),
        "somebody asks meanwhile"
    );
    assert!(engine.on(Input::Tail(None)).is_empty(), "it looks later already");
    assert!(matches!(engine.on(Input::LookNow)[..], [Effect::ReadTail { after: Seq(1) }]));
    let effects = engine.on(Input::Tail(None));
    assert!(matches!(effects[..], [Effect::LookLater]), "the journal is still away: {effects:?}");
    engine.on(Input::LookNow);
    let effects = engine.on(Input::Tail(Some(records)));
    assert!(matches!(effects[..], [Effect::Tell(_)]), "{effects:?}");
    assert!(engine.on(Input::LookNow).is_empty(), "it is sure again");
}

#[test]
fn what_others_store_while_the_log_is_read_is_no_false_claim() {
    let mut engine = Engine::new(opened(&[first_event()]), true);
    // A refusal is answered after a look at the log.
    let refused = Command::Score(Scoring::EndGame { reason: None, participant_id: None });
    assert!(matches!(engine.on(ask(1, refused))[..], [Effect::ReadTail { after: Seq(1) }]));
    assert!(engine.on(Input::HeardHead(Seq(2))).is_empty());
    // That look came before event 2 was stored.
    let effects = engine.on(Input::Tail(Some(Vec::new())));
    assert!(matches!(effects[..], [Effect::ReadTail { after: Seq(1) }]), "{effects:?}");
    let effects = engine.on(Input::Tail(Some(Vec::new())));
    let given_up = Effect::Answer { caller: CallerId(1), outcome: Outcome::NotStored };
    assert_eq!(format!("{effects:?}"), format!("{:?}", [given_up]), "now it is one");
}

#[test]
fn a_key_that_another_session_used_is_refused_and_the_rest_is_decided_again() {
    let mut engine = Engine::new(opened(&[first_event()]), false);
    let guest = |name: &str| Command::AddGuest { display_name: name.to_owned() };
    engine.on(ask(1, guest("first")));
    engine.on(ask(2, guest("second")));
    engine.on(ask(3, guest("third")));
    let together = appended(&engine.on(Input::Appended(Ok(()))));
    assert_eq!(together.iter().map(|record| record.seq()).collect::<Vec<_>>(), [Seq(3), Seq(4)]);
    let used = vec![(CREATOR, CommandId(Uuid::from_u128(2)))];
    let effects = engine.on(Input::Appended(Err(AppendError::KeysUsed(used))));
    assert!(matches!(effects[0], Effect::Answer { caller: CallerId(2), outcome: Outcome::KeyReused }), "{effects:?}");
    let rest = appended(&effects);
    assert_eq!((rest.len(), rest[0].seq(), rest[0].event.command_id), (1, Seq(3), CommandId(Uuid::from_u128(3))));
    engine.on(Input::Appended(Ok(())));
    assert_eq!(engine.state().seq(), Seq(3));
}

#[test]
fn a_command_of_two_events_is_repeated_whole_where_they_were_heard_one_by_one() {
    let log = [first_event()];
    let mut author = Engine::new(opened(&log), true);
    let guest = appended(&author.on(ask(1, Command::AddGuest { display_name: "guest".to_owned() })));
    author.on(Input::Appended(Ok(())));
    let game = appended(&author.on(ask(2, Command::Score(Scoring::StartGame { order: None }))));
    author.on(Input::Appended(Ok(())));
    // The game goes first, and then the session.
    let two = appended(&author.on(ask(3, Command::CancelSession)));
    assert_eq!(two.len(), 2, "{two:?}");
    let mut other = Engine::new(opened(&log), true);
    for record in guest.into_iter().chain(game).chain(two.clone()) {
        other.on(Input::Heard(vec![record.clone()]));
        other.on(Input::Heard(vec![record]));
    }
    let effects = other.on(ask(3, Command::CancelSession));
    let first = two[0].seq();
    assert!(
        matches!(effects[..], [Effect::Answer { outcome: Outcome::Repeated { first: at, count: 2 }, .. }] if at == first),
        "{effects:?}"
    );
}
