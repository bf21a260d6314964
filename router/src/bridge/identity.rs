//! Who makes a request.

use super::failure::Failure;
use crate::{authentication::Identity, config::BridgeEndpoint};
use hyper::header::{self, HeaderMap};
use subtle::ConstantTimeEq;
use wamplex_shared::uris::error;

/// The method of those who show no token, and who they are.
const ANONYMOUS: &str = "anonymous";

/// How those are known that show a token of the configuration.
const TOKEN: &str = "token";

/// Where they are kept.
const STATIC: &str = "static";

/// The token of a request, if it shows one.
///
/// # Errors
/// It shows something else, or more than one.
pub(super) fn token(headers: &HeaderMap) -> Result<Option<&str>, Failure> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = sent.next() else { return Ok(None) };
    let words = "Authorization has to be `Bearer` and one token";
    let wrong = || Failure::unauthenticated(error::AUTHENTICATION_DENIED, words);
    let (scheme, token) =
        value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or_else(wrong)?;
    let is_one = scheme.eq_ignore_ascii_case("bearer") && sent.next().is_none();
    if is_one { Ok(Some(token.trim())) } else { Err(wrong()) }
}

/// Who shows no token.
///
/// # Errors
/// Nobody may.
pub(super) fn anonymous(endpoint: &BridgeEndpoint) -> Result<Identity, Failure> {
    match &endpoint.anonymous {
        Some(role) => Ok(Identity::new(ANONYMOUS, role.clone(), ANONYMOUS, STATIC)),
        None => Err(Failure::unauthenticated(
            error::AUTHENTICATION_REQUIRED,
            "this needs a token: Authorization: Bearer …",
        )),
    }
}

/// Whom a token of the configuration belongs to.
pub(super) fn known(endpoint: &BridgeEndpoint, token: &str) -> Option<Identity> {
    // All are compared, each in a time that says nothing of how far it is right.
    let found = endpoint.tokens.iter().fold(None, |found, known| {
        let is_it = known.token.expose().as_bytes().ct_eq(token.as_bytes());
        if bool::from(is_it) { Some(known) } else { found }
    });
    found.map(|known| Identity::new(known.authid.clone(), known.role.clone(), TOKEN, STATIC))
}
