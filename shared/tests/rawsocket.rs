//! RawSocket: every handshake there is, and frames however they arrive.

#![allow(clippy::unwrap_used, reason = "this is a test")]

use bytes::BytesMut;
use wamplex_shared::{
    rawsocket::{
        Deframer, Frame, FrameError, FrameKind, HEADER_LENGTH, Handshake, HandshakeError, MAGIC,
        MaxLength, Refusal, header,
    },
    serializer::Serializer,
};

#[test]
fn a_router_understands_every_second_octet_there_is() {
    for octet in 0..=u8::MAX {
        let (bits, number) = (octet >> 4, octet & 0x0f);
        let found = Handshake::from_client([MAGIC, octet, 0, 0]);
        match number {
            1..=3 => {
                let handshake = found.unwrap();
                assert_eq!(handshake.max_length.bytes(), 512 << bits);
                assert_eq!(handshake.serializer, Serializer::ALL[usize::from(number) - 1]);
                assert_eq!(handshake.to_octets(), [MAGIC, octet, 0, 0]);
            }
            _ => {
                let error = found.unwrap_err();
                assert_eq!(error, HandshakeError::Serializer(number));
                assert_eq!(error.reply(), Some([MAGIC, 0x10, 0, 0]));
            }
        }
    }
}

#[test]
fn a_router_refuses_reserved_octets_and_does_not_answer_other_protocols() {
    for octet in 1..=u8::MAX {
        for reserved in [[octet, 0], [0, octet], [octet, octet]] {
            let error =
                Handshake::from_client([MAGIC, 0xf1, reserved[0], reserved[1]]).unwrap_err();
            assert_eq!(error, HandshakeError::Reserved);
            assert_eq!(error.reply(), Some([MAGIC, 0x30, 0, 0]));
        }
    }
    for octet in (0..=u8::MAX).filter(|octet| *octet != MAGIC) {
        let error = Handshake::from_client([octet, 0xf1, 0, 0]).unwrap_err();
        assert_eq!(error, HandshakeError::NotRawSocket(octet));
        assert_eq!(error.reply(), None);
    }
    let error = Handshake::from_client(*b"GET ").unwrap_err();
    assert_eq!(error.to_string(), "this is not RawSocket: the first octet is 0x47");
}

#[test]
fn a_client_understands_every_second_octet_there_is() {
    for serializer in Serializer::ALL {
        for octet in 0..=u8::MAX {
            let (high, number) = (octet >> 4, octet & 0x0f);
            let found = Handshake::from_router([MAGIC, octet, 0, 0], serializer);
            let wanted = match (high, number) {
                (0, 0) => Err(Refusal::NotRawSocket),
                (1, 0) => Err(Refusal::SerializerUnsupported),
                (2, 0) => Err(Refusal::MaxLengthUnacceptable),
                (3, 0) => Err(Refusal::ReservedBits),
                (4, 0) => Err(Refusal::TooManyConnections),
                (reason, 0) => Err(Refusal::Unknown(reason)),
                (bits, number) if number == serializer.rawsocket_id() => {
                    Ok(Handshake { max_length: MaxLength::from_bits(bits).unwrap(), serializer })
                }
                _ => Err(Refusal::OtherSerializer),
            };
            assert_eq!(found, wanted, "{octet:#04x}");
            if let (Err(refusal), 1..=15, 0) = (wanted, high, number) {
                assert_eq!(refusal.to_octets(), [MAGIC, octet, 0, 0], "as a router sends it");
            }
        }
        for octets in [[0x7e, 0xf1, 0, 0], [MAGIC, 0xf1, 1, 0], [MAGIC, 0xf1, 0, 1], *b"HTTP"] {
            let found = Handshake::from_router(octets, serializer);
            assert_eq!(found, Err(Refusal::NotRawSocket));
        }
    }
}

#[test]
fn limits_are_powers_of_two_from_512_bytes_to_16_mib() {
    assert_eq!((MaxLength::MIN.bytes(), MaxLength::MAX.bytes()), (512, 16 << 20));
    assert_eq!(MaxLength::from_bits(16), None);
    for (bytes, limit) in [
        (0, 512),
        (511, 512),
        (512, 512),
        (1023, 512),
        (1024, 1024),
        (1 << 20, 1 << 20),
        (usize::MAX, 16 << 20),
    ] {
        assert_eq!(MaxLength::at_most(bytes).bytes(), limit, "{bytes}");
    }
}

