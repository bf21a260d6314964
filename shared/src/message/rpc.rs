//! Routed remote procedure calls ("WAMP: Remote Procedure Calls").

use super::{MessageCode, Passthru};
use crate::{
    id::{RegistrationId, RequestId, SessionId},
    payload::Payload,
    uri::{MatchPolicy, Uri},
    value::{Dict, List},
};
use alloc::boxed::Box;
use bytestring::ByteString;

/// `[ERROR, REQUEST.Type|int, REQUEST.Request|id, Details|dict, Error|uri, Arguments|list, ArgumentsKw|dict]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// The kind of request that failed: one for which [`MessageCode::may_fail`] holds.
    pub request_type: MessageCode,
    /// The request that failed.
    pub request: RequestId,
    /// Details.
    pub details: ErrorDetails,
    /// What went wrong.
    pub error: Uri,
    /// Arguments of the error.
    pub payload: Payload,
}

/// `ERROR.Details`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorDetails {
    /// `ppt_*` and `enc_*`; rarely used, hence boxed.
    pub passthru: Option<Box<Passthru>>,
    /// All other keys.
    pub custom: Dict,
}

/// `[CALL, Request|id, Options|dict, Procedure|uri, Arguments|list, ArgumentsKw|dict]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The id of this request.
    pub request: RequestId,
    /// Options.
    pub options: CallOptions,
    /// The procedure to call.
    pub procedure: Uri,
    /// Its arguments.
    pub payload: Payload,
}

/// `CALL.Options`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallOptions {
    /// `receive_progress`: results may come in several pieces.
    pub receive_progress: bool,
    /// `progress`: more arguments will follow under the same request.
    pub progress: bool,
    /// `timeout` in milliseconds; absent or 0 means none.
    pub timeout: Option<u64>,
    /// `disclose_me`: tell the callee who calls.
    pub disclose_me: Option<bool>,
    /// `rkey`: the key of a sharded registration.
    pub rkey: Option<ByteString>,
    /// `runmode`: `partition` for a sharded registration.
    pub runmode: Option<ByteString>,
    /// `ppt_*` and `enc_*`; rarely used, hence boxed.
    pub passthru: Option<Box<Passthru>>,
    /// `forward_for`: the routers and clients this came through (not in the specification).
    pub forward_for: Option<List>,
    /// `transaction_hash` (not in the specification).
    pub transaction_hash: Option<ByteString>,
    /// All other keys.
    pub custom: Dict,
}

/// `[CANCEL, CALL.Request|id, Options|dict]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Cancel {
    /// The CALL to take back.
    pub request: RequestId,
    /// Options.
    pub options: CancelOptions,
}

/// `CANCEL.Options`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CancelOptions {
    /// `mode`; absent means [`CancelMode::KillNoWait`] with us, the specification names no default.
    pub mode: Option<CancelMode>,
    /// All other keys.
    pub custom: Dict,
}

/// How a call is taken back ("WAMP: Call Canceling").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CancelMode {
    /// The caller is answered at once, the callee is not told.
    Skip,
    /// The callee is interrupted, and the caller is answered with what it says to that.
    Kill,
    /// The callee is interrupted, and the caller is answered at once.
    KillNoWait,
}

impl CancelMode {
    /// The word in `options.mode`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Kill => "kill",
            Self::KillNoWait => "killnowait",
        }
    }

    /// The mode with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Skip, Self::Kill, Self::KillNoWait].into_iter().find(|m| m.name() == name)
    }
}

/// `[RESULT, CALL.Request|id, Details|dict, YIELD.Arguments|list, YIELD.ArgumentsKw|dict]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ResultMessage {
    /// The CALL this answers.
    pub request: RequestId,
    /// Details.
    pub details: ResultDetails,
    /// The result.
    pub payload: Payload,
}

/// `RESULT.Details`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResultDetails {
    /// `progress`: more will follow.
    pub progress: bool,
    /// `ppt_*` and `enc_*`; rarely used, hence boxed.
    pub passthru: Option<Box<Passthru>>,
    /// All other keys.
    pub custom: Dict,
}

/// `[REGISTER, Request|id, Options|dict, Procedure|uri]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Register {
    /// The id of this request.
    pub request: RequestId,
    /// Options.
    pub options: RegisterOptions,
    /// The procedure, or a pattern for procedures.
    pub procedure: Uri,
}

/// `REGISTER.Options`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegisterOptions {
    /// `match`: how procedures are compared with the one given.
    pub match_policy: MatchPolicy,
    /// `invoke`: which of several callees answers.
    pub invoke: InvocationPolicy,
    /// `disclose_caller`: the callee asks to be told who calls.
    pub disclose_caller: Option<bool>,
    /// `forward_timeout`: the callee sees to the timeout of calls.
    pub forward_timeout: bool,
    /// `concurrency`: how many invocations the callee takes at once (not in the specification).
    pub concurrency: Option<u64>,
    /// `force_reregister`: take the procedure from whoever has it (not in the specification).
    pub force_reregister: bool,
    /// `forward_for`: the routers and clients this came through (not in the specification).
    pub forward_for: Option<List>,
    /// All other keys.
    pub custom: Dict,
}

