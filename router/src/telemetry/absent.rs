//! What a router has instead that was built without the feature `opentelemetry`.

use crate::{config::TelemetrySettings, error::StartError};
use std::{sync::Arc, time::Duration};
use wamplex_realm::CallTracer;

/// An export of traces that there is not.
#[derive(Debug)]
pub(crate) enum Telemetry {}

impl Telemetry {
    /// Nothing. What is configured in vain, the check of the configuration refuses.
    #[allow(clippy::unnecessary_wraps, reason = "the other one can fail")]
    pub(crate) const fn open(_: &TelemetrySettings) -> Result<Option<Self>, StartError> {
        Ok(None)
    }

    pub(crate) fn tracer(&self) -> Arc<dyn CallTracer> {
        match *self {}
    }

    #[allow(clippy::unused_async, reason = "the other one waits")]
    pub(crate) async fn close(&self, _: Duration) {
        match *self {}
    }
}
