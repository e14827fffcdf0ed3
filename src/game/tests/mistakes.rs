//! Mistakes that are put right leave the evening as it would be without them: drawn evenings, drawn mistakes.

use proptest::prelude::*;

use super::corrections::forgotten;
use super::steps::any_rules;
use super::*;
use crate::game::GameStatus;

/// What may go wrong with a mark, and be put right.
#[derive(Clone, Copy, Debug)]
enum Mistake {
    None,
    /// Another mark was made first, and taken back.
    Extra,
    /// It was marked for another player, and moved.
    WrongPlayer,
    /// It was taken back and marked again.
    Again,
}

fn any_mistake() -> impl Strategy<Value = Mistake> {
    proptest::sample::select(vec![Mistake::None, Mistake::Extra, Mistake::WrongPlayer, Mistake::Again])
}

/// A mark as it is drawn: who, which, and what goes wrong.
type Drawn = (usize, usize, Mistake);

fn mark(evening: &Evening, who: usize, which: usize) -> Scoring {
    let view = evening.view();
    let participant_id = view.order[who % view.order.len()];
    let colors: Vec<_> = view.remaining.iter().map(|left| left.color.clone()).chain(["white".to_owned()]).collect();
    match which % (colors.len() + 2) {
        0 => Scoring::CommitFoul { participant_id, points: None, reds: None, reason: None, correction: false },
        1 => Scoring::EndTurn { participant_id, reason: None, correction: false },
        n => Scoring::PotBall {
            participant_id,
            color: colors[n - 2].clone(),
            own_ball: false,
            count: None,
            free_ball: false,
            note: None,
            correction: false,
        },
    }
}

fn score(evening: &mut Evening, scoring: Scoring) -> bool {
    let scorer = evening.session.creator_user_id();
    evening.ask(scorer, None, Command::Score(scoring)).is_ok()
}

/// What everybody sees of the last game and of the evening's money.
fn seen(evening: &Evening) -> (Value, Value) {
    let mut game = json!(evening.view());
    for when in ["ended_at", "duration_seconds", "started_at", "end_reason", "id"] {
        game.as_object_mut().expect("a game").remove(when);
    }
    (game, json!(evening.session.balance()))
}

/// Makes a mark with a mistake that is put right; as if it had been made as it should.
fn clumsily(evening: &mut Evening, scoring: &Scoring, mistake: Mistake) {
    let other = |evening: &Evening, of: ParticipantId| {
        let order = evening.view().order;
        let index = order.iter().position(|id| *id == of).expect("a player");
        order[(index + 1) % order.len()]
    };
    match mistake {
        Mistake::None => assert!(score(evening, scoring.clone())),
        Mistake::Extra => {
            let wrong = mark(evening, 1, 0);
            if score(evening, wrong) {
                let seq = last_mark(evening);
                assert!(score(evening, Scoring::VoidEvent { seq }));
            }
            assert!(score(evening, scoring.clone()));
        }
        Mistake::WrongPlayer => {
            let (mut wrong, right) = (scoring.clone(), player_of(scoring));
            set_player(&mut wrong, other(evening, right));
            if score(evening, wrong) {
                let seq = last_mark(evening);
                assert!(score(evening, Scoring::ReassignEvent { seq, participant_id: right }));
            } else {
                assert!(score(evening, scoring.clone()));
            }
        }
        Mistake::Again => {
            assert!(score(evening, scoring.clone()));
            let seq = last_mark(evening);
            assert!(score(evening, Scoring::VoidEvent { seq }));
            assert!(score(evening, scoring.clone()));
        }
    }
}

fn last_mark(evening: &Evening) -> Seq {
    let is_mark =
        |event: &&Event| matches!(event.fact, Fact::BallPotted(_) | Fact::FoulCommitted(_) | Fact::TurnChanged(_));
    evening.log.iter().rev().find(is_mark).expect("a mark").seq
}

fn player_of(scoring: &Scoring) -> ParticipantId {
    match scoring {
        Scoring::PotBall { participant_id, .. }
        | Scoring::CommitFoul { participant_id, .. }
        | Scoring::EndTurn { participant_id, .. } => *participant_id,
        _ => panic!("no mark"),
    }
}

fn set_player(scoring: &mut Scoring, player: ParticipantId) {
    match scoring {
        Scoring::PotBall { participant_id, .. }
        | Scoring::CommitFoul { participant_id, .. }
        | Scoring::EndTurn { participant_id, .. } => *participant_id = player,
        _ => panic!("no mark"),
    }
}

fn begun(rules: &Rules) -> Evening {
    let many = (*rules.players().start()).max(2);
    let people: Vec<&str> = super::steps::PEOPLE.into_iter().take(many).collect();
    Evening::playing(rules.clone(), &people)
}

proptest! {
    #[test]
    fn an_evening_with_mistakes_put_right_is_the_evening_without(
        rules in any_rules(),
        marks in prop::collection::vec((0..6_usize, 0..12_usize, any_mistake()), 0..25),
    ) {
        let rules: Rules = rules;
        let marks: Vec<Drawn> = marks;
        let (mut right, mut clumsy) = (begun(&rules), begun(&rules));
        for (who, which, mistake) in marks {
            if right.session.current_game().is_none() {
                break;
            }
            let scoring = mark(&right, who, which);
            // What the rules refuse is no mark in either evening.
            if score(&mut right, scoring.clone()) {
                clumsily(&mut clumsy, &scoring, mistake);
            }
            prop_assert_eq!(seen(&clumsy), seen(&right));
        }
        let log: Vec<Event> = clumsy.log.clone();
        let mut again = Session::default();
        for event in &log {
            let text = serde_json::to_string(event).expect("json");
            again.apply(&serde_json::from_str(&text).expect("an event"));
        }
        prop_assert_eq!(&again, &clumsy.session);
        let snapshot = serde_json::to_string(&clumsy.session).expect("json");
        prop_assert_eq!(&serde_json::from_str::<Session>(&snapshot).expect("a snapshot"), &clumsy.session);
    }

    #[test]
    fn what_was_forgotten_and_added_counts_as_if_it_had_been_marked_last(
        rules in any_rules(),
        marks in prop::collection::vec((0..6_usize, 0..12_usize), 1..20),
        forgets in 1..4_usize,
    ) {
        let rules: Rules = rules;
        let (mut right, mut hasty) = (begun(&rules), begun(&rules));
        let mut made = Vec::new();
        for (who, which) in marks {
            let scoring = mark(&right, who, which);
            if score(&mut right, scoring.clone()) {
                made.push(scoring);
            }
            if right.session.current_game().is_none() {
                break;
            }
        }
        if right.session.current_game().is_some() {
            score(&mut right, Scoring::EndGame { reason: None, participant_id: None });
        }
        let kept = made.len().saturating_sub(forgets);
        for scoring in &made[..kept] {
            prop_assert!(score(&mut hasty, scoring.clone()));
        }
        let ended = score(&mut hasty, Scoring::EndGame { reason: None, participant_id: None });
        prop_assert!(ended);
        for scoring in &made[kept..] {
            prop_assert!(score(&mut hasty, forgotten(scoring.clone())), "{:?}", scoring);
        }
        prop_assert_eq!(seen(&hasty), seen(&right));
        prop_assert_eq!(hasty.session.game_view(hasty.game()).map(|game| game.status), Some(GameStatus::Completed));
    }
}
