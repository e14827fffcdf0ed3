//! The weeks, months and seasons of a leaderboard, and those that money is told by: those of the calendar, where the one
//! who asks lives.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::http::Problem;
use crate::ids::Timestamp;

/// Since when games count.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Period {
    /// Since Monday, 00:00.
    Week,
    /// Since the first of the month, 00:00.
    Month,
    /// Since the first of January, April, July or October, 00:00.
    Season,
    /// Since ever.
    #[default]
    All,
}

/// A part of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    Day,
    Week,
    Month,
    Season,
    Year,
}

impl Period {
    /// Its first moment.
    pub(super) fn begins(self, now: Timestamp, zone: Tz) -> Timestamp {
        let span = match self {
            Period::Week => Span::Week,
            Period::Month => Span::Month,
            Period::Season => Span::Season,
            Period::All => return Timestamp::default(),
        };
        span.begins(now, zone)
    }
}

impl Span {
    /// The first moment of the one that this moment is in.
    pub(super) fn begins(self, at: Timestamp, zone: Tz) -> Timestamp {
        let today = DateTime::<Utc>::from(at).with_timezone(&zone).date_naive();
        let first = match self {
            Span::Day => Some(today),
            Span::Week => today.checked_sub_days(Days::new(u64::from(today.weekday().num_days_from_monday()))),
            Span::Month => today.with_day(1),
            Span::Season => today.with_day(1).and_then(|day| day.with_month(day.month0() / 3 * 3 + 1)),
            Span::Year => today.with_day(1).and_then(|day| day.with_month(1)),
        };
        first.and_then(|day| midnight(day, zone)).unwrap_or_default()
    }
}

/// The time zone of that name, UTC where there is none; 422 where no zone is called so.
pub(super) fn zone(name: Option<&str>) -> Result<Tz, Problem> {
    let wrong = |_| Problem::invalid("time_zone", "must be a time zone of the IANA database, such as Europe/Moscow");
    name.map_or(Ok(Tz::UTC), |name| name.parse().map_err(wrong))
}

/// The first moment of a day. Where clocks are put forward at midnight the day begins later than 00:00, and where a
/// country moved across the date line it is left out.
fn midnight(day: NaiveDate, zone: Tz) -> Option<Timestamp> {
    let quarter = TimeDelta::minutes(15);
    let midnight = day.and_time(NaiveTime::MIN);
    let first = (0..2 * 96).find_map(|quarters| zone.from_local_datetime(&(midnight + quarter * quarters)).earliest());
    first.map(|at| Timestamp::from(at.with_timezone(&Utc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::from(text.parse::<DateTime<Utc>>().expect("a time"))
    }

    fn begins(period: Period, now: &str, zone: Tz) -> String {
        period.begins(at(now), zone).to_string()
    }

    #[test]
    fn a_week_begins_on_monday_where_the_one_who_asks_lives() {
        let week = |now, zone| begins(Period::Week, now, zone);
        assert_eq!(week("2026-01-28T12:00:00Z", Tz::UTC), "2026-01-26T00:00:00.000Z");
        assert_eq!(week("2026-01-26T00:00:00Z", Tz::UTC), "2026-01-26T00:00:00.000Z");
        assert_eq!(week("2026-01-25T23:59:59.999Z", Tz::UTC), "2026-01-19T00:00:00.000Z");
        // Sunday evening in London is Monday in Moscow already.
        assert_eq!(week("2026-01-25T21:30:00Z", Tz::Europe__Moscow), "2026-01-25T21:00:00.000Z");
        // The clocks were changed on Sunday, the 8th.
        assert_eq!(week("2026-03-08T20:00:00Z", Tz::America__New_York), "2026-03-02T05:00:00.000Z");
        assert_eq!(week("2026-03-09T20:00:00Z", Tz::America__New_York), "2026-03-09T04:00:00.000Z");
    }

    #[test]
    fn a_month_begins_on_its_first_day() {
        let month = |now, zone| begins(Period::Month, now, zone);
        assert_eq!(month("2026-01-31T23:30:00Z", Tz::UTC), "2026-01-01T00:00:00.000Z");
        assert_eq!(month("2026-01-31T23:30:00Z", Tz::Asia__Yekaterinburg), "2026-01-31T19:00:00.000Z");
        // There was no midnight: the clocks went from 23:59 to 01:00.
        assert_eq!(month("2017-10-05T12:00:00Z", Tz::America__Asuncion), "2017-10-01T04:00:00.000Z");
        assert_eq!(begins(Period::Season, "2026-05-31T22:30:00Z", Tz::UTC), "2026-04-01T00:00:00.000Z");
        assert_eq!(begins(Period::Season, "2026-12-31T22:30:00Z", Tz::Europe__Moscow), "2026-12-31T21:00:00.000Z");
        let first = |span: Span, now, zone| span.begins(at(now), zone).to_string();
        assert_eq!(first(Span::Day, "2026-05-31T20:59:00Z", Tz::Europe__Moscow), "2026-05-30T21:00:00.000Z");
        assert_eq!(first(Span::Year, "2026-12-31T22:30:00Z", Tz::Europe__Moscow), "2026-12-31T21:00:00.000Z");
        assert_eq!(first(Span::Year, "2026-12-31T22:30:00Z", Tz::UTC), "2026-01-01T00:00:00.000Z");
        assert_eq!(begins(Period::All, "2026-01-31T23:30:00Z", Tz::UTC), "1970-01-01T00:00:00.000Z");
    }
}
