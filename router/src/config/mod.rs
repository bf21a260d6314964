//! What a router is told before it starts.

mod admin;
mod authentication;
mod authorization;
mod bridge;
mod check;
mod conform;
mod cookie;
mod credentials;
mod document;
mod endpoint;
mod example;
mod file;
mod jwt;
mod keep_alive;
mod kept;
mod limits;
mod listener;
mod listener_limits;
mod longpoll;
mod origins;
mod overrides;
mod principals;
mod problems;
mod proxy;
mod quota;
mod rate;
mod realm;
mod schema;
mod secret;
mod site;
mod slow_consumers;
mod status;
mod suggest;
mod telemetry;
mod template;
mod tls;
mod transports;
pub mod units;
mod words;

pub use admin::AdminSettings;
pub use authentication::{
    AnonymousSettings, AuthenticationSettings, ChannelBindingRule, CookieSettings, CraSettings,
    CryptosignSettings, DynamicSettings, LockoutSettings, Method, ScramSettings, TicketSettings,
};
pub use authorization::{
    AuthorizationSettings, DiscloseSettings, PermissionSettings, Right, RoleSettings,
};
pub use bridge::{BridgeAction, BridgeEndpoint, BridgeToken, Webhook};
pub use cookie::BrowserCookie;
pub use credentials::{
    DEFAULT_SCRAM_COST, KdfSetting, ScramCredential, TicketHashCredential, WampcraCredential,
};
pub use document::{Fault, Place};
pub use endpoint::{Endpoint, InvalidEndpoint};
pub use example::example;
pub use file::{ConfigError, ConfigSource};
pub use jwt::{HmacAlgorithm, JwtSettings};
pub use keep_alive::KeepAlive;
pub use limits::Limits;
pub use listener::ListenerConfig;
pub use listener_limits::ListenerLimits;
pub use longpoll::LongPoll;
pub use origins::{Origins, is_origin};
pub use principals::{CertificateSettings, PrincipalSettings, PrincipalSource};
pub(crate) use principals::{dict, value as json_value};
pub use problems::{Problem, Problems};
pub use proxy::{ForwardedHeader, Proxy, ProxyProtocol};
pub use quota::{Quota, RealmLimits};
pub use rate::Rate;
pub use realm::{RealmSettings, Rules};
pub use schema::{schema, schema_text};
pub use secret::{Secret, SecretError};
pub use site::Site;
pub use slow_consumers::{SlowConsumerPolicy, SlowConsumers};
pub use status::Status;
pub use telemetry::TelemetrySettings;
#[cfg(feature = "opentelemetry")]
pub(crate) use telemetry::is_plain;
pub use template::RealmTemplate;
pub use tls::{ClientCertificate, Tls};
pub use transports::Transports;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;
pub use wamplex_realm::{Disclosure, History, HistoryRule, MetaApi, Retention};
pub use wamplex_shared::uri::UriRule;

/// The realm of a router that was told nothing else.
pub const DEFAULT_REALM: &str = "realm1";

/// How many threads may serve clients.
pub const WORKERS: std::ops::RangeInclusive<usize> = 1..=1024;

/// For how long a router that was told nothing else looks for the next message of a conversation.
const BUSY_POLL: Duration = Duration::from_micros(100);

/// The address of a router that was told nothing else.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// Everything a router has to know. The default serves `realm1` to anonymous clients of this machine.
///
/// ```
/// use wamplex_router::{RouterConfig, config::RealmSettings};
/// let config =
///     RouterConfig { realms: vec!["com.example.realm".into()], ..RouterConfig::default() };
/// assert_eq!(config.listeners[0].endpoint.to_string(), "127.0.0.1:8080");
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RouterConfig {
    /// Whether this file and the certificates it names are read again when they change. SIGHUP has them read in any case.
    pub watch: bool,
    /// How many threads serve clients. A program that embeds the router has a runtime of its own, which decides it there.
    #[schemars(range(min = 1, max = 1024), extend("default" = "one for each processor core"))]
    pub workers: Option<usize>,
    /// For how long at most a thread looks for the next message of a conversation before it sleeps. While few clients wait
    /// for each other's answers, one thread at most stays awake, as long as that takes no more processor time than to
    /// sleep and be woken for each message: a third of this time in the mean. `off` to sleep at once, as a router that
    /// has one core only always does. A program that embeds the router prepares a runtime
    /// of several threads for it; see [`prepare_runtime`](crate::prepare_runtime) there.
    #[serde(with = "units::optional_duration")]
    pub busy_poll: Option<Duration>,
    /// Where clients connect, at least one place.
    pub listeners: Vec<ListenerConfig>,
    /// The realms there are, each with a name of its own; at least one, unless there are templates.
    pub realms: Vec<RealmSettings>,
    /// Realms that are made when somebody asks for them.
    pub templates: Vec<RealmTemplate>,
    /// What one client can cost.
    pub limits: Limits,
    /// Where the router can be looked into and told what to do.
    pub admin: AdminSettings,
    /// Where traces of calls go.
    pub telemetry: TelemetrySettings,
}

