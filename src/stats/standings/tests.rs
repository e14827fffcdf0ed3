//! Boards and ratings against a plain count over all games, however the games came in.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::ended_games::{Ranking, Tally};
use super::*;

const TYPES: [&str; 2] = ["kolkhoz", "americana"];
const CURRENCIES: [Option<&str>; 3] = [Some("RUB"), Some("EUR"), None];

/// So many sessions, by the id of a game.
const SESSIONS: u128 = 4;

/// A game as it is drawn: when it ended (`None`: not any more), its type, its currency, and each player's place and net.
type Drawn = (Option<i64>, usize, usize, Vec<(u128, i32, i64)>);

fn any_game() -> impl Strategy<Value = Drawn> {
    let players = prop::collection::btree_map(1..8_u128, (1..4_i32, -500..500_i64), 1..5);
    let players =
        players.prop_map(|players| players.into_iter().map(|(user, (place, net))| (user, place, net)).collect());
    (prop::option::weighted(0.9, 0..40_i64), 0..2_usize, 0..3_usize, players)
}

fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(number))
}

fn session(number: u128) -> SessionId {
    SessionId(Uuid::from_u128(number))
}

fn put(games: &mut EndedGames, id: u128, (ended_at, game_type, currency, players): &Drawn) {
    let game = ended_at.map(|at| {
        let outcome = |(number, place, net): &(u128, i32, i64)| PlayerOutcome {
            user: games.user(user(*number)),
            place: *place,
            won: *place == 1,
            net: Money(*net),
        };
        let players = players.iter().map(outcome).collect();
        let is_of_two_sides = *game_type == 1;
        let session = games.session(session(id % SESSIONS));
        let game_type = games.name(TYPES[*game_type]);
        let currency = CURRENCIES[*currency].map(|currency| games.name(currency));
        (Timestamp::from_millis(at + 1), EndedGame { session, game_type, is_of_two_sides, currency, players })
    });
    games.set(GameId(Uuid::from_u128(id)), game);
}

fn all<'a>(since: i64, ranking: Ranking) -> BoardFilter<'a> {
    BoardFilter {
        since: Timestamp::from_millis(since),
        game_type: None,
        currency: "RUB",
        is_of_currency_only: false,
        ranking,
        among: None,
        sessions: None,
        after: None,
        limit: usize::MAX,
    }
}

fn ratings(games: &EndedGames) -> Vec<Option<(i64, i64)>> {
    (1..8).flat_map(|number| TYPES.map(|game_type| games.rating(user(number), game_type))).collect()
}

proptest! {
    #[test]
    fn sums_are_those_of_a_plain_count(
        drawn in prop::collection::vec((0..12_u128, any_game()), 0..40),
        since in prop::sample::select(vec![0, 10, 30]),
        (game_type, only) in (prop::option::of(0..2_usize), any::<bool>()),
        club in prop::option::of(prop::collection::btree_set(0..SESSIONS + 2, 0..4)),
    ) {
        let (mut games, mut last) = (EndedGames::new(TRAIL_MAX), BTreeMap::new());
        for (id, game) in &drawn {
            put(&mut games, *id, game);
            last.insert(*id, game.clone());
        }
        games.rate();
        let mut plain: BTreeMap<UserId, Tally> = BTreeMap::new();
        for (id, (ended_at, of, currency, players)) in &last {
            let counts = club.as_ref().is_none_or(|club| club.contains(&(id % SESSIONS)))
                && ended_at.is_some_and(|at| at + 1 >= since)
                && game_type.is_none_or(|wanted| wanted == *of)
                && (!only || CURRENCIES[*currency] == Some("RUB"));
            for (number, place, net) in players.iter().filter(|_| counts) {
                let tally = plain.entry(user(*number)).or_default();
                tally.games += 1;
                tally.wins += i64::from(*place == 1);
                tally.net += if CURRENCIES[*currency] == Some("RUB") { Money(*net) } else { Money::ZERO };
            }
        }
        let game_type = game_type.map(|at| TYPES[at]);
        let sessions: Option<Vec<SessionId>> = club.map(|club| club.into_iter().map(session).collect());
        let sessions = sessions.as_deref();
        let board = all(since, Ranking::Net);
        let board = games.board(&BoardFilter { game_type, is_of_currency_only: only, sessions, ..board });
        let counted: BTreeMap<UserId, Tally> = board
            .iter()
            .map(|standing| {
                let Standing { user, games, wins, net, .. } = *standing;
                (user, Tally { games, wins, net })
            })
            .collect();
        prop_assert_eq!(counted, plain);
        for standing in &board {
            let better = board.iter().filter(|other| other.net > standing.net).count();
            prop_assert_eq!(standing.rank, 1 + better as i64);
        }
    }

    #[test]
    fn pages_of_any_size_are_the_whole_board(
        drawn in prop::collection::vec((0..12_u128, any_game()), 0..30),
        limit in 1..4_usize,
        ranking in prop::sample::select(vec![Ranking::Net, Ranking::Wins, Ranking::Rating]),
    ) {
        let mut games = EndedGames::new(TRAIL_MAX);
        drawn.iter().for_each(|(id, game)| put(&mut games, *id, game));
        games.rate();
        let whole = games.board(&all(0, ranking));
        let (mut paged, mut after) = (Vec::new(), None);
        loop {
            let page = games.board(&BoardFilter { limit, after, ..all(0, ranking) });
            let Some(last) = page.last() else { break };
            after = Some((last.value, last.user));
            paged.extend(page);
        }
        prop_assert_eq!(paged, whole);
    }

    #[test]
    fn ratings_are_the_same_whatever_order_games_and_corrections_come_in(
        drawn in prop::collection::vec((0..12_u128, any_game()), 1..40),
        rates in prop::collection::vec(any::<bool>(), 40),
        trail_max in prop::sample::select(vec![0, 1, 4, TRAIL_MAX]),
    ) {
        let (mut games, mut last) = (EndedGames::new(trail_max), BTreeMap::new());
        for ((id, game), rates) in drawn.iter().zip(&rates) {
            put(&mut games, *id, game);
            if *rates {
                games.rate();
            }
            last.insert(*id, game.clone());
        }
        games.rate();
        let mut at_once = EndedGames::new(TRAIL_MAX);
        last.iter().for_each(|(id, game)| put(&mut at_once, *id, game));
        at_once.rate();
        prop_assert_eq!(ratings(&games), ratings(&at_once));
    }
}

