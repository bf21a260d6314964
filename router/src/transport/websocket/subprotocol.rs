//! What the two sides of a WebSocket agree on by a name.

use wamplex_shared::{codec::batch, serializer::Serializer};

/// What the two sides agree on by the name of a subprotocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subprotocol {
    pub(crate) serializer: Serializer,
    /// A WebSocket message carries one or more WAMP messages ("WAMP: Batched WebSocket Transport"), not just one.
    pub(crate) batched: bool,
}

impl Subprotocol {
    /// All there are.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let of = |batched| Serializer::ALL.map(|serializer| Self { serializer, batched });
        [of(false), of(true)].into_iter().flatten()
    }

    /// Its name in HTTP.
    pub(crate) const fn name(self) -> &'static str {
        if self.batched {
            batch::subprotocol(self.serializer)
        } else {
            self.serializer.subprotocol()
        }
    }

    /// The one of this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|subprotocol| subprotocol.name() == name)
    }
}
