use super::{Cursor, Keys, Special, Tape};

const BYTES: u8 = 2;
const TEXT: u8 = 3;
/// The byte that ends what has no length.
const BREAK: u8 = 0xff;

/// Writes one CBOR value. Of tagged values only large integers are told apart, all others are what the tag is about.
pub(super) fn value(input: &mut Cursor<'_>, tape: &mut Tape, keys: &mut Keys) -> Option<()> {
    let head = input.u8()?;
    let (major, info) = (head >> 5, head & 31);
    if major == 7 {
        return simple(input, tape, info);
    }
    let argument = argument(input, info)?;
    match (major, argument) {
        (0, Some(n)) => tape.uint(n),
        (1, Some(n)) => match i64::try_from(n) {
            Ok(n) => tape.int(-1 - n),
            Err(_) => tape.joined_integer(n),
        },
        (BYTES | TEXT, Some(length)) => {
            let bytes = input.take(usize::try_from(length).ok()?)?;
            if major == TEXT { tape.string(bytes) } else { tape.binary(bytes) }
        }
        (BYTES | TEXT, None) => {
            let bytes = pieces(input, major)?;
            tape.joined(bytes, major == TEXT);
        }
        (4, Some(items)) => {
            tape.word(2, usize::try_from(items).ok()?);
            return (0..items).try_for_each(|_| value(input, tape, keys));
        }
        (5, Some(entries)) => {
            tape.word(3, usize::try_from(entries).ok()?);
            return (0..entries).try_for_each(|_| entry(input, tape, keys));
        }
        (4, None) => return open_ended(input, tape, 2, |input, tape| value(input, tape, keys)),
        (5, None) => return open_ended(input, tape, 3, |input, tape| entry(input, tape, keys)),
        (6, Some(tag)) => return tagged(input, tape, keys, tag),
        _ => return None,
    }
    Some(())
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

fn simple(input: &mut Cursor<'_>, tape: &mut Tape, info: u8) -> Option<()> {
    match info {
        20 => tape.special(Special::False),
        21 => tape.special(Special::True),
        22 => tape.special(Special::Null),
        25 => tape.float(half(input.be(2)? as u16)),
        26 => tape.float(f64::from(f32::from_bits(input.be(4)? as u32))),
        27 => tape.float(f64::from_bits(input.be(8)?)),
        0..24 => tape.special(Special::Undefined),
        24 => {
            input.u8()?;
            tape.special(Special::Undefined);
        }
        _ => return None,
    }
    Some(())
}

fn tagged(input: &mut Cursor<'_>, tape: &mut Tape, keys: &mut Keys, tag: u64) -> Option<()> {
    let head = input.peek()?;
    if matches!(tag, 2 | 3) && head >> 5 == BYTES {
        input.u8();
        match argument(input, head & 31)? {
            Some(length) => tape.big(tag == 3, input.take(usize::try_from(length).ok()?)?),
            None => {
                let bytes = pieces(input, BYTES)?;
                tape.joined_big(tag == 3, bytes);
            }
        }
        return Some(());
    }
    value(input, tape, keys)
}

fn entry(input: &mut Cursor<'_>, tape: &mut Tape, keys: &mut Keys) -> Option<()> {
    let head = input.peek()?;
    if head >> 5 == TEXT && head & 31 != 31 {
        input.u8();
        let length = argument(input, head & 31)??;
        tape.key(input.take(usize::try_from(length).ok()?)?, keys);
    } else {
        value(input, tape, keys)?;
    }
    value(input, tape, keys)
}

fn open_ended(
    input: &mut Cursor<'_>,
    tape: &mut Tape,
    bits: u32,
    mut next: impl FnMut(&mut Cursor<'_>, &mut Tape) -> Option<()>,
) -> Option<()> {
    let place = tape.begin_open();
    let mut entries = 0;
    while input.peek()? != BREAK {
        next(input, tape)?;
        entries += 1;
    }
    input.u8();
    tape.end_open(place, bits, entries);
    Some(())
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
        bytes.extend_from_slice(input.take(usize::try_from(length).ok()?)?);
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

    #[test]
    fn integers_beyond_64_bits_keep_their_bytes() {
        let mut keys = Keys::default();
        for bytes in [b"\xc2\x41\x07".as_slice(), b"\xc3\x41\x07", b"\xc2\x5f\x41\x07\xff"] {
            let tape = Tape::write(wamplex_shared::serializer::Serializer::Cbor, bytes, &mut keys);
            let words = tape.expect("well-formed").words;
            assert!(matches!(words[0] >> 3, 8 | 9));
            assert_eq!(words[2], 1);
        }
    }
}
