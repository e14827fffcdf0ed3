//! What holds for every frame of snooker.

use proptest::prelude::*;
use proptest::sample::Index;

use super::snooker::{COLORS, frame};
use super::*;

/// A stroke of a player who keeps to the rules: what of it is decided by chance.
#[derive(Clone, Debug)]
enum Stroke {
    Pots(Index, u8),
    Misses,
    Fouls(i64),
    FreeBall(Index),
}

fn any_stroke(has_free_balls: bool) -> impl Strategy<Value = Stroke> {
    prop_oneof![
        16 => (any::<Index>(), 1..3_u8).prop_map(|(color, count)| Stroke::Pots(color, count)),
        2 => Just(Stroke::Misses),
        1 => (4..=7_i64).prop_map(Stroke::Fouls),
        u32::from(has_free_balls) => any::<Index>().prop_map(Stroke::FreeBall),
    ]
}

impl Evening {
    fn pots_what_is_on(&mut self) {
        let (who, on) = (self.turn().expect("a turn"), self.on());
        self.pots(&who, if on == "color" { "yellow" } else { &on });
    }

    /// Plays it, whoever's turn it is; what is not on is refused and changes nothing.
    fn strikes(&mut self, stroke: &Stroke) {
        let who = self.turn().expect("a turn");
        let on = self.on();
        let command = match stroke {
            Stroke::Pots(color, count) => match on.as_str() {
                "red" => self.reds(&who, u32::from(*count)),
                "color" => self.pot(&who, COLORS[color.index(COLORS.len())]),
                color => self.pot(&who, color),
            },
            Stroke::Misses => self.end_turn(&who),
            Stroke::Fouls(points) => self.foul(&who, Some(*points)),
            Stroke::FreeBall(color) => {
                let Scoring::PotBall { participant_id, color, own_ball, count, note, .. } =
                    self.pot(&who, COLORS[color.index(COLORS.len())])
                else {
                    panic!("a pot")
                };
                Scoring::PotBall { participant_id, color, own_ball, count, free_ball: true, note, correction: false }
            }
        };
        let _ = self.ask(user("Anna"), None, Command::Score(command));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// However a frame went on, balls that are on end it, and no break is over 147.
    #[test]
    fn a_frame_always_ends_and_no_break_exceeds_147(
        reds in proptest::sample::select(vec![6, 10, 15]), strokes in prop::collection::vec(any_stroke(false), 0..120),
    ) {
        let mut evening = frame(json!({"reds": reds, "point_price": 100}));
        let most = i64::from(reds) * 8 + 27;
        for stroke in strokes {
            if evening.session.current_game().is_none() {
                break;
            }
            evening.strikes(&stroke);
        }
        // 36 balls, a black that is spotted again, and one that decides.
        for _ in 0..38 {
            if evening.session.current_game().is_none() {
                break;
            }
            evening.pots_what_is_on();
        }
        prop_assert!(evening.session.current_game().is_none(), "it ends");
        let view = evening.view();
        prop_assert_eq!(view.end_reason.as_deref(), Some("black_potted"));
        prop_assert!(view.scores.iter().all(|score| score.high_break <= Some(most)));
        prop_assert_eq!(evening.balances().iter().sum::<i64>(), 0);
        prop_assert_eq!(evening.winners().len(), 1);
    }

    /// One free ball, before the first red, adds what a red and a black are worth.
    #[test]
    fn with_a_free_ball_no_break_exceeds_155(color in any::<Index>(), colors in prop::collection::vec(any::<Index>(), 40)) {
        let mut evening = frame(json!({}));
        evening.strikes(&Stroke::Fouls(4));
        evening.strikes(&Stroke::FreeBall(color));
        for color in colors {
            if evening.session.current_game().is_some() {
                evening.strikes(&Stroke::Pots(color, 1));
            }
        }
        let best = evening.view().scores.iter().filter_map(|score| score.high_break).max();
        prop_assert!((Some(8 + 147 - 16 * 5)..=Some(155)).contains(&best), "{:?}", best);
    }

    /// A frame without a mark is the frame that was played without it.
    #[test]
    fn a_void_is_the_frame_without_the_mark(
        strokes in prop::collection::vec(any_stroke(true), 1..60), which in any::<Index>(),
    ) {
        let mut evening = frame(json!({"enforce_balls": false, "point_price": 100, "frame_price": 5000}));
        let first = evening.now() + 1;
        for stroke in &strokes {
            if evening.session.current_game().is_some() {
                evening.strikes(stroke);
            }
        }
        let marks = evening.log.iter().filter(|event| event.seq >= first);
        let marks: Vec<_> = marks.filter(|event| !matches!(event.fact, Fact::GameEnded(_))).cloned().collect();
        let gone = marks[which.index(marks.len())].seq;
        evening.voids(gone);
        let mut other = frame(json!({"enforce_balls": false, "point_price": 100, "frame_price": 5000}));
        for mark in marks.iter().filter(|mark| mark.seq != gone) {
            if other.session.current_game().is_some() {
                other.repeats(&mark.fact);
            }
        }
        let (with, without) = (evening.view(), other.view());
        prop_assert_eq!(evening.points(), other.points());
        prop_assert_eq!(evening.winners(), other.winners());
        prop_assert_eq!(with.remaining, without.remaining);
        prop_assert_eq!(evening.roubles(), other.roubles());
        let breaks = |view: &crate::game::GameView| {
            view.scores.iter().map(|score| (score.high_break, score.visits)).collect::<Vec<_>>()
        };
        prop_assert_eq!(breaks(&evening.view()), breaks(&other.view()));
    }
}

impl Evening {
    /// Marks again what another evening has marked, by the same people.
    fn repeats(&mut self, fact: &Fact) {
        let scoring = match fact.clone() {
            Fact::BallPotted(pot) => Scoring::PotBall {
                participant_id: pot.participant_id,
                color: pot.color,
                own_ball: pot.own_ball,
                count: Some(u32::from(pot.count)),
                free_ball: pot.free_ball,
                note: None,
                correction: false,
            },
            Fact::FoulCommitted(foul) => Scoring::CommitFoul {
                participant_id: foul.participant_id,
                points: Some(foul.points),
                reds: Some(u32::from(foul.reds)),
                reason: None,
                correction: false,
            },
            Fact::TurnChanged(turn) => {
                Scoring::EndTurn { participant_id: turn.participant_id, reason: None, correction: false }
            }
            other => panic!("{other:?} is no mark"),
        };
        self.score(scoring);
    }
}
