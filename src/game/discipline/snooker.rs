//! Snooker: a game is one frame. A red, then any colour, and so on; then the colours in ascending order.
//!
//! Absent fields mean: `reds` 15, `format` 1x1, both prices 0, `foul_points` 4, `enforce_balls` true.
//! Marks fold to a score whether or not a ball was on when it was marked: what is on is asked before a mark is made, and
//! a void may leave a colour behind without its red. Such a colour counts its value and comes back while reds are left.
//! A visit is counted with its first mark. Where the side that conceded was ahead, points cost nothing.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sides::{Format, check_race, opposite, owed_by_losers, side, side_total, sides_won, split};
use super::visits::Visits;
use super::{Color, Debt, Discipline, Fault, FoulAsked, Order, PotAsked, Share, Table, Terms, Unit, check_price};
use crate::game::event::Remaining;
use crate::game::mark::{Act, Foul, Pot};
use crate::game::refusal::{Refusal, invalid};
use crate::game::scoreboard::{Decision, MarkEffect, Scoreboard};
use crate::ids::Money;

/// The rules of snooker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Snooker {
    /// ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$")]
    pub currency: String,
    /// How many reds there are: 15, 10 or 6.
    #[serde(default = "fifteen")]
    #[schema(minimum = 6, maximum = 15)]
    pub reds: u8,
    /// One against one, or two against two.
    #[serde(default)]
    pub format: Format,
    /// Minor units that each loser pays for the frame, 0..100000000.
    #[serde(default)]
    #[schema(value_type = i64, minimum = 0, maximum = 100_000_000)]
    pub frame_price: Money,
    /// Minor units that each loser pays for each point of difference, 0..100000000.
    #[serde(default)]
    #[schema(value_type = i64, minimum = 0, maximum = 100_000_000)]
    pub point_price: Money,
    /// What a foul is worth where the marker says nothing, 4..7.
    #[serde(default = "four")]
    #[schema(minimum = 4, maximum = 7)]
    pub foul_points: i64,
    /// A ball that is not on is refused.
    #[serde(default = "yes")]
    pub enforce_balls: bool,
    /// Where the order of a game comes from.
    #[serde(default)]
    pub order: Order,
    /// Every second game goes the other way round.
    #[serde(default)]
    pub alternate_direction: bool,
    /// Marks out of turn are refused.
    #[serde(default)]
    pub enforce_turns: bool,
    /// Frames that win a match, 1..50; absent: no match is counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 50)]
    pub race_to: Option<u32>,
}

fn fifteen() -> u8 {
    15
}

fn four() -> i64 {
    4
}

fn yes() -> bool {
    true
}

/// The colours as they are cleared, each with its value.
const COLORS: [(Color, i64); 6] =
    [(Color::Yellow, 2), (Color::Green, 3), (Color::Brown, 4), (Color::Blue, 5), (Color::Pink, 6), (Color::Black, 7)];
/// Of the black, the best that can follow a red.
const BEST_COLOR: i64 = 7;

/// Where a colour stands in the clearance; `None`: it is none (a red).
fn place_of(color: Color) -> Option<usize> {
    COLORS.iter().position(|(known, _)| *known == color)
}

fn value(color: Color) -> i64 {
    place_of(color).and_then(|place| COLORS.get(place)).map_or(1, |(_, value)| *value)
}

/// Which ball is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum BallOn {
    Red,
    /// Any of the colours, after a red.
    AnyColor,
    /// This one, in the clearance.
    This(Color),
}

impl BallOn {
    fn name(self) -> &'static str {
        match self {
            BallOn::Red => Color::Red.name(),
            BallOn::AnyColor => "color",
            BallOn::This(color) => color.name(),
        }
    }
}

/// The table and the visits to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::game) struct Frame {
    reds: u8,
    /// By place in `COLORS`: it has left the table for good.
    gone: [bool; 6],
    /// A red (or a free ball for one) was potted and no colour since.
    is_color_on: bool,
    /// Who is at the table.
    visitor: Option<usize>,
    /// By player.
    visits: [Visits; 4],
}

