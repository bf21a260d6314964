//! The session machines of one connection, and which message means what to JavaScript.

use wamplex_shared::{
    id::RequestId,
    message::{CancelMode, MessageCode},
    roles::{Feature, Features, Role, Roles},
    session::{Head, Joining, Ledger, Outcome, Refusal},
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
}

/// What the machine has to know of a message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received {
    pub(crate) code: u32,
    /// The first id, if there is one and it is not zero.
    pub(crate) request: Option<RequestId>,
    /// Of ERROR.
    pub(crate) kind: u32,
    pub(crate) progress: bool,
    pub(crate) receive_progress: bool,
    /// Of CHALLENGE: HELLO has offered the method.
    pub(crate) offered: bool,
    /// Of WELCOME: what the dealer announces and this side makes a difference by.
    pub(crate) dealer: Features,
}

/// HELLO to GOODBYE. What comes with a request says whether it is a call that takes more arguments.
#[derive(Debug)]
pub(crate) enum Machine {
    Joining(Joining),
    Open(Ledger<bool>),
    Over,
}

/// Of what this client announces in `npm/src/hello.ts` what it makes a difference by.
const ROLES: Roles = Roles::NONE
    .with(Role::Caller, Features::of(&[Feature::ProgressiveCallInvocations]))
    .with(Role::Callee, Features::of(&[Feature::ProgressiveCallInvocations]));

/// Commands: what may be sent.
impl Machine {
    /// HELLO is sent or about to be.
    pub(crate) const fn new() -> Self {
        Self::Joining(Joining::Waiting)
    }

    /// Whether there is a CHALLENGE to answer.
    pub(crate) const fn authenticate(&mut self) -> bool {
        match self {
            Self::Joining(joining) => joining.answer(),
            Self::Open(_) | Self::Over => false,
        }
    }

    /// The id that the next request will have.
    pub(crate) fn next_request(&mut self) -> Option<RequestId> {
        self.ledger().ok().map(|ledger| ledger.next_request())
    }

    /// A request of this kind, or one that is not answered. With `progress` more arguments may follow.
    pub(crate) fn request(
        &mut self,
        kind: Option<MessageCode>,
        receive_progress: bool,
        progress: bool,
    ) -> Result<RequestId, Refusal> {
        let ledger = self.ledger()?;
        if progress {
            let feature = Feature::ProgressiveCallInvocations;
            ledger.check_feature(Role::Caller, Role::Dealer, feature)?;
        }
        Ok(match kind {
            None => ledger.unanswered(),
            Some(MessageCode::Call) => ledger.call(receive_progress, progress),
            Some(kind) => ledger.request(kind, progress),
        })
    }

    /// More arguments for a call, or the last ones.
    pub(crate) fn call_more(
        &mut self,
        request: RequestId,
        last: bool,
    ) -> Result<RequestId, Refusal> {
        let more = self.ledger()?.token_mut(request).filter(|more| **more);
        *more.ok_or(Refusal::NotContinued)? = !last;
        Ok(request)
    }

    /// Whether CANCEL is to be sent. The answer of the call is swallowed unless somebody `waits` for it.
    pub(crate) fn cancel(&mut self, request: RequestId, mode: CancelMode, waits: bool) -> bool {
        let Ok(ledger) = self.ledger() else { return false };
        let sends = ledger.cancel(request, mode);
        if !waits {
            ledger.abandon(request);
        }
        sends
    }

    /// Whether YIELD, with `progress` a piece of the result, or ERROR is to be sent.
    pub(crate) fn answer(&mut self, request: RequestId, progress: bool) -> bool {
        self.ledger().is_ok_and(|ledger| ledger.answer(request, progress))
    }

    /// Whether GOODBYE is to be sent.
    pub(crate) fn leave(&mut self) -> bool {
        self.ledger().is_ok_and(Ledger::leave)
    }

    /// Whether ABORT may be sent, which ends the session.
    pub(crate) fn abort(&mut self) -> bool {
        !matches!(::core::mem::replace(self, Self::Over), Self::Over)
    }

    fn ledger(&mut self) -> Result<&mut Ledger<bool>, Refusal> {
        let Self::Open(ledger) = self else { return Err(Refusal::Closed) };
        ledger.check_open()?;
        Ok(ledger)
    }
}

/// Input.
impl Machine {
    /// Takes a message of the router.
    pub(crate) fn receive(&mut self, received: &Received) -> Report {
        let head = head(received);
        match self {
            Self::Joining(joining) => {
                let code = match head {
                    Some(Head::Other(code)) => code,
                    Some(Head::Abort) => MessageCode::Abort,
                    // No other one may come.
                    _ => MessageCode::Goodbye,
                };
                if joining.receive(code, received.offered).is_err() {
                    return Report::Violation;
                }
                if code == MessageCode::Challenge {
                    return Report::Challenge;
                }
                if code == MessageCode::Abort {
                    *self = Self::Over;
                    return Report::Abort;
                }
                let theirs = Roles::NONE.with(Role::Dealer, received.dealer);
                *self = Self::Open(Ledger::new(ROLES, theirs));
                Report::Welcome
            }
            Self::Open(ledger) => {
                let outcome = head.and_then(|head| Some((ledger.receive(head).ok()?, head)));
                let report =
                    outcome.map_or(Report::Violation, |(outcome, head)| report(&outcome, head));
                if matches!(report, Report::Abort | Report::Goodbye | Report::Left) {
                    *self = Self::Over;
                }
                report
            }
            Self::Over => Report::Nothing,
        }
    }
}

/// The requests that are answered, by their code.
#[inline(never)]
pub(crate) fn kind(code: u32) -> Option<MessageCode> {
    Some(match code {
        16 => MessageCode::Publish,
        32 => MessageCode::Subscribe,
        34 => MessageCode::Unsubscribe,
        48 => MessageCode::Call,
        64 => MessageCode::Register,
        66 => MessageCode::Unregister,
        68 => MessageCode::Invocation,
        _ => return None,
    })
}

/// What the ledger has to know; nothing if the message is none.
fn head(received: &Received) -> Option<Head> {
    let Received { code, request, progress, receive_progress, .. } = *received;
    Some(match code {
        2 => Head::Other(MessageCode::Welcome),
        3 => Head::Abort,
        4 => Head::Other(MessageCode::Challenge),
        6 => Head::Goodbye,
        8 => Head::Error { kind: kind(received.kind)?, request: request? },
        36 => Head::Event,
        50 => Head::Result { request: request?, progress },
        68 => Head::Invocation { request: request?, progress, receive_progress },
        69 => Head::Interrupt { request: request? },
        // An acknowledgement has the number behind that of its request.
        _ => Head::done_or_revoked(kind(code - 1)?, request),
    })
}

#[allow(clippy::wildcard_enum_match_arm)] // all else answers something
const fn report(outcome: &Outcome<bool>, head: Head) -> Report {
    match outcome {
        Outcome::Nothing => Report::Nothing,
        Outcome::Continue => Report::Invocation,
        Outcome::Progress(_) => Report::Progress,
        Outcome::Answer { .. } => Report::Reply,
        Outcome::Left => Report::Left,
        Outcome::Deliver | Outcome::Closed => match head {
            Head::Goodbye => Report::Goodbye,
            Head::Abort => Report::Abort,
            Head::Invocation { .. } => Report::Invocation,
            Head::Interrupt { .. } => Report::Interrupt,
            Head::Revoked => Report::Revoked,
            _ => Report::Event,
        },
    }
}
