//! Achievements: what a player's ended games come to. Earned is what the games as they stand now say, so a ball that is
//! taken back takes an achievement along as if it had never been marked.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use entity::game_player;
use serde::Serialize;
use uuid::Uuid;

use crate::game::currency::minor_digits;
use crate::ids::{GameId, Timestamp};

/// A net from which a win is a big one, in whole units of its currency.
const BIG_WIN: i64 = 1_000;

fn is_big(row: &game_player::Model) -> bool {
    let digits = row.currency.as_deref().and_then(minor_digits).unwrap_or(2);
    row.net >= BIG_WIN * 10_i64.pow(digits)
}

/// Words in both languages of the page.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// In Russian.
    pub ru: &'static str,
    /// In English.
    pub en: &'static str,
}

impl Words {
    /// In the language that the client prefers; Russian unless that is English.
    pub fn in_language(self, is_english: bool) -> &'static str {
        if is_english { self.en } else { self.ru }
    }
}

/// Something to be earned.
#[derive(Debug)]
pub struct Achievement {
    /// The stable word.
    pub code: &'static str,
    /// Its name.
    pub title: Words,
    /// How it is earned.
    pub description: Words,
    reached: fn(&Career, &game_player::Model) -> bool,
}

/// A player's ended games so far.
#[derive(Debug, Default)]
struct Career {
    games: u32,
    wins: u32,
    balls: i64,
    /// Wins in a row, up to and with the last game.
    streak: u32,
    /// Losses in a row before the last game.
    losses_before: u32,
    losses: u32,
    game_types: BTreeSet<String>,
    in_session: HashMap<Uuid, u32>,
}

impl Career {
    fn play(&mut self, row: &game_player::Model) {
        self.games += 1;
        self.wins += u32::from(row.won);
        self.balls += i64::from(row.balls_potted);
        self.streak = if row.won { self.streak + 1 } else { 0 };
        self.losses_before = self.losses;
        self.losses = if row.lost { self.losses + 1 } else { 0 };
        self.game_types.insert(row.game_type.clone());
        *self.in_session.entry(row.session_id).or_default() += 1;
    }
}

const fn achievement(
    code: &'static str,
    (title_ru, title_en): (&'static str, &'static str),
    (description_ru, description_en): (&'static str, &'static str),
    reached: fn(&Career, &game_player::Model) -> bool,
) -> Achievement {
    let title = Words { ru: title_ru, en: title_en };
    Achievement { code, title, description: Words { ru: description_ru, en: description_en }, reached }
}

/// All of them.
pub const ACHIEVEMENTS: &[Achievement] = &[
    achievement(
        "first_game",
        ("Начало положено", "The first step"),
        ("Первая игра", "The first game"),
        |career, _| career.games >= 1,
    ),
    achievement(
        "first_win",
        ("Первая победа", "First blood"),
        ("Выиграть игру", "Win a game"),
        |career, _| career.wins >= 1,
    ),
    achievement(
        "ten_wins",
        ("Десятка", "Ten"),
        ("Выиграть десять игр", "Win ten games"),
        |career, _| career.wins >= 10,
    ),
    achievement(
        "hundred_games",
        ("Завсегдатай", "A regular"),
        ("Сыграть сто игр", "Play a hundred games"),
        |career, _| career.games >= 100,
    ),
    achievement(
        "hundred_balls",
        ("Сотня", "A hundred"),
        ("Забить сто шаров", "Pot a hundred balls"),
        |career, _| career.balls >= 100,
    ),
    achievement(
        "thousand_balls",
        ("Тысяча", "A thousand"),
        ("Забить тысячу шаров", "Pot a thousand balls"),
        |career, _| career.balls >= 1_000,
    ),
    achievement(
        "sharpshooter",
        ("Снайпер", "Sharpshooter"),
        ("Забить десять шаров за игру", "Pot ten balls in one game"),
        |_, game| game.balls_potted >= 10,
    ),
    achievement(
        "clean_game",
        ("Чистая работа", "Clean"),
        ("Выиграть без единого фола, забив хотя бы пять шаров", "Win without a foul, with five balls at least"),
        |_, game| game.won && game.fouls == 0 && game.balls_potted >= 5,
    ),
    achievement(
        "comeback",
        ("Реванш", "Comeback"),
        ("Выиграть после трёх поражений подряд", "Win after three losses in a row"),
        |career, game| game.won && career.losses_before >= 3,
    ),
    achievement(
        "big_win",
        ("Крупный выигрыш", "Big win"),
        ("Выиграть за игру 1000 и больше", "Win 1000 or more in one game"),
        |_, game| is_big(game),
    ),
    achievement(
        "streak_3",
        ("Три подряд", "Three in a row"),
        ("Выиграть три игры подряд", "Win three games in a row"),
        |career, _| career.streak >= 3,
    ),
    achievement(
        "streak_5",
        ("Пять подряд", "Five in a row"),
        ("Выиграть пять игр подряд", "Win five games in a row"),
        |career, _| career.streak >= 5,
    ),
    achievement(
        "marathon",
        ("Марафон", "Marathon"),
        ("Сыграть десять игр за вечер", "Play ten games in one evening"),
        |career, game| career.in_session.get(&game.session_id).is_some_and(|games| *games >= 10),
    ),
    achievement(
        "all_rounder",
        ("Универсал", "All-rounder"),
        ("Сыграть в три разные игры", "Play three different games"),
        |career, _| career.game_types.len() >= 3,
    ),
];

