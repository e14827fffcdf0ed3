//! Who comes, goes, and runs the evening.

use super::*;

fn remove(evening: &Evening, name: &str) -> Command {
    Command::RemoveParticipant { participant_id: evening.seat(name) }
}

fn rename(evening: &Evening, name: &str, to: Option<&str>, can_score: Option<bool>) -> Command {
    let display_name = to.map(str::to_owned);
    Command::UpdateParticipant { participant_id: evening.seat(name), display_name, can_score }
}

fn at_table(players: &[&str]) -> Evening {
    Evening::of(kolkhoz(OPEN_TABLE, json!({})), players)
}

#[test]
fn joining_twice_changes_nothing() {
    let mut evening = at_table(&["Anna", "Boris"]);
    assert_eq!(evening.joins("Boris", Role::Spectator), []);
    assert_eq!(evening.session.participants().len(), 2);
}

#[test]
fn who_comes_back_has_the_same_seat_role_and_rights() {
    let mut evening = at_table(&["Anna", "Boris"]);
    let seat = evening.seat("Boris");
    evening.by("Anna", rename(&evening, "Boris", None, Some(false)));
    evening.by("Boris", remove(&evening, "Boris"));
    let left = evening.session.participant(seat).expect("kept").clone();
    assert_eq!((left.is_active, left.left_at.is_some()), (false, true));
    assert_eq!(evening.by("Boris", remove(&evening, "Boris")), []);

    evening.by("Boris", Command::Join { display_name: " Bob ".into(), role: Role::Spectator });
    let back = evening.session.participant(seat).expect("kept");
    assert_eq!((back.display_name.as_str(), back.role, back.can_score), ("Bob", Role::Participant, false));
    assert_eq!((back.is_active, back.left_at, back.joined_at), (true, None, left.joined_at));
}

#[test]
fn an_invitation_becomes_a_seat_on_joining() {
    let mut evening = at_table(&["Anna"]);
    let invite = Command::Invite { user_id: user("Boris"), display_name: "Boris".into() };
    let facts = evening.by("Anna", invite.clone());
    assert!(matches!(facts.as_slice(), [Fact::PlayerJoined(joined)] if !joined.is_active));
    assert!(evening.session.may_read(user("Boris")));
    assert_eq!(evening.by("Anna", invite.clone()), []);
    let seat = evening.seat("Boris");
    assert_eq!(evening.session.participant(seat).and_then(|seat| seat.joined_at), None);
    assert_eq!(evening.score_refused(Scoring::StartGame { order: None }).code(), "not_enough_players");

    evening.joins("Boris", Role::Spectator);
    let boris = evening.session.participant_of(user("Boris")).expect("seat");
    assert_eq!((boris.id, boris.role, boris.can_score), (seat, Role::Spectator, false));
    assert_eq!(evening.by("Anna", invite.clone()), []);

    // Having left, the account may be invited anew and choose again.
    evening.by("Boris", remove(&evening, "Boris"));
    assert_eq!(evening.by("Anna", invite).len(), 1);
    evening.joins("Boris", Role::Participant);
    let boris = evening.session.participant_of(user("Boris")).expect("seat");
    assert_eq!((boris.role, boris.can_score, boris.is_active_player()), (Role::Participant, true, true));
}

#[test]
fn an_invitation_can_be_declined_and_withdrawn() {
    for by in ["Boris", "Anna"] {
        let mut evening = at_table(&["Anna"]);
        evening.by("Anna", Command::Invite { user_id: user("Boris"), display_name: "Boris".into() });
        assert_eq!(evening.by(by, remove(&evening, "Boris")).len(), 1);
        assert!(!evening.session.participants()[1].is_invited);
        assert_eq!(evening.by(by, remove(&evening, "Boris")), []);
    }
}

#[test]
fn a_private_session_is_read_by_its_participants_only() {
    let mut evening = at_table(&["Anna", "Boris"]);
    evening.by("Boris", remove(&evening, "Boris"));
    assert!(evening.session.may_read(user("Boris")));
    assert!(!evening.session.may_read(user("Vera")));
    evening.by("Anna", settings(ChangeSettings { is_private: Some(false), ..ChangeSettings::default() }));
    assert!(evening.session.may_read(user("Vera")));
}

