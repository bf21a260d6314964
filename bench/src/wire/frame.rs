//! Frames of both transports, from the side of the client.

use crate::error::{BenchError, Result};
use wamplex_shared::serializer::Serializer;

/// What a session runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Transport {
    /// WebSocket
    #[value(name = "websocket")]
    WebSocket,
    /// RawSocket over TCP
    #[value(name = "rawsocket")]
    RawSocket,
}

impl Transport {
    /// Its name in arguments and tables.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::RawSocket => "rawsocket",
        }
    }
}

/// How the frames of one connection are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Framing {
    transport: Transport,
    serializer: Serializer,
    mask: [u8; 4],
}

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

impl Framing {
    /// Frames of this transport; WebSocket masks them with this key.
    pub(crate) const fn new(transport: Transport, serializer: Serializer, mask: [u8; 4]) -> Self {
        Self { transport, serializer, mask }
    }

    /// What messages are written in.
    pub(crate) const fn serializer(&self) -> Serializer {
        self.serializer
    }

    /// Appends a frame with a message that consists of these parts.
    pub(crate) fn write(&self, out: &mut Vec<u8>, parts: &[&[u8]]) {
        let opcode = if self.serializer.is_text() { TEXT } else { BINARY };
        self.write_kind(out, opcode, parts);
    }

    /// Appends the answer to a ping.
    pub(crate) fn write_pong(&self, out: &mut Vec<u8>, content: &[u8]) {
        self.write_kind(out, PONG, &[content]);
    }

    fn write_kind(&self, out: &mut Vec<u8>, opcode: u8, parts: &[&[u8]]) {
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if self.transport == Transport::RawSocket {
            let [high, octets @ ..] = (length as u32).to_be_bytes();
            let kind = if opcode == PONG { 2 } else { 0 };
            // The bit of 2^24, the longest there is, is the one above the three reserved ones.
            out.extend([high << 3 | kind, octets[0], octets[1], octets[2]]);
            parts.iter().for_each(|part| out.extend_from_slice(part));
            return;
        }
        const FIN: u8 = 0x80;
        const MASKED: u8 = 0x80;
        match length {
            0..=125 => out.extend([FIN | opcode, MASKED | length as u8]),
            126..=0xffff => {
                let [a, b] = (length as u16).to_be_bytes();
                out.extend([FIN | opcode, MASKED | 126, a, b]);
            }
            _ => {
                out.extend([FIN | opcode, MASKED | 127]);
                out.extend((length as u64).to_be_bytes());
            }
        }
        out.extend(self.mask);
        let start = out.len();
        parts.iter().for_each(|part| out.extend_from_slice(part));
        mask(&mut out[start..], self.mask);
    }
}

/// Masks the payload of a frame, or undoes that.
pub(crate) fn mask(bytes: &mut [u8], key: [u8; 4]) {
    let [a, b, c, d] = key;
    let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (chunks, rest) = bytes.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (at, byte) in rest.iter_mut().enumerate() {
        *byte ^= key[at % 4];
    }
}

/// What stands at the beginning of what has arrived.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Scanned<'a> {
    /// A whole message in one frame.
    Message {
        /// The message.
        message: &'a [u8],
        /// How long the frame is.
        consumed: usize,
    },
    /// A piece of a message.
    Piece {
        /// The piece.
        piece: &'a [u8],
        /// How long the frame is.
        consumed: usize,
        /// Whether it is the last.
        last: bool,
    },
    /// Somebody wants to know whether we are there.
    Ping {
        /// What is to be said.
        content: &'a [u8],
        /// How long the frame is.
        consumed: usize,
    },
    /// Nothing that we have to look at.
    Other {
        /// How long the frame is.
        consumed: usize,
    },
    /// The router closes the connection.
    Close(&'a [u8]),
    /// The frame is this long, or longer if not even that is known, and not all of it is there.
    Unfinished(usize),
}

