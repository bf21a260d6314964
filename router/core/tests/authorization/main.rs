//! Rights: who may do what with which URI, and that nobody receives what it has no right to.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "all of this is a test")]

mod matrix;
mod oracle;
mod realm;
mod sessions;
mod table;

#[path = "../stage/mod.rs"]
mod stage;
