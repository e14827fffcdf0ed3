//! Achievements: what a player's ended games come to. Earned is what the games as they stand now say, so a ball that is
//! taken back takes an achievement along as if it had never been marked.

mod table;

use std::collections::BTreeMap;

use entity::game_player;
use serde::Serialize;

pub use self::table::ACHIEVEMENTS;
use self::table::Career;
use crate::ids::{GameId, Timestamp};

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
    use std::collections::BTreeSet;

    use uuid::Uuid;

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
            details: None,
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
    fn an_evening_is_unbeaten_until_the_first_loss_in_it() {
        let wins: Vec<_> = (100..105).map(|number| game(number, true)).collect();
        assert!(codes(&wins).contains(&"unbeaten_evening"));
        let mut beaten = wins.clone();
        beaten.insert(0, game(99 + 1, false));
        beaten[0].game_id = Uuid::from_u128(7);
        beaten[0].ended_at_ms = Some(1);
        assert!(!codes(&beaten).contains(&"unbeaten_evening"));
        // Two evenings are not one.
        let apart: Vec<_> = [100, 101, 102, 200, 201].map(|number| game(number, true)).into();
        assert!(!codes(&apart).contains(&"unbeaten_evening"));
    }

    #[test]
    fn evenings_wins_of_one_kind_and_long_streaks_are_counted() {
        let evenings: Vec<_> = (1..=10).map(|evening| game(evening * 100, false)).collect();
        assert!(codes(&evenings).contains(&"ten_evenings"));
        assert!(!codes(&evenings[1..]).contains(&"ten_evenings"));
        let mut wins: Vec<_> = (0..50).map(|number| game(number, true)).collect();
        assert!(codes(&wins).contains(&"specialist") && codes(&wins).contains(&"streak_10"));
        wins[20].game_type = "snooker".to_owned();
        wins[25].won = false;
        assert!(!codes(&wins).contains(&"specialist"));
        let thousand: Vec<_> = (0..1_000).map(|number| game(number, number % 10 == 0)).collect();
        assert!(codes(&thousand).contains(&"thousand_games") && codes(&thousand).contains(&"hundred_wins"));
        assert!(!codes(&thousand[1..]).contains(&"thousand_games"));
    }

    #[test]
    fn fouls_and_losses_of_one_game_have_theirs() {
        let fouled = |fouls, won| game_player::Model { fouls, ..game(1, won) };
        assert!(codes(&[fouled(3, true)]).contains(&"against_the_odds"));
        assert!(!codes(&[fouled(2, true)]).contains(&"against_the_odds"));
        assert!(!codes(&[fouled(3, false)]).contains(&"against_the_odds"));
        let lost = |net| game_player::Model { net, ..game(1, false) };
        assert!(codes(&[lost(-100_000)]).contains(&"generous") && !codes(&[lost(-99_999)]).contains(&"generous"));
    }

    #[test]
    fn sums_and_variety_are_measured_over_all_games() {
        let mut rows: Vec<_> = (100..200).map(|number| game(number, number % 2 == 0)).collect();
        rows[7].game_type = "americana".to_owned();
        rows[8].game_type = "moscow_pyramid".to_owned();
        rows[9].game_type = "snooker".to_owned();
        let codes = codes(&rows);
        for code in ["hundred_games", "hundred_balls", "ten_wins", "marathon", "all_rounder", "grand_tour"] {
            assert!(codes.contains(&code), "{code}");
        }
        assert!(!codes.contains(&"thousand_balls"));
    }
}