/// Frames that arrive.
#[derive(Debug)]
pub(crate) struct Incoming;

impl Incoming {
    /// What these bytes begin with.
    ///
    /// # Errors
    /// No frame that a router may send.
    pub(crate) fn scan<'a>(framing: &Framing, bytes: &'a [u8]) -> Result<Scanned<'a>> {
        match framing.transport {
            Transport::WebSocket => scan_websocket(bytes),
            Transport::RawSocket => scan_rawsocket(bytes),
        }
    }
}

fn scan_websocket(bytes: &[u8]) -> Result<Scanned<'_>> {
    let [first, second, rest @ ..] = bytes else { return Ok(Scanned::Unfinished(2)) };
    let (header, length): (usize, usize) = match second {
        0..=125 => (2, usize::from(*second)),
        126 => match rest {
            [a, b, ..] => (4, usize::from(u16::from_be_bytes([*a, *b]))),
            _ => return Ok(Scanned::Unfinished(4)),
        },
        127 => match rest.first_chunk::<8>() {
            Some(length) => (10, u64::from_be_bytes(*length) as usize),
            None => return Ok(Scanned::Unfinished(10)),
        },
        _ => return Err(bad("masks its frames")),
    };
    let consumed = header.saturating_add(length);
    let Some(content) = bytes.get(header..consumed) else {
        return Ok(Scanned::Unfinished(consumed));
    };
    let last = first & 0x80 != 0;
    match first & 0x7f {
        TEXT | BINARY if last => Ok(Scanned::Message { message: content, consumed }),
        0 | TEXT | BINARY => Ok(Scanned::Piece { piece: content, consumed, last }),
        PING => Ok(Scanned::Ping { content, consumed }),
        PONG => Ok(Scanned::Other { consumed }),
        CLOSE => Ok(Scanned::Close(content)),
        _ => Err(bad("sent a WebSocket frame of no known kind")),
    }
}

fn scan_rawsocket(bytes: &[u8]) -> Result<Scanned<'_>> {
    let Some([kind, a, b, c]) = bytes.first_chunk::<4>() else { return Ok(Scanned::Unfinished(4)) };
    let length = u32::from_be_bytes([kind >> 3, *a, *b, *c]) as usize;
    let consumed = 4 + length;
    let Some(content) = bytes.get(4..consumed) else { return Ok(Scanned::Unfinished(consumed)) };
    match kind & 7 {
        0 => Ok(Scanned::Message { message: content, consumed }),
        1 => Ok(Scanned::Ping { content, consumed }),
        2 => Ok(Scanned::Other { consumed }),
        _ => Err(bad("sent a RawSocket frame of no known kind")),
    }
}

fn bad(what: &str) -> BenchError {
    BenchError::Router(what.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_all_lengths_are_masked_and_announced() {
        let key = [1, 2, 3, 4];
        let framing = Framing::new(Transport::WebSocket, Serializer::MsgPack, key);
        for length in [0, 1, 7, 8, 125, 126, 65_535, 65_536] {
            let message: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let mut out = Vec::new();
            framing.write(&mut out, &[&message[..length / 2], &message[length / 2..]]);
            // What a client sends differs from what a router sends by the mask only.
            assert_eq!(out[1] & 0x80, 0x80);
            out[1] &= 0x7f;
            let header = out.len() - length - 4;
            assert_eq!(out[header..header + 4], key);
            out.drain(header..header + 4);
            mask(&mut out[header..], key);
            let whole = Scanned::Message { message: &message, consumed: out.len() };
            assert_eq!(Incoming::scan(&framing, &out).unwrap(), whole);
            for short in [0, 1, header.min(out.len() - 1), out.len() - 1] {
                let scanned = Incoming::scan(&framing, &out[..short]).unwrap();
                assert!(matches!(scanned, Scanned::Unfinished(_)), "{short} of {length}");
            }
        }
    }
}
