//! A joined session on a poll loop.

use crate::{
    error::{BenchError, Result, Tried},
    join::{Peer, closed},
    wire::{Framing, Incoming, Scanned},
};
use mio::net::TcpStream;
use std::io::{ErrorKind, Read, Write};

/// How much is read at once.
pub(crate) const READ: usize = 256 << 10;

/// From this length on, the rest of a frame is read to where it stays instead of through the common buffer.
const LARGE: usize = 32 << 10;

/// A joined session on a poll loop.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) stream: TcpStream,
    /// What is to be sent.
    pub(crate) out: Out,
    /// The beginning of a frame of which the rest has not arrived.
    tail: Vec<u8>,
    /// How long that frame is.
    wanted: usize,
    /// The pieces of a message that comes in several frames.
    pieces: Vec<u8>,
}

/// What is to be sent on a session.
#[derive(Debug)]
pub(crate) struct Out {
    /// How frames are written.
    pub(crate) framing: Framing,
    /// Frames.
    pub(crate) bytes: Vec<u8>,
    /// How many of them are sent.
    sent: usize,
    /// The next request id.
    next_id: u64,
}

/// Takes messages in.
pub(crate) trait Take {
    /// Takes a message that has arrived; answers go out once everything that has arrived is taken.
    ///
    /// # Errors
    /// The run is wrong.
    fn take(&mut self, session: usize, out: &mut Out, message: &[u8]) -> Result<()>;

    /// Looks at a whole frame of which the message, behind so many bytes, was taken: the next ones may be like it.
    fn remember(&mut self, _session: usize, _out: &Out, _frame: &[u8], _header: usize) {}

    /// Takes those frames that these bytes begin with and that it knows, and says how many bytes they are.
    fn take_known(&mut self, _session: usize, _out: &mut Out, _bytes: &[u8]) -> usize {
        0
    }
}

impl Out {
    /// Nothing is to be sent yet.
    pub(crate) const fn new(framing: Framing, next_id: u64) -> Self {
        Self { framing, bytes: Vec::new(), sent: 0, next_id }
    }

    /// Draws a request id.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id - 1
    }

    /// Whether there is nothing to be sent.
    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl Socket {
    /// Puts a session on a poll loop.
    pub(crate) fn new(peer: Peer) -> Result<Self> {
        let (stream, framing, tail, next_id) = peer.into_parts();
        stream.set_nonblocking(true).tried("cannot use a connection")?;
        let stream = TcpStream::from_std(stream);
        let out = Out::new(framing, next_id);
        Ok(Self { stream, out, tail, wanted: 0, pieces: Vec::new() })
    }

    /// Sends what it can. `false` if the rest has to wait until the socket takes more.
    ///
    /// # Errors
    /// The connection is gone.
    pub(crate) fn flush(&mut self) -> Result<bool> {
        while self.out.sent < self.out.bytes.len() {
            match self.stream.write(&self.out.bytes[self.out.sent..]) {
                Ok(0) => return Err(closed(&[])),
                Ok(count) => self.out.sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.forget_sent();
                    return Ok(false);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(gone(&error)),
            }
        }
        self.out.bytes.clear();
        self.out.sent = 0;
        Ok(true)
    }

    /// Reads and takes what there is.
    ///
    /// # Errors
    /// The connection is gone, or what came is wrong.
    pub(crate) fn read(
        &mut self,
        session: usize,
        buffer: &mut [u8],
        taker: &mut impl Take,
    ) -> Result<()> {
        loop {
            if self.wanted > LARGE {
                if !self.read_large(session, taker)? {
                    return Ok(());
                }
                continue;
            }
            let kept = self.tail.len();
            buffer[..kept].copy_from_slice(&self.tail);
            self.tail.clear();
            let read = self.read_some(&mut buffer[kept..])?;
            let whole = kept + read.unwrap_or(0);
            let room = buffer.len();
            self.take_frames(session, &buffer[..whole], taker)?;
            // Less than there was room for: the system has no more, and will say so when it has.
            if whole < room {
                return Ok(());
            }
        }
    }

    /// Reads the rest of a large frame. `false` if it has not all arrived.
    fn read_large(&mut self, session: usize, taker: &mut impl Take) -> Result<bool> {
        let mut filled = self.tail.len();
        self.tail.resize(self.wanted, 0);
        while filled < self.wanted {
            let mut tail = std::mem::take(&mut self.tail);
            let read = self.read_some(&mut tail[filled..]);
            self.tail = tail;
            match read? {
                Some(count) => filled += count,
                None => {
                    self.tail.truncate(filled);
                    return Ok(false);
                }
            }
        }
        let mut tail = std::mem::take(&mut self.tail);
        self.wanted = 0;
        self.take_frames(session, &tail, taker)?;
        // The next one is probably as large.
        if self.tail.is_empty() {
            tail.clear();
            self.tail = tail;
        }
        Ok(true)
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> Result<Option<usize>> {
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Err(closed(&[])),
                Ok(count) => return Ok(Some(count)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(gone(&error)),
            }
        }
    }

    fn take_frames(&mut self, session: usize, bytes: &[u8], taker: &mut impl Take) -> Result<()> {
        let mut rest = bytes;
        self.wanted = 0;
        loop {
            let known = taker.take_known(session, &mut self.out, rest);
            rest = &rest[known..];
            if rest.is_empty() {
                return Ok(());
            }
            let consumed = match Incoming::scan(&self.out.framing, rest)? {
                Scanned::Message { message, consumed } => {
                    taker.take(session, &mut self.out, message)?;
                    taker.remember(session, &self.out, &rest[..consumed], consumed - message.len());
                    consumed
                }
                Scanned::Piece { piece, consumed, last } => {
                    self.pieces.extend_from_slice(piece);
                    if last {
                        taker.take(session, &mut self.out, &self.pieces)?;
                        self.pieces.clear();
                    }
                    consumed
                }
                Scanned::Ping { content, consumed } => {
                    let framing = self.out.framing;
                    framing.write_pong(&mut self.out.bytes, content);
                    consumed
                }
                Scanned::Other { consumed } => consumed,
                Scanned::Close(content) => return Err(closed(content)),
                Scanned::Unfinished(wanted) => {
                    self.wanted = wanted;
                    self.tail.extend_from_slice(rest);
                    return Ok(());
                }
            };
            rest = &rest[consumed..];
        }
    }

    fn forget_sent(&mut self) {
        self.out.bytes.drain(..self.out.sent);
        self.out.sent = 0;
    }
}

fn gone(error: &std::io::Error) -> BenchError {
    BenchError::Router(format!("ended a connection: {error}"))
}
