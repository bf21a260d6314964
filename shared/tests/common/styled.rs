//! Writes values in every form that a format allows, not only in the shortest: what other implementations send.

use super::Tree;
use wamplex_shared::serializer::Serializer;

/// Choices that repeat with their seed.
#[derive(Clone, Debug)]
pub(crate) struct Choices(u64);

impl Choices {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// One of `0..count`.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % count
    }
}

pub(crate) fn write(serializer: Serializer, tree: &Tree, choices: &mut Choices) -> Vec<u8> {
    let mut out = Vec::new();
    match serializer {
        Serializer::Json => json(tree, choices, &mut out),
        Serializer::MsgPack => msgpack(tree, choices, &mut out),
        Serializer::Cbor => cbor(tree, choices, &mut out),
    }
    out
}

fn space(choices: &mut Choices, out: &mut Vec<u8>) {
    let spaces: [&[u8]; 6] = [b"", b"", b"", b" ", b"\n\t", b"\r\n  "];
    out.extend(spaces[choices.below(spaces.len())]);
}

fn json(tree: &Tree, choices: &mut Choices, out: &mut Vec<u8>) {
    match tree {
        Tree::Str(text) => json_text(text, choices, out),
        Tree::List(list) => {
            out.push(b'[');
            space(choices, out);
            for (i, item) in list.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                    space(choices, out);
                }
                json(item, choices, out);
                space(choices, out);
            }
            out.push(b']');
        }
        Tree::Dict(dict) => {
            out.push(b'{');
            space(choices, out);
            for (i, (key, value)) in dict.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                    space(choices, out);
                }
                json(key, choices, out);
                space(choices, out);
                out.push(b':');
                space(choices, out);
                json(value, choices, out);
                space(choices, out);
            }
            out.push(b'}');
        }
        scalar => out.extend(super::oracle_write(Serializer::Json, scalar)),
    }
}

fn json_text(text: &str, choices: &mut Choices, out: &mut Vec<u8>) {
    out.push(b'"');
    for c in text.chars() {
        let must = c < ' ' || c == '"' || c == '\\';
        if must || choices.below(8) == 0 {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                let digits = if choices.below(2) == 0 {
                    format!("\\u{unit:04x}")
                } else {
                    format!("\\u{unit:04X}")
                };
                out.extend(digits.bytes());
            }
        } else if c == '/' && choices.below(2) == 0 {
            out.extend(b"\\/");
        } else {
            out.extend(c.to_string().bytes());
        }
    }
    out.push(b'"');
}

/// The last `width` bytes of a number.
fn big_endian(number: u128, width: usize, out: &mut Vec<u8>) {
    out.extend(&number.to_be_bytes()[16 - width..]);
}

/// One of the widths 1, 2, 4, 8 that the number fits.
fn width(number: u128, widest: usize, choices: &mut Choices) -> usize {
    let fits: Vec<usize> =
        [1, 2, 4, 8].into_iter().filter(|w| *w <= widest && number < 1 << (8 * w)).collect();
    fits[choices.below(fits.len())]
}

fn msgpack(tree: &Tree, choices: &mut Choices, out: &mut Vec<u8>) {
    match tree {
        Tree::Int(n) if *n >= 0 => {
            let n = n.unsigned_abs();
            if n < 0x80 && choices.below(2) == 0 {
                return out.push(n as u8);
            }
            let width = width(n, 8, choices);
            // A signed form where the sign bit stays free, else an unsigned one.
            let signed = n < 1 << (8 * width - 1) && choices.below(2) == 0;
            let first = if signed { 0xd0 } else { 0xcc };
            out.push(first + width.trailing_zeros() as u8);
            big_endian(n, width, out);
        }
        Tree::Int(n) => {
            if *n >= -32 && choices.below(2) == 0 {
                return out.push(*n as u8);
            }
            // One bit more for the sign.
            let width = width((-1 - n).unsigned_abs() << 1, 8, choices);
            out.push(0xd0 + width.trailing_zeros() as u8);
            big_endian(n.cast_unsigned(), width, out);
        }
        Tree::Float(f)
            if f64::from(*f as f32).to_bits() == f.to_bits() && choices.below(2) == 0 =>
        {
            out.push(0xca);
            out.extend((*f as f32).to_be_bytes());
        }
        Tree::Str(text) => {
            let fixed = (text.len() < 32).then_some(0xa0);
            msgpack_length(text.len(), fixed, 0xd9, 1, choices, out);
            out.extend(text.bytes());
        }
        Tree::Bytes(bytes) => {
            msgpack_length(bytes.len(), None, 0xc4, 1, choices, out);
            out.extend(bytes);
        }
        Tree::List(list) => {
            let fixed = (list.len() < 16).then_some(0x90);
            msgpack_length(list.len(), fixed, 0xdc, 2, choices, out);
            for item in list {
                msgpack(item, choices, out);
            }
        }
        Tree::Dict(dict) => {
            let fixed = (dict.len() < 16).then_some(0x80);
            msgpack_length(dict.len(), fixed, 0xde, 2, choices, out);
            for (key, value) in dict {
                msgpack(key, choices, out);
                msgpack(value, choices, out);
            }
        }
        scalar => out.extend(super::oracle_write(Serializer::MsgPack, scalar)),
    }
}