/// The achievement of that code.
pub fn of_code(code: &str) -> Option<&'static Achievement> {
    ACHIEVEMENTS.iter().find(|achievement| achievement.code == code)
}

/// By which game an achievement was earned, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Award {
    pub game_id: GameId,
    /// When it ended.
    pub earned_at: Timestamp,
}

/// What a player is told of it; without words where the code is of another version.
#[derive(Clone, Debug, Serialize)]
pub struct UnlockedAchievement {
    pub code: String,
    pub title: Option<&'static str>,
    pub description: Option<&'static str>,
    pub game_id: GameId,
    pub earned_at: Timestamp,
}

impl UnlockedAchievement {
    pub fn of(code: &str, Award { game_id, earned_at }: Award) -> Self {
        let words = of_code(code);
        let (title, description) = (words.map(|words| words.title.ru), words.map(|words| words.description.ru));
        Self { code: code.to_owned(), title, description, game_id, earned_at }
    }
}

/// What these games of one player come to, by code. The order of `rows` does not matter.
pub fn earned(rows: &[game_player::Model]) -> BTreeMap<&'static str, Award> {
    let mut ended: Vec<_> = rows.iter().filter_map(|row| Some((row.ended_at_ms?, row))).collect();
    ended.sort_by_key(|(at, row)| (*at, row.game_id));
    let (mut career, mut earned) = (Career::default(), BTreeMap::new());
    for (at, row) in ended {
        career.play(row);
        for achievement in ACHIEVEMENTS {
            if !earned.contains_key(achievement.code) && (achievement.reached)(&career, row) {
                let by = Award { game_id: GameId(row.game_id), earned_at: Timestamp::from_millis(at) };
                earned.insert(achievement.code, by);
            }
        }
    }
    earned
}

#[cfg(test)]
mod tests {
    use super::*;

    fn game(number: u128, won: bool) -> game_player::Model {
        game_player::Model {
            game_id: Uuid::from_u128(number),
            participant_id: Uuid::from_u128(1),
            session_id: Uuid::from_u128(number / 100),
            user_id: Uuid::from_u128(2),
            game_type: "kolkhoz".to_owned(),
            status: "completed".to_owned(),
            started_at_ms: 0,
            ended_at_ms: Some(number as i64),
            points: 1,
            balls_potted: 1,
            fouls: 1,
            net: 0,
            won,
            lost: !won,
            place: Some(1),
            currency: Some("RUB".to_owned()),
        }
    }

    fn codes(rows: &[game_player::Model]) -> Vec<&'static str> {
        earned(rows).into_keys().collect()
    }

    #[test]
    fn each_code_is_there_once() {
        let codes: BTreeSet<_> = ACHIEVEMENTS.iter().map(|achievement| achievement.code).collect();
        assert_eq!(codes.len(), ACHIEVEMENTS.len());
    }

    #[test]
    fn a_game_that_has_not_ended_earns_nothing() {
        assert_eq!(codes(&[game_player::Model { ended_at_ms: None, ..game(1, true) }]), Vec::<&str>::new());
    }

    #[test]
    fn the_game_that_reached_it_is_named_whatever_order_rows_come_in() {
        let rows = [game(3, true), game(1, true), game(2, true)];
        let earned = earned(&rows);
        assert_eq!(earned["first_win"].game_id.0, Uuid::from_u128(1));
        assert_eq!(earned["streak_3"].game_id.0, Uuid::from_u128(3));
    }

    #[test]
    fn a_lost_game_breaks_a_streak() {
        let rows = [game(1, true), game(2, true), game(3, false), game(4, true)];
        assert_eq!(codes(&rows), ["first_game", "first_win"]);
    }

    #[test]
    fn a_comeback_needs_three_losses_right_before() {
        let losses = [game(1, false), game(2, false), game(3, false), game(4, true)];
        assert!(codes(&losses).contains(&"comeback"));
        assert!(!codes(&losses[1..]).contains(&"comeback"));
    }

    #[test]
    fn single_games_are_measured_alone() {
        let clean = game_player::Model { fouls: 0, balls_potted: 10, net: 100_000, ..game(1, true) };
        for code in ["clean_game", "sharpshooter", "big_win"] {
            assert!(codes(std::slice::from_ref(&clean)).contains(&code), "{code}");
        }
    }

    #[test]
    fn a_big_win_is_a_thousand_of_whatever_it_is_paid_in() {
        for (currency, net) in [(Some("RUB"), 100_000), (Some("JPY"), 1_000), (Some("KWD"), 1_000_000), (None, 100_000)]
        {
            let won = |net| game_player::Model { net, currency: currency.map(str::to_owned), ..game(1, true) };
            assert!(codes(&[won(net)]).contains(&"big_win"), "{currency:?}");
            assert!(!codes(&[won(net - 1)]).contains(&"big_win"), "{currency:?}");
        }
    }

    #[test]
    fn sums_and_variety_are_measured_over_all_games() {
        let mut rows: Vec<_> = (100..200).map(|number| game(number, number % 2 == 0)).collect();
        rows[7].game_type = "americana".to_owned();
        rows[8].game_type = "moscow_pyramid".to_owned();
        let codes = codes(&rows);
        for code in ["hundred_games", "hundred_balls", "ten_wins", "marathon", "all_rounder"] {
            assert!(codes.contains(&code), "{code}");
        }
        assert!(!codes.contains(&"thousand_balls"));
    }
}
