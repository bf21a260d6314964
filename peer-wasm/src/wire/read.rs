//! The head of a message: what the session machine has to know.

use super::token::{Entries, Reader, Token};
use bytestring::ByteString;
use wamplex_shared::{
    id::{PublicationId, RegistrationId, RequestId, SessionId, SubscriptionId},
    message::{
        Abort, Challenge, CloseDetails, Error, ErrorDetails, Event, EventDetails, Goodbye,
        Interrupt, InterruptOptions, Invocation, InvocationDetails, Message, MessageCode,
        Published, Registered, ResultDetails, ResultMessage, Subscribed, Unregistered,
        UnregisteredDetails, Unsubscribed, UnsubscribedDetails, Welcome, WelcomeDetails,
    },
    payload::Payload,
    roles::{Feature, Features, Role, Roles},
    uri::Uri,
    value::Dict,
};

/// Largest id ("WAMP: IDs").
const MAX_ID: u64 = 1 << 53;

/// Reads a message of a router. Of options and details there is what the session machine looks at, and arguments there
/// are none: JavaScript has all that. `None` if it is no message.
///
/// The values are known to be well-formed.
pub(crate) fn read(reader: Reader<'_>) -> Option<Message> {
    let mut head = Head::begin(reader)?;
    let message = head.message()?;
    head.end()?;
    Some(message)
}

struct Head<'b> {
    reader: Reader<'b>,
    elements: Entries,
}

/// What is of interest in options and details of all kinds.
#[derive(Default)]
struct Details {
    progress: bool,
    receive_progress: bool,
    roles: Roles,
}

impl<'b> Head<'b> {
    fn begin(mut reader: Reader<'b>) -> Option<Self> {
        let Token::List(elements) = reader.next()? else { return None };
        Some(Self { reader, elements })
    }

    fn message(&mut self) -> Option<Message> {
        let code = MessageCode::from_u64(self.number()?)?;
        Some(match code {
            MessageCode::Welcome => {
                let session = self.id(SessionId::new)?;
                let Details { roles, .. } = self.details()?;
                let known = roles.has(Role::Broker) || roles.has(Role::Dealer);
                let details = WelcomeDetails { roles, ..WelcomeDetails::default() };
                known.then_some(Welcome { session, details })?.into()
            }
            MessageCode::Challenge => {
                let method = self.text()?;
                self.details()?;
                Challenge { method, extra: Dict::new() }.into()
            }
            MessageCode::Abort => {
                self.details()?;
                let (details, reason) = (CloseDetails::default(), self.uri()?);
                Abort { details, reason, payload: self.payload()? }.into()
            }
            MessageCode::Goodbye => {
                self.details()?;
                Goodbye { details: CloseDetails::default(), reason: self.uri()? }.into()
            }
            MessageCode::Error => self.error()?.into(),
            MessageCode::Published => {
                let request = self.id(RequestId::new)?;
                Published { request, publication: self.id(PublicationId::new)? }.into()
            }
            MessageCode::Subscribed => {
                let request = self.id(RequestId::new)?;
                Subscribed { request, subscription: self.id(SubscriptionId::new)? }.into()
            }
            MessageCode::Registered => {
                let request = self.id(RequestId::new)?;
                Registered { request, registration: self.id(RegistrationId::new)? }.into()
            }
            MessageCode::Unsubscribed => {
                let request = self.id_or_zero()?;
                let details = self.trailing_details()?.map(|_| UnsubscribedDetails::default());
                Unsubscribed { request, details }.into()
            }
            MessageCode::Unregistered => {
                let request = self.id_or_zero()?;
                let details = self.trailing_details()?.map(|_| UnregisteredDetails::default());
                Unregistered { request, details }.into()
            }
            MessageCode::Event => {
                let subscription = self.id(SubscriptionId::new)?;
                let publication = self.id(PublicationId::new)?;
                self.details()?;
                let details = EventDetails::default();
                Event { subscription, publication, details, payload: self.payload()? }.into()
            }
            MessageCode::Result => {
                let request = self.id(RequestId::new)?;
                let progress = self.details()?.progress;
                let details = ResultDetails { progress, ..ResultDetails::default() };
                ResultMessage { request, details, payload: self.payload()? }.into()
            }
            MessageCode::Invocation => self.invocation()?.into(),
            MessageCode::Interrupt => {
                let request = self.id(RequestId::new)?;
                self.details()?;
                Interrupt { request, options: InterruptOptions::default() }.into()
            }
            MessageCode::Hello
            | MessageCode::Authenticate
            | MessageCode::Publish
            | MessageCode::Subscribe
            | MessageCode::Unsubscribe
            | MessageCode::Call
            | MessageCode::Cancel
            | MessageCode::Register
            | MessageCode::Unregister
            | MessageCode::Yield
            | MessageCode::EventReceived => return None,
        })
    }

