//! The boundary to JavaScript: numbers, and bytes in memory that both sides see.
//!
//! JavaScript calls these functions as they are, under these names: glue code that converts would weigh as much as what
//! it calls. Each takes the core of its connection. Flags and numbers are those of `npm/src/core.ts`.

// The names are what is unsafe here: nothing else may have them.
#![cfg_attr(
    target_arch = "wasm32",
    expect(unsafe_code, reason = "the names that JavaScript knows")
)]

use crate::{
    machine::{Received, State},
    tape::Tape,
};
use alloc::boxed::Box;

/// The reader of messages. All connections have one: nothing of a message is there when the next one comes.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
#[must_use]
pub extern "C" fn create() -> Box<Tape> {
    Box::default()
}

/// The place for the bytes of the next message.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn room(tape: &mut Tape, length: usize) -> *mut u8 {
    tape.room(length).as_mut_ptr()
}

/// Reads the message that stands there, in CBOR or MessagePack. Returns where its tape is, or null if it is malformed.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn read(tape: &mut Tape, is_cbor: bool) -> *const u32 {
    tape.write(is_cbor).map_or(::core::ptr::null(), <[u32]>::as_ptr)
}

/// Takes a message of the router in a state of the session, first 0: its code, of ERROR the code of the request that failed,
/// and the code of the request with this id that waits, or 0. Returns the new state times 16 and a report.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
#[must_use]
pub extern "C" fn receive(state: u32, code: u32, kind: u32, waiting: u32, flags: u32) -> u32 {
    let (State(state), report) = State(state).receive(Received { code, kind, waiting, flags });
    state << 4 | report as u32
}

/// The state of the session after a message is sent, or a number below zero if it is not to be. `streams` says of CALL that
/// more arguments may follow.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
#[must_use]
pub extern "C" fn send(state: u32, code: u32, streams: bool) -> i32 {
    State(state).send(code, streams).map_or(-1, |State(state)| state as i32)
}
