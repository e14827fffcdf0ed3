//! Random rules and random steps of an evening, hostile ones among them.

use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;
use crate::game::discipline::{
    Ball, Color, Format, Kolkhoz, KolkhozFoul, LastBall, Payer, Pyramid, PyramidFoul, Snooker,
};

/// One thing somebody asks for; `Index`es choose among the places and events that are there by then.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Pot(Index, Index, bool),
    Foul(Index, Option<i64>),
    EndTurn(Index),
    Void(Index),
    Start(Option<Vec<Index>>),
    /// As it is, from a random account, on a random game.
    Any(usize, Option<Index>, Box<Command>),
    Participant(usize, Index, u8),
}

pub(super) const PEOPLE: [&str; 6] = ["Anna", "Boris", "Vera", "Gleb", "Dina", "Egor"];

fn any_ball() -> impl Strategy<Value = Vec<Ball>> {
    let counts = prop_oneof![
        prop::collection::vec((1..3_u32).prop_map(Some), 8),
        prop::collection::vec(prop::option::of(1..4_u32), 8),
    ];
    (1..4_usize, counts, prop::collection::vec(1..8_i64, 8)).prop_map(|(many, counts, points)| {
        let balls = Color::ALL.into_iter().zip(points).zip(counts).take(many);
        balls.map(|((color, points), count)| Ball { color, points, count }).collect()
    })
}

fn any_kolkhoz() -> impl Strategy<Value = Rules> {
    let fouls = [
        KolkhozFoul::None {},
        KolkhozFoul::Subtract { points: 1 },
        KolkhozFoul::Subtract { points: 100 },
        KolkhozFoul::Pool { points: 1 },
        KolkhozFoul::Pool { points: 3 },
    ];
    let last =
        [LastBall::Value, LastBall::ValuePlusOne, LastBall::PlayerCount, LastBall::PlayerCountPlusValue].to_vec();
    let payers = [Payer::Previous, Payer::Everyone].to_vec();
    let flags = (any::<bool>(), prop::bool::weighted(0.2), select(vec![0, 1, 5000, 100_000_000]));
    (any_ball(), select(fouls.to_vec()), select(last), select(payers), any_order(), flags).prop_map(
        |(balls, foul, last_ball, payer, order, (alternate_direction, enforce_turns, point_price))| {
            let is_counted = balls.iter().all(|ball| ball.count.is_some());
            let last_ball = if is_counted { last_ball } else { LastBall::Value };
            Rules::Kolkhoz(Kolkhoz {
                point_price: Money(point_price),
                balls,
                payer,
                last_ball,
                foul,
                order,
                alternate_direction,
                enforce_turns,
                ..Kolkhoz::default()
            })
        },
    )
}

fn any_order() -> impl Strategy<Value = crate::game::discipline::Order> {
    use crate::game::discipline::Order::{AlwaysRandom, Manual, RandomNoRepeat};
    select(vec![AlwaysRandom, RandomNoRepeat, RandomNoRepeat, Manual])
}

fn any_pyramid() -> impl Strategy<Value = Rules> {
    let options = (1..5_i64, any::<bool>(), any::<bool>(), any_order(), any::<bool>(), any::<bool>());
    options.prop_map(|(target_balls, pairs, minus, order, alternate_direction, moscow)| {
        let pyramid = Pyramid {
            currency: "RUB".into(),
            game_price: Money(50000),
            target_balls,
            format: if pairs { Format::TwoOnTwo } else { Format::OneOnOne },
            foul: if minus { PyramidFoul::OffenderMinusOne {} } else { PyramidFoul::OpponentPlusOne {} },
            order,
            alternate_direction,
            enforce_turns: false,
            race_to: (target_balls > 2).then_some(2),
        };
        if moscow { Rules::MoscowPyramid(pyramid) } else { Rules::Americana(pyramid) }
    })
}

fn any_snooker() -> impl Strategy<Value = Rules> {
    let prices = select(vec![0, 1, 5000, 100_000_000]);
    let options = (select(vec![15, 10, 6]), any::<bool>(), prices.clone(), prices, any_order(), any::<bool>());
    options.prop_map(|(reds, pairs, frame_price, point_price, order, enforce_balls)| {
        Rules::Snooker(Snooker {
            currency: "RUB".into(),
            reds,
            format: if pairs { Format::TwoOnTwo } else { Format::OneOnOne },
            frame_price: Money(frame_price),
            point_price: Money(point_price),
            foul_points: 4,
            enforce_balls,
            order,
            alternate_direction: false,
            enforce_turns: false,
            race_to: enforce_balls.then_some(2),
        })
    })
}

