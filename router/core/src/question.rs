//! What a caller asks, and how it is put to a callee.

use crate::{
    config::{Disclosure, RealmConfig},
    member::Member,
    pending::{Pending, can_cancel},
    registration::{Callee, Registration},
    reject::{Refusal, Reject},
    weight,
};
use core::time::Duration;
use std::collections::BTreeSet;
use wamplex_shared::{
    error::ProtocolViolation,
    id::SessionId,
    message::{CallOptions, InvocationDetails, MessageCode, Passthru},
    payload::Payload,
    roles::{Feature, Role},
    time::Time,
    uri::Uri,
};

/// A CALL on its way to whoever answers it.
pub(crate) struct Question {
    pub(crate) procedure: Uri,
    pub(crate) options: CallOptions,
    pub(crate) payload: Payload,
    /// Who is told the identity of its caller.
    pub(crate) disclosure: Disclosure,
    /// The callees that were unavailable.
    pub(crate) tried: BTreeSet<SessionId>,
}

impl Question {
    /// Takes everything out. Questions are large: they are moved to the heap only if they have to be kept. They may be kept
    /// for as long as the call takes, so what they say is in memory of its own, as far as it is short: the frame of the
    /// CALL may be much longer.
    pub(crate) fn take(&mut self) -> Box<Self> {
        let mut options = core::mem::take(&mut self.options);
        weight::detach_call_options(&mut options);
        Box::new(Self {
            procedure: self.procedure.detach(),
            options,
            payload: weight::compact(core::mem::replace(&mut self.payload, Payload::NONE)),
            disclosure: self.disclosure,
            tried: core::mem::take(&mut self.tried),
        })
    }

    /// The key that decides which callee is asked, if that is not for the registration to say
    /// ("WAMP: Sharded Registration").
    pub(crate) fn shard(&self) -> Option<&str> {
        self.options.runmode.as_ref().and(self.options.rkey.as_deref())
    }

    /// Whether this callee was asked before.
    pub(crate) fn has_tried<H>(&self, callee: &Member<H>) -> bool {
        !self.tried.is_empty() && self.tried.contains(&callee.session())
    }

    /// What this callee is told, or why it cannot be asked. Decides which of the two ends watches the time.
    pub(crate) fn details<H>(
        &self,
        config: &RealmConfig,
        registration: &Registration<H>,
        callee: &Callee<H>,
        call: &Pending<H>,
        now: Time,
    ) -> Result<InvocationDetails, Reject> {
        let (to, options) = (&callee.member, &self.options);
        let supports = |feature| to.supports(Role::Callee, feature);
        let disclose = self.disclosure.discloses(options.disclose_me, callee.disclose_caller)?;
        if uses_passthru(options.passthru.as_deref()) && !supports(Feature::PayloadPassthruMode) {
            return Err(Reject::PassthruNotSupported);
        }
        // A callee that cannot be interrupted must not be given endless arguments, nor asked for an endless result.
        if options.progress && !(supports(Feature::ProgressiveCallInvocations) && can_cancel(to)) {
            return Err(Reject::StreamNotSupported);
        }
        let receive_progress =
            options.receive_progress && supports(Feature::ProgressiveCallResults) && can_cancel(to);
        // Exactly one of the two ends watches the time.
        let forwarded = callee.forward_timeout && supports(Feature::CallTimeout);
        let left = call.expires().map(|expires| expires.since(now)).filter(|_| forwarded);
        if left.is_some_and(|left| left.is_zero()) {
            return Err(Reject::TimedOut);
        }
        call.set_forwarded(forwarded);
        let mut details = details(config, &call.caller, disclose, options);
        details.procedure = registration.is_pattern().then(|| self.procedure.clone());
        details.receive_progress = receive_progress;
        details.progress = options.progress;
        details.timeout = left.map(millis);
        Ok(details)
    }
}

/// Refuses what this caller may not ask: features that it has not announced, and options that make no sense.
pub(crate) fn check_options<H>(from: &Member<H>, options: &CallOptions) -> Result<(), Refusal> {
    let not_announced = |feature: Feature| {
        let (message, feature) = (MessageCode::Call, feature.name());
        Err(ProtocolViolation::FeatureNotAnnounced { message, feature }.into())
    };
    let announced = |feature| from.supports(Role::Caller, feature);
    if options.progress && !announced(Feature::ProgressiveCallInvocations) {
        return not_announced(Feature::ProgressiveCallInvocations);
    }
    if uses_passthru(options.passthru.as_deref()) && !announced(Feature::PayloadPassthruMode) {
        return not_announced(Feature::PayloadPassthruMode);
    }
    match options.runmode.as_deref() {
        None => Ok(()),
        Some("partition") if options.rkey.is_some() => Ok(()),
        Some("partition") => {
            Err(Reject::OptionNotAllowed("runmode partition needs an rkey").into())
        }
        Some(_) => Err(Reject::OptionNotAllowed("the only runmode there is is partition").into()),
    }
}

/// Whether the payload belongs to the two ends alone ("WAMP: Payload Passthru Mode"). The older `enc_*` form has no
/// feature of this name and is let through.
pub(crate) fn uses_passthru(passthru: Option<&Passthru>) -> bool {
    passthru.and_then(|p| p.scheme.as_deref()).is_some_and(|scheme| !scheme.is_empty())
}

/// Built from nothing: of the caller's options only those pass that are made for it.
fn details<H>(
    config: &RealmConfig,
    from: &Member<H>,
    disclose: bool,
    options: &CallOptions,
) -> InvocationDetails {
    let mut details = InvocationDetails {
        passthru: options.passthru.clone(),
        transaction_hash: options.transaction_hash.clone(),
        trustlevel: config.trustlevel(from.who()),
        custom: config.passed_options.pick(&options.custom),
        ..InvocationDetails::default()
    };
    if disclose {
        details.caller = Some(from.session());
        details.caller_authid.clone_from(&from.who().authid);
        details.caller_authrole.clone_from(&from.who().authrole);
    }
    details
}

/// In whole milliseconds, and never less than there is.
fn millis(left: Duration) -> u64 {
    u64::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use bytestring::ByteString;
    use wamplex_shared::{
        payload::PayloadShape,
        serializer::Serializer,
        value::{Dict, Value},
    };

    #[test]
    fn a_question_that_is_kept_keeps_no_frame_alive() {
        let frame = Bytes::from(vec![b'x'; 10_000]);
        let text = || ByteString::try_from(frame.slice(0..100)).unwrap();
        let passthru = Passthru { keyid: Some(text()), ..Passthru::default() };
        let mut question = Question {
            procedure: Uri::from(text()),
            options: CallOptions {
                rkey: Some(text()),
                runmode: Some(text()),
                transaction_hash: Some(text()),
                passthru: Some(Box::new(passthru)),
                custom: Dict::from_iter([("_note", Value::Str(text()))]),
                ..CallOptions::default()
            },
            payload: Payload::from_encoded(
                Serializer::Json,
                PayloadShape::Args,
                frame.slice(0..100),
            ),
            disclosure: Disclosure::default(),
            tried: BTreeSet::new(),
        };
        let kept = question.take();
        assert_eq!(kept.procedure, question.procedure);
        assert_eq!(kept.options.rkey, Some(text()));
        drop(question);
        assert!(frame.is_unique());
        assert_eq!(kept.payload.bytes().len(), 100);
    }
}
