//! The head of a message: what the session machine has to know.

use super::token::{Entries, Reader, Token};
use alloc::borrow::Cow;
use wamplex_shared::{
    id::RequestId,
    message::MessageCode,
    roles::{Feature, Features, Role, Roles},
    session::Head,
};

/// Largest id ("WAMP: IDs").
const MAX_ID: u64 = 1 << 53;

/// What the session machine has to know of a message.
#[derive(Debug)]
pub(crate) struct Received<'b> {
    pub(crate) code: MessageCode,
    pub(crate) head: Head,
    /// Of CHALLENGE: the authentication method.
    pub(crate) method: Cow<'b, [u8]>,
    /// Of WELCOME: what the router announces.
    pub(crate) roles: Roles,
}

/// Reads a message of a router, down to where the machine has no interest in it: JavaScript has all of it. `None` if it
/// is no message.
///
/// The values are known to be well-formed.
pub(crate) fn read(reader: Reader<'_>) -> Option<Received<'_>> {
    Elements::begin(reader)?.message()
}

/// One element of a message behind its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    Id,
    IdOrZero,
    /// Kind of a request that failed.
    Kind,
    Text,
    Details,
    /// Details that may be missing.
    Trailing,
    /// Arguments, none to two elements.
    Payload,
}

/// What a message consists of; nothing if no router sends it.
fn layout(code: MessageCode) -> &'static [Element] {
    use Element::{Details, Id, IdOrZero, Kind, Payload, Text, Trailing};
    match code {
        MessageCode::Welcome | MessageCode::Interrupt => &[Id, Details],
        MessageCode::Challenge => &[Text, Details],
        MessageCode::Abort => &[Details, Text, Payload],
        MessageCode::Goodbye => &[Details, Text],
        MessageCode::Error => &[Kind, Id, Details, Text, Payload],
        MessageCode::Published | MessageCode::Subscribed | MessageCode::Registered => &[Id, Id],
        MessageCode::Unsubscribed | MessageCode::Unregistered => &[IdOrZero, Trailing],
        MessageCode::Event | MessageCode::Invocation => &[Id, Id, Details, Payload],
        MessageCode::Result => &[Id, Details, Payload],
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
        | MessageCode::EventReceived => &[],
    }
}

struct Elements<'b> {
    reader: Reader<'b>,
    elements: Entries,
    /// The first id: that of the request, except in WELCOME and EVENT.
    request: Option<RequestId>,
    /// Of ERROR.
    kind: Option<MessageCode>,
    /// The last one.
    text: Cow<'b, [u8]>,
    details: Details,
}

/// Where a dictionary stands.
#[derive(Clone, Copy, Debug)]
enum Level {
    Options,
    Roles,
    Role(Option<Role>),
    Features(Option<Role>),
}

/// What is of interest in options and details of all kinds.
#[derive(Default)]
struct Details {
    progress: bool,
    receive_progress: bool,
    roles: Roles,
}

impl<'b> Elements<'b> {
    fn begin(mut reader: Reader<'b>) -> Option<Self> {
        let Token::List(elements) = reader.next()? else { return None };
        Some(Self {
            reader,
            elements,
            request: None,
            kind: None,
            text: Cow::default(),
            details: Details::default(),
        })
    }

