//! Who follows single calls, from CALL to their last answer.

use crate::{
    member::{Joining, Member},
    realm::Realm,
    sink::Outbound,
};
use core::fmt::Debug;
use wamplex_shared::{
    message::{Call, Message},
    uri::Uri,
    value::Dict,
};

/// Follows calls through a realm, for traces. Called while the realm is at work: it has to be quick and must not call
/// back. Procedures of the protocol itself are answered at once and not told, nor are messages that break the protocol.
///
/// ```
/// use wamplex_realm::{CallOutcome, CallSpan, CallTracer, TracedCall};
/// use wamplex_shared::value::Dict;
///
/// #[derive(Debug)]
/// struct Log;
/// #[derive(Debug)]
/// struct Entry(String);
///
/// impl CallTracer for Log {
///     fn begin(&self, call: &TracedCall<'_>) -> Option<Box<dyn CallSpan>> {
///         let name = call.procedure.to_string();
///         call.attributes.get("_traceparent").map(|_| Box::new(Entry(name)) as Box<dyn CallSpan>)
///     }
/// }
/// impl CallSpan for Entry {
///     fn inject(&self, attributes: &mut Dict) {
///         attributes.insert("_traceparent", "another");
///     }
///     fn end(self: Box<Self>, outcome: &CallOutcome) {
///         if let CallOutcome::Failed(error) = outcome {
///             eprintln!("{} failed with {error}", self.0);
///         }
///     }
/// }
/// ```
pub trait CallTracer: Debug + Send + Sync {
    /// A CALL has come. `None` if nobody wants to follow it: then that was all.
    fn begin(&self, call: &TracedCall<'_>) -> Option<Box<dyn CallSpan>>;
}

/// One call that is followed. It is dropped without an [end](Self::end) when the realm is.
pub trait CallSpan: Debug + Send + Sync {
    /// Puts itself in the place of the caller: changes the attributes that the callee receives, as far as they are
    /// [handed on](crate::PassedOptions).
    fn inject(&self, attributes: &mut Dict);

    /// The call is over.
    fn end(self: Box<Self>, outcome: &CallOutcome);
}

/// A call that begins.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct TracedCall<'a> {
    /// The realm it is made in.
    pub realm: &'a Uri,
    /// Who calls.
    pub caller: &'a Joining,
    /// What is called.
    pub procedure: &'a Uri,
    /// The attributes in CALL.Options that are not of the protocol, handed on or not.
    pub attributes: &'a Dict,
}

/// How a call that was followed has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallOutcome {
    /// With a RESULT.
    Answered,
    /// With this ERROR, of the callee or of the router.
    Failed(Uri),
    /// Its caller left, and was told nothing.
    CallerLeft,
}

impl CallOutcome {
    /// What the last answer to a call says.
    pub(crate) fn of(answer: &Outbound) -> Self {
        if let Outbound::Message(message) = answer
            && let Message::Error(error) = &**message
        {
            Self::Failed(error.error.clone())
        } else {
            Self::Answered
        }
    }
}

