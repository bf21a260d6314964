//! Frames (RFC 6455, section 5): what clients put before a payload, and what servers do.

use crate::transport::{Close, Lost};
use wamplex_shared::serializer::Serializer;

/// The longest payload of a control frame.
pub(super) const CONTROL: usize = 125;

/// A length of 126 says that the length follows in two bytes, 127 in eight.
const TWO_BYTES: u8 = 126;
const EIGHT_BYTES: u8 = 127;

/// What a data message is marked as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::transport) enum Kind {
    Text,
    Binary,
}

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Data(Kind),
    Close,
    Ping,
    Pong,
}

/// What a client puts before a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) opcode: Opcode,
    /// Whether it is the last frame of its message.
    pub(super) is_final: bool,
    /// How many bytes the payload has.
    pub(super) length: usize,
    pub(super) mask: Mask,
}

/// What the payload of a client is combined with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Mask(u32);

/// A way to break the rules of frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    /// No extension was agreed on that would have a use for them.
    #[error("reserved bits of a frame are in use")]
    ReservedBits,
    /// There is no frame with this number.
    #[error("frames of the kind {0} are reserved")]
    ReservedOpcode(u8),
    /// Clients have to mask what they send.
    #[error("a frame is not masked")]
    Unmasked,
    /// A control frame is not whole.
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A control frame is too long.
    #[error("a control frame has more than {CONTROL} bytes")]
    LongControl,
    /// There is nothing to continue.
    #[error("a frame continues a message that was not begun")]
    NothingToContinue,
    /// Only one message can be on its way.
    #[error("a message begins before the one before it has ended")]
    Interrupted,
    /// One byte is half a code.
    #[error("a close frame has one byte")]
    HalfACode,
    /// Text is not UTF-8.
    #[error("a text is not UTF-8")]
    NotText,
}

impl Header {
    /// Reads a header from the front of `input`, and says how long it is; `None` if it is not whole.
    ///
    /// # Errors
    /// It breaks the rules, by itself.
    pub(super) fn read(input: &[u8]) -> Result<Option<(Self, usize)>, FrameError> {
        let [first, second, rest @ ..] = input else { return Ok(None) };
        if first & 0x70 != 0 {
            return Err(FrameError::ReservedBits);
        }
        if second & 0x80 == 0 {
            return Err(FrameError::Unmasked);
        }
        let (is_final, short) = (first & 0x80 != 0, second & 0x7f);
        let opcode = Opcode::from_number(first & 0x0f)?;
        if opcode.is_control() {
            if !is_final {
                return Err(FrameError::FragmentedControl);
            }
            if usize::from(short) > CONTROL {
                return Err(FrameError::LongControl);
            }
        }
        let (length, rest) = match short {
            TWO_BYTES => match rest.split_first_chunk() {
                Some((length, rest)) => (usize::from(u16::from_be_bytes(*length)), rest),
                None => return Ok(None),
            },
            EIGHT_BYTES => match rest.split_first_chunk() {
                // What does not fit is above any limit.
                Some((length, rest)) => {
                    (usize::try_from(u64::from_be_bytes(*length)).unwrap_or(usize::MAX), rest)
                }
                None => return Ok(None),
            },
            short => (usize::from(short), rest),
        };
        let Some((mask, rest)) = rest.split_first_chunk() else { return Ok(None) };
        let header = Self { opcode, is_final, length, mask: Mask(u32::from_le_bytes(*mask)) };
        Ok(Some((header, input.len() - rest.len())))
    }
}

impl Kind {
    /// What messages in this serializer are marked as.
    pub(super) const fn of(serializer: Serializer) -> Self {
        if serializer.is_text() { Self::Text } else { Self::Binary }
    }
}

impl Opcode {
    const fn from_number(number: u8) -> Result<Self, FrameError> {
        Ok(match number {
            0 => Self::Continuation,
            1 => Self::Data(Kind::Text),
            2 => Self::Data(Kind::Binary),
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            other => return Err(FrameError::ReservedOpcode(other)),
        })
    }

