//! A line for whoever watches.

use std::{
    fmt::Display,
    io::{self, IsTerminal, Write},
};

/// A line on standard error that says what happens now, if that is a terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    shown: bool,
}

impl Progress {
    /// Nothing is said yet.
    pub(crate) fn new() -> Self {
        Self { shown: io::stderr().is_terminal() }
    }

    /// Says what happens now instead of what was said before.
    pub(crate) fn say(&self, what: impl Display) {
        if self.shown {
            // Nobody has to see it.
            let _ = write!(io::stderr(), "\r\x1b[K{what}").and_then(|()| io::stderr().flush());
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.say("");
    }
}
