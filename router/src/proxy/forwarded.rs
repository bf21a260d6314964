//! For whom a proxy forwards a request: `X-Forwarded-For`, and `Forwarded` of RFC 7239.

use crate::{
    config::{ForwardedHeader, Proxy},
    peer::Address,
};
use hyper::header::{self, HeaderMap};
use std::net::{IpAddr, SocketAddr};

/// The client behind a request that came from `from`: the last address in the chain that is not one of our proxies;
/// `None` if it is `from` itself.
///
/// Every proxy writes behind what was there whom it got the request from. So the end of the list is what our proxies
/// say, and what is before the last address that they do not vouch for may be invented. The port is 0 unless the proxy
/// tells it. Who came over a Unix socket was let in by its file, and is believed.
pub(crate) fn client_of(from: &Address, headers: &HeaderMap, proxy: &Proxy) -> Option<SocketAddr> {
    let is_trusted = match from {
        Address::Ip(address) => proxy.trusts(address.ip()),
        Address::Unix { .. } => true,
        Address::Local => false,
    };
    if is_trusted { last_untrusted(headers, proxy) } else { None }
}

fn last_untrusted(headers: &HeaderMap, proxy: &Proxy) -> Option<SocketAddr> {
    let mut client = None;
    for item in chain(headers, proxy.forwarded).iter().rev() {
        // Who is named so that we cannot understand it hides who is before it, too.
        let Some(address) = item else { break };
        client = Some(*address);
        if !proxy.trusts(address.ip()) {
            break;
        }
    }
    client
}

/// Everybody whom the header names, in order; `None` for what is no address.
fn chain(headers: &HeaderMap, header: ForwardedHeader) -> Vec<Option<SocketAddr>> {
    let lines = |name| headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
    match header {
        ForwardedHeader::None => Vec::new(),
        ForwardedHeader::XForwardedFor => {
            lines("x-forwarded-for").flat_map(|line| line.split(',')).map(node).collect()
        }
        ForwardedHeader::Forwarded => lines(header::FORWARDED.as_str())
            .flat_map(|line| split(line, ','))
            .map(|element| forwarded_for(element).and_then(|name| node(&name)))
            .collect(),
    }
}

/// The parameter `for` of an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<String> {
    let mut named = split(element, ';').into_iter().filter_map(|pair| pair.split_once('='));
    let (_, value) = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    let value = value.trim();
    match value.strip_prefix('"') {
        Some(quoted) => Some(quoted.strip_suffix('"')?.replace('\\', "")),
        None => Some(value.to_owned()),
    }
}

/// The parts of a text between separators that are not in quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(|c| {
        let separates = c == separator && !is_quoted;
        match c {
            '"' if !is_escaped => is_quoted = !is_quoted,
            _ => {}
        }
        is_escaped = c == '\\' && is_quoted && !is_escaped;
        separates
    })
    .collect()
}

