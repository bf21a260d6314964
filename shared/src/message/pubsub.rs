//! Publish and subscribe ("WAMP: Publish and Subscribe").

use super::Passthru;
use crate::{
    id::{PublicationId, RequestId, SessionId, SubscriptionId},
    payload::Payload,
    uri::{MatchPolicy, Uri},
    value::{Dict, List, Value},
};
use alloc::{boxed::Box, vec::Vec};
use bytestring::ByteString;

/// `[PUBLISH, Request|id, Options|dict, Topic|uri, Arguments|list, ArgumentsKw|dict]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Publish {
    /// The id of this request.
    pub request: RequestId,
    /// Options.
    pub options: PublishOptions,
    /// What the event is about.
    pub topic: Uri,
    /// The event itself.
    pub payload: Payload,
}

/// `PUBLISH.Options`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PublishOptions {
    /// `acknowledge`: answer with PUBLISHED or ERROR. Without it the broker never answers.
    pub acknowledge: bool,
    /// `exclude_me`: keep the event from its publisher; absent means yes.
    pub exclude_me: Option<bool>,
    /// `disclose_me`: tell subscribers who published.
    pub disclose_me: Option<bool>,
    /// `retain`: keep the event for those who subscribe later.
    pub retain: bool,
    /// The six lists of who may receive the event and who may not; rarely used, hence boxed.
    pub filters: Option<Box<Filters>>,
    /// `rkey`: the key of a sharded subscription.
    pub rkey: Option<ByteString>,
    /// `ppt_*` and `enc_*`; rarely used, hence boxed.
    pub passthru: Option<Box<Passthru>>,
    /// `forward_for`: the routers and clients this came through (not in the specification).
    pub forward_for: Option<List>,
    /// `transaction_hash` (not in the specification).
    pub transaction_hash: Option<ByteString>,
    /// All other keys.
    pub custom: Dict,
}

/// Who receives an event: all `eligible*` lists that are present must name the receiver, and no `exclude*` list may
/// ("WAMP: Subscriber Black- and Whitelisting").
///
/// A list that is present and empty is not the same as one that is absent: `eligible: []` admits nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// `exclude`: sessions that do not receive it.
    pub exclude: Option<Vec<SessionId>>,
    /// `exclude_authid`.
    pub exclude_authid: Option<Vec<ByteString>>,
    /// `exclude_authrole`.
    pub exclude_authrole: Option<Vec<ByteString>>,
    /// `eligible`: sessions that may receive it.
    pub eligible: Option<Vec<SessionId>>,
    /// `eligible_authid`.
    pub eligible_authid: Option<Vec<ByteString>>,
    /// `eligible_authrole`.
    pub eligible_authrole: Option<Vec<ByteString>>,
}

/// `[PUBLISHED, PUBLISH.Request|id, Publication|id]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// The PUBLISH this answers.
    pub request: RequestId,
    /// The publication it became.
    pub publication: PublicationId,
}

/// `[SUBSCRIBE, Request|id, Options|dict, Topic|uri]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscribe {
    /// The id of this request.
    pub request: RequestId,
    /// Options.
    pub options: SubscribeOptions,
    /// The topic, or a pattern for topics.
    pub topic: Uri,
}

/// `SUBSCRIBE.Options`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SubscribeOptions {
    /// `match`: how topics are compared with the one given.
    pub match_policy: MatchPolicy,
    /// `get_retained`: deliver the retained event at once.
    pub get_retained: bool,
    /// `nkey`: the key of a sharded subscription.
    pub nkey: Option<ByteString>,
    /// `forward_for`: the routers and clients this came through (not in the specification).
    pub forward_for: Option<List>,
    /// All other keys.
    pub custom: Dict,
}

/// `[SUBSCRIBED, SUBSCRIBE.Request|id, Subscription|id]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subscribed {
    /// The SUBSCRIBE this answers.
    pub request: RequestId,
    /// The subscription.
    pub subscription: SubscriptionId,
}

/// `[UNSUBSCRIBE, Request|id, SUBSCRIBED.Subscription|id]`. A dictionary behind it is tolerated and ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsubscribe {
    /// The id of this request.
    pub request: RequestId,
    /// The subscription to give up.
    pub subscription: SubscriptionId,
}

/// `[UNSUBSCRIBED, UNSUBSCRIBE.Request|id]`, or `[UNSUBSCRIBED, 0, Details|dict]` when the broker revokes.
#[derive(Clone, Debug, PartialEq)]
pub struct Unsubscribed {
    /// The UNSUBSCRIBE this answers; `None` (0 on the wire) for a revocation.
    pub request: Option<RequestId>,
    /// What was revoked and why.
    pub details: Option<UnsubscribedDetails>,
}

/// `UNSUBSCRIBED.Details` ("WAMP: Subscription Revocation").
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnsubscribedDetails {
    /// `subscription`: what was revoked.
    pub subscription: Option<SubscriptionId>,
    /// `reason`: why.
    pub reason: Option<ByteString>,
    /// All other keys.
    pub custom: Dict,
}

/// `[EVENT, Subscription|id, Publication|id, Details|dict, Arguments|list, ArgumentsKw|dict]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The subscription it comes through.
    pub subscription: SubscriptionId,
    /// The publication it stems from.
    pub publication: PublicationId,
    /// Details.
    pub details: EventDetails,
    /// The event itself.
    pub payload: Payload,
}

/// `EVENT.Details`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventDetails {
    /// `topic`: present for subscriptions by pattern.
    pub topic: Option<Uri>,
    /// `publisher`: the publishing session, if disclosed.
    pub publisher: Option<SessionId>,
    /// `publisher_authid`, if disclosed.
    pub publisher_authid: Option<ByteString>,
    /// `publisher_authrole`, if disclosed.
    pub publisher_authrole: Option<ByteString>,
    /// `trustlevel`: how far the router trusts the publisher; 0 is the lowest.
    pub trustlevel: Option<u64>,
    /// `retained`: the event is an older one that was kept.
    pub retained: bool,
    /// `ppt_*` and `enc_*`; rarely used, hence boxed.
    pub passthru: Option<Box<Passthru>>,
    /// `forward_for`: the routers and clients this came through (not in the specification).
    pub forward_for: Option<List>,
    /// `transaction_hash` (not in the specification).
    pub transaction_hash: Option<ByteString>,
    /// `x_acknowledged_delivery`: an EVENT_RECEIVED is asked for (not in the specification).
    pub acknowledged_delivery: bool,
    /// All other keys.
    pub custom: Dict,
}

impl EventDetails {
    /// A detail of our own ("WAMP: Extensibility"): how many events of this subscription a router of ours has dropped since
    /// the last one that it sent, because this session was too slow for them. Not there if it was none.
    pub const DROPPED: &str = "_wamplex_dropped";

    /// How many events of this subscription were dropped ahead of this one, as far as the router says so.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.custom.get(Self::DROPPED).and_then(Value::as_u64).unwrap_or(0)
    }
}

/// `[EVENT_RECEIVED, EVENT.Publication|id]`: an extension that we read and ignore.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventReceived {
    /// The publication received.
    pub publication: PublicationId,
}
