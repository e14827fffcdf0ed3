//! The colours of balls, and how many of each were potted.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The colours of balls there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Color {
    White,
    Yellow,
    Red,
    Green,
    Brown,
    Blue,
    Pink,
    Black,
}

impl Color {
    /// All of them; a colour's place here is its number in the snapshot.
    pub const ALL: [Color; 8] =
        [Color::White, Color::Yellow, Color::Red, Color::Green, Color::Brown, Color::Blue, Color::Pink, Color::Black];

    /// The colour of that name on the wire.
    pub fn named(name: &str) -> Option<Color> {
        Color::ALL.into_iter().find(|color| color.name() == name)
    }

    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Color::White => "white",
            Color::Yellow => "yellow",
            Color::Red => "red",
            Color::Green => "green",
            Color::Brown => "brown",
            Color::Blue => "blue",
            Color::Pink => "pink",
            Color::Black => "black",
        }
    }
}

/// How many balls of each colour were potted, in the order of `Color::ALL`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::game) struct PottedBalls([u32; Color::ALL.len()]);

impl PottedBalls {
    pub(in crate::game) fn add(&mut self, color: Color, balls: u32) {
        if let Some(count) = self.0.get_mut(color as usize) {
            *count = count.saturating_add(balls);
        }
    }

    pub(in crate::game) fn of(&self, color: Color) -> u32 {
        self.0.get(color as usize).copied().unwrap_or(0)
    }

    /// The colours of which any was potted.
    pub(in crate::game) fn counts(&self) -> impl Iterator<Item = (Color, u32)> {
        Color::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }
}
