#![doc = include_str!("../README.md")]
#![cfg_attr(all(feature = "standalone", target_arch = "wasm32", not(test)), no_std)]

extern crate alloc;

mod core;
mod head;
mod machine;
mod tape;

#[cfg(all(feature = "standalone", target_arch = "wasm32", not(test)))]
use lol_alloc::LeakingPageAllocator;

pub use crate::{
    core::{create, read, receive, room, send},
    tape::Tape,
};

/// There are a few buffers, which stay until one that is twice as large takes their place: none is given back.
#[cfg(all(feature = "standalone", target_arch = "wasm32", not(test)))]
#[global_allocator]
static ALLOCATOR: LeakingPageAllocator = LeakingPageAllocator;

/// The words of a panic would go nowhere, and the code that formats them is a tenth of all the code.
#[cfg(all(feature = "standalone", target_arch = "wasm32", not(test)))]
#[panic_handler]
fn panic(_: &::core::panic::PanicInfo<'_>) -> ! {
    ::core::arch::wasm32::unreachable()
}
