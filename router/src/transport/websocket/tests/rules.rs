//! The rules of RFC 6455, and what breaks them.

use super::*;

/// What the router has said: first bytes and payloads of its frames.
fn said(transport: &WebSocket<Wire>) -> Vec<(u8, Vec<u8>)> {
    let mut rest = &transport.socket.written[..];
    let mut frames = Vec::new();
    while let [first, length, payload @ ..] = rest {
        let (length, payload) = match length {
            126 => (usize::from(u16::from_be_bytes([payload[0], payload[1]])), &payload[2..]),
            length => (usize::from(*length), payload),
        };
        frames.push((*first, payload[..length].to_vec()));
        rest = &payload[length..];
    }
    frames
}

fn close(transport: &mut WebSocket<Wire>) {
    while transport.poll_close(&mut context(), Close::Normal).is_pending() {}
}

#[test]
fn control_frames_may_come_between_fragments() {
    let wire = [
        frame(A_TEXT, b"a"),
        frame(FINAL | A_PING, b"1"),
        frame(CONTINUATION, b""),
        frame(FINAL | A_PONG, b"2"),
        frame(FINAL | A_PING, b""),
        frame(FINAL | CONTINUATION, b"b"),
    ];
    let mut transport = connected([wire.concat()], 100);
    let (messages, _) = drain(&mut transport);
    assert_eq!(messages, [(Kind::Text, Bytes::from("ab"))]);
    assert_eq!(said(&transport), [(FINAL | A_PONG, b"1".to_vec()), (FINAL | A_PONG, vec![])]);
}

#[test]
fn invalid_text_is_refused_with_its_first_wrong_byte() {
    let valid = "κόσμε".as_bytes();
    for (wrong, seen) in
        [(&b"\xf4\x90\x80\x80"[..], 2), (b"\xc0\x80", 1), (b"\xed\xa0\x80", 2), (b"\xff", 1)]
    {
        let payload = [valid, wrong, b"edited"].concat();
        for first in [FINAL | A_TEXT, A_TEXT] {
            let mut wire = frame(first, &payload);
            let end = wire.len() - payload.len() + valid.len() + seen;
            wire.truncate(end);
            let mut transport = connected(wire.chunks(1).map(<[u8]>::to_vec), 100);
            transport.socket.stays = true;
            let lost = loop {
                if let Poll::Ready(result) = transport.poll_data(&mut context()) {
                    break result.unwrap_err();
                }
                assert!(
                    !transport.socket.parts.is_empty() || transport.socket.paused,
                    "{wrong:?} is not seen"
                );
            };
            assert!(matches!(lost, Lost::Malformed { close: Close::InvalidText, .. }), "{lost:?}");
            assert!(transport.socket.parts.is_empty(), "{wrong:?} is seen too early");
        }
    }
}

#[test]
fn limits_hold_for_frames_and_messages_and_can_change() {
    let long = |lost: &Lost, expected: usize| matches!(lost, Lost::TooLong { length, limit: 100 } if *length == expected);
    let (messages, lost) = drain(&mut connected([frame(FINAL | A_BINARY, &[7; 101])], 100));
    assert!(messages.is_empty() && long(&lost, 101), "{lost:?}");
    let parts = [
        frame(A_BINARY, &[7; 60]),
        frame(FINAL, &[7; 40]),
        frame(A_BINARY, &[7; 60]),
        frame(0, &[7; 41]),
    ];
    let (messages, lost) = drain(&mut connected([parts.concat()], 100));
    assert!(messages.len() == 1 && long(&lost, 101), "{lost:?}");
    // The header is enough to see it.
    let mut head = frame(FINAL | A_BINARY, &vec![0; 1 << 17]);
    head.truncate(14);
    let (_, lost) = drain(&mut connected([head], 100));
    assert!(long(&lost, 1 << 17), "{lost:?}");

    let wire = [
        frame(FINAL | A_BINARY, &[1; 50]),
        frame(FINAL | A_BINARY, &[2; 150]),
        frame(FINAL | A_BINARY, &[3; 101]),
    ];
    let mut transport = connected([wire.concat()], 50);
    for limit in [1000, 100] {
        while transport.poll_data(&mut context()).is_pending() {}
        transport.set_limit(limit);
    }
    let (_, lost) = drain(&mut transport);
    assert!(long(&lost, 101), "{lost:?}");
}

