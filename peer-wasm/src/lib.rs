#![doc = include_str!("../README.md")]

mod connection;
mod core;
mod machine;
mod report;
mod socket;
mod tape;
mod wire;

pub use core::Core;
pub use report::Handler;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
