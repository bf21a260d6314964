//! The session machine of a connection, and which message means what to JavaScript.
//!
//! It keeps nothing: JavaScript has the state, which is a number to it, one table of the requests that wait and one of the
//! calls that it serves, with what it wants to do about them. So it says of a message what is waiting for it. A
//! [`Ledger`](wamplex_shared::session::Ledger) in its place weighed as much as the reader of messages; the tests hold the
//! two against each other.

/// What a message is about. The numbers are those of `npm/src/core.ts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Report {
    /// Nobody is interested in it.
    Nothing = 0,
    Welcome = 1,
    Challenge = 2,
    Abort = 3,
    /// It wants its echo.
    Goodbye = 4,
    Reply = 5,
    Progress = 6,
    Event = 7,
    Invocation = 8,
    Interrupt = 9,
    Revoked = 10,
    /// The answer to our GOODBYE.
    Left = 11,
    /// It may not come now.
    Violation = 12,
    /// More arguments for an invocation that is being served, if it still is.
    More = 13,
}

/// HELLO to GOODBYE, and what the dealer announced: [`CANCELS`] and [`STREAMS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct State(pub(crate) u32);

// The low three bits of a state. The first one is that of a session whose HELLO is about to be sent.
const WAITING: u32 = 0;
/// There is a CHALLENGE to answer.
const CHALLENGED: u32 = 1;
const OPEN: u32 = 2;
/// We have said GOODBYE.
const LEAVING: u32 = 3;
const OVER: u32 = 4;

/// The dealer takes CANCEL.
pub(crate) const CANCELS: u32 = 8;
/// The dealer takes calls whose arguments come in pieces.
pub(crate) const STREAMS: u32 = 16;

/// What the machine has to know of a message. The numbers of flags are those of `npm/src/core.ts`; of WELCOME they may be
/// [`CANCELS`] and [`STREAMS`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Received {
    pub(crate) code: u32,
    /// Of ERROR: the code of the request that failed.
    pub(crate) kind: u32,
    /// The code of the request with this id that waits, or 0.
    pub(crate) waiting: u32,
    pub(crate) flags: u32,
}

/// Of RESULT: more is to follow.
pub(crate) const PROGRESS: u32 = 1;
/// Of INVOCATION: its id is not above those of all before.
pub(crate) const AGAIN: u32 = 4;
/// The first id is zero.
pub(crate) const NAMELESS: u32 = 32;

impl State {
    /// The state after a message is sent; `None` if it is not to be. `streams` says of a CALL that more arguments may follow.
    pub(crate) const fn send(self, code: u32, streams: bool) -> Option<Self> {
        let phase = self.0 & 7;
        let wanted = match code {
            3 => return if phase == OVER { None } else { Some(Self(OVER)) },
            5 => return if phase == CHALLENGED { Some(Self(WAITING)) } else { None },
            49 => CANCELS,
            _ if streams => STREAMS,
            _ => 0,
        };
        if phase != OPEN || self.0 & wanted != wanted {
            return None;
        }
        Some(if code == 6 { Self(LEAVING) } else { self })
    }

    /// The state after a message of the router, and what that means.
    pub(crate) const fn receive(self, received: Received) -> (Self, Report) {
        let Received { code, flags, .. } = received;
        match (self.0 & 7, code) {
            (OVER, _) => (self, Report::Nothing),
            (_, 3) => (Self(OVER), Report::Abort),
            (LEAVING, 6) => (Self(OVER), Report::Left),
            (LEAVING, _) => (self, Report::Nothing),
            (OPEN, 6) => (Self(OVER), Report::Goodbye),
            (OPEN, _) => (self, self.receive_while_open(received)),
            (WAITING, 2) => (Self(OPEN | flags & (CANCELS | STREAMS)), Report::Welcome),
            // JavaScript refuses a method that HELLO has not offered.
            (WAITING, 4) => (Self(CHALLENGED), Report::Challenge),
            _ => (self, Report::Violation),
        }
    }

    const fn receive_while_open(self, received: Received) -> Report {
        let Received { code, kind, waiting, flags } = received;
        let answered = match code {
            36 => return Report::Event,
            // An id that was used before is that of a call whose arguments come in pieces, or of a router that does not count.
            68 if self.0 & STREAMS != 0 && flags & AGAIN != 0 => return Report::More,
            68 => return Report::Invocation,
            69 => return Report::Interrupt,
            35 | 67 if flags & NAMELESS != 0 => return Report::Revoked,
            // A dealer says so about a YIELD that it could not pass on; the call is over by then.
            8 if kind == 68 => return Report::Nothing,
            8 if !matches!(kind, 16 | 32 | 34 | 48 | 64 | 66) => return Report::Violation,
            8 => kind,
            50 => 48,
            // An acknowledgement has the number behind that of its request.
            17 | 33 | 35 | 65 | 67 => code - 1,
            _ => return Report::Violation,
        };
        if answered != waiting {
            // It came too late, or names nothing we know: either may be nobody's fault.
            Report::Nothing
        } else if code == 50 && flags & PROGRESS != 0 {
            Report::Progress
        } else {
            Report::Reply
        }
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
