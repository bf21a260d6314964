//! Base64 with padding (RFC 4648, section 4), for binary data in JSON.

use alloc::vec::Vec;
use bytes::{BufMut, BytesMut};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What no letter of the alphabet stands for.
const NONE: u8 = 0xff;

const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut i = 0;
    while i < 64 {
        values[ALPHABET[i] as usize] = i as u8;
        i += 1;
    }
    values
};

/// How many groups are put together before they are appended: appending costs as much as a group.
const BLOCK: usize = 16;

/// Appends the text for `bytes`.
pub(super) fn encode(bytes: &[u8], out: &mut BytesMut) {
    out.reserve(bytes.len().div_ceil(3) * 4);
    let (groups, rest) = bytes.as_chunks::<3>();
    for block in groups.chunks(BLOCK) {
        let mut text = [[0; 4]; BLOCK];
        for (text, group) in text.iter_mut().zip(block) {
            *text = letters(*group);
        }
        out.put_slice(&text.as_flattened()[..block.len() * 4]);
    }
    let last = match *rest {
        [a] => [a, 0, 0],
        [a, b] => [a, b, 0],
        _ => return,
    };
    let mut text = letters(last);
    text[rest.len() + 1..].fill(b'=');
    out.put_slice(&text);
}

/// The four letters of three bytes.
const fn letters([a, b, c]: [u8; 3]) -> [u8; 4] {
    let bits = u32::from_be_bytes([0, a, b, c]);
    [
        ALPHABET[(bits >> 18 & 0x3f) as usize],
        ALPHABET[(bits >> 12 & 0x3f) as usize],
        ALPHABET[(bits >> 6 & 0x3f) as usize],
        ALPHABET[(bits & 0x3f) as usize],
    ]
}

/// The bytes that `text` stands for; `None` if it is not base64 with its padding.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let padding = text.iter().rev().take(2).take_while(|b| **b == b'=').count();
    let (groups, odd) = text.as_chunks::<4>();
    if !odd.is_empty() {
        return None;
    }
    let (whole, last) = groups.split_at(groups.len() - usize::from(padding > 0));
    let mut bytes = Vec::with_capacity(groups.len() * 3);
    for block in whole.chunks(BLOCK) {
        let (mut decoded, mut any) = ([[0; 3]; BLOCK], 0);
        for (decoded, group) in decoded.iter_mut().zip(block) {
            let values = group.map(|letter| VALUES[usize::from(letter)]);
            any |= values[0] | values[1] | values[2] | values[3];
            *decoded = joined(values);
        }
        if any > 0x3f {
            return None;
        }
        bytes.extend_from_slice(&decoded.as_flattened()[..block.len() * 3]);
    }
    if let [group] = last {
        let mut values = group.map(|letter| VALUES[usize::from(letter)]);
        values[4 - padding..].fill(0);
        if values.contains(&NONE) {
            return None;
        }
        bytes.extend_from_slice(&joined(values)[..3 - padding]);
    }
    Some(bytes)
}

/// The three bytes of four values.
const fn joined([a, b, c, d]: [u8; 4]) -> [u8; 3] {
    let bits = (a as u32) << 18 | (b as u32) << 12 | (c as u32) << 6 | d as u32;
    let [_, a, b, c] = bits.to_be_bytes();
    [a, b, c]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_test_vectors_of_rfc_4648_hold_both_ways() {
        let table = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (bytes, text) in table {
            let mut out = BytesMut::new();
            encode(bytes.as_bytes(), &mut out);
            assert_eq!(&*out, text.as_bytes());
            assert_eq!(decode(text.as_bytes()).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn bytes_of_every_length_come_back() {
        for len in 0..200_u8 {
            let bytes: Vec<u8> = (0..len).map(|n| n.wrapping_mul(151) ^ len).collect();
            let mut out = BytesMut::new();
            encode(&bytes, &mut out);
            assert_eq!(decode(&out).as_deref(), Some(&bytes[..]));
            for at in 0..out.len().saturating_sub(2) {
                let letter = core::mem::replace(&mut out[at], b'-');
                assert_eq!(decode(&out), None);
                out[at] = letter;
            }
        }
    }

    #[test]
    fn what_is_not_padded_base64_is_not_decoded() {
        for text in [
            "Z", "Zg", "Zg=", "Zg===", "=Zg=", "Z===", "====", "Zm9v====", "Zm-v", "Zm 9",
            "Zg==Zg==",
        ] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}
