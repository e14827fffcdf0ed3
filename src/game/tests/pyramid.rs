//! Americana and Moscow pyramid: the race, the sides, and the money.

use super::*;

const FOUR: [&str; 4] = ["Anna", "Boris", "Vera", "Gleb"];

#[test]
fn the_first_to_the_target_wins_the_price_of_the_game() {
    let mut evening = Evening::playing(pyramid(json!({})), &["Anna", "Boris"]);
    evening.pots("Boris", "white");
    for ball in 1..8 {
        assert_eq!(evening.pots("Anna", "white").len(), 1, "ball {ball}");
        assert_eq!(evening.roubles(), [0, 0]);
    }
    let facts = evening.pots("Anna", "white");
    let [Fact::BallPotted(potted), Fact::GameEnded(ended)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((potted.points, potted.total_score, potted.nets.len()), (1, 8, 2));
    assert_eq!(ended.reason, "target_reached");
    assert_eq!(
        (places(&ended.results), ended.results[0].earned.0, ended.results[1].paid.0),
        (vec![1, 2], 50000, 50000)
    );
    assert_eq!((evening.roubles(), evening.winners()), (vec![500, -500], vec!["Anna".to_owned()]));
}

#[test]
fn partners_win_together_and_each_loser_pays_his_opposite() {
    let rules = pyramid(json!({"format": "2x2", "target_balls": 3}));
    let mut evening = Evening::playing(rules, &FOUR);
    for who in ["Boris", "Anna", "Gleb"] {
        evening.pots(who, "white");
    }
    let facts = evening.pots("Gleb", "white");
    let Some(Fact::GameEnded(ended)) = facts.last() else { panic!("{facts:?}") };
    assert_eq!(places(&ended.results), [1, 1, 3, 3]);
    assert_eq!(evening.winners(), ["Boris", "Gleb"]);
    assert_eq!(evening.points(), [1, 1, 0, 2]);
    assert_eq!(evening.roubles(), [-500, 500, -500, 500]);
}

#[test]
fn a_foul_gives_the_opposite_player_a_ball_and_can_win_the_game() {
    let rules = pyramid(json!({"format": "2x2", "target_balls": 2}));
    let mut evening = Evening::playing(rules, &FOUR);
    evening.pots("Boris", "white");
    let facts = evening.fouls("Vera");
    let [Fact::FoulCommitted(foul), Fact::GameEnded(ended)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((foul.points, foul.total_score, foul.awarded_to), (1, 0, Some(evening.participant("Gleb"))));
    assert_eq!(ended.reason, "target_reached");
    assert_eq!((evening.points(), evening.winners().len()), (vec![0, 1, 0, 1], 2));
    assert_eq!(evening.view().scores[3].balls_potted, 0);
}

#[test]
fn a_foul_may_cost_the_offender_a_ball_below_zero_too() {
    let mut evening = Evening::playing(pyramid(json!({"foul": {"kind": "offender_minus_one"}})), &["Anna", "Boris"]);
    let facts = evening.score(evening.foul("Anna", Some(1)));
    let [Fact::FoulCommitted(foul)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((foul.total_score, foul.awarded_to), (-1, None));
    assert_eq!(evening.points(), [-1, 0]);
}

#[test]
fn a_game_ended_by_hand_pays_nothing_and_nobody_won_it() {
    let mut evening = Evening::playing(pyramid(json!({})), &["Anna", "Boris"]);
    evening.pots("Boris", "white");
    let ended = evening.ends();
    assert_eq!(ended.winner_participant_ids, []);
    assert_eq!(places(&ended.results), [1, 2]);
    assert!(ended.results.iter().all(|result| (result.earned.0, result.paid.0, result.net.0) == (0, 0, 0)));
    let summary = evening.session.player_games(evening.game()).expect("summary");
    assert!(summary.players.iter().all(|player| !player.won && !player.lost));
}

#[test]
fn the_cue_ball_itself_is_kept_in_event_and_statistics() {
    let rules = pyramid(json!({"game_type": "moscow_pyramid"}));
    let mut evening = Evening::playing(rules, &["Anna", "Boris"]);
    let Scoring::PotBall { participant_id, color, note, .. } = evening.pot("Boris", "white") else { panic!("pot") };
    let facts = evening.score(Scoring::PotBall {
        participant_id,
        color,
        own_ball: true,
        count: None,
        free_ball: false,
        note,
        correction: false,
    });
    let [Fact::BallPotted(potted)] = facts.as_slice() else { panic!("{facts:?}") };
    assert!(potted.own_ball);
    let summary = evening.session.player_games(evening.game()).expect("summary");
    assert_eq!(summary.game_type, "moscow_pyramid");
    assert_eq!(summary.players.iter().map(|player| player.own_balls).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn a_pyramid_knows_no_colours_and_counts_no_table() {
    let mut evening = Evening::playing(pyramid(json!({})), &["Anna", "Boris"]);
    assert_eq!(evening.score_refused(evening.pot("Anna", "black")), Refusal::UnknownBall("black".into()));
    assert_eq!(evening.view().remaining, []);
    assert_eq!(evening.score_refused(evening.foul("Anna", Some(2))).code(), "validation_failed");
}
