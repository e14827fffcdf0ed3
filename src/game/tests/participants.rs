//! Who comes, goes, and runs the evening.

use super::*;
use crate::game::event::{PlayerDeparture, PlayerJoined};

pub(super) fn remove(evening: &Evening, name: &str) -> Command {
    Command::RemoveParticipant { participant_id: evening.participant(name) }
}

fn rename(evening: &Evening, name: &str, to: Option<&str>, can_score: Option<bool>) -> Command {
    let display_name = to.map(str::to_owned);
    Command::UpdateParticipant { participant_id: evening.participant(name), display_name, can_score }
}

pub(super) fn at_table(players: &[&str]) -> Evening {
    Evening::of(kolkhoz(OPEN_TABLE, json!({})), players)
}

fn join(name: &str, role: Option<Role>) -> Command {
    Command::Join { display_name: name.into(), role }
}

#[test]
fn joining_twice_changes_nothing() {
    let mut evening = at_table(&["Anna", "Boris"]);
    assert_eq!(evening.joins("Boris", Role::Participant), []);
    assert_eq!(evening.by("Boris", join("Boris", None)), []);
    assert_eq!(evening.session.participants().len(), 2);
}

#[test]
fn who_comes_back_has_the_same_seat_role_and_rights() {
    let mut evening = at_table(&["Anna", "Boris"]);
    let participant = evening.participant("Boris");
    evening.by("Anna", rename(&evening, "Boris", None, Some(false)));
    evening.by("Boris", remove(&evening, "Boris"));
    let left = evening.session.participant(participant).expect("kept").clone();
    assert_eq!((left.is_active, left.left_at.is_some()), (false, true));
    assert_eq!(evening.by("Boris", remove(&evening, "Boris")), []);

    evening.by("Boris", join(" Bob ", None));
    let back = evening.session.participant(participant).expect("kept");
    assert_eq!((back.display_name.as_str(), back.role, back.can_score), ("Bob", Role::Participant, false));
    assert_eq!((back.is_active, back.left_at, back.joined_at), (true, None, left.joined_at));
}

#[test]
fn a_forgotten_player_leaves_and_keeps_no_name() {
    let mut evening = at_table(&["Anna", "Boris", "Vera"]);
    let participant = evening.participant("Anna");
    let facts = evening.by("Anna", Command::Forget);
    assert!(
        matches!(facts.as_slice(), [Fact::PlayerLeft(_), Fact::CreatorChanged(heir), Fact::PlayerUpdated(updated)]
            if heir.user_id == user("Boris") && updated.display_name == "deleted player"),
        "{facts:?}"
    );
    assert_eq!(evening.session.participant(participant).map(|participant| participant.is_active), Some(false));
    assert_eq!(evening.by("Anna", Command::Forget), [], "once is enough");
    assert_eq!(evening.by("Dina", Command::Forget), [], "who never came is not known");
    evening.by("Boris", Command::Score(Scoring::CompleteSession {}));
    let facts = evening.by("Vera", Command::Forget);
    assert!(
        matches!(facts.as_slice(), [Fact::PlayerUpdated(updated)] if updated.display_name == "deleted player"),
        "an evening that is over keeps its places: {facts:?}"
    );
}

#[test]
fn a_private_session_is_read_by_its_participants_only() {
    let mut evening = at_table(&["Anna", "Boris"]);
    assert!(evening.session.may_know_code(user("Boris")));
    evening.by("Boris", remove(&evening, "Boris"));
    assert_eq!(evening.session.may_read(user("Boris")), Ok(()), "a balance stands behind the place");
    assert!(!evening.session.may_know_code(user("Boris")));
    assert!(evening.session.may_join_without_code(user("Boris"), None, evening.time()).is_err());
    for by in ["Anna", "Vera"] {
        // Whoever declined an invitation never sat there.
        evening.by("Anna", Command::Invite { user_id: user("Vera"), display_name: "Vera".into() });
        evening.by(by, remove(&evening, "Vera"));
        assert!(evening.session.may_read(user("Vera")).is_err(), "by {by}");
    }
    evening.by("Anna", settings(ChangeSettings { is_private: Some(false), ..ChangeSettings::default() }));
    assert_eq!(evening.session.may_read(user("Vera")), Ok(()));
    assert_eq!(evening.session.may_read(user("Stranger")), Ok(()));
    assert!(!evening.session.may_know_code(user("Stranger")));
}

