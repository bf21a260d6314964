//! What a router is told before it starts.

mod limits;
mod listener;
mod problems;
mod realm;
mod secret;
pub mod units;

pub use limits::Limits;
pub use listener::{Endpoint, InvalidEndpoint, ListenerConfig, Origins, Site, Transports};
pub use problems::{Problem, Problems};
pub use realm::{RealmSettings, Rules};
pub use secret::{Secret, SecretError};
pub use wamplex_realm::{Disclosure, History, HistoryRule, MetaApi, Retention};
pub use wamplex_shared::uri::UriRule;

/// The realm of a router that was told nothing else.
pub const DEFAULT_REALM: &str = "realm1";

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
#[derive(Clone, Debug, PartialEq)]
pub struct RouterConfig {
    /// Where clients connect, at least one place.
    pub listeners: Vec<ListenerConfig>,
    /// The realms there are, at least one, each with a name of its own.
    pub realms: Vec<RealmSettings>,
    /// What one client can cost.
    pub limits: Limits,
}

impl Default for RouterConfig {
    fn default() -> Self {
        Self {
            listeners: vec![ListenerConfig::default()],
            realms: vec![RealmSettings::new(DEFAULT_REALM)],
            limits: Limits::default(),
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
}
