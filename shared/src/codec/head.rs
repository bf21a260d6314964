//! One reader and one writer over all formats, and the steps from element to element of a message.

#[cfg(feature = "transcode")]
use super::transcode::Conversion;
use super::{
    allowance::Allowance,
    fields::read_number,
    options::{self, Options},
    utf8::Utf8,
    values,
};
use crate::{
    error::{DecodeError, DecodeErrorKind},
    message::MessageCode,
    payload::{Payload, PayloadShape},
    serializer::Serializer,
    uri::Uri,
    value::Dict,
};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use bytes::Bytes;
#[cfg(feature = "transcode")]
use bytes::BytesMut;
use bytestring::ByteString;

/// Boxed, so that results are small: they come back from every step, and errors only once.
pub(super) type Error = Box<DecodeError>;

pub(super) type Result<T> = core::result::Result<T, Error>;

/// What stands at one place of the input. Whatever only one format knows is already turned into one of these
/// (see the table in [`transcode`](super::transcode)).
#[derive(Debug)]
pub(super) enum Token<'b> {
    Null,
    Bool(bool),
    /// An integer from 0 up.
    Uint(u64),
    /// The integer -1 - n.
    Nint(u64),
    Float(f64),
    Str(Text<'b>),
    Bytes(Cow<'b, [u8]>),
    List(Items),
    Dict(Items),
}

/// Text of the input: a slice of it, unless it had to be put together.
pub(super) type Text<'b> = Cow<'b, str>;

/// Where a reader is in a list or dictionary.
#[derive(Clone, Copy, Debug)]
pub(super) struct Items {
    /// How many entries are still to come, if the format says so in advance.
    pub(super) left: Option<u64>,
    /// Whether no entry was read yet.
    pub(super) fresh: bool,
    pub(super) is_dict: bool,
    /// How many levels of nesting end with it: one, and one for each CBOR tag before it.
    pub(super) levels: usize,
}

impl Items {
    pub(super) const fn known(left: u64, is_dict: bool) -> Self {
        Self { left: Some(left), fresh: true, is_dict, levels: 1 }
    }

    pub(super) const fn open_ended(is_dict: bool) -> Self {
        Self { left: None, fresh: true, is_dict, levels: 1 }
    }
}

/// Reads one format. Every step checks what it reads, and no step allocates from a length that was only announced.
pub(super) trait Reader<'b> {
    fn serializer(&self) -> Serializer;

    fn input(&self) -> &'b Bytes;

    /// The place of the next token.
    fn at(&mut self) -> usize;

    /// The place behind the last token.
    fn end(&self) -> usize;

    /// Reads a value, or the beginning of a list or dictionary.
    fn next(&mut self) -> Result<Token<'b>>;

    /// Reads text, as it stands and never as binary data; `None` if there is something else.
    fn string(&mut self) -> Result<Option<ByteString>>;

    /// Reads an integer from 0 up in a usual form; `None` without reading for anything else, which
    /// [`next`](Self::next) reads.
    fn usual_uint(&mut self) -> Option<u64>;

    /// Reads a dictionary without entries, in the form that everybody writes; `false` without reading if there is
    /// something else.
    fn usual_empty_dict(&mut self) -> bool;

    /// Whether another entry follows. When none does, the list or dictionary is left.
    fn more(&mut self, items: &mut Items) -> Result<bool>;

    /// Reads the key of an entry, of whatever type, up to the value.
    fn any_key(&mut self) -> Result<Token<'b>>;

    /// Steps into a list or dictionary, or reads past any other value and checks it.
    fn enter_or_skip(&mut self) -> Result<Option<Items>>;

    /// Reads past the key of an entry, of whatever type, and checks all of it.
    fn skip_key(&mut self) -> Result<()> {
        self.skip()
    }

    /// Reads past a value and checks all of it. Recursive, no deeper than [`MAX_DEPTH`](super::MAX_DEPTH).
    fn skip(&mut self) -> Result<()> {
        if let Some(mut items) = self.enter_or_skip()? {
            while self.more(&mut items)? {
                if items.is_dict {
                    self.skip_key()?;
                }
                self.skip()?;
            }
        }
        Ok(())
    }

    /// Reads past null, or the `undefined` of JavaScript as the usual libraries write it; `false` without reading if
    /// there is something else.
    fn skip_nothing(&mut self) -> Result<bool> {
        let nothing: &[&[u8]] = match self.serializer() {
            Serializer::Json => &[b"null"],
            // An extension of type 0 with one byte of 0.
            Serializer::MsgPack => &[&[0xc0], &[0xd4, 0, 0]],
            Serializer::Cbor => &[&[0xf6], &[0xf7]],
        };
        let at = self.at();
        let rest = self.input().get(at..).unwrap_or_default();
        let found = nothing.iter().any(|nothing| rest.starts_with(nothing));
        if found {
            self.skip()?;
        }
        Ok(found)
    }

    /// Reads a value and writes it in another format. Native programs call a method of the same name that knows its
    /// writer.
    #[cfg(feature = "transcode")]
    #[cfg_attr(
        not(target_arch = "wasm32"),
        expect(dead_code, reason = "only browsers have a writer behind a pointer")
    )]
    fn convert(&mut self, w: &mut dyn Writer, conversion: &mut Conversion) -> Result<()>;

    /// Checks that nothing follows.
    fn finish(&mut self) -> Result<()>;

    /// What may still be allocated.
    fn allowance(&mut self) -> &mut Allowance;

    fn as_dyn(&mut self) -> &mut dyn Reader<'b>;

    #[cold]
    fn error_at(&self, at: usize, kind: DecodeErrorKind) -> Error {
        Error::new(DecodeError { serializer: self.serializer(), at, kind })
    }
}

