//! Where a URL leads, and how one speaks there.

use super::TransportError;
use std::path::PathBuf;
use tokio_tungstenite::tungstenite::http::Uri;

/// Where a URL leads.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) protocol: Protocol,
    pub(crate) place: Place,
    tls: bool,
}

/// What is spoken there.
#[derive(Clone, Debug)]
pub(crate) enum Protocol {
    /// WebSocket, opened by a request to this URL.
    WebSocket(Uri),
    RawSocket,
}

/// A place to connect to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Network { host: String, port: u16 },
    Unix(PathBuf),
}

impl Target {
    /// Understands `ws://host:port/path`, `rs://host:port`, both with `s` for TLS, and `rs://unix:/path`.
    pub(crate) fn parse(url: &str) -> Result<Self, TransportError> {
        if let Some(path) = url.strip_prefix("rs://unix:") {
            if path.is_empty() {
                return Err(TransportError::Url("it has no path"));
            }
            let place = Place::Unix(path.into());
            return Ok(Self { protocol: Protocol::RawSocket, place, tls: false });
        }
        let uri: Uri = url.parse().map_err(|_| TransportError::Url("it is malformed"))?;
        let (is_websocket, tls) = match uri.scheme_str() {
            Some("ws") => (true, false),
            Some("wss") => (true, true),
            Some("rs") => (false, false),
            Some("rss") => (false, true),
            _ => {
                return Err(TransportError::Url(
                    "it begins neither with ws:// or wss:// nor with rs:// or rss://",
                ));
            }
        };
        let host = uri.host().unwrap_or_default();
        if host.is_empty() {
            return Err(TransportError::Url("it has no host"));
        }
        // The brackets of an IPv6 address belong to the URL, not to the address.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = match (uri.port_u16(), is_websocket) {
            (Some(port), _) => port,
            (None, true) => {
                if tls {
                    443
                } else {
                    80
                }
            }
            (None, false) => return Err(TransportError::Url("RawSocket has no usual port")),
        };
        let place = Place::Network { host, port };
        let protocol = if is_websocket { Protocol::WebSocket(uri) } else { Protocol::RawSocket };
        Ok(Self { protocol, place, tls })
    }

    pub(crate) const fn is_tls(&self) -> bool {
        self.tls
    }

    /// Whether nobody on the way can read along: encrypted, or never leaving this machine.
    pub(crate) fn is_confidential(&self) -> bool {
        match &self.place {
            Place::Unix(_) => true,
            Place::Network { host, .. } => {
                let loopback = host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
                self.tls || loopback || host.eq_ignore_ascii_case("localhost")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_host_and_port_and_knows_whether_others_can_read_along() {
        for (url, host, port, confidential) in [
            ("ws://127.0.0.1:8080/ws", "127.0.0.1", 8080, true),
            ("ws://[::1]:9/ws", "::1", 9, true),
            ("ws://localhost/ws", "localhost", 80, true),
            ("ws://router.example/ws", "router.example", 80, false),
            ("wss://router.example", "router.example", 443, true),
            ("rs://localhost:8080", "localhost", 8080, true),
            ("rs://router.example:1", "router.example", 1, false),
            ("rss://router.example:1/", "router.example", 1, true),
        ] {
            let target = Target::parse(url).unwrap();
            assert_eq!(target.place, Place::Network { host: host.to_owned(), port }, "{url}");
            assert_eq!(target.is_confidential(), confidential, "{url}");
            let is_websocket = matches!(target.protocol, Protocol::WebSocket(_));
            assert_eq!(is_websocket, url.starts_with("ws"), "{url}");
        }
        let target = Target::parse("rs://unix:/run/wamplex.sock").unwrap();
        assert_eq!(target.place, Place::Unix("/run/wamplex.sock".into()));
        assert!(target.is_confidential() && !target.is_tls());
    }

    #[test]
    fn what_is_no_url_to_connect_to_is_refused_with_a_reason() {
        for url in [
            "",
            "localhost:8080",
            "http://localhost/ws",
            "ws://",
            "ws:///ws",
            "ws://a b/",
            "rs://localhost",
            "rs://unix:",
            "tcp://localhost:1",
        ] {
            assert!(matches!(Target::parse(url), Err(TransportError::Url(_))), "{url:?}");
        }
    }
}
