//! What the transport does with what clients send.

mod memory;
mod oracle;
mod rules;
mod writing;

use super::*;
use futures_util::task::noop_waker_ref;
use std::{collections::VecDeque, io::IoSlice};
use tokio::io::ReadBuf;

/// A socket on which these parts arrive one after another, and then the end. It takes as much as there is room for.
#[derive(Debug)]
struct Wire {
    parts: VecDeque<Vec<u8>>,
    paused: bool,
    /// Whether there is no pause before each part.
    eager: bool,
    room: usize,
    written: Vec<u8>,
    /// How many writes there were.
    writes: usize,
    /// Whether the connection stays open behind the parts.
    stays: bool,
}

impl Wire {
    fn new(parts: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let parts = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let (written, room) = (Vec::new(), usize::MAX);
        Self { parts, paused: false, eager: false, room, written, writes: 0, stays: false }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.paused = !self.paused && !self.eager;
        if self.paused || (self.parts.is_empty() && self.stays) {
            return Poll::Pending;
        }
        if let Some(part) = self.parts.front_mut() {
            let count = part.len().min(buffer.remaining());
            buffer.put_slice(&part[..count]);
            part.drain(..count);
            if part.is_empty() {
                self.parts.pop_front();
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        let taken = all.len().min(self.room);
        if taken == 0 {
            return Poll::Pending;
        }
        self.room -= taken;
        self.writes += 1;
        self.written.extend_from_slice(&all[..taken]);
        Poll::Ready(Ok(taken))
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

const BINARY: Subprotocol = Subprotocol { serializer: Serializer::MsgPack, batched: false };
const TEXT: Subprotocol = Subprotocol { serializer: Serializer::Json, batched: false };

fn connected(parts: impl IntoIterator<Item = Vec<u8>>, limit: usize) -> WebSocket<Wire> {
    WebSocket::new(Wire::new(parts), &[], BINARY, limit)
}

fn context() -> Context<'static> {
    Context::from_waker(noop_waker_ref())
}

/// Everything that is received, and why there is no more.
fn drain(transport: &mut WebSocket<Wire>) -> (Vec<(Kind, Bytes)>, Lost) {
    let mut messages = Vec::new();
    loop {
        match transport.poll_data(&mut context()) {
            Poll::Ready(Ok(message)) => messages.push(message),
            Poll::Ready(Err(lost)) => return (messages, lost),
            Poll::Pending => {}
        }
    }
}

const FINAL: u8 = 0x80;
const CONTINUATION: u8 = 0;
const A_TEXT: u8 = 1;
const A_BINARY: u8 = 2;
const A_CLOSE: u8 = 8;
const A_PING: u8 = 9;
const A_PONG: u8 = 10;

/// A frame of a client; `first` is its first byte.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..126 => frame.push(0x80 | short as u8),
        medium @ 126..65536 => {
            frame.push(0x80 | 126);
            frame.extend((medium as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend((long as u64).to_be_bytes());
        }
    }
    frame.extend(mask);
    frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// Bytes that look like nothing in particular.
fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 7 + at / 251) as u8).collect()
}

/// Numbers that are the same every time: good enough to vary a test (Numerical Recipes).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}
