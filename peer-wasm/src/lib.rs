#![doc = include_str!("../README.md")]

mod core;
mod machine;
mod report;
mod socket;
mod tape;

pub use core::Core;
pub use report::Handler;

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
