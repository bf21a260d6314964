//! What clients send: bodies, queries, signatures.

use super::failure::Failure;
use bytes::Bytes;
use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{
    StatusCode,
    header::{self, HeaderMap},
};
use serde::de::DeserializeOwned;
use sha2::Sha256;
use std::error::Error;
use wamplex_shared::uris::error;

/// Reads a body of at most `limit` bytes.
pub(super) async fn body<B>(body: B, limit: usize) -> Result<Bytes, Failure>
where
    B: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
{
    let too_long = || {
        Failure::new(
            error::PAYLOAD_SIZE_EXCEEDED,
            format!("the body may have {limit} bytes and has more"),
        )
        .with_status(StatusCode::PAYLOAD_TOO_LARGE)
    };
    if body.size_hint().lower() > limit as u64 {
        return Err(too_long());
    }
    match Limited::new(body, limit).collect().await {
        Ok(whole) => Ok(whole.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_long()),
        Err(error) => Err(Failure::bad_request(format!("the body cannot be read: {error}"))),
    }
}

/// Reads a body in JSON.
pub(super) fn json<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Failure> {
    if !is_json(headers) {
        let words = "the body has to be JSON, and Content-Type application/json";
        return Err(Failure::bad_request(words).with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    serde_json::from_slice(body)
        .map_err(|error| Failure::bad_request(format!("the body is not as expected: {error}")))
}

/// Whether a body says that it is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    let kind = kind.to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Whether a body is signed with this secret: HMAC-SHA-256 in hexadecimal digits, `sha256=` in front of them or not.
pub(super) fn is_signed(signature: &str, secret: &str, body: &[u8]) -> bool {
    let digits = signature.strip_prefix("sha256=").unwrap_or(signature);
    let Ok(signature) = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(body);
    mac.verify_slice(&signature).is_ok()
}

/// The value of a key in a query.
pub(super) fn query(query: &str, key: &str) -> Result<Option<String>, Failure> {
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name == key {
            let words = || Failure::bad_request(format!("`{key}` in the query cannot be read"));
            return decode(value).ok_or_else(words).map(Some);
        }
    }
    Ok(None)
}

/// Reads what is written in percents and plus signs.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                *HEXLOWER_PERMISSIVE.decode(&digits).ok()?.first()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_as_forms_write_it() {
        for (text, expected) in [
            ("topic=com.example.x", Some("com.example.x")),
            ("a=b&topic=a%20b+c%C3%A9&topic=2", Some("a b cé")),
            ("topics=1", None),
            ("", None),
        ] {
            assert_eq!(query(text, "topic").unwrap().as_deref(), expected, "{text}");
        }
        for text in ["topic=%", "topic=%4", "topic=%zz", "topic=%ff"] {
            assert!(query(text, "topic").is_err(), "{text}");
        }
    }

    #[test]
    fn a_signature_holds_for_one_secret_and_one_body() {
        // The example of GitHub's documentation.
        let (secret, body) = ("It's a Secret to Everybody", b"Hello, World!");
        let signature = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        assert!(is_signed(&format!("sha256={signature}"), secret, body));
        assert!(is_signed(&signature.to_uppercase(), secret, body));
        assert!(!is_signed(signature, "It's no Secret", body));
        assert!(!is_signed(signature, secret, b"Hello, World?"));
        for other in ["", "sha256=", &signature[2..], "sha1=757107"] {
            assert!(!is_signed(other, secret, body), "{other}");
        }
    }
}
