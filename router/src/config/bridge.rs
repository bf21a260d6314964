//! Paths at which plain HTTP requests become calls and events.

use super::{Problems, Secret, units};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};
use wamplex_shared::uri::{MatchPolicy, Uri, UriRule};

/// A path of a listener at which plain HTTP requests become calls and events.
///
/// Who may do what there is decided by the roles of the realm, as for any session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BridgeEndpoint {
    /// The path.
    #[schemars(example = &"/call")]
    pub path: String,
    /// What requests to it become.
    pub action: BridgeAction,
    /// The realm.
    pub realm: String,
    /// The role of those who show no token; without it they are told to authenticate.
    #[schemars(example = &"guest")]
    pub anonymous: Option<String>,
    /// Who comes with `Authorization: Bearer …`, besides those whom the realm knows by JSON Web Tokens.
    pub tokens: Vec<BridgeToken>,
    /// How long a request may take, the call of a procedure included; then it is answered with 504. Event streams are as
    /// long as they are.
    #[serde(with = "units::duration")]
    pub timeout: Duration,
    /// The longest body of a request in bytes.
    #[serde(with = "units::size")]
    pub body: usize,
    /// HTTP statuses for error URIs, besides those that are built in; from 400 to 599.
    pub statuses: BTreeMap<String, u16>,
    /// For `webhook`: what the requests are published as.
    pub webhook: Option<Webhook>,
    /// For `events`: how long nothing may be sent before a comment is, by which proxies and clients see that the stream
    /// is alive.
    #[serde(with = "units::duration")]
    pub heartbeat: Duration,
    /// For `events`: how many events wait for a client that reads slowly; beyond that the oldest are dropped. Beyond the
    /// bytes of `limits.outbox_bytes` the stream ends.
    pub buffer: usize,
}

/// What the requests to a path become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BridgeAction {
    /// POST `{"topic", "args", "kwargs", "options"}` publishes an event.
    #[default]
    Publish,
    /// POST `{"procedure", "args", "kwargs", "options"}` calls a procedure.
    Call,
    /// Any POST publishes an event with its body.
    Webhook,
    /// GET `?topic=…` streams the events of a topic (server-sent events).
    Events,
}

/// Somebody who comes with a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BridgeToken {
    /// What follows `Bearer `.
    pub token: Secret,
    /// Who that is.
    #[schemars(example = &"dashboard")]
    pub authid: String,
    /// The role it has.
    #[schemars(example = &"viewer")]
    pub role: String,
}

/// What the requests of a webhook are published as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The topic.
    #[schemars(example = &"com.example.push")]
    pub topic: String,
    /// The secret with which the body has to be signed: HMAC-SHA-256 in hexadecimal digits, `sha256=` in front of them or
    /// not. Without it the body is not checked.
    #[serde(default)]
    pub secret: Option<Secret>,
    /// The header with the signature. GitHub has `X-Hub-Signature-256`.
    #[serde(default = "default_signature")]
    pub signature: String,
}

fn default_signature() -> String {
    "X-Hub-Signature-256".to_owned()
}

impl Webhook {
    /// Publishes to this topic, without looking for a signature.
    #[must_use]
    pub fn new(topic: impl Into<String>) -> Self {
        Self { topic: topic.into(), secret: None, signature: default_signature() }
    }
}

impl Default for BridgeEndpoint {
    fn default() -> Self {
        Self {
            path: String::new(),
            action: BridgeAction::default(),
            realm: super::DEFAULT_REALM.to_owned(),
            anonymous: None,
            tokens: Vec::new(),
            timeout: Duration::from_secs(30),
            body: 1 << 20,
            statuses: BTreeMap::new(),
            webhook: None,
            heartbeat: Duration::from_secs(15),
            buffer: 256,
        }
    }
}

impl BridgeEndpoint {
    /// This action at this path of `realm1`, for nobody yet.
    #[must_use]
    pub fn new(path: impl Into<String>, action: BridgeAction) -> Self {
        Self { path: path.into(), action, ..Self::default() }
    }

