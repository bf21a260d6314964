//! WebSocket: from the octets of a client to its messages, and from messages to octets.

#![allow(clippy::expect_used, reason = "what is read and written here is well-formed")]

use super::{
    repeat,
    stage::{frame, payload, publish},
};
use bytes::Bytes;
use std::{
    hint::black_box,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, Waker},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use wamplex_router::Framed;
use wamplex_shared::{
    codec::{self, Pieces},
    id::{PublicationId, SubscriptionId},
    message::EventDetails,
    serializer::Serializer,
};

/// How many messages arrive at once, and leave at once.
const BATCH: usize = 16;

/// The longest message.
const LIMIT: usize = 1 << 20;

/// The most messages that a connection takes at once.
const MOST: usize = 64;

/// Masked frames of 16 short PUBLISH messages, read at once.
pub(super) fn read(times: u64, serializer: Serializer) {
    let message = frame(serializer, &publish(payload(serializer, 128), false));
    read_all(times, serializer, &masked(serializer, &message).repeat(BATCH), BATCH);
}

/// The masked frame of one PUBLISH, read as it comes.
pub(super) fn read_large(times: u64, serializer: Serializer) {
    let message = frame(serializer, &publish(payload(serializer, 64 << 10), false));
    read_all(times, serializer, &masked(serializer, &message), 1);
}

fn read_all(times: u64, serializer: Serializer, octets: &[u8], count: usize) {
    let mut framed = Framed::new(Wire { octets, read: 0, rounds: times }, serializer, LIMIT);
    let (mut messages, mut cx) = (Vec::new(), Context::from_waker(Waker::noop()));
    repeat(times, || {
        messages.clear();
        let has_more = framed.receive(&mut cx, &mut messages, MOST);
        assert!(has_more == Some(false) && messages.len() == count, "all of it has come");
        black_box(&messages);
    });
}

/// Frames of 16 short EVENT messages, written at once.
pub(super) fn write(times: u64) {
    write_all(times, 128, BATCH);
}

/// The frame of one EVENT, of which the arguments are not copied.
pub(super) fn write_large(times: u64) {
    write_all(times, 64 << 10, 1);
}

fn write_all(times: u64, length: usize, count: usize) {
    let serializer = Serializer::MsgPack;
    let payload = payload(serializer, length);
    let subscription = SubscriptionId::new(5_512_315_355).expect("it is in range");
    let publication = PublicationId::new(4_429_313_566_123).expect("it is in range");
    let details = EventDetails::default();
    let head = codec::event_head(serializer, subscription, publication, &details, &payload);
    let wire = Wire { octets: &[], read: 0, rounds: 0 };
    let mut framed = Framed::new(wire, serializer, LIMIT);
    let mut cx = Context::from_waker(Waker::noop());
    repeat(times, || {
        let messages = std::iter::repeat_n(Pieces::new(black_box(&head), &payload), count);
        framed.poll_send(&mut cx, messages)
    });
}

/// A frame as a client sends it.
fn masked(serializer: Serializer, message: &Bytes) -> Vec<u8> {
    const MASK: [u8; 4] = [0x1d, 0xe3, 0x57, 0xa9];
    let mut frame = vec![if serializer.is_text() { 0x81 } else { 0x82 }];
    match message.len() {
        short @ 0..=125 => frame.push(0x80 | short as u8),
        long @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((long as u16).to_be_bytes());
        }
        longer => {
            frame.push(0x80 | 127);
            frame.extend((longer as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(message.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A socket on which the same octets arrive so many times, each time with a pause behind them, and that takes everything.
struct Wire<'a> {
    octets: &'a [u8],
    /// How many of them have been read this time.
    read: usize,
    rounds: u64,
}

impl AsyncRead for Wire<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let octets = self.octets;
        let left = octets.get(self.read..).filter(|left| !left.is_empty() && self.rounds > 0);
        let Some(left) = left else {
            self.rounds = self.rounds.saturating_sub(1);
            self.read = 0;
            return Poll::Pending;
        };
        let count = left.len().min(buffer.remaining());
        buffer.put_slice(&left[..count]);
        self.read += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire<'_> {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(black_box(octets).len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(black_box(slices).iter().map(|slice| slice.len()).sum()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
