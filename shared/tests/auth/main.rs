//! Both sides of each method of authentication: against published and computed values, against each other, and against
//! whatever the other side should not say.

// Helpers outside of the test functions may unwrap too: a panic is how they report.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::needless_pass_by_value,
    clippy::result_large_err
)]

mod cryptosign;
mod handshake;
mod scram;
mod scram_refusals;
mod secrecy;
mod ticket;
mod wampcra;

use wamplex_shared::{
    message::{Authenticate, Challenge},
    value::{Dict, Value},
};

/// A key with the value it gets; `None` takes it out.
type Change = (&'static str, Option<Value>);

fn set(key: &'static str, value: impl Into<Value>) -> Change {
    (key, Some(value.into()))
}

fn null(key: &'static str) -> Change {
    (key, Some(Value::Null))
}

const fn without(key: &'static str) -> Change {
    (key, None)
}

fn changed(mut dict: Dict, (key, value): Change) -> Dict {
    match value {
        Some(value) => drop(dict.insert(key, value)),
        None => drop(dict.remove(key)),
    }
    dict
}

fn changed_challenge(challenge: Challenge, change: Change) -> Challenge {
    Challenge { extra: changed(challenge.extra, change), ..challenge }
}

fn changed_proof(proof: Authenticate, change: Change) -> Authenticate {
    Authenticate { extra: changed(proof.extra, change), ..proof }
}

fn text(dict: &Dict, key: &str) -> String {
    dict.get(key).and_then(Value::as_str).unwrap().to_string()
}

fn base64(bytes: &[u8]) -> String {
    data_encoding::BASE64.encode(bytes)
}

fn from_base64(text: &str) -> Vec<u8> {
    data_encoding::BASE64.decode(text.as_bytes()).unwrap()
}

fn hex<const N: usize>(text: &str) -> [u8; N] {
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap().try_into().unwrap()
}
