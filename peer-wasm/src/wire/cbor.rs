use super::{Token, cursor::Cursor};
use alloc::{borrow::Cow, vec::Vec};

/// The byte that ends what has no length.
pub(super) const BREAK: u8 = 0xff;

/// The next CBOR token.
pub(super) fn next<'b>(input: &mut Cursor<'b>) -> Option<Token<'b>> {
    let head = input.u8()?;
    let (major, info) = (head >> 5, head & 31);
    if major == 7 {
        return simple(input, info);
    }
    let argument = argument(input, info)?;
    Some(match major {
        0 => Token::Uint(argument?),
        1 => Token::Nint(argument?),
        2 => Token::Bytes(string(input, major, argument)?),
        3 => Token::Str(string(input, major, argument)?),
        4 => Token::List(argument),
        5 => Token::Dict(argument),
        _ => Token::Tag(argument?),
    })
}

/// What stands behind the first byte; the inner `None` says that there is no length.
fn argument(input: &mut Cursor<'_>, info: u8) -> Option<Option<u64>> {
    match info {
        0..24 => Some(Some(u64::from(info))),
        24..28 => input.be(1 << (info - 24)).map(Some),
        31 => Some(None),
        _ => None,
    }
}

fn simple(input: &mut Cursor<'_>, info: u8) -> Option<Token<'static>> {
    Some(match info {
        20 => Token::Bool(false),
        21 => Token::Bool(true),
        22 => Token::Null,
        25 => Token::Float(half(input.be(2)? as u16)),
        26 => Token::Float(f64::from(f32::from_bits(input.be(4)? as u32))),
        27 => Token::Float(f64::from_bits(input.be(8)?)),
        0..24 => Token::Undefined,
        // Those below have a shorter form, which is the only one allowed.
        24 if input.u8()? >= 32 => Token::Undefined,
        _ => return None,
    })
}

fn string<'b>(input: &mut Cursor<'b>, major: u8, length: Option<u64>) -> Option<Cow<'b, [u8]>> {
    match length {
        Some(length) => input.take(length).map(Cow::Borrowed),
        None => pieces(input, major).map(Cow::Owned),
    }
}

/// The pieces of a string or of binary data, put together.
fn pieces(input: &mut Cursor<'_>, major: u8) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    loop {
        let head = input.u8()?;
        if head == BREAK {
            return Some(bytes);
        }
        if head >> 5 != major {
            return None;
        }
        let length = argument(input, head & 31)??;
        let piece = input.take(length)?;
        // A piece of text is text for itself: no character is cut in two.
        if major == 3 {
            str::from_utf8(piece).ok()?;
        }
        bytes.extend_from_slice(piece);
    }
}

/// A number of 16 bits.
fn half(bits: u16) -> f64 {
    let fraction = u64::from(bits & 0x3ff);
    let magnitude = match bits >> 10 & 0x1f {
        // The smallest step is 2^-24.
        0 => fraction as f64 / f64::from(1 << 24),
        31 => f64::from_bits(0x7ff << 52 | fraction << 42),
        // The exponents are offset by 15 here and by 1023 there.
        exponent => f64::from_bits((u64::from(exponent) + 1008) << 52 | fraction << 42),
    };
    if bits >> 15 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_exact() {
        let cases = [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3800, 0.5),
            (0x7bff, 65504.0),
            (0x0001, 1.0 / 16_777_216.0),
            (0x0400, 0.000_061_035_156_25),
            (0x7c00, f64::INFINITY),
        ];
        for (bits, expected) in cases {
            assert_eq!(half(bits), expected, "{bits:#06x}");
        }
        assert!(half(0x7e00).is_nan());
        assert!(half(0x8000).is_sign_negative());
    }
}
