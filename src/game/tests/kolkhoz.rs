//! Kolkhoz: the worked examples of the rule book, and each of its options.

use super::*;

const FOUR: [&str; 4] = ["Anna", "Boris", "Vera", "Gleb"];

#[test]
fn two_players_settle_the_difference() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    for (who, color) in [("Anna", "pink"), ("Anna", "yellow"), ("Boris", "yellow"), ("Boris", "white")] {
        evening.pots(who, color);
    }
    assert_eq!((evening.points(), evening.roubles()), (vec![6, 3], vec![150, -150]));
    evening.ends();

    evening.starts(&["Anna", "Boris"]);
    for (who, color) in [("Anna", "pink"), ("Anna", "pink"), ("Boris", "yellow"), ("Boris", "white")] {
        evening.pots(who, color);
    }
    assert_eq!((evening.points(), evening.roubles()), (vec![8, 3], vec![250, -250]));
    evening.ends();
    assert_eq!(evening.balances(), [400, -400]);
}

#[test]
fn three_players_pay_around_the_ring() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris", "Vera"]);
    for (who, balls) in [("Anna", 5), ("Boris", 8), ("Vera", 2)] {
        for _ in 0..balls {
            evening.pots(who, "white");
        }
    }
    let ended = evening.ends();
    assert_eq!((evening.points(), evening.roubles()), (vec![5, 8, 2], vec![-150, 300, -150]));
    assert_eq!(evening.names(&ended.winner_participant_ids), ["Boris"]);
    assert_eq!(places(&ended.results), [1, 2, 3]);
    let boris = ended.results[0];
    assert_eq!((boris.earned.0, boris.paid.0, boris.net.0), (8 * 5000, 2 * 5000, 30000));
}

#[test]
fn a_player_without_a_ball_is_in_the_ring_too() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &FOUR);
    for _ in 0..3 {
        evening.pots("Boris", "white");
    }
    assert_eq!(evening.points(), [0, 3, 0, 0]);
    assert_eq!(evening.roubles(), [-150, 150, 0, 0]);
}

#[test]
fn everyone_may_be_the_payer() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({"payer": "everyone"})), &["Anna", "Boris", "Vera"]);
    evening.pots("Anna", "pink");
    evening.pots("Vera", "white");
    // Anna: 4·2 − 1, Boris: −5, Vera: 1·2 − 4.
    assert_eq!(evening.roubles(), [7 * 50, -5 * 50, -2 * 50]);
}

#[test]
fn the_last_ball_is_worth_what_the_rules_say() {
    for (last_ball, worth) in [("value", 1), ("value_plus_one", 2), ("player_count", 3), ("player_count_plus_value", 4)]
    {
        let rules = kolkhoz(SHORT_TABLE, json!({"last_ball": last_ball}));
        let mut evening = Evening::playing(rules, &["Anna", "Boris", "Vera"]);
        evening.pots("Anna", "white");
        evening.pots("Boris", "pink");
        let facts = evening.pots("Vera", "white");
        let [Fact::BallPotted(potted), Fact::GameEnded(ended)] = facts.as_slice() else { panic!("{facts:?}") };
        assert_eq!((potted.points, potted.total_score), (worth, worth), "{last_ball}");
        assert_eq!(ended.reason, "all_balls_potted");
        assert_eq!(evening.points(), [1, 4, worth]);
    }
}

#[test]
fn a_counted_table_runs_out_ball_by_ball() {
    let mut evening = Evening::playing(kolkhoz(SHORT_TABLE, json!({})), &["Anna", "Boris"]);
    evening.pots("Anna", "white");
    let left: Vec<_> = evening.view().remaining.into_iter().map(|left| (left.color, left.count)).collect();
    assert_eq!(left, [("white".into(), Some(1)), ("pink".into(), Some(1))]);
    evening.pots("Anna", "pink");
    assert_eq!(evening.score_refused(evening.pot("Boris", "pink")), Refusal::BallNotAvailable("pink"));
}

#[test]
fn a_table_with_one_uncounted_colour_never_ends_by_itself() {
    let balls = r#"[{"color":"white","points":1},{"color":"pink","points":4,"count":1}]"#;
    let mut evening = Evening::playing(kolkhoz(balls, json!({})), &["Anna", "Boris"]);
    assert_eq!(evening.pots("Anna", "pink").len(), 1);
    assert_eq!(evening.score_refused(evening.pot("Anna", "pink")), Refusal::BallNotAvailable("pink"));
    for _ in 0..20 {
        assert_eq!(evening.pots("Anna", "white").len(), 1);
    }
    let left: Vec<_> = evening.view().remaining.into_iter().map(|left| left.count).collect();
    assert_eq!(left, [None, Some(0)]);
}

