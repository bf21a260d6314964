//! The three serializers, and the names and numbers that transports know them by.

use core::fmt;

/// How a session writes its messages ("WAMP: Serializers").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Serializer {
    /// JSON (RFC 8259), binary values as `"\u0000"` and base64.
    Json,
    /// MessagePack, version 5 and later (strings and binary apart).
    MsgPack,
    /// CBOR (RFC 8949).
    Cbor,
}

impl Serializer {
    /// How many there are.
    pub const COUNT: usize = 3;

    /// All of them, in the order of their RawSocket numbers.
    pub const ALL: [Self; Self::COUNT] = [Self::Json, Self::MsgPack, Self::Cbor];

    /// A dense index below [`COUNT`](Self::COUNT), for tables with a place per serializer.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Json => 0,
            Self::MsgPack => 1,
            Self::Cbor => 2,
        }
    }

    /// The short name used in configuration and APIs: `json`, `msgpack`, `cbor`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::MsgPack => "msgpack",
            Self::Cbor => "cbor",
        }
    }

    /// The serializer with this short name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.name() == name)
    }

    /// The WebSocket subprotocol: `wamp.2.json` and so on ("WAMP: WebSocket Transport").
    #[must_use]
    pub const fn subprotocol(self) -> &'static str {
        match self {
            Self::Json => "wamp.2.json",
            Self::MsgPack => "wamp.2.msgpack",
            Self::Cbor => "wamp.2.cbor",
        }
    }

    /// The serializer of a WebSocket subprotocol; `None` for one that is not ours.
    #[must_use]
    pub fn from_subprotocol(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.subprotocol() == name)
    }

    /// The number in the RawSocket handshake: 1, 2 or 3 ("WAMP: RawSocket Transport").
    #[must_use]
    pub const fn rawsocket_id(self) -> u8 {
        match self {
            Self::Json => 1,
            Self::MsgPack => 2,
            Self::Cbor => 3,
        }
    }

    /// The serializer with this RawSocket number.
    #[must_use]
    pub fn from_rawsocket_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.rawsocket_id() == id)
    }

    /// Whether WebSocket carries it in text messages (JSON) or in binary ones (the rest).
    #[must_use]
    pub const fn is_text(self) -> bool {
        matches!(self, Self::Json)
    }
}

impl fmt::Display for Serializer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_leads_back_to_its_serializer() {
        for s in Serializer::ALL {
            assert_eq!(Serializer::from_name(s.name()), Some(s));
            assert_eq!(Serializer::from_subprotocol(s.subprotocol()), Some(s));
            assert_eq!(Serializer::from_rawsocket_id(s.rawsocket_id()), Some(s));
            assert_eq!(Serializer::ALL[s.index()], s);
        }
        assert_eq!(Serializer::from_subprotocol("wamp.2.json.batched"), None);
        assert_eq!(Serializer::from_rawsocket_id(0), None);
    }
}