    /// Notes what is wrong.
    pub fn check(&self, problems: &mut Problems) {
        let path = is_path(&self.path);
        problems.expect(path, "path", "a path like /api/call", format!("{:?}", self.path));
        problems.expect(!self.realm.is_empty(), "realm", "the name of a realm", "nothing");
        let some_time = "more than no time";
        problems.expect(!self.timeout.is_zero(), "timeout", some_time, "none");
        problems.expect(!self.heartbeat.is_zero(), "heartbeat", some_time, "none");
        problems.expect(self.buffer > 0, "buffer", "at least 1", self.buffer);
        for (uri, status) in &self.statuses {
            let is_error = (400..=599).contains(status);
            problems.expect(
                is_error,
                &format!("statuses.{uri:?}"),
                "a status from 400 to 599",
                status,
            );
        }
        match (&self.webhook, self.action == BridgeAction::Webhook) {
            (None, true) => {
                problems.add("webhook", "what the requests are published as", "nothing")
            }
            (Some(_), false) => problems.add("webhook", "nothing but for `webhook`", "a webhook"),
            (Some(webhook), true) => problems.within("webhook", |p| webhook.check(p)),
            (None, false) => {}
        }
    }

    /// Notes paths that stand twice in a list.
    pub fn check_all(endpoints: &[Self], problems: &mut Problems) {
        problems.each("bridge", endpoints, Self::check);
        for (index, endpoint) in endpoints.iter().enumerate() {
            let twice = endpoints[..index].iter().any(|other| other.path == endpoint.path);
            let key = format!("bridge[{index}].path");
            problems.expect(!twice, &key, "a path of its own", format!("{:?}", endpoint.path));
        }
    }
}

impl Webhook {
    fn check(&self, problems: &mut Problems) {
        if let Err(error) = Uri::from(self.topic.as_str()).check(UriRule::Loose, MatchPolicy::Exact)
        {
            problems.add("topic", "a topic", error);
        }
        let is_header = !self.signature.is_empty()
            && self.signature.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        problems.expect(
            is_header,
            "signature",
            "the name of a header",
            format!("{:?}", self.signature),
        );
    }
}

fn is_path(path: &str) -> bool {
    let is_segment = |segment: &str| {
        !segment.is_empty()
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b))
    };
    path.strip_prefix('/').is_some_and(|path| path.split('/').all(is_segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let endpoint: BridgeEndpoint = toml::from_str(text).unwrap();
        let mut problems = Problems::default();
        endpoint.check(&mut problems);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_cannot_work_is_found_before_it_is_tried() {
        let hook = "path = '/hook'\naction = 'webhook'\n";
        for (text, expected) in [
            ("path = '/call'\naction = 'call'", ""),
            ("action = 'call'", "path: expected a path like /api/call, found \"\""),
            ("path = '/call/'", "path: expected a path like /api/call, found \"/call/\""),
            ("path = '/a'\nrealm = ''", "realm: expected the name of a realm, found nothing"),
            ("path = '/a'\ntimeout = '0s'", "timeout: expected more than no time, found none"),
            ("path = '/a'\nbuffer = 0", "buffer: expected at least 1, found 0"),
            (
                "path = '/a'\nstatuses = { 'com.example.error' = 200 }",
                "statuses.\"com.example.error\": expected a status from 400 to 599, found 200",
            ),
            (hook, "webhook: expected what the requests are published as, found nothing"),
            (
                "path = '/a'\nwebhook = { topic = 'com.example' }",
                "webhook: expected nothing but for `webhook`, found a webhook",
            ),
            (&format!("{hook}webhook = {{ topic = 'com.example', secret = 's' }}"), ""),
            (
                &format!("{hook}webhook = {{ topic = 'com.example', signature = 'X Y' }}"),
                "webhook.signature: expected the name of a header, found \"X Y\"",
            ),
        ] {
            assert_eq!(problems(text).join("; "), expected, "{text}");
        }
        let no_topic = problems(&format!("{hook}webhook = {{ topic = 'com..example' }}"));
        assert!(no_topic[0].starts_with("webhook.topic: expected a topic"), "{no_topic:?}");
    }

    #[test]
    fn two_endpoints_have_two_paths() {
        let endpoint = BridgeEndpoint::new("/a", BridgeAction::Call);
        let mut problems = Problems::default();
        BridgeEndpoint::check_all(&[endpoint.clone(), endpoint], &mut problems);
        let found: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(found, ["bridge[1].path: expected a path of its own, found \"/a\""]);
    }
}
