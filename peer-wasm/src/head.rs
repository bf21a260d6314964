//! One reader over both binary formats: the heads of MessagePack are translated to those of CBOR.

use alloc::vec::Vec;

/// What stands at the beginning of a value, in the terms of CBOR (RFC 8949, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The major type: unsigned integer, negative integer, binary, text, list, dictionary, tag, all else.
    pub(crate) major: u8,
    /// For `major` 7: which value it is. Otherwise [`INDEFINITE`], or nothing of interest.
    pub(crate) info: u8,
    /// The integer -1 - n for negative ones, a length, or the bits of a float.
    pub(crate) argument: u64,
}

/// There is no length: [`BREAK`] ends the value.
pub(crate) const INDEFINITE: u8 = 31;

/// The byte that ends what has no length.
pub(crate) const BREAK: u8 = 0xff;

/// What CBOR begins with for the same value, for codes of MessagePack from 0xc0 on. Those of integers with a sign and of
/// extensions are treated as the type below.
const AS_CBOR: [u8; 32] = [
    0xf6, 0xff, 0xf4, 0xf5, // nil, (never used), false, true
    0x58, 0x59, 0x5a, // bin
    0x58, 0x59, 0x5a, // ext
    0xfa, 0xfb, // float
    0x18, 0x19, 0x1a, 0x1b, // uint
    0x18, 0x19, 0x1a, 0x1b, // int
    0x41, 0x42, 0x44, 0x48, 0x50, // fixext
    0x78, 0x79, 0x7a, // str
    0x99, 0x9a, // array
    0xb9, 0xba, // map
];

/// A message. Every step from a place in it to the next says whether it stayed inside.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    /// With some behind the end, so that eight bytes can be read at once at any place before it. The first of them is
    /// [`BREAK`].
    pub(crate) bytes: Vec<u8>,
    pub(crate) end: usize,
    pub(crate) is_cbor: bool,
}

/// What stands behind the end.
pub(crate) const PADDING: usize = 8;

/// Where a text or binary value stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) start: usize,
    pub(crate) length: usize,
}

impl Reader {
    /// The head of the next value.
    #[inline(always)]
    pub(crate) fn head(&self, at: &mut usize) -> Option<Head> {
        let byte = self.u8(at)?;
        let code = if self.is_cbor { byte } else { AS_CBOR[usize::from(byte & 31)] };
        let short =
            |major: u8, mask: u8| Some(Head { major, info: 0, argument: (byte & mask).into() });
        match byte {
            _ if self.is_cbor => {}
            0x00..=0x7f => return short(0, 0x7f),
            0x80..=0x8f => return short(5, 15),
            0x90..=0x9f => return short(4, 15),
            0xa0..=0xbf => return short(3, 31),
            0xe0..=0xff => return Some(Head { major: 1, info: 0, argument: (!byte).into() }),
            0xc0..=0xdf => {}
        }
        let mut head = self.cbor(code, at)?;
        match byte {
            _ if self.is_cbor => {}
            0xd0..=0xd3 => {
                let unused = 64 - (8 << (byte - 0xd0));
                let value = ((head.argument << unused) as i64) >> unused;
                head.argument = (value ^ value >> 63) as u64;
                head.major = u8::from(value < 0);
            }
            // The types of extensions are not told.
            0xc7..=0xc9 | 0xd4..=0xd8 => drop(self.u8(at)?),
            _ => {}
        }
        Some(head)
    }

    #[inline(always)]
    fn cbor(&self, code: u8, at: &mut usize) -> Option<Head> {
        let (major, info) = (code >> 5, code & 31);
        let argument = match info {
            0..24 => info.into(),
            24..28 => self.number(1 << (info - 24), at)?,
            // Only strings, lists and dictionaries may have no length.
            INDEFINITE if matches!(major, 2..=5) => 0,
            _ => return None,
        };
        Some(Head { major, info, argument })
    }

