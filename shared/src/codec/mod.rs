//! Messages to bytes and back.

/// How deeply lists and dictionaries may be nested in a message, the message itself included.
pub const MAX_DEPTH: usize = 128;
