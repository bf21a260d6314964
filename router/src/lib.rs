//! The Wamplex WAMP router as a library.
//!
//! A [`Router`] serves realms over WebSocket at `/ws`, and a web page at every other path:
//!
//! ```
//! use wamplex_router::{Router, RouterConfig, };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let router = Router::bind(RouterConfig {
//!     realms: vec!["com.example.realm".into()],
//!     ..RouterConfig::on(([127, 0, 0, 1], 0))
//! })
//! .await?;
//! println!("clients connect to {}", router.websocket_url());
//!
//! let handle = router.handle();
//! let running = tokio::spawn(router.run());
//! handle.shutdown();
//! running.await?;
//! # Ok(())
//! # }
//! ```
//!
//! How a session ends, and what its client is told:
//!
//! | what happens | last message | WebSocket close code |
//! |---|---|---|
//! | the client says GOODBYE | GOODBYE `wamp.close.goodbye_and_out`; the connection takes another HELLO for as long as the first | 1000 |
//! | the client may not join | ABORT with the reason | 1000 |
//! | the client breaks the protocol | ABORT `wamp.error.protocol_violation` | 1002, or 1007 for text that is not UTF-8 |
//! | a message is too long | ABORT `wamp.error.payload_size_exceeded` | 1009 |
//! | no HELLO or AUTHENTICATE comes in time | ABORT `wamp.error.timeout` | 1008 |
//! | the client is too slow: its queue is full, or it takes nothing for too long | ABORT `wamp.close.killed` | 1008 |
//! | nothing is heard of the client, not even an answer to a PING | ABORT `wamp.close.killed` | 1008 |
//! | the router shuts down | GOODBYE or, before WELCOME, ABORT `wamp.close.system_shutdown` | 1001 |
//! | the router fails | ABORT `wamp.close.killed` | 1011 |
//!
//! The client hears the last message if it listens; nobody waits for it longer than the [limits](config::Limits) say.
//!
//! The rules of the protocol are in `wamplex-shared` (sessions) and `wamplex-realm` (routing). Here are sockets, tasks,
//! queues and time limits: `listener` accepts, `front` speaks HTTP until the upgrade, `connection` is the task of one
//! client, `link` its two directions, `dispatch` decides which lock a message needs, `outbox` holds what waits to be
//! sent. To follow a message, start in `dispatch`.

pub mod authentication;
pub mod authorization;
pub mod config;
pub mod local;
pub mod principals;
mod proxy;

mod admin;
mod admission;
mod arrival;
mod bridge;
mod clock;
mod connection;
mod counters;
mod crowd;
mod deliver;
mod dispatch;
mod doors;
mod embedding;
mod ending;
mod error;
mod front;
mod guard;
mod link;
mod listener;
mod log_gate;
mod metrics;
mod notes;
mod outbox;
mod peer;
mod realm;
mod realms;
mod reception;
mod reload;
mod room;
mod router;
mod shared;
mod silence;
mod throttle;
mod tls;
mod transport;
mod unix;
mod watching;

pub use authentication::Identity;
pub use config::RouterConfig;
pub use counters::Counters;
pub use embedding::{GuestError, RouterBuilder, SessionInfo, Shutdown};
pub use error::StartError;
pub use peer::{Address, HttpPeer, Peer, TlsPeer, TransportKind};
pub use reload::{Change, Following, Part, ReloadError, Report};
pub use router::{Router, RouterHandle};
pub use tls::TlsError;
#[cfg(feature = "echo")]
#[doc(hidden)]
pub use transport::echo::echo;