#[test]
fn a_full_table_still_has_room_for_spectators() {
    let mut evening = at_table(&["Anna", "Boris"]);
    evening.by("Anna", settings(ChangeSettings { max_players: Some(2), ..ChangeSettings::default() }));
    let join = |role| Command::Join { display_name: "Vera".into(), role };
    assert_eq!(evening.refused("Vera", join(Role::Participant)), Refusal::SessionFull(2));
    let guest = Command::AddGuest { display_name: "Uncle".into() };
    assert_eq!(evening.refused("Anna", guest.clone()), Refusal::SessionFull(2));
    evening.by("Vera", join(Role::Spectator));
    evening.by("Boris", remove(&evening, "Boris"));
    evening.by("Anna", guest);
    assert_eq!(
        evening.refused("Boris", Command::Join { display_name: "Boris".into(), role: Role::Participant }),
        Refusal::SessionFull(2)
    );
}

#[test]
fn sixty_four_seats_are_all() {
    let mut evening = at_table(&["Anna"]);
    for n in 1..64 {
        evening.joins(&format!("watcher {n}"), Role::Spectator);
    }
    let join = Command::Join { display_name: "Boris".into(), role: Role::Spectator };
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
    let role = |name: &str| evening.session.participant(evening.seat(name)).map(|seat| seat.role);
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
    evening.joins("Anna", Role::Spectator);
    assert_eq!(evening.session.participants()[0].role, Role::Creator);
}

#[test]
fn the_role_of_creator_can_be_handed_over() {
    let mut evening = at_table(&["Anna", "Boris"]);
    evening.by("Anna", rename(&evening, "Boris", None, Some(false)));
    evening.joins("Sofia", Role::Spectator);
    evening.by("Anna", Command::AddGuest { display_name: "Uncle".into() });
    let hand_over = |seat| settings(ChangeSettings { creator_participant_id: Some(seat), ..ChangeSettings::default() });
    for wrong in [evening.seat("Uncle"), evening.seat("Sofia"), ParticipantId::default()] {
        let refusal = evening.refused("Anna", hand_over(wrong));
        assert!(matches!(refusal, Refusal::Invalid { field: "creator_participant_id", .. }), "{refusal:?}");
    }
    assert_eq!(evening.by("Anna", hand_over(evening.seat("Anna"))), []);
    let facts = evening.by("Anna", hand_over(evening.seat("Boris")));
    assert!(matches!(facts.as_slice(), [Fact::CreatorChanged(_)]));
    assert!(evening.session.participant_of(user("Boris")).is_some_and(|seat| seat.can_score));
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
    assert_eq!(evening.seat("Borya"), updated.participant_id);
}

#[test]
fn settings_say_only_what_changed() {
    let mut evening = at_table(&["Anna", "Boris"]);
    let same = ChangeSettings {
        name: Some("Friday ".into()),
        max_players: Some(8),
        is_private: Some(true),
        rules: Some(kolkhoz(OPEN_TABLE, json!({}))),
        creator_participant_id: Some(evening.seat("Anna")),
    };
    assert_eq!(evening.by("Anna", settings(same.clone())), []);
    let facts = evening.by("Anna", settings(ChangeSettings { name: Some("Saturday".into()), ..same }));
    let [Fact::SettingsChanged(changed)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((changed.name.as_deref(), changed.max_players, &changed.rules), (Some("Saturday"), None, &None));
    assert_eq!(evening.session.name(), "Saturday");
}

#[test]
fn the_currency_stays_once_a_game_was_played() {
    let mut evening = at_table(&["Anna", "Boris"]);
    let in_currency = |currency: &str| {
        let rules = Some(kolkhoz(OPEN_TABLE, json!({"currency": currency})));
        settings(ChangeSettings { rules, ..ChangeSettings::default() })
    };
    evening.by("Anna", in_currency("EUR"));
    evening.starts(&["Anna", "Boris"]);
    evening.ends();
    assert!(matches!(evening.refused("Anna", in_currency("RUB")), Refusal::Invalid { field: "rules", .. }));
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
