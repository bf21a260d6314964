//! One reader over both binary formats.

use super::{cbor, cursor::Cursor, msgpack};
use alloc::borrow::Cow;

/// What stands at one place of the input.
#[derive(Debug)]
pub(crate) enum Token<'b> {
    Null,
    Undefined,
    Bool(bool),
    Uint(u64),
    /// The integer -1 - n.
    Nint(u64),
    Float(f64),
    /// Valid UTF-8.
    Str(Cow<'b, [u8]>),
    Bytes(Cow<'b, [u8]>),
    List(Entries),
    Dict(Entries),
    /// The next value is to be understood in some way.
    Tag(u64),
}

/// How many entries of a list or dictionary are to come; `None` if something behind them ends it.
pub(crate) type Entries = Option<u64>;

/// Reads MessagePack or CBOR, and says `None` where the input is neither.
#[derive(Debug)]
pub(crate) struct Reader<'b> {
    input: Cursor<'b>,
    is_cbor: bool,
}

impl<'b> Reader<'b> {
    pub(crate) const fn msgpack(bytes: &'b [u8]) -> Self {
        Self { input: Cursor::new(bytes), is_cbor: false }
    }

    pub(crate) const fn cbor(bytes: &'b [u8]) -> Self {
        Self { input: Cursor::new(bytes), is_cbor: true }
    }

    /// A value, or the beginning of a list or dictionary.
    pub(crate) fn next(&mut self) -> Option<Token<'b>> {
        let token = if self.is_cbor {
            cbor::next(&mut self.input)
        } else {
            msgpack::next(&mut self.input)
        }?;
        if let Token::Str(text) = &token {
            str::from_utf8(text).ok()?;
        }
        Some(token)
    }

    /// Whether another entry follows. When none does, the list or dictionary is left.
    pub(crate) fn more(&mut self, entries: &mut Entries) -> Option<bool> {
        if let Some(left) = entries {
            let more = *left > 0;
            *left -= u64::from(more);
            return Some(more);
        }
        if self.input.peek()? == cbor::BREAK {
            self.input.u8();
            return Some(false);
        }
        Some(true)
    }

    /// Reads past a value that is known to be well-formed.
    pub(crate) fn skip(&mut self) -> Option<()> {
        let token = self.next()?;
        self.skip_rest(&token)
    }

    /// The same behind the first token of the value.
    #[allow(clippy::wildcard_enum_match_arm)] // nothing else has a rest
    pub(crate) fn skip_rest(&mut self, token: &Token<'_>) -> Option<()> {
        let (mut entries, values) = match token {
            Token::List(entries) => (*entries, 1),
            Token::Dict(entries) => (*entries, 2),
            Token::Tag(_) => return self.skip(),
            _ => return Some(()),
        };
        while self.more(&mut entries)? {
            for _ in 0..values {
                self.skip()?;
            }
        }
        Some(())
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.input.peek().is_none()
    }
}
