//! What holds for every evening: random rules, random commands, hostile ones among them.

use proptest::prelude::*;
use proptest::sample::Index;

use super::steps::{PEOPLE, Step, about_place, any_rules, any_step};
use super::*;
use crate::game::discipline::{KolkhozFoul, LastBall, PyramidFoul};
use crate::game::event::Score;
use crate::game::{GameStatus, GameView};
use crate::text::DELETED_PLAYER;

impl Evening {
    /// Takes one step, whatever comes of it; what is said and done must fit together.
    pub(super) fn step(&mut self, step: &Step) {
        if matches!(step, Step::Pot(..)) && self.session.current_game().is_none() {
            self.start_somehow();
        }
        let participants: Vec<_> = self.session.participants().iter().map(|participant| participant.id).collect();
        let current = self.session.current_game().and_then(|game| self.session.game_view(game));
        let players = current.as_ref().map_or_else(|| participants.clone(), |game| game.order.clone());
        let scorer = self.session.creator_user_id();
        let (user, game, command) = match step {
            Step::Pot(who, color, own_ball) => {
                let participant_id = *who.get(&players);
                let left = current.iter().flat_map(|game| game.remaining.iter().map(|left| left.color.clone()));
                let colors: Vec<_> = left.chain(["white".to_owned()]).collect();
                let color = color.get(&colors).clone();
                let pot = Scoring::PotBall {
                    participant_id,
                    color,
                    own_ball: *own_ball,
                    count: None,
                    free_ball: false,
                    note: None,
                    correction: false,
                };
                (scorer, None, Command::Score(pot))
            }
            Step::Foul(who, points) => {
                let participant_id = *who.get(&players);
                (
                    scorer,
                    None,
                    Command::Score(Scoring::CommitFoul {
                        participant_id,
                        points: *points,
                        reds: None,
                        reason: None,
                        correction: false,
                    }),
                )
            }
            Step::EndTurn(who) => {
                let participant_id = *who.get(&players);
                (scorer, None, Command::Score(Scoring::EndTurn { participant_id, reason: None, correction: false }))
            }
            Step::Void(which) => {
                let seq = Seq(which.index(self.log.len()) as i64 + 1);
                (scorer, None, Command::Score(Scoring::VoidEvent { seq }))
            }
            Step::Start(order) => {
                let order = order.as_ref().map(|order| order.iter().map(|who| *who.get(&participants)).collect());
                (scorer, None, Command::Score(Scoring::StartGame { order }))
            }
            Step::Any(who, game, command) => {
                let games: Vec<_> = self.session.games().chain([GameId::default()]).collect();
                (user(PEOPLE[*who]), game.map(|game| *game.get(&games)), Command::clone(command))
            }
            Step::Participant(who, participant, what) => {
                let command = about_place(*participant.get(&participants), *what);
                (user(PEOPLE[*who]), None, command)
            }
        };
        let before = self.log.len();
        let answer = self.ask(user, game, command.clone());
        if matches!(command, Command::Forget) {
            assert!(answer.is_ok(), "an account that is gone can't be refused that");
            let participant = self.session.participant_of(user);
            assert!(participant.is_none_or(|participant| participant.display_name == DELETED_PLAYER));
            let over = matches!(self.session.status(), Status::Completed | Status::Cancelled);
            assert!(over || participant.is_none_or(|participant| !participant.is_active && !participant.is_invited));
        }
        match answer {
            Ok(events) if events.is_empty() => assert!(!matches!(command, Command::Score(_) | Command::CancelSession)),
            Ok(events) => {
                self.check_places();
                self.check_said(&events);
                self.check_gain(&events, current.as_ref());
            }
            Err(_) => assert_eq!(self.log.len(), before),
        }
    }

    /// Nobody has two places.
    fn check_places(&self) {
        let accounts: Vec<_> = self.session.participants().iter().filter_map(|it| it.user_id).collect();
        let distinct: std::collections::HashSet<_> = accounts.iter().collect();
        assert_eq!(distinct.len(), accounts.len(), "{accounts:?}");
    }

