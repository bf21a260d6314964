//! RawSocket: four octets of handshake each way, then messages with their length before them
//! ("WAMP: RawSocket Transport").
//!
//! Pure: octets in, octets out. A connection owns a [`Deframer`] and appends what it receives to a buffer.

use crate::serializer::Serializer;
use bytes::{Buf, Bytes, BytesMut};

/// The first octet of either handshake. No HTTP request begins with it, so one port can serve both.
pub const MAGIC: u8 = 0x7f;

/// The octets of a handshake.
pub const HANDSHAKE_LENGTH: usize = 4;

/// The octets before every message.
pub const HEADER_LENGTH: usize = 4;

/// The longest message that one side is willing to receive: a power of two from 512 bytes to 16 MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MaxLength(u8);

impl MaxLength {
    /// The smallest limit, 512 bytes.
    pub const MIN: Self = Self(0);

    /// The largest limit, 16 MiB.
    pub const MAX: Self = Self(15);

    /// The limit that 4 bits of the handshake stand for; `None` above 15.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Option<Self> {
        if bits <= Self::MAX.0 { Some(Self(bits)) } else { None }
    }

    /// The largest limit that is not above `bytes`; 512 bytes if that is still less.
    #[must_use]
    pub const fn at_most(bytes: usize) -> Self {
        let mut max = Self::MAX;
        while max.bytes() > bytes && max.0 > Self::MIN.0 {
            max.0 -= 1;
        }
        max
    }

    /// The limit in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        1 << (9 + self.0)
    }
}

/// What a client asks for, and what a router answers when it agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The longest message that the sender of this handshake is willing to receive.
    pub max_length: MaxLength,
    /// The serializer of the session.
    pub serializer: Serializer,
}

/// A request that the router cannot agree to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The first octet is not [`MAGIC`]. Nothing is answered, since the other side speaks something else.
    #[error("this is not RawSocket: the first octet is {0:#04x}")]
    NotRawSocket(u8),
    /// The router does not have the serializer with this number.
    #[error("the serializer {0} is not supported")]
    Serializer(u8),
    /// The third or fourth octet is not zero.
    #[error("reserved octets of the handshake are in use")]
    Reserved,
}

/// Why a router refused a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It does not have the serializer.
    #[error("the router does not support the serializer")]
    SerializerUnsupported,
    /// It does not accept the longest message offered.
    #[error("the router does not accept the maximum message length")]
    MaxLengthUnacceptable,
    /// It found reserved bits in use.
    #[error("the router found reserved bits in use")]
    ReservedBits,
    /// It has as many connections as it takes.
    #[error("the router has reached its maximum number of connections")]
    TooManyConnections,
    /// It gave a number that has no meaning.
    #[error("the router refused for the unknown reason {0}")]
    Unknown(u8),
    /// What it answered is no handshake.
    #[error("the answer is not a RawSocket handshake")]
    NotRawSocket,
    /// It agreed to another serializer than the one asked for.
    #[error("the router answered with another serializer")]
    OtherSerializer,
}

impl Handshake {
    /// The octets to send, by client and router alike.
    #[must_use]
    pub const fn to_octets(self) -> [u8; HANDSHAKE_LENGTH] {
        [MAGIC, self.max_length.0 << 4 | self.serializer.rawsocket_id(), 0, 0]
    }

    /// Reads what a client asks for.
    ///
    /// # Errors
    /// Why the router cannot agree; [`HandshakeError::reply`] is what it answers.
    pub fn from_client(octets: [u8; HANDSHAKE_LENGTH]) -> Result<Self, HandshakeError> {
        let [magic, choice, reserved @ ..] = octets;
        if magic != MAGIC {
            return Err(HandshakeError::NotRawSocket(magic));
        }
        if reserved != [0, 0] {
            return Err(HandshakeError::Reserved);
        }
        let number = choice & 0x0f;
        let serializer =
            Serializer::from_rawsocket_id(number).ok_or(HandshakeError::Serializer(number))?;
        Ok(Self { max_length: MaxLength(choice >> 4), serializer })
    }

    /// Reads what a router answers to a client that asked for `serializer`.
    ///
    /// # Errors
    /// Why there is no connection.
    pub fn from_router(
        octets: [u8; HANDSHAKE_LENGTH],
        serializer: Serializer,
    ) -> Result<Self, Refusal> {
        let [magic, choice, reserved @ ..] = octets;
        if magic != MAGIC || reserved != [0, 0] {
            return Err(Refusal::NotRawSocket);
        }
        match (choice >> 4, choice & 0x0f) {
            (0, 0) => Err(Refusal::NotRawSocket),
            (reason, 0) => Err(Refusal::from_number(reason)),
            (bits, number) if number == serializer.rawsocket_id() => {
                Ok(Self { max_length: MaxLength(bits), serializer })
            }
            _ => Err(Refusal::OtherSerializer),
        }
    }
}

impl HandshakeError {
    /// The octets to answer before closing; `None` if nothing is to be answered.
    #[must_use]
    pub const fn reply(self) -> Option<[u8; HANDSHAKE_LENGTH]> {
        match self {
            Self::NotRawSocket(_) => None,
            Self::Serializer(_) => Some(Refusal::SerializerUnsupported.to_octets()),
            Self::Reserved => Some(Refusal::ReservedBits.to_octets()),
        }
    }
}

