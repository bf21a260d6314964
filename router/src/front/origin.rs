//! Which web pages may open a session.

use super::{Body, reply::sentence};
use crate::config::{Endpoint, ListenerConfig, Origins};
use hyper::{
    Response, StatusCode,
    header::{self, HeaderMap},
};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Which web pages may connect to a listener.
#[derive(Clone, Debug)]
pub(crate) struct Pages {
    origins: Origins,
    /// The names that a page of the listener's own host may have called it by, besides IP addresses and `localhost`;
    /// `None` for any.
    hosts: Option<Vec<String>>,
}

impl Pages {
    /// Those that a configuration lets in.
    ///
    /// A page of any site can have the name of its own host lead here once it is loaded ("DNS rebinding"), and is then of
    /// the host that it connects to, as far as its headers tell; but nobody can have an IP address or `localhost` lead
    /// here. So a listener that only this machine reaches goes by no other names unless they are listed. Those that others
    /// reach have names that we cannot know.
    pub(crate) fn new(config: &ListenerConfig) -> Self {
        let is_private = match &config.endpoint {
            Endpoint::Tcp(address) => {
                address.ip().to_canonical().is_loopback() && config.proxy.trusted.is_empty()
            }
            Endpoint::Unix(_) => false,
        };
        let is_limited = is_private || !config.hosts.is_empty();
        let hosts = is_limited.then(|| config.hosts.clone());
        Self { origins: config.origins.clone(), hosts }
    }

    /// Whether the page that sent a request, if a page did, may connect to this router.
    ///
    /// # Errors
    /// What the page is told.
    pub(super) fn check(&self, headers: &HeaderMap) -> Result<(), Box<Response<Body>>> {
        // A browser sends one; two are an attempt to have one checked and the other believed.
        let mut sent = headers.get_all(header::ORIGIN).iter();
        let allowed = match (sent.next(), sent.next()) {
            (None, _) => true,
            (Some(origin), None) => {
                origin.to_str().is_ok_and(|origin| self.allow(origin, host(headers)))
            }
            (Some(_), Some(_)) => self.origins == Origins::Any,
        };
        if allowed {
            return Ok(());
        }
        let why = "pages of this origin may not connect to this router, unless its listener has the origin among its \
            `origins`, or the host of the router among its `hosts`";
        Err(Box::new(sentence(StatusCode::FORBIDDEN, why)))
    }

    /// Whether the page that sent a request may be recognised by a cookie: a page of this router's own host, or of an
    /// origin that is named. Whoever is no page sends no `Origin`, and other pages, those of `localhost` among them, must
    /// not speak for somebody whose browser they happen to be shown in.
    pub(super) fn may_have_cookies(&self, headers: &HeaderMap) -> bool {
        let mut sent = headers.get_all(header::ORIGIN).iter();
        let (Some(origin), None) = (sent.next(), sent.next()) else { return false };
        let is_own =
            |origin| Page::of(origin).is_some_and(|page| self.serves(&page, host(headers)));
        origin.to_str().is_ok_and(|origin| self.lists(origin) || is_own(origin))
    }

    /// Whether a page of `origin` may connect to the router it addressed as `host`.
    ///
    /// Both are the values of the headers. Scheme, host and port of an origin all count, so that
    /// `https://example.com.evil` is not `https://example.com`.
    pub(crate) fn allow(&self, origin: &str, host: Option<&str>) -> bool {
        self.origins == Origins::Any
            || self.lists(origin)
            || Page::of(origin).is_some_and(|page| page.is_local() || self.serves(&page, host))
    }

    /// Whether the origin is one of those that are named.
    fn lists(&self, origin: &str) -> bool {
        match &self.origins {
            Origins::Also(listed) => {
                listed.iter().any(|listed| listed.eq_ignore_ascii_case(origin))
            }
            Origins::SameHostAndLocalhost | Origins::Any => false,
        }
    }

    /// Whether the page is one of this router's own host, and the router is known by the name of that host.
    fn serves(&self, page: &Page<'_>, host: Option<&str>) -> bool {
        page.is_served_by(host) && self.answers_to(page.host)
    }

    fn answers_to(&self, host: &str) -> bool {
        let Some(hosts) = &self.hosts else { return true };
        is_address(host)
            || host.eq_ignore_ascii_case("localhost")
            || hosts.iter().any(|listed| listed.eq_ignore_ascii_case(host))
    }
}

