//! What the log says of a player's game that is no sum, as it stands in the row: the column `details`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::game::view::{Breaks, PlayerSummary};
use crate::ids::Seq;

/// The column. What later versions add to it is passed over.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PlayerDetails {
    /// Of the game's last event: whoever changes the row and leaves this as it was does not know of details.
    seq: Seq,
    /// Balls by colour, without those of which none was potted. By their word, since a later version may know more.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) balls: BTreeMap<String, u32>,
    /// Where breaks are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) breaks: Option<Breaks>,
}

impl PlayerDetails {
    pub(super) fn of(seq: Seq, player: &PlayerSummary) -> Self {
        let balls = player.balls_by_color.iter().map(|(color, balls)| (color.name().to_owned(), *balls)).collect();
        Self { seq, balls, breaks: player.breaks }
    }

    /// None where the row has none, or none that this version can read.
    pub(super) fn read(column: Option<&str>) -> Option<Self> {
        column.and_then(|json| serde_json::from_str(json).ok())
    }

    pub(super) fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
