//! The arguments of a message, exactly as they arrived ("WAMP: Application Payloads").

use crate::serializer::Serializer;
use bytes::Bytes;

/// Positional and keyword arguments as received bytes.
///
/// Decoding a message checks that these bytes are well-formed and keeps them as a slice of the frame; encoding for a
/// receiver with the same serializer appends them unchanged. Only applications look inside.
///
/// The bytes are the elements of the message behind its head: in JSON from the first character of the first element to
/// the last of the last one (a comma between them), in MessagePack and CBOR simply one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    serializer: Serializer,
    shape: PayloadShape,
    bytes: Bytes,
}

/// Which elements stand behind the head of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PayloadShape {
    /// None.
    #[default]
    None,
    /// A list of positional arguments.
    Args,
    /// A list of positional arguments, possibly empty, and a dictionary of keyword arguments.
    ArgsKwargs,
    /// One binary value where the list should be: the older form of payload passthru that Autobahn and Crossbar use.
    Bare,
}

impl PayloadShape {
    /// How many elements of the message that is: 0, 1 or 2.
    #[must_use]
    pub const fn elements(self) -> usize {
        match self {
            Self::None => 0,
            Self::Args | Self::Bare => 1,
            Self::ArgsKwargs => 2,
        }
    }
}

impl Payload {
    /// No arguments at all.
    pub const NONE: Self =
        Self { serializer: Serializer::Json, shape: PayloadShape::None, bytes: Bytes::new() };

    /// Arguments that are already written in `serializer`.
    ///
    /// The bytes have to be what `shape` says, well-formed and nothing more. Encoding does not look at them again, so
    /// a client that passes anything else breaks its own session.
    #[must_use]
    pub const fn from_encoded(serializer: Serializer, shape: PayloadShape, bytes: Bytes) -> Self {
        Self { serializer, shape, bytes }
    }

    /// The serializer the bytes are written in. Means nothing when there are none.
    #[must_use]
    pub const fn serializer(&self) -> Serializer {
        self.serializer
    }

    /// Which elements there are.
    #[must_use]
    pub const fn shape(&self) -> PayloadShape {
        self.shape
    }

    /// The bytes of the elements.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The same arguments in memory of their own: as they are read they are a slice of their frame, and keep all of it.
    #[must_use]
    pub fn detach(&self) -> Self {
        let bytes = Bytes::copy_from_slice(&self.bytes);
        Self { serializer: self.serializer, shape: self.shape, bytes }
    }

    /// Whether there are no elements.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        matches!(self.shape, PayloadShape::None)
    }
}

impl Default for Payload {
    fn default() -> Self {
        Self::NONE
    }
}
