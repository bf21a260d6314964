//! How a configuration says which events a realm keeps.

use super::{units, words};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{borrow::Cow, time::Duration};
use wamplex_realm::{History, HistoryRule, Retention};
use wamplex_shared::uri::MatchPolicy;

/// How the last events of topics are retained for those who subscribe later, if their publishers say `retain`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "Retention")]
struct RetentionForm {
    /// The most retained events of the realm; 0 switches retention off. One more, and the oldest goes.
    events: usize,
    /// About the most memory they may take up together.
    #[serde(with = "units::size")]
    bytes: usize,
    /// How long an event is retained whose publisher does not say with `x_retain_ttl`; `off` for as long as there is room.
    #[serde(with = "units::optional_duration")]
    ttl: Option<Duration>,
    /// The longest an event may be retained, whatever its publisher says; `off` for any time.
    #[serde(with = "units::optional_duration")]
    max_ttl: Option<Duration>,
    /// About the most bytes of retained events that one SUBSCRIBE is answered with; those published last are chosen.
    #[serde(with = "units::size")]
    replay_bytes: usize,
}

/// Of which topics all events are kept, to be read with `wamp.subscription.get_events`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "History")]
struct HistoryForm {
    /// About the most bytes that one call of `wamp.subscription.get_events` is answered with.
    #[serde(with = "units::size")]
    reply_bytes: usize,
    /// The topics that have a history. A topic goes by the rule that fits it best: the exact one, else the longest prefix,
    /// else the wildcard with the most before its first empty component.
    rules: Vec<HistoryRuleForm>,
}

/// How many of the events of some topics are kept: the oldest go first.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(rename = "HistoryRule")]
struct HistoryRuleForm {
    /// The topics, as a URI or pattern.
    #[schemars(example = "com.example.chat.")]
    pattern: String,
    /// How the pattern is compared with topics.
    #[serde(rename = "match", with = "words::match_policy")]
    policy: MatchPolicy,
    /// The most events of one topic.
    events: usize,
    /// About the most memory that the events of one topic take up.
    #[serde(with = "units::size")]
    bytes: usize,
    /// About the most memory that the events of all topics of this rule take up.
    #[serde(with = "units::size")]
    total_bytes: usize,
    /// How long an event is kept; `off` for as long as there is room.
    #[serde(with = "units::optional_duration")]
    age: Option<Duration>,
}

impl From<&Retention> for RetentionForm {
    fn from(of: &Retention) -> Self {
        Self {
            events: of.events,
            bytes: of.bytes,
            ttl: of.ttl,
            max_ttl: of.max_ttl,
            replay_bytes: of.replay_bytes,
        }
    }
}

impl From<RetentionForm> for Retention {
    fn from(form: RetentionForm) -> Self {
        let mut made = Self::default();
        (made.events, made.bytes, made.ttl) = (form.events, form.bytes, form.ttl);
        (made.max_ttl, made.replay_bytes) = (form.max_ttl, form.replay_bytes);
        made
    }
}

impl From<&History> for HistoryForm {
    fn from(of: &History) -> Self {
        Self { reply_bytes: of.reply_bytes, rules: of.rules.iter().map(Into::into).collect() }
    }
}

impl From<HistoryForm> for History {
    fn from(form: HistoryForm) -> Self {
        let mut made = Self::default();
        made.reply_bytes = form.reply_bytes;
        made.rules = form.rules.into_iter().map(Into::into).collect();
        made
    }
}

impl From<&HistoryRule> for HistoryRuleForm {
    fn from(of: &HistoryRule) -> Self {
        Self {
            pattern: of.pattern.to_string(),
            policy: of.policy,
            events: of.events,
            bytes: of.bytes,
            total_bytes: of.total_bytes,
            age: of.age,
        }
    }
}

impl From<HistoryRuleForm> for HistoryRule {
    fn from(form: HistoryRuleForm) -> Self {
        let mut made = Self::new(form.policy, form.pattern);
        (made.events, made.bytes, made.total_bytes) = (form.events, form.bytes, form.total_bytes);
        made.age = form.age;
        made
    }
}

impl Default for RetentionForm {
    fn default() -> Self {
        (&Retention::default()).into()
    }
}

impl Default for HistoryForm {
    fn default() -> Self {
        (&History::default()).into()
    }
}

impl Default for HistoryRuleForm {
    fn default() -> Self {
        (&HistoryRule::new(MatchPolicy::Exact, "")).into()
    }
}

/// Makes a type for `#[serde(with)]` that reads and writes one type in the form of another.
macro_rules! in_the_form_of {
    ($name:ident: $type:ty, $form:ty) => {
        #[derive(Clone, Copy, Debug)]
        #[allow(non_camel_case_types, reason = "stands where serde expects the name of a module")]
        pub(super) struct $name;

        impl $name {
            pub(super) fn serialize<S: Serializer>(
                value: &$type,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                <$form>::from(value).serialize(serializer)
            }

            pub(super) fn deserialize<'de, D: Deserializer<'de>>(
                deserializer: D,
            ) -> Result<$type, D::Error> {
                <$form>::deserialize(deserializer).map(Into::into)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                <$form>::schema_name()
            }

            fn json_schema(generator: &mut SchemaGenerator) -> Schema {
                <$form>::json_schema(generator)
            }
        }
    };
}

in_the_form_of!(retention: Retention, RetentionForm);
in_the_form_of!(history: History, HistoryForm);
