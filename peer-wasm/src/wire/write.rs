use bytes::Bytes;
use wamplex_shared::{
    message::{CloseDetails, Hello, Message, MessageCode},
    payload::Payload,
    serializer::Serializer,
};

/// Writes a message of a client. `options` is its dictionary as JavaScript has written it, where it has one that the
/// session machine does not know itself; for HELLO it is `authextra`, for AUTHENTICATE the extra data. Empty means
/// none. `None` for messages that a client does not send.
pub(crate) fn write(serializer: Serializer, message: &Message, options: &[u8]) -> Option<Bytes> {
    let mut out = Out { serializer, bytes: Vec::with_capacity(64), comma: false };
    out.message(message, options)?;
    Some(out.bytes.into())
}

struct Out {
    serializer: Serializer,
    bytes: Vec<u8>,
    /// In JSON: whether the next value has one before it.
    comma: bool,
}

impl Out {
    fn message(&mut self, message: &Message, options: &[u8]) -> Option<()> {
        let code = message.code();
        match message {
            Message::Hello(m) => {
                self.begin(code, 3);
                self.text(m.realm.as_str());
                self.hello(m, options);
            }
            Message::Authenticate(m) => {
                self.begin(code, 3);
                self.text(&m.signature);
                self.options(options);
            }
            Message::Abort(m) => self.close(code, &m.details, m.reason.as_str()),
            Message::Goodbye(m) => self.close(code, &m.details, m.reason.as_str()),
            Message::Error(m) => {
                self.begin(code, 5 + m.payload.shape().elements());
                self.uint(m.request_type.number().into());
                self.uint(m.request.get());
                self.options(options);
                self.text(m.error.as_str());
                self.payload(&m.payload);
            }
            Message::Publish(m) => {
                self.request(code, m.request.get(), options, m.topic.as_str(), &m.payload);
            }
            Message::Call(m) => {
                self.request(code, m.request.get(), options, m.procedure.as_str(), &m.payload);
            }
            Message::Subscribe(m) => {
                self.request(code, m.request.get(), options, m.topic.as_str(), &Payload::NONE);
            }
            Message::Register(m) => {
                self.request(code, m.request.get(), options, m.procedure.as_str(), &Payload::NONE);
            }
            Message::Unsubscribe(m) => self.ids(code, m.request.get(), m.subscription.get()),
            Message::Unregister(m) => self.ids(code, m.request.get(), m.registration.get()),
            Message::Cancel(m) => {
                self.begin(code, 3);
                self.uint(m.request.get());
                let mode = m.options.mode.map(|mode| mode.name());
                self.small_dict("mode", mode);
            }
            Message::Yield(m) => {
                self.begin(code, 3 + m.payload.shape().elements());
                self.uint(m.request.get());
                self.options(options);
                self.payload(&m.payload);
            }
            Message::Welcome(_)
            | Message::Challenge(_)
            | Message::Published(_)
            | Message::Subscribed(_)
            | Message::Unsubscribed(_)
            | Message::Event(_)
            | Message::Result(_)
            | Message::Registered(_)
            | Message::Unregistered(_)
            | Message::Invocation(_)
            | Message::Interrupt(_)
            | Message::EventReceived(_) => return None,
        }
        self.end(']');
        Some(())
    }

    fn request(
        &mut self,
        code: MessageCode,
        id: u64,
        options: &[u8],
        uri: &str,
        payload: &Payload,
    ) {
        self.begin(code, 4 + payload.shape().elements());
        self.uint(id);
        self.options(options);
        self.text(uri);
        self.payload(payload);
    }

    fn ids(&mut self, code: MessageCode, request: u64, of: u64) {
        self.begin(code, 3);
        self.uint(request);
        self.uint(of);
    }

    fn close(&mut self, code: MessageCode, details: &CloseDetails, reason: &str) {
        self.begin(code, 3);
        self.small_dict("message", details.message.as_deref());
        self.text(reason);
    }

