//! A place without an account becomes somebody's.

use super::participants::at_table;
use super::*;
use crate::game::event::{ClaimDeclined, ParticipantClaim, ParticipantClaimed};

fn add(name: &str) -> Command {
    Command::AddGuest { display_name: name.into() }
}

fn ask(evening: &Evening, place: &str, by: &str) -> Command {
    Command::AskClaim { participant_id: evening.participant(place), display_name: by.into() }
}

fn confirm(evening: &Evening, place: &str, by: &str) -> Command {
    Command::ConfirmClaim { participant_id: evening.participant(place), user_id: user(by) }
}

fn decline(evening: &Evening, place: &str, by: &str) -> Command {
    Command::DeclineClaim { participant_id: evening.participant(place), user_id: user(by) }
}

/// Anna, Boris and a guest called Uncle, after a game.
fn after_a_game() -> Evening {
    let mut evening = at_table(&["Anna", "Boris"]);
    evening.by("Anna", add("Uncle"));
    evening.starts(&["Anna", "Boris", "Uncle"]);
    evening.pots("Uncle", "pink");
    evening.pots("Anna", "white");
    evening.ends();
    evening
}

#[test]
fn a_claim_waits_for_the_creator_and_takes_all_along() {
    let mut evening = after_a_game();
    let (uncle, before) = (evening.participant("Uncle"), evening.balances());
    let facts = evening.by("Vera", ask(&evening, "Uncle", "Vera"));
    let claim = ParticipantClaim { participant_id: uncle, user_id: user("Vera"), display_name: "Vera".into() };
    assert_eq!(facts, [Fact::ClaimAsked(claim.clone())]);
    assert_eq!(evening.session.view(&|_| false).claims, [claim]);
    assert_eq!(evening.by("Vera", ask(&evening, "Uncle", "Vera")), [], "it waits");
    assert!(evening.session.may_read(user("Vera")).is_err(), "and opens nothing");

    let facts = evening.by("Anna", confirm(&evening, "Uncle", "Vera"));
    let claimed = ParticipantClaimed { participant_id: uncle, user_id: user("Vera") };
    assert_eq!(facts, [Fact::ParticipantClaimed(claimed)]);
    let place = evening.session.participant(uncle).expect("kept");
    assert_eq!(
        (place.user_id, place.is_guest, place.can_score, place.is_active, place.display_name.as_str()),
        (Some(user("Vera")), false, true, true, "Uncle")
    );
    assert_eq!(evening.balances(), before);
    let results = evening.view().results.expect("ended");
    assert!(results.iter().any(|result| result.participant_id == uncle && result.user_id == Some(user("Vera"))));
    assert_eq!(evening.session.may_read(user("Vera")), Ok(()));
    assert_eq!(evening.session.waiting_claims(), []);
    assert_eq!(evening.by("Anna", confirm(&evening, "Uncle", "Vera")), [], "once");
    assert_eq!(evening.by("Vera", ask(&evening, "Uncle", "Vera")), []);
    evening.starts(&["Anna", "Uncle"]);
    evening.scorer = user("Vera");
    evening.pots("Uncle", "white");
}

#[test]
fn of_several_claims_one_is_confirmed_and_the_others_are_void() {
    let mut evening = after_a_game();
    evening.by("Anna", add("Aunt"));
    for (place, by) in [("Uncle", "Vera"), ("Uncle", "Gleb"), ("Aunt", "Vera"), ("Aunt", "Gleb")] {
        evening.by(by, ask(&evening, place, by));
    }
    evening.by("Anna", confirm(&evening, "Uncle", "Vera"));
    assert_eq!(evening.refused("Anna", confirm(&evening, "Uncle", "Gleb")), Refusal::AlreadyClaimed);
    let refusal = evening.refused("Anna", confirm(&evening, "Aunt", "Vera"));
    assert_eq!(refusal.code(), "already_in_session");
    assert_eq!(evening.refused("Dina", ask(&evening, "Uncle", "Dina")), Refusal::AlreadyClaimed);
    evening.by("Anna", confirm(&evening, "Aunt", "Gleb"));
    assert_eq!(evening.session.waiting_claims(), []);
}