    /// Where the bytes of a text or binary value are. The pieces of one without a length are put together in place.
    pub(crate) fn string(&mut self, head: Head, at: &mut usize) -> Option<Place> {
        if head.info != INDEFINITE {
            return self.take(head.argument, at);
        }
        let start = *at;
        let mut length = 0;
        while !self.ends(at)? {
            // Only those of CBOR have pieces.
            let code = self.u8(at)?;
            let piece = self.cbor(code, at)?;
            if piece.major != head.major || piece.info == INDEFINITE {
                return None;
            }
            let piece = self.take(piece.argument, at)?;
            self.check_text(head.major, piece)?;
            for at in piece.start..piece.start + piece.length {
                let byte = *self.bytes.get(at)?;
                *self.bytes.get_mut(start + length)? = byte;
                length += 1;
            }
        }
        Some(Place { start, length })
    }

    /// No character of a text may begin in another one: all of the text is checked later, and as one.
    pub(crate) fn check_text(&self, major: u8, place: Place) -> Option<()> {
        let continues = major == 3
            && place.length > 0
            && self.bytes.get(place.start).is_some_and(|first| first & 0xc0 == 0x80);
        if continues { None } else { Some(()) }
    }

    /// Whether what has no length ends here. The byte that says so is passed then.
    #[inline(always)]
    pub(crate) fn ends(&self, at: &mut usize) -> Option<bool> {
        let ends = self.peek(*at)? == BREAK;
        *at += usize::from(ends);
        Some(ends)
    }

    #[inline(always)]
    pub(crate) fn slice(&self, place: Place) -> &[u8] {
        self.bytes.get(place.start..place.start + place.length).unwrap_or_default()
    }

    /// Eight bytes, of which those behind `left` are zero. The first one is the lowest.
    #[inline(always)]
    pub(crate) fn word(&self, at: usize, left: usize) -> u64 {
        let bytes = self.bytes.get(at..).and_then(|rest| rest.first_chunk());
        let word = bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes));
        if left < 8 { word & ((1 << (8 * left)) - 1) } else { word }
    }

    /// The next value, if it is text whose head is one byte. It is passed then.
    #[inline(always)]
    pub(crate) fn short_text(&self, at: &mut usize) -> Option<Place> {
        let (base, count) = if self.is_cbor { (0x60, 24) } else { (0xa0, 32) };
        let length = usize::from(self.bytes.get(*at)?.wrapping_sub(base));
        let start = *at + 1;
        if length >= count || length > self.end - start {
            return None;
        }
        *at = start + length;
        Some(Place { start, length })
    }

    /// The next value, if it is an integer in one byte. That byte is passed then.
    #[inline(always)]
    pub(crate) fn short_integer(&self, at: &mut usize) -> Option<u8> {
        let limit = if self.is_cbor { 24 } else { 0x80 };
        let byte = *self.bytes.get(*at)?;
        if byte >= limit {
            return None;
        }
        *at += 1;
        Some(byte)
    }

    #[inline(always)]
    fn peek(&self, at: usize) -> Option<u8> {
        if at < self.end { self.bytes.get(at).copied() } else { None }
    }

    #[inline(always)]
    fn u8(&self, at: &mut usize) -> Option<u8> {
        let byte = self.peek(*at)?;
        *at += 1;
        Some(byte)
    }

    /// An unsigned integer of 1, 2, 4 or 8 bytes, the high ones first.
    #[inline(always)]
    fn number(&self, bytes: usize, at: &mut usize) -> Option<u64> {
        let place = self.take(bytes as u64, at)?;
        Some(self.slice(place).iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    #[inline(always)]
    fn take(&self, length: u64, at: &mut usize) -> Option<Place> {
        let start = *at;
        let length = usize::try_from(length).ok()?;
        if length > self.end - start {
            return None;
        }
        *at += length;
        Some(Place { start, length })
    }
}
