//! Slowing clients down that send too fast, and refusing what comes far too fast.
//!
//! Everybody has a bucket of tokens: a session its own, and all sessions of a role and of a realm one together. What is
//! read is paid for. Whoever is in debt is not read from until the debt is paid, so that the client feels it where it
//! writes; and whatever a client sends beyond that in one go, past a bound, is answered with an ERROR.

mod bucket;
mod quotas;

pub(crate) use bucket::{Bucket, Pace};
pub(crate) use quotas::{Quotas, Seats, Throttle};
