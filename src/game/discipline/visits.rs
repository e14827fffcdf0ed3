//! A player's visits to the table, in games that count breaks.

use crate::game::event::VisitFigures;
use crate::game::view::Breaks;

/// From how many points on a break is a fifty, and a century.
const FIFTY: i64 = 50;
const CENTURY: i64 = 100;

/// The visits of one player.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::game) struct Visits {
    pub(in crate::game) figures: VisitFigures,
    fifties: u32,
    centuries: u32,
}

impl Visits {
    pub(super) fn begin(&mut self) {
        self.figures.visits = self.figures.visits.saturating_add(1);
    }

    /// A stroke of the visit under way. A break counts as soon as it is made, as a century or as a fifty.
    pub(super) fn score(&mut self, points: i64) {
        let before = self.figures.current_break;
        let now = before.saturating_add(points);
        let reaches = |mark| before < mark && now >= mark;
        self.fifties = self.fifties.saturating_add(u32::from(reaches(FIFTY)));
        if reaches(CENTURY) {
            self.centuries = self.centuries.saturating_add(1);
            self.fifties = self.fifties.saturating_sub(1);
        }
        self.figures.current_break = now;
        self.figures.high_break = self.figures.high_break.max(now);
    }

    pub(super) fn end(&mut self) {
        self.figures.current_break = 0;
    }

    pub(in crate::game) fn breaks(&self) -> Breaks {
        let &Visits { figures, fifties, centuries } = self;
        Breaks { highest: figures.high_break, fifties, centuries }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_break_is_a_fifty_or_a_century_and_never_both() {
        let mut visits = Visits::default();
        for strokes in [&[49][..], &[43, 7], &[7; 15], &[49, 1, 1], &[92, 7, 1, 7]] {
            visits.begin();
            strokes.iter().for_each(|points| visits.score(*points));
            visits.end();
        }
        assert_eq!(visits.breaks(), Breaks { highest: 107, fifties: 2, centuries: 2 });
        assert_eq!((visits.figures.visits, visits.figures.current_break), (5, 0));
    }
}
