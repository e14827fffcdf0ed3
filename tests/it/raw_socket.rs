//! A WebSocket by hand: any bytes, as no client library would send them.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::player::Player;
use crate::test_app::PATIENCE;

/// Bits of the first byte of a frame.
pub const LAST: u8 = 0x80;
pub const CONTINUATION: u8 = 0x0;
pub const TEXT: u8 = 0x1;
pub const CLOSE: u8 = 0x8;
pub const PING: u8 = 0x9;
pub const PONG: u8 = 0xa;

const MASK: [u8; 4] = [0x5a, 0x01, 0xc3, 0x7e];

/// A masked frame.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(first, payload.len() as u64);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// The header of a frame that announces so many bytes.
pub fn header(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match length {
        0..126 => bytes.push(0x80 | length as u8),
        126..=0xffff => {
            bytes.push(0x80 | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            bytes.push(0x80 | 127);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
    }
    bytes.extend_from_slice(&MASK);
    bytes
}

/// The bytes of one WebSocket, past its handshake.
pub struct RawSocket {
    pub stream: TcpStream,
    read: Vec<u8>,
}

impl RawSocket {
    pub async fn open(player: &Player) -> Self {
        Self::open_from(player, None).await.expect("a handshake")
    }

    /// The same, with an address that a proxy would name; `Err`: the status of the refusal.
    pub async fn open_from(player: &Player, forwarded: Option<&str>) -> Result<Self, u16> {
        let mut stream = TcpStream::connect(player.address()).await.map_err(|_| 0_u16)?;
        let forwarded = forwarded.map(|address| format!("x-forwarded-for: {address}\r\n")).unwrap_or_default();
        let request = format!(
            "GET /ws HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
             {forwarded}sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            player.address(),
            player.token.as_deref().unwrap_or_default(),
        );
        stream.write_all(request.as_bytes()).await.map_err(|_| 0_u16)?;
        let mut socket = Self { stream, read: Vec::new() };
        let end = loop {
            if let Some(end) = socket.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break end;
            }
            if !socket.more().await {
                return Err(0);
            }
        };
        let head = String::from_utf8_lossy(&socket.read[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        socket.read.drain(..end + 4);
        if status == 101 { Ok(socket) } else { Err(status) }
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        // A server that has closed is told by what is read.
        let _ = self.stream.write_all(bytes).await;
    }

    /// The first byte and the payload of the next frame; `None`: there is none any more.
    pub async fn next(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((length, start)) = self.announced()
                && self.read.len() >= start + length
            {
                let frame: Vec<u8> = self.read.drain(..start + length).collect();
                return Some((frame[0], frame[start..].to_vec()));
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// The code that the server closes with; `None`: it says none.
    pub async fn closed(&mut self) -> Option<u16> {
        while let Some((first, payload)) = self.next().await {
            if first == LAST | CLOSE {
                return payload.first_chunk().map(|code| u16::from_be_bytes(*code));
            }
        }
        None
    }

    fn announced(&self) -> Option<(usize, usize)> {
        match self.read.get(1)? {
            127 => Some((u64::from_be_bytes(*self.read.get(2..)?.first_chunk()?) as usize, 10)),
            126 => Some((usize::from(u16::from_be_bytes(*self.read.get(2..)?.first_chunk()?)), 4)),
            length => Some((usize::from(*length), 2)),
        }
    }

    async fn more(&mut self) -> bool {
        let read =
            tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.read)).await.expect("an answer in time");
        read.is_ok_and(|count| count > 0)
    }
}