impl Frame {
    fn of(board: &Scoreboard) -> Option<&Frame> {
        if let Table::Snooker(frame) = &board.table { Some(frame) } else { None }
    }

    fn on(&self) -> Option<BallOn> {
        if self.is_color_on {
            return Some(BallOn::AnyColor);
        }
        if self.reds > 0 {
            return Some(BallOn::Red);
        }
        let left = COLORS.iter().zip(self.gone).find(|(_, is_gone)| !is_gone);
        left.map(|((color, _), _)| BallOn::This(*color))
    }

    fn is_gone(&self, color: Color) -> bool {
        place_of(color).is_some_and(|place| self.gone.get(place) == Some(&true))
    }

    /// Whether this stroke is one that the rules of the frame allow now.
    fn allows(&self, pot: &Pot) -> bool {
        match self.on() {
            None => false,
            Some(BallOn::AnyColor) => pot.color != Color::Red && !pot.free_ball,
            Some(BallOn::Red) if pot.free_ball => pot.color != Color::Red,
            Some(BallOn::Red) => pot.color == Color::Red && pot.count <= self.reds,
            Some(BallOn::This(on)) if pot.free_ball => {
                pot.color != on && pot.color != Color::Red && !self.is_gone(pot.color)
            }
            Some(BallOn::This(on)) => pot.color == on,
        }
    }

    /// Takes what a stroke potted off the table, or puts it back; answers what it is worth.
    fn take(&mut self, pot: &Pot) -> i64 {
        let on = self.on();
        if pot.free_ball {
            self.is_color_on = on == Some(BallOn::Red);
            return if let Some(BallOn::This(on)) = on { value(on) } else { 1 };
        }
        if pot.color == Color::Red {
            self.reds = self.reds.saturating_sub(pot.count);
            self.is_color_on = true;
            return i64::from(pot.count);
        }
        let is_clearance = matches!(on, Some(BallOn::This(_)));
        self.is_color_on = false;
        if let Some(gone) = place_of(pot.color).and_then(|place| self.gone.get_mut(place)).filter(|_| is_clearance) {
            *gone = true;
        }
        value(pot.color)
    }

    fn is_only_black_left(&self) -> bool {
        self.on() == Some(BallOn::This(Color::Black))
    }

    /// Nothing but the black, which is played for: whoever comes to it begins a visit.
    fn spot_black_again(&mut self) {
        self.gone = COLORS.map(|(color, _)| color != Color::Black);
        self.reds = 0;
        self.leave();
    }

    /// 8 for each red, 27 for the colours, 7 more while a colour is on.
    fn points_remaining(&self) -> i64 {
        let colors = COLORS.iter().zip(self.gone).filter(|(_, is_gone)| !is_gone).map(|((_, value), _)| value);
        let extra = if self.is_color_on { BEST_COLOR } else { 0 };
        colors.sum::<i64>().saturating_add(extra).saturating_add(i64::from(self.reds) * (1 + BEST_COLOR))
    }

    /// Whoever made a mark is at the table by it; nobody need mark that the one before missed.
    fn come(&mut self, player: usize) {
        if self.visitor == Some(player) {
            return;
        }
        self.leave();
        self.visitor = Some(player);
        if let Some(visit) = self.visits.get_mut(player) {
            visit.begin();
        }
    }

    /// The visit is over, and a colour is no longer on.
    fn leave(&mut self) {
        self.is_color_on = false;
        if let Some(visit) = self.visitor.take().and_then(|player| self.visits.get_mut(player)) {
            visit.end();
        }
    }
}

