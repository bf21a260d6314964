use super::{Token, cursor::Cursor};

/// The next MessagePack token. Extension types are binary.
pub(super) fn next<'b>(input: &mut Cursor<'b>) -> Option<Token<'b>> {
    let head = input.u8()?;
    let low = u64::from(head);
    // The width of a length or number: the lowest bits of the code count up to it.
    let wide = |first: u8| 1_u64 << (head - first);
    Some(match head {
        0x00..=0x7f => Token::Uint(low),
        0x80..=0x8f => Token::Dict(Some(low & 15)),
        0x90..=0x9f => Token::List(Some(low & 15)),
        0xa0..=0xbf => text(input, low & 31)?,
        0xc0 => Token::Null,
        0xc1 => return None,
        0xc2 => Token::Bool(false),
        0xc3 => Token::Bool(true),
        0xc4..=0xc6 => {
            let length = input.be(wide(0xc4))?;
            binary(input, length)?
        }
        0xc7..=0xc9 => {
            let length = input.be(wide(0xc7))?;
            input.u8()?;
            binary(input, length)?
        }
        0xca => Token::Float(f64::from(f32::from_bits(input.be(4)? as u32))),
        0xcb => Token::Float(f64::from_bits(input.be(8)?)),
        0xcc..=0xcf => Token::Uint(input.be(wide(0xcc))?),
        0xd0..=0xd3 => {
            let bytes = wide(0xd0);
            let unused = 64 - 8 * bytes;
            signed(((input.be(bytes)? << unused) as i64) >> unused)
        }
        0xd4..=0xd8 => {
            input.u8()?;
            binary(input, wide(0xd4))?
        }
        0xd9..=0xdb => {
            let length = input.be(wide(0xd9))?;
            text(input, length)?
        }
        0xdc | 0xdd => Token::List(Some(input.be(2 * wide(0xdc))?)),
        0xde | 0xdf => Token::Dict(Some(input.be(2 * wide(0xde))?)),
        0xe0..=0xff => signed(i64::from(head as i8)),
    })
}

const fn signed(value: i64) -> Token<'static> {
    if value < 0 { Token::Nint(!value as u64) } else { Token::Uint(value as u64) }
}

fn text<'b>(input: &mut Cursor<'b>, length: u64) -> Option<Token<'b>> {
    Some(Token::Str(input.take(length)?.into()))
}

fn binary<'b>(input: &mut Cursor<'b>, length: u64) -> Option<Token<'b>> {
    Some(Token::Bytes(input.take(length)?.into()))
}
