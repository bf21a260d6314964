//! A WAMP router in a page, so that tests of what runs there need no server.
//!
//! The realms are those of the router that runs on servers (`wamplex-realm`); this is the shell around them that
//! sockets made in JavaScript need. Frames come in, frames go out, and time and random numbers are handed in.
//!
//! ```
//! use wamplex_shared::time::Time;
//! use wamplex_testing::{Frame, Router, Transmit};
//!
//! let mut router = Router::new(7, 0);
//! router.add_realm(r#"{"name": "realm1"}"#)?;
//! let socket = router.open("wamp.2.json").unwrap();
//! let hello = r#"[1, "realm1", {"roles": {"subscriber": {}}}]"#;
//! router.receive(socket, Frame::Text(hello.into()), Time::ZERO);
//! let Some((to, Transmit::Frame(Frame::Text(welcome)))) = router.poll_transmit() else { panic!() };
//! assert!(to == socket && welcome.starts_with(b"[2,"));
//! assert_eq!(router.sessions().len(), 1);
//! # Ok::<(), wamplex_testing::BadSetting>(())
//! ```

mod admission;
mod door;
mod outbox;
mod page;
mod proof;
mod router;
mod settings;
mod socket;

pub use outbox::Transmit;
pub use page::Page;
pub use router::{Router, SessionInfo};
pub use settings::BadSetting;
pub use socket::{Frame, SocketId};
