//! Which HTTP status says what an error URI says.

use hyper::StatusCode;
use std::collections::{BTreeMap, HashMap};
use wamplex_shared::uris::{error, wamplex};

/// The statuses of one endpoint.
///
/// | status | error URIs |
/// |---|---|
/// | 400 | `wamp.error.invalid_argument`, `wamp.error.invalid_uri`, `wamp.error.option_not_allowed` |
/// | 401 | `wamp.error.authentication_required`, `…_failed`, `…_denied`, `wamp.error.authorization_required` |
/// | 403 | `wamp.error.not_authorized`, `wamp.error.authorization_denied`, `wamp.error.option_disallowed.disclose_me` |
/// | 404 | `wamp.error.no_such_procedure`, and all others that begin with `wamp.error.no_such_` |
/// | 409 | `wamp.error.procedure_already_exists` |
/// | 413 | `wamp.error.payload_size_exceeded` |
/// | 429 | `wamplex.error.limit_exceeded` |
/// | 501 | `wamp.error.feature_not_supported` |
/// | 502 | `wamp.error.canceled`: the callee has gone, and `wamp.error.network_failure` |
/// | 503 | `wamp.error.unavailable`, `wamp.error.no_available_callee`, `wamp.error.authorization_failed`, `wamp.close.system_shutdown` |
/// | 504 | `wamp.error.timeout` |
/// | 500 | everything else: the errors of applications |
#[derive(Debug)]
pub(super) struct Statuses {
    extra: HashMap<String, StatusCode>,
}

/// All that begin with this name something that does not exist.
const NO_SUCH: &str = "wamp.error.no_such_";

const BUILT_IN: [(StatusCode, &[&str]); 10] = [
    (
        StatusCode::BAD_REQUEST,
        &[error::INVALID_ARGUMENT, error::INVALID_URI, error::OPTION_NOT_ALLOWED],
    ),
    (
        StatusCode::UNAUTHORIZED,
        &[
            error::AUTHENTICATION_REQUIRED,
            error::AUTHENTICATION_FAILED,
            error::AUTHENTICATION_DENIED,
            error::AUTHORIZATION_REQUIRED,
        ],
    ),
    (
        StatusCode::FORBIDDEN,
        &[error::NOT_AUTHORIZED, error::AUTHORIZATION_DENIED, error::OPTION_DISALLOWED_DISCLOSE_ME],
    ),
    (StatusCode::CONFLICT, &[error::PROCEDURE_ALREADY_EXISTS]),
    (StatusCode::PAYLOAD_TOO_LARGE, &[error::PAYLOAD_SIZE_EXCEEDED]),
    (StatusCode::TOO_MANY_REQUESTS, &[wamplex::LIMIT_EXCEEDED]),
    (StatusCode::NOT_IMPLEMENTED, &[error::FEATURE_NOT_SUPPORTED]),
    (StatusCode::BAD_GATEWAY, &[error::CANCELED, error::CANCELLED, error::NETWORK_FAILURE]),
    (
        StatusCode::SERVICE_UNAVAILABLE,
        &[
            error::UNAVAILABLE,
            error::NO_AVAILABLE_CALLEE,
            error::AUTHORIZATION_FAILED,
            wamplex_shared::uris::close::SYSTEM_SHUTDOWN,
        ],
    ),
    (StatusCode::GATEWAY_TIMEOUT, &[error::TIMEOUT]),
];

impl Statuses {
    /// Those that are built in, and these of a configuration that was checked.
    pub(super) fn new(extra: &BTreeMap<String, u16>) -> Self {
        let status = |(uri, status): (&String, &u16)| {
            Some((uri.clone(), StatusCode::from_u16(*status).ok()?))
        };
        Self { extra: extra.iter().filter_map(status).collect() }
    }

    /// The status of an error.
    pub(super) fn of(&self, uri: &str) -> StatusCode {
        if let Some(status) = self.extra.get(uri) {
            return *status;
        }
        if uri.starts_with(NO_SUCH) {
            return StatusCode::NOT_FOUND;
        }
        let found = BUILT_IN.iter().find(|(_, uris)| uris.contains(&uri));
        found.map_or(StatusCode::INTERNAL_SERVER_ERROR, |(status, _)| *status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_status_of_the_table_unless_the_configuration_says_otherwise() {
        let extra = [("com.example.teapot".to_owned(), 418), (error::TIMEOUT.to_owned(), 408)];
        let (built_in, changed) =
            (Statuses::new(&BTreeMap::new()), Statuses::new(&extra.into_iter().collect()));
        for (uri, status, with_extra) in [
            (error::INVALID_ARGUMENT, 400, 400),
            (error::NOT_AUTHORIZED, 403, 403),
            (error::NO_SUCH_PROCEDURE, 404, 404),
            (error::NO_SUCH_REALM, 404, 404),
            (wamplex::LIMIT_EXCEEDED, 429, 429),
            (error::TIMEOUT, 504, 408),
            (error::RUNTIME_ERROR, 500, 500),
            ("com.example.teapot", 500, 418),
        ] {
            assert_eq!(built_in.of(uri).as_u16(), status, "{uri}");
            assert_eq!(changed.of(uri).as_u16(), with_extra, "{uri}");
        }
    }
}
