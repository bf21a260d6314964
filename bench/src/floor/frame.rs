//! WebSocket frames, as short as both ends allow: a client sends whole masked binary frames, the server plain ones.

use crate::wire::mask;
use bytes::{Buf, BytesMut};

/// The longest header a server writes.
pub(super) const LONGEST_HEADER: usize = 10;

/// What is at the front of a read buffer.
pub(super) enum Front {
    /// A whole frame, unmasked.
    Frame(BytesMut),
    /// Part of a frame, which is so many bytes long, as far as that is known.
    Part(usize),
    /// Something that is no binary frame: the client goes, or is none that this server is for.
    Other,
}

/// Takes a frame out of a read buffer.
pub(super) fn take(buffer: &mut BytesMut) -> Front {
    let [first, second, rest @ ..] = &buffer[..] else { return Front::Part(2) };
    if *first != 0x82 || second & 0x80 == 0 {
        return Front::Other;
    }
    let width = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let header = 2 + width + 4;
    let Some(extended) = rest.get(..width) else { return Front::Part(header) };
    let length = match width {
        0 => usize::from(second & 0x7f),
        _ => extended.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
    };
    let (Some(key), true) = (
        rest.get(width..width + 4).and_then(|key| <[u8; 4]>::try_from(key).ok()),
        buffer.len() >= header + length,
    ) else {
        return Front::Part(header + length);
    };
    buffer.advance(header);
    let mut frame = buffer.split_to(length);
    mask(&mut frame, key);
    Front::Frame(frame)
}

/// The header of a frame with so many bytes, and how long it is.
pub(super) fn header(length: usize) -> ([u8; LONGEST_HEADER], usize) {
    let mut bytes = [0; LONGEST_HEADER];
    bytes[0] = 0x82;
    match length {
        0..=125 => {
            bytes[1] = length as u8;
            (bytes, 2)
        }
        126..=0xffff => {
            bytes[1] = 126;
            bytes[2..4].copy_from_slice(&(length as u16).to_be_bytes());
            (bytes, 4)
        }
        _ => {
            bytes[1] = 127;
            bytes[2..].copy_from_slice(&(length as u64).to_be_bytes());
            (bytes, 10)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_are_taken_whole() {
        for length in [0, 1, 7, 125, 126, 65_535, 65_536, 100_003] {
            let content: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let mask = [1, 2, 3, 250];
            let (header, header_length) = header(length);
            let mut sent = header[..header_length].to_vec();
            sent[1] |= 0x80;
            sent.extend(mask);
            sent.extend(content.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
            let all = sent.len();
            for cut in [1, 2, 3, 8, all - 1] {
                let mut buffer = BytesMut::from(&sent[..cut.min(all - 1)]);
                assert!(matches!(take(&mut buffer), Front::Part(wanted) if wanted > buffer.len()));
            }
            let mut buffer = BytesMut::from(&[&sent[..], b"next"].concat()[..]);
            assert!(matches!(take(&mut buffer), Front::Frame(frame) if frame == content));
            assert_eq!(&buffer[..], b"next");
        }
    }
}
