//! A message that comes in several frames.

use actix_http::ws::Item;

use super::wire::FRAME_MAX;

/// What came of a fragment.
pub(super) enum Taken {
    /// More of it is to come.
    More,
    /// The whole text.
    Text(String),
    /// It was not text but binary, and is over.
    Binary,
    /// All together it is more than a frame may be.
    TooBig,
    /// It is no UTF-8.
    NoText,
}

/// The fragments so far, together never more than one frame may be.
#[derive(Default)]
pub(super) struct Fragments {
    bytes: Vec<u8>,
    is_binary: bool,
}

impl Fragments {
    /// One more.
    pub(super) fn take(&mut self, item: Item) -> Taken {
        if let Item::FirstText(_) | Item::FirstBinary(_) = item {
            self.bytes.clear();
            self.is_binary = matches!(item, Item::FirstBinary(_));
        }
        let is_last = matches!(item, Item::Last(_));
        let (Item::FirstText(bytes) | Item::FirstBinary(bytes) | Item::Continue(bytes) | Item::Last(bytes)) = item;
        if self.bytes.len() + bytes.len() > FRAME_MAX {
            return Taken::TooBig;
        }
        self.bytes.extend_from_slice(&bytes);
        if !is_last {
            return Taken::More;
        }
        let bytes = std::mem::take(&mut self.bytes);
        if self.is_binary { Taken::Binary } else { String::from_utf8(bytes).map_or(Taken::NoText, Taken::Text) }
    }
}