impl Snooker {
    fn pot_stroke(&self, board: &mut Scoreboard, player: usize, pot: &Pot) -> MarkEffect {
        let Table::Snooker(frame) = &mut board.table else { return MarkEffect::default() };
        frame.come(player);
        let was_black_alone = frame.is_only_black_left();
        let is_clearance = matches!(frame.on(), Some(BallOn::This(_)));
        let points = frame.take(pot);
        if let Some(visit) = frame.visits.get_mut(player) {
            visit.score(points);
        }
        let is_last =
            was_black_alone || frame.on().is_none() || (is_clearance && pot.color == Color::Black && !pot.free_ball);
        board.add(player, points);
        if is_last {
            decide(board);
        }
        MarkEffect { points, ..MarkEffect::default() }
    }

    fn commit_foul(&self, board: &mut Scoreboard, player: usize, foul: Foul) -> MarkEffect {
        let Table::Snooker(frame) = &mut board.table else { return MarkEffect::default() };
        let was_black_alone = frame.is_only_black_left();
        frame.reds = frame.reds.saturating_sub(foul.reds);
        frame.come(player);
        frame.leave();
        board.add(opposite(player), foul.points);
        if was_black_alone {
            decide(board);
        }
        MarkEffect { awarded_to: Some(opposite(player)), ..MarkEffect::default() }
    }
}

/// The frame is over, unless it is level: then the black is spotted again.
fn decide(board: &mut Scoreboard) {
    let [one, two] = [0, 1].map(|of| side_total(board, of));
    if one == two {
        if let Table::Snooker(frame) = &mut board.table {
            frame.spot_black_again();
        }
        return;
    }
    let winner = usize::from(two > one);
    board.decision = Some(Decision { reason: "black_potted", won_by: Some(winner), cleared_by: None });
}

