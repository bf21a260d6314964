//! The poll loop of a generator thread.

use crate::{
    error::{Result, Tried},
    socket::{READ, Socket, Take},
};
use mio::{Events, Interest, Poll, Token, Waker};
use std::{io, sync::Arc, time::Duration};

/// The token of the waker; sessions have their index.
const WAKE: Token = Token(usize::MAX);

/// The poll loop of a generator thread.
#[derive(Debug)]
pub(crate) struct Turning {
    poll: Poll,
    events: Events,
    sessions: Vec<Socket>,
    buffer: Vec<u8>,
    waker: Arc<Waker>,
}

impl Turning {
    /// A loop without sessions.
    pub(crate) fn new() -> Result<Self> {
        let poll = Poll::new().tried("cannot poll")?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKE).tried("cannot poll")?);
        let events = Events::with_capacity(256);
        Ok(Self { poll, events, sessions: Vec::new(), buffer: vec![0; READ], waker })
    }

    /// Wakes this loop from another thread.
    pub(crate) fn waker(&self) -> Arc<Waker> {
        self.waker.clone()
    }

    /// Takes a session on. They are counted from 0.
    pub(crate) fn add(&mut self, mut socket: Socket) -> Result<usize> {
        let index = self.sessions.len();
        self.poll
            .registry()
            .register(&mut socket.stream, Token(index), Interest::READABLE | Interest::WRITABLE)
            .tried("cannot poll")?;
        self.sessions.push(socket);
        Ok(index)
    }

    /// The session with this number.
    pub(crate) fn session(&mut self, index: usize) -> &mut Socket {
        &mut self.sessions[index]
    }

    /// Waits until something arrives or the time is over, takes everything in and sends what that caused.
    ///
    /// # Errors
    /// A connection is gone, or what came is wrong.
    pub(crate) fn turn(&mut self, timeout: Option<Duration>, taker: &mut impl Take) -> Result<()> {
        match self.poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other.tried("cannot poll")?,
        }
        for event in &self.events {
            let index = event.token().0;
            let Some(socket) = self.sessions.get_mut(index) else { continue };
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                socket.read(index, &mut self.buffer, taker)?;
            }
            if !socket.out.is_empty() {
                socket.flush()?;
            }
        }
        Ok(())
    }
}
