//! Helpers who mark balls by a scorer link.

use super::participants::at_table;
use super::*;
use crate::game::event::{ScorerAdmitted, ScorerLinkEnded};

const LINK: Uuid = Uuid::from_u128(77);
const OTHER_LINK: Uuid = Uuid::from_u128(78);

fn come(link_id: Uuid, name: &str) -> Command {
    Command::AdmitScorer { link_id, display_name: name.into() }
}

fn allow(evening: &Evening, name: &str, can_score: bool) -> Command {
    let participant_id = evening.participant(name);
    Command::UpdateParticipant { participant_id, display_name: None, can_score: Some(can_score) }
}

fn playing() -> Evening {
    let mut evening = at_table(&["Anna", "Boris"]);
    evening.starts(&["Anna", "Boris"]);
    evening
}

fn may_mark(evening: &mut Evening, name: &str) -> bool {
    let mark = Command::Score(evening.pot("Anna", "white"));
    match evening.ask(user(name), None, mark) {
        Ok(_) => true,
        Err(refusal) => {
            assert_eq!(refusal.code(), "insufficient_permissions");
            false
        }
    }
}

#[test]
fn a_helper_watches_and_marks_as_long_as_the_link_stands() {
    let mut evening = playing();
    let facts = evening.by("Vera", come(LINK, "Vera"));
    let vera = evening.participant("Vera");
    let admitted = Fact::ScorerAdmitted(ScorerAdmitted { participant_id: vera, link_id: LINK });
    assert!(matches!(facts.as_slice(), [Fact::PlayerJoined(joined), last]
        if joined.role == Role::Spectator && *last == admitted));
    assert!(may_mark(&mut evening, "Vera"));
    assert_eq!(evening.by("Vera", come(LINK, "Vera")), [], "is there already");
    assert!(evening.refused("Vera", Command::Score(Scoring::CompleteSession {})).code() == "insufficient_permissions");
    let place = evening.session.participant(vera).expect("a place");
    assert_eq!((place.role, place.can_score, place.is_active_player()), (Role::Spectator, true, false));

    let ended = Command::EndScorerLink { link_id: LINK };
    assert!(matches!(evening.refused("Boris", ended.clone()), Refusal::NotAllowed(_)));
    assert_eq!(evening.by("Anna", ended.clone()), [Fact::ScorerLinkEnded(ScorerLinkEnded { link_id: LINK })]);
    assert!(!may_mark(&mut evening, "Vera"));
    assert!(!evening.session.participant(vera).expect("a place").can_score);
    assert_eq!(evening.session.may_read(user("Vera")), Ok(()), "but watches");
    assert_eq!(evening.by("Anna", ended), []);
    assert_eq!(evening.refused("Vera", come(LINK, "Vera")), Refusal::NotFound("scorer link"));
    assert_eq!(evening.refused("Gleb", come(LINK, "Gleb")), Refusal::NotFound("scorer link"));
    assert_eq!(evening.by("Vera", come(OTHER_LINK, "Vera")).len(), 1, "by another one");
    assert!(may_mark(&mut evening, "Vera"));
}

#[test]
fn a_link_ends_for_those_whom_it_brought_and_for_nobody_else() {
    let mut evening = playing();
    evening.by("Vera", come(LINK, "Vera"));
    evening.by("Gleb", come(OTHER_LINK, "Gleb"));
    assert_eq!(evening.by("Boris", come(LINK, "Boris")), [], "he scores anyway");
    assert_eq!(evening.by("Anna", come(LINK, "Anna")), []);
    evening.by("Anna", Command::EndScorerLink { link_id: LINK });
    let may = ["Anna", "Boris", "Vera", "Gleb"].map(|name| may_mark(&mut evening, name));
    assert_eq!(may, [true, true, false, true]);
}

#[test]
fn spectators_have_the_right_by_a_link_alone_and_lose_it_with_their_place() {
    let mut evening = playing();
    evening.joins("Dina", Role::Spectator);
    assert!(!may_mark(&mut evening, "Dina"));
    assert!(matches!(evening.refused("Anna", allow(&evening, "Dina", true)), Refusal::Invalid { .. }));
    assert_eq!(evening.by("Dina", come(LINK, "Dina")).len(), 1, "who watches already");
    assert!(may_mark(&mut evening, "Dina"));
    let leave = Command::RemoveParticipant { participant_id: evening.participant("Dina") };
    evening.by("Dina", leave.clone());
    assert!(!may_mark(&mut evening, "Dina"));
    evening.joins("Dina", Role::Spectator);
    assert!(!may_mark(&mut evening, "Dina"), "by the join code one only watches");
    evening.by("Dina", come(LINK, "Dina"));
    assert!(may_mark(&mut evening, "Dina"));
    evening.by("Anna", leave);
    assert_eq!(evening.refused("Dina", come(LINK, "Dina")), Refusal::ParticipantRemoved);
}

#[test]
fn what_the_creator_took_no_link_gives_back() {
    let mut evening = playing();
    evening.by("Vera", come(LINK, "Vera"));
    evening.by("Anna", allow(&evening, "Vera", false));
    assert!(!may_mark(&mut evening, "Vera"));
    for link in [LINK, OTHER_LINK] {
        assert!(matches!(evening.refused("Vera", come(link, "Vera")), Refusal::NotAllowed(_)));
    }
    evening.by("Anna", allow(&evening, "Vera", true));
    assert!(may_mark(&mut evening, "Vera"));
    evening.by("Anna", allow(&evening, "Boris", false));
    assert!(matches!(evening.refused("Boris", come(LINK, "Boris")), Refusal::NotAllowed(_)));
}

#[test]
fn a_link_is_taken_back_after_the_evening_too() {
    let mut evening = playing();
    evening.by("Vera", come(LINK, "Vera"));
    evening.ends();
    evening.by("Anna", Command::Score(Scoring::CompleteSession {}));
    assert_eq!(evening.refused("Gleb", come(LINK, "Gleb")), Refusal::SessionNotOpen);
    evening.by("Anna", Command::EndScorerLink { link_id: LINK });
    assert!(!evening.session.participant_of(user("Vera")).expect("a place").can_score);
}
