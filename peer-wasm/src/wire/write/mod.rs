use alloc::vec::Vec;
use wamplex_shared::{
    message::{CancelMode, MessageCode},
    roles::Roles,
    serializer::Serializer,
};

/// What the application adds to a message, as JavaScript has written it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written<'a> {
    /// One dictionary; empty means one without entries.
    pub(crate) options: &'a [u8],
    /// Arguments.
    pub(crate) payload: &'a [u8],
    /// How many elements of the message the arguments are.
    pub(crate) elements: usize,
}

/// What HELLO says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hello<'a> {
    pub(crate) realm: &'a str,
    pub(crate) roles: &'a Roles,
    pub(crate) agent: &'a str,
    /// One on a line.
    pub(crate) authmethods: &'a str,
    pub(crate) authid: Option<&'a str>,
    /// A dictionary as JavaScript has written it, or empty.
    pub(crate) authextra: &'a [u8],
}

/// Writes HELLO.
pub(crate) fn hello(serializer: Serializer, hello: &Hello<'_>) -> Vec<u8> {
    let mut out = Out::new(serializer, 3, &[code(MessageCode::Hello)]);
    out.text(hello.realm);
    out.hello(hello);
    out.finish()
}

/// Writes AUTHENTICATE; `extra` is a dictionary as JavaScript has written it.
pub(crate) fn authenticate(serializer: Serializer, signature: &str, extra: &[u8]) -> Vec<u8> {
    let mut out = Out::new(serializer, 3, &[code(MessageCode::Authenticate)]);
    out.text(signature);
    out.options(extra);
    out.finish()
}

/// Writes ABORT or GOODBYE.
pub(crate) fn close(
    serializer: Serializer,
    kind: MessageCode,
    reason: &str,
    message: Option<&str>,
) -> Vec<u8> {
    let mut out = Out::new(serializer, 3, &[code(kind)]);
    out.small_dict("message", message);
    out.text(reason);
    out.finish()
}

/// Writes CANCEL.
pub(crate) fn cancel(serializer: Serializer, request: u64, mode: CancelMode) -> Vec<u8> {
    let mut out = Out::new(serializer, 3, &[code(MessageCode::Cancel), request]);
    out.small_dict("mode", Some(mode.name()));
    out.finish()
}

/// Writes a message of numbers alone.
pub(crate) fn numbers(serializer: Serializer, numbers: &[u64]) -> Vec<u8> {
    Out::new(serializer, numbers.len(), numbers).finish()
}

/// Writes a message of numbers, options, a URI if there is one, and arguments if there are any.
pub(crate) fn message(
    serializer: Serializer,
    numbers: &[u64],
    uri: Option<&str>,
    written: Written<'_>,
) -> Vec<u8> {
    let elements = numbers.len() + 1 + usize::from(uri.is_some()) + written.elements;
    let mut out = Out::new(serializer, elements, numbers);
    out.options(written.options);
    if let Some(uri) = uri {
        out.text(uri);
    }
    if written.elements > 0 {
        out.raw(written.payload);
    }
    out.finish()
}

/// The number that a message begins with.
pub(crate) fn code(code: MessageCode) -> u64 {
    code.number().into()
}

/// The lines of a text that are not empty.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = &[u8]> {
    text.as_bytes().split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

struct Out {
    serializer: Serializer,
    bytes: Vec<u8>,
    /// In JSON: whether the next value has one before it.
    comma: bool,
}

impl Out {
    fn new(serializer: Serializer, elements: usize, numbers: &[u64]) -> Self {
        let mut out = Self { serializer, bytes: Vec::with_capacity(64), comma: false };
        out.begin_list(elements);
        for number in numbers {
            out.uint(*number);
        }
        out
    }

    fn finish(mut self) -> Vec<u8> {
        self.end(']');
        self.bytes
    }

    fn hello(&mut self, hello: &Hello<'_>) {
        let authid = hello.authid.is_some();
        let authextra = !hello.authextra.is_empty();
        self.begin_dict(3 + usize::from(authid) + usize::from(authextra));
        self.key("roles");
        self.roles(hello.roles);
        self.key("authmethods");
        self.begin_list(lines(hello.authmethods).count());
        for method in lines(hello.authmethods) {
            self.text(method);
        }
        self.end(']');
        self.key("agent");
        self.text(hello.agent);
        if let Some(authid) = hello.authid {
            self.key("authid");
            self.text(authid);
        }
        if authextra {
            self.key("authextra");
            self.raw(hello.authextra);
        }
        self.end('}');
    }

    fn roles(&mut self, roles: &Roles) {
        self.begin_dict(roles.iter().count());
        for (role, features) in roles.iter() {
            self.key(role.name());
            self.begin_dict(1);
            self.key("features");
            self.begin_dict(features.iter().count());
            for feature in features.iter() {
                self.key(feature.name());
                self.value(b"true", 0xc3, 0xf5);
            }
            self.end('}');
            self.end('}');
        }
        self.end('}');
    }

    /// A dictionary with one entry or none.
    fn small_dict(&mut self, key: &str, value: Option<&str>) {
        self.begin_dict(usize::from(value.is_some()));
        if let Some(value) = value {
            self.key(key);
            self.text(value);
        }
        self.end('}');
    }

