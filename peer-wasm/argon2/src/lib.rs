//! Argon2id, version 1.3, with one lane (RFC 9106): what WebCrypto lacks for "WAMP: Salted Challenge Response Authentication".
//!
//! Three functions are all that JavaScript sees, without glue code: it asks for an [`input`], writes password and salt to where its
//! [`bytes`] are, calls [`derive()`], and reads the key from there. An instance is thrown away after one key, since nothing else
//! gives memory back that WebAssembly once had.

#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

use alloc::{boxed::Box, vec, vec::Vec};
use argon2::{Algorithm, Argon2, Params, Version};

/// How long the keys are, in bytes: as long as a hash of SCRAM.
pub const KEY_LENGTH: usize = 32;

/// Bytes that [`derive()`] reads and writes.
pub type Buffer = Vec<u8>;

/// A buffer of `length` zeros, at least [`KEY_LENGTH`] bytes long.
#[expect(unsafe_code, reason = "the name that JavaScript knows")]
#[unsafe(no_mangle)]
pub extern "C" fn input(length: usize) -> Box<Buffer> {
    Box::new(vec![0; length.max(KEY_LENGTH)])
}

/// Where the bytes of a buffer are.
#[expect(unsafe_code, reason = "the name that JavaScript knows")]
#[unsafe(no_mangle)]
pub extern "C" fn bytes(input: &mut Buffer) -> *mut u8 {
    input.as_mut_ptr()
}

/// Puts the key that belongs to this password and salt into the first [`KEY_LENGTH`] bytes of the buffer, and says whether it could.
///
/// The buffer begins with the password, `password` bytes long; `salt` bytes of salt follow, of which there have to be 8. `memory`
/// is in KiB. It cannot where one of these is out of the range of RFC 9106, or where there is no such memory.
#[expect(unsafe_code, reason = "the name that JavaScript knows")]
#[unsafe(no_mangle)]
pub extern "C" fn derive(
    input: &mut Buffer,
    password: usize,
    salt: usize,
    iterations: u32,
    memory: u32,
) -> bool {
    let Ok(params) = Params::new(memory, iterations, 1, Some(KEY_LENGTH)) else { return false };
    let Some((password, rest)) = input.split_at_checked(password) else { return false };
    let Some(salt) = rest.get(..salt) else { return false };
    let mut key = [0; KEY_LENGTH];
    let hashed = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password, salt, &mut key);
    input.fill(0);
    input[..KEY_LENGTH].copy_from_slice(&key);
    hashed.is_ok()
}

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();

/// The words of a panic would go nowhere, and the code that formats them is large.
#[cfg(target_arch = "wasm32")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}

#[cfg(test)]
mod tests {
    use super::{KEY_LENGTH, bytes, derive, input};

    /// The key in hexadecimal digits.
    fn key(password: &str, salt: &str, iterations: u32, memory: u32) -> Option<String> {
        let mut buffer = input(password.len() + salt.len());
        buffer[..password.len()].copy_from_slice(password.as_bytes());
        buffer[password.len()..][..salt.len()].copy_from_slice(salt.as_bytes());
        derive(&mut buffer, password.len(), salt.len(), iterations, memory)
            .then(|| buffer[..KEY_LENGTH].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// From the tests of the reference implementation.
    #[test]
    fn keys_are_those_of_the_reference() {
        for (password, salt, iterations, memory, expected) in [
            (
                "password",
                "somesalt",
                2,
                65_536,
                "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7",
            ),
            (
                "password",
                "somesalt",
                2,
                256,
                "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe",
            ),
            (
                "password",
                "somesalt",
                1,
                65_536,
                "f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98",
            ),
            (
                "password",
                "somesalt",
                4,
                65_536,
                "9025d48e68ef7395cca9079da4c4ec3affb3c8911fe4f86d1a2520856f63172c",
            ),
            (
                "differentpassword",
                "somesalt",
                2,
                65_536,
                "0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde",
            ),
            (
                "password",
                "diffsalt",
                2,
                65_536,
                "bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c",
            ),
        ] {
            assert_eq!(
                key(password, salt, iterations, memory).as_deref(),
                Some(expected),
                "{password} {salt} {iterations} {memory}"
            );
        }
    }

    #[test]
    fn what_is_out_of_range_gives_no_key() {
        for (salt, iterations, memory) in
            [("somesalt", 0, 256), ("somesalt", 1, 7), ("seven..", 1, 256)]
        {
            assert_eq!(
                key("password", salt, iterations, memory),
                None,
                "{salt} {iterations} {memory}"
            );
        }
        let mut short = input(16);
        for (password, salt) in [(33, 0), (16, 17), (usize::MAX, 8), (8, usize::MAX)] {
            assert!(!derive(&mut short, password, salt, 1, 256), "{password} {salt}");
        }
    }

    #[test]
    fn neither_password_nor_salt_stay_in_the_buffer() {
        let mut buffer = input(64);
        buffer.fill(b'x');
        assert!(derive(&mut buffer, 40, 24, 1, 256));
        assert_ne!(buffer[..KEY_LENGTH], [b'x'; KEY_LENGTH]);
        assert_eq!(buffer[KEY_LENGTH..], [0; 32]);
        assert_eq!(bytes(&mut buffer), buffer.as_mut_ptr());
    }
}
