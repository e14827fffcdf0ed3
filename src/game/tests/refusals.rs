//! What is refused, with which word, and in which order it is looked at.

use super::*;

fn order(evening: &Evening, names: &[&str]) -> Scoring {
    Scoring::StartGame { order: Some(names.iter().map(|name| evening.participant(name)).collect()) }
}

fn every_scoring(evening: &Evening) -> Vec<Scoring> {
    vec![
        evening.pot("Anna", "white"),
        evening.foul("Anna", None),
        evening.end_turn("Anna"),
        Scoring::StartGame { order: None },
        Scoring::VoidEvent { seq: Seq(1) },
        Scoring::EndGame { reason: None, participant_id: None },
        Scoring::CancelGame {},
        Scoring::CompleteSession {},
    ]
}

fn every_creators_command(evening: &Evening) -> Vec<Command> {
    vec![
        Command::AddGuest { display_name: "Uncle".into() },
        Command::Invite { user_id: user("Dina"), display_name: "Dina".into() },
        Command::UpdateParticipant { participant_id: evening.participant("Anna"), display_name: None, can_score: None },
        Command::RemoveParticipant { participant_id: evening.participant("Anna") },
        settings(ChangeSettings::default()),
        Command::CancelSession,
        Command::Score(Scoring::CompleteSession {}),
    ]
}

#[test]
fn only_an_empty_session_can_be_opened_and_nothing_else_be_asked_of_it() {
    let mut evening = Evening::empty();
    let join = Command::Join { display_name: "Anna".into(), role: Some(Role::Participant) };
    assert_eq!(evening.refused("Anna", join).code(), "insufficient_permissions");
    let rules = kolkhoz(OPEN_TABLE, json!({}));
    evening.by("Anna", Evening::opening(rules.clone(), "Anna"));
    assert_eq!(evening.refused("Anna", Evening::opening(rules, "Anna")).code(), "insufficient_permissions");
}

#[test]
fn strangers_spectators_the_left_and_the_muted_do_not_score() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris", "Vera"]);
    evening.joins("Sofia", Role::Spectator);
    evening.by("Boris", Command::RemoveParticipant { participant_id: evening.participant("Boris") });
    let mute = |participant_id, can_score| Command::UpdateParticipant {
        participant_id,
        display_name: None,
        can_score: Some(can_score),
    };
    evening.by("Anna", mute(evening.participant("Vera"), false));
    for scoring in every_scoring(&evening) {
        for who in ["Stranger", "Sofia", "Boris", "Vera"] {
            let refusal = evening.refused(who, Command::Score(scoring.clone()));
            assert_eq!(refusal.code(), "insufficient_permissions", "{who} {scoring:?}");
        }
    }
    assert!(matches!(
        evening.refused("Anna", mute(evening.participant("Sofia"), true)),
        Refusal::Invalid { field: "can_score", .. }
    ));
    evening.by("Anna", mute(evening.participant("Vera"), true));
    evening.by("Vera", Command::Score(evening.pot("Anna", "white")));
    // The creator marks whatever the place says.
    evening.by("Anna", mute(evening.participant("Anna"), false));
    evening.pots("Anna", "white");
}

#[test]
fn only_the_creator_runs_the_session() {
    let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    for command in every_creators_command(&evening) {
        for who in ["Boris", "Stranger"] {
            let refusal = evening.refused(who, command.clone());
            assert_eq!(refusal.code(), "insufficient_permissions", "{who} {command:?}");
        }
    }
    let nobody = Command::RemoveParticipant { participant_id: ParticipantId::default() };
    assert_eq!(evening.refused("Boris", nobody.clone()), Refusal::NotFound("participant"));
    assert_eq!(evening.refused("Stranger", nobody).code(), "insufficient_permissions");
}

#[test]
fn a_session_that_is_over_stays_so() {
    for end in [Command::CancelSession, Command::Score(Scoring::CompleteSession {})] {
        let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
        evening.by("Anna", end.clone());
        let scoring = every_scoring(&evening).into_iter().filter(|s| !matches!(s, Scoring::VoidEvent { .. }));
        let scoring: Vec<_> = scoring.map(Command::Score).collect();
        for command in every_creators_command(&evening).into_iter().chain(scoring) {
            assert_eq!(evening.refused("Anna", command.clone()), Refusal::SessionClosed, "{command:?}");
        }
        let join = Command::Join { display_name: "Vera".into(), role: Some(Role::Participant) };
        assert_eq!(evening.refused("Vera", join), Refusal::SessionNotOpen);
    }
}

