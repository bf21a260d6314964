//! Events that were published before ("WAMP: Event Retention").

use super::{Arguments, Outcome, Reply, count};
use crate::realm::Realm;
use wamplex_shared::time::Time;

impl<H> Realm<H> {
    /// Not in the specification, which knows no way to be rid of a retained event.
    pub(super) fn purge_retained(&self, mut args: Arguments, now: Time) -> Outcome<H> {
        let (policy, topic) =
            args.pattern(self.config.uri_rule, "the topic has to be a URI or a pattern")?;
        args.finish()?;
        Reply::of(count(self.broker.keeper.purge(policy, &topic, now)))
    }
}
