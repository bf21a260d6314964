//! Which web pages may open a session.

use super::{Body, reply::sentence};
use crate::config::Origins;
use hyper::{
    Response, StatusCode,
    header::{self, HeaderMap},
};
use std::net::Ipv4Addr;

/// Whether the page that sent a request, if a page did, may connect to this router.
///
/// # Errors
/// What the page is told.
pub(super) fn check(headers: &HeaderMap, origins: &Origins) -> Result<(), Box<Response<Body>>> {
    // A browser sends one; two are an attempt to have one checked and the other believed.
    let mut sent = headers.get_all(header::ORIGIN).iter();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let allowed = match (sent.next(), sent.next()) {
        (None, _) => true,
        (Some(origin), None) => origin.to_str().is_ok_and(|origin| origins.allow(origin, host)),
        (Some(_), Some(_)) => *origins == Origins::Any,
    };
    if allowed {
        return Ok(());
    }
    let why = "pages of this origin may not connect to this router";
    Err(Box::new(sentence(StatusCode::FORBIDDEN, why)))
}

/// Whether the page that sent a request may be recognised by a cookie: a page of this router's own host, or of an origin
/// that is named. Whoever is no page sends no `Origin`, and other pages, those of `localhost` among them, must not speak
/// for somebody whose browser they happen to be shown in.
pub(super) fn may_have_cookies(headers: &HeaderMap, origins: &Origins) -> bool {
    let mut sent = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (sent.next(), sent.next()) else { return false };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let is_listed = |origin: &str| match origins {
        Origins::Also(listed) => listed.iter().any(|listed| listed.eq_ignore_ascii_case(origin)),
        Origins::SameHostAndLocalhost | Origins::Any => false,
    };
    let is_own = |origin| Page::of(origin).is_some_and(|page| page.is_served_by(host));
    origin.to_str().is_ok_and(|origin| is_listed(origin) || is_own(origin))
}

impl Origins {
    /// Whether a page of `origin` may connect to the router it addressed as `host`.
    ///
    /// Both are the values of the headers. Scheme, host and port of an origin all count, so that
    /// `https://example.com.evil` is not `https://example.com`.
    pub(crate) fn allow(&self, origin: &str, host: Option<&str>) -> bool {
        let listed = match self {
            Self::Any => return true,
            Self::Also(origins) => origins.iter().any(|listed| listed.eq_ignore_ascii_case(origin)),
            Self::SameHostAndLocalhost => false,
        };
        listed || Page::of(origin).is_some_and(|page| page.is_local() || page.is_served_by(host))
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

    #[test]
    fn pages_of_the_same_host_and_of_localhost_may_connect() {
        let default = Origins::default();
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
        let default = Origins::default();
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
        let origins = Origins::Also(vec!["https://app.example".into()]);
        assert!(origins.allow("https://app.example", Some("router.example")));
        assert!(origins.allow("http://localhost", Some("router.example")));
        assert!(!origins.allow("http://app.example", Some("router.example")));
        assert!(!origins.allow("https://app.example:8443", Some("router.example")));
        assert!(Origins::Any.allow("null", None));
    }
}
