//! How far a client is on its way into a realm.

use super::ledger::unexpected;
use crate::{error::ProtocolViolation, message::MessageCode};

/// How far a client is on its way into a realm, without looking into messages ("WAMP: Session Establishment").
///
/// A [`Joiner`](super::Joiner) is this with typed messages around it; see [`Ledger`](super::Ledger) for whom it is by
/// itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Joining {
    /// HELLO or AUTHENTICATE is sent or about to be.
    Waiting,
    /// The shell has a CHALLENGE to answer.
    Challenged,
    /// The session is open.
    Welcomed,
    /// It was refused, failed or given up.
    Over,
}

impl Joining {
    /// Takes a message of the router. `offered` says of a CHALLENGE whether HELLO offered its method, and means nothing
    /// for others.
    ///
    /// # Errors
    /// The message breaks the protocol: ABORT is to follow.
    pub const fn receive(
        &mut self,
        code: MessageCode,
        offered: bool,
    ) -> Result<(), ProtocolViolation> {
        *self = match (code, *self) {
            (MessageCode::Abort, _) => Self::Over,
            (MessageCode::Welcome, Self::Waiting) => Self::Welcomed,
            (MessageCode::Challenge, Self::Waiting) if offered => Self::Challenged,
            (MessageCode::Challenge, Self::Waiting) => {
                return Err(unexpected(code, "for a method that was not offered"));
            }
            (_, Self::Waiting) => return Err(unexpected(code, "before WELCOME")),
            (_, Self::Challenged) => return Err(unexpected(code, "after CHALLENGE")),
            (_, Self::Welcomed | Self::Over) => return Err(unexpected(code, "after WELCOME")),
        };
        Ok(())
    }

    /// Notes an answer to a CHALLENGE; `false` if there is none to answer.
    pub const fn answer(&mut self) -> bool {
        let challenged = matches!(self, Self::Challenged);
        if challenged {
            *self = Self::Waiting;
        }
        challenged
    }
}
