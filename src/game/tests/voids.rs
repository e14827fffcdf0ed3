//! Taking marks back: in a game, after it, and in an evening that is over.

use super::*;

#[test]
fn a_taken_back_ball_is_back_on_the_table() {
    let mut evening = Evening::playing(kolkhoz(SHORT_TABLE, json!({})), &["Anna", "Boris"]);
    evening.pots("Anna", "pink");
    evening.misses("Anna");
    let facts = evening.voids(evening.now().previous());
    let [Fact::EventVoided(voided)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!(
        (voided.voided_seq, voided.voided_type.as_str()),
        (evening.now().previous().previous(), "game.ball_potted")
    );
    assert_eq!(voided.standing.scores.iter().map(|score| score.points).collect::<Vec<_>>(), [0, 0]);
    assert_eq!(voided.standing.current_participant_id, Some(evening.participant("Boris")));
    assert_eq!(voided.standing.remaining[1].count, Some(1));
    assert_eq!(voided.standing.results, None);
    assert_eq!(evening.pots("Boris", "pink").len(), 1);
}

#[test]
fn an_ended_game_stays_ended_and_its_money_is_put_right() {
    let rules = kolkhoz(SHORT_TABLE, json!({"last_ball": "player_count_plus_value"}));
    let mut evening = Evening::playing(rules, &["Anna", "Boris"]);
    evening.pots("Anna", "pink");
    evening.pots("Anna", "white");
    evening.pots("Boris", "white");
    assert_eq!((evening.points(), evening.balances()), (vec![5, 3], vec![100, -100]));
    // Another game was begun since, so that it can't go on.
    let (first, pink_and_white) = (evening.game(), evening.now().previous().previous());
    evening.starts(&["Anna", "Boris"]);
    evening.score(Scoring::CancelGame {});
    let facts = evening.voids(pink_and_white);
    let [Fact::EventVoided(voided)] = facts.as_slice() else { panic!("{facts:?}") };
    let results = voided.standing.results.as_ref().expect("new results");
    assert_eq!(results.iter().map(|result| result.points).collect::<Vec<_>>(), [4, 1]);
    assert_eq!(voided.standing.current_participant_id, None);
    assert_eq!(evening.balances(), [150, -150]);
    let game = evening.session.game_view(first).expect("the first game");
    assert_eq!((game.status.as_str(), game.end_reason.as_deref()), ("completed", Some("all_balls_potted")));
}

#[test]
fn a_pyramid_that_loses_its_last_ball_was_won_by_nobody() {
    let mut evening = Evening::playing(pyramid(json!({"target_balls": 2})), &["Anna", "Boris"]);
    evening.pots("Anna", "white");
    evening.pots("Anna", "white");
    assert_eq!(evening.balances(), [500, -500]);
    evening.score(Scoring::CompleteSession {});
    evening.voids(evening.now().previous().previous());
    assert_eq!((evening.balances(), evening.winners()), (vec![0, 0], vec![]));
    assert_eq!(evening.session.status(), Status::Completed);
}

#[test]
fn taking_back_the_foul_that_kept_a_side_from_its_target_ends_the_game() {
    let rules = pyramid(json!({"target_balls": 2, "foul": {"kind": "offender_minus_one"}}));
    let mut evening = Evening::playing(rules, &["Anna", "Boris"]);
    evening.fouls("Anna");
    let foul = evening.now();
    evening.pots("Anna", "white");
    evening.pots("Anna", "white");
    evening.pots("Boris", "white");
    let facts = evening.voids(foul);
    let [Fact::EventVoided(_), Fact::GameEnded(ended)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!(ended.reason, "target_reached");
    // Anna had her second ball before Boris's first, which therefore does not count.
    assert_eq!((evening.points(), evening.winners()), (vec![2, 0], vec!["Anna".to_owned()]));
    assert_eq!(evening.balances(), [500, -500]);
}

#[test]
fn voids_compose_and_the_same_event_is_taken_back_once() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    evening.pots("Anna", "pink");
    let pink = evening.now();
    evening.fouls("Boris");
    evening.voids(pink);
    evening.voids(pink + 1);
    assert_eq!((evening.points(), evening.turn().as_deref()), (vec![0, 0], Some("Anna")));
    assert_eq!(evening.score_refused(Scoring::VoidEvent { seq: pink }).code(), "event_not_voidable");
}

#[test]
fn only_marks_can_be_taken_back() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    evening.pots("Anna", "pink");
    evening.voids(evening.now());
    evening.ends();
    for seq in [1, 2, 3, 5, 6].map(Seq) {
        assert_eq!(evening.score_refused(Scoring::VoidEvent { seq }).code(), "event_not_voidable", "{seq}");
    }
    for seq in [i64::MIN, -1, 0, 7, i64::MAX].map(Seq) {
        assert_eq!(evening.score_refused(Scoring::VoidEvent { seq }), Refusal::NotFound("event"), "{seq}");
    }
}

#[test]
fn a_named_game_must_own_the_event() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    let first = evening.game();
    evening.pots("Anna", "pink");
    let (seq, anna) = (evening.now(), user("Anna"));
    evening.ends();
    let second = evening.starts(&["Anna", "Boris"]);
    let void = Command::Score(Scoring::VoidEvent { seq });
    assert_eq!(evening.ask(anna, Some(second), void.clone()), Err(Refusal::NotFound("event")));
    assert_eq!(evening.ask(anna, Some(GameId::default()), void.clone()), Err(Refusal::NotFound("game")));
    assert_eq!(evening.ask(anna, Some(first), void).map(|events| events[0].game_id), Ok(Some(first)));
    let voided = Command::Score(Scoring::VoidEvent { seq: evening.now() });
    assert_eq!(evening.ask(anna, Some(second), voided.clone()), Err(Refusal::NotFound("event")));
    let refusal = evening.ask(anna, Some(first), voided).expect_err("a void is no mark");
    assert_eq!(refusal.code(), "event_not_voidable");
}

#[test]
fn nothing_is_taken_back_in_a_cancelled_game_or_session() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    evening.pots("Anna", "pink");
    let seq = evening.now();
    evening.score(Scoring::CancelGame {});
    assert_eq!(evening.score_refused(Scoring::VoidEvent { seq }).code(), "event_not_voidable");
    evening.by("Anna", Command::CancelSession);
    assert_eq!(evening.score_refused(Scoring::VoidEvent { seq }), Refusal::SessionClosed);
}

#[test]
fn a_taken_back_foul_gives_its_collected_fines_back() {
    let rules = kolkhoz(OPEN_TABLE, json!({"foul": {"kind": "pool"}}));
    let mut evening = Evening::playing(rules, &["Anna", "Boris", "Vera"]);
    evening.fouls("Anna");
    let foul = evening.now();
    evening.pots("Vera", "white");
    assert_eq!(evening.points(), [-1, 0, 2]);
    evening.voids(foul);
    assert_eq!((evening.points(), evening.roubles()), (vec![0, 0, 1], vec![0, -50, 50]));
}