fn duel(at: i64, winner: u128, loser: u128) -> Drawn {
    (Some(at), 1, 0, vec![(winner, 1, 100), (loser, 2, -100)])
}

#[test]
fn a_win_against_an_equal_is_what_glickman_computes() {
    let mut games = EndedGames::new(TRAIL_MAX);
    put(&mut games, 1, &duel(1, 1, 2));
    games.rate();
    // Two new players, one game: 1500 and 350 become 1662 and 1338, deviation 290.
    assert_eq!(games.rating(user(1), "americana"), Some((1_662, 290)));
    assert_eq!(games.rating(user(2), "americana"), Some((1_338, 290)));
    assert_eq!(games.rating(user(1), "kolkhoz"), None);
}

#[test]
fn in_kolkhoz_everybody_plays_everybody_and_partners_of_a_side_do_not() {
    let mut games = EndedGames::new(TRAIL_MAX);
    let kolkhoz = (Some(1), 0, 0, vec![(1, 1, 100), (2, 2, 0), (3, 2, 0), (4, 4, -100)]);
    put(&mut games, 1, &kolkhoz);
    let pairs = (Some(2), 1, 0, vec![(5, 1, 100), (6, 1, 100), (7, 2, -200)]);
    put(&mut games, 2, &pairs);
    games.rate();
    let rating = |number, game_type| games.rating(user(number), game_type).expect("rated").0;
    assert!(rating(1, "kolkhoz") > rating(2, "kolkhoz") && rating(3, "kolkhoz") > rating(4, "kolkhoz"));
    assert_eq!(rating(2, "kolkhoz"), rating(3, "kolkhoz"));
    assert_eq!(rating(5, "americana"), rating(6, "americana"));
}

#[test]
fn a_game_that_nobody_won_and_one_alone_rate_nobody() {
    let mut games = EndedGames::new(TRAIL_MAX);
    put(&mut games, 1, &(Some(1), 0, 0, vec![(1, 2, 0), (2, 2, 0)]));
    put(&mut games, 2, &(Some(2), 0, 0, vec![(1, 1, 0)]));
    games.rate();
    assert_eq!((games.rating(user(1), "kolkhoz"), games.rating(user(2), "kolkhoz")), (None, None));
    assert!(games.board(&all(0, Ranking::Rating)).is_empty());
    assert_eq!(games.board(&all(0, Ranking::Wins)).len(), 2);
}

#[test]
fn a_board_of_sessions_ranks_who_played_there_by_ratings_of_all_games() {
    let mut games = EndedGames::new(TRAIL_MAX);
    // Games 1 and 5 are of session 1, game 2 of session 2.
    put(&mut games, 1, &duel(1, 1, 2));
    put(&mut games, 2, &duel(2, 3, 1));
    put(&mut games, 5, &duel(3, 4, 2));
    games.rate();
    let whole = games.board(&all(0, Ranking::Rating));
    let (one, unknown) = ([session(1)], [session(9)]);
    let board = |sessions| games.board(&BoardFilter { sessions, ..all(0, Ranking::Rating) });
    let there = board(Some(&one[..]));
    let users: Vec<UserId> = there.iter().map(|standing| standing.user).collect();
    assert_eq!(users, [user(4), user(1), user(2)]);
    assert_eq!(
        there.iter().map(|standing| (standing.rank, standing.games)).collect::<Vec<_>>(),
        [(1, 1), (2, 1), (3, 2)]
    );
    for standing in &there {
        let all_over = whole.iter().find(|other| other.user == standing.user).expect("on the whole board");
        assert_eq!(standing.rating, all_over.rating);
    }
    assert!(board(Some(&[])).is_empty() && board(Some(&unknown[..])).is_empty());
    assert_eq!(board(None), whole);
    // What is not ended any more is of no session either.
    put(&mut games, 5, &(None, 1, 0, Vec::new()));
    games.rate();
    let wins = games.board(&BoardFilter { sessions: Some(&one), ..all(0, Ranking::Wins) });
    assert_eq!(wins.iter().map(|standing| standing.user).collect::<Vec<_>>(), [user(1), user(2)]);
}

#[test]
fn a_page_of_rows_is_cut_between_two_games() {
    let row = |game: u128| ResultRow {
        game_id: Uuid::from_u128(game),
        participant_id: Uuid::from_u128(1),
        session_id: Uuid::nil(),
        user_id: Uuid::nil(),
        game_type: "kolkhoz".to_owned(),
        ended_at_ms: Some(1),
        net: 0,
        won: false,
        place: Some(1),
        currency: None,
    };
    assert_eq!(whole_games(&[row(1), row(1), row(2), row(2)]), 2);
    assert_eq!(whole_games(&[row(1), row(1)]), 0);
    assert_eq!(whole_games(&[]), 0);
}
