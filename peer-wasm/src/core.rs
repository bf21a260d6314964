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
    machine::{Machine, Received, kind},
    tape::Tape,
};
use alloc::boxed::Box;
use wamplex_shared::{
    id::RequestId,
    message::CancelMode,
    roles::{Feature, Features},
    session::Refusal,
};

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

/// Takes a message of the router: its code, its first id or 0, and of ERROR the kind of request. Returns a report.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn receive(core: &mut Core, code: u32, request: f64, kind: u32, flags: u32) -> u32 {
    let flag = |bit: u32| flags >> bit & 1 != 0;
    let mut dealer = Features::NONE;
    if flag(3) {
        dealer.insert(Feature::CallCanceling);
    }
    if flag(4) {
        dealer.insert(Feature::ProgressiveCallInvocations);
    }
    let received = Received {
        code,
        request: id(request),
        kind,
        progress: flag(0),
        receive_progress: flag(1),
        offered: flag(2),
        dealer,
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
pub extern "C" fn next(core: &mut Core) -> f64 {
    core.machine.next_request().map_or(0.0, |id| id.get() as f64)
}

/// Notes a request with this code, or with 0 one that is not answered. Returns its id, or why it is not to be sent.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn request(core: &mut Core, code: u32, flags: u32) -> f64 {
    result(core.machine.request(kind(code), flags & 2 != 0, flags & 1 != 0))
}

/// Notes more arguments for a call, or the last ones. Returns its id, or why they are not to be sent.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn more(core: &mut Core, request: f64, last: bool) -> f64 {
    let request = id(request).ok_or(Refusal::NotContinued);
    result(request.and_then(|request| core.machine.call_more(request, last)))
}

/// Whether CANCEL is to be sent, with 0 for `skip`, 1 for `kill` or 2 for `killnowait`; the call's answer is swallowed
/// unless somebody `waits` for it.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn cancel(core: &mut Core, request: f64, mode: u32, waits: bool) -> bool {
    let mode = match mode {
        0 => CancelMode::Skip,
        1 => CancelMode::Kill,
        _ => CancelMode::KillNoWait,
    };
    id(request).is_some_and(|request| core.machine.cancel(request, mode, waits))
}

/// Whether YIELD, with `progress` a piece of a result, or ERROR is to be sent.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
pub extern "C" fn answer(core: &mut Core, request: f64, progress: bool) -> bool {
    id(request).is_some_and(|request| core.machine.answer(request, progress))
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

fn id(number: f64) -> Option<RequestId> {
    RequestId::new(number as u64)
}

/// The id of a request, or a number below zero that `npm/src/core.ts` has words for.
fn result(result: Result<RequestId, Refusal>) -> f64 {
    match result {
        Ok(request) => request.get() as f64,
        Err(Refusal::Closed) => -1.0,
        Err(Refusal::Unsupported(_)) => -2.0,
        Err(_) => -3.0,
    }
}