    fn error(&mut self) -> Option<Error> {
        let request_type = MessageCode::from_u64(self.number()?).filter(|code| code.may_fail())?;
        let request = self.id(RequestId::new)?;
        self.details()?;
        let (details, error) = (ErrorDetails::default(), self.uri()?);
        Some(Error { request_type, request, details, error, payload: self.payload()? })
    }

    fn invocation(&mut self) -> Option<Invocation> {
        let request = self.id(RequestId::new)?;
        let registration = self.id(RegistrationId::new)?;
        let Details { progress, receive_progress, .. } = self.details()?;
        let details =
            InvocationDetails { progress, receive_progress, ..InvocationDetails::default() };
        Some(Invocation { request, registration, details, payload: self.payload()? })
    }

    /// The next element, if there is one.
    fn optional(&mut self) -> Option<Option<Token<'b>>> {
        if self.reader.more(&mut self.elements)? {
            self.reader.next().map(Some)
        } else {
            Some(None)
        }
    }

    /// An element that has to be there.
    fn element(&mut self) -> Option<Token<'b>> {
        self.optional()?
    }

    #[allow(clippy::wildcard_enum_match_arm)] // nothing else is an id
    fn number(&mut self) -> Option<u64> {
        match self.element()? {
            Token::Uint(number) => Some(number),
            // Some encoders write large integers that way. The cast saturates, so comparing back finds all others.
            Token::Float(number) if number as u64 as f64 == number => Some(number as u64),
            _ => None,
        }
        .filter(|number| *number <= MAX_ID)
    }

    fn id<T>(&mut self, new: impl FnOnce(u64) -> Option<T>) -> Option<T> {
        new(self.number()?)
    }

    fn id_or_zero(&mut self) -> Option<Option<RequestId>> {
        self.number().map(RequestId::new)
    }

    fn text(&mut self) -> Option<ByteString> {
        let Token::Str(text) = self.element()? else { return None };
        ByteString::try_from(text.into_owned()).ok()
    }

    fn uri(&mut self) -> Option<Uri> {
        self.text().map(Uri::new)
    }

    fn details(&mut self) -> Option<Details> {
        self.trailing_details()?
    }

    fn trailing_details(&mut self) -> Option<Option<Details>> {
        match self.optional()? {
            Some(Token::Dict(entries)) => self.entries(entries).map(Some),
            Some(_) => None,
            None => Some(None),
        }
    }

    fn entries(&mut self, mut entries: Entries) -> Option<Details> {
        let mut details = Details::default();
        while self.reader.more(&mut entries)? {
            let Token::Str(key) = self.reader.next()? else { return None };
            match &*key {
                b"progress" => details.progress = self.flag()?,
                b"receive_progress" => details.receive_progress = self.flag()?,
                b"roles" => details.roles = self.roles()?,
                _ => self.reader.skip()?,
            }
        }
        Some(details)
    }

    #[allow(clippy::wildcard_enum_match_arm)] // nothing else is a truth value
    fn flag(&mut self) -> Option<bool> {
        match self.reader.next()? {
            Token::Bool(flag) => Some(flag),
            Token::Null | Token::Undefined => Some(false),
            _ => None,
        }
    }

    fn roles(&mut self) -> Option<Roles> {
        let mut roles = Roles::default();
        self.dict(|head, key| {
            let mut features = Features::default();
            head.dict(|head, key| {
                if key != b"features" {
                    return head.reader.skip();
                }
                head.dict(|head, key| {
                    let feature = str::from_utf8(key).ok().and_then(Feature::from_name);
                    let value = head.reader.next()?;
                    if let (Token::Bool(true), Some(feature)) = (&value, feature) {
                        features.insert(feature);
                    }
                    // Whatever else stands there, the feature is not announced.
                    head.reader.skip_rest(&value)
                })
            })?;
            let role = str::from_utf8(key).ok().and_then(Role::from_name);
            if let Some(role) = role {
                roles.insert(role, features);
            }
            Some(())
        })?;
        Some(roles)
    }

    /// Runs `entry` behind each key of a dictionary, to read the value.
    fn dict(&mut self, mut entry: impl FnMut(&mut Self, &[u8]) -> Option<()>) -> Option<()> {
        let Token::Dict(mut entries) = self.reader.next()? else { return None };
        while self.reader.more(&mut entries)? {
            let Token::Str(key) = self.reader.next()? else { return None };
            entry(self, &key)?;
        }
        Some(())
    }

    /// Passes over the arguments.
    fn payload(&mut self) -> Option<Payload> {
        match self.optional()? {
            None | Some(Token::Bytes(_)) => return Some(Payload::NONE),
            Some(Token::List(mut items)) => {
                while self.reader.more(&mut items)? {
                    self.reader.skip()?;
                }
            }
            Some(_) => return None,
        }
        match self.optional()? {
            None => {}
            Some(Token::Dict(mut entries)) => {
                while self.reader.more(&mut entries)? {
                    self.reader.skip()?;
                    self.reader.skip()?;
                }
            }
            Some(_) => return None,
        }
        Some(Payload::NONE)
    }

    fn end(&mut self) -> Option<()> {
        (!self.reader.more(&mut self.elements)?).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use wamplex_shared::{codec, serializer::Serializer};

    fn read_in(serializer: Serializer, bytes: &[u8]) -> Option<Message> {
        let reader = || match serializer {
            Serializer::Cbor => Reader::cbor(bytes),
            Serializer::Json | Serializer::MsgPack => Reader::msgpack(bytes),
        };
        crate::tape::Tape::write(reader(), &mut crate::tape::Keys::default())?;
        read(reader())
    }

    /// What a router may send, with every optional part, and what the session machine has to know of it.
    const MESSAGES: &[(&str, &str)] = &[
        (
            r#"[2,9007199254740992,{"roles":{"dealer":{"features":{"call_canceling":true,"unknown":true,"call_timeout":false,"reflection":[1,{}]}},"broker":{}},"realm":"r","x":[[]]}]"#,
            r#"[2,9007199254740992,{"roles":{"dealer":{"features":{"call_canceling":true}},"broker":{}}}]"#,
        ),
        (r#"[3,{"message":"m"},"wamp.error.x"]"#, r#"[3,{},"wamp.error.x"]"#),
        (r#"[3,{},"wamp.error.x",[1],{"a":2}]"#, r#"[3,{},"wamp.error.x"]"#),
        (r#"[4,"ticket",{"a":{"b":1}}]"#, r#"[4,"ticket",{}]"#),
        (r#"[6,{"message":"m"},"wamp.close.x"]"#, r#"[6,{},"wamp.close.x"]"#),
        (r#"[8,48,7,{"a":1},"com.x",["m"],{"k":[]}]"#, r#"[8,48,7,{},"com.x"]"#),
        (r#"[17,300,70000]"#, r#"[17,300,70000]"#),
        (r#"[33,1,2]"#, r#"[33,1,2]"#),
        (r#"[35,1]"#, r#"[35,1]"#),
        (r#"[35,0,{"subscription":5,"reason":"r"}]"#, r#"[35,0,{}]"#),
        (r#"[36,1,2,{"topic":"t","retained":true},[1.5],{"k":null}]"#, r#"[36,1,2,{}]"#),
        (r#"[50,1,{"progress":true},[[]]]"#, r#"[50,1,{"progress":true}]"#),
        (r#"[50,1,{"progress":null}]"#, r#"[50,1,{}]"#),
        (r#"[65,1,2]"#, r#"[65,1,2]"#),
        (r#"[67,1]"#, r#"[67,1]"#),
        (r#"[67,0,{"registration":5}]"#, r#"[67,0,{}]"#),
        (
            r#"[68,1,2,{"procedure":"p","progress":true,"receive_progress":true,"timeout":3},[]]"#,
            r#"[68,1,2,{"progress":true,"receive_progress":true}]"#,
        ),
        (r#"[69,1,{"mode":"kill","reason":"r"}]"#, r#"[69,1,{}]"#),
    ];

    #[test]
    fn the_codec_of_the_router_sees_the_same_heads() {
        for (whole, head) in MESSAGES {
            let whole: serde_json::Value = serde_json::from_str(whole).expect("JSON");
            let head = codec::decode(Serializer::Json, &Bytes::from(*head)).expect("a message");
            let msgpack = rmp_serde::to_vec(&whole).expect("MessagePack");
            let mut cbor = Vec::new();
            ciborium::into_writer(&whole, &mut cbor).expect("CBOR");
            assert_eq!(read_in(Serializer::MsgPack, &msgpack).as_ref(), Some(&head), "{whole}");
            assert_eq!(read_in(Serializer::Cbor, &cbor), Some(head), "{whole}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            for serializer in [Serializer::MsgPack, Serializer::Cbor] {
                read_in(serializer, &bytes);
                // The head alone, too: what JSON is turned into is not checked before.
                read(Reader::msgpack(&bytes));
            }
        }

        #[test]
        fn nor_do_messages_with_a_broken_byte(which in 0..MESSAGES.len(), at in 0..200_usize, byte in proptest::prelude::any::<u8>()) {
            let whole: serde_json::Value = serde_json::from_str(MESSAGES[which].0).expect("JSON");
            let mut msgpack = rmp_serde::to_vec(&whole).expect("MessagePack");
            let mut cbor = Vec::new();
            ciborium::into_writer(&whole, &mut cbor).expect("CBOR");
            for (serializer, bytes) in [(Serializer::MsgPack, &mut msgpack), (Serializer::Cbor, &mut cbor)] {
                let at = at % bytes.len();
                bytes[at] = byte;
                read_in(serializer, bytes);
            }
        }
    }

    #[test]
    fn what_no_router_sends_is_no_message() {
        let bad = [
            "1",
            "{}",
            "[]",
            "[\"x\"]",
            "[99]",
            "[1,\"r\",{}]",
            "[48,1,{},\"p\"]",
            "[36,1,2]",
            "[36,1,2,[]]",
            "[36,0,2,{}]",
            "[36,-1,2,{}]",
            "[36,1.5,2,{}]",
            "[36,\"1\",2,{}]",
            "[36,9007199254740993,2,{}]",
            "[36,1,2,{},{}]",
            "[36,1,2,{},[],[]]",
            "[36,1,2,{},[],{},1]",
            "[17,1,2,3]",
            "[8,1,1,{},\"u\"]",
            "[8,48,1,{},5]",
            "[2,1,{}]",
            "[2,1,{\"roles\":{}}]",
            "[2,1,{\"roles\":{\"caller\":{}}}]",
            "[50,1,{\"progress\":1}]",
            "[4,5,{}]",
            "[35,1,5]",
        ];
        for text in bad {
            let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
            let bytes = rmp_serde::to_vec(&value).expect("MessagePack");
            assert_eq!(read_in(Serializer::MsgPack, &bytes), None, "{text}");
        }
    }
}
