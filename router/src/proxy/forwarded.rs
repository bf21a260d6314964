//! For whom a proxy forwards a request: `X-Forwarded-For`, and `Forwarded` of RFC 7239.

use crate::{
    config::{ForwardedHeader, Proxy},
    peer::Address,
};
use hyper::header::{self, HeaderMap, HeaderName};
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The header says for whom a request is forwarded, but cannot be read.
///
/// Clients write the beginning of the line that our proxies complete. Who makes it unreadable must not pass for the proxy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} cannot be read: it has to be plain text with a closing quote for every opening one")]
pub(crate) struct Unreadable(HeaderName);

/// The client behind a request that came from `from`: the last address in the chain that is not one of our proxies;
/// `None` if it is `from` itself.
///
/// Every proxy writes behind what was there whom it got the request from. So the end of the list is what our proxies
/// say, and what is before the last address that they do not vouch for may be invented. The port is 0 unless the proxy
/// tells it. Who came over a Unix socket was let in by its file, and is believed.
///
/// # Errors
/// A trusted proxy sent a header that cannot be read.
pub(crate) fn client_of(
    from: &Address,
    headers: &HeaderMap,
    proxy: &Proxy,
) -> Result<Option<SocketAddr>, Unreadable> {
    let is_trusted = match from {
        Address::Ip(address) => proxy.trusts(address.ip()),
        Address::Unix { .. } => true,
        Address::Local => false,
    };
    if is_trusted { last_untrusted(headers, proxy) } else { Ok(None) }
}

fn last_untrusted(headers: &HeaderMap, proxy: &Proxy) -> Result<Option<SocketAddr>, Unreadable> {
    let mut client = None;
    for item in chain(headers, proxy.forwarded)?.iter().rev() {
        // Who is named so that we cannot understand it hides who is before it, too.
        let Some(address) = item else { break };
        client = Some(*address);
        if !proxy.trusts(address.ip()) {
            break;
        }
    }
    Ok(client)
}

/// Everybody whom the header names, in order; `None` for what is no address.
fn chain(
    headers: &HeaderMap,
    header: ForwardedHeader,
) -> Result<Vec<Option<SocketAddr>>, Unreadable> {
    let (name, read): (_, fn(&str) -> Option<Vec<_>>) = match header {
        ForwardedHeader::None => return Ok(Vec::new()),
        ForwardedHeader::XForwardedFor => (X_FORWARDED_FOR, addresses),
        ForwardedHeader::Forwarded => (header::FORWARDED, elements),
    };
    let mut chain = Vec::new();
    for line in headers.get_all(&name) {
        let named = line.to_str().ok().and_then(read);
        chain.extend(named.ok_or_else(|| Unreadable(name.clone()))?);
    }
    Ok(chain)
}

/// Whom a line of `X-Forwarded-For` names.
fn addresses(line: &str) -> Option<Vec<Option<SocketAddr>>> {
    Some(line.split(',').map(node).collect())
}

/// Whom a line of `Forwarded` names.
fn elements(line: &str) -> Option<Vec<Option<SocketAddr>>> {
    let named = |element| forwarded_for(element).and_then(|name| node(&name));
    Some(split(line, ',')?.into_iter().map(named).collect())
}

/// The parameter `for` of an element of `Forwarded`.
fn forwarded_for(element: &str) -> Option<String> {
    let mut named = split(element, ';')?.into_iter().filter_map(|pair| pair.split_once('='));
    let (_, value) = named.find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    let value = value.trim();
    match value.strip_prefix('"') {
        Some(quoted) => Some(quoted.strip_suffix('"')?.replace('\\', "")),
        None => Some(value.to_owned()),
    }
}

/// The parts of a text between separators that are not in quotes; `None` if a quote is not closed.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let parts = text
        .split(|c| {
            let separates = c == separator && !is_quoted;
            match c {
                '"' if !is_escaped => is_quoted = !is_quoted,
                _ => {}
            }
            is_escaped = c == '\\' && is_quoted && !is_escaped;
            separates
        })
        .collect();
    (!is_quoted).then_some(parts)
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
        client.map_or_else(|error| error.to_string(), |client| client.unwrap_or(from).to_string())
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
            ("for=192.0.2.7, for=unknown", "10.0.0.1:99"),
            ("for=_hidden", "10.0.0.1:99"),
            ("proto=https", "10.0.0.1:99"),
            ("for=", "10.0.0.1:99"),
        ] {
            let lines = [("forwarded", value)];
            assert_eq!(client("10.0.0.1", ForwardedHeader::Forwarded, &lines), expected, "{value}");
        }
    }

    /// From a proxy; nobody reads what a stranger says.
    fn is_refused(name: HeaderName, line: &str) {
        let is_forwarded = name == header::FORWARDED;
        let header =
            if is_forwarded { ForwardedHeader::Forwarded } else { ForwardedHeader::XForwardedFor };
        let value = HeaderValue::from_str(line).unwrap();
        let headers = HeaderMap::from_iter([(name.clone(), value)]);
        for (from, expected) in [("10.0.0.1:99", Err(Unreadable(name))), ("192.0.2.9:99", Ok(None))]
        {
            let from: SocketAddr = from.parse().unwrap();
            assert_eq!(client_of(&from.into(), &headers, &proxy(header)), expected, "{line}");
        }
    }

    #[test]
    fn a_client_that_spoils_the_line_is_not_taken_for_the_proxy_that_completes_it() {
        for by_client in [
            "for=\"x",
            "\"",
            "for=\"x\\",
            "for=\"x\\\"",
            "for=x\"",
            "x=\"a\"\"",
            "for=\"127.0.0.1",
            "for=\u{e9}",
        ] {
            for by_proxy in
                ["for=192.0.2.7", "for=\"[2001:db8::7]:1234\"", "for=192.0.2.7;host=\"h:80\""]
            {
                is_refused(header::FORWARDED, &format!("{by_client}, {by_proxy}"));
            }
        }
        is_refused(X_FORWARDED_FOR, "\u{e9}, 192.0.2.7");
        // A quote is nothing special there.
        let lines = [("x-forwarded-for", "\"x, 192.0.2.7")];
        assert_eq!(client("10.0.0.1", ForwardedHeader::XForwardedFor, &lines), "192.0.2.7:0");
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