#[test]
fn a_close_frame_is_answered_once_with_its_code_and_nothing_follows() {
    let cases: [(&[u8], &[u8]); 4] = [
        (b"", b""),
        (b"\x03\xe8", b"\x03\xe8"),
        (b"\x0f\xa0bye", b"\x0f\xa0"),
        (b"\x03\xed", b"\x03\xea"),
    ];
    for (heard, answer) in cases {
        let wire = [frame(FINAL | A_CLOSE, heard), frame(FINAL | A_BINARY, b"late")];
        let mut transport = connected([wire.concat()], 100);
        let (messages, lost) = drain(&mut transport);
        assert!(messages.is_empty() && matches!(lost, Lost::Closed), "{lost:?}");
        close(&mut transport);
        assert!(transport.write(Kind::Binary, &Bytes::new()).is_err());
        close(&mut transport);
        assert_eq!(said(&transport), [(FINAL | A_CLOSE, answer.to_vec())], "{heard:?}");
    }
}

#[test]
fn the_router_says_why_it_closes() {
    let all = [
        Close::Normal,
        Close::GoingAway,
        Close::ProtocolError,
        Close::InvalidText,
        Close::Policy,
        Close::TooLong,
        Close::InternalError,
    ];
    for why in all {
        let mut transport = connected([], 100);
        while transport.poll_close(&mut context(), why).is_pending() {}
        let (first, payload) = said(&transport).remove(0);
        assert_eq!((first, &payload[..2]), (FINAL | A_CLOSE, &why.code().to_be_bytes()[..]));
        assert_eq!(&payload[2..], why.reason().as_bytes());
        assert!(frame::is_close_code(why.code()) && payload.len() <= frame::CONTROL);
    }
}

#[test]
fn a_client_that_asks_and_does_not_listen_is_not_listened_to() {
    let wire = frame(FINAL | A_PING, &[7; 125]).repeat(10_000);
    let mut transport = connected([wire], 100);
    transport.socket.room = 0;
    for _ in 0..100 {
        assert!(transport.poll_data(&mut context()).is_pending());
    }
    let waiting = transport.buffered();
    assert!((WAITING..WAITING + 200).contains(&waiting), "{waiting}");
    transport.socket.room = usize::MAX;
    drain(&mut transport);
    assert_eq!(said(&transport).len(), 10_000);
}

#[test]
fn behind_what_breaks_the_rules_nothing_is_read() {
    let wire =
        [frame(FINAL | A_BINARY, b"a"), frame(FINAL | 3, b""), frame(FINAL | A_BINARY, b"b")];
    let mut transport = connected([wire.concat()], 100);
    let (messages, lost) = drain(&mut transport);
    assert_eq!(messages.len(), 1);
    assert!(matches!(lost, Lost::Malformed { close: Close::ProtocolError, .. }), "{lost:?}");
    let (messages, lost) = drain(&mut transport);
    assert!(messages.is_empty() && matches!(lost, Lost::Closed), "{lost:?}");
}

#[test]
fn what_came_with_the_upgrade_is_read_first() {
    let mut first = frame(FINAL | A_BINARY, b"one");
    let second = first.split_off(4);
    let mut transport = WebSocket::new(Wire::new([second]), &first, BINARY, 100);
    assert_eq!(drain(&mut transport).0, [(Kind::Binary, Bytes::from("one"))]);
}

#[test]
fn batches_of_messages_end_where_they_should() {
    let message = |at: u8| frame(FINAL | A_BINARY, &[at]);
    let mut wire = message(0);
    for at in 1..10 {
        wire.extend(frame(FINAL | A_PING, &[at]));
        wire.extend(message(at));
    }
    wire.extend(frame(FINAL | A_TEXT, b"text"));
    for parts in [1, 7, wire.len()] {
        let parts = wire.chunks(wire.len().div_ceil(parts)).map(<[u8]>::to_vec);
        let mut transport = connected(parts, 100);
        let mut messages = Vec::new();
        for most in [4, 4, 5, 9, 100] {
            let lost = loop {
                match transport.poll_receive_batch(&mut context(), &mut messages, most) {
                    Poll::Ready(Ok(())) => break None,
                    Poll::Ready(Err(lost)) => break Some(lost),
                    Poll::Pending => {}
                }
            };
            assert_eq!(messages.len(), most.min(10));
            assert_eq!(lost.is_some(), most == 100);
            assert!(matches!(lost, None | Some(Lost::Violation(_))), "{lost:?}");
        }
        let expected: Vec<Vec<u8>> = (0..10).map(|at| vec![at]).collect();
        assert_eq!(messages, expected);
        assert!(transport.poll_flush(&mut context()).is_ready());
        assert_eq!(said(&transport).len(), 9);
    }
}

#[test]
fn long_messages_do_not_wait_for_each_other() {
    let wire = frame(FINAL | A_BINARY, &noise(50_000)).repeat(10);
    let mut transport = connected([wire], 1 << 20);
    transport.socket.eager = true;
    for _ in 0..3 {
        let mut messages = Vec::new();
        let polled = transport.poll_receive_batch(&mut context(), &mut messages, 64);
        assert!(matches!(polled, Poll::Ready(Ok(()))) && messages.len() == 3);
    }
}
