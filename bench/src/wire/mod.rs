//! Raw WAMP: frames that are written once, and as little reading as counting needs.

mod frame;
mod head;
mod likeness;
mod tag;
mod template;

pub(crate) use frame::{Framing, Incoming, Scanned, Transport, mask};
pub(crate) use head::Head;
pub(crate) use likeness::Likeness;
pub(crate) use tag::{LEAST_PAYLOAD, Tag};
pub(crate) use template::{Template, payload, publish_template};
