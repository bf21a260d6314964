//! What becomes of calls and sessions when a realm ends.

use crate::{
    observer::CallEnd,
    realm::Realm,
    reject::Reject,
    sink::{Outbound, Sink},
};
use std::sync::Arc;
use wamplex_shared::{message::Goodbye, time::Time};

impl<H> Realm<H> {
    /// Ends all calls with an ERROR to their callers, because the realm is about to end. Callees are not told: their
    /// sessions end as well.
    pub fn end_calls(&self, now: Time, out: &mut impl Sink<H>) {
        for seat in self.members.iter() {
            let calls = seat.member.calls.lock().snapshot();
            for (_, call) in calls {
                if call.fail(Reject::Closing, out).is_some() {
                    call.note_end(self.moment(now), CallEnd::Failed);
                }
            }
        }
    }

    /// Ends all sessions with this GOODBYE, after their calls. Their testaments are not published: nobody is left to
    /// receive them.
    pub fn dismiss(&mut self, goodbye: &Goodbye, now: Time, out: &mut impl Sink<H>) {
        self.end_calls(now, out);
        let members: Vec<_> = self.members.iter().map(|seat| Arc::clone(&seat.member)).collect();
        for member in members {
            out.deliver(member.handle(), Outbound::from(goodbye.clone()));
            self.remove(&member, now, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Census, Joining, Outbound, RealmConfig};
    use wamplex_shared::{
        id::{RequestId, SessionId},
        message::{
            Call, CallOptions, Message, Register, RegisterOptions, Subscribe, SubscribeOptions,
        },
        payload::Payload,
        roles::Roles,
        uri::Uri,
        uris,
    };

    #[derive(Default)]
    struct Log(Vec<(u64, Message)>);

    impl Sink<u64> for Log {
        fn deliver(&mut self, to: &u64, message: Outbound) {
            self.0.push((*to, message.to_message()));
        }
    }

    #[test]
    fn the_end_of_a_realm_answers_every_call_once() {
        let (mut realm, mut log) = (Realm::new(RealmConfig::new("realm1", 7)), Log::default());
        let [caller, callee] = [1, 2].map(|n| {
            let who = Joining::new(SessionId::new(n).unwrap(), Roles::NONE);
            realm.join(who, n, Time::ZERO, &mut log)
        });
        let procedure = Uri::from_static("com.example.procedure");
        let register = Register {
            request: RequestId::FIRST,
            options: RegisterOptions::default(),
            procedure: procedure.clone(),
        };
        realm.register(&callee, register, Time::ZERO, &mut log).unwrap();
        let subscribe = Subscribe {
            request: RequestId::new(2).unwrap(),
            options: SubscribeOptions::default(),
            topic: procedure.clone(),
        };
        realm.subscribe(&callee, subscribe, Time::ZERO, &mut log).unwrap();
        for id in 1..=3 {
            let call = Call {
                request: RequestId::new(id).unwrap(),
                options: CallOptions::default(),
                procedure: procedure.clone(),
                payload: Payload::NONE,
            };
            realm.call(&caller, call, Time::ZERO, &mut log).unwrap();
        }
        let expected = Census { sessions: 2, subscriptions: 1, registrations: 1, calls: 3 };
        assert_eq!(realm.census(), expected);
        log.0.clear();
        realm.end_calls(Time::ZERO, &mut log);
        realm.end_calls(Time::ZERO, &mut log);
        assert_eq!(log.0.len(), 3);
        for (to, message) in &log.0 {
            let Message::Error(error) = message else { panic!("{message:?}") };
            assert_eq!((*to, error.error.as_str()), (1, uris::error::CANCELED));
        }
        assert_eq!(realm.open_calls(), 0);
    }
}