/// Reads a key, which has to be a string.
pub(super) fn read_key<'b>(r: &mut (impl Reader<'b> + ?Sized)) -> Result<Text<'b>> {
    let at = r.at();
    match r.any_key()? {
        Token::Str(key) => Ok(key),
        _ => Err(r.error_at(at, DecodeErrorKind::KeyNotString)),
    }
}

/// Text as a value of its own: a slice of the input if possible.
pub(super) fn own<'b>(r: &(impl Reader<'b> + ?Sized), text: Text<'b>) -> ByteString {
    match text {
        // The text was checked when it was read, so the slice is UTF-8 and the copy never made.
        Cow::Borrowed(s) => ByteString::try_from(r.input().slice_ref(s.as_bytes()))
            .unwrap_or_else(|_| ByteString::from(s)),
        Cow::Owned(s) => ByteString::from(s),
    }
}

/// Binary data as a value of its own: a slice of the input if possible.
pub(super) fn own_bytes<'b>(r: &(impl Reader<'b> + ?Sized), bytes: Cow<'b, [u8]>) -> Bytes {
    match bytes {
        Cow::Borrowed(b) => r.input().slice_ref(b),
        Cow::Owned(b) => Bytes::from(b),
    }
}

/// Writes one format.
pub(super) trait Writer {
    fn serializer(&self) -> Serializer;
    fn null(&mut self);
    fn bool(&mut self, value: bool);
    fn uint(&mut self, value: u64);
    /// The integer -1 - n.
    fn nint(&mut self, n: u64);
    fn float(&mut self, value: f64);
    fn text(&mut self, value: Utf8<'_>);
    fn str(&mut self, value: &str) {
        self.text(value.into());
    }
    fn bytes(&mut self, value: &[u8]);
    /// Begins a list of exactly `len` values.
    fn begin_list(&mut self, len: usize);
    fn end_list(&mut self);
    /// Begins a dictionary of exactly `len` keys, each with a value behind it.
    fn begin_dict(&mut self, len: usize);
    fn text_key(&mut self, key: Utf8<'_>);
    fn key(&mut self, key: &str) {
        self.text_key(key.into());
    }
    fn end_dict(&mut self);
    /// Begins a list or dictionary whose length is found out on the way.
    #[cfg(feature = "transcode")]
    fn begin_open(&mut self, is_dict: bool);
    /// Ends a list or dictionary that began at `at` of the output, and notes its length there; `false` if that takes more
    /// room than there is.
    #[cfg(feature = "transcode")]
    fn end_open(&mut self, at: usize, is_dict: bool, len: usize) -> bool;
    /// Appends elements of a list that are already written in this format.
    fn elements(&mut self, encoded: &[u8]);
    /// The text or bytes written so far.
    #[cfg(feature = "transcode")]
    fn out(&mut self) -> &mut BytesMut;
    /// Goes back to where there were only so many.
    #[cfg(feature = "transcode")]
    fn rewind(&mut self, len: usize) {
        self.out().truncate(len);
    }
    fn as_dyn(&mut self) -> &mut dyn Writer;
}

/// The elements of one message, read from the first to the last.
pub(super) struct Elements<'r, R: ?Sized> {
    pub(super) reader: &'r mut R,
    items: Items,
    start: usize,
    code: MessageCode,
    /// Whether the end was reached.
    done: bool,
    /// Whether details have to follow, since there is no request to answer.
    is_revocation: bool,
}

impl<'r, 'b, R: Reader<'b> + ?Sized> Elements<'r, R> {
    /// Reads the beginning of a message and its code.
    pub(super) fn begin(reader: &'r mut R) -> Result<Self> {
        let start = reader.at();
        let not_a_message = DecodeErrorKind::NotAMessage;
        let Token::List(mut items) = reader.next()? else {
            return Err(reader.error_at(start, not_a_message));
        };
        if !reader.more(&mut items)? {
            return Err(reader.error_at(start, not_a_message));
        }
        let at = reader.at();
        let number = match reader.usual_uint() {
            Some(number) => number,
            None => match reader.next()? {
                Token::Uint(number) => number,
                _ => return Err(reader.error_at(at, not_a_message)),
            },
        };
        let code = MessageCode::from_u64(number)
            .ok_or_else(|| reader.error_at(at, DecodeErrorKind::UnknownCode(number)))?;
        Ok(Self { reader, items, start, code, done: false, is_revocation: false })
    }

    pub(super) const fn code(&self) -> MessageCode {
        self.code
    }

