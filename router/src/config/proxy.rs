//! What may stand between clients and a listener.

use super::Problems;
use super::units;
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Proxies in front of a listener, and how they say for whom they connect.
///
/// Only what [trusted](Self::trusted) addresses say is believed. Without any of it, everybody who connects through a
/// proxy has the address of the proxy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Proxy {
    /// The addresses of the proxies, each an IP address or a network such as `10.0.0.0/8`. Whoever may open a Unix socket
    /// is trusted at it.
    #[serde(deserialize_with = "networks")]
    #[schemars(with = "Vec<units::network>")]
    pub trusted: Vec<IpNet>,
    /// How the proxies begin a connection. Those that are trusted have to begin like this, and others may not.
    pub protocol: ProxyProtocol,
    /// The header in which the proxies say for whom they forward a request. It has to be the one that all of them write:
    /// what clients send in the others is never looked at.
    pub forwarded: ForwardedHeader,
}

/// What a proxy says before the first octet of its client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProxyProtocol {
    /// Nothing.
    #[default]
    None,
    /// The line of text of the PROXY protocol, version 1.
    V1,
    /// The binary header of the PROXY protocol, version 2.
    V2,
}

/// Where a proxy names its client in a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ForwardedHeader {
    /// Nowhere.
    #[default]
    None,
    /// In `X-Forwarded-For`.
    XForwardedFor,
    /// In `Forwarded` (RFC 7239).
    Forwarded,
}

impl Proxy {
    /// Whether what this address says about others is believed.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.contains(&address))
    }

    /// Notes what is wrong at a listener that is a Unix socket or not.
    pub fn check(&self, is_unix: bool, problems: &mut Problems) {
        let says_something =
            self.protocol != ProxyProtocol::None || self.forwarded != ForwardedHeader::None;
        let expected = "the addresses of the proxies, since nobody else is believed";
        let has_some = is_unix || !self.trusted.is_empty();
        problems.expect(has_some || !says_something, "trusted", expected, "none");
    }
}

/// Networks, and addresses as networks of one.
fn networks<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    Vec::<String>::deserialize(deserializer)?.iter().map(|text| network(text)).collect()
}

fn network<E: serde::de::Error>(text: &str) -> Result<IpNet, E> {
    let address = text.parse::<IpAddr>().map(IpNet::from);
    address.or_else(|_| text.parse()).map_err(|_| {
        E::custom(format!(
            "expected an IP address or a network such as 10.0.0.0/8 or fd00::/8, found `{text}`"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_trusted_if_it_is_in_one_of_the_networks() {
        let proxy: Proxy = toml::from_str(
            r#"
            trusted = ["10.0.0.0/8", "192.0.2.7", "fd00::/8", "::1"]
            protocol = "v2"
            forwarded = "x-forwarded-for"
            "#,
        )
        .unwrap();
        assert_eq!(proxy.protocol, ProxyProtocol::V2);
        assert_eq!(proxy.forwarded, ForwardedHeader::XForwardedFor);
        for (address, trusted) in [
            ("10.255.0.1", true),
            ("11.0.0.1", false),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("fd12::1", true),
            ("fe80::1", false),
            ("::1", true),
            // What a listener on `[::]` sees of a client that uses IPv4.
            ("::ffff:10.0.0.1", true),
            ("::ffff:11.0.0.1", false),
        ] {
            assert_eq!(proxy.trusts(address.parse().unwrap()), trusted, "{address}");
        }
        assert!(!Proxy::default().trusts("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn proxies_that_nobody_believes_are_a_mistake() {
        let proxy = |text: &str| toml::from_str::<Proxy>(text).unwrap();
        for (text, over_tcp, over_unix) in [
            ("", true, true),
            ("trusted = ['10.0.0.0/8']", true, true),
            ("protocol = 'v2'", false, true),
            ("forwarded = 'forwarded'", false, true),
            ("protocol = 'v1'\ntrusted = ['10.0.0.1']", true, true),
        ] {
            for (is_unix, is_good) in [(false, over_tcp), (true, over_unix)] {
                let mut problems = Problems::default();
                proxy(text).check(is_unix, &mut problems);
                assert_eq!(problems.is_empty(), is_good, "{text} {is_unix}");
            }
        }
    }

    #[test]
    fn what_is_no_network_is_refused_in_words() {
        for text in ["", "localhost", "10.0.0.0/33", "10.0.0/8", "*"] {
            let error = toml::from_str::<Proxy>(&format!("trusted = [{text:?}]")).unwrap_err();
            assert!(error.to_string().contains("expected an IP address or a network"), "{error}");
        }
    }
}
