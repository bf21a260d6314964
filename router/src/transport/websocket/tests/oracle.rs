//! Random streams of frames, understood as tungstenite understands them, wherever they are cut.

use super::*;
use std::io::{Cursor, Read, Write};
use tokio_tungstenite::tungstenite::{
    Error, Message,
    error::CapacityError,
    protocol::{Role, WebSocketConfig, WebSocketContext},
};

const LIMIT: usize = 300;

/// Why a stream ends, in the words that both sides have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Closed,
    Reset,
    Malformed,
    NotText,
    TooLong { length: usize, limit: usize },
}

/// A stream that tungstenite can read and answer to.
struct Stream(Cursor<Vec<u8>>);

impl Read for Stream {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        self.0.read(space)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn judged_by_tungstenite(wire: &[u8]) -> (Vec<(Kind, Bytes)>, Verdict) {
    let config =
        WebSocketConfig::default().max_message_size(Some(LIMIT)).max_frame_size(Some(LIMIT));
    let mut context = WebSocketContext::new(Role::Server, Some(config));
    let mut stream = Stream(Cursor::new(wire.to_vec()));
    let mut messages = Vec::new();
    loop {
        match context.read(&mut stream) {
            Ok(Message::Text(text)) => messages.push((Kind::Text, text.into())),
            Ok(Message::Binary(bytes)) => messages.push((Kind::Binary, bytes)),
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => {}
            Ok(Message::Close(_)) => return (messages, Verdict::Closed),
            Err(Error::Utf8(_)) => return (messages, Verdict::NotText),
            Err(Error::Capacity(CapacityError::MessageTooLong { size, max_size })) => {
                return (messages, Verdict::TooLong { length: size, limit: max_size });
            }
            Err(Error::Protocol(error)) if error.to_string().contains("without closing") => {
                return (messages, Verdict::Reset);
            }
            Err(Error::Protocol(_)) => return (messages, Verdict::Malformed),
            Err(error) => panic!("{error}"),
        }
    }
}

fn judged_by_us(parts: &[&[u8]]) -> (Vec<(Kind, Bytes)>, Verdict) {
    let parts = parts.iter().map(|part| part.to_vec());
    let (messages, lost) = drain(&mut connected(parts, LIMIT));
    let verdict = match lost {
        Lost::Closed => Verdict::Closed,
        Lost::Broken(error) if error.kind() == io::ErrorKind::ConnectionReset => Verdict::Reset,
        Lost::Malformed { close: Close::ProtocolError, .. } => Verdict::Malformed,
        Lost::Malformed { close: Close::InvalidText, .. } => Verdict::NotText,
        Lost::TooLong { length, limit } => Verdict::TooLong { length, limit },
        lost @ (Lost::Broken(_) | Lost::Violation(_) | Lost::Malformed { .. }) => {
            panic!("{lost:?}")
        }
    };
    (messages, verdict)
}

/// Some text that is cut anywhere, now and then with something wrong in it.
fn text(random: &mut Random) -> Vec<u8> {
    let mut text = "κόσμε and 日本 and 😀 ".repeat(random.below(4)).into_bytes();
    text.truncate(random.below(text.len() + 1));
    if random.below(4) > 0 {
        text = String::from_utf8_lossy(&text).into_owned().into_bytes();
    }
    text
}

/// A few frames, most of them as they should be.
fn stream(random: &mut Random) -> Vec<u8> {
    let mut wire = Vec::new();
    for _ in 0..=random.below(4) {
        let mut message =
            if random.below(2) == 0 { text(random) } else { noise(random.below(200)) };
        let mut first = if message.first() == Some(&0) { A_BINARY } else { A_TEXT };
        for _ in 0..random.below(3) {
            let rest = message.split_off(random.below(message.len() + 1));
            wire.extend(frame(first, &message));
            (first, message) = (CONTINUATION, rest);
            if random.below(3) == 0 {
                wire.extend(frame(
                    FINAL | [A_PING, A_PONG][random.below(2)],
                    &noise(random.below(126)),
                ));
            }
        }
        wire.extend(frame(FINAL | first, &message));
    }
    match random.below(12) {
        0 => wire.extend(frame(FINAL | A_CLOSE, &[])),
        1 => wire.extend(frame(FINAL | A_CLOSE, &[3, random.below(256) as u8, b'x'])),
        2 => wire.extend(frame(FINAL | A_CLOSE, &[3, 232, 0xff])),
        3 => wire.extend(frame(FINAL | A_CLOSE, &[3])),
        4 => wire.extend(frame(random.below(256) as u8, &noise(random.below(150)))),
        5 => wire.extend(frame(FINAL | A_BINARY, &noise(LIMIT - 1 + random.below(3)))),
        6 => wire.extend([frame(A_BINARY, &noise(200)), frame(FINAL, &noise(150))].concat()),
        7 => wire.extend([FINAL | A_BINARY, 2, b'n', b'o']),
        8 => wire.truncate(random.below(wire.len())),
        9 => {
            let at = random.below(wire.len());
            wire[at] ^= 1 << random.below(8);
        }
        _ => {}
    }
    wire
}

#[test]
fn streams_are_understood_as_by_tungstenite_wherever_they_are_cut() {
    let mut random = Random(1);
    let mut verdicts = [0; 5];
    for number in 0..3000 {
        let wire = stream(&mut random);
        let (messages, verdict) = judged_by_us(&[&wire]);
        // To cut all of them everywhere takes long.
        let cuts = if number % 8 == 0 { 0..wire.len() } else { 0..0 };
        for cut in cuts {
            let (before, after) = wire.split_at(cut);
            let cut_in_two = judged_by_us(&[before, after]);
            assert_eq!(cut_in_two, (messages.clone(), verdict), "{number} cut at {cut}");
        }
        let bytes: Vec<_> = wire.chunks(1).collect();
        assert_eq!(judged_by_us(&bytes), (messages.clone(), verdict), "{number}");
        let (expected, judged) = judged_by_tungstenite(&wire);
        assert_eq!(messages, expected, "{number}: {wire:?}");
        if judged == Verdict::Reset && verdict != Verdict::Reset {
            // The last frame is cut short, and we have seen enough of it.
            continue;
        }
        assert_eq!(verdict, judged, "{number}: {wire:?}");
        verdicts[match judged {
            Verdict::Closed => 0,
            Verdict::Reset => 1,
            Verdict::Malformed => 2,
            Verdict::NotText => 3,
            Verdict::TooLong { .. } => 4,
        }] += 1;
    }
    assert!(verdicts.iter().all(|count| *count > 50), "{verdicts:?}");
}
