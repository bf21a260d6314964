//! Addresses to listen on.

use super::units::KIND;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{borrow::Cow, fmt, net::SocketAddr, path::PathBuf, str::FromStr};

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
#[error("expected {AN_ENDPOINT}, found {0:?}")]
pub struct InvalidEndpoint(String);

/// What is expected of an endpoint, in error messages.
pub(super) const AN_ENDPOINT: &str =
    "an address and a port such as \"127.0.0.1:8080\", or \"unix:\" and a path";

/// What the path of a Unix socket is written after.
pub(super) const UNIX: &str = "unix:";

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        let invalid = || InvalidEndpoint(text.to_owned());
        match text.strip_prefix(UNIX) {
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
            Self::Unix(path) => write!(f, "{UNIX}{}", path.display()),
        }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self::Tcp(address)
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'_, str>::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Endpoint {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Endpoint".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({ "type": "string" });
        schema.insert(KIND.to_owned(), "endpoint".into());
        schema
    }
}
