//! What leaves the router, as tungstenite reads it.

use super::*;
use std::ops::Range;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{Role, WebSocketContext},
};
use wamplex_shared::codec::Pieces;

/// The data messages that a client hears.
fn heard(wire: Vec<u8>) -> Vec<Message> {
    let mut context = WebSocketContext::new(Role::Client, None);
    let mut stream = io::Cursor::new(wire);
    let mut messages = Vec::new();
    while let Ok(message) = context.read(&mut stream) {
        messages.push(message);
    }
    messages
}

#[test]
fn messages_of_any_length_are_heard_in_order() {
    for (agreed, is_text) in [(BINARY, false), (TEXT, true)] {
        let mut transport = WebSocket::new(Wire::new([]), &[], agreed, 100);
        let lengths = [0, 1, 125, 126, COPIED - 1, COPIED, 65535, 65536, 1 << 20, 3];
        for length in lengths {
            let message = vec![b'a'; length].into();
            transport.feed(&mut context(), Pieces::whole(&message)).unwrap();
        }
        assert!(transport.buffered() > lengths.iter().sum());
        assert!(transport.poll_flush(&mut context()).is_ready());
        assert_eq!(transport.buffered(), 0);
        assert_eq!(transport.socket.writes, 1);
        let messages = heard(transport.socket.written);
        assert_eq!(messages.iter().map(Message::len).collect::<Vec<_>>(), lengths);
        assert!(messages.iter().all(|message| message.is_text() == is_text));
    }
}

#[test]
fn batches_are_heard_in_order_and_long_messages_are_alone() {
    for serializer in Serializer::ALL {
        let agreed = Subprotocol { serializer, batched: true };
        let mut transport = WebSocket::new(Wire::new([]), &[], agreed, 100);
        let lengths = [1, 2, COPIED - 1, COPIED, 5, 1 << 20, 70];
        for length in lengths {
            let message = vec![b'1'; length].into();
            transport.feed(&mut context(), Pieces::whole(&message)).unwrap();
        }
        assert!(transport.poll_flush(&mut context()).is_ready());
        assert_eq!(transport.buffered(), 0);
        let batches = heard(transport.socket.written);
        assert_eq!(batches.len(), 5);
        let messages = batches.into_iter().flat_map(|b| batch::split(serializer, b.into_data()));
        assert_eq!(messages.map(|m| m.unwrap().len()).collect::<Vec<_>>(), lengths);
    }
}

#[test]
fn what_comes_framed_for_a_batch_is_heard_in_its_place_and_not_copied_when_it_is_long() {
    for serializer in Serializer::ALL {
        let agreed = Subprotocol { serializer, batched: true };
        let mut transport = WebSocket::new(Wire::new([]), &[], agreed, 100);
        assert_eq!(transport.frame_format(), Some(FrameFormat::Batch));
        let message = |at: usize| at.to_string().into_bytes();
        let mut batch = |numbers: Range<usize>| {
            let mut batch = bytes::BytesMut::new();
            numbers.for_each(|at| batch::append(serializer, &message(at), &mut batch));
            transport.feed_framed(&batch.freeze()).unwrap();
            transport.feed(&mut context(), Pieces::whole(&message(0).into())).unwrap();
        };
        batch(1..3);
        batch(3..2000);
        batch(2000..2001);
        assert!(transport.poll_flush(&mut context()).is_ready());
        assert_eq!(transport.buffered(), 0);
        let batches = heard(transport.socket.written);
        assert_eq!(batches.len(), 3);
        let messages = batches.into_iter().flat_map(|b| batch::split(serializer, b.into_data()));
        let expected = (1..3).chain([0]).chain(3..2000).chain([0, 2000, 0]).map(message);
        assert!(messages.map(|m| m.unwrap().to_vec()).eq(expected));
    }
}

#[test]
fn a_large_batch_that_came_does_not_live_as_long_as_its_messages() {
    for serializer in Serializer::ALL {
        let mut batch = bytes::BytesMut::new();
        for _ in 0..10_000 {
            batch::append(serializer, b"[1]", &mut batch);
        }
        let first = FINAL | if serializer.is_text() { A_TEXT } else { A_BINARY };
        let agreed = Subprotocol { serializer, batched: true };
        let mut transport = WebSocket::new(Wire::new([frame(first, &batch)]), &[], agreed, 1 << 20);
        let mut messages = Vec::new();
        while messages.len() < 10_000 {
            if let Poll::Ready(message) = transport.poll_receive(&mut context()) {
                messages.push(message.unwrap());
            }
        }
        assert!(messages.iter().all(|message| message == "[1]"));
        let first = messages[0].as_ptr() as usize;
        let near = messages.iter().filter(|m| (m.as_ptr() as usize).abs_diff(first) <= 4096);
        assert!(near.count() < 5000);
    }
}
