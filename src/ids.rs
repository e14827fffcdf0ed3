//! The identities, measures and the clock reading that every room shares.
//! Newtypes, so that a participant is never taken for a user, nor points for money; on the wire they are what the contract
//! says.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        #[schema(value_type = Uuid)]
        pub struct $name(pub Uuid);

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

id! {
    /// An account.
    UserId
}
id! {
    /// An evening at one table.
    SessionId
}
id! {
    /// One game of a session.
    GameId
}
id! {
    /// A place in a session, with or without an account behind it.
    ParticipantId
}
id! {
    /// A club: a set of sessions, and those who are in it.
    ClubId
}
id! {
    /// A chat: of a session, of two users, of a group.
    ChatId
}
id! {
    /// Something said in a chat.
    MessageId
}

id! {
    /// The idempotency key of a command: the same key of the same user is the same command.
    CommandId
}
id! {
    /// What a request caused, wherever it happens, has one of these.
    CorrelationId
}

/// One start of a node, which writes events: its row in `writer`. Later starts have greater ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WriterId(pub i64);

impl fmt::Display for WriterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The number of an event in its session: 1, 2, 3 ... without gaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seq(pub i64);

/// The place of an event among those that a writer stored: 1, 2, 3 ... without gaps. How far these are published, or
/// a projection has looked through them, is the place of the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(pub i64);

macro_rules! counts_events {
    ($name:ident) => {
        impl $name {
            /// Before the first.
            pub const ZERO: $name = $name(0);

            #[must_use]
            pub fn next(self) -> $name {
                self + 1
            }

            #[must_use]
            pub fn previous(self) -> $name {
                $name(self.0.saturating_sub(1))
            }

            /// How many there are after an earlier one, up to and with this one.
            pub fn since(self, earlier: $name) -> i64 {
                self.0.saturating_sub(earlier.0)
            }
        }

        /// So many later.
        impl Add<i64> for $name {
            type Output = $name;

            fn add(self, many: i64) -> $name {
                $name(self.0.saturating_add(many))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

counts_events!(Seq);
counts_events!(Position);

impl Seq {
    /// After any that an event can have.
    pub const MAX: Seq = Seq(i64::MAX);
}

impl utoipa::PartialSchema for Seq {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        i64::schema()
    }
}

impl utoipa::ToSchema for Seq {
    /// Clients were generated with this name.
    fn name() -> std::borrow::Cow<'static, str> {
        "i64".into()
    }
}

/// Money in minor units of its currency (kopecks for RUB). What would be more than it can hold is the most that it can.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(transparent)]
#[schema(value_type = i64)]
pub struct Money(pub i64);

impl Money {
    pub const ZERO: Money = Money(0);

    /// So many times as much: a price, and how many points are paid for.
    #[must_use]
    pub fn times(self, many: i64) -> Money {
        Money(self.0.saturating_mul(many))
    }
}

impl Add for Money {
    type Output = Money;

    fn add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Money;

    fn sub(self, other: Money) -> Money {
        Money(self.0.saturating_sub(other.0))
    }
}

impl Neg for Money {
    type Output = Money;

    fn neg(self) -> Money {
        Money(self.0.saturating_neg())
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        *self = *self + other;
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Money) {
        *self = *self - other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A reading of the clock in whole milliseconds; RFC 3339 in UTC with three decimals on the wire.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// Milliseconds since 1970-01-01T00:00:00Z; what lies outside the calendar is clamped to its ends.
    pub fn from_millis(millis: i64) -> Self {
        const YEAR_0: i64 = -62_167_219_200_000;
        const YEAR_9999_END: i64 = 253_402_300_799_999;
        Self(millis.clamp(YEAR_0, YEAR_9999_END))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whether both are at most so many milliseconds apart, whichever comes first.
    pub fn is_within(self, ms: i64, other: Timestamp) -> bool {
        self.millis().abs_diff(other.millis()) <= ms.unsigned_abs()
    }

    /// Whole seconds from an earlier reading to this one; 0 where the clock went backwards.
    pub fn seconds_since(self, earlier: Timestamp) -> i64 {
        ((self.0 - earlier.0) / 1000).max(0)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(time: DateTime<Utc>) -> Self {
        Self::from_millis(time.timestamp_millis())
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(time: Timestamp) -> Self {
        DateTime::from_timestamp_millis(time.0).unwrap_or_default()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time: DateTime<Utc> = (*self).into();
        f.write_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        DateTime::<Utc>::deserialize(deserializer).map(Self::from)
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::DateTime)))
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {
    fn name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
}

/// The randomness of one command, drawn outside and handed in: the same dice give the same events again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dice(pub u128);

impl Dice {
    /// The `n`th draw.
    pub fn draw(self, n: u64) -> u64 {
        mix(self.0 as u64 ^ mix((self.0 >> 64) as u64 ^ mix(n)))
    }

    /// The `n`th id of this command: a version 7 UUID of that time.
    pub fn id(self, n: u64, at: Timestamp) -> Uuid {
        let mut random = [0; 10];
        random[..8].copy_from_slice(&self.draw(2 * n + 1_000).to_be_bytes());
        random[8..].copy_from_slice(&self.draw(2 * n + 1_001).to_be_bytes()[..2]);
        uuid::Builder::from_unix_timestamp_millis(at.0.max(0) as u64, &random).into_uuid()
    }
}

/// SplitMix64's finaliser (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_three_decimals_even_on_the_full_second() {
        assert_eq!(Timestamp::from_millis(1_769_882_645_000).to_string(), "2026-01-31T18:04:05.000Z");
    }

    #[test]
    fn the_ids_of_one_command_differ_and_are_of_version_7() {
        let dice = Dice(7);
        let at = Timestamp::from_millis(1_769_882_645_000);
        assert_ne!(dice.id(0, at), dice.id(1, at));
        assert_eq!(dice.id(0, at).get_version_num(), 7);
    }
}