#[test]
fn a_foul_takes_points_below_zero_and_the_ring_knows() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris", "Vera"]);
    let facts = evening.fouls("Boris");
    let [Fact::FoulCommitted(foul)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((foul.points, foul.total_score, foul.awarded_to), (1, -1, None));
    assert_eq!(foul.nets.len(), 2);
    evening.score(evening.foul("Boris", Some(3)));
    assert_eq!(evening.points(), [0, -4, 0]);
    assert_eq!(evening.roubles(), [200, -200, 0]);
    let boris = evening.ends().results.into_iter().find(|result| result.points == -4).expect("Boris");
    assert_eq!((boris.earned.0, boris.paid.0, boris.fouls), (-20000, 0, 2));
}

#[test]
fn the_default_weight_of_a_foul_stands_in_the_rules() {
    let rules = kolkhoz(OPEN_TABLE, json!({"foul": {"kind": "subtract", "points": 5}}));
    let mut evening = Evening::playing(rules, &["Anna", "Boris"]);
    evening.fouls("Anna");
    assert_eq!(evening.points(), [-5, 0]);
}

#[test]
fn a_foul_may_cost_nothing() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({"foul": {"kind": "none"}})), &["Anna", "Boris"]);
    let facts = evening.score(evening.foul("Anna", Some(7)));
    let [Fact::FoulCommitted(foul)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((foul.points, foul.total_score), (0, 0));
    assert_eq!(evening.points(), [0, 0]);
    assert_eq!(evening.view().scores[0].fouls, 1);
}

#[test]
fn whoever_pots_next_collects_the_fines_from_their_owners() {
    let rules = kolkhoz(OPEN_TABLE, json!({"foul": {"kind": "pool"}}));
    let mut evening = Evening::playing(rules, &FOUR);
    evening.fouls("Anna");
    evening.score(evening.foul("Vera", Some(2)));
    evening.fouls("Gleb");
    assert_eq!(evening.points(), [0, 0, 0, 0]);
    assert_eq!(evening.view().fines.iter().map(|fine| fine.points).collect::<Vec<_>>(), [1, 2, 1]);

    let facts = evening.pots("Gleb", "pink");
    let [Fact::BallPotted(potted)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((potted.points, potted.total_score), (7, 7), "what he gained: the ball and three fines");
    let fines: Vec<_> = potted.fines.iter().map(|fine| (fine.participant_id, fine.points)).collect();
    assert_eq!(fines, [(evening.participant("Anna"), 1), (evening.participant("Vera"), 2)]);
    // The ball is paid by Vera, who is before Gleb; the fines by who owed them. Gleb's own fine is gone.
    assert_eq!(evening.points(), [-1, 0, -2, 7]);
    assert_eq!(evening.roubles(), [-50, 0, -200 - 100, 350]);
    assert!(evening.view().fines.is_empty());
}

#[test]
fn fines_left_at_the_end_are_dropped() {
    let rules = kolkhoz(OPEN_TABLE, json!({"foul": {"kind": "pool", "points": 2}}));
    let mut evening = Evening::playing(rules, &["Anna", "Boris"]);
    evening.pots("Anna", "white");
    evening.fouls("Boris");
    evening.ends();
    assert_eq!((evening.points(), evening.roubles()), (vec![1, 0], vec![50, -50]));
    assert!(evening.view().fines.is_empty());
}

#[test]
fn a_pot_says_whose_money_it_changed() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &FOUR);
    let facts = evening.pots("Vera", "yellow");
    let [Fact::BallPotted(potted)] = facts.as_slice() else { panic!("{facts:?}") };
    let nets: Vec<_> = potted.nets.iter().map(|net| (net.participant_id, net.net.0)).collect();
    assert_eq!(nets, [(evening.participant("Boris"), -10000), (evening.participant("Vera"), 10000)]);
    assert_eq!(potted.balls_potted, 1);
}

#[test]
fn equal_points_share_a_place_and_the_next_is_skipped() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris", "Vera"]);
    evening.pots("Vera", "yellow");
    evening.pots("Boris", "yellow");
    let ended = evening.ends();
    assert_eq!(
        evening.names(&ended.results.iter().map(|r| r.participant_id).collect::<Vec<_>>()),
        ["Boris", "Vera", "Anna"]
    );
    assert_eq!(places(&ended.results), [1, 1, 3]);
    assert_eq!(evening.winners(), ["Boris", "Vera"]);
}

#[test]
fn a_game_without_a_mark_has_no_winner() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    let ended = evening.ends();
    assert_eq!((ended.reason.as_str(), ended.winner_participant_ids), ("manual", vec![]));
}
