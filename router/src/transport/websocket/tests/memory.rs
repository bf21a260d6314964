//! What a connection holds.

use super::{
    super::super::{incoming::PEEK, workspace::SCRATCH},
    *,
};

#[test]
fn messages_of_any_length_arrive_and_leave_no_buffer_behind() {
    let lengths =
        [0, 1, 125, 126, 4096, SCRATCH - 14, SCRATCH, SCRATCH + 1, 3 * SCRATCH + 1, 1 << 20];
    for length in lengths {
        for parts in [1, 3, 100_000] {
            let content = noise(length);
            let wire = [
                frame(FINAL | A_BINARY, &content),
                frame(FINAL | A_BINARY, b"[]"),
                frame(A_BINARY, &content),
                frame(FINAL, &content),
            ];
            let wire = wire.concat();
            let parts = wire.chunks(wire.len().div_ceil(parts)).map(<[u8]>::to_vec);
            let mut transport = connected(parts, 2 << 20);
            let (received, _) = drain(&mut transport);
            assert_eq!(received[0].1, content);
            assert_eq!(received[1].1, "[]");
            assert_eq!(received[2].1, content.repeat(2));
            assert_eq!(transport.incoming.held(), 0, "{length}");
        }
    }
}

#[test]
fn an_idle_connection_holds_nothing_but_itself() {
    let wire = frame(FINAL | A_BINARY, &noise(100)).repeat(1000);
    let mut transport = connected([wire], 1 << 20);
    transport.socket.stays = true;
    for _ in 0..1000 {
        while transport.poll_data(&mut context()).is_pending() {}
        transport.write(Kind::Binary, &noise(100).into()).unwrap();
    }
    assert!(transport.poll_data(&mut context()).is_pending());
    assert!(transport.poll_flush(&mut context()).is_ready());
    assert_eq!((transport.incoming.held(), transport.outgoing.held()), (0, 0));
    assert!(
        size_of::<WebSocket<tokio::net::TcpStream>>() <= 320,
        "{}",
        size_of::<WebSocket<tokio::net::TcpStream>>()
    );
}

#[test]
fn a_length_alone_reserves_nothing() {
    for first in [FINAL | A_BINARY, A_TEXT] {
        let mut head = frame(first, &vec![b'a'; 16 << 20]);
        head.truncate(20);
        let mut transport = connected([head], 16 << 20);
        transport.socket.stays = true;
        for _ in 0..4 {
            assert!(transport.poll_data(&mut context()).is_pending());
        }
        assert!(transport.incoming.held() < 64, "{}", transport.incoming.held());
    }
}

#[test]
fn there_is_room_for_a_long_message_once_much_of_it_has_come_and_never_for_more_than_it() {
    let wire = frame(FINAL | A_BINARY, &noise(1 << 20));
    for part in [1000, 10_000, 100_000] {
        let mut transport = connected(wire.chunks(part).map(<[u8]>::to_vec), 1 << 20);
        while transport.poll_data(&mut context()).is_pending() {
            let (held, come) = (transport.incoming.held(), transport.incoming.read() as usize);
            let ahead = if come < PEEK / 2 { 3 } else { 17 };
            assert!(held <= (ahead * come).min(1 << 20), "{held} for {come}");
        }
    }
}

#[test]
fn short_messages_do_not_keep_what_came_with_them() {
    let wire = frame(FINAL | A_BINARY, &noise(8)).repeat(4000);
    let mut transport = connected([wire], 1 << 20);
    let (received, _) = drain(&mut transport);
    // 4,000 times 8 bytes in blocks of 4 KiB: the first is gone before the last is begun, if nobody keeps it.
    let first = received[0].1.as_ptr() as usize;
    let shares =
        received.iter().filter(|(_, bytes)| (bytes.as_ptr() as usize).abs_diff(first) < 4096);
    assert!(shares.count() <= 1024, "blocks are small");
}

#[test]
fn a_message_in_short_pieces_is_not_moved_for_each_of_them() {
    let mut wire = frame(A_BINARY, &noise(10));
    for _ in 0..20_000 {
        wire.extend(frame(0, &noise(10)));
    }
    let mut transport = connected(wire.chunks(100).map(<[u8]>::to_vec), 1 << 20);
    let mut rooms = std::collections::BTreeSet::new();
    for _ in 0..wire.len() / 100 {
        assert!(transport.poll_data(&mut context()).is_pending());
        let room = transport.incoming.held();
        assert!(room <= 4 * transport.incoming.read() as usize + 200, "{room}");
        rooms.insert(room / 256);
    }
    assert!(rooms.len() < 60, "{} times", rooms.len());
}

#[test]
fn a_message_in_long_pieces_is_not_moved_for_each_of_them() {
    // Each head by itself, so that nothing of its piece has come when room is made for it.
    let piece = frame(0, &noise(16 << 10));
    let (head, payload) = piece.split_at(8);
    let first = [frame(A_BINARY, &noise(8 << 10))];
    let parts = first.into_iter().chain((0..256).flat_map(|_| [head.to_vec(), payload.to_vec()]));
    let mut transport = connected(parts, 8 << 20);
    let mut rooms = std::collections::BTreeSet::new();
    while transport.incoming.read() < 4 << 20 {
        assert!(transport.poll_data(&mut context()).is_pending());
        rooms.insert(transport.incoming.held());
    }
    assert!(rooms.len() < 30, "{} times", rooms.len());
}

#[test]
fn a_message_does_not_keep_a_batch_alive_that_is_much_longer() {
    for (others, shares) in [(0, true), (1000, false)] {
        let message = format!("[\"{}\"]\x1e", "x".repeat(8 << 10));
        let batch = [message, "[]\x1e".repeat(8 * others)].concat();
        let mut batches = Batches::new(Serializer::Json);
        let batch = Bytes::from(batch);
        batches.open(batch.clone());
        let first = batches.next().unwrap().unwrap();
        while batches.next().is_some() {}
        assert_eq!(batch.is_unique(), !shares, "{others}");
        assert_eq!(first.len(), (8 << 10) + 4);
    }
}