    fn begin_list(&mut self, items: usize) {
        self.value(b"[", 0x90, 0x80);
        self.add_length(items, 0xdc);
        self.comma = false;
    }

    fn begin_dict(&mut self, entries: usize) {
        self.value(b"{", 0x80, 0xa0);
        self.add_length(entries, 0xde);
        self.comma = false;
    }

    /// Adds a length to the byte that was just written for the empty list or dictionary. The heads of messages have
    /// nothing with as many as 256 entries but what JavaScript writes.
    fn add_length(&mut self, entries: usize, long: u8) {
        let Some(last) = self.bytes.last_mut() else { return };
        match self.serializer {
            Serializer::Json => {}
            Serializer::MsgPack if entries < 16 => *last |= entries as u8,
            Serializer::MsgPack => {
                *last = long;
                self.bytes.extend([0, entries as u8]);
            }
            Serializer::Cbor if entries < 24 => *last |= entries as u8,
            Serializer::Cbor => {
                *last |= 24;
                self.bytes.push(entries as u8);
            }
        }
    }

    fn end(&mut self, bracket: char) {
        if self.serializer == Serializer::Json {
            self.bytes.push(bracket as u8);
            self.comma = true;
        }
    }

    fn key(&mut self, key: &str) {
        self.text(key);
        if self.serializer == Serializer::Json {
            self.bytes.push(b':');
            self.comma = false;
        }
    }

    fn options(&mut self, written: &[u8]) {
        if written.is_empty() {
            self.value(b"{}", 0x80, 0xa0);
        } else {
            self.raw(written);
        }
    }

    /// Appends what is in the serializer already.
    fn raw(&mut self, written: &[u8]) {
        self.separate();
        self.bytes.extend_from_slice(written);
    }

    /// Appends what every serializer says in its own way.
    fn value(&mut self, json: &[u8], msgpack: u8, cbor: u8) {
        match self.serializer {
            Serializer::Json => self.raw(json),
            Serializer::MsgPack => self.bytes.push(msgpack),
            Serializer::Cbor => self.bytes.push(cbor),
        }
    }

    fn separate(&mut self) {
        if self.serializer == Serializer::Json {
            if self.comma {
                self.bytes.push(b',');
            }
            self.comma = true;
        }
    }

    fn uint(&mut self, value: u64) {
        match self.serializer {
            Serializer::Json => {
                self.separate();
                self.decimal(value);
            }
            Serializer::MsgPack => {
                let small = if value < 128 { Some(value as u8) } else { None };
                self.number(small, [0xcc, 0xcd, 0xce, 0xcf], value);
            }
            Serializer::Cbor => self.cbor_head(0x00, value),
        }
    }

    fn decimal(&mut self, value: u64) {
        if value > 9 {
            self.decimal(value / 10);
        }
        self.bytes.push(b'0' + (value % 10) as u8);
    }

    fn text(&mut self, text: impl AsRef<[u8]>) {
        self.utf8(text.as_ref());
    }

    fn utf8(&mut self, text: &[u8]) {
        let length = text.len() as u64;
        match self.serializer {
            Serializer::Json => {
                self.separate();
                return self.quoted(text);
            }
            Serializer::MsgPack => {
                let small = if length < 32 { Some(0xa0 | length as u8) } else { None };
                // There is no form with 64 bits, and no string that long.
                self.number(small, [0xd9, 0xda, 0xdb, 0xdb], length);
            }
            Serializer::Cbor => self.cbor_head(0x60, length),
        }
        self.bytes.extend_from_slice(text);
    }

    fn quoted(&mut self, text: &[u8]) {
        self.bytes.push(b'"');
        for &byte in text {
            match byte {
                b'"' | b'\\' => self.bytes.extend([b'\\', byte]),
                0..0x20 => {
                    let digit = |value: u8| b"0123456789abcdef".get(usize::from(value)).copied();
                    self.bytes.extend_from_slice(b"\\u00");
                    self.bytes.extend([digit(byte >> 4), digit(byte & 15)].into_iter().flatten());
                }
                _ => self.bytes.push(byte),
            }
        }
        self.bytes.push(b'"');
    }

    fn cbor_head(&mut self, major: u8, value: u64) {
        let small = if value < 24 { Some(major | value as u8) } else { None };
        self.number(small, [major | 24, major | 25, major | 26, major | 27], value);
    }

    /// The one byte that says it all, or the code of the shortest width and the value in it.
    fn number(&mut self, small: Option<u8>, codes: [u8; 4], value: u64) {
        let [byte, two, four, eight] = codes;
        let (code, width) = match (small, value) {
            (Some(small), _) => (small, 0),
            (None, 0..=0xff) => (byte, 1),
            (None, 0x100..=0xffff) => (two, 2),
            (None, 0x1_0000..=0xffff_ffff) => (four, 4),
            (None, _) => (eight, 8),
        };
        self.bytes.push(code);
        self.bytes.extend(value.to_be_bytes().iter().skip(8 - width));
    }
}

#[cfg(test)]
mod tests;
