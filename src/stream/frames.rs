//! The frames of one WebSocket as they come off the connection. Each costs by its size, control frames and pieces of a
//! message too; where none is left nothing more is read, so what a client sends ahead of its turn waits in its own
//! socket. A frame is judged by its header, before its bytes are waited for.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use actix_http::error::PayloadError;
use actix_http::ws::{CloseCode, CloseReason};
use actix_web::web::{Buf, Bytes, BytesMut};
use bytestring::ByteString;
use futures_util::Stream;
use tokio::time::{Sleep, sleep};

use super::frame_header::{Header, Opcode};
use super::wire::{Close, FRAME_MAX};
use crate::account::TokenBucket;

/// A long frame costs one token more for each of these.
const BYTES_PER_TOKEN: usize = 1_024;

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// A whole text, in one frame or in several.
    Text(ByteString),
    /// The same, but not text.
    Binary,
    Ping(Bytes),
    /// Something that says no more than that the client lives: a pong, or a piece of a message.
    Sign,
    /// The client closes; nothing comes after it.
    Close(Option<CloseReason>),
}

/// The frames of a connection; `Err`: the connection is to be closed for that, and nothing comes after it.
pub(super) struct Frames<S> {
    /// The bytes as they come.
    bytes: S,
    buffer: BytesMut,
    tokens: TokenBucket,
    /// Until there is a token again.
    rest: Option<Pin<Box<Sleep>>>,
    /// The frame that was paid for and is being received.
    current: Option<Header>,
    message: Option<MessagePieces>,
    is_over: bool,
}

/// A message that comes in several frames, so far.
#[derive(Default)]
struct MessagePieces {
    is_text: bool,
    bytes: Vec<u8>,
}

/// What can be done with the bytes that are here.
enum Step {
    Frame(Incoming),
    /// More bytes are needed.
    Read,
    /// So many tokens are needed.
    Rest(u32),
}

impl<S> Frames<S> {
    pub(super) fn new(bytes: S, tokens: TokenBucket) -> Self {
        Self { bytes, buffer: BytesMut::new(), tokens, rest: None, current: None, message: None, is_over: false }
    }

    fn step(&mut self) -> Result<Step, Close> {
        let header = match self.current {
            Some(header) => header,
            None => {
                let Some((header, length)) = Header::parse(&self.buffer)? else { return Ok(Step::Read) };
                self.check(header)?;
                let cost = 1 + (header.length / BYTES_PER_TOKEN) as u32;
                if !self.tokens.try_take_many(cost, Instant::now()) {
                    return Ok(Step::Rest(cost));
                }
                self.buffer.advance(length);
                *self.current.insert(header)
            }
        };
        if self.buffer.len() < header.length {
            return Ok(Step::Read);
        }
        self.current = None;
        let mut payload = self.buffer.split_to(header.length);
        payload.iter_mut().zip(header.mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        self.receive(header, payload.freeze()).map(Step::Frame)
    }

    /// Whether the frame may come now, as far as its header tells.
    fn check(&self, header: Header) -> Result<(), Close> {
        let so_far = match (header.opcode, &self.message) {
            (Opcode::Continuation, Some(message)) => message.bytes.len(),
            (Opcode::Continuation, None) | (Opcode::Text | Opcode::Binary, Some(_)) => return Err(Close::Protocol),
            _ => 0,
        };
        if so_far + header.length > FRAME_MAX { Err(Close::TooBig) } else { Ok(()) }
    }

    fn receive(&mut self, header: Header, payload: Bytes) -> Result<Incoming, Close> {
        match header.opcode {
            Opcode::Ping => Ok(Incoming::Ping(payload)),
            Opcode::Pong => Ok(Incoming::Sign),
            Opcode::Close => close_reason(&payload).map(Incoming::Close),
            Opcode::Text if header.is_last => text(payload),
            Opcode::Binary if header.is_last => Ok(Incoming::Binary),
            Opcode::Text | Opcode::Binary => {
                self.message = Some(MessagePieces { is_text: header.opcode == Opcode::Text, bytes: payload.to_vec() });
                Ok(Incoming::Sign)
            }
            Opcode::Continuation => {
                let mut message = self.message.take().unwrap_or_default();
                message.bytes.extend_from_slice(&payload);
                if !header.is_last {
                    self.message = Some(message);
                    return Ok(Incoming::Sign);
                }
                if message.is_text { text(message.bytes.into()) } else { Ok(Incoming::Binary) }
            }
        }
    }
}

fn text(bytes: Bytes) -> Result<Incoming, Close> {
    ByteString::try_from(bytes).map(Incoming::Text).map_err(|_| Close::NotUtf8)
}

/// RFC 6455, 5.5.1 and 7.4: nothing, or a code that may be sent, and a text.
fn close_reason(payload: &[u8]) -> Result<Option<CloseReason>, Close> {
    let Some((code, description)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(Close::Protocol) };
    };
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(Close::Protocol);
    }
    let description = std::str::from_utf8(description).map_err(|_| Close::NotUtf8)?;
    let description = (!description.is_empty()).then(|| description.to_owned());
    Ok(Some(CloseReason { code: CloseCode::from(code), description }))
}

