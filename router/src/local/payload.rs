//! Arguments as programs have them.

use wamplex_shared::{
    codec,
    payload::Payload,
    serializer::Serializer,
    value::{Dict, List, Value},
};

/// The serializer in which a session inside the process writes what it is given as values.
pub(crate) const SERIALIZER: Serializer = Serializer::Json;

/// Something that can be the arguments of a call, an event or a result.
///
/// A [`Payload`] is passed on as it is, in whatever serializer it is written. [`Value`]s are written: a list of them
/// becomes the positional arguments, a dictionary the keyword arguments, a single one the only positional argument.
pub trait IntoPayload {
    /// The arguments.
    fn into_payload(self) -> Payload;
}

impl IntoPayload for Payload {
    fn into_payload(self) -> Payload {
        self
    }
}

impl IntoPayload for () {
    fn into_payload(self) -> Payload {
        Payload::NONE
    }
}

impl IntoPayload for Value {
    fn into_payload(self) -> Payload {
        [self].into_payload()
    }
}

impl<const N: usize> IntoPayload for [Value; N] {
    fn into_payload(self) -> Payload {
        codec::write_values(SERIALIZER, &self, &Dict::new())
    }
}

impl IntoPayload for List {
    fn into_payload(self) -> Payload {
        codec::write_values(SERIALIZER, &self, &Dict::new())
    }
}

impl IntoPayload for Dict {
    fn into_payload(self) -> Payload {
        codec::write_values(SERIALIZER, &[], &self)
    }
}

impl IntoPayload for (List, Dict) {
    fn into_payload(self) -> Payload {
        codec::write_values(SERIALIZER, &self.0, &self.1)
    }
}
