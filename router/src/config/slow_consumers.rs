//! What becomes of clients that take their messages more slowly than they come.

use super::{Limits, Problems, units};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What becomes of clients that take their messages more slowly than they come.
///
/// Each key is looked for at the listener first, then in the realm; what neither says is as in the limits of the router.
/// A session keeps what it began with.
///
/// ```
/// use wamplex_router::config::{Limits, SlowConsumerPolicy, SlowConsumers};
/// let realm = SlowConsumers { policy: Some(SlowConsumerPolicy::DropOldest), bytes: Some(1 << 20), messages: None };
/// let listener = SlowConsumers { bytes: Some(64 << 10), ..SlowConsumers::default() };
/// let both = listener.over(&realm);
/// assert_eq!((both.policy, both.bytes), (Some(SlowConsumerPolicy::DropOldest), Some(64 << 10)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SlowConsumers {
    /// What is done when more would wait for a session than may. Default: the session is ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<SlowConsumerPolicy>,
    /// How many bytes may wait for one session; `off` for `limits.outbox_bytes`. An EVENT counts in full for each of its
    /// receivers, and every message with 256 bytes more than its arguments have.
    #[serde(with = "units::optional_size")]
    pub bytes: Option<usize>,
    /// How many messages may wait for one session; with a policy that drops events, how many events. Default: as many as
    /// the bytes allow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages: Option<usize>,
}

/// What is done when more would wait for a session than may.
///
/// Only events that wait are ever dropped. Results, errors, invocations and whatever else answers or asks something are
/// not, and events make way for them; if there is no room even so, the session is ended. Events that are on their way to
/// the socket arrive. The next event of a subscription that lost some says how many, in its detail `_wamplex_dropped`.
/// Whatever is dropped, the events that are left come in the order in which they were published: one that replaces an older
/// one of its topic comes at its own place, not at that of the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum SlowConsumerPolicy {
    /// The session is ended.
    #[default]
    Disconnect,
    /// Events that find no room are dropped.
    DropNewest,
    /// The events that wait the longest are dropped.
    DropOldest,
    /// Once there is no room, only the newest event of each topic waits; if even those are too many, the session is ended.
    KeepLastPerTopic,
}

impl SlowConsumers {
    /// These settings, and `others` for what they leave out.
    #[must_use]
    pub fn over(&self, others: &Self) -> Self {
        Self {
            policy: self.policy.or(others.policy),
            bytes: self.bytes.or(others.bytes),
            messages: self.messages.or(others.messages),
        }
    }

    /// What may wait for a session, and what is done when that is not enough.
    pub(crate) fn terms(&self, limits: &Limits) -> crate::outbox::Terms {
        crate::outbox::Terms {
            policy: self.policy.unwrap_or_default(),
            bytes: self.bytes.unwrap_or(limits.outbox_bytes),
            messages: self.messages.unwrap_or(usize::MAX),
        }
    }

    /// Notes what cannot be put into practice.
    pub fn check(&self, problems: &mut Problems) {
        problems.expect(self.bytes != Some(0), "bytes", "at least \"1B\"", "0B");
        problems.expect(self.messages != Some(0), "messages", "at least 1", 0);
    }
}

impl SlowConsumerPolicy {
    /// All policies, in the order of their numbers.
    pub(crate) const ALL: [Self; 4] =
        [Self::Disconnect, Self::DropNewest, Self::DropOldest, Self::KeepLastPerTopic];

    /// The word for it in a configuration.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Disconnect => "disconnect",
            Self::DropNewest => "drop-newest",
            Self::DropOldest => "drop-oldest",
            Self::KeepLastPerTopic => "keep-last-per-topic",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use SlowConsumerPolicy::{Disconnect, DropNewest, DropOldest, KeepLastPerTopic};

    #[test]
    fn what_the_listener_says_comes_before_what_the_realm_says_key_by_key() {
        let limits = Limits::default();
        let terms = |listener: &str, realm: &str| {
            let read = |text| toml::from_str::<SlowConsumers>(text).unwrap();
            let terms = read(listener).over(&read(realm)).terms(&limits);
            (terms.policy, terms.bytes, terms.messages)
        };
        let most = (limits.outbox_bytes, usize::MAX);
        assert_eq!(terms("", ""), (Disconnect, most.0, most.1));
        assert_eq!(terms("", "policy = 'drop-newest'"), (DropNewest, most.0, most.1));
        let (realm, listener) = ("policy = 'drop-newest'\nbytes = '1KiB'", "bytes = '2KiB'");
        assert_eq!(terms(listener, realm), (DropNewest, 2048, most.1));
        assert_eq!(terms("bytes = 'off'", realm), (DropNewest, 1024, most.1));
        assert_eq!(terms("policy = 'disconnect'\nmessages = 3", realm), (Disconnect, 1024, 3));
    }

    #[test]
    fn every_policy_has_the_word_that_stands_for_it() {
        for policy in [Disconnect, DropNewest, DropOldest, KeepLastPerTopic] {
            let read: SlowConsumers =
                toml::from_str(&format!("policy = '{}'", policy.word())).unwrap();
            assert_eq!(read.policy, Some(policy));
        }
    }
}
