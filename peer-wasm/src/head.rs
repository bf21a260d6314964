//! One reader over both binary formats: the heads of MessagePack are translated to those of CBOR.

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

/// How much may stand behind the end of a message, so that eight bytes can be read at once at any place before it.
pub(crate) const PADDING: usize = 8;

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

/// The head of a value. `at` is moved behind it.
#[inline(always)]
pub(crate) fn head(bytes: &[u8], is_cbor: bool, at: &mut usize) -> Option<Head> {
    let byte = *bytes.get(*at)?;
    *at += 1;
    if is_cbor {
        return cbor(bytes, byte, at);
    }
    let short = |major: u8, argument: u8| Head { major, info: 0, argument: argument.into() };
    if byte < 0x80 {
        return Some(short(0, byte));
    }
    if byte >= 0xe0 {
        return Some(short(1, !byte));
    }
    if byte < 0xa0 {
        return Some(short(5 - (byte >> 4 & 1), byte & 15));
    }
    if byte < 0xc0 {
        return Some(short(3, byte & 31));
    }
    let mut head = cbor(bytes, AS_CBOR[usize::from(byte & 31)], at)?;
    match byte {
        0xd0..=0xd3 => {
            let unused = 64 - (8 << (byte - 0xd0));
            let value = ((head.argument << unused) as i64) >> unused;
            head.argument = (value ^ value >> 63) as u64;
            head.major = u8::from(value < 0);
        }
        // The types of extensions are not told.
        0xc7..=0xc9 | 0xd4..=0xd8 => *at += 1,
        _ => {}
    }
    Some(head)
}

#[inline(always)]
pub(crate) fn cbor(bytes: &[u8], code: u8, at: &mut usize) -> Option<Head> {
    let (major, info) = (code >> 5, code & 31);
    let argument = match info {
        0..24 => info.into(),
        24..28 => {
            let size = 1 << (info - 24);
            let field = word(bytes, *at)?.swap_bytes() >> (64 - 8 * size);
            *at += size;
            field
        }
        // Only strings, lists and dictionaries may have no length.
        INDEFINITE if matches!(major, 2..=5) => 0,
        _ => return None,
    };
    Some(Head { major, info, argument })
}

/// Eight bytes; the first one is the lowest.
#[inline(always)]
pub(crate) fn word(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The bits of so many bytes, one to eight, at the beginning of a word.
#[inline(always)]
pub(crate) const fn mask(bytes: usize) -> u64 {
    u64::MAX.wrapping_shr((bytes as u32).wrapping_mul(8).wrapping_neg())
}
