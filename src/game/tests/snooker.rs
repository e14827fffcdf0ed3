//! Snooker: balls on, breaks, fouls, the respotted black, concession, money.

use super::*;

pub(super) const COLORS: [&str; 6] = ["yellow", "green", "brown", "blue", "pink", "black"];

pub(super) fn frame(options: Value) -> Evening {
    Evening::playing(snooker(options), &["Anna", "Boris"])
}

impl Evening {
    fn pots_free(&mut self, who: &str, color: &str) -> Vec<Fact> {
        let Scoring::PotBall { participant_id, color, own_ball, count, note, .. } = self.pot(who, color) else {
            panic!("a pot")
        };
        self.score(Scoring::PotBall {
            participant_id,
            color,
            own_ball,
            count,
            free_ball: true,
            note,
            correction: false,
        })
    }

    pub(super) fn reds(&self, who: &str, many: u32) -> Scoring {
        Scoring::PotBall {
            participant_id: self.participant(who),
            color: "red".into(),
            own_ball: false,
            count: Some(many),
            free_ball: false,
            note: None,
            correction: false,
        }
    }

    fn foul_with_reds(&self, who: &str, points: i64, reds: u32) -> Scoring {
        let participant_id = self.participant(who);
        Scoring::CommitFoul { participant_id, points: Some(points), reds: Some(reds), reason: None, correction: false }
    }

    fn concedes(&self, who: &str) -> Scoring {
        Scoring::EndGame { reason: Some("conceded".into()), participant_id: Some(self.participant(who)) }
    }

    /// Ball on, what is left, and the breaks, best breaks and visits of all.
    fn table(&self) -> (Option<String>, i64, Vec<(i64, i64, u32)>) {
        let view = self.view();
        let visit = |score: &crate::game::event::Score| {
            (score.current_break.expect("counted"), score.high_break.expect("counted"), score.visits.expect("counted"))
        };
        (view.ball_on, view.points_remaining.expect("counted"), view.scores.iter().map(visit).collect())
    }

    pub(super) fn on(&self) -> String {
        self.view().ball_on.unwrap_or_default()
    }

    fn clears_colors(&mut self, who: &str) {
        for color in COLORS {
            self.pots(who, color);
        }
    }
}

/// Ronnie O'Sullivan's way: fifteen reds with fifteen blacks, then the colours.
#[test]
fn a_maximum_break_comes_out_ball_by_ball() {
    let mut evening = frame(json!({"frame_price": 100_000, "point_price": 1_000}));
    assert_eq!(evening.table(), (Some("red".into()), 147, vec![(0, 0, 0), (0, 0, 0)]));
    let mut points = 0;
    for red in 1..=15_i64 {
        evening.pots("Anna", "red");
        points += 1;
        let left = (15 - red) * 8 + 27 + 7;
        assert_eq!(evening.table(), (Some("color".into()), left, vec![(points, points, 1), (0, 0, 0)]));
        assert_eq!(points + left, 147);
        evening.pots("Anna", "black");
        points += 7;
        let on = if red == 15 { "yellow" } else { "red" };
        assert_eq!((evening.on(), evening.points()), (on.into(), vec![points, 0]));
    }
    for (place, color) in COLORS.into_iter().enumerate() {
        assert_eq!(evening.on(), color);
        let facts = evening.pots("Anna", color);
        points += place as i64 + 2;
        let Fact::BallPotted(potted) = &facts[0] else { panic!("{facts:?}") };
        assert_eq!((potted.points, potted.total_score), (place as i64 + 2, points));
        assert_eq!(potted.ball_on.as_deref(), COLORS.get(place + 1).copied());
        assert_eq!(potted.points_remaining, Some(147 - points));
        assert_eq!(facts.len(), if color == "black" { 2 } else { 1 });
    }
    let view = evening.view();
    assert_eq!((view.end_reason.as_deref(), points), (Some("black_potted"), 147));
    assert_eq!((evening.winners(), evening.roubles()), (vec!["Anna".to_owned()], vec![1000 + 1470, -1000 - 1470]));
    assert_eq!((view.scores[0].high_break, view.scores[0].balls_potted), (Some(147), 36));
}

