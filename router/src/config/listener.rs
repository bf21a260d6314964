//! Where clients connect, and how.

use std::{fmt, net::SocketAddr, path::PathBuf, str::FromStr};

/// A place where clients connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerConfig {
    /// What this listener is called in logs and metrics; empty for its address.
    pub name: String,
    /// The address to listen on.
    pub endpoint: Endpoint,
    /// The ways to speak WAMP here.
    pub transports: Transports,
    /// What is served over HTTP besides.
    pub site: Site,
    /// Which web pages may open a session.
    pub origins: Origins,
}

/// An address to listen on: `127.0.0.1:8080`, `[::1]:8080`, or `unix:/run/wamplex.sock`. Port 0 lets the operating
/// system choose.
///
/// ```
/// use wamplex_router::config::Endpoint;
/// assert!(matches!("unix:/run/wamplex.sock".parse(), Ok(Endpoint::Unix(_))));
/// assert!(matches!("127.0.0.1:0".parse(), Ok(Endpoint::Tcp(_))));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// An IP address and a TCP port.
    Tcp(SocketAddr),
    /// A Unix socket at this path.
    Unix(PathBuf),
}

/// A text that is no [`Endpoint`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an address and a port such as 127.0.0.1:8080, or unix: and a path, found `{0}`")]
pub struct InvalidEndpoint(String);

/// The ways to speak WAMP at a listener. All of them share its one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transports {
    /// "WAMP: WebSocket Transport", at `/ws`.
    pub websocket: bool,
    /// "WAMP: RawSocket Transport".
    pub rawsocket: bool,
    /// "WAMP: HTTP Longpoll Transport".
    pub longpoll: bool,
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
        }
    }
}

impl Default for Transports {
    fn default() -> Self {
        Self { websocket: true, rawsocket: true, longpoll: true }
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let invalid = || InvalidEndpoint(text.to_owned());
        match text.strip_prefix("unix:") {
            Some("") => Err(invalid()),
            Some(path) => Ok(Self::Unix(path.into())),
            None => text.parse().map(Self::Tcp).map_err(|_| invalid()),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}