    fn message(mut self) -> Option<Received<'b>> {
        let code = MessageCode::from_u64(self.number()?)?;
        let layout = layout(code);
        for element in layout {
            self.element(*element)?;
        }
        if layout.is_empty() || self.reader.more(&mut self.elements)? {
            return None;
        }
        let Details { progress, receive_progress, roles } = self.details;
        let serves = roles.has(Role::Broker) || roles.has(Role::Dealer);
        if code == MessageCode::Welcome && !serves {
            return None;
        }
        let head = head(code, self.request, self.kind, progress, receive_progress)?;
        Some(Received { code, head, method: self.text, roles })
    }

    fn element(&mut self, element: Element) -> Option<()> {
        match element {
            Element::Id | Element::IdOrZero => {
                let id = RequestId::new(self.number()?);
                if id.is_none() && element == Element::Id {
                    return None;
                }
                self.request = self.request.or(id);
            }
            Element::Kind => {
                let kind = MessageCode::from_u64(self.number()?)?;
                self.kind = kind.may_fail().then_some(kind);
            }
            Element::Text => {
                let Token::Str(text) = self.next()?? else { return None };
                self.text = text;
            }
            Element::Details | Element::Trailing => match self.next()? {
                Some(Token::Dict(entries)) => self.entries(entries, Level::Options)?,
                None if element == Element::Trailing => {}
                _ => return None,
            },
            Element::Payload => self.payload()?,
        }
        Some(())
    }

    /// The next element; the inner `None` says that there is none.
    fn next(&mut self) -> Option<Option<Token<'b>>> {
        let more = self.reader.more(&mut self.elements)?;
        if more { self.reader.next().map(Some) } else { Some(None) }
    }

    #[allow(clippy::wildcard_enum_match_arm)] // nothing else is an id
    fn number(&mut self) -> Option<u64> {
        match self.next()?? {
            Token::Uint(number) => Some(number),
            // Some encoders write large integers that way. The cast saturates, so comparing back finds all others.
            Token::Float(number) if number as u64 as f64 == number => Some(number as u64),
            _ => None,
        }
        .filter(|number| *number <= MAX_ID)
    }

    /// Reads the entries of a dictionary down to its end.
    fn entries(&mut self, mut entries: Entries, level: Level) -> Option<()> {
        while self.reader.more(&mut entries)? {
            let Token::Str(key) = self.reader.next()? else { return None };
            let below = match (level, &*key) {
                (Level::Options, b"progress") => {
                    self.details.progress = self.flag()?;
                    continue;
                }
                (Level::Options, b"receive_progress") => {
                    self.details.receive_progress = self.flag()?;
                    continue;
                }
                (Level::Options, b"roles") => Level::Roles,
                (Level::Roles, key) => {
                    let role = str::from_utf8(key).ok().and_then(Role::from_name);
                    if let Some(role) = role {
                        self.details.roles.insert(role, Features::NONE);
                    }
                    Level::Role(role)
                }
                (Level::Role(role), b"features") => Level::Features(role),
                (Level::Features(Some(role)), key) => {
                    self.feature(role, key)?;
                    continue;
                }
                _ => {
                    self.reader.skip()?;
                    continue;
                }
            };
            let Token::Dict(entries) = self.reader.next()? else { return None };
            self.entries(entries, below)?;
        }
        Some(())
    }

    fn feature(&mut self, role: Role, key: &[u8]) -> Option<()> {
        let value = self.reader.next()?;
        // Whatever else stands there, the feature is not announced.
        if let Token::Bool(true) = value
            && let Some(feature) = str::from_utf8(key).ok().and_then(Feature::from_name)
        {
            let mut features = self.details.roles.get(role).unwrap_or_default();
            features.insert(feature);
            self.details.roles.insert(role, features);
        }
        self.reader.skip_rest(&value)
    }

    #[allow(clippy::wildcard_enum_match_arm)] // nothing else is a truth value
    fn flag(&mut self) -> Option<bool> {
        match self.reader.next()? {
            Token::Bool(flag) => Some(flag),
            Token::Null | Token::Undefined => Some(false),
            _ => None,
        }
    }

    /// Passes over the arguments.
    fn payload(&mut self) -> Option<()> {
        match self.next()? {
            None | Some(Token::Bytes(_)) => return Some(()),
            Some(Token::List(mut items)) => {
                while self.reader.more(&mut items)? {
                    self.reader.skip()?;
                }
            }
            Some(_) => return None,
        }
        match self.next()? {
            None => {}
            Some(Token::Dict(mut entries)) => {
                while self.reader.more(&mut entries)? {
                    self.reader.skip()?;
                    self.reader.skip()?;
                }
            }
            Some(_) => return None,
        }
        Some(())
    }
}