#[test]
fn a_level_frame_goes_on_with_the_black_spotted_again() {
    let mut evening = frame(json!({"reds": 6, "frame_price": 5000}));
    for _ in 0..6 {
        evening.pots("Anna", "red");
        evening.pots("Anna", "yellow");
    }
    // 18 against 0; by fouls and colours 18 + 7 against 25 before the black.
    evening.misses("Anna");
    for color in ["yellow", "green", "brown", "blue"] {
        evening.pots("Boris", color);
    }
    evening.misses("Boris");
    evening.score(evening.foul("Anna", Some(5)));
    evening.pots("Boris", "pink");
    assert_eq!((evening.points(), evening.on()), (vec![18, 25], "black".into()));
    evening.misses("Boris");
    // The black makes it level: it is spotted again, and the frame goes on.
    let facts = evening.pots("Anna", "black");
    let [Fact::BallPotted(potted)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((potted.ball_on.as_deref(), potted.points_remaining), (Some("black"), Some(7)));
    assert_eq!((evening.points(), evening.view().status), (vec![25, 25], crate::game::GameStatus::InProgress));
    assert_eq!(evening.table().2, [(0, 18, 3), (0, 14, 2)], "whoever comes to it begins a visit");
    let level = evening.now();
    evening.misses("Anna");
    // The next foul decides.
    let facts = evening.score(evening.foul("Boris", Some(7)));
    let [Fact::FoulCommitted(_), Fact::GameEnded(ended)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((ended.reason.as_str(), evening.points()), ("black_potted", vec![32, 25]));
    assert_eq!((evening.winners(), evening.roubles()), (vec!["Anna".to_owned()], vec![50, -50]));
    // Without the black that made it level, the foul decides it for Anna by itself: 25 to 25 it is not.
    evening.voids(level);
    assert_eq!((evening.points(), evening.roubles()), (vec![25, 25], vec![0, 0]));
}

#[test]
fn only_a_ball_that_is_on_is_taken() {
    let mut evening = frame(json!({}));
    let not_on = |ball, on| Refusal::BallNotOn { ball, on };
    assert_eq!(evening.score_refused(evening.pot("Anna", "black")), not_on("black", "red"));
    assert_eq!(evening.score_refused(evening.reds("Anna", 16)).code(), "validation_failed");
    evening.score(evening.reds("Anna", 13));
    assert_eq!(evening.score_refused(evening.pot("Anna", "red")), not_on("red", "color"));
    evening.pots("Anna", "blue");
    assert_eq!(evening.score_refused(evening.reds("Anna", 3)), not_on("red", "red"));
    evening.score(evening.reds("Anna", 2));
    evening.pots("Anna", "blue");
    assert_eq!(evening.score_refused(evening.pot("Anna", "blue")), not_on("blue", "yellow"));
    assert_eq!(evening.score_refused(evening.pot("Anna", "white")), Refusal::UnknownBall("white".into()));
    assert_eq!((evening.points(), evening.view().scores[0].balls_potted), (vec![25, 0], 17));
    assert_eq!(evening.score_refused(evening.pot("Anna", "blue")).code(), "ball_not_available");
}

#[test]
fn people_who_do_not_mark_every_ball_are_let() {
    let mut evening = frame(json!({"enforce_balls": false}));
    evening.pots("Anna", "black");
    evening.pots("Boris", "red");
    evening.pots("Boris", "red");
    assert_eq!((evening.points(), evening.on()), (vec![7, 2], "color".into()));
    assert_eq!(evening.view().remaining[0].count, Some(13));
}

#[test]
fn whoever_is_marked_is_at_the_table_and_a_colour_is_no_longer_on() {
    let mut evening = frame(json!({}));
    evening.pots("Anna", "red");
    // Nobody marked that Anna missed the colour.
    evening.pots("Boris", "red");
    assert_eq!(evening.table().2, [(0, 1, 1), (1, 1, 1)]);
    evening.misses("Boris");
    assert_eq!((evening.on(), evening.table().2), ("red".into(), vec![(0, 1, 1), (0, 1, 1)]));
    evening.pots("Anna", "red");
    assert_eq!(evening.table().2, [(1, 1, 2), (0, 1, 1)]);
}

#[test]
fn a_foul_gives_points_ends_the_visit_and_may_take_reds_away() {
    let mut evening = frame(json!({"foul_points": 5}));
    evening.pots("Anna", "red");
    let facts = evening.score(evening.foul_with_reds("Anna", 7, 2));
    let [Fact::FoulCommitted(foul)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((foul.points, foul.reds, foul.awarded_to), (7, 2, Some(evening.participant("Boris"))));
    assert_eq!((foul.ball_on.as_deref(), foul.points_remaining), (Some("red"), Some(12 * 8 + 27)));
    evening.fouls("Boris");
    assert_eq!(evening.points(), [1 + 5, 7]);
    for (points, reds, field) in [(3, 0, "points"), (8, 0, "points"), (4, 16, "reds")] {
        let refusal = evening.score_refused(evening.foul_with_reds("Anna", points, reds));
        assert!(matches!(refusal, Refusal::Invalid { field: named, .. } if named == field), "{refusal:?}");
    }
    assert_eq!(evening.score_refused(evening.foul_with_reds("Anna", 4, 13)).code(), "ball_not_available");
    // A foul in the clearance leaves the colour where it was.
    evening.score(evening.foul_with_reds("Anna", 4, 12));
    assert_eq!(evening.on(), "yellow");
    evening.fouls("Boris");
    assert_eq!((evening.on(), evening.view().points_remaining), ("yellow".into(), Some(27)));
}

#[test]
fn a_free_ball_counts_as_the_ball_on_and_stays() {
    let mut evening = frame(json!({}));
    evening.fouls("Anna");
    evening.pots_free("Boris", "green");
    assert_eq!((evening.points(), evening.on()), (vec![0, 4 + 1], "color".into()));
    assert_eq!(evening.view().remaining[0].count, Some(15));
    evening.pots("Boris", "black");
    assert_eq!(evening.on(), "red");
    // In the clearance it is worth the lowest colour.
    evening.score(evening.reds("Boris", 15));
    evening.pots("Boris", "black");
    evening.pots("Boris", "yellow");
    let before = evening.points()[1];
    evening.pots_free("Boris", "black");
    assert_eq!((evening.points()[1] - before, evening.on()), (3, "green".into()));
    let gone = Scoring::PotBall {
        participant_id: evening.participant("Boris"),
        color: "yellow".into(),
        own_ball: false,
        count: None,
        free_ball: true,
        note: None,
        correction: false,
    };
    assert_eq!(evening.score_refused(gone).code(), "ball_not_available");
}

#[test]
fn a_free_ball_before_the_first_red_makes_155() {
    let mut evening = frame(json!({}));
    evening.fouls("Boris");
    evening.pots_free("Anna", "yellow");
    evening.pots("Anna", "black");
    for _ in 0..15 {
        evening.pots("Anna", "red");
        evening.pots("Anna", "black");
    }
    evening.clears_colors("Anna");
    assert_eq!(evening.view().scores[0].high_break, Some(155));
}

#[test]
fn statistics_count_the_breaks_and_balls_that_stand() {
    let mut evening = frame(json!({}));
    let counted = |evening: &Evening, player: usize| {
        let summary = evening.session.player_games(evening.game()).expect("summary");
        let player = &summary.players[player];
        let breaks = player.breaks.expect("breaks are counted");
        let balls: Vec<_> = player.balls_by_color.iter().map(|(color, balls)| (color.name(), *balls)).collect();
        ((breaks.highest, breaks.fifties, breaks.centuries), balls)
    };
    for _ in 0..6 {
        evening.pots("Anna", "red");
        evening.pots("Anna", "black");
    }
    assert_eq!(counted(&evening, 0), ((48, 0, 0), vec![("red", 6), ("black", 6)]));
    evening.pots("Anna", "red");
    evening.pots("Anna", "pink");
    let pink = evening.now();
    // A break counts before it is over.
    assert_eq!(counted(&evening, 0), ((55, 1, 0), vec![("red", 7), ("pink", 1), ("black", 6)]));
    evening.voids(pink);
    assert_eq!(counted(&evening, 0), ((49, 0, 0), vec![("red", 7), ("black", 6)]));
    evening.pots("Anna", "yellow");
    evening.fouls("Boris");
    evening.pots("Anna", "red");
    assert_eq!(counted(&evening, 0), ((51, 1, 0), vec![("yellow", 1), ("red", 8), ("black", 6)]));
    assert_eq!(counted(&evening, 1), ((0, 0, 0), vec![]));
}

#[test]
fn who_concedes_loses_whatever_the_score() {
    let mut evening = frame(json!({"frame_price": 10_000, "point_price": 100}));
    evening.pots("Anna", "red");
    evening.pots("Anna", "black");
    let first = evening.now();
    let nameless = Scoring::EndGame { reason: Some("conceded".into()), participant_id: None };
    assert_eq!(evening.score_refused(nameless).code(), "validation_failed");
    let wordless = Scoring::EndGame { reason: None, participant_id: Some(evening.participant("Anna")) };
    assert_eq!(evening.score_refused(wordless).code(), "validation_failed");
    let facts = evening.score(evening.concedes("Anna"));
    let [Fact::GameEnded(ended)] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!((ended.reason.as_str(), ended.conceded_by), ("conceded", Some(evening.participant("Anna"))));
    // Anna was ahead, so the points cost nothing.
    assert_eq!((evening.winners(), evening.roubles()), (vec!["Boris".to_owned()], vec![-100, 100]));
    // It stays conceded whatever is taken back.
    evening.voids(first);
    assert_eq!((evening.winners(), evening.points()), (vec!["Boris".to_owned()], vec![1, 0]));
    let copy: crate::game::Session = serde_json::from_value(json!(evening.session)).expect("a snapshot");
    assert_eq!(copy, evening.session);
    assert_eq!(copy.balance(), evening.session.balance());
}

#[test]
fn who_concedes_loses_though_a_void_has_the_marks_decide_it() {
    let mut evening = frame(json!({"reds": 6, "frame_price": 5000}));
    let mut yellows = Vec::new();
    for _ in 0..6 {
        evening.pots("Anna", "red");
        evening.pots("Anna", "yellow");
        yellows.push(evening.now());
    }
    evening.misses("Anna");
    for color in ["yellow", "green", "brown", "blue"] {
        evening.pots("Boris", color);
    }
    evening.score(evening.foul("Anna", Some(5)));
    evening.pots("Boris", "pink");
    evening.misses("Boris");
    evening.pots("Anna", "black");
    evening.score(evening.concedes("Boris"));
    assert_eq!((evening.points(), evening.winners()), (vec![25, 25], vec!["Anna".to_owned()]));
    // Now the black would have decided it for Boris.
    evening.voids(yellows[0]);
    assert_eq!((evening.points(), evening.winners()), (vec![23, 25], vec!["Anna".to_owned()]));
    assert_eq!(evening.roubles(), [50, -50]);
}

#[test]
fn out_of_turn_comes_before_what_is_on() {
    let mut evening = frame(json!({"enforce_turns": true}));
    evening.pots("Anna", "red");
    assert_eq!(evening.score_refused(evening.pot("Boris", "blue")), Refusal::NotYourTurn("Anna".into()));
}

#[test]
fn rules_that_come_back_go_on_with_their_match() {
    let rules = |race_to: u32| snooker(json!({"reds": 6, "race_to": race_to}));
    let mut evening = Evening::playing(rules(3), &["Anna", "Boris"]);
    evening.score(evening.concedes("Boris"));
    let games = |evening: &Evening| -> Vec<u32> {
        evening.session.view(&|_| false).race.expect("a match").won.iter().map(|side| side.games).collect()
    };
    assert_eq!(games(&evening), [1, 0]);
    let change = |rules: Rules| settings(ChangeSettings { rules: Some(rules), ..ChangeSettings::default() });
    evening.by("Anna", change(rules(5)));
    assert_eq!(games(&evening), Vec::<u32>::new());
    evening.by("Anna", change(rules(3)));
    assert_eq!(games(&evening), [1, 0]);
}

#[test]
fn a_frame_that_is_ended_by_hand_has_no_winner() {
    let mut evening = frame(json!({"frame_price": 10_000, "point_price": 100}));
    evening.pots("Anna", "red");
    evening.ends();
    assert_eq!((evening.winners(), evening.roubles()), (vec![], vec![0, 0]));
}

#[test]
fn other_games_know_none_of_it() {
    let mut evening = Evening::playing(pyramid(json!({})), &["Anna", "Boris"]);
    for (mark, field) in [(evening.concedes("Anna"), "participant_id"), (evening.foul_with_reds("Anna", 1, 1), "reds")]
    {
        let refusal = evening.score_refused(mark);
        assert!(matches!(refusal, Refusal::Invalid { field: named, .. } if named == field), "{refusal:?}");
    }
    let Scoring::PotBall { participant_id, color, note, .. } = evening.pot("Anna", "white") else { panic!("a pot") };
    for (count, free_ball, field) in [(Some(2), false, "count"), (None, true, "free_ball")] {
        let (color, note) = (color.clone(), note.clone());
        let pot =
            Scoring::PotBall { participant_id, color, own_ball: false, count, free_ball, note, correction: false };
        let refusal = evening.score_refused(pot);
        assert!(matches!(refusal, Refusal::Invalid { field: named, .. } if named == field), "{refusal:?}");
    }
    assert_eq!((evening.view().ball_on, evening.view().scores[0].high_break), (None, None));
}

#[test]
fn a_match_is_won_by_games_and_lost_by_a_void() {
    let rules = snooker(json!({"reds": 6, "race_to": 2, "order": "manual"}));
    let mut evening = Evening::of(rules, &["Anna", "Boris", "Vera"]);
    let standing = |evening: &Evening| {
        let race = evening.session.view(&|_| false).race.expect("a match");
        let won: Vec<_> = race.won.iter().map(|side| (evening.names(&side.participant_ids), side.games)).collect();
        (won, race.winner_participant_ids.map(|ids| evening.names(&ids)))
    };
    let side = |name: &str, games| (vec![name.to_owned()], games);
    assert_eq!(standing(&evening), (vec![], None));
    evening.starts(&["Anna", "Boris"]);
    assert_eq!(standing(&evening).0, [side("Anna", 0), side("Boris", 0)]);
    evening.score(evening.concedes("Boris"));
    evening.starts(&["Boris", "Anna"]);
    evening.score(evening.foul_with_reds("Boris", 4, 6));
    evening.clears_colors("Anna");
    assert_eq!(standing(&evening), (vec![side("Anna", 2), side("Boris", 0)], Some(vec!["Anna".to_owned()])));
    evening.starts(&["Anna", "Boris"]);
    assert_eq!(standing(&evening), (vec![side("Anna", 0), side("Boris", 0)], None));
    evening.score(evening.concedes("Anna"));
    // Other sides begin another match, and a game without a winner counts for nobody.
    evening.starts(&["Vera", "Boris"]);
    evening.ends();
    assert_eq!(standing(&evening), (vec![side("Vera", 0), side("Boris", 0)], None));
}
