//! What a client remembers and decides about an open session, without looking into messages.

use super::{
    Refusal,
    head::Head,
    invocations::{Arrival, Invocations},
    pending::Pending,
};
use crate::{
    error::ProtocolViolation,
    id::{RequestId, RequestIds},
    message::{CancelMode, MessageCode},
    roles::{Feature, Role, Roles},
};

pub use super::pending::Gone;

/// The requests of a client that wait for their answer, the invocations it serves, and what both sides announced.
///
/// A [`Session`](super::Session) is a ledger with typed messages around it. A shell that reads and writes messages in
/// its own way keeps the ledger alone: it asks the ledger before it sends, and tells it the [`Head`] of what arrives. `T`
/// is what the shell wants back with the answer to a request.
#[derive(Debug)]
pub struct Ledger<T> {
    /// What we announced in HELLO.
    ours: Roles,
    /// What the router announced in WELCOME.
    theirs: Roles,
    state: State,
    ids: RequestIds,
    pending: Pending<T>,
    invocations: Invocations,
    ignored: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// GOODBYE was sent or is about to be: everything but the other's is ignored.
    Leaving,
    Closed,
}

/// What a message means for the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// Nothing: it comes too late, or names nothing we know.
    Nothing,
    /// It is for the application: EVENT, a new INVOCATION, INTERRUPT, or a revocation.
    Deliver,
    /// INVOCATION has more arguments for an invocation that is being served.
    Continue,
    /// RESULT has a piece of the result of a call, whose token [`Ledger::token`] lends.
    Progress(RequestId),
    /// It is the last answer to a request.
    Answer {
        /// The request.
        request: RequestId,
        /// What came with it.
        token: T,
    },
    /// The router ends the session, with ABORT or with a GOODBYE that wants its echo: [`Ledger::close`] is to follow.
    Closed,
    /// The router has answered our GOODBYE: [`Ledger::close`] is to follow.
    Left,
}

/// Getters.
impl<T> Ledger<T> {
    /// The ledger of a session that was just opened.
    #[must_use]
    pub const fn new(ours: Roles, theirs: Roles) -> Self {
        Self {
            ours,
            theirs,
            state: State::Open,
            ids: RequestIds::new(),
            pending: Pending::new(),
            invocations: Invocations::new(),
            ignored: 0,
        }
    }

    /// Whether requests are taken: neither side has said GOODBYE or ABORT.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Whether the session is over.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self.state, State::Closed)
    }

    /// How many requests wait for their answer.
    #[must_use]
    pub const fn pending(&self) -> usize {
        self.pending.len()
    }

    /// How many invocations wait for an answer of ours.
    #[must_use]
    pub const fn serving(&self) -> usize {
        self.invocations.len()
    }

    /// How many messages of the router came too late or named nothing we know.
    #[must_use]
    pub const fn ignored(&self) -> u64 {
        self.ignored
    }

    /// What came with a request that is not answered yet.
    #[must_use]
    pub fn token(&self, request: RequestId) -> Option<&T> {
        self.pending.token(request)
    }

    /// What came with a request that is not answered yet, to change.
    #[must_use]
    pub fn token_mut(&mut self, request: RequestId) -> Option<&mut T> {
        self.pending.token_mut(request)
    }

    /// Whether a piece of the result of this invocation may be sent: the caller asked for pieces and has not lost
    /// interest.
    #[must_use]
    pub fn takes_progress(&self, invocation: RequestId) -> bool {
        self.invocations.takes_progress(invocation)
    }

    /// Whether both sides announced a feature.
    #[must_use]
    pub const fn both(&self, ours: Role, theirs: Role, feature: Feature) -> bool {
        self.ours.supports(ours, feature) && self.theirs.supports(theirs, feature)
    }

    /// Whether requests are taken.
    ///
    /// # Errors
    /// They are not.
    pub const fn check_open(&self) -> Result<(), Refusal> {
        if self.is_open() { Ok(()) } else { Err(Refusal::Closed) }
    }

    /// Whether a feature may be used.
    ///
    /// # Errors
    /// One side did not announce it.
    pub const fn check_feature(
        &self,
        ours: Role,
        theirs: Role,
        feature: Feature,
    ) -> Result<(), Refusal> {
        if self.both(ours, theirs, feature) { Ok(()) } else { Err(Refusal::Unsupported(feature)) }
    }
}

/// What is about to be sent. The shell asks [`check_open`](Self::check_open) before it makes a request.
impl<T> Ledger<T> {
    /// The id that the next request will have.
    #[must_use]
    pub const fn next_request(&self) -> RequestId {
        self.ids.peek()
    }

    /// The id for a request of this kind, which `token` comes back with the answer to.
    pub fn request(&mut self, kind: MessageCode, token: T) -> RequestId {
        let request = self.ids.take();
        self.pending.insert(request, kind, false, token);
        request
    }

    /// The same for a CALL; with `receive_progress` its result may come in pieces.
    pub fn call(&mut self, receive_progress: bool, token: T) -> RequestId {
        let request = self.ids.take();
        self.pending.insert(request, MessageCode::Call, receive_progress, token);
        request
    }

