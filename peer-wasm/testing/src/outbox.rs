//! What waits to be sent, to all sockets in one queue.

use crate::socket::{Frame, Handle, SocketId};
use bytes::BytesMut;
use std::{collections::VecDeque, mem};
use wamplex_realm::{Outbound, Sink};
use wamplex_shared::message::{Goodbye, Message};

/// What happens at the client's end of a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transmit {
    /// A frame arrives.
    Frame(Frame),
    /// The router closes the socket with this code of WebSocket.
    Close(u16),
}

/// Everything that waits, in the order in which it came up.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    queue: VecDeque<(Handle, Item)>,
    /// Whom a realm has said GOODBYE, and nobody has seen to yet.
    dismissed: Vec<(SocketId, Goodbye)>,
}

#[derive(Debug)]
enum Item {
    Message(Outbound),
    Close(u16),
}

/// A message could not be written.
const INTERNAL_ERROR: u16 = 1011;

impl Sink<Handle> for Outbox {
    fn deliver(&mut self, to: &Handle, message: Outbound) {
        if let Outbound::Message(message) = &message
            && let Message::Goodbye(goodbye) = &**message
        {
            self.dismissed.push((to.socket, goodbye.clone()));
        } else {
            self.queue.push_back((*to, Item::Message(message)));
        }
    }
}

impl Outbox {
    /// Puts a message of the session itself behind the others.
    pub(crate) fn push(&mut self, to: Handle, message: Message) {
        self.queue.push_back((to, Item::Message(Outbound::from(message))));
    }

    /// Closes a socket behind what was said on it.
    pub(crate) fn close(&mut self, to: Handle, code: u16) {
        self.queue.push_back((to, Item::Close(code)));
    }

    /// Whom a realm has said GOODBYE.
    pub(crate) fn take_dismissed(&mut self) -> Vec<(SocketId, Goodbye)> {
        mem::take(&mut self.dismissed)
    }

    /// The next thing to send. What follows for the same socket shares its frame, where frames may be shared.
    pub(crate) fn poll(&mut self) -> Option<(SocketId, Transmit)> {
        let (to, item) = self.queue.pop_front()?;
        let message = match item {
            Item::Message(message) => message,
            Item::Close(code) => return Some((to.socket, Transmit::Close(code))),
        };
        let mut frame = BytesMut::new();
        let mut next = Some(message);
        while let Some(message) = next {
            let Ok(bytes) = message.encode(to.wire.serializer) else {
                return Some((to.socket, Transmit::Close(INTERNAL_ERROR)));
            };
            to.wire.pack(&bytes, &mut frame);
            next = if to.wire.batched { self.next_for(to.socket) } else { None };
        }
        Some((to.socket, Transmit::Frame(to.wire.frame(frame.freeze()))))
    }

    fn next_for(&mut self, socket: SocketId) -> Option<Outbound> {
        let (to, item) = self.queue.front()?;
        if to.socket != socket || matches!(item, Item::Close(_)) {
            return None;
        }
        match self.queue.pop_front()?.1 {
            Item::Message(message) => Some(message),
            Item::Close(_) => None,
        }
    }
}
