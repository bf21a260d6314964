//! What JavaScript is told, and how.

use crate::tape::Tape;
use alloc::vec::Vec;
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

    /// Parses a JSON message, keeps it for the reports to come, and returns its head in MessagePack: nothing if it is
    /// no message.
    #[wasm_bindgen(method)]
    pub(crate) fn parse(this: &Handler, text: &JsValue) -> Vec<u8>;

    /// Takes a report. A message comes as the addresses and lengths of a tape's parts, as JSON text, or is the one that
    /// was parsed last. What is not a message comes with a text in words, if with any.
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
    /// The one that [`Handler::parse`] was given.
    Parsed,
    Text(JsValue),
    Tape {
        tape: Tape,
        /// What the tape points into.
        bytes: Vec<u8>,
    },
}

impl Decoded {
    /// How long its frame was, if JavaScript does not know that itself.
    pub(crate) const fn length(&self) -> u32 {
        if let Self::Tape { bytes, .. } = self { bytes.len() as u32 } else { 0 }
    }
}

impl Handler {
    /// Reports a message. Nothing may be borrowed: the application answers from inside.
    pub(crate) fn message(&self, kind: Report, number: u32, message: &Decoded) {
        match message {
            Decoded::Parsed => self.text(kind, number, &JsValue::UNDEFINED),
            Decoded::Text(text) => self.text(kind, number, text),
            Decoded::Tape { tape, .. } => self.report(
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

    /// Reports what comes with a text, or with nothing.
    pub(crate) fn text(&self, kind: Report, number: u32, text: &JsValue) {
        let (words, chars, numbers) = (core::ptr::null(), core::ptr::null(), core::ptr::null());
        self.report(kind as u32, number, text, words, 0, chars, 0, numbers, 0);
    }
}
