//! Traces of calls, for an OpenTelemetry collector.
//!
//! The realm says when a call begins and ends ([`CallTracer`](wamplex_realm::CallTracer)); a span is handed to a queue of
//! bounded length, and a thread of its own sends what is in it. Spans for which there is no room are lost: no session
//! ever waits for a collector.

#[cfg(not(feature = "opentelemetry"))]
mod absent;
#[cfg(feature = "opentelemetry")]
mod context;
#[cfg(feature = "opentelemetry")]
mod export;
#[cfg(feature = "opentelemetry")]
mod post;
#[cfg(feature = "opentelemetry")]
mod tracer;

#[cfg(not(feature = "opentelemetry"))]
pub(crate) use absent::Telemetry;
#[cfg(feature = "opentelemetry")]
pub(crate) use export::Telemetry;
