//! What the transport does with what clients send.

mod memory;
mod oracle;
mod rules;
mod writing;

use super::*;
use crate::transport::wire::Wire;
use futures_util::task::noop_waker_ref;

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
