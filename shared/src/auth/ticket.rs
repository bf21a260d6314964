//! A secret shown as it is ("WAMP: Ticket-based Authentication").

use super::{method, primitives};
use crate::{message::Challenge, value::Dict};
use bytestring::ByteString;
use core::fmt;

/// What a router keeps of a ticket: enough to recognize it.
///
/// This is one SHA-256, so it only protects tickets that nobody can guess, as random ones; passwords belong into
/// [`ScramCredentials`](super::ScramCredentials).
///
/// ```
/// use wamplex_shared::auth::ticket::TicketHash;
///
/// let kept = TicketHash::of("f0rty-2-r4nd0m-0ct3ts");
/// assert!(kept.matches("f0rty-2-r4nd0m-0ct3ts"));
/// assert!(!kept.matches("f0rty-2-r4nd0m-0ct3t"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TicketHash([u8; 32]);

impl TicketHash {
    /// The hash of this ticket.
    #[must_use]
    pub fn of(ticket: &str) -> Self {
        Self(primitives::sha256(ticket.as_bytes()))
    }

    /// The hash with these octets.
    #[must_use]
    pub const fn from_bytes(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The octets, to keep them.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Whether `given` is the ticket, found out in a time that says nothing about it, not even its length.
    #[must_use]
    pub fn matches(&self, given: &str) -> bool {
        primitives::equal(&self.0, &primitives::sha256(given.as_bytes()))
    }
}

impl fmt::Debug for TicketHash {
    /// Does not show the hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TicketHash(…)")
    }
}

/// Whether both are the same ticket, found out in a time that says nothing about the expected one.
#[must_use]
pub fn matches(expected: &str, given: &str) -> bool {
    TicketHash::of(expected).matches(given)
}

/// The CHALLENGE that asks for a ticket.
#[must_use]
pub fn challenge() -> Challenge {
    Challenge { method: ByteString::from_static(method::TICKET), extra: Dict::new() }
}