/// What the client called this router.
fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

/// Whether the host of an origin is an IP address.
fn is_address(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
        None => host.parse::<Ipv4Addr>().is_ok(),
    }
}

/// The parts of a web origin.
struct Page<'a> {
    default_port: &'static str,
    host: &'a str,
    port: Option<&'a str>,
}

impl<'a> Page<'a> {
    /// The parts; `None` for `null` and whatever else is not a page of the web.
    fn of(origin: &'a str) -> Option<Self> {
        let (default_port, authority) = match origin.split_once("://")? {
            (scheme, rest) if scheme.eq_ignore_ascii_case("http") => ("80", rest),
            (scheme, rest) if scheme.eq_ignore_ascii_case("https") => ("443", rest),
            _ => return None,
        };
        let (host, port) = split_authority(authority)?;
        Some(Self { default_port, host, port })
    }

    fn is_local(&self) -> bool {
        self.host.eq_ignore_ascii_case("localhost")
            || self.host == "[::1]"
            || self.host.parse().is_ok_and(|ip: Ipv4Addr| ip.is_loopback())
    }

    /// A page that came from the same host and port that it now connects to. Its scheme is its own, since a proxy
    /// in front of us may add TLS; the port it leaves out is that of its scheme.
    fn is_served_by(&self, host: Option<&str>) -> bool {
        let Some((host, port)) = host.and_then(split_authority) else { return false };
        let same_port = match (self.port, port) {
            (Some(of_page), Some(port)) => of_page == port,
            (Some(of_page), None) => of_page == self.default_port,
            (None, Some(port)) => self.default_port == port,
            (None, None) => true,
        };
        same_port && self.host.eq_ignore_ascii_case(host)
    }
}