    const fn number(self) -> u8 {
        match self {
            Self::Continuation => 0,
            Self::Data(Kind::Text) => 1,
            Self::Data(Kind::Binary) => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }

    /// Gives `write` what a server puts before a payload of `length` bytes, a whole message.
    pub(super) fn head<R>(self, length: usize, write: impl FnOnce(&[u8]) -> R) -> R {
        let first = 0x80 | self.number();
        if length <= CONTROL {
            write(&[first, length as u8])
        } else if let Ok(length) = u16::try_from(length) {
            let [high, low] = length.to_be_bytes();
            write(&[first, TWO_BYTES, high, low])
        } else {
            let [a, b, c, d, e, f, g, h] = (length as u64).to_be_bytes();
            write(&[first, EIGHT_BYTES, a, b, c, d, e, f, g, h])
        }
    }
}

impl Mask {
    /// Undoes the masking of `bytes`, and gives the mask of what comes behind them.
    pub(super) fn undo(self, bytes: &mut [u8]) -> Self {
        // Little-endian, so that the first byte is the lowest one in words of any length.
        let wide = u64::from(self.0) << 32 | u64::from(self.0);
        let (words, rest) = bytes.as_chunks_mut();
        for word in words {
            *word = (u64::from_le_bytes(*word) ^ wide).to_le_bytes();
        }
        for (byte, mask) in rest.iter_mut().zip(wide.to_le_bytes()) {
            *byte ^= mask;
        }
        // At most 7 bytes are left over.
        Self(self.0.rotate_right(8 * rest.len() as u32))
    }
}

impl From<FrameError> for Lost {
    fn from(error: FrameError) -> Self {
        let is_text = error == FrameError::NotText;
        let close = if is_text { Close::InvalidText } else { Close::ProtocolError };
        Self::Malformed { how: error.to_string(), close }
    }
}

/// Whether this code may stand in a close frame: those of RFC 6455 that are sent, those registered since, and those for
/// libraries and applications.
pub(super) const fn is_close_code(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_however_short_the_input_is() {
        let mask = [1, 2, 3, 4];
        let of = |head: &[u8]| [head, &mask].concat();
        let cases = [
            (of(&[0x81, 0x80]), Opcode::Data(Kind::Text), true, 0),
            (of(&[0x02, 0x80 | 125]), Opcode::Data(Kind::Binary), false, 125),
            (of(&[0x80, 0x80 | 126, 1, 2]), Opcode::Continuation, true, 0x0102),
            (of(&[0x89, 0xfd]), Opcode::Ping, true, 125),
            (of(&[0x82, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]), Opcode::Data(Kind::Binary), true, 65536),
        ];
        for (bytes, opcode, is_final, length) in cases {
            for cut in 0..bytes.len() {
                assert_eq!(Header::read(&bytes[..cut]), Ok(None), "{bytes:?} cut at {cut}");
            }
            let header = Header { opcode, is_final, length, mask: Mask(u32::from_le_bytes(mask)) };
            let with_more = [&bytes[..], &[9; 3]].concat();
            assert_eq!(Header::read(&with_more), Ok(Some((header, bytes.len()))), "{bytes:?}");
        }
    }

    #[test]
    fn two_bytes_suffice_to_see_that_a_header_breaks_the_rules() {
        let cases = [
            ([0xc1, 0x80], FrameError::ReservedBits),
            ([0xa1, 0x80], FrameError::ReservedBits),
            ([0x91, 0x80], FrameError::ReservedBits),
            ([0x81, 0x05], FrameError::Unmasked),
            ([0x83, 0x80], FrameError::ReservedOpcode(3)),
            ([0x8f, 0x80], FrameError::ReservedOpcode(15)),
            ([0x09, 0x80], FrameError::FragmentedControl),
            ([0x88, 0xfe], FrameError::LongControl),
        ];
        for (bytes, error) in cases {
            assert_eq!(Header::read(&bytes), Err(error), "{bytes:?}");
        }
    }

    #[test]
    fn masks_are_undone_piece_by_piece() {
        let plain: Vec<u8> = (0..100).collect();
        let masks = [0xa1, 0xb2, 0xc3, 0xd4];
        let masked: Vec<u8> = plain.iter().zip(masks.iter().cycle()).map(|(b, m)| b ^ m).collect();
        for first in 0..40 {
            for second in first..60 {
                let mut bytes = masked.clone();
                let mut mask = Mask(u32::from_le_bytes(masks));
                for range in [0..first, first..second, second..100] {
                    mask = mask.undo(&mut bytes[range]);
                }
                assert_eq!(bytes, plain, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn heads_of_a_server_say_the_length_in_as_few_bytes_as_there_can_be() {
        let cases: [(usize, &[u8]); 5] = [
            (0, &[0x82, 0]),
            (125, &[0x82, 125]),
            (126, &[0x82, 126, 0, 126]),
            (65535, &[0x82, 126, 0xff, 0xff]),
            (65536, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ];
        for (length, expected) in cases {
            Opcode::Data(Kind::Binary).head(length, |head| assert_eq!(head, expected));
        }
    }

    #[test]
    fn only_codes_that_may_be_sent_are_close_codes() {
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535] {
            assert!(!is_close_code(code), "{code}");
        }
        for code in [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999] {
            assert!(is_close_code(code), "{code}");
        }
    }
}
