//! What a router is told before it starts.

use std::{net::SocketAddr, path::PathBuf, time::Duration};
pub use wamplex_realm::{Disclosure, History, HistoryRule, MetaApi, Retention};
pub use wamplex_shared::uri::UriRule;

/// The realm of a router that was told nothing else.
pub const DEFAULT_REALM: &str = "realm1";

/// The address of a router that was told nothing else.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8080";

/// Everything a router has to know. The default serves `realm1` to anonymous clients of this machine.
///
/// ```
/// use wamplex_router::RouterConfig;
/// let config = RouterConfig { realms: vec!["com.example.realm".into()], ..RouterConfig::default() };
/// assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
/// ```
#[derive(Clone, Debug)]
pub struct RouterConfig {
    /// The address to listen on. Port 0 lets the operating system choose.
    pub listen: SocketAddr,
    /// The names of the realms, at least one, each a URI without empty components.
    pub realms: Vec<String>,
    /// The rules of those realms.
    pub rules: Rules,
    /// What is served besides `/ws`.
    pub site: Site,
    /// Which web pages may open a session.
    pub origins: Origins,
    /// What one client can cost.
    pub limits: Limits,
}

/// What holds in a realm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Which strings are topics and procedures.
    pub uris: UriRule,
    /// Whether a request id that does not follow the one before ends the session, as the specification demands.
    pub strict_request_ids: bool,
    /// Whether callees and subscribers learn who called or published.
    pub disclosure: Disclosure,
    /// The time limit of calls that name none; `None` lets them run for ever.
    pub call_timeout: Option<Duration>,
    /// The longest time limit a call may have, also when it asks for none; `None` for any.
    pub max_call_timeout: Option<Duration>,
    /// How far callees and subscribers are told that the router trusts anonymous sessions, 0 being the lowest; `None` to
    /// tell them nothing.
    pub trustlevel: Option<u64>,
    /// Whether sessions may ask about each other, about subscriptions and registrations, and whether they may end them.
    /// By default they may ask: anybody can be an anonymous session.
    pub meta_api: MetaApi,
    /// Whether calls and events are refused that do not fit the [schema](wamplex_realm::JsonSchema) that a callee or
    /// publisher has attached.
    pub validate: bool,
    /// How the last events of topics are retained for those who subscribe later.
    pub retention: Retention,
    /// Of which topics all events are kept, to be read again.
    pub history: History,
}

/// Where the files come from that are served besides `/ws`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Site {
    /// Those embedded when the router was built.
    #[default]
    Embedded,
    /// Those in this folder, read at each request.
    Directory(PathBuf),
    /// None.
    Nothing,
}

/// Which web pages may open a session, judged by the `Origin` header that browsers send.
///
/// Programs other than browsers send none, or any they like: this protects the users of browsers, not the router.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origins {
    /// Pages of this router's own host and of `localhost`.
    #[default]
    SameHostAndLocalhost,
    /// Those too, and pages of these origins, written as browsers write them: `https://example.com`.
    Also(Vec<String>),
    /// All pages.
    Any,
}

/// What one client can cost before it is refused or cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest message in bytes that an open session may send.
    pub message_size: usize,
    /// The longest message in bytes before WELCOME: nobody needs a long HELLO, and a stranger sends it.
    pub message_size_before_welcome: usize,
    /// How many bytes may wait for one session. One more message and the session is ended.
    pub outbox_bytes: usize,
    /// How long a client may take nothing of what waits for it.
    pub stall: Duration,
    /// How long a client may take to send a complete HTTP request.
    pub http_request: Duration,
    /// How long a client may take to send HELLO, and to answer a CHALLENGE.
    pub hello: Duration,
    /// How long an ABORT or a WebSocket close may take on its way before the connection is cut.
    pub close: Duration,
    /// How long a client may take to answer a GOODBYE, and how long a shutdown waits for all of them.
    pub goodbye: Duration,
    /// How many connections may be open at once.
    pub connections: usize,
}

impl Default for RouterConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            realms: vec![DEFAULT_REALM.to_owned()],
            rules: Rules::default(),
            site: Site::default(),
            origins: Origins::default(),
            limits: Limits::default(),
        }
    }
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
            meta_api: MetaApi::Ask,
            validate: false,
            retention: Retention::default(),
            history: History::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_size: 1 << 20,
            message_size_before_welcome: 64 << 10,
            outbox_bytes: 4 << 20,
            stall: Duration::from_secs(10),
            http_request: Duration::from_secs(5),
            hello: Duration::from_secs(5),
            close: Duration::from_secs(1),
            goodbye: Duration::from_secs(3),
            connections: default_connections(),
        }
    }
}

/// Nine tenths of the descriptors this process may open, so that files and listeners always find one.
fn default_connections() -> usize {
    const UNKNOWN: usize = 10_000;
    let soft_limit = || {
        let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
        let line = limits.lines().find(|line| line.starts_with("Max open files"))?;
        line.split_whitespace().nth(3)?.parse::<usize>().ok()
    };
    soft_limit().map_or(UNKNOWN, |limit| limit / 10 * 9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_listens_on_this_machine_only() {
        let config = RouterConfig::default();
        assert_eq!(config.listen.to_string(), DEFAULT_LISTEN);
        assert!(config.listen.ip().is_loopback());
        assert_eq!(config.realms, [DEFAULT_REALM]);
        assert!(config.limits.connections > 0);
    }
}
