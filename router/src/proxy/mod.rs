//! Proxies in front of a listener: for whom they connect, as far as they are to be believed.

mod forwarded;
mod header;

pub(crate) use forwarded::client_of;
pub(crate) use header::{ProxyError, read_header};
