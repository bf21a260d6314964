//! The client against a router that follows a script: what goes over the wire, and what becomes of it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests are tests"
)]

mod authenticating;
mod callee;
mod caller;
mod closing;
mod connecting;
mod pubsub;
mod rawsocket;
mod router;
mod silence;
