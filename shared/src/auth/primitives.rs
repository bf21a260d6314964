//! The few things all methods need: HMAC, comparison, and texts for octets.

use alloc::{borrow::Cow, string::String, vec::Vec};
use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::CredentialError;
use crate::value::{Dict, Value};
use bytestring::ByteString;

type HmacSha256 = Hmac<Sha256>;

/// HMAC with SHA-256 (RFC 2104).
pub(super) fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    // A key of any length will do: longer ones are hashed first.
    let Ok(mut mac) = HmacSha256::new_from_slice(key) else { unreachable!("HMAC takes any key") };
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// PBKDF2 with HMAC-SHA-256 (RFC 8018).
pub(super) fn pbkdf2(secret: &[u8], salt: &[u8], iterations: u32, out: &mut [u8]) {
    let made = pbkdf2::pbkdf2::<HmacSha256>(secret, salt, iterations, out);
    debug_assert!(made.is_ok(), "HMAC takes any key");
}

pub(super) fn sha256(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// Whether both are equal, found out in a time that depends on nothing but their lengths.
pub(super) fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

pub(super) fn xor(a: [u8; 32], b: [u8; 32]) -> [u8; 32] {
    core::array::from_fn(|i| a[i] ^ b[i])
}

pub(super) fn base64(bytes: &[u8]) -> String {
    BASE64.encode(bytes)
}

/// The octets behind a base64 text with its padding.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    BASE64.decode(text.as_bytes()).ok()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// Exactly `N` octets from their hexadecimal text.
pub(super) fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    HEXLOWER_PERMISSIVE.decode_mut(text.as_bytes(), &mut bytes).ok()?;
    Some(bytes)
}

/// A user name or password as both sides hash it (SASLprep, RFC 4013).
pub(super) fn saslprep<'a>(
    text: &'a str,
    what: &'static str,
) -> Result<Cow<'a, str>, CredentialError> {
    let prepared = prepared(text).ok_or(CredentialError::Prohibited(what))?;
    if prepared.is_empty() { Err(CredentialError::TooShort(what)) } else { Ok(prepared) }
}

#[cfg(feature = "auth")]
fn prepared(text: &str) -> Option<Cow<'_, str>> {
    stringprep::saslprep(text).ok()
}

/// What is given is prepared already; only what no preparation lets through is found out.
#[cfg(not(feature = "auth"))]
fn prepared(text: &str) -> Option<Cow<'_, str>> {
    (!text.contains(char::is_control)).then_some(Cow::Borrowed(text))
}

/// The text under `key`.
pub(super) fn text<'d>(dict: &'d Dict, key: &str) -> Option<&'d ByteString> {
    dict.get(key)?.as_str()
}

/// The text under `key` when there may be none; `Err` if it is something else.
pub(super) fn optional_text<'d>(dict: &'d Dict, key: &str) -> Result<Option<&'d ByteString>, ()> {
    match dict.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or(()),
    }
}

/// The number under `key`, if it is one that fits.
pub(super) fn number(dict: &Dict, key: &str) -> Option<u32> {
    u32::try_from(dict.get(key)?.as_u64()?).ok()
}
