//! What JavaScript is told, and how.

use crate::tape::Tape;
use wasm_bindgen::prelude::*;

/// What a report is about. The numbers are those of `npm/src/core.ts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Report {
    Open = 0,
    Welcome = 1,
    Challenge = 2,
    Abort = 3,
    Goodbye = 4,
    Reply = 5,
    Progress = 6,
    Event = 7,
    Invocation = 8,
    Interrupt = 9,
    Revoked = 10,
    Violation = 11,
    Closed = 12,
    Received = 13,
    Sent = 14,
}

#[wasm_bindgen]
extern "C" {
    /// The JavaScript object that reports go to.
    #[derive(Debug)]
    pub type Handler;

    /// Takes a report: a message as JSON text or as the addresses and lengths of a tape's parts, or a plain text.
    #[wasm_bindgen(method)]
    #[allow(clippy::too_many_arguments)]
    fn report(
        this: &Handler,
        kind: u32,
        number: u32,
        text: &JsValue,
        words: *const u32,
        word_count: usize,
        chars: *const u8,
        char_count: usize,
        numbers: *const f64,
        number_count: usize,
    );
}

/// A decoded message on its way to JavaScript.
pub(crate) enum Decoded {
    Text(JsValue),
    Tape(Tape),
}

impl Handler {
    /// Reports a message. Nothing may be borrowed: the application answers from inside.
    pub(crate) fn message(&self, kind: Report, number: u32, message: &Decoded) {
        match message {
            Decoded::Text(text) => self.text(kind, number, text),
            Decoded::Tape(tape) => self.report(
                kind as u32,
                number,
                &JsValue::UNDEFINED,
                tape.words.as_ptr(),
                tape.words.len(),
                tape.text.as_ptr(),
                tape.text.len(),
                tape.numbers.as_ptr(),
                tape.numbers.len(),
            ),
        }
    }

    /// Reports what is not a message, or one that is JSON text.
    pub(crate) fn text(&self, kind: Report, number: u32, text: &JsValue) {
        let (words, chars, numbers) = (core::ptr::null(), core::ptr::null(), core::ptr::null());
        self.report(kind as u32, number, text, words, 0, chars, 0, numbers, 0);
    }
}