pub(super) fn any_rules() -> impl Strategy<Value = Rules> {
    prop_oneof![2 => any_kolkhoz(), 1 => any_pyramid(), 1 => any_snooker()]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![2 => Just("Name".to_owned()), 1 => ".{0,6}", 1 => "[x\n ]{0,210}"]
}

fn any_number() -> impl Strategy<Value = i64> {
    prop_oneof![1..=100_i64, any::<i64>(), select(vec![i64::MIN, -1, 0, i64::MAX])]
}

fn hostile() -> impl Strategy<Value = Command> {
    let note = || prop::option::of(any_text());
    let nobody = ParticipantId(Uuid::from_u128(7));
    let role = || prop::option::of(select(vec![Role::Creator, Role::Participant, Role::Spectator]));
    prop_oneof![
        2 => Just(Command::Score(Scoring::CancelGame {})),
        2 => note().prop_map(|reason| Command::Score(Scoring::EndGame { reason, participant_id: None })),
        1 => any_number().prop_map(|seq| Command::Score(Scoring::VoidEvent { seq: Seq(seq) })),
        1 => any_text().prop_map(move |color| Command::Score(Scoring::PotBall {
            participant_id: nobody, color, own_ball: true, count: None, free_ball: false, note: None, correction: false })),
        4 => (any_text(), role()).prop_map(|(display_name, role)| Command::Join { display_name, role }),
        1 => any_text().prop_map(|display_name| Command::AddGuest { display_name }),
        1 => (0..PEOPLE.len(), any_text()).prop_map(|(who, display_name)| Command::Invite {
            user_id: user(PEOPLE[who]), display_name,
        }),
        2 => (note(), prop::option::of(any::<u32>()), prop::option::of(any::<bool>()), prop::option::of(any_rules()))
            .prop_map(|(name, max_players, is_private, rules)| settings(ChangeSettings {
                table: None,
                name, max_players: max_players.map(|n| n % 40), is_private, rules, creator_participant_id: None,
            })),
        1 => Just(Command::RemoveParticipant { participant_id: nobody }),
        1 => Just(Command::ChangeCode { code: "ABC235".into() }),
        1 => Just(Command::Forget),
        1 => Just(Command::Score(Scoring::CompleteSession {})),
        1 => any_rules().prop_map(|rules| Evening::opening(rules, "Anna")),
    ]
}

pub(super) fn any_step() -> impl Strategy<Value = Step> {
    let index = any::<Index>;
    prop_oneof![
        24 => (index(), index(), any::<bool>()).prop_map(|(who, color, own)| Step::Pot(who, color, own)),
        8 => (index(), prop::option::weighted(0.3, any_number())).prop_map(|(who, points)| Step::Foul(who, points)),
        4 => index().prop_map(Step::EndTurn),
        5 => index().prop_map(Step::Void),
        6 => prop::option::of(prop::collection::vec(index(), 0..5)).prop_map(Step::Start),
        8 => (0..PEOPLE.len(), prop::option::weighted(0.2, index()), hostile())
            .prop_map(|(who, game, command)| Step::Any(who, game, Box::new(command))),
        2 => (0..PEOPLE.len(), index(), any::<u8>()).prop_map(|(who, participant, what)| Step::Participant(who, participant, what)),
    ]
}

/// What somebody may ask about a place.
pub(super) fn about_place(participant_id: ParticipantId, what: u8) -> Command {
    let user_id = user(PEOPLE[usize::from(what) % PEOPLE.len()]);
    match what % 9 {
        0 => Command::RemoveParticipant { participant_id },
        1 => Command::UpdateParticipant { participant_id, display_name: None, can_score: Some(what % 8 < 4) },
        2 => Command::UpdateParticipant { participant_id, display_name: Some("New".into()), can_score: None },
        3 => Command::AskClaim { participant_id, display_name: "Somebody".into() },
        4 => Command::ConfirmClaim { participant_id, user_id },
        5 => Command::DeclineClaim { participant_id, user_id },
        6 => Command::AdmitScorer { link_id: Uuid::from_u128(u128::from(what) % 2), display_name: "X".into() },
        7 => Command::EndScorerLink { link_id: Uuid::from_u128(u128::from(what) % 2) },
        _ => settings(ChangeSettings { creator_participant_id: Some(participant_id), ..Default::default() }),
    }
}
