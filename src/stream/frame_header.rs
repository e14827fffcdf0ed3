//! The header of a WebSocket frame (RFC 6455, 5.2), as a server reads it.

use super::wire::{Close, FRAME_MAX};

/// The payload of a control frame, at most (RFC 6455, 5.5).
const CONTROL_MAX: u8 = 125;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) is_last: bool,
    pub(super) opcode: Opcode,
    /// Of the payload; never above [`FRAME_MAX`].
    pub(super) length: usize,
    pub(super) mask: [u8; 4],
}

impl Header {
    /// The header that these bytes begin with and its own length, as soon as they have all of it; what is wrong with it,
    /// as soon as they show it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Close> {
        let Some((&[first, second], rest)) = bytes.split_first_chunk() else { return Ok(None) };
        let (is_last, reserved) = (first & 0x80 != 0, first & 0x70);
        let (is_masked, short) = (second & 0x80 != 0, second & 0x7f);
        let opcode = Opcode::of(first & 0x0f).filter(|_| reserved == 0 && is_masked).ok_or(Close::Protocol)?;
        if opcode.is_control() && (!is_last || short > CONTROL_MAX) {
            return Err(Close::Protocol);
        }
        let (length, rest) = match short {
            126 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from(u16::from_be_bytes(*length)), rest),
                None => return Ok(None),
            },
            127 => match rest.split_first_chunk() {
                Some((length, rest)) => (u64::from_be_bytes(*length), rest),
                None => return Ok(None),
            },
            short => (u64::from(short), rest),
        };
        if length >> 63 != 0 {
            return Err(Close::Protocol);
        }
        let length = usize::try_from(length).ok().filter(|length| *length <= FRAME_MAX).ok_or(Close::TooBig)?;
        let Some((&mask, rest)) = rest.split_first_chunk() else { return Ok(None) };
        Ok(Some((Self { is_last, opcode, length, mask }, bytes.len() - rest.len())))
    }
}

impl Opcode {
    fn of(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return None,
        })
    }

    fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_read_when_all_of_it_is_there() {
        let bytes = [0x81, 0x80 | 126, 0x01, 0x00, 1, 2, 3, 4, b'x'];
        for length in 0..8 {
            assert_eq!(Header::parse(&bytes[..length]), Ok(None), "{length} bytes");
        }
        let header = Header { is_last: true, opcode: Opcode::Text, length: 256, mask: [1, 2, 3, 4] };
        assert_eq!(Header::parse(&bytes), Ok(Some((header, 8))));
    }

    #[test]
    fn what_no_client_may_send_is_seen_in_the_first_bytes() {
        for (what, bytes) in [
            ("a reserved bit", [0xc1, 0x80]),
            ("a reserved opcode", [0x83, 0x80]),
            ("a reserved control opcode", [0x8b, 0x80]),
            ("no mask", [0x81, 0x01]),
            ("a control frame in pieces", [0x09, 0x80]),
            ("a long control frame", [0x8a, 0x80 | 126]),
        ] {
            assert_eq!(Header::parse(&bytes), Err(Close::Protocol), "{what}");
        }
        assert_eq!(Header::parse(&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0]), Err(Close::Protocol), "a negative length");
    }
}
