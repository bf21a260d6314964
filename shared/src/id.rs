//! Identifiers, and the two generators that make them ("WAMP: IDs").

use core::fmt;

/// The largest identifier WAMP allows: 2^53.
pub const MAX_ID: u64 = 1 << 53;

/// The largest identifier we hand out ourselves: 2^53 - 1, the largest integer that JavaScript calls safe.
pub const MAX_SAFE_ID: u64 = MAX_ID - 1;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// Makes an identifier from a number in 1..=2^53; anything else is `None`.
            #[inline]
            #[must_use]
            pub const fn new(id: u64) -> Option<Self> {
                if id >= 1 && id <= MAX_ID { Some(Self(id)) } else { None }
            }

            /// The number.
            #[inline]
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl From<$name> for u64 {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

id! {
    /// Names a session: drawn at random by the router, sent in WELCOME.
    SessionId
}
id! {
    /// Names a request within one direction of one session: 1, 2, 3 and so on.
    RequestId
}
id! {
    /// Names a subscription: chosen by the broker, shared by all subscribers of one topic and match policy.
    SubscriptionId
}
id! {
    /// Names a registration: chosen by the dealer, shared by all callees of one procedure and match policy.
    RegistrationId
}
id! {
    /// Names a publication: drawn at random by the broker, the same in every EVENT it causes.
    PublicationId
}

impl RequestId {
    /// The first request of a session in either direction.
    pub const FIRST: Self = Self(1);

    /// The one that follows: one more, and 1 again after 2^53.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.0 >= MAX_ID { Self::FIRST } else { Self(self.0 + 1) }
    }
}

/// Hands out the request ids of one direction of one session: 1, 2, 3 and so on ("WAMP: IDs", session scope).
///
/// One counter serves every kind of request, and an unacknowledged PUBLISH uses a number too.
#[derive(Clone, Debug)]
pub struct RequestIds(RequestId);

impl RequestIds {
    /// A counter whose first id is 1.
    #[must_use]
    pub const fn new() -> Self {
        Self(RequestId::FIRST)
    }

    /// Takes the next id.
    pub const fn take(&mut self) -> RequestId {
        let id = self.0;
        self.0 = id.next();
        id
    }

    /// The id that [`take`](Self::take) will return.
    #[must_use]
    pub const fn peek(&self) -> RequestId {
        self.0
    }
}

impl Default for RequestIds {
    fn default() -> Self {
        Self::new()
    }
}

/// Draws identifiers of global scope, evenly spread over 1..=2^53-1 ("WAMP: IDs", global scope).
///
/// The seed comes from the shell, since the core owns no randomness. The stream repeats for the same seed,
/// and is not meant to be secret: no identifier of WAMP is a capability.
#[derive(Clone, Debug)]
pub struct GlobalIds {
    state: u64,
}

impl GlobalIds {
    /// A generator that starts from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Draws the next number in 1..=2^53-1.
    pub const fn draw(&mut self) -> u64 {
        loop {
            self.state = self.state.wrapping_add(GOLDEN);
            let id = mix(self.state) >> 11;
            if id != 0 {
                return id;
            }
        }
    }

    /// Draws a session id.
    pub const fn session(&mut self) -> SessionId {
        SessionId(self.draw())
    }

    /// Draws a subscription id.
    pub const fn subscription(&mut self) -> SubscriptionId {
        SubscriptionId(self.draw())
    }

    /// Draws a registration id.
    pub const fn registration(&mut self) -> RegistrationId {
        RegistrationId(self.draw())
    }
}

/// Draws publication ids from several threads at once: an atomic counter behind the same mixer as [`GlobalIds`].
#[derive(Debug)]
pub struct PublicationIds {
    counter: core::sync::atomic::AtomicU64,
}

impl PublicationIds {
    /// A generator that starts from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { counter: core::sync::atomic::AtomicU64::new(seed) }
    }

    /// Draws the next publication id.
    pub fn draw(&self) -> PublicationId {
        loop {
            // Relaxed: only uniqueness of the counter matters, no other memory is published with it.
            let n = self.counter.fetch_add(GOLDEN, core::sync::atomic::Ordering::Relaxed);
            if let Some(id) = PublicationId::new(mix(n) >> 11) {
                return id;
            }
        }
    }
}

/// The increment of SplitMix64: odd, so that the counter visits every value once.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The finalizer of SplitMix64 (Steele, Lea, Flood 2014): a bijection of 64-bit numbers.
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_lie_between_one_and_two_to_the_53() {
        assert_eq!(SessionId::new(0), None);
        assert_eq!(SessionId::new(1).map(SessionId::get), Some(1));
        assert_eq!(SessionId::new(MAX_ID).map(SessionId::get), Some(9_007_199_254_740_992));
        assert_eq!(SessionId::new(MAX_ID + 1), None);
    }

    #[test]
    fn request_ids_count_from_one_and_wrap_after_two_to_the_53() {
        let mut ids = RequestIds::new();
        assert_eq!([ids.take().get(), ids.take().get(), ids.peek().get()], [1, 2, 3]);
        assert_eq!(RequestId::new(MAX_ID).unwrap().next(), RequestId::FIRST);
    }

    #[test]
    fn global_ids_are_distinct_safe_integers_and_repeat_with_the_seed() {
        let mut ids = GlobalIds::new(7);
        let drawn: HashSet<u64> = (0..10_000).map(|_| ids.draw()).collect();
        assert_eq!(drawn.len(), 10_000);
        assert!(drawn.iter().all(|id| (1..=MAX_SAFE_ID).contains(id)));
        assert!(drawn.iter().any(|id| *id > 1 << 52), "the upper half of the range is used");
        let mut again = GlobalIds::new(7);
        assert!(drawn.contains(&again.draw()));
    }

    #[test]
    fn publication_ids_are_distinct_across_threads() {
        let ids = PublicationIds::new(3);
        let drawn = std::thread::scope(|s| {
            let handles: Vec<_> = (0..4)
                .map(|_| s.spawn(|| (0..1000).map(|_| ids.draw()).collect::<Vec<_>>()))
                .collect();
            handles.into_iter().flat_map(|h| h.join().unwrap()).collect::<HashSet<_>>()
        });
        assert_eq!(drawn.len(), 4000);
    }
}
