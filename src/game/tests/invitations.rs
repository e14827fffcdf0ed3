//! Invitations: followed, declined, withdrawn, and over by time.

use super::participants::{at_table, remove};
use super::*;
use crate::game::INVITATION_LIFE_MS;
use crate::game::event::EndedInvitation;

fn invite() -> Command {
    Command::Invite { user_id: user("Boris"), display_name: "Boris".into() }
}

#[test]
fn an_invitation_becomes_a_seat_on_joining() {
    let mut evening = at_table(&["Anna"]);
    let facts = evening.by("Anna", invite());
    assert!(matches!(facts.as_slice(), [Fact::PlayerJoined(joined)] if !joined.is_active));
    assert_eq!(
        evening.session.may_read(user("Boris")).map_err(|refusal| refusal.code()),
        Err("insufficient_permissions")
    );
    assert_eq!(evening.session.may_preview(user("Boris"), false, evening.time()), Ok(()));
    assert_eq!(evening.session.may_join_without_code(user("Boris"), None, evening.time()), Ok(()));
    assert_eq!(evening.by("Anna", invite()), []);
    let participant = evening.participant("Boris");
    assert_eq!(evening.session.participant(participant).and_then(|participant| participant.joined_at), None);
    assert_eq!(evening.score_refused(Scoring::StartGame { order: None }).code(), "not_enough_players");

    evening.joins("Boris", Role::Spectator);
    let boris = evening.session.participant_of(user("Boris")).expect("participant");
    assert_eq!((boris.id, boris.role, boris.can_score), (participant, Role::Spectator, false));
    assert_eq!(evening.by("Anna", invite()), []);

    // Having left, the account may be invited anew and choose again.
    evening.by("Boris", remove(&evening, "Boris"));
    assert_eq!(evening.by("Anna", invite()).len(), 1);
    evening.joins("Boris", Role::Participant);
    let boris = evening.session.participant_of(user("Boris")).expect("participant");
    assert_eq!((boris.role, boris.can_score, boris.is_active_player()), (Role::Participant, true, true));
}

#[test]
fn an_invitation_can_be_declined_and_withdrawn_and_that_says_which_one_it_was() {
    for by in ["Boris", "Anna"] {
        let mut evening = at_table(&["Anna"]);
        evening.by("Anna", invite());
        let invited = evening.log.last().expect("an event").event_id;
        let facts = evening.by(by, remove(&evening, "Boris"));
        let [Fact::PlayerLeft(gone) | Fact::PlayerRemoved(gone)] = &facts[..] else { panic!("{facts:?}") };
        assert_eq!(gone.invitation, Some(EndedInvitation { event_id: invited, user_id: user("Boris") }));
        assert!(!evening.session.participants()[1].is_invited);
        assert_eq!(evening.by(by, remove(&evening, "Boris")), []);
    }
    let mut evening = at_table(&["Anna", "Boris"]);
    let facts = evening.by("Boris", remove(&evening, "Boris"));
    assert!(matches!(&facts[..], [Fact::PlayerLeft(gone)] if gone.invitation.is_none()), "he sat there: {facts:?}");
}

#[test]
fn an_invitation_can_be_followed_for_two_weeks_and_given_again_then() {
    let mut evening = at_table(&["Anna"]);
    evening.by("Anna", invite());
    let boris = user("Boris");
    let may = |evening: &Evening| {
        let (session, now) = (&evening.session, evening.time());
        let expected = session.expects(boris, now);
        assert_eq!(session.may_join_without_code(boris, None, now).is_ok(), expected);
        assert_eq!(session.may_preview(boris, false, now).is_ok(), expected);
        assert_eq!(session.may_preview(boris, true, now), Ok(()), "who has the code needs no invitation");
        expected
    };
    assert!(may(&evening));
    evening.asked += INVITATION_LIFE_MS as u128 / 1_000 - 1;
    assert!(may(&evening));
    evening.asked += 1;
    assert!(!may(&evening));
    assert_eq!(evening.by("Anna", invite()).len(), 1, "it is another invitation");
    assert!(may(&evening));
    assert_eq!(evening.by("Anna", invite()), []);
    let participant = evening.participant("Boris");
    evening.joins("Boris", Role::Participant);
    evening.asked += INVITATION_LIFE_MS as u128;
    assert!(may(&evening), "who follows one has a place");
    assert_eq!(
        evening.session.participant_of(boris).map(|place| (place.id, place.invitation)),
        Some((participant, None))
    );
}

#[test]
fn who_has_sat_reads_on_when_another_invitation_is_over() {
    let mut evening = at_table(&["Anna", "Boris"]);
    evening.by("Boris", remove(&evening, "Boris"));
    evening.by("Anna", invite());
    evening.asked += INVITATION_LIFE_MS as u128;
    assert_eq!(evening.session.may_preview(user("Boris"), false, evening.time()), Ok(()));
    assert!(evening.session.may_join_without_code(user("Boris"), None, evening.time()).is_err());
}

#[test]
fn a_state_of_before_does_not_say_since_when_somebody_is_invited() {
    let mut evening = at_table(&["Anna"]);
    evening.by("Anna", invite());
    assert!(!evening.session.lacks_invitations());
    let mut kept = serde_json::to_value(&evening.session).expect("json");
    kept["participants"][1].as_object_mut().expect("a participant").remove("invitation");
    let kept: Session = serde_json::from_value(kept).expect("a state");
    assert!(kept.lacks_invitations());
    assert!(kept.expects(user("Boris"), Timestamp::from_millis(i64::MAX)), "nobody knows that it is over");
    evening.joins("Boris", Role::Participant);
    assert!(!evening.session.lacks_invitations());
}
