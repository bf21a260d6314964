//! The ways to speak WAMP.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeSeq};
use std::borrow::Cow;

/// The ways to speak WAMP at a listener. All of them share its one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transports {
    /// "WAMP: WebSocket Transport", at `/ws`.
    pub websocket: bool,
    /// "WAMP: RawSocket Transport".
    pub rawsocket: bool,
    /// "WAMP: HTTP Longpoll Transport".
    pub longpoll: bool,
}

impl Default for Transports {
    fn default() -> Self {
        Self { websocket: true, rawsocket: true, longpoll: true }
    }
}

/// One of the [`Transports`], as a configuration names it.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Transport {
    WebSocket,
    RawSocket,
    LongPoll,
}

impl Serialize for Transports {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = [
            (self.websocket, Transport::WebSocket),
            (self.rawsocket, Transport::RawSocket),
            (self.longpoll, Transport::LongPoll),
        ];
        let mut names = serializer.serialize_seq(None)?;
        for (_, name) in all.iter().filter(|(is_on, _)| *is_on) {
            names.serialize_element(name)?;
        }
        names.end()
    }
}

impl<'de> Deserialize<'de> for Transports {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut transports = Self { websocket: false, rawsocket: false, longpoll: false };
        for name in Vec::<Transport>::deserialize(deserializer)? {
            match name {
                Transport::WebSocket => transports.websocket = true,
                Transport::RawSocket => transports.rawsocket = true,
                Transport::LongPoll => transports.longpoll = true,
            }
        }
        Ok(transports)
    }
}

impl JsonSchema for Transports {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Transports".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "items": { "type": "string", "enum": ["websocket", "rawsocket", "longpoll"] },
            "uniqueItems": true,
        })
    }
}