#[test]
fn who_was_removed_neither_reads_nor_joins_until_invited_again() {
    for is_private in [true, false] {
        let mut evening = at_table(&["Anna", "Boris"]);
        evening.by("Anna", settings(ChangeSettings { is_private: Some(is_private), ..ChangeSettings::default() }));
        let shared_at = evening.now();
        assert!(evening.session.share_stands(user("Boris"), shared_at));
        evening.by("Anna", remove(&evening, "Boris"));
        assert_eq!(evening.session.may_read(user("Boris")), Err(Refusal::ParticipantRemoved));
        assert_eq!(evening.session.may_preview(user("Boris"), true, evening.time()), Err(Refusal::ParticipantRemoved));
        assert_eq!(
            evening.session.may_join_without_code(user("Boris"), None, evening.time()),
            Err(Refusal::ParticipantRemoved)
        );
        for role in [None, Some(Role::Participant), Some(Role::Spectator)] {
            assert_eq!(evening.refused("Boris", join("Boris", role)), Refusal::ParticipantRemoved);
        }
        assert!(!evening.session.share_stands(user("Boris"), shared_at));

        evening.by("Anna", Command::Invite { user_id: user("Boris"), display_name: "Boris".into() });
        assert_eq!(evening.session.may_preview(user("Boris"), false, evening.time()), Ok(()));
        evening.by("Boris", join("Boris", None));
        assert_eq!(evening.session.may_read(user("Boris")), Ok(()));
        assert!(!evening.session.share_stands(user("Boris"), shared_at), "what he shared before stays ended");
        assert!(evening.session.share_stands(user("Boris"), evening.now()));
    }
}

#[test]
fn a_removal_holds_against_a_join_of_an_older_node() {
    let came_back = |evening: &mut Evening| {
        let joined = Fact::PlayerJoined(PlayerJoined {
            participant_id: evening.session.participant_of(user("Boris")).expect("kept").id,
            user_id: Some(user("Boris")),
            display_name: "Boris".into(),
            role: Role::Participant,
            is_guest: false,
            can_score: true,
            is_active: true,
            current_participant_id: None,
        });
        let request = evening.request(user("Boris"), None, join("Boris", None));
        evening.store(DecidedFact { game_id: None, fact: joined }, &request);
        evening.session.participant_of(user("Boris")).expect("kept").clone()
    };
    let mut evening = at_table(&["Anna", "Boris"]);
    evening.by("Anna", remove(&evening, "Boris"));
    let boris = came_back(&mut evening);
    assert_eq!((boris.is_removed, boris.is_active), (true, false));
    assert_eq!(evening.refused("Boris", join("Boris", None)), Refusal::ParticipantRemoved);
    evening.by("Anna", Command::Invite { user_id: user("Boris"), display_name: "Boris".into() });
    assert!(came_back(&mut evening).is_active_player());

    // What an older version stored stays as it was meant: there the code brought him back.
    let participant = PlayerDeparture {
        participant_id: evening.participant("Boris"),
        current_participant_id: None,
        until_invited: false,
        invitation: None,
    };
    let request = evening.request(user("Anna"), None, remove(&evening, "Boris"));
    evening.store(DecidedFact { game_id: None, fact: Fact::PlayerRemoved(participant) }, &request);
    assert_eq!(evening.session.may_read(user("Boris")), Err(Refusal::ParticipantRemoved));
    assert!(came_back(&mut evening).is_active_player());
    assert_eq!(evening.session.may_read(user("Boris")), Ok(()));
}

#[test]
fn an_explicit_role_is_honoured_on_joining_again() {
    let mut evening = at_table(&["Anna", "Boris"]);
    evening.by("Anna", settings(ChangeSettings { max_players: Some(3), ..ChangeSettings::default() }));
    evening.joins("Sofia", Role::Spectator);
    let participant = evening.participant("Sofia");
    assert_eq!(evening.joins("Sofia", Role::Participant).len(), 1);
    let sofia = evening.session.participant(participant).expect("kept");
    assert_eq!((sofia.role, sofia.can_score, sofia.is_active_player()), (Role::Participant, true, true));
    assert_eq!(evening.by("Sofia", join("Sofia", None)), [], "the role stays where none is asked for");

    evening.joins("Vera", Role::Spectator);
    assert_eq!(evening.refused("Vera", join("Vera", Some(Role::Participant))), Refusal::SessionFull(3));
    let game = evening.starts(&["Anna", "Sofia"]);
    assert_eq!(evening.refused("Sofia", join("Sofia", Some(Role::Spectator))), Refusal::GameInProgress);
    evening.joins("Boris", Role::Spectator);
    evening.joins("Vera", Role::Participant);
    assert_eq!(evening.game(), game);
    let refusal = evening.refused("Anna", join("Anna", Some(Role::Spectator)));
    assert!(matches!(refusal, Refusal::Invalid { field: "role", .. }), "{refusal:?}");
    assert_eq!(evening.joins("Anna", Role::Participant), [], "the creator plays");
}

