//! What the tests that span the crates have in common: the [script notation](script), and the stages it is played on.

// Tests report by panicking, and so does what they are made of.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]

pub mod features;
pub mod harness;
pub mod script;
pub mod table;
