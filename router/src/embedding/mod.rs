//! What programs that embed a router can do with it beside running it: build it, bring clients and transports of their
//! own, look at sessions and end them.

mod builder;
mod guests;
mod sessions;
mod shutdown;

pub use builder::RouterBuilder;
pub use guests::GuestError;
pub(crate) use guests::Guests;
pub use sessions::SessionInfo;
pub(crate) use shutdown::Running;
pub use shutdown::Shutdown;