#[allow(clippy::wildcard_enum_match_arm)] // all that is left acknowledges nothing
fn head(
    code: MessageCode,
    request: Option<RequestId>,
    kind: Option<MessageCode>,
    progress: bool,
    receive_progress: bool,
) -> Option<Head> {
    let acknowledged = match code {
        MessageCode::Published => Some(MessageCode::Publish),
        MessageCode::Subscribed => Some(MessageCode::Subscribe),
        MessageCode::Unsubscribed => Some(MessageCode::Unsubscribe),
        MessageCode::Registered => Some(MessageCode::Register),
        MessageCode::Unregistered => Some(MessageCode::Unregister),
        _ => None,
    };
    Some(match code {
        MessageCode::Goodbye => Head::Goodbye,
        MessageCode::Abort => Head::Abort,
        MessageCode::Event => Head::Event,
        MessageCode::Error => Head::Error { kind: kind?, request: request? },
        MessageCode::Result => Head::Result { request: request?, progress },
        MessageCode::Invocation => {
            Head::Invocation { request: request?, progress, receive_progress }
        }
        MessageCode::Interrupt => Head::Interrupt { request: request? },
        _ => match acknowledged {
            Some(kind) => Head::done_or_revoked(kind, request),
            None => Head::Other(code),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use wamplex_shared::{codec, message::Message, serializer::Serializer};

    fn read_in(serializer: Serializer, bytes: &[u8]) -> Option<Received<'_>> {
        let reader = || match serializer {
            Serializer::Cbor => Reader::cbor(bytes),
            Serializer::Json | Serializer::MsgPack => Reader::msgpack(bytes),
        };
        crate::tape::Tape::write(reader(), &mut crate::tape::Keys::default())?;
        read(reader())
    }

    /// What a router may send, with every optional part.
    const MESSAGES: &[&str] = &[
        r#"[2,9007199254740992,{"roles":{"dealer":{"features":{"call_canceling":true,"unknown":true,"call_timeout":false}},"broker":{}},"realm":"r","x":[[]]}]"#,
        r#"[3,{"message":"m"},"wamp.error.x"]"#,
        r#"[3,{},"wamp.error.x",[1],{"a":2}]"#,
        r#"[4,"ticket",{"a":{"b":1}}]"#,
        r#"[6,{"message":"m"},"wamp.close.x"]"#,
        r#"[8,48,7,{"a":1},"com.x",["m"],{"k":[]}]"#,
        r#"[17,300,70000]"#,
        r#"[33,1,2]"#,
        r#"[35,1]"#,
        r#"[35,0,{"subscription":5,"reason":"r"}]"#,
        r#"[36,1,2,{"topic":"t","retained":true},[1.5],{"k":null}]"#,
        r#"[50,1,{"progress":true},[[]]]"#,
        r#"[50,1,{"progress":null}]"#,
        r#"[65,1,2]"#,
        r#"[67,1]"#,
        r#"[67,0,{"registration":5}]"#,
        r#"[68,1,2,{"procedure":"p","progress":true,"receive_progress":true,"timeout":3},[]]"#,
        r#"[69,1,{"mode":"kill","reason":"r"}]"#,
        r#"[8,68,7,{},"wamp.error.feature_not_supported"]"#,
        // Some encoders know no other numbers.
        "[17,300.0,9007199254740992.0]",
        "[36,5e15,2.0,{}]",
    ];

    #[test]
    fn the_codec_of_the_router_sees_the_same_heads() {
        for text in MESSAGES {
            let message = codec::decode(Serializer::Json, &Bytes::from(*text)).expect("a message");
            let value: serde_json::Value = serde_json::from_str(text).expect("JSON");
            let msgpack = rmp_serde::to_vec(&value).expect("MessagePack");
            let mut cbor = Vec::new();
            ciborium::into_writer(&value, &mut cbor).expect("CBOR");
            for (serializer, bytes) in [(Serializer::MsgPack, msgpack), (Serializer::Cbor, cbor)] {
                let received = read_in(serializer, &bytes).expect(text);
                assert_eq!(received.code, message.code(), "{text}");
                assert_eq!(received.head, Head::from(&message), "{text}");
                if let Message::Welcome(welcome) = &message {
                    assert_eq!(received.roles, welcome.details.roles);
                }
                if let Message::Challenge(challenge) = &message {
                    assert_eq!(*received.method, *challenge.method.as_bytes());
                }
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
            assert!(read_in(Serializer::MsgPack, &bytes).is_none(), "{text}");
        }
    }
}