/// Host and port of `host`, `host:port`, `[v6]` or `[v6]:port`; `None` for anything else.
fn split_authority(authority: &str) -> Option<(&str, Option<&str>)> {
    let end_of_host = match authority.rfind(']') {
        Some(bracket) if authority.starts_with('[') => bracket + 1,
        Some(_) => return None,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at(end_of_host);
    let port = match rest.strip_prefix(':') {
        Some(port) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => Some(port),
        None if rest.is_empty() => None,
        Some(_) | None => return None,
    };
    let allowed =
        |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b':' | b'[' | b']');
    (!host.is_empty() && host.bytes().all(allowed)).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Proxy;

    /// Those of a listener of which the whole world knows the name.
    fn pages(origins: Origins) -> Pages {
        Pages { origins, hosts: None }
    }

    #[test]
    fn pages_of_the_same_host_and_of_localhost_may_connect() {
        let default = pages(Origins::default());
        for (origin, host) in [
            ("http://router.example:8080", "router.example:8080"),
            ("HTTP://Router.Example:8080", "router.example:8080"),
            ("https://router.example", "router.example"),
            ("https://router.example", "router.example:443"),
            ("https://router.example:443", "router.example"),
            ("http://[fe80::1]:8080", "[fe80::1]:8080"),
            ("http://localhost:5173", "127.0.0.1:8080"),
            ("http://127.0.0.1:5173", "router.example"),
            ("http://[::1]", "127.0.0.1:8080"),
        ] {
            assert!(default.allow(origin, Some(host)), "{origin} to {host}");
        }
    }

    #[test]
    fn other_pages_may_not() {
        let default = pages(Origins::default());
        for (origin, host) in [
            ("null", "router.example"),
            ("", "router.example"),
            ("https://evil.example", "router.example"),
            ("https://router.example.evil", "router.example"),
            ("https://evilrouter.example", "router.example"),
            ("https://router.example@evil.example", "router.example"),
            ("https://evil.example/router.example", "router.example"),
            ("http://router.example:8081", "router.example:8080"),
            ("http://router.example", "router.example:8080"),
            ("http://router.example", "router.example:443"),
            ("https://localhost.evil", "router.example"),
            ("https://127.0.0.1.evil", "router.example"),
            ("https://localhost:1:2", "router.example"),
            ("file://localhost", "router.example"),
            ("https://router.example:", "router.example"),
            ("https://", ""),
        ] {
            assert!(!default.allow(origin, Some(host)), "{origin} to {host}");
        }
        assert!(!default.allow("https://router.example", None));
    }

    #[test]
    fn listed_pages_may_connect_and_the_default_ones_still_may() {
        let origins = pages(Origins::Also(vec!["https://app.example".into()]));
        assert!(origins.allow("https://app.example", Some("router.example")));
        assert!(origins.allow("http://localhost", Some("router.example")));
        assert!(!origins.allow("http://app.example", Some("router.example")));
        assert!(!origins.allow("https://app.example:8443", Some("router.example")));
        assert!(pages(Origins::Any).allow("null", None));
    }

    #[test]
    fn a_page_whose_host_was_made_to_lead_here_may_not_connect() {
        const NOBODY: &[&str] = &[];
        const NAMED: &[&str] = &["Router.example", "other.example"];
        const LOOPBACK: &str = "127.0.0.1:8080";
        for (address, hosts, origin, host, expected) in [
            (LOOPBACK, NOBODY, "http://evil.example:8080", "evil.example:8080", false),
            ("[::1]:8080", NOBODY, "http://evil.example:8080", "evil.example:8080", false),
            ("127.0.0.9:80", NOBODY, "http://evil.example", "evil.example", false),
            (LOOPBACK, NOBODY, "http://127.0.0.1.evil:8080", "127.0.0.1.evil:8080", false),
            (LOOPBACK, NOBODY, "http://localhost.evil:8080", "localhost.evil:8080", false),
            (LOOPBACK, NOBODY, "http://[evil]:8080", "[evil]:8080", false),
            (LOOPBACK, NOBODY, "http://localhost:8080", "localhost:8080", true),
            (LOOPBACK, NOBODY, "http://LocalHost:8080", "localhost:8080", true),
            (LOOPBACK, NOBODY, "http://192.0.2.7:8080", "192.0.2.7:8080", true),
            (LOOPBACK, NOBODY, "http://192.0.2.7:8080", "192.0.2.7:8081", false),
            (LOOPBACK, NOBODY, "http://[2001:db8::7]:8080", "[2001:db8::7]:8080", true),
            (LOOPBACK, NOBODY, "https://[2001:db8::7]", "[2001:db8::7]:443", true),
            // A page of another host, whatever it calls the router.
            (LOOPBACK, NOBODY, "http://evil.example:8080", "127.0.0.1:8080", false),
            // Names that are listed, on whatever address.
            (LOOPBACK, NAMED, "http://router.example:8080", "router.example:8080", true),
            (LOOPBACK, NAMED, "https://ROUTER.example", "router.EXAMPLE", true),
            (LOOPBACK, NAMED, "https://router.example", "other.example", false),
            (LOOPBACK, NAMED, "http://evil.example:8080", "evil.example:8080", false),
            ("0.0.0.0:80", NAMED, "http://other.example", "other.example", true),
            ("0.0.0.0:80", NAMED, "http://evil.example", "evil.example", false),
            ("0.0.0.0:80", NAMED, "http://a.router.example", "a.router.example", false),
            ("0.0.0.0:80", NAMED, "http://192.0.2.7", "192.0.2.7", true),
            ("unix:/run/r.sock", NAMED, "http://evil.example", "evil.example", false),
            // Where others than this machine come, every name may be ours.
            ("0.0.0.0:80", NOBODY, "http://router.example", "router.example", true),
            ("192.0.2.7:80", NOBODY, "http://router.example", "router.example", true),
            ("unix:/run/r.sock", NOBODY, "http://router.example", "router.example", true),
        ] {
            let config = ListenerConfig {
                endpoint: address.parse().unwrap(),
                hosts: hosts.iter().map(|&host| host.to_owned()).collect(),
                ..ListenerConfig::default()
            };
            let allowed = Pages::new(&config).allow(origin, Some(host));
            assert_eq!(allowed, expected, "{origin} to {host} at {address} of {hosts:?}");
        }
    }

    #[test]
    fn a_listener_behind_a_proxy_of_this_machine_has_the_names_of_the_proxy() {
        let trusted = vec!["127.0.0.1/32".parse().unwrap()];
        let proxy = Proxy { trusted, ..Proxy::default() };
        let mut config = ListenerConfig { proxy, ..ListenerConfig::default() };
        let (page, host) = ("https://router.example", Some("router.example"));
        assert!(Pages::new(&config).allow(page, host));
        config.hosts = vec!["other.example".into()];
        assert!(!Pages::new(&config).allow(page, host));
        config.origins = Origins::Also(vec![page.into()]);
        assert!(Pages::new(&config).allow(page, host), "it is named");
    }
}