#[test]
fn marks_need_a_game_in_progress() {
    let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    let marks: Vec<_> =
        every_scoring(&evening).into_iter().filter(|s| !matches!(s.kind(), "start_game" | "void_event")).collect();
    let marks = &marks[..marks.len() - 1];
    for mark in marks {
        assert_eq!(evening.score_refused(mark.clone()), Refusal::GameNotActive, "{mark:?}");
    }
    let first = evening.starts(&["Anna", "Boris"]);
    evening.ends();
    evening.starts(&["Anna", "Boris"]);
    for mark in marks {
        for (game, refusal) in [(first, Refusal::GameNotActive), (GameId::default(), Refusal::NotFound("game"))] {
            assert_eq!(evening.ask(user("Anna"), Some(game), Command::Score(mark.clone())), Err(refusal), "{mark:?}");
        }
    }
}

#[test]
fn a_game_in_progress_holds_off_the_next_new_rules_and_the_end() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    assert_eq!(evening.score_refused(Scoring::StartGame { order: None }), Refusal::GameInProgress);
    assert_eq!(evening.score_refused(Scoring::CompleteSession {}), Refusal::GameInProgress);
    let rules = Some(kolkhoz(OPEN_TABLE, json!({"point_price": 1})));
    let change = settings(ChangeSettings { rules, ..ChangeSettings::default() });
    assert_eq!(evening.refused("Anna", change), Refusal::GameInProgress);
}

#[test]
fn a_given_order_names_active_players_once() {
    let rules = kolkhoz(OPEN_TABLE, json!({"min_players": 3, "max_players": 3}));
    let mut evening = Evening::of(rules, &["Anna", "Boris", "Vera"]);
    evening.by("Anna", settings(ChangeSettings { max_players: Some(9), ..ChangeSettings::default() }));
    evening.joins("Gleb", Role::Participant);
    evening.joins("Sofia", Role::Spectator);
    evening.by("Vera", Command::RemoveParticipant { participant_id: evening.participant("Vera") });
    for wrong in [
        order(&evening, &["Anna", "Boris", "Anna"]),
        order(&evening, &["Anna", "Boris", "Sofia"]),
        order(&evening, &["Anna", "Boris", "Vera"]),
        order(&evening, &["Anna", "Boris", "Gleb", "Sofia"]),
        Scoring::StartGame { order: Some(vec![ParticipantId::default()]) },
    ] {
        let refusal = evening.score_refused(wrong.clone());
        assert!(matches!(refusal, Refusal::Invalid { field: "order", .. }), "{wrong:?}: {refusal:?}");
    }
    let too_few = Refusal::NotEnoughPlayers { needed: 3, there: 2 };
    assert_eq!(evening.score_refused(order(&evening, &["Anna", "Boris"])), too_few);
    assert_eq!(
        evening.score_refused(Scoring::StartGame { order: Some(vec![]) }),
        Refusal::NotEnoughPlayers { needed: 3, there: 0 }
    );
    evening.starts(&["Gleb", "Boris", "Anna"]);
}

#[test]
fn too_many_players_ask_for_an_order() {
    let mut evening = Evening::of(pyramid(json!({})), &["Anna", "Boris", "Vera"]);
    let refusal = evening.score_refused(Scoring::StartGame { order: None });
    assert!(matches!(refusal, Refusal::Invalid { field: "order", .. }), "{refusal:?}");
    evening.starts(&["Anna", "Vera"]);
}

