//! A realm, and what holds in it.

use super::{
    AuthenticationSettings, AuthorizationSettings, RealmLimits, RoleSettings, SlowConsumers, kept,
    units, words,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use wamplex_realm::{Disclosure, History, MetaApi, Retention};
use wamplex_shared::uri::UriRule;

/// A realm of a router.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RealmSettings {
    /// The name that clients join under, a URI without empty components.
    pub name: String,
    /// Who may come in, as far as this configuration says itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub principals: Vec<super::PrincipalSettings>,
    /// Where else it is kept who may come in. `principals` are looked at first, then these in their order; one that
    /// fails lets nobody in.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub principals_from: Vec<super::PrincipalSource>,
    /// The roles that sessions may have, and what they may do. Without any, everybody may do everything but what `meta_api`
    /// reserves; with some, sessions in other roles may do nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<RoleSettings>,
    /// How authorizers are asked.
    pub authorization: AuthorizationSettings,
    /// What holds in the realm.
    #[serde(flatten)]
    pub rules: Rules,
    /// How much its sessions may hold and send.
    pub limits: RealmLimits,
    /// What becomes of clients that take their messages more slowly than they come, as far as the listener that they come
    /// to says nothing of its own. Clients that take nothing at all for as long as `stall` in the limits are cut in any
    /// case.
    pub slow_consumers: SlowConsumers,
    /// How clients prove who they are.
    pub authentication: AuthenticationSettings,
}

impl RealmSettings {
    /// A realm with the default rules.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

impl From<&str> for RealmSettings {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for RealmSettings {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

/// What holds in a realm.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default)]
pub struct Rules {
    /// Which strings are topics and procedures.
    #[serde(with = "words::uri_rule")]
    pub uris: UriRule,
    /// Whether a request id that does not follow the one before ends the session, as the specification demands.
    pub strict_request_ids: bool,
    /// Whether callees and subscribers learn who called or published.
    #[serde(with = "words::disclosure")]
    pub disclosure: Disclosure,
    /// The time limit of calls that name none; `off` lets them run for ever.
    #[serde(with = "units::optional_duration")]
    pub call_timeout: Option<Duration>,
    /// The longest time limit a call may have, also when it asks for none; `off` for any.
    #[serde(with = "units::optional_duration")]
    pub max_call_timeout: Option<Duration>,
    /// How far callees and subscribers are told that the router trusts anonymous sessions, 0 being the lowest. Without it
    /// they are told nothing.
    pub trustlevel: Option<u64>,
    /// The attributes that are not of the protocol and that the router hands on: from a call to its invocation, from a
    /// result or error of the callee to that of the caller, and from a publication to its events, those kept for later
    /// included. At most 16, each an underscore and 3 to 63 of the characters a to z, 0 to 9 and _. Their values have to
    /// be texts of at most 512 bytes; everything else that a client invents is dropped. By default what W3C Trace Context
    /// calls traceparent and tracestate.
    pub passed_options: Vec<String>,
    /// Whether sessions may ask about each other, about subscriptions and registrations, and whether they may end them.
    /// By default they may ask: anybody can be an anonymous session.
    #[serde(with = "words::meta_api")]
    pub meta_api: MetaApi,
    /// Whether calls and events are refused that do not fit the [schema](wamplex_realm::JsonSchema) that a callee or
    /// publisher has attached.
    pub validate: bool,
    /// How the last events of topics are retained for those who subscribe later.
    #[serde(with = "kept::retention")]
    pub retention: Retention,
    /// Of which topics all events are kept, to be read again.
    #[serde(with = "kept::history")]
    pub history: History,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            uris: UriRule::default(),
            strict_request_ids: true,
            disclosure: Disclosure::default(),
            call_timeout: None,
            max_call_timeout: None,
            trustlevel: None,
            passed_options: ["_traceparent", "_tracestate"].map(str::to_owned).into(),
            meta_api: MetaApi::Ask,
            validate: false,
            retention: Retention::default(),
            history: History::default(),
        }
    }
}
