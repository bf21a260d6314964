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
    machine::{Dealer, Machine, Received, Refused},
    tape::Tape,
};
use alloc::boxed::Box;
use wamplex_shared::id::RequestId;

/// The session of one connection, and the reader of its messages. Internal to the npm package.
///
/// JavaScript has the socket and writes messages; here is what may be sent when, what a received message means, and the
/// way from bytes to values.
#[derive(Debug)]
pub struct Core {
    machine: Machine,
    tape: Tape,
}

/// The core of a connection whose HELLO is about to be sent.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
#[must_use]
pub extern "C" fn create() -> Box<Core> {
    Box::new(Core { machine: Machine::new(), tape: Tape::default() })
}

/// The connection is gone.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn destroy(core: Box<Core>) {
    drop(core);
}

/// The place for the bytes of the next message.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn room(core: &mut Core, length: usize) -> *mut u8 {
    core.tape.room(length).as_mut_ptr()
}

/// Reads the message that stands there, in CBOR or MessagePack. Returns where its tape is, or null if it is malformed.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn read(core: &mut Core, is_cbor: bool) -> *const u32 {
    core.tape.write(is_cbor).map_or(::core::ptr::null(), <[u32]>::as_ptr)
}

/// Takes a message of the router: its code, its first id or 0, of ERROR the code of the request that failed, and the code
/// of the request with this id that waits, or 0. Returns a report.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn receive(
    core: &mut Core,
    code: u32,
    request: f64,
    kind: u32,
    waiting: u32,
    flags: u32,
) -> u32 {
    let flag = |bit: u32| flags >> bit & 1 != 0;
    let received = Received {
        code,
        request: RequestId::new(request as u64),
        kind,
        waiting,
        progress: flag(0),
        offered: flag(1),
        dealer: Dealer { cancels: flag(2), streams: flag(3) },
    };
    core.machine.receive(&received) as u32
}

/// Whether AUTHENTICATE is to be sent.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn authenticate(core: &mut Core) -> bool {
    core.machine.authenticate()
}

/// The id that the next request will have.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn next(core: &Core) -> f64 {
    core.machine.next_request().get() as f64
}

/// Takes the id for a request; with `streams` more arguments may follow. Or a number below zero that says why it is not to
/// be sent.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn request(core: &mut Core, streams: bool) -> f64 {
    match core.machine.request(streams) {
        Ok(request) => request.get() as f64,
        Err(Refused::Closed) => -1.0,
        Err(Refused::Unsupported) => -2.0,
    }
}

/// Whether CANCEL may be sent.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn cancels(core: &Core) -> bool {
    core.machine.cancels()
}

/// Whether GOODBYE is to be sent.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn leave(core: &mut Core) -> bool {
    core.machine.leave()
}

/// Whether ABORT is to be sent, which ends the session.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn abort(core: &mut Core) -> bool {
    core.machine.abort()
}