fn msgpack_length(
    length: usize,
    fixed: Option<u8>,
    first: u8,
    narrowest: usize,
    choices: &mut Choices,
    out: &mut Vec<u8>,
) {
    if let Some(fixed) = fixed.filter(|_| choices.below(2) == 0) {
        return out.push(fixed | length as u8);
    }
    let width = width(length as u128, 4, choices).max(narrowest);
    out.push(first + (width / narrowest).trailing_zeros() as u8);
    big_endian(length as u128, width, out);
}

fn cbor(tree: &Tree, choices: &mut Choices, out: &mut Vec<u8>) {
    // Tags that say nothing about the value: "this is CBOR", and one that nobody has registered.
    match choices.below(12) {
        0 => out.extend([0xd9, 0xd9, 0xf7]),
        1 => out.extend([0xda, 0x7f, 0xff, 0, 1]),
        _ => {}
    }
    match tree {
        Tree::Int(n) if *n >= 0 => cbor_head(0, n.unsigned_abs(), choices, out),
        Tree::Int(n) => cbor_head(1, (-1 - n).unsigned_abs(), choices, out),
        Tree::Float(f)
            if f64::from(*f as f32).to_bits() == f.to_bits() && choices.below(2) == 0 =>
        {
            out.push(0xfa);
            out.extend((*f as f32).to_be_bytes());
        }
        Tree::Float(f) => {
            out.push(0xfb);
            out.extend(f.to_be_bytes());
        }
        Tree::Null => out.push([0xf6, 0xf7][choices.below(2)]),
        Tree::Bool(value) => out.push(0xf4 + u8::from(*value)),
        Tree::Str(text) if choices.below(3) == 0 => {
            out.push(0x7f);
            for chunk in text.split_inclusive(' ') {
                cbor_head(3, chunk.len() as u128, choices, out);
                out.extend(chunk.bytes());
            }
            out.push(0xff);
        }
        Tree::Str(text) => {
            cbor_head(3, text.len() as u128, choices, out);
            out.extend(text.bytes());
        }
        Tree::Bytes(bytes) if choices.below(3) == 0 => {
            out.push(0x5f);
            for chunk in bytes.chunks(3) {
                cbor_head(2, chunk.len() as u128, choices, out);
                out.extend(chunk);
            }
            out.push(0xff);
        }
        Tree::Bytes(bytes) => {
            cbor_head(2, bytes.len() as u128, choices, out);
            out.extend(bytes);
        }
        Tree::List(list) => {
            let is_open_ended = choices.below(2) == 0;
            if is_open_ended {
                out.push(0x9f);
            } else {
                cbor_head(4, list.len() as u128, choices, out);
            }
            for item in list {
                cbor(item, choices, out);
            }
            out.extend(is_open_ended.then_some(0xff));
        }
        Tree::Dict(dict) => {
            let is_open_ended = choices.below(2) == 0;
            if is_open_ended {
                out.push(0xbf);
            } else {
                cbor_head(5, dict.len() as u128, choices, out);
            }
            for (key, value) in dict {
                cbor(key, choices, out);
                cbor(value, choices, out);
            }
            out.extend(is_open_ended.then_some(0xff));
        }
    }
}

fn cbor_head(major: u8, number: u128, choices: &mut Choices, out: &mut Vec<u8>) {
    if number < 24 && choices.below(2) == 0 {
        return out.push(major << 5 | number as u8);
    }
    let width = width(number, 8, choices);
    out.push(major << 5 | (24 + width.trailing_zeros() as u8));
    big_endian(number, width, out);
}
