use super::{Cursor, Keys, Special, Tape};

/// Writes one MessagePack value. Extension types become binary.
pub(super) fn value(input: &mut Cursor<'_>, tape: &mut Tape, keys: &mut Keys) -> Option<()> {
    let head = input.u8()?;
    let low = usize::from(head);
    match head {
        0x00..=0x7f => tape.int(i64::from(head)),
        0x80..=0x8f => return dict(input, tape, keys, low & 15),
        0x90..=0x9f => return list(input, tape, keys, low & 15),
        0xa0..=0xbf => tape.string(input.take(low & 31)?),
        0xc0 => tape.special(Special::Null),
        0xc1 => return None,
        0xc2 => tape.special(Special::False),
        0xc3 => tape.special(Special::True),
        0xc4..=0xc6 => {
            let length = input.length(1 << (head - 0xc4))?;
            tape.binary(input.take(length)?);
        }
        0xc7..=0xc9 => {
            let length = input.length(1 << (head - 0xc7))?;
            input.u8()?;
            tape.binary(input.take(length)?);
        }
        0xca => tape.float(f64::from(f32::from_bits(input.be(4)? as u32))),
        0xcb => tape.float(f64::from_bits(input.be(8)?)),
        0xcc..=0xcf => tape.uint(input.be(1 << (head - 0xcc))?),
        0xd0..=0xd3 => {
            let bytes = 1 << (head - 0xd0);
            let unused = 64 - 8 * bytes as u32;
            tape.int(((input.be(bytes)? << unused) as i64) >> unused);
        }
        0xd4..=0xd8 => {
            input.u8()?;
            tape.binary(input.take(1 << (head - 0xd4))?);
        }
        0xd9..=0xdb => {
            let length = input.length(1 << (head - 0xd9))?;
            tape.string(input.take(length)?);
        }
        0xdc | 0xdd => {
            let items = input.length(2 << (head - 0xdc))?;
            return list(input, tape, keys, items);
        }
        0xde | 0xdf => {
            let entries = input.length(2 << (head - 0xde))?;
            return dict(input, tape, keys, entries);
        }
        0xe0..=0xff => tape.int(i64::from(head as i8)),
    }
    Some(())
}

fn list(input: &mut Cursor<'_>, tape: &mut Tape, keys: &mut Keys, items: usize) -> Option<()> {
    tape.word(2, items);
    (0..items).try_for_each(|_| value(input, tape, keys))
}

fn dict(input: &mut Cursor<'_>, tape: &mut Tape, keys: &mut Keys, entries: usize) -> Option<()> {
    tape.word(3, entries);
    (0..entries).try_for_each(|_| {
        key(input, tape, keys)?;
        value(input, tape, keys)
    })
}

fn key(input: &mut Cursor<'_>, tape: &mut Tape, keys: &mut Keys) -> Option<()> {
    let head = input.peek()?;
    let length = match head {
        0xa0..=0xbf => {
            input.u8();
            usize::from(head & 31)
        }
        0xd9..=0xdb => {
            input.u8();
            input.length(1 << (head - 0xd9))?
        }
        _ => return value(input, tape, keys),
    };
    tape.key(input.take(length)?, keys);
    Some(())
}