impl<S: Stream<Item = Result<Bytes, PayloadError>> + Unpin> Stream for Frames<S> {
    type Item = Result<Incoming, Close>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while !this.is_over {
            if let Some(rest) = &mut this.rest {
                ready!(rest.as_mut().poll(cx));
                this.rest = None;
            }
            match this.step() {
                Ok(Step::Frame(incoming)) => {
                    this.is_over = matches!(incoming, Incoming::Close(_));
                    return Poll::Ready(Some(Ok(incoming)));
                }
                Ok(Step::Rest(cost)) => {
                    this.rest = Some(Box::pin(sleep(this.tokens.retry_many_after(cost, Instant::now()))));
                }
                Ok(Step::Read) => match ready!(Pin::new(&mut this.bytes).poll_next(cx)) {
                    Some(Ok(bytes)) => this.buffer.extend_from_slice(&bytes),
                    Some(Err(_)) | None => this.is_over = true,
                },
                Err(close) => {
                    this.is_over = true;
                    return Poll::Ready(Some(Err(close)));
                }
            }
        }
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt, stream};

    use super::*;

    const MASK: [u8; 4] = [7, 11, 13, 17];

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first];
        match payload.len() {
            length @ 0..126 => bytes.push(0x80 | length as u8),
            length => {
                bytes.push(0x80 | 126);
                bytes.extend_from_slice(&(length as u16).to_be_bytes());
            }
        }
        bytes.extend_from_slice(&MASK);
        bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }

    fn generous() -> TokenBucket {
        TokenBucket::new(1e9, 1e9, Instant::now())
    }

    /// What comes of these bytes, in chunks of a size.
    async fn read(bytes: &[u8], chunk: usize) -> Vec<Result<Incoming, Close>> {
        let chunks: Vec<_> = bytes.chunks(chunk).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        Frames::new(stream::iter(chunks), generous()).collect().await
    }

    async fn only(bytes: &[u8]) -> Result<Incoming, Close> {
        read(bytes, bytes.len()).await.pop().expect("one frame")
    }

    #[tokio::test]
    async fn frames_are_read_in_whatever_pieces_the_network_brings_them() {
        let mut bytes = frame(0x81, "шар".as_bytes());
        bytes.extend(frame(0x01, b"a"));
        bytes.extend(frame(0x89, b"between"));
        bytes.extend(frame(0x00, b""));
        bytes.extend(frame(0x80, b"b"));
        bytes.extend(frame(0x82, &[0; 300]));
        bytes.extend(frame(0x88, &[0x03, 0xe8]));
        bytes.extend(frame(0x81, b"after the end"));
        for chunk in [1, 2, 3, 7, 1_000] {
            let read = read(&bytes, chunk).await;
            assert_eq!(
                read,
                [
                    Ok(Incoming::Text("шар".into())),
                    Ok(Incoming::Sign),
                    Ok(Incoming::Ping(Bytes::from_static(b"between"))),
                    Ok(Incoming::Sign),
                    Ok(Incoming::Text("ab".into())),
                    Ok(Incoming::Binary),
                    Ok(Incoming::Close(Some(CloseReason { code: CloseCode::Normal, description: None }))),
                ],
                "in chunks of {chunk}"
            );
        }
    }

    #[tokio::test]
    async fn a_message_that_is_too_big_is_refused_by_its_header() {
        let mut announced = vec![0x81, 0x80 | 127];
        announced.extend_from_slice(&(1_u64 << 40).to_be_bytes());
        assert_eq!(only(&announced).await, Err(Close::TooBig));
        let mut whole = frame(0x81, &vec![b' '; FRAME_MAX]);
        assert!(only(&whole).await.is_ok());
        whole = frame(0x81, &vec![b' '; FRAME_MAX + 1]);
        assert_eq!(only(&whole[..4]).await, Err(Close::TooBig), "its bytes are not waited for");
        let mut pieces = frame(0x01, &vec![b' '; FRAME_MAX]);
        pieces.extend(&frame(0x80, b" ")[..6]);
        assert_eq!(read(&pieces, 1_000).await.pop(), Some(Err(Close::TooBig)));
    }

    #[tokio::test]
    async fn what_the_protocol_forbids_is_named() {
        for (what, bytes, expected) in [
            ("a continuation of nothing", frame(0x80, b"a"), Close::Protocol),
            ("a code that is never sent", frame(0x88, &[0x03, 0xee]), Close::Protocol),
            ("half a code", frame(0x88, &[0x03]), Close::Protocol),
            ("a reason that is no text", frame(0x88, &[0x03, 0xe8, 0xff]), Close::NotUtf8),
            ("a text that is none", frame(0x81, &[0xff]), Close::NotUtf8),
            ("a message within a message", [frame(0x01, b"a"), frame(0x81, b"b")].concat(), Close::Protocol),
        ] {
            assert_eq!(read(&bytes, 5).await.pop(), Some(Err(expected)), "{what}");
        }
    }

    #[tokio::test]
    async fn each_frame_costs_and_nothing_is_read_ahead_of_its_turn() {
        // Pieces of a message that never ends.
        let pieces = std::iter::once(frame(0x01, b"")).chain(std::iter::repeat_with(|| frame(0x00, b"")));
        let mut taken = 0;
        let chunks = stream::iter(pieces).map(|bytes| {
            taken += 1;
            Ok(Bytes::from(bytes))
        });
        let mut frames = Frames::new(chunks, TokenBucket::new(0.001, 10.0, Instant::now()));
        let mut read = 0;
        while let Some(Some(Ok(Incoming::Sign))) = frames.next().now_or_never() {
            read += 1;
        }
        drop(frames);
        assert_eq!((read, taken), (10, 11), "pieces read, and taken off the connection");

        let long = frame(0x81, &[b' '; 4_096]);
        let chunks = stream::iter(std::iter::repeat_with(|| Ok(Bytes::from(long.clone()))));
        let mut frames = Frames::new(chunks, TokenBucket::new(0.001, 10.0, Instant::now()));
        assert!(frames.next().now_or_never().is_some() && frames.next().now_or_never().is_some());
        assert!(frames.next().now_or_never().is_none(), "a long one costs more");
    }
}
