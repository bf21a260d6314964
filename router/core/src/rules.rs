//! Other rules for a realm that sessions are in.

use crate::{config::RealmConfig, realm::Realm};

impl<H> Realm<H> {
    /// Puts other rules in force, for the sessions that are here as well: from the next message on. What is registered,
    /// subscribed and retained stays. Where the rules about history differ, the history begins anew; name, seed, epoch,
    /// observer and tracer stay what they were.
    pub fn set_rules(&mut self, rules: RealmConfig) {
        let old = &mut self.config;
        self.broker.keeper.set_rules(old, &rules);
        *old = RealmConfig {
            name: old.name.clone(),
            seed: old.seed,
            epoch: old.epoch,
            observer: old.observer.take(),
            tracer: old.tracer.take(),
            ..rules
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{HistoryRule, Joining, MetaApi, Outbound, Sink};
    use wamplex_shared::{
        id::{RequestId, SessionId},
        message::{Message, Publish, PublishOptions, Subscribe, SubscribeOptions},
        payload::Payload,
        roles::Roles,
        time::Time,
        uri::{MatchPolicy, Uri, UriRule},
    };

    #[derive(Default)]
    struct Log(Vec<Message>);

    impl Sink<u64> for Log {
        fn deliver(&mut self, _: &u64, message: Outbound) {
            self.0.push(message.to_message());
        }
    }

    fn subscribe(request: u64, topic: &'static str) -> Subscribe {
        Subscribe {
            request: RequestId::new(request).unwrap(),
            options: SubscribeOptions { get_retained: true, ..SubscribeOptions::default() },
            topic: Uri::from_static(topic),
        }
    }

    #[test]
    fn other_rules_hold_for_sessions_that_are_here_and_take_nothing_from_them() {
        let mut realm = Realm::new(RealmConfig::new("realm1", 7));
        let mut log = Log::default();
        let [publisher, subscriber] = [1, 2].map(|n| {
            let who = Joining::new(SessionId::new(n).unwrap(), Roles::NONE);
            realm.join(who, n, Time::ZERO, &mut log)
        });
        let publish = Publish {
            request: RequestId::FIRST,
            options: PublishOptions { retain: true, ..PublishOptions::default() },
            topic: Uri::from_static("com.example.Topic"),
            payload: Payload::NONE,
        };
        realm.publish(&publisher, publish, Time::ZERO, &mut log).unwrap();

        let mut rules = RealmConfig::new("other", 8);
        rules.uri_rule = UriRule::Strict;
        rules.meta_api = MetaApi::Off;
        rules.history.rules.push(HistoryRule::new(MatchPolicy::Prefix, "com.example."));
        realm.set_rules(rules);
        assert_eq!(realm.config().name.as_str(), "realm1");
        assert_eq!(realm.config().seed, 7);

        realm
            .subscribe(&subscriber, subscribe(1, "com.example.Topic"), Time::ZERO, &mut log)
            .unwrap();
        assert!(matches!(log.0.pop(), Some(Message::Error(_))), "no URI any more");
        realm.set_rules(RealmConfig::new("realm1", 7));
        realm
            .subscribe(&subscriber, subscribe(2, "com.example.Topic"), Time::ZERO, &mut log)
            .unwrap();
        assert!(
            matches!(&log.0[..], [Message::Subscribed(_), Message::Event(_)]),
            "what was retained is retained still: {:?}",
            log.0
        );
    }
}
