//! Messages, codecs and session state machines of WAMP v2, without I/O.
//!
//! The layers, each of which knows only those before it:
//!
//! 1. [`id`], [`uri`], [`value`], [`roles`]: the words.
//! 2. [`payload`]: arguments as received bytes.
//! 3. [`message`]: the 24 messages with typed options and details.
//! 4. [`codec`]: messages to bytes and back, in JSON, MessagePack and CBOR.
//! 5. [`session`]: both ends of a session as state machines.
//!
//! With feature `auth` there are the methods of authentication beside them, both sides, which know messages only.
//!
//! Nothing here reads a clock, draws a random number or opens a socket: shells pass [`time::Time`] and seeds in.

#![warn(missing_docs)]
// The standard library has all that, so there is none here, nor in what a browser downloads.
#![cfg_attr(not(any(test, feature = "serde")), no_std)]

extern crate alloc;

#[cfg(feature = "auth-prepared")]
pub mod auth;
pub mod codec;
pub mod error;
pub mod id;
pub mod message;
pub mod payload;
pub mod rawsocket;
pub mod roles;
pub mod serializer;
pub mod session;
pub mod time;
pub mod uri;
pub mod uris;
pub mod value;