    /// Begins a game as the rules draw it, or else with the first players that are enough.
    fn start_somehow(&mut self) {
        let scorer = self.session.creator_user_id();
        let players = self
            .session
            .participants()
            .iter()
            .filter(|participant| participant.is_active_player())
            .map(|participant| participant.id);
        let few = players.take(*self.session.rules().players().start()).collect();
        for order in [None, Some(few)] {
            let _ = self.ask(scorer, None, Command::Score(Scoring::StartGame { order }));
        }
    }

    /// The derived numbers in the events are those of the state after them.
    fn check_said(&self, events: &[Event]) {
        let Some(view) = events.first().and_then(|event| self.session.game_view(event.game_id?)) else { return };
        let score = |who: ParticipantId| -> Score {
            *view.scores.iter().find(|score| score.participant_id == who).expect("a player")
        };
        for event in events {
            let (turn, nets) = match &event.fact {
                Fact::BallPotted(said) => {
                    let score = score(said.participant_id);
                    assert_eq!((said.total_score, said.balls_potted), (score.points, score.balls_potted));
                    (Some(said.next_participant_id), said.nets.as_slice())
                }
                Fact::FoulCommitted(said) => {
                    assert_eq!(said.total_score, score(said.participant_id).points);
                    (Some(said.next_participant_id), said.nets.as_slice())
                }
                Fact::TurnChanged(said) => (Some(said.next_participant_id), [].as_slice()),
                Fact::EventVoided(said) => {
                    assert_eq!((&said.standing.scores, &said.standing.remaining), (&view.scores, &view.remaining));
                    (said.standing.current_participant_id, [].as_slice())
                }
                Fact::GameEnded(said) => {
                    assert_eq!(Some(&said.results), view.results.as_ref());
                    assert_eq!(said.winner_participant_ids, view.winner_participant_ids);
                    assert_eq!(Some(said.duration_seconds), view.duration_seconds);
                    (None, [].as_slice())
                }
                _ => (None, [].as_slice()),
            };
            assert!(view.status != GameStatus::InProgress || turn.is_none() || turn == view.current_participant_id);
            assert!(nets.iter().all(|said| said.net.0 == score(said.participant_id).net.0));
        }
    }

    /// A pot says what it brought: the potter's points before and after differ by that much.
    fn check_gain(&self, events: &[Event], before: Option<&GameView>) {
        for event in events {
            let Fact::BallPotted(said) = &event.fact else { continue };
            let mut scores = before.iter().flat_map(|game| &game.scores);
            let points = scores.find(|score| score.participant_id == said.participant_id).expect("a player").points;
            assert_eq!(said.total_score, points + said.points);
        }
    }

    pub(super) fn played(rules: &Rules, people: usize, steps: &[Step]) -> Self {
        let mut evening = Evening::of(rules.clone(), &PEOPLE[..people]);
        steps.iter().for_each(|step| evening.step(step));
        evening
    }

    fn views(&self) -> Vec<GameView> {
        self.session.games().filter_map(|game| self.session.game_view(game)).collect()
    }

    /// The rules that a game was played by, read from the log.
    fn rules_of(&self, game: GameId) -> Rules {
        let mut rules = Rules::default();
        for event in &self.log {
            match &event.fact {
                Fact::SessionCreated(created) => rules = created.rules.clone(),
                Fact::SettingsChanged(changed) => rules = changed.rules.clone().unwrap_or(rules),
                Fact::GameStarted(_) if event.game_id == Some(game) => break,
                _ => {}
            }
        }
        rules
    }

    /// The marks of a game that were not taken back, read from the log.
    fn standing(&self, game: GameId) -> Vec<&Event> {
        let voided: Vec<Seq> = self
            .log
            .iter()
            .filter_map(|event| match &event.fact {
                Fact::EventVoided(voided) => Some(voided.voided_seq),
                _ => None,
            })
            .collect();
        let is_mark =
            |event: &&Event| matches!(event.fact, Fact::BallPotted(_) | Fact::FoulCommitted(_) | Fact::TurnChanged(_));
        let mine = self.log.iter().filter(is_mark).filter(|event| event.game_id == Some(game));
        mine.filter(|event| !voided.contains(&event.seq)).collect()
    }