#[test]
fn each_wrong_argument_of_a_mark_names_its_field() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    evening.joins("Vera", Role::Participant);
    let anna = evening.participant("Anna");
    let long = Some("ё".repeat(201));
    let pot = |note| Scoring::PotBall {
        participant_id: anna,
        color: "white".into(),
        own_ball: false,
        count: None,
        free_ball: false,
        note,
        correction: false,
    };
    for (scoring, named) in [
        (evening.pot("Vera", "white"), "participant_id"),
        (evening.foul("Vera", None), "participant_id"),
        (evening.end_turn("Vera"), "participant_id"),
        (evening.foul("Anna", Some(0)), "points"),
        (evening.foul("Anna", Some(101)), "points"),
        (evening.foul("Anna", Some(i64::MIN)), "points"),
        (pot(long.clone()), "note"),
        (
            Scoring::CommitFoul {
                participant_id: anna,
                points: None,
                reds: None,
                reason: long.clone(),
                correction: false,
            },
            "reason",
        ),
        (Scoring::EndTurn { participant_id: anna, reason: long.clone(), correction: false }, "reason"),
        (Scoring::EndGame { reason: long.clone(), participant_id: None }, "reason"),
    ] {
        let refusal = evening.score_refused(scoring.clone());
        assert!(matches!(refusal, Refusal::Invalid { field, .. } if field == named), "{scoring:?}: {refusal:?}");
    }
    evening.score(pot(Some("ё".repeat(200))));
    assert_eq!(evening.score_refused(evening.pot("Anna", "purple")), Refusal::UnknownBall("purple".into()));
    assert_eq!(evening.score_refused(evening.pot("Anna", "black")), Refusal::UnknownBall("black".into()));
    let endless = evening.score_refused(evening.pot("Anna", &"x".repeat(1_000_000)));
    assert_eq!(endless, Refusal::UnknownBall("x".repeat(32)));
}

#[test]
fn names_are_bounded_trimmed_and_without_control_characters() {
    let rules = kolkhoz(OPEN_TABLE, json!({}));
    let mut evening = Evening::empty();
    for name in ["", "  ", "a\u{7}b", &"n".repeat(101)] {
        let Command::CreateSession(new) = Evening::opening(rules.clone(), "Anna") else { panic!("opening") };
        let command = Command::CreateSession(CreateSession { name: name.into(), ..new });
        assert!(matches!(evening.refused("Anna", command), Refusal::Invalid { field: "name", .. }), "{name:?}");
        let command = Evening::opening(rules.clone(), &name.replace("nn", "n\n"));
        assert!(matches!(evening.refused("Anna", command), Refusal::Invalid { field: "display_name", .. }));
    }
    let mut evening = Evening::of(rules, &["Anna"]);
    for command in [
        Command::AddGuest { display_name: "x".repeat(65) },
        Command::Invite { user_id: user("Boris"), display_name: "\n".into() },
        Command::UpdateParticipant {
            participant_id: evening.participant("Anna"),
            display_name: Some(String::new()),
            can_score: None,
        },
    ] {
        let refusal = evening.refused("Anna", command.clone());
        assert!(matches!(refusal, Refusal::Invalid { field: "display_name", .. }), "{command:?}");
    }
    let creator = Command::Join { display_name: "Boris".into(), role: Some(Role::Creator) };
    assert!(matches!(evening.refused("Boris", creator), Refusal::Invalid { field: "role", .. }));
}

#[test]
fn wrong_settings_name_their_field() {
    let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris", "Vera"]);
    let none = ChangeSettings::default();
    for (change, named) in [
        (ChangeSettings { name: Some(" ".into()), ..none.clone() }, "name"),
        (ChangeSettings { max_players: Some(1), ..none.clone() }, "max_players"),
        (ChangeSettings { max_players: Some(2), ..none.clone() }, "max_players"),
        (ChangeSettings { max_players: Some(33), ..none.clone() }, "max_players"),
        (ChangeSettings { rules: Some(kolkhoz("[]", json!({}))), ..none.clone() }, "rules"),
    ] {
        let refusal = evening.refused("Anna", settings(change));
        assert!(matches!(refusal, Refusal::Invalid { field, .. } if field == named), "{refusal:?}");
    }
    let unsound = Evening::opening(kolkhoz("[]", json!({})), "Anna");
    assert!(matches!(Evening::empty().refused("Anna", unsound), Refusal::Invalid { field: "rules", .. }));
}

#[test]
fn an_endless_session_can_only_be_ended() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    evening.pots("Anna", "white");
    let mut last = evening.log.pop().expect("a pot");
    last.seq = crate::game::MAX_EVENTS;
    evening.session.apply(&last);
    let too_long = Refusal::SessionTooLong(crate::game::MAX_EVENTS);
    assert_eq!(evening.score_refused(evening.pot("Anna", "white")), too_long);
    assert_eq!(evening.score_refused(Scoring::VoidEvent { seq: last.seq }), too_long);
    assert_eq!(evening.refused("Anna", Command::AddGuest { display_name: "Uncle".into() }), too_long);
    evening.ends();
    assert_eq!(evening.score_refused(Scoring::StartGame { order: None }), too_long);
    evening.score(Scoring::CompleteSession {});
}
