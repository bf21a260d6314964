//! The session machine of one connection, and which message means what to JavaScript.
//!
//! It keeps no tables: JavaScript has one of the requests that wait and one of the calls that it serves, with what it
//! wants to do about them, so it says of a message what is waiting for it. A [`Ledger`](wamplex_shared::session::Ledger)
//! beside them weighed as much as the reader of messages; the tests hold the two against each other.

use wamplex_shared::{
    id::{RequestId, RequestIds},
    message::MessageCode,
    session::Joining,
};

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

/// What the machine has to know of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    pub(crate) code: u32,
    /// The first id, if there is one and it is not zero.
    pub(crate) request: Option<RequestId>,
    /// Of ERROR: the code of the request that failed.
    pub(crate) kind: u32,
    /// The code of the request with this id that waits, or 0.
    pub(crate) waiting: u32,
    /// More is to follow.
    pub(crate) progress: bool,
    /// Of CHALLENGE: HELLO has offered the method.
    pub(crate) offered: bool,
    /// Of WELCOME: what the dealer announces.
    pub(crate) dealer: Dealer,
}

/// The features that this side makes a difference by.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Dealer {
    pub(crate) cancels: bool,
    /// Takes calls whose arguments come in pieces.
    pub(crate) streams: bool,
}

/// HELLO to GOODBYE.
#[derive(Debug)]
pub(crate) struct Machine {
    state: State,
    dealer: Dealer,
    ids: RequestIds,
    /// The highest id of an invocation.
    invoked: Option<RequestId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Joining(Joining),
    Open,
    /// We have said GOODBYE.
    Leaving,
    Over,
}

/// Commands: what may be sent.
impl Machine {
    /// HELLO is sent or about to be.
    pub(crate) const fn new() -> Self {
        Self {
            state: State::Joining(Joining::Waiting),
            dealer: Dealer { cancels: false, streams: false },
            ids: RequestIds::new(),
            invoked: None,
        }
    }

    /// Whether there is a CHALLENGE to answer.
    pub(crate) const fn authenticate(&mut self) -> bool {
        if let State::Joining(joining) = &mut self.state { joining.answer() } else { false }
    }

    /// The id that the next request will have.
    pub(crate) const fn next_request(&self) -> RequestId {
        self.ids.peek()
    }

    /// Takes the id for a request. With `streams` more arguments may follow.
    pub(crate) const fn request(&mut self, streams: bool) -> Result<RequestId, Refused> {
        if !self.is_open() {
            Err(Refused::Closed)
        } else if streams && !self.dealer.streams {
            Err(Refused::Unsupported)
        } else {
            Ok(self.ids.take())
        }
    }

    /// Whether CANCEL may be sent.
    pub(crate) const fn cancels(&self) -> bool {
        self.is_open() && self.dealer.cancels
    }

    /// Whether GOODBYE is to be sent.
    pub(crate) const fn leave(&mut self) -> bool {
        let open = self.is_open();
        if open {
            self.state = State::Leaving;
        }
        open
    }

    /// Whether ABORT is to be sent, which ends the session.
    pub(crate) fn abort(&mut self) -> bool {
        ::core::mem::replace(&mut self.state, State::Over) != State::Over
    }

    const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }
}

/// Why a request is not to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    Closed,
    Unsupported,
}

/// Input.
impl Machine {
    /// Takes a message of the router.
    pub(crate) fn receive(&mut self, received: &Received) -> Report {
        let report = match &mut self.state {
            State::Joining(joining) => {
                let code = match received.code {
                    2 => MessageCode::Welcome,
                    3 => MessageCode::Abort,
                    4 => MessageCode::Challenge,
                    // All others may not come.
                    _ => MessageCode::Goodbye,
                };
                match (joining.receive(code, received.offered), code) {
                    (Err(_), _) => Report::Violation,
                    (_, MessageCode::Welcome) => {
                        self.state = State::Open;
                        self.dealer = received.dealer;
                        Report::Welcome
                    }
                    (_, MessageCode::Challenge) => Report::Challenge,
                    _ => Report::Abort,
                }
            }
            State::Open => self.receive_while_open(received),
            State::Leaving => match received.code {
                3 => Report::Abort,
                // Sent at the same time as ours, it counts as the answer to it.
                6 => Report::Left,
                _ => Report::Nothing,
            },
            State::Over => Report::Nothing,
        };
        if matches!(report, Report::Abort | Report::Goodbye | Report::Left) {
            self.state = State::Over;
        }
        report
    }

    fn receive_while_open(&mut self, received: &Received) -> Report {
        let Received { code, request, kind, waiting, progress, .. } = *received;
        let answered = match code {
            3 => return Report::Abort,
            6 => return Report::Goodbye,
            36 => return Report::Event,
            68 => return self.invoked(request),
            69 => return Report::Interrupt,
            35 | 67 if request.is_none() => return Report::Revoked,
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
        } else if code == 50 && progress {
            Report::Progress
        } else {
            Report::Reply
        }
    }

    /// An id that was used before is that of a call whose arguments come in pieces, or of a router that does not count.
    fn invoked(&mut self, request: Option<RequestId>) -> Report {
        if self.dealer.streams && request <= self.invoked {
            return Report::More;
        }
        self.invoked = request;
        Report::Invocation
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