impl<H> Realm<H> {
    /// Begins to follow a call, if anybody wants to.
    pub(crate) fn trace(&self, from: &Member<H>, call: &Call) -> Option<Box<dyn CallSpan>> {
        let tracer = self.config.tracer.as_ref()?;
        tracer.begin(&TracedCall {
            realm: &self.config.name,
            caller: from.who(),
            procedure: &call.procedure,
            attributes: &call.options.custom,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{RealmConfig, Refused, Sink, authorization::Action};
    use core::time::Duration;
    use parking_lot::Mutex;
    use std::sync::Arc;
    use wamplex_shared::{
        id::{RequestId, SessionId},
        message::*,
        payload::Payload,
        roles::Roles,
        time::Time,
        uris,
        value::Value,
    };

    type Seen = Arc<Mutex<Vec<(String, CallOutcome)>>>;

    /// Follows the calls that have a `_traceparent`.
    #[derive(Debug, Default)]
    struct Follower(Seen);

    #[derive(Debug)]
    struct Followed(String, Seen);

    impl CallTracer for Follower {
        fn begin(&self, call: &TracedCall<'_>) -> Option<Box<dyn CallSpan>> {
            let parent = call.attributes.get("_traceparent")?.as_str()?;
            let name = format!("{} {parent} {}", call.caller.session, call.procedure);
            Some(Box::new(Followed(name, Arc::clone(&self.0))))
        }
    }

    impl CallSpan for Followed {
        fn inject(&self, attributes: &mut Dict) {
            attributes.insert("_traceparent", "mine");
        }

        fn end(self: Box<Self>, outcome: &CallOutcome) {
            self.1.lock().push((self.0, outcome.clone()));
        }
    }

    #[derive(Default)]
    struct Log(Vec<Message>);

    impl Sink<u64> for Log {
        fn deliver(&mut self, _: &u64, message: Outbound) {
            self.0.push(message.to_message());
        }
    }

    struct Stage {
        realm: Realm<u64>,
        members: [Arc<Member<u64>>; 2],
        log: Log,
        seen: Seen,
        calls: u64,
    }

    /// A realm with a caller, and a callee of `com.p`.
    fn stage(change: impl FnOnce(&mut RealmConfig)) -> Stage {
        let (seen, mut log) = (Seen::default(), Log::default());
        let mut config = RealmConfig::new("realm1", 7);
        config.tracer = Some(Arc::new(Follower(Arc::clone(&seen))));
        change(&mut config);
        let mut realm = Realm::new(config);
        let members = [1, 2].map(|n| {
            let who = Joining::new(SessionId::new(n).unwrap(), Roles::NONE);
            realm.join(who, n, Time::ZERO, &mut log)
        });
        let (options, procedure) = (RegisterOptions::default(), Uri::from_static("com.p"));
        let register = Register { request: RequestId::FIRST, options, procedure };
        realm.register(&members[1], register, Time::ZERO, &mut log).unwrap();
        Stage { realm, members, log, seen, calls: 0 }
    }

    impl Stage {
        fn message(&mut self, procedure: &'static str, parent: Option<&str>) -> Call {
            self.calls += 1;
            let custom = parent.map(|parent| ("_traceparent", parent)).into_iter().collect();
            Call {
                request: RequestId::new(self.calls).unwrap(),
                options: CallOptions { custom, timeout: Some(50), ..CallOptions::default() },
                procedure: Uri::from_static(procedure),
                payload: Payload::NONE,
            }
        }

        fn call(&mut self, procedure: &'static str, parent: Option<&str>) {
            let call = self.message(procedure, parent);
            self.realm.call(&self.members[0], call, Time::ZERO, &mut self.log).unwrap();
        }

        /// What the callee was told last.
        fn received(&self) -> Option<&Value> {
            match self.log.0.last() {
                Some(Message::Invocation(it)) => it.details.custom.get("_traceparent"),
                other => panic!("{other:?}"),
            }
        }

        fn seen(&self) -> Vec<(String, CallOutcome)> {
            core::mem::take(&mut self.seen.lock())
        }
    }

    fn one(name: &str, outcome: CallOutcome) -> Vec<(String, CallOutcome)> {
        vec![(name.to_owned(), outcome)]
    }

    fn failed(error: &'static str) -> CallOutcome {
        CallOutcome::Failed(Uri::from_static(error))
    }

    #[test]
    fn a_call_that_is_followed_ends_once_with_what_its_caller_is_told() {
        let mut s = stage(|_| {});
        s.call("com.p", Some("a"));
        assert_eq!(s.received(), Some(&"mine".into()));
        assert_eq!(s.seen(), []);
        let request = RequestId::FIRST;
        let (options, payload) = (YieldOptions::default(), Payload::NONE);
        let yielded = Yield { request, options, payload };
        s.realm.yield_(&s.members[1], yielded, Time::ZERO, &mut s.log).unwrap();
        assert_eq!(s.seen(), one("1 a com.p", CallOutcome::Answered));

        s.call("com.p", Some("b"));
        let error = Error {
            request_type: MessageCode::Invocation,
            request: RequestId::new(2).unwrap(),
            details: ErrorDetails::default(),
            error: Uri::from_static("com.error"),
            payload: Payload::NONE,
        };
        s.realm.error(&s.members[1], error, Time::ZERO, &mut s.log).unwrap();
        assert_eq!(s.seen(), one("1 b com.p", failed("com.error")));

        s.call("com.p", Some("c"));
        let late = Time::ZERO + Duration::from_millis(50);
        s.realm.handle_timeout(late, &mut s.log);
        assert_eq!(s.seen(), one("1 c com.p", failed(uris::error::TIMEOUT)));
    }

    #[test]
    fn calls_that_reach_nobody_are_followed_too() {
        let mut s = stage(|config| config.limits.calls = 1);
        s.call("com.none", Some("a"));
        assert_eq!(s.seen(), one("1 a com.none", failed(uris::error::NO_SUCH_PROCEDURE)));
        let refused = Message::Call(s.message("com.p", Some("b")));
        let why = Refused::NotAuthorized(Action::Call);
        s.realm.refuse(&s.members[0], &refused, why, &mut s.log).unwrap();
        assert_eq!(s.seen(), one("1 b com.p", failed(uris::error::NOT_AUTHORIZED)));
        s.call("com.p", None);
        s.call("com.p", Some("c"));
        assert_eq!(s.seen(), one("1 c com.p", failed(uris::wamplex::LIMIT_EXCEEDED)));
    }

    #[test]
    fn a_caller_that_leaves_ends_its_calls_and_what_nobody_follows_stays_as_it_was() {
        let mut s = stage(|_| {});
        s.call("com.p", None);
        assert_eq!(s.received(), None);
        s.call("com.p", Some("a"));
        let caller = Arc::clone(&s.members[0]);
        s.realm.leave(&caller, Time::ZERO, &mut s.log);
        assert_eq!(s.seen(), one("1 a com.p", CallOutcome::CallerLeft));
    }
}
