//! Bytes to messages and back, as small as a client can have it.
//!
//! A browser downloads this code before its first message, and the codec of `wamplex-shared` is made for another task:
//! it gives a router every key of every option as a typed field, in copies for each format, and weighs several times
//! as much as all the rest of the client. JavaScript has the whole message decoded anyway, so the session machine needs
//! no more of it than ids and a few flags, and options pass through as JavaScript has written them.
//!
//! JSON is read by the engine, which hands the head of the message over in MessagePack.

mod cbor;
mod cursor;
mod msgpack;
mod read;
mod token;
mod write;

pub(crate) use read::{Received, read};
pub(crate) use token::{Reader, Token};
pub(crate) use write::{
    Hello, Written, authenticate, cancel, close, code, hello, lines, message, numbers,
};
