#![doc = include_str!("../README.md")]
#![cfg_attr(all(feature = "standalone", target_arch = "wasm32", not(test)), no_std)]

extern crate alloc;

mod core;
mod head;
mod machine;
mod tape;

#[cfg(target_arch = "wasm32")]
use lol_alloc::{LeakingPageAllocator};

pub use crate::core::{
    Core, abort, authenticate, cancels, create, destroy, leave, next, read, receive, request, room,
};

/// A connection has a few buffers that grow and stay: a list of what is free is enough for them.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: LeakingPageAllocator = LeakingPageAllocator;


/// The words of a panic would go nowhere, and the code that formats them is a tenth of all the code.
#[cfg(all(feature = "standalone", target_arch = "wasm32", not(test)))]
#[panic_handler]
fn panic(_: &::core::panic::PanicInfo<'_>) -> ! {
    ::core::arch::wasm32::unreachable()
}
