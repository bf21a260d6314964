//! The Wamplex WAMP router as a library.
//!
//! A [`Router`] serves realms over WebSocket at `/ws`, and a web page at every other path:
//!
//! ```
//! use wamplex_router::{Router, RouterConfig, config::Site};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let router = Router::bind(RouterConfig {
//!     listen: "127.0.0.1:0".parse()?,
//!     realms: vec!["com.example.realm".into()],
//!     site: Site::Nothing,
//!     ..RouterConfig::default()
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
//! The rules of the protocol are in `wamplex-shared` (sessions) and `wamplex-realm` (routing). Here are sockets, tasks,
//! queues and time limits: `listener` accepts, `front` speaks HTTP until the upgrade, `connection` is the task of one
//! client, `link` its two directions, `dispatch` decides which lock a message needs, `outbox` holds what waits to be
//! sent. To follow a message, start in `dispatch`.

pub mod config;

mod admission;
mod clock;
mod connection;
mod counters;
mod deliver;
mod dispatch;
mod ending;
mod error;
mod front;
mod guard;
mod link;
mod listener;
mod outbox;
mod realm;
mod router;
mod shared;
mod transport;

pub use config::RouterConfig;
pub use counters::Counters;
pub use error::StartError;
pub use router::{Router, RouterHandle};
