use bytestring::ByteString;

/// What the two ends of a payload passthru agreed on; the router forwards it and never looks into the payload
/// ("WAMP: Payload Passthru Mode").
///
/// The `enc_*` keys are the older form that Autobahn and Crossbar use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passthru {
    /// `ppt_scheme`: `mqtt`, `wamp`, or a name that starts with `x_`. Its presence switches the mode on.
    pub scheme: Option<ByteString>,
    /// `ppt_serializer`.
    pub serializer: Option<ByteString>,
    /// `ppt_cipher`.
    pub cipher: Option<ByteString>,
    /// `ppt_keyid`.
    pub keyid: Option<ByteString>,
    /// `enc_algo`: `cryptobox`, `mqtt`, `xbr`, or a name that starts with `x_`.
    pub enc_algo: Option<ByteString>,
    /// `enc_serializer`: `json`, `msgpack`, `cbor`, `ubjson`, `opaque`, `flatbuffers`, or a name that starts with `x_`.
    pub enc_serializer: Option<ByteString>,
    /// `enc_key`.
    pub enc_key: Option<ByteString>,
}

impl Passthru {
    /// Whether the payload belongs to the applications at both ends alone.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.scheme.is_some() || self.enc_algo.is_some()
    }
}
