//! Putting right: balls taken back after the end, forgotten, given to the wrong player; games that go on.

use super::*;
use crate::game::GameStatus;

fn americana() -> Evening {
    Evening::playing(pyramid(json!({"target_balls": 2})), &["Anna", "Boris"])
}

fn refused(evening: &mut Evening, scoring: Scoring) -> Refusal {
    evening.score_refused(scoring)
}

/// The same mark, for an ended game.
pub(super) fn forgotten(mut scoring: Scoring) -> Scoring {
    let (Scoring::PotBall { correction, .. }
    | Scoring::CommitFoul { correction, .. }
    | Scoring::EndTurn { correction, .. }) = &mut scoring
    else {
        panic!("no mark")
    };
    *correction = true;
    scoring
}

#[test]
fn a_game_goes_on_when_what_ended_it_is_taken_back() {
    let mut evening = americana();
    evening.pots("Anna", "white");
    evening.pots("Anna", "white");
    assert_eq!((evening.view().status, evening.balances()), (GameStatus::Completed, vec![500, -500]));
    let facts = evening.voids(evening.now().previous());
    let [Fact::EventVoided(voided), Fact::GameReopened(reopened)] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!((voided.standing.results.as_ref(), reopened.cause.as_str()), (None, "voided"));
    assert_eq!(reopened.former_results.iter().map(|result| result.net.0).collect::<Vec<_>>(), [50_000, -50_000]);
    let game = evening.view();
    assert_eq!((game.status, game.end_reason, game.results), (GameStatus::InProgress, None, None));
    assert_eq!((evening.balances(), evening.turn()), (vec![0, 0], Some("Anna".to_owned())));
    // It ends again, and the match, the order and the log go on from there.
    evening.pots("Boris", "white");
    let facts = evening.pots("Boris", "white");
    assert!(matches!(&facts[..], [Fact::BallPotted(_), Fact::GameEnded(_)]), "{facts:?}");
    assert_eq!((evening.winners(), evening.balances()), (vec!["Boris".to_owned()], vec![-500, 500]));
}

#[test]
fn a_game_that_is_not_the_last_or_whose_evening_is_over_stays_ended() {
    let mut evening = americana();
    evening.pots("Anna", "white");
    evening.pots("Anna", "white");
    let last_ball = evening.now().previous();
    let mut completed = evening.clone();
    completed.score(Scoring::CompleteSession {});
    evening.starts(&["Anna", "Boris"]);
    for (name, mut evening) in [("another game", evening), ("the evening is over", completed)] {
        let facts = evening.voids(last_ball);
        let [Fact::EventVoided(voided)] = &facts[..] else { panic!("{name}: {facts:?}") };
        assert!(voided.standing.results.is_some(), "{name}");
        assert_eq!(evening.balances(), [0, 0], "{name}");
    }
}

#[test]
fn the_last_game_is_opened_by_hand_and_plays_on() {
    let mut evening = americana();
    evening.pots("Anna", "white");
    evening.ends();
    let facts = evening.score(Scoring::ReopenGame {});
    let [Fact::GameReopened(reopened)] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!((reopened.cause.as_str(), reopened.standing.scores[0].points), ("manual", 1));
    let facts = evening.pots("Anna", "white");
    assert!(matches!(&facts[..], [Fact::BallPotted(_), Fact::GameEnded(_)]), "{facts:?}");
    // Opened though its marks had decided it: they decide it no more, the next one does.
    evening.score(Scoring::ReopenGame {});
    assert_eq!(evening.view().status, GameStatus::InProgress);
    let facts = evening.pots("Boris", "white");
    assert!(matches!(&facts[..], [Fact::BallPotted(_), Fact::GameEnded(ended)] if ended.reason == "target_reached"));
    assert_eq!(evening.points(), [2, 1]);
}