    fn hello(&mut self, hello: &Hello, authextra: &[u8]) {
        let details = &hello.details;
        let optional = [("agent", &details.agent), ("authid", &details.authid)];
        let optional = || optional.iter().filter_map(|(key, text)| Some((key, text.as_ref()?)));
        self.begin_dict(2 + optional().count() + usize::from(!authextra.is_empty()));
        self.key("roles");
        self.begin_dict(details.roles.iter().count());
        for (role, features) in details.roles.iter() {
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
        self.key("authmethods");
        self.begin_list(details.authmethods.len());
        for method in &details.authmethods {
            self.text(method);
        }
        self.end(']');
        for (key, text) in optional() {
            self.key(key);
            self.text(text);
        }
        if !authextra.is_empty() {
            self.key("authextra");
            self.options(authextra);
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

    fn begin(&mut self, code: MessageCode, elements: usize) {
        self.begin_list(elements);
        self.uint(code.number().into());
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

    fn payload(&mut self, payload: &Payload) {
        if !payload.is_none() {
            self.raw(payload.bytes());
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

    fn text(&mut self, text: &str) {
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
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn quoted(&mut self, text: &str) {
        self.bytes.push(b'"');
        for byte in text.bytes() {
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
mod tests {
    use super::*;
    use wamplex_shared::{
        codec,
        id::{RegistrationId, RequestId, SubscriptionId},
        message::{
            Abort, Authenticate, Call, CallOptions, Cancel, CancelMode, CancelOptions, Error,
            ErrorDetails, Goodbye, HelloDetails, Publish, PublishOptions, Register,
            RegisterOptions, Subscribe, SubscribeOptions, Unregister, Unsubscribe, Yield,
            YieldOptions,
        },
        payload::PayloadShape,
        roles::{Feature, Features, Role, Roles},
        uri::Uri,
        value::{Dict, Value},
    };

    /// Messages with ids of every width and texts of every kind.
    fn messages(serializer: Serializer) -> Vec<Message> {
        let request = |id| RequestId::new(id).expect("an id");
        let uri = |text: &str| Uri::new(text.to_owned());
        let long = "x".repeat(300);
        let payload = codec::write_values(serializer, &[Value::Int(1)], &Dict::new());
        assert_eq!(payload.shape(), PayloadShape::Args);
        let roles = Roles::default()
            .with(Role::Caller, Features::of(&[Feature::CallCanceling, Feature::CallTimeout]))
            .with(Role::Callee, Features::default());
        let details = HelloDetails {
            roles,
            agent: Some("agent".into()),
            authmethods: vec!["ticket".into(), "anonymous".into()],
            authid: Some("joe \"\\\n\u{1f} ü".into()),
            ..HelloDetails::default()
        };
        let mut all = vec![
            Message::from(Hello { realm: uri("realm1"), details }),
            Authenticate { signature: long.clone().into(), extra: Dict::new() }.into(),
            Abort::new("wamp.error.canceled", "because").into(),
            Goodbye::new("wamp.close.normal").into(),
            Error {
                request_type: MessageCode::Invocation,
                request: request(300),
                details: ErrorDetails::default(),
                error: uri("com.example.no"),
                payload: payload.clone(),
            }
            .into(),
            Yield {
                request: request(23),
                options: YieldOptions::default(),
                payload: payload.clone(),
            }
            .into(),
        ];
        for id in [1, 23, 24, 127, 128, 255, 256, 65_535, 65_536, 0xffff_ffff, 1 << 32, 1 << 53] {
            let request = request(id);
            let topic = uri(&long);
            all.extend([
                Publish {
                    request,
                    options: PublishOptions::default(),
                    topic: topic.clone(),
                    payload: payload.clone(),
                }
                .into(),
                Subscribe { request, options: SubscribeOptions::default(), topic }.into(),
                Register {
                    request,
                    options: RegisterOptions::default(),
                    procedure: uri("com.example.wörter"),
                }
                .into(),
                Call {
                    request,
                    options: CallOptions::default(),
                    procedure: uri(&"x".repeat(31)),
                    payload: Payload::NONE,
                }
                .into(),
                Cancel {
                    request,
                    options: CancelOptions {
                        mode: Some(CancelMode::Kill),
                        ..CancelOptions::default()
                    },
                }
                .into(),
                Unsubscribe { request, subscription: SubscriptionId::new(id).expect("an id") }
                    .into(),
                Unregister { request, registration: RegistrationId::new(id).expect("an id") }
                    .into(),
            ]);
        }
        all
    }

    #[test]
    fn the_codec_of_the_router_reads_what_is_written_here() {
        for serializer in Serializer::ALL {
            for message in messages(serializer) {
                let bytes = write(serializer, &message, &[]).expect("a client's message");
                assert_eq!(
                    codec::decode(serializer, &bytes),
                    Ok(message),
                    "{serializer}: {bytes:?}"
                );
            }
        }
    }

    #[test]
    #[allow(clippy::wildcard_enum_match_arm)] // nothing else has options of the application
    fn options_pass_as_they_were_written() {
        let options = [
            (Serializer::Json, b"{\"x_own\":1}".as_slice()),
            (Serializer::MsgPack, b"\x81\xa5x_own\x01"),
            (Serializer::Cbor, b"\xa1\x65x_own\x01"),
        ];
        for (serializer, written) in options {
            for message in messages(serializer) {
                let bytes = write(serializer, &message, written).expect("a client's message");
                let read = codec::decode(serializer, &bytes).expect("a message");
                let custom = match &read {
                    Message::Publish(m) => &m.options.custom,
                    Message::Call(m) => &m.options.custom,
                    Message::Subscribe(m) => &m.options.custom,
                    Message::Register(m) => &m.options.custom,
                    Message::Yield(m) => &m.options.custom,
                    Message::Error(m) => &m.details.custom,
                    Message::Hello(m) => &m.details.authextra,
                    Message::Authenticate(m) => &m.extra,
                    _ => continue,
                };
                assert_eq!(custom.get("x_own"), Some(&Value::Int(1)), "{serializer}: {read:?}");
            }
        }
    }
}