#[test]
fn who_has_or_had_a_place_claims_no_other() {
    let mut evening = after_a_game();
    for name in ["Anna", "Boris"] {
        assert_eq!(evening.refused(name, ask(&evening, "Uncle", name)).code(), "already_in_session");
    }
    let leave = Command::RemoveParticipant { participant_id: evening.participant("Boris") };
    evening.by("Boris", leave.clone());
    assert_eq!(evening.refused("Boris", ask(&evening, "Uncle", "Boris")).code(), "already_in_session");
    evening.joins("Boris", Role::Participant);
    evening.by("Anna", leave);
    assert_eq!(evening.refused("Boris", ask(&evening, "Uncle", "Boris")), Refusal::ParticipantRemoved);
    evening.by("Vera", ask(&evening, "Uncle", "Vera"));
    evening.joins("Vera", Role::Spectator);
    assert_eq!(evening.refused("Anna", confirm(&evening, "Uncle", "Vera")).code(), "already_in_session");
    assert_eq!(evening.refused("Gleb", ask(&evening, "Anna", "Gleb")), Refusal::AlreadyClaimed);
    let nobody = Command::AskClaim { participant_id: ParticipantId(Uuid::nil()), display_name: "Gleb".into() };
    assert_eq!(evening.refused("Gleb", nobody), Refusal::NotFound("participant"));
}

#[test]
fn the_creator_alone_confirms_and_the_asking_may_take_back() {
    let mut evening = after_a_game();
    assert_eq!(evening.refused("Anna", confirm(&evening, "Uncle", "Vera")), Refusal::NotFound("claim"), "unasked");
    evening.by("Vera", ask(&evening, "Uncle", "Vera"));
    for name in ["Boris", "Vera", "Gleb"] {
        assert!(matches!(evening.refused(name, confirm(&evening, "Uncle", "Vera")), Refusal::NotAllowed(_)));
    }
    assert!(matches!(evening.refused("Gleb", decline(&evening, "Uncle", "Vera")), Refusal::NotAllowed(_)));
    for by in ["Anna", "Vera"] {
        assert_eq!(evening.by(by, decline(&evening, "Uncle", "Vera")).len(), 1);
        assert_eq!(evening.session.waiting_claims(), []);
        assert_eq!(evening.by(by, decline(&evening, "Uncle", "Vera")), [], "once");
        evening.by("Vera", ask(&evening, "Uncle", "Vera"));
    }
}

#[test]
fn a_guest_who_went_home_is_claimed_after_the_evening() {
    let mut evening = after_a_game();
    let uncle = evening.participant("Uncle");
    evening.by("Anna", Command::RemoveParticipant { participant_id: uncle });
    evening.by("Anna", Command::Score(Scoring::CompleteSession {}));
    evening.by("Vera", ask(&evening, "Uncle", "Vera"));
    evening.by("Anna", confirm(&evening, "Uncle", "Vera"));
    let place = evening.session.participant(uncle).expect("kept");
    assert_eq!((place.user_id, place.is_active), (Some(user("Vera")), false));
    assert_eq!(evening.session.may_read(user("Vera")), Ok(()), "his balance is there");
}

#[test]
fn so_many_claims_wait_at_once() {
    let mut evening = after_a_game();
    let names: Vec<String> = (0..33).map(|n| format!("Somebody {n}")).collect();
    for name in &names[..32] {
        evening.by(name, ask(&evening, "Uncle", name));
    }
    let refusal = evening.refused(&names[32], ask(&evening, "Uncle", &names[32]));
    assert!(matches!(refusal, Refusal::Invalid { field: "body", .. }), "{refusal:?}");
    evening.by("Anna", confirm(&evening, "Uncle", &names[31]));
    assert_eq!(evening.session.waiting_claims(), []);
}

#[test]
fn who_is_forgotten_waits_for_no_place_and_gets_none() {
    let mut evening = after_a_game();
    let uncle = evening.participant("Uncle");
    for name in ["Vera", "Gleb"] {
        evening.by(name, ask(&evening, "Uncle", name));
    }
    evening.by("Anna", Command::Score(Scoring::CompleteSession {}));
    let declined = ClaimDeclined { participant_id: uncle, user_id: user("Vera") };
    assert_eq!(evening.by("Vera", Command::Forget), [Fact::ClaimDeclined(declined)]);
    assert_eq!(evening.session.waiting_claims().len(), 1, "the other's waits on");
    assert_eq!(evening.refused("Anna", confirm(&evening, "Uncle", "Vera")), Refusal::NotFound("claim"));
    evening.by("Anna", confirm(&evening, "Uncle", "Gleb"));
    assert!(matches!(&evening.by("Gleb", Command::Forget)[..], [Fact::PlayerUpdated(_)]), "confirmed before");
}
