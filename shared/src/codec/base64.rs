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

/// Appends the text for `bytes`.
pub(super) fn encode(bytes: &[u8], out: &mut BytesMut) {
    out.reserve(bytes.len().div_ceil(3) * 4);
    let letter = |bits: u32| ALPHABET[(bits & 0x3f) as usize];
    for group in bytes.chunks(3) {
        let at = |i: usize| group.get(i).map_or(0, |b| u32::from(*b));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        let mut text = [letter(bits >> 18), letter(bits >> 12), letter(bits >> 6), letter(bits)];
        text[group.len() + 1..].fill(b'=');
        out.put_slice(&text);
    }
}

/// The bytes that `text` stands for; `None` if it is not base64 with its padding.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text.iter().rev().take(2).take_while(|b| **b == b'=').count();
    let letters = &text[..text.len() - padding];
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in letters.chunks(4) {
        let mut bits = 0_u32;
        for i in 0..4 {
            let value = group.get(i).map_or(0, |b| VALUES[usize::from(*b)]);
            if value == NONE {
                return None;
            }
            bits = bits << 6 | u32::from(value);
        }
        let [_, a, b, c] = bits.to_be_bytes();
        bytes.extend_from_slice(&[a, b, c][..group.len() - 1]);
    }
    Some(bytes)
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
    fn what_is_not_padded_base64_is_not_decoded() {
        for text in [
            "Z", "Zg", "Zg=", "Zg===", "=Zg=", "Z===", "====", "Zm9v====", "Zm-v", "Zm 9",
            "Zg==Zg==",
        ] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}
