//! Turns, the course of games, and what the evening comes to.

use super::*;

#[test]
fn the_turn_follows_what_was_marked() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris", "Vera"]);
    assert_eq!(evening.turn().as_deref(), Some("Anna"));
    evening.pots("Anna", "white");
    assert_eq!(evening.turn().as_deref(), Some("Anna"));
    evening.misses("Anna");
    assert_eq!(evening.turn().as_deref(), Some("Boris"));
    evening.fouls("Boris");
    assert_eq!(evening.turn().as_deref(), Some("Vera"));
    // Nobody minds Boris being marked out of turn; it is his turn then.
    evening.pots("Boris", "white");
    assert_eq!(evening.turn().as_deref(), Some("Boris"));
    evening.misses("Vera");
    assert_eq!(evening.turn().as_deref(), Some("Anna"));
    evening.ends();
    assert_eq!(evening.turn(), None);
}

#[test]
fn enforced_turns_refuse_everybody_else() {
    let rules = kolkhoz(OPEN_TABLE, json!({"enforce_turns": true}));
    let mut evening = Evening::playing(rules, &["Anna", "Boris"]);
    let annas_turn = Refusal::NotYourTurn("Anna".into());
    assert_eq!(evening.score_refused(evening.pot("Boris", "white")), annas_turn);
    assert_eq!(evening.score_refused(evening.foul("Boris", None)), annas_turn);
    assert_eq!(evening.score_refused(evening.end_turn("Boris")), annas_turn);
    evening.pots("Anna", "white");
    evening.fouls("Anna");
    evening.pots("Boris", "white");
}

#[test]
fn a_session_waits_runs_and_is_completed() {
    let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    let view = evening.session.view(&|_| false);
    assert_eq!((view.status, view.started_at, view.games_played), (Status::Waiting, None, 0));
    evening.starts(&["Anna", "Boris"]);
    let begun = evening.log.last().map(|event| event.timestamp);
    evening.pots("Anna", "pink");
    let anna = evening.participant("Anna");
    let view = evening.session.view(&|participant| participant == anna);
    assert_eq!((view.status, view.started_at), (Status::InProgress, begun));
    assert_eq!(view.current_game.map(|game| game.id), Some(evening.game()));
    let (anna, boris) = (&view.participants[0], &view.participants[1]);
    assert_eq!((anna.is_online, anna.balls_potted, anna.games_played, anna.balance.0), (true, 1, 0, 0));
    assert!(!boris.is_online);

    let ended = evening.ends();
    assert_eq!(ended.duration_seconds, 2);
    evening.starts(&["Boris", "Anna"]);
    evening.score(Scoring::CancelGame {});
    evening.score(Scoring::CompleteSession {});
    let view = evening.session.view(&|_| false);
    assert_eq!((view.status, view.games_played), (Status::Completed, 1));
    assert_eq!(view.completed_at, evening.log.last().map(|event| event.timestamp));
    assert_eq!((view.participants[0].balance.0, view.participants[0].games_played), (20000, 1));
    assert_eq!((view.current_game, view.seq), (None, evening.now()));
}

#[test]
fn a_cancelled_game_counts_for_nothing() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    evening.pots("Anna", "pink");
    evening.score(Scoring::CancelGame {});
    assert_eq!(evening.balances(), [0, 0]);
    let game = evening.view();
    assert_eq!((game.status.as_str(), game.results, game.winner_participant_ids), ("cancelled", None, vec![]));
    assert_eq!(evening.session.view(&|_| false).participants[0].balls_potted, 0);
    evening.starts(&["Anna", "Boris"]);
    assert_eq!(evening.view().number, 2);
}

#[test]
fn each_game_keeps_the_rules_it_was_played_by() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    evening.pots("Anna", "white");
    evening.ends();
    for price in [1, 100] {
        let rules = Some(kolkhoz(OPEN_TABLE, json!({"point_price": price})));
        evening.by("Anna", settings(ChangeSettings { rules, ..ChangeSettings::default() }));
    }
    evening.starts(&["Anna", "Boris"]);
    evening.pots("Boris", "white");
    evening.ends();
    let balance = evening.session.balance();
    assert_eq!(balance.participants[0].games.iter().map(|game| game.net.0).collect::<Vec<_>>(), [5000, -100]);

    let rules = Some(pyramid(json!({})));
    evening.by("Anna", settings(ChangeSettings { rules, ..ChangeSettings::default() }));
    assert_eq!(evening.session.balance().participants, balance.participants);
    assert_eq!(evening.session.game_type(), "americana");
    assert_eq!(evening.view().game_type, "kolkhoz");
}

#[test]
fn guests_have_balances_and_are_settled() {
    let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({})), &["Anna"]);
    evening.by("Anna", Command::AddGuest { display_name: "Uncle".into() });
    evening.starts(&["Anna", "Uncle"]);
    evening.pots("Uncle", "pink");
    evening.ends();
    let balance = evening.session.balance();
    assert_eq!((balance.currency.as_str(), evening.balances()), ("RUB", vec![-200, 200]));
    let [transfer] = balance.settlement.as_slice() else { panic!("{balance:?}") };
    assert_eq!(
        (transfer.from, transfer.to, transfer.amount.0),
        (evening.participant("Anna"), evening.participant("Uncle"), 20000)
    );
}

#[test]
fn statistics_hear_who_won_and_who_lost() {
    let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    evening.by("Anna", Command::AddGuest { display_name: "Uncle".into() });
    evening.starts(&["Uncle", "Boris", "Anna"]);
    evening.pots("Anna", "pink");
    let live = evening.session.player_games(evening.game()).expect("summary");
    assert!(live.players.iter().all(|player| !player.won && !player.lost));
    evening.ends();
    let summary = evening.session.player_games(evening.game()).expect("summary");
    let columns: Vec<_> = summary.players.iter().map(|p| (p.user_id, p.points, p.place, p.won, p.lost)).collect();
    assert_eq!(
        columns,
        [(None, 0, 2, false, true), (Some(user("Boris")), 0, 2, false, true), (Some(user("Anna")), 4, 1, true, false),]
    );
}

#[test]
fn a_caller_may_say_why_the_game_ends() {
    let mut evening = Evening::playing(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    let facts = evening.score(Scoring::EndGame { reason: Some("the hall closes".into()), participant_id: None });
    assert!(matches!(facts.as_slice(), [Fact::GameEnded(ended)] if ended.reason == "the hall closes"));
    assert_eq!(evening.view().end_reason.as_deref(), Some("the hall closes"));
}

#[test]
fn a_mark_and_its_void_name_the_account_behind_the_seat() {
    let mut evening = Evening::of(kolkhoz(OPEN_TABLE, json!({})), &["Anna", "Boris"]);
    evening.by("Anna", Command::AddGuest { display_name: "Uncle".into() });
    evening.starts(&["Uncle", "Boris"]);
    for (who, account) in [("Boris", Some(user("Boris"))), ("Uncle", None)] {
        let facts = [evening.pots(who, "white"), evening.fouls(who), evening.voids(evening.now())].concat();
        let [Fact::BallPotted(potted), Fact::FoulCommitted(foul), Fact::EventVoided(voided)] = facts.as_slice() else {
            panic!("{facts:?}")
        };
        assert_eq!([potted.user_id, foul.user_id, voided.user_id], [account; 3]);
    }
}
