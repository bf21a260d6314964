//! One publication on its way to the subscriptions that it matches.

use crate::{
    eligibility::Eligibility,
    event::SharedEvent,
    pattern::PatternMap,
    sink::{Outbound, Sink},
    subscription::Subscription,
};
use std::sync::Arc;
use wamplex_shared::{message::Event, uri::Uri};

/// What is published, and who may receive it.
pub(crate) struct FanOut<'a, E> {
    pub(crate) eligibility: Eligibility<'a>,
    pub(crate) rkey: Option<&'a str>,
    /// Whether the event is kept: then it has to be in the outboxes before others are kept, one event after the other.
    pub(crate) is_kept: bool,
    /// Makes the EVENT for a subscription.
    pub(crate) event: E,
}

impl<E> FanOut<'_, E> {
    /// Delivers to the subscribers of all subscriptions that match. If it is only one, and all its subscribers but the
    /// publisher may receive the event, the sink gets them together.
    pub(crate) fn deliver<H>(
        &self,
        subscriptions: &PatternMap<Subscription<H>>,
        topic: &Uri,
        out: &mut impl Sink<H>,
    ) where
        E: Fn(&Subscription<H>) -> Event,
    {
        let mut first = None;
        let (mut last, mut is_only) = (None, true);
        subscriptions.matching(topic.as_str(), |subscription| {
            if let Some(before) = last.replace(subscription) {
                is_only = false;
                self.deliver_one_by_one(before, &mut first, out);
            }
        });
        let Some(last) = last else { return };
        if !is_only || self.is_kept || !self.is_for_all_of(last) {
            self.deliver_one_by_one(last, &mut first, out);
        } else if last.members().iter().any(|member| self.eligibility.admits(member)) {
            out.deliver_to_all(last.members(), self.eligibility.excluded(), (self.event)(last));
        }
    }

    /// Whether nobody but the publisher can be left out.
    fn is_for_all_of<H>(&self, subscription: &Subscription<H>) -> bool {
        !self.eligibility.has_lists() && subscription.shard(self.rkey).is_none()
    }

    fn deliver_one_by_one<H>(
        &self,
        subscription: &Subscription<H>,
        first: &mut Option<Arc<SharedEvent>>,
        out: &mut impl Sink<H>,
    ) where
        E: Fn(&Subscription<H>) -> Event,
    {
        // Made for the first receiver: often there is none but the publisher.
        let mut made = None;
        subscription.for_each(&self.eligibility, self.rkey, |member| {
            let make = || Arc::new(SharedEvent::new((self.event)(subscription), first.clone()));
            let event = made.get_or_insert_with(make);
            out.deliver(member.handle(), Outbound::Event(Arc::clone(event)));
        });
        *first = first.take().or(made);
    }
}
