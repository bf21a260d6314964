//! What a listener tells about the router itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a listener tells over HTTP about the router itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Status {
    /// Whether `/healthz` says that the process is alive, and `/readyz` whether it takes sessions: 503 while it shuts
    /// down. Default: true.
    pub health: bool,
    /// Whether `/metrics` shows the numbers of the router, for Prometheus: what is in the realms, and how much passes
    /// through them. Default: false, since whoever can connect can read them.
    pub metrics: bool,
}

impl Default for Status {
    fn default() -> Self {
        Self { health: true, metrics: false }
    }
}