#[test]
fn what_can_not_go_on_is_refused_with_a_code_of_its_own() {
    let mut evening = Evening::of(pyramid(json!({})), &["Anna", "Boris"]);
    let code = |refusal: Refusal| refusal.code();
    assert_eq!(code(refused(&mut evening, Scoring::ReopenGame {})), "game_not_reopenable");
    let first = evening.starts(&["Anna", "Boris"]);
    assert_eq!(code(refused(&mut evening, Scoring::ReopenGame {})), "game_not_reopenable");
    let pot = forgotten(evening.pot("Anna", "white"));
    assert_eq!(code(refused(&mut evening, pot.clone())), "game_not_ended");
    evening.ends();
    evening.starts(&["Anna", "Boris"]);
    evening.score(Scoring::CancelGame {});
    assert_eq!(code(refused(&mut evening, Scoring::ReopenGame {})), "game_not_reopenable");
    let named = |evening: &mut Evening, game, scoring| evening.ask(user("Anna"), Some(game), Command::Score(scoring));
    assert_eq!(named(&mut evening, first, Scoring::ReopenGame {}).map_err(code), Err("game_not_reopenable"));
    assert!(named(&mut evening, first, pot.clone()).is_ok(), "an ended game takes what was forgotten");
    evening.score(Scoring::CompleteSession {});
    assert_eq!(code(refused(&mut evening, Scoring::ReopenGame {})), "session_closed");
    assert!(named(&mut evening, first, pot).is_ok(), "after the evening, too");
}

#[test]
fn a_forgotten_ball_is_added_and_the_game_stays_ended() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    evening.pots("Anna", "pink");
    evening.ends();
    assert_eq!(evening.balances(), [200, -200]);
    let facts = evening.score(forgotten(evening.pot("Boris", "yellow")));
    let [Fact::BallPotted(BallPotted { correction: Some(correction), total_score: 2, .. })] = &facts[..] else {
        panic!("{facts:?}")
    };
    assert_eq!(correction.results.iter().map(|result| result.points).collect::<Vec<_>>(), [4, 2]);
    assert_eq!((evening.view().status, evening.balances()), (GameStatus::Completed, vec![100, -100]));
    evening.voids(evening.now());
    assert_eq!(evening.balances(), [200, -200]);
}

#[test]
fn a_forgotten_ball_counts_before_the_one_that_decided_the_game() {
    let rules = pyramid(json!({"target_balls": 2, "foul": {"kind": "offender_minus_one"}}));
    let mut evening = Evening::playing(rules, &["Anna", "Boris"]);
    evening.pots("Boris", "white");
    evening.pots("Anna", "white");
    evening.pots("Anna", "white");
    assert_eq!((evening.winners(), evening.points()), (vec!["Anna".to_owned()], vec![2, 1]));
    // Boris had his second ball before her second one.
    evening.score(forgotten(evening.pot("Boris", "white")));
    assert_eq!((evening.winners(), evening.points()), (vec!["Boris".to_owned()], vec![1, 2]));
    assert_eq!(evening.balances(), [-500, 500]);
}

#[test]
fn what_was_forgotten_keeps_its_place_when_the_game_goes_on() {
    // A pool of fouls: who pots next collects, so places matter.
    let rules = kolkhoz(SHORT_TABLE, json!({"foul": {"kind": "pool"}}));
    let mut evening = Evening::playing(rules, &["Anna", "Boris"]);
    evening.pots("Anna", "white");
    evening.pots("Anna", "white");
    evening.pots("Anna", "pink");
    // Boris had fouled before the last ball, so it collects his fine.
    evening.score(forgotten(evening.foul("Boris", None)));
    assert_eq!((evening.points(), evening.view().status), (vec![7, -1], GameStatus::Completed));
    evening.score(Scoring::ReopenGame {});
    assert_eq!((evening.points(), evening.view().status), (vec![7, -1], GameStatus::InProgress));
    evening.ends();
    assert_eq!(evening.points(), [7, -1]);
}