/// An address with or without a port: `192.0.2.7`, `192.0.2.7:80`, `2001:db8::7`, `[2001:db8::7]`, `[2001:db8::7]:80`.
fn node(text: &str) -> Option<SocketAddr> {
    let text = text.trim();
    let address = |ip: IpAddr| SocketAddr::new(ip.to_canonical(), 0);
    if let Ok(ip) = text.parse() {
        return Some(address(ip));
    }
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse().ok().map(address);
    }
    let parsed: SocketAddr = text.parse().ok()?;
    Some(SocketAddr::new(parsed.ip().to_canonical(), parsed.port()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn proxy(forwarded: ForwardedHeader) -> Proxy {
        let trusted = vec!["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
        Proxy { trusted, forwarded, ..Proxy::default() }
    }

    fn client(
        from: &str,
        forwarded: ForwardedHeader,
        lines: &[(&'static str, &'static str)],
    ) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        let from: SocketAddr = format!("{from}:99").parse().unwrap();
        let client = client_of(&from.into(), &headers, &proxy(forwarded));
        client.unwrap_or(from).to_string()
    }

    #[test]
    fn the_last_address_that_is_no_proxy_of_ours_is_the_client() {
        for (from, value, expected) in [
            ("10.0.0.1", "192.0.2.7", "192.0.2.7:0"),
            ("10.0.0.1", " 192.0.2.7 , 10.0.0.2,10.0.0.3", "192.0.2.7:0"),
            // What the client itself claims comes before what our proxies say.
            ("10.0.0.1", "127.0.0.1, 198.51.100.1, 192.0.2.7, 10.0.0.2", "192.0.2.7:0"),
            ("10.0.0.1", "198.51.100.1, nonsense, 10.0.0.2", "10.0.0.2:0"),
            ("10.0.0.1", "198.51.100.1, 10.0.0.2, nonsense", "10.0.0.1:99"),
            ("10.0.0.1", "nonsense", "10.0.0.1:99"),
            ("10.0.0.1", "unknown, 192.0.2.7", "192.0.2.7:0"),
            ("10.0.0.1", "", "10.0.0.1:99"),
            ("10.0.0.1", ",,,", "10.0.0.1:99"),
            ("10.0.0.1", "10.0.0.5, 10.0.0.4", "10.0.0.5:0"),
            ("10.0.0.1", "192.0.2.7:1234", "192.0.2.7:1234"),
            ("10.0.0.1", "2001:db8::7", "[2001:db8::7]:0"),
            ("10.0.0.1", "[2001:db8::7]:1234, fd00::1", "[2001:db8::7]:1234"),
            ("10.0.0.1", "[2001:db8::7]", "[2001:db8::7]:0"),
            ("10.0.0.1", "::ffff:192.0.2.7", "192.0.2.7:0"),
            ("10.0.0.1", "192.0.2.7, ::ffff:10.0.0.2", "192.0.2.7:0"),
            // Nobody has to believe what a stranger says about others.
            ("192.0.2.9", "127.0.0.1", "192.0.2.9:99"),
        ] {
            let lines = [("x-forwarded-for", value)];
            assert_eq!(client(from, ForwardedHeader::XForwardedFor, &lines), expected, "{value}");
        }
    }

    #[test]
    fn several_lines_are_one_list() {
        let lines = [("x-forwarded-for", "127.0.0.1, 192.0.2.7"), ("x-forwarded-for", "10.0.0.2")];
        assert_eq!(client("10.0.0.1", ForwardedHeader::XForwardedFor, &lines), "192.0.2.7:0");
    }

    #[test]
    fn the_header_of_rfc_7239_says_the_same() {
        for (value, expected) in [
            ("for=192.0.2.7", "192.0.2.7:0"),
            ("For=192.0.2.7;proto=https;by=10.0.0.1", "192.0.2.7:0"),
            ("proto=https; for=\"192.0.2.7:1234\"", "192.0.2.7:1234"),
            ("for=127.0.0.1, for=\"[2001:db8::7]:1234\", for=10.0.0.2", "[2001:db8::7]:1234"),
            ("for=\"a, for=127.0.0.1\", for=192.0.2.7", "192.0.2.7:0"),
            ("for=\"x\\\", for=127.0.0.1", "10.0.0.1:99"),
            ("for=192.0.2.7, for=unknown", "10.0.0.1:99"),
            ("for=_hidden", "10.0.0.1:99"),
            ("proto=https", "10.0.0.1:99"),
            ("for=", "10.0.0.1:99"),
            ("for=\"192.0.2.7", "10.0.0.1:99"),
        ] {
            let lines = [("forwarded", value)];
            assert_eq!(client("10.0.0.1", ForwardedHeader::Forwarded, &lines), expected, "{value}");
        }
    }

    #[test]
    fn a_header_that_our_proxies_do_not_write_says_nothing() {
        let lines = [("forwarded", "for=127.0.0.1"), ("x-forwarded-for", "192.0.2.7")];
        for (header, expected) in [
            (ForwardedHeader::None, "10.0.0.1:99"),
            (ForwardedHeader::XForwardedFor, "192.0.2.7:0"),
            (ForwardedHeader::Forwarded, "127.0.0.1:0"),
        ] {
            assert_eq!(client("10.0.0.1", header, &lines), expected);
        }
    }
}