    /// The id for a PUBLISH without an answer.
    pub const fn unanswered(&mut self) -> RequestId {
        self.ids.take()
    }

    /// Notes that the transport has a request now.
    pub fn mark_sent(&mut self, request: RequestId) {
        self.pending.mark_sent(request);
    }

    /// Notes that a call is canceled; `false` if CANCEL is not to be sent: the call is answered, it was canceled
    /// before, or the router cannot do it.
    pub fn cancel(&mut self, request: RequestId, mode: CancelMode) -> bool {
        self.is_open()
            && self.theirs.supports(Role::Dealer, Feature::CallCanceling)
            && self.pending.cancel(request, mode)
    }

    /// Gives back what came with a request; its answer will be [`Outcome::Nothing`].
    pub fn abandon(&mut self, request: RequestId) -> Option<T> {
        self.pending.abandon(request)
    }

    /// Notes an answer to an invocation, or with `progress` a piece of one; `false` if it is not to be sent: the
    /// invocation is answered already, or nobody takes pieces.
    pub fn answer(&mut self, invocation: RequestId, progress: bool) -> bool {
        self.is_open()
            && if progress {
                self.invocations.takes_progress(invocation)
            } else {
                self.invocations.finish(invocation)
            }
    }

    /// Notes that GOODBYE is about to be sent; `false` if it is not.
    pub const fn leave(&mut self) -> bool {
        let open = self.is_open();
        if open {
            self.state = State::Leaving;
        }
        open
    }

    /// Ends the session, and gives back every request that nobody will answer.
    pub fn close(&mut self) -> impl Iterator<Item = Gone<T>> {
        self.state = State::Closed;
        self.invocations.clear();
        self.pending.drain()
    }
}

/// What arrives.
impl<T> Ledger<T> {
    /// Takes a message of the router. One that comes too late or names nothing we know is counted and ignored, since
    /// either may be nobody's fault.
    ///
    /// # Errors
    /// The message breaks the protocol: ABORT and [`close`](Self::close) are to follow.
    pub fn receive(&mut self, head: Head) -> Result<Outcome<T>, ProtocolViolation> {
        match self.state {
            State::Open => self.receive_while_open(head),
            State::Leaving if head == Head::Abort => Ok(Outcome::Closed),
            // Sent at the same time as ours, it counts as the answer to it.
            State::Leaving if head == Head::Goodbye => Ok(Outcome::Left),
            State::Leaving => Ok(self.ignore()),
            State::Closed => Ok(Outcome::Nothing),
        }
    }

    pub(super) const fn ignore(&mut self) -> Outcome<T> {
        self.ignored += 1;
        Outcome::Nothing
    }

    fn receive_while_open(&mut self, head: Head) -> Result<Outcome<T>, ProtocolViolation> {
        Ok(match head {
            Head::Event | Head::Revoked => Outcome::Deliver,
            Head::Goodbye | Head::Abort => Outcome::Closed,
            Head::Done { kind, request } => self.settle(request, kind),
            // A dealer says so about a YIELD whose payload passthru the caller has not announced
            // ("WAMP: Payload Passthru Mode"). The call is over by then, and there is nothing to be done.
            Head::Error { kind: MessageCode::Invocation, .. } => self.ignore(),
            Head::Error { kind, request } => self.settle(request, kind),
            Head::Result { request, progress: false } => self.settle(request, MessageCode::Call),
            Head::Result { request, progress: true } => match self.pending.progress(request) {
                Ok(true) => Outcome::Progress(request),
                Ok(false) => Outcome::Nothing,
                Err(_) => self.ignore(),
            },
            Head::Invocation { request, progress, receive_progress } => {
                let feature = Feature::ProgressiveCallInvocations;
                let streams = self.both(Role::Callee, Role::Dealer, feature);
                match self.invocations.arrive(request, progress, receive_progress, streams) {
                    Arrival::New => Outcome::Deliver,
                    Arrival::Continuation => Outcome::Continue,
                    Arrival::Late => self.ignore(),
                }
            }
            Head::Interrupt { request } if self.invocations.interrupt(request) => Outcome::Deliver,
            Head::Interrupt { .. } => self.ignore(),
            Head::Other(code @ (MessageCode::Welcome | MessageCode::Challenge)) => {
                return Err(unexpected(code, "after WELCOME"));
            }
            Head::Other(code) => return Err(unexpected(code, "from a router")),
        })
    }

    fn settle(&mut self, request: RequestId, kind: MessageCode) -> Outcome<T> {
        match self.pending.finish(request, kind) {
            Ok(Some(token)) => Outcome::Answer { request, token },
            Ok(None) => Outcome::Nothing,
            Err(_) => self.ignore(),
        }
    }
}

pub(super) const fn unexpected(message: MessageCode, state: &'static str) -> ProtocolViolation {
    ProtocolViolation::Unexpected { message, state }
}
