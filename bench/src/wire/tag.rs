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
        let found = (0..message.len()).rev().find_map(|at| Some((at, Self::at(message, at)?)));
        let (at, tag) = found.ok_or_else(|| {
            BenchError::Wrong("a payload did not arrive as it was sent".to_owned())
        })?;
        *from_end = message.len() - at;
        Ok(tag)
    }

    fn at(message: &[u8], at: usize) -> Option<Self> {
        let bytes: &[u8; Self::LENGTH] = message.get(at..at + Self::LENGTH)?.try_into().ok()?;
        let [m0, m1, m2, m3, digits @ ..] = bytes;
        if [*m0, *m1, *m2, *m3] != *MARK {
            return None;
        }
        let value = digits.iter().fold(0, |value, digit| value << 4 | u64::from(digit & 0x0f));
        Some(Self { sender: (value >> 40) as u8, number: value & Self::LAST_NUMBER })
    }
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
