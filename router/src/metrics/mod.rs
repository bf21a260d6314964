//! What a router can be watched by: its numbers in the text format of Prometheus.

mod exposition;
mod latency;
mod process;
mod refusals;
mod traffic;

pub(crate) use exposition::expose;
pub(crate) use refusals::Refusals;
pub(crate) use traffic::{Batch, Flow, Traffic};

/// The content type of [`expose`].
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