/// Which of several callees a call goes to ("WAMP: Shared Registration").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum InvocationPolicy {
    /// There may be one callee only. The default.
    #[default]
    Single,
    /// The callee that registered first.
    First,
    /// The callee that registered last.
    Last,
    /// One after the other.
    RoundRobin,
    /// Any.
    Random,
}

impl InvocationPolicy {
    /// The word in `options.invoke`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::First => "first",
            Self::Last => "last",
            Self::RoundRobin => "roundrobin",
            Self::Random => "random",
        }
    }

    /// The policy with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Single, Self::First, Self::Last, Self::RoundRobin, Self::Random]
            .into_iter()
            .find(|p| p.name() == name)
    }
}

/// `[REGISTERED, REGISTER.Request|id, Registration|id]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registered {
    /// The REGISTER this answers.
    pub request: RequestId,
    /// The registration.
    pub registration: RegistrationId,
}

/// `[UNREGISTER, Request|id, REGISTERED.Registration|id]`. A dictionary behind it is tolerated and ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unregister {
    /// The id of this request.
    pub request: RequestId,
    /// The registration to give up.
    pub registration: RegistrationId,
}

/// `[UNREGISTERED, UNREGISTER.Request|id]`, or `[UNREGISTERED, 0, Details|dict]` when the dealer revokes.
#[derive(Clone, Debug, PartialEq)]
pub struct Unregistered {
    /// The UNREGISTER this answers; `None` (0 on the wire) for a revocation.
    pub request: Option<RequestId>,
    /// What was revoked and why.
    pub details: Option<UnregisteredDetails>,
}

/// `UNREGISTERED.Details` ("WAMP: Registration Revocation").
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnregisteredDetails {
    /// `registration`: what was revoked.
    pub registration: Option<RegistrationId>,
    /// `reason`: why.
    pub reason: Option<ByteString>,
    /// All other keys.
    pub custom: Dict,
}

/// `[INVOCATION, Request|id, REGISTERED.Registration|id, Details|dict, CALL.Arguments|list, CALL.ArgumentsKw|dict]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// The id of this request, counted by the router for each callee.
    pub request: RequestId,
    /// The registration it comes through.
    pub registration: RegistrationId,
    /// Details.
    pub details: InvocationDetails,
    /// The arguments.
    pub payload: Payload,
}

/// `INVOCATION.Details`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InvocationDetails {
    /// `procedure`: what was called; present for registrations by pattern.
    pub procedure: Option<Uri>,
    /// `receive_progress`: the result may be given in several pieces.
    pub receive_progress: bool,
    /// `progress`: more arguments will follow under the same request.
    pub progress: bool,
    /// `timeout` in milliseconds, when the callee is to see to it.
    pub timeout: Option<u64>,
    /// `caller`: the calling session, if disclosed.
    pub caller: Option<SessionId>,
    /// `caller_authid`, if disclosed.
    pub caller_authid: Option<ByteString>,
    /// `caller_authrole`, if disclosed.
    pub caller_authrole: Option<ByteString>,
    /// `trustlevel`: how far the router trusts the caller; 0 is the lowest.
    pub trustlevel: Option<u64>,
    /// `ppt_*` and `enc_*`; rarely used, hence boxed.
    pub passthru: Option<Box<Passthru>>,
    /// `forward_for`: the routers and clients this came through (not in the specification).
    pub forward_for: Option<List>,
    /// `transaction_hash` (not in the specification).
    pub transaction_hash: Option<ByteString>,
    /// All other keys.
    pub custom: Dict,
}

/// `[INTERRUPT, INVOCATION.Request|id, Options|dict]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Interrupt {
    /// The INVOCATION to stop.
    pub request: RequestId,
    /// Options.
    pub options: InterruptOptions,
}

/// `INTERRUPT.Options`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InterruptOptions {
    /// `mode`: whether anybody waits for the answer ([`CancelMode::Kill`]) or not.
    pub mode: Option<CancelMode>,
    /// `reason`: the error URI that says why (not in the specification).
    pub reason: Option<Uri>,
    /// All other keys.
    pub custom: Dict,
}

/// `[YIELD, INVOCATION.Request|id, Options|dict, Arguments|list, ArgumentsKw|dict]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Yield {
    /// The INVOCATION this answers.
    pub request: RequestId,
    /// Options.
    pub options: YieldOptions,
    /// The result.
    pub payload: Payload,
}

/// `YIELD.Options`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct YieldOptions {
    /// `progress`: more will follow.
    pub progress: bool,
    /// `ppt_*` and `enc_*`; rarely used, hence boxed.
    pub passthru: Option<Box<Passthru>>,
    /// All other keys.
    pub custom: Dict,
}
