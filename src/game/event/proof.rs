//! The chain of a log: each event names the hash of the one before and carries its own, so that a log that was altered
//! shows where.
//!
//! An event's own hash is the SHA-256 of its JSON as it is told, without the member `hash`, which is the last. An event of
//! an earlier version has none: its hash is the SHA-256 of the 64 digits of the hash before it (nothing, in the first)
//! and the 64 digits of the SHA-256 of its JSON.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Stands before the hash of an event, which ends with it.
const LAST_MEMBER: &str = ",\"hash\":\"";

/// A SHA-256, told as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventHash([u8; 32]);

impl EventHash {
    /// Of an event's JSON, with or without its own hash.
    pub fn of(json: &str) -> Self {
        Self(match without_hash(json) {
            Some(rest) => Sha256::new().chain_update(rest).chain_update("}").finalize().into(),
            None => Sha256::digest(json).into(),
        })
    }

    fn linked(self, before: Option<Self>) -> Self {
        let before = before.map(|hash| hash.to_string()).unwrap_or_default();
        Self(Sha256::new().chain_update(before).chain_update(self.to_string()).finalize().into())
    }
}

/// What comes before the last member, where that is a hash.
fn without_hash(json: &str) -> Option<&str> {
    let (rest, last) = json.split_at_checked(json.len().checked_sub(LAST_MEMBER.len() + 66)?)?;
    let digits = last.strip_prefix(LAST_MEMBER)?.strip_suffix("\"}")?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(rest)
}

impl fmt::Display for EventHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EventHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for EventHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = "a hash is 64 hexadecimal digits";
        if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(bad);
        }
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let digits = std::str::from_utf8(digits).map_err(|_| bad)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| bad)?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for EventHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_mut(2).zip(self.0) {
            if let [high, low] = pair {
                *high = DIGITS[usize::from(byte >> 4)];
                *low = DIGITS[usize::from(byte & 15)];
            }
        }
        serializer.serialize_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for EventHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The links of an event in the chain of its log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Proof {
    /// The hash of the event before; absent in the first, and in events of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub prev_hash: Option<EventHash>,
    /// Its own: the SHA-256 of its JSON without this member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub hash: Option<EventHash>,
    /// Of an event that carries none: the hash of its JSON.
    #[serde(skip)]
    #[schema(ignore)]
    pub unsealed: Option<EventHash>,
}

impl Proof {
    /// The links of the event after one with the hash `prev_hash`.
    pub fn after(prev_hash: Option<EventHash>) -> Self {
        Self { prev_hash, ..Self::default() }
    }

    /// The hash that the next event names, where `before` is the one that this event comes after. Events of earlier
    /// versions are linked here, so what comes after them vouches for them too.
    pub fn link(&self, before: Option<EventHash>) -> Option<EventHash> {
        self.hash.or_else(|| self.unsealed.map(|own| own.linked(before)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_of_all_but_itself() {
        let bare = r#"{"seq":1,"data":{"hash":"no"}}"#;
        let hash = EventHash::of(bare);
        let whole = format!("{},\"hash\":\"{hash}\"}}", &bare[..bare.len() - 1]);
        assert_eq!(EventHash::of(&whole), hash);
        assert_ne!(EventHash::of(&whole.replace("\"seq\":1", "\"seq\":2")), hash);
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!(serde_json::to_string(&hash).expect("json"), format!("\"{hash}\""));
        for text in ["x", "+f", "0"].map(|digits| digits.repeat(64 / digits.len())) {
            assert_eq!(text.parse::<EventHash>().is_ok(), text.starts_with('0'), "{text}");
        }
        assert_eq!(EventHash::of(""), EventHash::of(""));
    }
}
