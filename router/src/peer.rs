//! Who is at the other end of a connection, as far as the transport knows before any WAMP is spoken.

use crate::authentication::Token;
use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

/// What a transport knows of a client.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Peer {
    /// Where the client is.
    pub address: Address,
    /// How it reaches the router.
    pub transport: TransportKind,
    /// What TLS found out, if the connection is encrypted by this router.
    pub tls: Option<Arc<TlsPeer>>,
    /// What its HTTP request said, if there was one.
    pub http: Option<Arc<HttpPeer>>,
    /// The listener it came to, by the name the configuration gives it.
    pub listener: Arc<str>,
    /// The proxy it came through, if it is one that may say for whom it connects.
    pub proxy: Option<Address>,
}

/// Where a client is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Address {
    /// Somewhere in a network, or on this machine by way of the network.
    Ip(SocketAddr),
    /// On this machine, over a Unix socket.
    Unix {
        /// Its process, if the system says.
        pid: Option<i32>,
        /// The user it runs as.
        uid: u32,
        /// The group it runs as.
        gid: u32,
    },
    /// In this process.
    Local,
}

/// What carries the messages of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportKind {
    /// "WAMP: WebSocket Transport".
    WebSocket,
    /// "WAMP: RawSocket Transport".
    RawSocket,
    /// "WAMP: HTTP Longpoll Transport".
    LongPoll,
    /// The HTTP bridge.
    Http,
    /// No socket at all.
    Local,
}

/// What TLS knows of a client.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct TlsPeer {
    /// The certificates the client showed, its own first, in DER; empty if it showed none. They were verified.
    pub certificates: Vec<Vec<u8>>,
    /// What only the two ends of this connection know (RFC 9266, `tls-exporter`); `None` if the connection is too old
    /// for that.
    pub exporter: Option<[u8; 32]>,
    /// The name of the host it asked for.
    pub server_name: Option<String>,
}

/// What the HTTP request of a client said.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct HttpPeer {
    /// The `Origin` header: the page that a browser shows.
    pub origin: Option<String>,
    /// The `Cookie` header.
    pub cookie: Option<String>,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The `User-Agent` header.
    pub user_agent: Option<String>,
    /// The cookie that this connection's answer has set, if its page may be recognised by one.
    pub(crate) token: Option<Token>,
}

impl Peer {
    /// A client at `address`, of whom nothing else is known yet.
    #[must_use]
    pub const fn new(address: Address, transport: TransportKind, listener: Arc<str>) -> Self {
        Self { address, transport, tls: None, http: None, listener, proxy: None }
    }

    /// Whether nobody on the way can read what is sent: with TLS, or when it does not leave this machine. The way ends at
    /// the proxy, if there is one: how a client speaks to that is for its operator to know.
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        let nearest = self.proxy.as_ref().unwrap_or(&self.address);
        self.tls.is_some() || nearest.ip().is_none_or(|ip| ip.is_loopback())
    }

    /// Notes that the other end of the connection is a proxy, and that it connects for a client at `address`.
    pub(crate) fn proxied_for(&mut self, address: SocketAddr) {
        let proxy = std::mem::replace(&mut self.address, address.into());
        // The first one is the one at the other end.
        self.proxy.get_or_insert(proxy);
    }
}

impl Address {
    /// The IP address, if the client has one.
    #[must_use]
    pub const fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(address) => Some(address.ip()),
            Self::Unix { .. } | Self::Local => None,
        }
    }
}

/// What counts as one client where clients are counted: an IPv4 address, or the first half of an IPv6 address, since
/// whoever has one address there has all 2⁶⁴ of it. Loopback addresses are as they are.
pub(crate) fn network_of(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) if !v6.is_loopback() => IpAddr::V6((u128::from(v6) >> 64 << 64).into()),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => write!(f, "{address}"),
            Self::Unix { pid: Some(pid), uid, .. } => write!(f, "unix process {pid} of user {uid}"),
            Self::Unix { pid: None, uid, .. } => write!(f, "unix process of user {uid}"),
            Self::Local => f.write_str("this process"),
        }
    }
}

impl fmt::Display for TransportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WebSocket => "websocket",
            Self::RawSocket => "rawsocket",
            Self::LongPoll => "longpoll",
            Self::Http => "http",
            Self::Local => "local",
        })
    }
}

impl fmt::Debug for TlsPeer {
    /// Does not show what binds credentials to the connection.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsPeer")
            .field("certificates", &self.certificates.len())
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpPeer {
    /// Does not show what the client proves itself with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpPeer")
            .field("origin", &self.origin)
            .field("has_cookie", &self.cookie.is_some())
            .field("has_authorization", &self.authorization.is_some())
            .field("user_agent", &self.user_agent)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_others_could_read_is_not_confidential() {
        let peer = |address| Peer::new(address, TransportKind::WebSocket, "a".into());
        let ip = |text: &str| peer(Address::Ip(text.parse().unwrap()));
        assert!(ip("127.0.0.1:1").is_confidential());
        assert!(ip("[::1]:1").is_confidential());
        assert!(!ip("10.0.0.1:1").is_confidential());
        let mut encrypted = ip("10.0.0.1:1");
        encrypted.tls = Some(Arc::default());
        assert!(encrypted.is_confidential());
        assert!(peer(Address::Unix { pid: None, uid: 0, gid: 0 }).is_confidential());
        assert!(peer(Address::Local).is_confidential());

        let mut proxied = ip("10.0.0.1:1");
        proxied.proxied_for(([127, 0, 0, 1], 1).into());
        assert!(
            !proxied.is_confidential(),
            "the proxy is elsewhere, whatever it says of its client"
        );
        let mut proxied = ip("127.0.0.1:1");
        proxied.proxied_for(([192, 0, 2, 7], 1).into());
        proxied.proxied_for(([192, 0, 2, 8], 1).into());
        assert!(proxied.is_confidential());
        assert_eq!(proxied.address.to_string(), "192.0.2.8:1");
    }

    #[test]
    fn secrets_are_not_shown() {
        let http = HttpPeer {
            cookie: Some("s3cret".into()),
            authorization: Some("s3cret".into()),
            ..HttpPeer::default()
        };
        let tls = TlsPeer { exporter: Some([7; 32]), ..TlsPeer::default() };
        let shown = format!("{http:?} {tls:?}");
        assert!(!shown.contains("s3cret") && !shown.contains("7, 7"), "{shown}");
    }
}