    /// The log as if an event had never been, numbered anew.
    fn log_without(&self, gone: Seq) -> Vec<Event> {
        let renumbered = |seq: Seq| if seq > gone { seq.previous() } else { seq };
        let mut log = self.log.clone();
        log.retain(|event| event.seq != gone);
        for event in &mut log {
            event.seq = renumbered(event.seq);
            if let Fact::EventVoided(voided) = &mut event.fact {
                voided.voided_seq = renumbered(voided.voided_seq);
            }
        }
        log
    }
}

/// Points come from balls that were potted and go with fouls that were made.
fn check_points(evening: &Evening, game: &GameView) {
    let sum: i64 = game.scores.iter().map(|score| score.points).sum();
    let balls: i64 = game.scores.iter().map(|score| i64::from(score.balls_potted)).sum();
    let fouls: i64 = game.scores.iter().map(|score| i64::from(score.fouls)).sum();
    match evening.rules_of(game.id) {
        Rules::Kolkhoz(rules) => {
            let marks = evening.standing(game.id);
            let mut expected = 0;
            let mut potted = 0;
            let mut last = 0;
            for mark in marks {
                match &mark.fact {
                    Fact::BallPotted(pot) => {
                        let ball = rules.balls.iter().find(|ball| ball.color.name() == pot.color).expect("a ball");
                        last = ball.points;
                        expected += last;
                        potted += 1;
                    }
                    Fact::FoulCommitted(foul) if matches!(rules.foul, KolkhozFoul::Subtract { .. }) => {
                        expected -= foul.points;
                    }
                    _ => {}
                }
            }
            assert_eq!(balls, potted);
            if game.remaining.iter().all(|left| left.count == Some(0)) {
                let players = game.order.len() as i64;
                expected += match rules.last_ball {
                    LastBall::Value => 0,
                    LastBall::ValuePlusOne => 1,
                    LastBall::PlayerCount => players - last,
                    LastBall::PlayerCountPlusValue => players,
                };
            }
            assert_eq!(sum, expected);
        }
        Rules::Snooker(_) => assert!((balls + 4 * fouls..=7 * (balls + fouls)).contains(&sum)),
        Rules::Americana(rules) | Rules::MoscowPyramid(rules) => match rules.foul {
            PyramidFoul::OpponentPlusOne {} => assert_eq!(sum, balls + fouls),
            PyramidFoul::OffenderMinusOne {} => assert_eq!(sum, balls - fouls),
        },
    }
}

