//! Where clients connect, and how.

use super::{
    BridgeEndpoint, BrowserCookie, Endpoint, KeepAlive, ListenerLimits, LongPoll, Origins, Proxy,
    Site, SlowConsumers, Status, Tls, Transports,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// A place where clients connect.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ListenerConfig {
    /// What this listener is called in logs and metrics; empty for its address.
    pub name: String,
    /// The address to listen on: `127.0.0.1:8080`, `[::1]:8080`, or `unix:/run/wamplex.sock`. Port 0 lets the operating
    /// system choose.
    #[serde(rename = "address")]
    pub endpoint: Endpoint,
    /// The ways to speak WAMP here. All of them share the one port.
    pub transports: Transports,
    /// What is served over HTTP besides: `true` for the page that is built in, `false` for nothing, or the folder of
    /// another one.
    pub site: Site,
    /// Web pages of which origins may open a session, such as `https://example.com`, besides those of this router's own
    /// host and of `localhost`. `*` is any.
    pub origins: Origins,
    /// The names that this listener answers to for pages of its own host, such as `router.example`, besides IP addresses
    /// and `localhost`. A page that calls it by another one is as a page of another host. Without any, a listener that
    /// only this machine reaches (its address is a loopback address, and no proxy is trusted) has no other names, and
    /// every other listener has whichever it is called by.
    #[schemars(extend("items" = { "type": "string", "pattern": "^[A-Za-z0-9_-]+([.][A-Za-z0-9_-]+)*$" }, "examples" = [["router.example"]]))]
    pub hosts: Vec<String>,
    /// How browsers are recognised that come back.
    pub cookie: BrowserCookie,
    /// Encryption; without it everything is sent as it is.
    pub tls: Option<Tls>,
    /// The proxies in front of it.
    pub proxy: Proxy,
    /// How long-poll is spoken.
    pub longpoll: LongPoll,
    /// What is told over HTTP about the router itself.
    pub status: Status,
    /// Paths at which plain HTTP requests become calls and events.
    pub bridge: Vec<BridgeEndpoint>,
    /// How clients are found to be gone that do not say so.
    pub keep_alive: KeepAlive,
    /// Limits that hold here instead of those of the router.
    pub limits: ListenerLimits,
    /// What becomes of clients that take their messages more slowly than they come: what is said here holds, and the rest is
    /// as in the realm.
    pub slow_consumers: SlowConsumers,
    /// Who may connect to a Unix socket, in the numbers of `chmod`, such as `0o660`. Without it the umask of the process
    /// decides.
    pub unix_mode: Option<u32>,
}

impl ListenerConfig {
    /// The default, at this address.
    #[must_use]
    pub fn on(address: impl Into<SocketAddr>) -> Self {
        Self { endpoint: Endpoint::Tcp(address.into()), ..Self::default() }
    }
}

impl Default for ListenerConfig {
    fn default() -> Self {
        Self {
            name: String::new(),
            endpoint: Endpoint::Tcp(SocketAddr::from(([127, 0, 0, 1], 8080))),
            transports: Transports::default(),
            site: Site::default(),
            origins: Origins::default(),
            hosts: Vec::new(),
            cookie: BrowserCookie::default(),
            tls: None,
            proxy: Proxy::default(),
            longpoll: LongPoll::default(),
            status: Status::default(),
            bridge: Vec::new(),
            keep_alive: KeepAlive::default(),
            limits: ListenerLimits::default(),
            slow_consumers: SlowConsumers::default(),
            unix_mode: None,
        }
    }
}
