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
    pub(crate) code: MessageCode,
    /// The first id, if there is one and it is not zero.
    pub(crate) request: Option<RequestId>,
    /// Of ERROR.
    pub(crate) kind: Option<MessageCode>,
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
        let code = received.code;
        match self {
            Self::Joining(joining) => {
                if joining.receive(code, received.offered).is_err() {
                    Report::Violation
                } else if code == MessageCode::Welcome {
                    let theirs = Roles::NONE.with(Role::Dealer, received.dealer);
                    *self = Self::Open(Ledger::new(ROLES, theirs));
                    Report::Welcome
                } else if code == MessageCode::Challenge {
                    Report::Challenge
                } else {
                    *self = Self::Over;
                    Report::Abort
                }
            }
            Self::Open(ledger) => {
                let Some(head) = head(received) else { return Report::Violation };
                let outcome = ledger.receive(head);
                let report = outcome.map_or(Report::Violation, |outcome| report(&outcome, head));
                if matches!(report, Report::Abort | Report::Goodbye | Report::Left) {
                    *self = Self::Over;
                }
                report
            }
            Self::Over => Report::Nothing,
        }
    }
}

/// What the ledger has to know; nothing if an id is missing.
#[allow(clippy::wildcard_enum_match_arm)] // nothing else comes from routers in an open session
fn head(received: &Received) -> Option<Head> {
    let Received { code, request, kind, progress, receive_progress, .. } = *received;
    let acknowledged = match code {
        MessageCode::Published => MessageCode::Publish,
        MessageCode::Subscribed => MessageCode::Subscribe,
        MessageCode::Unsubscribed => MessageCode::Unsubscribe,
        MessageCode::Registered => MessageCode::Register,
        MessageCode::Unregistered => MessageCode::Unregister,
        MessageCode::Goodbye => return Some(Head::Goodbye),
        MessageCode::Abort => return Some(Head::Abort),
        MessageCode::Event => return Some(Head::Event),
        _ => {
            return match (code, request) {
                (MessageCode::Error, Some(request)) => {
                    Some(Head::Error { kind: kind.filter(|kind| kind.may_fail())?, request })
                }
                (MessageCode::Result, Some(request)) => Some(Head::Result { request, progress }),
                (MessageCode::Invocation, Some(request)) => {
                    Some(Head::Invocation { request, progress, receive_progress })
                }
                (MessageCode::Interrupt, Some(request)) => Some(Head::Interrupt { request }),
                _ => Some(Head::Other(code)),
            };
        }
    };
    Some(Head::done_or_revoked(acknowledged, request))
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
