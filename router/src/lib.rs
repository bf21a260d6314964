//! The Wamplex WAMP router as a library.
//!
//! A [`Router`] serves realms over WebSocket at `/ws`, RawSocket and HTTP long-poll, all on one port, and a web page at
//! every other path:
//!
//! ```
//! use wamplex_router::Router;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let router =
//!     Router::builder().realm("com.example.realm").listen(([127, 0, 0, 1], 0)).bind().await?;
//! println!("clients connect to {}", router.websocket_url());
//!
//! let handle = router.handle();
//! tokio::spawn(router.run());
//! handle.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! What a configuration file can say is a value in a program, [`RouterConfig`], and what only a program can give comes
//! besides: see the [builder](RouterBuilder) and the [handle](RouterHandle). The example programs show each by itself.
//!
//! | what for | how | example |
//! |---|---|---|
//! | a router in a program | [`Router::builder`], [`Router::run`] | `embedded` |
//! | to call and serve without a socket | [`RouterHandle::join`], [`local`] | `in_process_client` |
//! | the native client without a socket | [`RouterHandle::connect`] | `in_process_client` |
//! | connections that the program accepts | [`RouterHandle::serve`] | |
//! | another transport | [`RouterHandle::serve_messages`] | `own_transport` |
//! | who comes in | [`authentication::Authenticator`], [`principals::Principals`] | `custom_authenticator` |
//! | who may join, call, register, publish, subscribe | [`authorization::Authorizer`] | `custom_authorizer` |
//! | who is here, and to end a session | [`RouterHandle::sessions`], [`RouterHandle::end_session`] | |
//! | to change while it runs | [`RouterHandle::reload`] | |
//! | to stop and wait for that | [`RouterHandle::shutdown`] | `embedded` |
//! | plain HTTP | [`config::BridgeEndpoint`] | `http_bridge` |
//!
//! Where programs on `battler-wamp` find what they use there:
//!
//! | `battler-wamp` | here |
//! |---|---|
//! | `RouterConfig { address, port, realms, … }` | [`RouterConfig`], or [`RouterBuilder::listen`] and [`RouterBuilder::realm`] |
//! | `RouterLimitsConfig` | [`config::Limits`] for connections, [`config::RealmLimits`] for sessions of a realm or role |
//! | `RealmConfig`, `RealmAuthenticationConfig` | [`config::RealmSettings`], [`config::AuthenticationSettings`]; both can change while the router runs |
//! | `scram::UserDatabase`, `scram::new_user` | [`principals::Principals`], or one of the sources that are built in; `wamplex user add` |
//! | `Undisputed` | [`authentication::Authenticator`]: no method of ours lets clients name their own role |
//! | `new_web_socket_router`, `Router::start` | [`RouterBuilder::bind`], then [`Router::run`] in a task |
//! | `Router::new` with acceptor and transport factories | [`RouterHandle::serve`] for streams, [`RouterHandle::serve_messages`] for transports |
//! | `RouterHandle::cancel` | [`RouterHandle::shutdown`], which can be awaited |
//! | `RouterHandle::local_addr` | [`Router::local_addr`], [`Router::endpoints`] |
//! | `RouterHandle::direct_connect` | [`RouterHandle::connect`] for a client, [`RouterHandle::join`] for a session |
//! | `RouterHandle::end_session` | [`RouterHandle::end_session`] |
//! | `ConnectionPolicies::validate_connection` | [`Authenticator::authenticate`](authentication::Authenticator::authenticate), [`Authorizer::join`](authorization::Authorizer::join) |
//! | `PubSubPolicies::validate_subscription`, `validate_publication` | [`Authorizer::subscribe`](authorization::Authorizer::subscribe), [`Authorizer::publish`](authorization::Authorizer::publish) |
//! | `RpcPolicies::validate_registration` | [`Authorizer::register`](authorization::Authorizer::register), and [`Authorizer::call`](authorization::Authorizer::call) |
//! | `SessionHandle::{id, roles, peer_info}` | [`SessionInfo`] |
//! | `SessionHandle::close` | [`RouterHandle::end_session`] |
//! | details `battler_wamp_remote_addr`, `battler_wamp_direct_peer` of an invocation | [`SessionInfo::peer`] of its `caller` |
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
//! | the client is too slow: its queue is full and nothing in it may be [dropped](config::SlowConsumerPolicy), or it takes nothing for too long | ABORT `wamplex.error.slow_consumer` | 1008 |
//! | nothing is heard of the client, not even an answer to a PING | ABORT `wamp.error.network_failure` | 1008 |
//! | the credentials of the client expire | GOODBYE `wamplex.close.expired` | 1000 |
//! | somebody ends the session | GOODBYE `wamp.close.killed`, or another reason that was given | 1000 |
//! | the router shuts down | GOODBYE or, before WELCOME, ABORT `wamp.close.system_shutdown` | 1001 |
//! | the router fails | ABORT `wamp.error.runtime_error` | 1011 |
//!
//! The client hears the last message if it listens; nobody waits for it longer than the [limits](config::Limits) say.
//!
//! The rules of the protocol are in `wamplex-shared` (sessions) and `wamplex-realm` (routing). Here are sockets, tasks,
//! queues and time limits: `listener` accepts, `front` speaks HTTP until the upgrade, `connection` is the task of one
//! client, `link` its two directions, `dispatch` decides which lock a message needs, `outbox` holds what waits to be
//! sent; `local` is a session without a connection, and `bridge` what plain HTTP makes of it. To follow a message, start in `dispatch`.

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
mod chunk;
mod clock;
mod connection;
mod counters;
mod crowd;
mod deliver;
mod dispatch;
mod doors;
mod embedding;
mod ending;
mod entry;
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
mod slowness;
mod telemetry;
mod throttle;
mod tls;
mod transport;
mod unix;
mod vigil;
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
#[cfg(feature = "framed")]
#[doc(hidden)]
pub use transport::framed::Framed;
pub use vigil::prepare_runtime;