#[test]
fn every_first_octet_of_a_frame_is_a_kind_or_refused() {
    let deframer = Deframer::new(MaxLength::MAX);
    for octet in 0..=u8::MAX {
        let found = deframer.next(&mut BytesMut::from(&[octet, 0, 0, 0][..]));
        match octet {
            0 => assert_eq!(found.unwrap().unwrap().kind, FrameKind::Message),
            1 => assert_eq!(found.unwrap().unwrap().kind, FrameKind::Ping),
            2 => assert_eq!(found.unwrap().unwrap().kind, FrameKind::Pong),
            // 16 MiB to come.
            8..=10 => assert_eq!(found, Ok(None)),
            3..=7 | 11..=15 => assert_eq!(found, Err(FrameError::ReservedKind(octet & 7))),
            16.. => assert_eq!(found, Err(FrameError::ReservedBits)),
        }
    }
}

#[test]
fn frames_come_out_whole_however_they_arrive() {
    let limit = MaxLength::from_bits(3).unwrap();
    let deframer = Deframer::new(limit);
    let contents: Vec<(FrameKind, Vec<u8>)> = vec![
        (FrameKind::Message, b"[1,\"realm1\",{}]".to_vec()),
        (FrameKind::Ping, vec![]),
        (FrameKind::Message, vec![]),
        (FrameKind::Pong, vec![7; 300]),
        (FrameKind::Message, (0..=255).collect()),
    ];
    let mut wire = Vec::new();
    for (kind, content) in &contents {
        wire.extend(header(*kind, content.len(), limit).unwrap());
        wire.extend(content);
    }
    for cut in 0..=wire.len() {
        let (mut received, mut frames) = (BytesMut::new(), Vec::new());
        for part in [&wire[..cut], &wire[cut..]] {
            received.extend_from_slice(part);
            while let Some(Frame { kind, content }) = deframer.next(&mut received).unwrap() {
                frames.push((kind, content.to_vec()));
            }
            assert!(received.is_empty() || deframer.needed(&received).unwrap() > received.len());
        }
        assert_eq!(frames, contents, "cut at {cut}");
        assert!(received.is_empty());
    }
    let (mut received, mut frames) = (BytesMut::new(), 0);
    for byte in &wire {
        received.extend_from_slice(&[*byte]);
        frames += usize::from(deframer.next(&mut received).unwrap().is_some());
    }
    assert_eq!(frames, contents.len(), "byte by byte");
}

#[test]
fn a_frame_of_exactly_16_mib_has_a_bit_of_its_own() {
    let length = MaxLength::MAX.bytes();
    let head = header(FrameKind::Message, length, MaxLength::MAX).unwrap();
    assert_eq!(head, [0x08, 0, 0, 0]);
    assert_eq!(header(FrameKind::Ping, length, MaxLength::MAX).unwrap(), [0x09, 0, 0, 0]);
    assert_eq!(
        header(FrameKind::Message, length - 1, MaxLength::MAX).unwrap(),
        [0, 0xff, 0xff, 0xff]
    );

    let deframer = Deframer::new(MaxLength::MAX);
    let mut received = BytesMut::from(&head[..]);
    assert_eq!(deframer.needed(&received), Ok(HEADER_LENGTH + length));
    received.resize(HEADER_LENGTH + length - 1, 1);
    assert_eq!(deframer.next(&mut received), Ok(None));
    received.extend_from_slice(&[1, 0xaa]);
    assert_eq!(deframer.next(&mut received).unwrap().unwrap().content.len(), length);
    assert_eq!(received, [0xaa][..]);

    for low in [[0, 0, 1], [1, 0, 0], [0xff, 0xff, 0xff]] {
        let head = [0x08, low[0], low[1], low[2]];
        let found = deframer.next(&mut BytesMut::from(&head[..]));
        assert_eq!(found, Err(FrameError::LengthOverflow));
    }
}

#[test]
fn the_limit_holds_in_both_directions_and_is_known_from_the_header_alone() {
    for bits in 0..=15 {
        let limit = MaxLength::from_bits(bits).unwrap();
        let deframer = Deframer::new(limit);
        let length = limit.bytes();
        assert!(header(FrameKind::Message, length, limit).is_ok());
        for kind in [FrameKind::Message, FrameKind::Ping, FrameKind::Pong] {
            let too_long = FrameError::TooLong { length: length + 1, limit: length };
            assert_eq!(header(kind, length + 1, limit), Err(too_long));
            // What another side that has a larger limit would write.
            if bits < 15 {
                let head = header(kind, length + 1, MaxLength::MAX).unwrap();
                let found = deframer.next(&mut BytesMut::from(&head[..]));
                assert_eq!(found, Err(too_long));
                assert_eq!(deframer.needed(&head), Err(too_long));
            }
        }
    }
    assert_eq!(Deframer::new(MaxLength::MIN).needed(&[0, 0]), Ok(HEADER_LENGTH));
}