#[test]
fn a_ball_that_nobody_can_have_forgotten_is_refused() {
    let mut evening = Evening::playing(kolkhoz(SHORT_TABLE, json!({})), &["Anna", "Boris"]);
    for color in ["white", "white", "pink"] {
        evening.pots("Anna", color);
    }
    // All balls of the table were marked, the last one too, though it was there before it ended the game.
    for color in ["white", "pink"] {
        let again = forgotten(evening.pot("Boris", color));
        assert_eq!(refused(&mut evening, again).code(), "ball_not_available");
    }
    let mut frame = Evening::playing(snooker(json!({"reds": 6})), &["Anna", "Boris"]);
    for _ in 0..6 {
        frame.pots("Anna", "red");
        frame.pots("Anna", "black");
    }
    for color in ["yellow", "green", "brown", "blue", "pink", "black"] {
        frame.pots("Anna", color);
    }
    let black = forgotten(frame.pot("Boris", "black"));
    assert_eq!(refused(&mut frame, black).code(), "ball_not_available");
    frame.score(forgotten(frame.foul("Boris", Some(7))));
    assert_eq!(frame.view().status, GameStatus::Completed);
}

#[test]
fn in_a_game_that_went_on_though_it_was_decided_the_next_ball_decides() {
    let mut evening = americana();
    evening.pots("Anna", "white");
    evening.pots("Anna", "white");
    evening.score(Scoring::ReopenGame {});
    evening.pots("Boris", "white");
    assert_eq!((evening.winners(), evening.points()), (vec!["Anna".to_owned()], vec![2, 1]));
    evening.score(Scoring::ReopenGame {});
    evening.pots("Boris", "white");
    // Both have their balls: the last one decides.
    assert_eq!((evening.winners(), evening.points()), (vec!["Boris".to_owned()], vec![2, 2]));
}

#[test]
fn a_ball_of_the_wrong_player_is_moved_in_one_step_and_back_by_one_undo() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    evening.pots("Anna", "pink");
    let pink = evening.now();
    let move_to =
        |evening: &Evening, name: &str| Scoring::ReassignEvent { seq: pink, participant_id: evening.participant(name) };
    let same = move_to(&evening, "Anna");
    assert_eq!(refused(&mut evening, same).code(), "validation_failed");
    let facts = evening.score(move_to(&evening, "Boris"));
    let [Fact::EventReassigned(moved)] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!(
        (moved.from_participant_id, moved.participant_id),
        (evening.participant("Anna"), evening.participant("Boris"))
    );
    assert_eq!((evening.points(), evening.turn()), (vec![0, 4], Some("Boris".to_owned())));
    let moved = evening.now();
    evening.voids(moved);
    assert_eq!(evening.points(), [4, 0]);
    let again = Scoring::VoidEvent { seq: moved };
    assert_eq!(refused(&mut evening, again).code(), "event_not_voidable");
    evening.score(move_to(&evening, "Boris"));
    evening.ends();
    evening.score(Scoring::CompleteSession {});
    let facts = evening.score(move_to(&evening, "Anna"));
    let [Fact::EventReassigned(moved)] = &facts[..] else { panic!("{facts:?}") };
    assert_eq!(moved.standing.results.as_ref().expect("results")[0].participant_id, evening.participant("Anna"));
    assert_eq!(evening.balances(), [200, -200]);
}

#[test]
fn a_ball_marked_twice_at_once_is_told_as_an_echo_where_nobody_counts_balls() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    let echo = |facts: &[Fact]| facts[0].echo_of();
    assert_eq!(echo(&evening.pots("Anna", "white")), None);
    let first = evening.now();
    assert_eq!(echo(&evening.pots("Boris", "white")), None, "another player's");
    assert_eq!(echo(&evening.pots("Anna", "pink")), None, "another ball");
    assert_eq!(echo(&evening.pots("Anna", "white")), Some(first), "three seconds later");
    let second = evening.now();
    assert_eq!(echo(&evening.pots("Anna", "white")), Some(second), "of the latest");
    evening.voids(evening.now());
    evening.voids(second);
    assert_eq!(echo(&evening.pots("Anna", "white")), None, "the first was too long ago, the others are taken back");
    let mut counted = Evening::playing(kolkhoz(SHORT_TABLE, json!({})), &["Anna", "Boris"]);
    counted.pots("Anna", "white");
    assert_eq!(echo(&counted.pots("Anna", "white")), None, "the table is counted");
}