#[test]
fn the_right_to_score_does_not_come_back_by_way_of_the_spectators() {
    let mut evening = at_table(&["Anna", "Boris"]);
    evening.by("Anna", rename(&evening, "Boris", None, Some(false)));
    evening.joins("Boris", Role::Spectator);
    evening.by("Anna", rename(&evening, "Boris", Some("Bob"), None));
    evening.joins("Boris", Role::Participant);
    assert!(!evening.session.participant_of(user("Boris")).expect("kept").can_score);
    evening.by("Anna", rename(&evening, "Bob", None, Some(true)));
    evening.joins("Boris", Role::Spectator);
    evening.joins("Boris", Role::Participant);
    assert!(evening.session.participant_of(user("Boris")).expect("kept").can_score);
}

#[test]
fn a_turn_does_not_stay_with_a_player_who_is_gone() {
    let rules = || kolkhoz(OPEN_TABLE, json!({"enforce_turns": true}));
    for by in ["Boris", "Anna"] {
        let mut evening = Evening::playing(rules(), &["Anna", "Boris", "Vera"]);
        evening.misses("Anna");
        assert_eq!(evening.turn().as_deref(), Some("Boris"));
        let (boris, vera) = (evening.participant("Boris"), evening.participant("Vera"));
        let facts = evening.by(by, remove(&evening, "Boris"));
        let [Fact::PlayerLeft(gone) | Fact::PlayerRemoved(gone)] = facts.as_slice() else { panic!("{facts:?}") };
        assert_eq!((gone.participant_id, gone.current_participant_id), (boris, Some(vera)));
        assert_eq!(evening.turn().as_deref(), Some("Vera"));
        assert_eq!(evening.score_refused(evening.pot("Boris", "white")), Refusal::NotYourTurn("Vera".into()));
        evening.misses("Vera");
        // Round and round without him.
        let facts = evening.misses("Anna");
        assert!(matches!(facts.as_slice(), [Fact::TurnChanged(turn)] if turn.next_participant_id == vera), "{facts:?}");
    }
}

#[test]
fn a_turn_is_found_again_by_who_comes_back_before_anything_was_marked() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    evening.misses("Anna");
    evening.by("Boris", remove(&evening, "Boris"));
    assert_eq!(evening.turn().as_deref(), Some("Anna"));
    let facts = evening.joins("Boris", Role::Participant);
    let participant = evening.participant("Boris");
    assert!(matches!(facts.as_slice(), [Fact::PlayerJoined(back)] if back.current_participant_id == Some(participant)));
    assert_eq!(evening.turn().as_deref(), Some("Boris"));
    for name in ["Anna", "Boris"] {
        evening.by(name, remove(&evening, name));
    }
    assert!(evening.turn().is_some(), "where nobody is there the turn stays");
}