impl Default for RouterConfig {
    fn default() -> Self {
        Self {
            watch: true,
            workers: None,
            busy_poll: Some(BUSY_POLL),
            listeners: vec![ListenerConfig::default()],
            realms: vec![RealmSettings::new(DEFAULT_REALM)],
            templates: Vec::new(),
            limits: Limits::default(),
            admin: AdminSettings::default(),
            telemetry: TelemetrySettings::default(),
        }
    }
}

impl RouterConfig {
    /// The default, but listening on this address only.
    ///
    /// ```
    /// use wamplex_router::RouterConfig;
    /// let config = RouterConfig::on(([127, 0, 0, 1], 0));
    /// assert_eq!(config.realms[0].name, "realm1");
    /// ```
    #[must_use]
    pub fn on(address: impl Into<std::net::SocketAddr>) -> Self {
        Self { listeners: vec![ListenerConfig::on(address)], ..Self::default() }
    }

    /// Makes every realm follow these rules.
    pub fn set_rules(&mut self, change: impl Fn(&mut Rules)) {
        for realm in &mut self.realms {
            change(&mut realm.rules);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_listens_on_this_machine_only() {
        let config = RouterConfig::default();
        let [listener] = &config.listeners[..] else { panic!("{:?}", config.listeners) };
        assert_eq!(listener.endpoint.to_string(), DEFAULT_LISTEN);
        assert!(matches!(&listener.endpoint, Endpoint::Tcp(address) if address.ip().is_loopback()));
        assert_eq!(config.realms[0].name, DEFAULT_REALM);
        assert!(config.limits.connections > 0);
    }
    #[test]
    fn the_default_written_reads_the_same() {
        let config = RouterConfig::default();
        let text = toml::to_string(&config).unwrap();
        assert_eq!(toml::from_str(&text), Ok(config), "{text}");
        assert_eq!(toml::from_str(""), Ok(RouterConfig::default()));
    }

    #[test]
    fn a_file_says_what_a_program_can() {
        let config: RouterConfig = toml::from_str(
            r#"
            [[listeners]]
            address = "127.0.0.1:0"
            transports = ["websocket"]
            site = false
            origins = ["https://example.com"]
            [[listeners]]
            address = "unix:/run/wamplex.sock"
            [[realms]]
            name = "com.example"
            uris = "strict"
            meta_api = "off"
            call_timeout = "10s"
            retention.events = 7
            [[realms.history.rules]]
            pattern = "com.example.chat."
            match = "prefix"
            [limits]
            message_size = "16MiB"
            "#,
        )
        .unwrap();
        let [first, second] = &config.listeners[..] else { panic!("{config:?}") };
        assert!(first.transports.websocket && !first.transports.rawsocket);
        assert_eq!(first.site, Site::Nothing);
        assert_eq!(first.origins, Origins::Also(vec!["https://example.com".to_owned()]));
        assert_eq!(second.endpoint, Endpoint::Unix("/run/wamplex.sock".into()));
        let realm = &config.realms[0];
        assert_eq!((realm.name.as_str(), realm.rules.uris), ("com.example", UriRule::Strict));
        assert_eq!(realm.rules.retention.events, 7);
        assert_eq!(realm.rules.history.rules[0].pattern.as_str(), "com.example.chat.");
        assert_eq!(config.limits.message_size, 16 << 20);
    }

    #[test]
    fn unknown_keys_are_refused_everywhere() {
        for text in ["x = 1", "[[listeners]]\nx = 1", "[[realms]]\nx = 1", "[limits]\nx = 1"] {
            let error = toml::from_str::<RouterConfig>(text).unwrap_err();
            assert!(error.message().starts_with("unknown field `x`"), "{text}: {error}");
        }
    }
}