    fn wrong_length(&self) -> Error {
        self.reader.error_at(self.start, DecodeErrorKind::WrongLength(self.code))
    }

    fn more(&mut self) -> Result<bool> {
        if !self.done {
            self.done = !self.reader.more(&mut self.items)?;
        }
        Ok(!self.done)
    }

    /// Moves to an element that has to be there.
    fn step(&mut self) -> Result<usize> {
        if self.more()? { Ok(self.reader.at()) } else { Err(self.wrong_length()) }
    }

    /// An integer from 0 up.
    fn number(&mut self, what: &'static str) -> Result<(usize, u64)> {
        let at = self.step()?;
        match read_number(self.reader)? {
            Some(number) => Ok((at, number)),
            None => Err(self.wrong_type(at, what, "an integer from 1 to 2^53")),
        }
    }

    fn wrong_type(&self, at: usize, what: &'static str, expected: &'static str) -> Error {
        self.reader.error_at(at, DecodeErrorKind::WrongType(what, expected))
    }

    /// An identifier, made by the `new` of its type.
    pub(super) fn id<T>(
        &mut self,
        what: &'static str,
        new: impl FnOnce(u64) -> Option<T>,
    ) -> Result<T> {
        let (at, number) = self.number(what)?;
        new(number).ok_or_else(|| self.wrong_type(at, what, "an integer from 1 to 2^53"))
    }

    /// The id of a request, or 0 for none.
    pub(super) fn id_or_zero<T>(
        &mut self,
        what: &'static str,
        new: impl FnOnce(u64) -> Option<T>,
    ) -> Result<Option<T>> {
        let (at, number) = self.number(what)?;
        if number == 0 {
            self.is_revocation = true;
            return Ok(None);
        }
        new(number).map(Some).ok_or_else(|| self.wrong_type(at, what, "an integer from 0 to 2^53"))
    }

    /// The code of the request that an ERROR is about.
    pub(super) fn request_type(&mut self) -> Result<MessageCode> {
        const WHAT: &str = "ERROR.REQUEST.Type";
        let at = self.step()?;
        let Token::Uint(number) = self.reader.next()? else {
            return Err(self.wrong_type(at, WHAT, "an integer"));
        };
        MessageCode::from_u64(number)
            .filter(|code| code.may_fail())
            .ok_or_else(|| self.reader.error_at(at, DecodeErrorKind::InvalidValue(WHAT)))
    }

    pub(super) fn text(&mut self, what: &'static str) -> Result<ByteString> {
        let at = self.step()?;
        self.reader.string()?.ok_or_else(|| self.wrong_type(at, what, "a string"))
    }

    pub(super) fn uri(&mut self, what: &'static str) -> Result<Uri> {
        self.text(what).map(Uri::from)
    }

    /// Options or details.
    pub(super) fn options<O: Options>(&mut self) -> Result<O> {
        self.step()?;
        options::read_options(self.reader)
    }

    /// Options or details at the end of the message, where they may be absent.
    pub(super) fn trailing_options<O: Options>(&mut self) -> Result<Option<O>> {
        if self.more()? {
            return options::read_options(self.reader).map(Some);
        }
        if self.is_revocation { Err(self.wrong_length()) } else { Ok(None) }
    }

    /// A dictionary without predefined keys.
    pub(super) fn dict(&mut self, what: &'static str) -> Result<Dict> {
        let at = self.step()?;
        match self.reader.next()? {
            Token::Dict(items) => values::read_dict(self.reader.as_dyn(), items),
            _ => Err(self.wrong_type(at, what, "a dictionary")),
        }
    }

    /// The arguments at the end of the message, checked and kept as they are.
    pub(super) fn payload(&mut self) -> Result<Payload> {
        if !self.more()? {
            return Ok(Payload::NONE);
        }
        let start = self.reader.at();
        let mut shape = values::check_args(self.reader)?;
        let mut end = self.reader.end();
        if self.more()? {
            if shape == PayloadShape::Bare {
                return Err(self.wrong_length());
            }
            values::check_kwargs(self.reader)?;
            shape = PayloadShape::ArgsKwargs;
            end = self.reader.end();
            if self.more()? {
                return Err(self.wrong_length());
            }
        }
        let bytes = self.reader.input().slice(start..end);
        Ok(Payload::from_encoded(self.reader.serializer(), shape, bytes))
    }

    /// Checks that the message has no further element, but for the options that some send with UNSUBSCRIBE and
    /// UNREGISTER.
    pub(super) fn last(&mut self) -> Result<()> {
        if !self.more()? {
            return Ok(());
        }
        if !matches!(self.code, MessageCode::Unsubscribe | MessageCode::Unregister) {
            return Err(self.wrong_length());
        }
        let at = self.reader.at();
        let Token::Dict(mut items) = self.reader.next()? else {
            return Err(self.wrong_type(at, "Options", "a dictionary"));
        };
        while self.reader.more(&mut items)? {
            read_key(self.reader)?;
            self.reader.skip()?;
        }
        if self.more()? { Err(self.wrong_length()) } else { Ok(()) }
    }
}
