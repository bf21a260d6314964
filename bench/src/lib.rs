//! What `wamplex bench` does: loads a WAMP router from outside and measures what that costs it.
//!
//! The generator is raw WAMP on a poll loop of its own: frames are written once and only get their ids, and of what
//! comes in nothing is read but the type, the ids and a tag at the end of the payload. So one or two threads of it can
//! keep a router busy. The router is always another process, on other processor cores where there are enough, and what
//! is compared is the processor time of that process per message: unlike rates and latencies it hardly depends on what
//! else the machine does.
//!
//! Every event and every result is counted and checked. A run in which one is lost, doubled or out of order has no
//! figure; it fails.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "whatever else a router may answer, or a run may fail with, is treated alike"
)]

mod cli;
mod cores;
mod error;
mod floor;
mod job;
mod join;
mod process;
mod progress;
mod report;
mod scenario;
mod socket;
mod stop;
mod suite;
mod target;
mod turning;
mod wire;

pub use cli::Bench;