fn check_money(evening: &Evening, game: &GameView) {
    assert_eq!(game.scores.iter().map(|score| score.net.0).sum::<i64>(), 0);
    if let Some(results) = &game.results {
        assert_eq!(results.iter().map(|result| result.net.0).sum::<i64>(), 0);
        assert!(results.iter().all(|result| result.net.0 == result.earned.0 - result.paid.0));
        assert!(results.windows(2).all(|pair| pair[0].place <= pair[1].place));
    }
    let mut balances: Vec<_> =
        evening.session.balance().participants.iter().map(|sum| (sum.participant_id, sum.net.0)).collect();
    for transfer in evening.session.balance().settlement {
        assert!(transfer.amount.0 > 0);
        for (participant, net) in &mut balances {
            *net += if *participant == transfer.from { transfer.amount.0 } else { 0 };
            *net -= if *participant == transfer.to { transfer.amount.0 } else { 0 };
        }
    }
    assert!(balances.iter().all(|(_, net)| *net == 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_evening_keeps_its_books(
        rules in any_rules(), people in 2..6_usize, steps in prop::collection::vec(any_step(), 0..80),
    ) {
        let evening = Evening::played(&rules, people, &steps);
        for game in evening.views() {
            check_points(&evening, &game);
            check_money(&evening, &game);
        }
    }

    #[test]
    fn every_log_and_every_snapshot_give_the_session_again(
        rules in any_rules(), people in 2..6_usize, steps in prop::collection::vec(any_step(), 0..60),
    ) {
        let evening = Evening::played(&rules, people, &steps);
        let log = serde_json::to_string(&evening.log).expect("json");
        let mut session = Session::default();
        serde_json::from_str::<Vec<Event>>(&log).expect("events").iter().for_each(|event| session.apply(event));
        prop_assert_eq!(&session, &evening.session);
        let snapshot = serde_json::to_string(&session).expect("json");
        let kept = serde_json::from_str::<Session>(&snapshot).expect("session");
        prop_assert_eq!(&kept, &session);
        // Scores are folded when they are asked for: there mark by mark, here all at once.
        for other in [&session, &kept] {
            prop_assert_eq!(other.view(&|_| false), evening.session.view(&|_| false));
            for game in other.games() {
                prop_assert_eq!(other.game_view(game), evening.session.game_view(game));
            }
            prop_assert_eq!(other.balance(), evening.session.balance());
        }
    }

    #[test]
    fn a_void_is_the_log_without_the_mark(
        rules in any_rules(), people in 2..5_usize, steps in prop::collection::vec(any_step(), 20..80), which in any::<Index>(),
    ) {
        let mut evening = Evening::played(&rules, people, &steps);
        let games = evening.views().into_iter().filter(|game| game.status != GameStatus::Cancelled);
        let marks: Vec<Seq> = games.flat_map(|game| evening.standing(game.id)).map(|event| event.seq).collect();
        prop_assume!(!marks.is_empty());
        let gone = *which.get(&marks);
        let mut without = evening.log_without(gone);
        let scorer = evening.session.creator_user_id();
        let voided = evening.ask(scorer, None, Command::Score(Scoring::VoidEvent { seq: gone })).expect("a mark");
        // Where the void ends the game, so must the log without the mark.
        without.extend(voided.into_iter().skip(1).map(|event| Event { seq: event.seq.previous(), ..event }));
        let mut other = Session::default();
        without.iter().for_each(|event| other.apply(event));
        let others: Vec<_> = other.games().filter_map(|game| other.game_view(game)).collect();
        prop_assert_eq!(evening.views(), others);
        prop_assert_eq!(evening.session.balance(), other.balance());
        for game in other.games() {
            let summary = evening.session.player_games(game);
            for player in summary.iter().flat_map(|summary| &summary.players) {
                prop_assert_eq!(player.balls_by_color.values().sum::<u32>(), player.balls_potted);
            }
            prop_assert_eq!(summary, other.player_games(game));
        }
    }

    #[test]
    fn a_cancelled_game_changes_no_later_draw(
        rules in any_rules(), people in 2..6_usize, steps in prop::collection::vec(any_step(), 0..60),
        marks in prop::collection::vec(any_step(), 0..8), dice in any::<u128>(),
    ) {
        let mut evening = Evening::played(&rules, people, &steps);
        let scorer = evening.session.creator_user_id();
        let _ = evening.ask(scorer, None, Command::Score(Scoring::EndGame { reason: None, participant_id: None }));
        let draw = |evening: &Evening| {
            let command = Command::Score(Scoring::StartGame { order: None });
            let request = Request { dice: Dice(dice), ..evening.request(scorer, None, command) };
            match evening.session.decide(&request).ok()?.remove(0).fact {
                Fact::GameStarted(started) => Some((started.order, started.reversed)),
                _ => None,
            }
        };
        let before = draw(&evening);
        prop_assume!(before.is_some());
        let games = evening.session.games().count();
        evening.start_somehow();
        for step in marks.iter().filter(|step| matches!(step, Step::Pot(..) | Step::Foul(..) | Step::EndTurn(..))) {
            evening.step(step);
        }
        // Where a mark ended it, it is no game to cancel, and the next mark has begun another one.
        prop_assume!(evening.ask(scorer, None, Command::Score(Scoring::CancelGame {})).is_ok());
        prop_assume!(evening.session.games().count() == games + 1);
        prop_assert_eq!(draw(&evening), before);
    }

    #[test]
    fn facts_that_decide_never_said_do_no_harm(
        rules in any_rules(), steps in prop::collection::vec(any_step(), 0..40), shuffle in prop::collection::vec(any::<Index>(), 0..40),
    ) {
        let mut evening = Evening::played(&rules, 3, &steps);
        for which in shuffle {
            let mut event = which.get(&evening.log).clone();
            event.seq = evening.now() + 1;
            evening.session.apply(&event);
            prop_assert_eq!(evening.now(), event.seq);
        }
        evening.views();
        evening.session.view(&|_| true);
        for step in &steps {
            // What is said need not fit after nonsense; it may just not panic.
            if let Step::Any(who, _, command) = step {
                let request = evening.request(user(PEOPLE[*who]), None, Command::clone(command));
                let _ = evening.session.decide(&request);
            }
        }
    }
}
