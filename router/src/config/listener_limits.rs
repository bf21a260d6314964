//! Limits of one listener.

use super::{Limits, Problems, units};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Limits that one listener has of its own: narrower ones for one that everybody reaches, or wider ones for one behind
/// which there are programs that are known.
///
/// ```
/// use wamplex_router::config::{Limits, ListenerLimits};
/// let own = ListenerLimits { message_size: Some(16 << 20), ..ListenerLimits::default() };
/// assert_eq!(own.over(&Limits::default()).message_size, 16 << 20);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ListenerLimits {
    /// How many connections may be open at once here, within what there is room for in all; without it, as many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connections: Option<usize>,
    /// The longest message in bytes that an open session may send here; `off` for the one in `limits`.
    #[serde(with = "units::optional_size")]
    pub message_size: Option<usize>,
    /// How long a client may take nothing here of what waits for it; `off` for the time in `limits`.
    #[serde(with = "units::optional_duration")]
    pub stall: Option<Duration>,
    /// How long a client may take here until its HTTP request is complete, TLS included; `off` for the time in `limits`.
    #[serde(with = "units::optional_duration")]
    pub http_request: Option<Duration>,
    /// How long a client may take here to send HELLO; `off` for the time in `limits`.
    #[serde(with = "units::optional_duration")]
    pub hello: Option<Duration>,
    /// How long authentication may take here from HELLO to WELCOME; `off` for the time in `limits`.
    #[serde(with = "units::optional_duration")]
    pub authentication: Option<Duration>,
}

impl ListenerLimits {
    /// These limits, and `limits` for what they leave out. `connections` counts for itself.
    #[must_use]
    pub fn over(&self, limits: &Limits) -> Limits {
        Limits {
            message_size: self.message_size.unwrap_or(limits.message_size),
            stall: self.stall.unwrap_or(limits.stall),
            http_request: self.http_request.unwrap_or(limits.http_request),
            hello: self.hello.unwrap_or(limits.hello),
            authentication: self.authentication.unwrap_or(limits.authentication),
            ..limits.clone()
        }
    }

    /// Notes what is wrong with them.
    pub fn check(&self, problems: &mut Problems) {
        problems.expect(self.connections != Some(0), "connections", "at least 1", 0);
        // What is wrong with one of the others is wrong with it in `limits`, too.
        self.over(&Limits::default()).check(problems);
    }
}
