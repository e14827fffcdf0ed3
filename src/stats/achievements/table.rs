//! The achievements: each a condition over a player's games so far and the last of them.

use std::collections::{BTreeMap, HashMap};

use entity::game_player;
use uuid::Uuid;

use super::{Achievement, Words};
use crate::game::currency::minor_digits;

/// What a big win or loss is, in whole units of its currency.
const BIG: i64 = 1_000;

fn is_big(currency: &Option<String>, amount: i64) -> bool {
    let digits = currency.as_deref().and_then(minor_digits).unwrap_or(2);
    amount >= BIG * 10_i64.pow(digits)
}

/// A player's ended games so far.
#[derive(Debug, Default)]
pub(super) struct Career {
    games: u32,
    wins: u32,
    balls: i64,
    /// Wins in a row, up to and with the last game.
    streak: u32,
    /// Losses in a row before the last game.
    losses_before: u32,
    losses: u32,
    /// By game type, those without a win too.
    wins_by_type: BTreeMap<String, u32>,
    in_session: HashMap<Uuid, EveningTally>,
}

/// A player's games of one session so far.
#[derive(Debug, Default)]
struct EveningTally {
    games: u32,
    wins: u32,
    losses: u32,
}

impl Career {
    pub(super) fn play(&mut self, row: &game_player::Model) {
        self.games += 1;
        self.wins += u32::from(row.won);
        self.balls += i64::from(row.balls_potted);
        self.streak = if row.won { self.streak + 1 } else { 0 };
        self.losses_before = self.losses;
        self.losses = if row.lost { self.losses + 1 } else { 0 };
        *self.wins_by_type.entry(row.game_type.clone()).or_default() += u32::from(row.won);
        let evening = self.in_session.entry(row.session_id).or_default();
        evening.games += 1;
        evening.wins += u32::from(row.won);
        evening.losses += u32::from(row.lost);
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
        |_, game| is_big(&game.currency, game.net),
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
        |career, game| career.in_session.get(&game.session_id).is_some_and(|evening| evening.games >= 10),
    ),
    achievement(
        "all_rounder",
        ("Универсал", "All-rounder"),
        ("Сыграть в три разные игры", "Play three different games"),
        |career, _| career.wins_by_type.len() >= 3,
    ),
    achievement(
        "hundred_wins",
        ("Сотня побед", "A hundred wins"),
        ("Выиграть сто игр", "Win a hundred games"),
        |career, _| career.wins >= 100,
    ),
    achievement(
        "thousand_games",
        ("Хозяин зала", "Part of the furniture"),
        ("Сыграть тысячу игр", "Play a thousand games"),
        |career, _| career.games >= 1_000,
    ),
    achievement(
        "ten_evenings",
        ("Свой человек", "One of us"),
        ("Играть в десять разных вечеров", "Play on ten different evenings"),
        |career, _| career.in_session.len() >= 10,
    ),
    achievement(
        "streak_10",
        ("Десять подряд", "Ten in a row"),
        ("Выиграть десять игр подряд", "Win ten games in a row"),
        |career, _| career.streak >= 10,
    ),
    achievement(
        "unbeaten_evening",
        ("Вечер без поражений", "Unbeaten"),
        ("Выиграть пять игр вечера, не проиграв ни одной", "Win five games of an evening and lose none"),
        |career, game| {
            career.in_session.get(&game.session_id).is_some_and(|evening| evening.wins >= 5 && evening.losses == 0)
        },
    ),
    achievement(
        "specialist",
        ("Специалист", "Specialist"),
        ("Выиграть пятьдесят игр одного вида", "Win fifty games of one kind"),
        |career, game| career.wins_by_type.get(&game.game_type).is_some_and(|wins| *wins >= 50),
    ),
    achievement(
        "against_the_odds",
        ("Вопреки всему", "Against the odds"),
        ("Выиграть, получив три фола и больше", "Win in spite of three fouls or more"),
        |_, game| game.won && game.fouls >= 3,
    ),
    achievement(
        "generous",
        ("Широкая душа", "Generous"),
        ("Проиграть за игру 1000 и больше", "Lose 1000 or more in one game"),
        |_, game| is_big(&game.currency, -game.net),
    ),
    achievement(
        "grand_tour",
        ("Гранд-тур", "Grand tour"),
        ("Сыграть в четыре разные игры", "Play four different games"),
        |career, _| career.wins_by_type.len() >= 4,
    ),
];
