//! The end of a payload, which says who sent it and as how manieth.

use crate::error::{BenchError, Result};

/// What a tag begins with, so that it is found where a router has written something behind the arguments.
const MARK: &[u8; 4] = b"~wx~";

/// The shortest payload: one that is a tag only.
pub(crate) const LEAST_PAYLOAD: usize = Tag::LENGTH;

/// Who sent a payload, and as how manieth.
///
/// On the wire it is the mark and twelve characters of four bits each, `@` to `O`: the same bytes in every serializer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    /// The sender.
    pub(crate) sender: u8,
    /// Its payloads are numbered from 0, modulo 2^40.
    pub(crate) number: u64,
}

impl Tag {
    /// How many bytes it takes.
    pub(crate) const LENGTH: usize = 16;

    /// How many of them are digits: the last ones.
    pub(crate) const DIGITS: usize = Self::LENGTH - MARK.len();

    /// Numbers begin again behind this one.
    pub(crate) const LAST_NUMBER: u64 = (1 << 40) - 1;

    /// The tag on the wire.
    pub(crate) fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..4].copy_from_slice(MARK);
        let value = u64::from(self.sender) << 40 | self.number & Self::LAST_NUMBER;
        for (at, byte) in bytes[4..].iter_mut().enumerate() {
            *byte = b'@' | (value >> (44 - 4 * at)) as u8 & 0x0f;
        }
        bytes
    }

    /// The tag of a message: in the place where it was found last, `from_end` bytes before the end, or else anywhere.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn find(message: &[u8], from_end: &mut usize) -> Result<Self> {
        if let Some(tag) = message.len().checked_sub(*from_end).and_then(|at| Self::at(message, at))
        {
            return Ok(tag);
        }
        let lost = || BenchError::Wrong("a payload did not arrive as it was sent".to_owned());
        let at = Self::place(message).ok_or_else(lost)?;
        *from_end = message.len() - at;
        Self::at(message, at).ok_or_else(lost)
    }

    /// Where the last tag of a message is.
    pub(crate) fn place(message: &[u8]) -> Option<usize> {
        (0..message.len()).rev().find(|at| Self::at(message, *at).is_some())
    }

    fn at(message: &[u8], at: usize) -> Option<Self> {
        message.get(at..)?.starts_with(MARK).then(|| Self::read(message, at)).flatten()
    }

    /// Reads the digits of the tag in this place, whatever stands in front of them.
    #[inline]
    pub(crate) fn read(message: &[u8], at: usize) -> Option<Self> {
        let bytes: &[u8; Self::LENGTH] = message.get(at..)?.first_chunk()?;
        let [_, _, _, _, a, b, c, d, e, f, g, h, last @ ..] = *bytes;
        let first = packed(u64::from_be_bytes([a, b, c, d, e, f, g, h]));
        let value = first << 16 | packed(u32::from_be_bytes(last).into());
        Some(Self { sender: (value >> 40) as u8, number: value & Self::LAST_NUMBER })
    }
}

/// The lower halves of eight bytes, beside each other.
#[inline]
const fn packed(bytes: u64) -> u64 {
    let halves = bytes & 0x0f0f_0f0f_0f0f_0f0f;
    let pairs = (halves | halves >> 4) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    (fours | fours >> 16) & 0xffff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_wherever_it_is() {
        for (sender, number) in [(0, 0), (7, 1), (255, Tag::LAST_NUMBER), (1, 0x12_3456_789a)] {
            let tag = Tag { sender, number };
            let mut from_end = Tag::LENGTH;
            for (before, behind) in [("", ""), ("[36,1,2,{},[\"xxxx", "\"]]"), ("x", "\"], {}]")] {
                let message = [before.as_bytes(), &tag.to_bytes(), behind.as_bytes()].concat();
                assert_eq!(Tag::find(&message, &mut from_end).unwrap(), tag);
                assert_eq!(from_end, Tag::LENGTH + behind.len());
            }
        }
    }

    #[test]
    fn what_has_no_tag_is_not_taken_for_one() {
        for message in
            [&b""[..], b"~wx~@@@@@@@@@@@", b"[36,1,2,{},[\"a payload of someone else\"]]"]
        {
            assert!(Tag::find(message, &mut 16).is_err());
        }
    }
}