#[test]
fn the_join_code_stands_in_no_event() {
    let mut evening = at_table(&["Anna"]);
    evening.by("Anna", Command::ChangeCode { code: "ZZZ999".into() });
    assert_eq!(evening.refused("Boris", Command::ChangeCode { code: "X".into() }).code(), "insufficient_permissions");
    let log = serde_json::to_string(&evening.log).expect("json");
    assert!(!log.contains("ABC234") && !log.contains("ZZZ999"), "{log}");
    assert!(log.contains(r#""data":{"code_changed":true}"#), "{log}");
}

#[test]
fn a_full_table_still_has_room_for_spectators() {
    let mut evening = at_table(&["Anna", "Boris"]);
    evening.by("Anna", settings(ChangeSettings { max_players: Some(2), ..ChangeSettings::default() }));
    assert_eq!(evening.refused("Vera", join("Vera", Some(Role::Participant))), Refusal::SessionFull(2));
    let guest = Command::AddGuest { display_name: "Uncle".into() };
    assert_eq!(evening.refused("Anna", guest.clone()), Refusal::SessionFull(2));
    evening.joins("Vera", Role::Spectator);
    evening.by("Boris", remove(&evening, "Boris"));
    evening.by("Anna", guest);
    assert_eq!(
        evening.refused("Boris", Command::Join { display_name: "Boris".into(), role: Some(Role::Participant) }),
        Refusal::SessionFull(2)
    );
}

#[test]
fn sixty_four_seats_are_all() {
    let mut evening = at_table(&["Anna"]);
    for n in 1..64 {
        evening.joins(&format!("watcher {n}"), Role::Spectator);
    }
    let join = Command::Join { display_name: "Boris".into(), role: Some(Role::Spectator) };
    assert_eq!(evening.refused("Boris", join), Refusal::SessionFull(64));
    let invite = Command::Invite { user_id: user("Boris"), display_name: "Boris".into() };
    assert_eq!(evening.refused("Anna", invite), Refusal::SessionFull(64));
}

#[test]
fn a_creator_who_leaves_hands_over_to_the_first_player_with_an_account() {
    let mut evening = at_table(&["Anna"]);
    evening.by("Anna", Command::AddGuest { display_name: "Uncle".into() });
    evening.joins("Sofia", Role::Spectator);
    evening.joins("Boris", Role::Participant);
    let facts = evening.by("Anna", remove(&evening, "Anna"));
    assert!(matches!(facts.as_slice(), [Fact::PlayerLeft(_), Fact::CreatorChanged(_)]), "{facts:?}");
    assert_eq!(evening.session.creator_user_id(), user("Boris"));
    let role = |name: &str| evening.session.participant(evening.participant(name)).map(|participant| participant.role);
    assert_eq!((role("Anna"), role("Boris")), (Some(Role::Participant), Some(Role::Creator)));
    evening.joins("Anna", Role::Participant);
    assert_eq!(evening.refused("Anna", Command::CancelSession).code(), "insufficient_permissions");
}

#[test]
fn a_creator_without_a_successor_keeps_the_role() {
    let mut evening = at_table(&["Anna"]);
    evening.by("Anna", Command::AddGuest { display_name: "Uncle".into() });
    assert_eq!(evening.by("Anna", remove(&evening, "Anna")).len(), 1);
    assert_eq!(evening.session.creator_user_id(), user("Anna"));
    evening.by("Anna", Command::AddGuest { display_name: "Aunt".into() });
    evening.by("Anna", join("Anna", None));
    assert_eq!(evening.session.participants()[0].role, Role::Creator);
}

#[test]
fn the_role_of_creator_can_be_handed_over() {
    let mut evening = at_table(&["Anna", "Boris"]);
    evening.by("Anna", rename(&evening, "Boris", None, Some(false)));
    evening.joins("Sofia", Role::Spectator);
    evening.by("Anna", Command::AddGuest { display_name: "Uncle".into() });
    let hand_over = |participant| {
        settings(ChangeSettings { creator_participant_id: Some(participant), ..ChangeSettings::default() })
    };
    for wrong in [evening.participant("Uncle"), evening.participant("Sofia"), ParticipantId::default()] {
        let refusal = evening.refused("Anna", hand_over(wrong));
        assert!(matches!(refusal, Refusal::Invalid { field: "creator_participant_id", .. }), "{refusal:?}");
    }
    assert_eq!(evening.by("Anna", hand_over(evening.participant("Anna"))), []);
    let facts = evening.by("Anna", hand_over(evening.participant("Boris")));
    assert!(matches!(facts.as_slice(), [Fact::CreatorChanged(_)]));
    assert!(evening.session.participant_of(user("Boris")).is_some_and(|participant| participant.can_score));
}

#[test]
fn the_creator_removes_others_who_keep_their_balance() {
    let mut evening = at_table(&["Anna", "Boris"]);
    evening.starts(&["Anna", "Boris"]);
    evening.pots("Boris", "pink");
    let facts = evening.by("Anna", remove(&evening, "Boris"));
    assert!(matches!(facts.as_slice(), [Fact::PlayerRemoved(_)]));
    // The ring of a game in progress stays: his marks still count.
    evening.pots("Boris", "white");
    evening.ends();
    assert_eq!(evening.balances(), [-250, 250]);
    assert_eq!(
        evening.refused("Boris", Command::Score(evening.pot("Boris", "white"))).code(),
        "insufficient_permissions"
    );
}

#[test]
fn names_and_rights_change_only_where_they_differ() {
    let mut evening = at_table(&["Anna", "Boris"]);
    assert_eq!(evening.by("Anna", rename(&evening, "Boris", Some("Boris"), Some(true))), []);
    let facts = evening.by("Anna", rename(&evening, "Boris", Some(" Borya "), None));
    let [Fact::PlayerUpdated(updated)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((updated.display_name.as_str(), updated.can_score), ("Borya", true));
    assert_eq!(evening.participant("Borya"), updated.participant_id);
}

#[test]
fn cancelling_a_session_cancels_its_game_first() {
    let mut evening = at_table(&["Anna", "Boris"]);
    evening.starts(&["Anna", "Boris"]);
    let facts = evening.by("Anna", Command::CancelSession);
    assert!(matches!(facts.as_slice(), [Fact::GameCancelled(_), Fact::SessionCancelled(_)]));
    assert_eq!((evening.session.status(), evening.session.current_game()), (Status::Cancelled, None));
}

#[test]
fn a_session_has_room_for_as_many_as_its_rules_suggest() {
    assert_eq!(at_table(&["Anna"]).session.max_players(), 8);
    assert_eq!(Evening::of(pyramid(json!({})), &["Anna"]).session.max_players(), 10);
}