impl Discipline for Snooker {
    fn terms(&self) -> Terms<'_> {
        let &Snooker { order, alternate_direction, enforce_turns, race_to, .. } = self;
        Terms { currency: &self.currency, order, alternate_direction, enforce_turns, race_to }
    }

    fn players(&self) -> RangeInclusive<usize> {
        let players = self.format.players();
        players..=players
    }

    fn validate(&self, faults: &mut Vec<Fault>) {
        if ![15, 10, 6].contains(&self.reds) {
            faults.push(("reds".to_owned(), "must be 15, 10 or 6".to_owned()));
        }
        if !(4..=7).contains(&self.foul_points) {
            faults.push(("foul_points".to_owned(), "must be 4 to 7".to_owned()));
        }
        check_price("frame_price", self.frame_price, faults);
        check_price("point_price", self.point_price, faults);
        check_race(self.race_to, faults);
    }

    fn table(&self) -> Table {
        Table::Snooker(Frame { reds: self.reds, ..Frame::default() })
    }

    fn pot(&self, board: &Scoreboard, player: usize, asked: &PotAsked<'_>) -> Result<Pot, Refusal> {
        let color = asked.ball(|color| color != Color::White)?;
        if asked.own_ball {
            return Err(invalid("own_ball", "is a foul in this game"));
        }
        let count = asked.count.unwrap_or(1);
        let is_possible = if color == Color::Red { 1..=15 } else { 1..=1 };
        let count = u8::try_from(count).ok().filter(|_| is_possible.contains(&count));
        let Some(count) = count.filter(|count| *count == 1 || !asked.free_ball) else {
            return Err(invalid("count", "must be 1, or 1 to 15 for reds"));
        };
        let pot = Pot { color, own_ball: false, count, free_ball: asked.free_ball };
        let mut frame = Frame::of(board).cloned().unwrap_or_default();
        frame.come(player);
        if self.enforce_balls && !frame.allows(&pot) {
            return Err(Refusal::BallNotOn { ball: color.name(), on: frame.on().map_or("none", BallOn::name) });
        }
        Ok(pot)
    }

    fn foul(&self, board: &Scoreboard, asked: FoulAsked) -> Result<Foul, Refusal> {
        let points = asked.points.unwrap_or(self.foul_points);
        if !(4..=7).contains(&points) {
            return Err(invalid("points", "must be 4 to 7"));
        }
        let reds = u8::try_from(asked.reds.unwrap_or(0)).ok().filter(|reds| *reds <= 15);
        let reds = reds.ok_or_else(|| invalid("reds", "must be 0 to 15"))?;
        let left = Frame::of(board).map_or(0, |frame| frame.reds);
        if self.enforce_balls && left < reds {
            return Err(Refusal::BallNotAvailable(Color::Red.name()));
        }
        Ok(Foul { points, reds: reds.min(left) })
    }

    fn mark(&self, board: &mut Scoreboard, player: usize, act: Act) -> MarkEffect {
        match act {
            Act::Pot(pot) => self.pot_stroke(board, player, &pot),
            Act::Foul(foul) => self.commit_foul(board, player, foul),
            Act::EndTurn => {
                if let Table::Snooker(frame) = &mut board.table {
                    frame.come(player);
                    frame.leave();
                }
                MarkEffect::default()
            }
        }
    }

    fn concession(&self, by: usize) -> Option<Decision> {
        Some(Decision { reason: "conceded", won_by: Some(1 - side(by)), cleared_by: None })
    }

    fn is_counted(&self, _: Color) -> bool {
        true
    }

    fn remaining(&self, board: &Scoreboard) -> Vec<Remaining> {
        let Some(frame) = Frame::of(board) else { return Vec::new() };
        let left = |color: Color, count| Remaining { color: color.name().to_owned(), count: Some(count) };
        let reds = left(Color::Red, u32::from(frame.reds));
        let colors = COLORS.iter().zip(frame.gone).map(|((color, _), is_gone)| left(*color, u32::from(!is_gone)));
        std::iter::once(reds).chain(colors).collect()
    }

    fn ball_on(&self, board: &Scoreboard) -> Option<&'static str> {
        Frame::of(board).and_then(Frame::on).filter(|_| board.decision.is_none()).map(BallOn::name)
    }

    fn points_remaining(&self, board: &Scoreboard) -> Option<i64> {
        let left = Frame::of(board).map(Frame::points_remaining);
        left.map(|left| if board.decision.is_some() { 0 } else { left })
    }

    fn visits<'a>(&self, board: &'a Scoreboard, player: usize) -> Option<&'a Visits> {
        Frame::of(board).and_then(|frame| frame.visits.get(player))
    }

    /// The winners before the others, whatever the points: a frame may be conceded by who is ahead.
    fn heights(&self, board: &Scoreboard) -> Vec<i64> {
        let height = |player| match board.winning_side() {
            Some(winner) => i64::from(side(player) == winner),
            None => side_total(board, side(player)),
        };
        (0..board.tallies.len()).map(height).collect()
    }

    fn has_won(&self, board: &Scoreboard, player: usize, _: u32) -> bool {
        sides_won(board, player)
    }

    fn debts(&self, board: &Scoreboard, end: &Scoreboard) -> Vec<Debt> {
        let Some(winner) = end.winning_side() else { return Vec::new() };
        let ahead = |board| side_total(board, winner).saturating_sub(side_total(board, 1 - winner));
        let points = if ahead(end) > 0 { self.point_price.times(ahead(board)) } else { Money::ZERO };
        let frame = if board.decision.is_some() { self.frame_price } else { Money::ZERO };
        let mut debts = owed_by_losers(end, Unit::Point(self.point_price), points);
        debts.extend(owed_by_losers(end, Unit::Game(self.frame_price), frame));
        debts
    }

    fn shares(&self, board: &Scoreboard) -> Vec<Share> {
        let [one, two] = [0, 1].map(|of| side_total(board, of));
        let ahead = if board.winning_side() == Some(0) { one.saturating_sub(two) } else { two.saturating_sub(one) };
        let price = self.point_price.times(ahead.max(0)) + self.frame_price;
        split(board, price)
    }
}