impl Refusal {
    const fn from_number(number: u8) -> Self {
        match number {
            1 => Self::SerializerUnsupported,
            2 => Self::MaxLengthUnacceptable,
            3 => Self::ReservedBits,
            4 => Self::TooManyConnections,
            other => Self::Unknown(other),
        }
    }

    /// The octets a router sends to refuse. Those that only a client finds out say that reserved bits are in use.
    #[must_use]
    pub const fn to_octets(self) -> [u8; HANDSHAKE_LENGTH] {
        let number = match self {
            Self::SerializerUnsupported => 1,
            Self::MaxLengthUnacceptable => 2,
            Self::ReservedBits | Self::NotRawSocket | Self::OtherSerializer => 3,
            Self::TooManyConnections => 4,
            Self::Unknown(number) => number & 0x0f,
        };
        [MAGIC, number << 4, 0, 0]
    }
}

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// Carries a WAMP message.
    Message,
    /// Asks for a PONG.
    Ping,
    /// Answers a PING with the same content.
    Pong,
}

/// What was received in one piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// What it is for.
    pub kind: FrameKind,
    /// The message, or what a PING wants to see again.
    pub content: Bytes,
}

/// A frame that ends the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// One of the four reserved bits is set.
    #[error("reserved bits of a frame are in use")]
    ReservedBits,
    /// There is no kind of frame with this number.
    #[error("frames of the kind {0} are reserved")]
    ReservedKind(u8),
    /// The bit for a length of 16 MiB is set, and so is another bit of the length.
    #[error("a frame is longer than 16 MiB")]
    LengthOverflow,
    /// The frame is longer than what was announced to be the limit.
    #[error("a frame has {length} bytes, more than the {limit} allowed")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

/// The octets before a frame of `length` bytes.
///
/// # Errors
/// The length is above `limit`, which is what the other side announced.
pub fn header(
    kind: FrameKind,
    length: usize,
    limit: MaxLength,
) -> Result<[u8; HEADER_LENGTH], FrameError> {
    if length > limit.bytes() {
        return Err(FrameError::TooLong { length, limit: limit.bytes() });
    }
    // The largest limit is 2^24. The bit of that, alone above the 24 bits of the length, is the one named X.
    let [high, octets @ ..] = (length as u32).to_be_bytes();
    let kind = match kind {
        FrameKind::Message => 0,
        FrameKind::Ping => 1,
        FrameKind::Pong => 2,
    };
    Ok([high << 3 | kind, octets[0], octets[1], octets[2]])
}

/// Cuts what is received into frames.
#[derive(Clone, Debug)]
pub struct Deframer {
    limit: MaxLength,
}

impl Deframer {
    /// For a side that announced `limit`.
    #[must_use]
    pub const fn new(limit: MaxLength) -> Self {
        Self { limit }
    }

    /// Takes the next frame from the front of `received`; `None` if it has not arrived whole.
    ///
    /// A frame above the limit is refused as soon as its header is there. Nothing is reserved for what is announced.
    ///
    /// # Errors
    /// The connection has to be closed: where the next frame begins is not known.
    pub fn next(&self, received: &mut BytesMut) -> Result<Option<Frame>, FrameError> {
        let Some(header) = received.first_chunk::<HEADER_LENGTH>() else {
            return Ok(None);
        };
        let (kind, length) = self.parse_header(*header)?;
        if received.len() - HEADER_LENGTH < length {
            return Ok(None);
        }
        received.advance(HEADER_LENGTH);
        Ok(Some(Frame { kind, content: received.split_to(length).freeze() }))
    }

    /// How many bytes `received` has to have before [`next`](Self::next) gives a frame.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub fn needed(&self, received: &[u8]) -> Result<usize, FrameError> {
        match received.first_chunk::<HEADER_LENGTH>() {
            Some(header) => Ok(HEADER_LENGTH + self.parse_header(*header)?.1),
            None => Ok(HEADER_LENGTH),
        }
    }

    /// What the frame behind this header is for, and how many bytes it has.
    ///
    /// # Errors
    /// As for [`next`](Self::next).
    pub fn parse_header(
        &self,
        header: [u8; HEADER_LENGTH],
    ) -> Result<(FrameKind, usize), FrameError> {
        let [first, a, b, c] = header;
        if first & 0xf0 != 0 {
            return Err(FrameError::ReservedBits);
        }
        let kind = match first & 0x07 {
            0 => FrameKind::Message,
            1 => FrameKind::Ping,
            2 => FrameKind::Pong,
            other => return Err(FrameError::ReservedKind(other)),
        };
        let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        let length = match (first & 0x08 != 0, length) {
            (false, length) => length,
            (true, 0) => MaxLength::MAX.bytes(),
            (true, _) => return Err(FrameError::LengthOverflow),
        };
        if length > self.limit.bytes() {
            return Err(FrameError::TooLong { length, limit: self.limit.bytes() });
        }
        Ok((kind, length))
    }
}
