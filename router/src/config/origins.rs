//! Which web pages may connect.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

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

/// The word for all origins.
const ANY: &str = "*";

impl Origins {
    /// Those of this list, as a configuration writes it: empty for none besides this host and `localhost`, `"*"` for any.
    #[must_use]
    pub fn from_list(list: Vec<String>) -> Self {
        if list.iter().any(|origin| origin == ANY) {
            Self::Any
        } else if list.is_empty() {
            Self::SameHostAndLocalhost
        } else {
            Self::Also(list)
        }
    }
}

/// Whether a browser could send this: a scheme, `://`, and a host with or without a port.
///
/// ```
/// use wamplex_router::config::is_origin;
/// assert!(is_origin("https://example.com") && is_origin("http://localhost:8080"));
/// assert!(!is_origin("example.com") && !is_origin("https://example.com/page"));
/// ```
#[must_use]
pub fn is_origin(text: &str) -> bool {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    text.split_once("://").is_some_and(|(scheme, host)| {
        is_scheme(scheme) && !host.is_empty() && !host.contains(['/', ' ', '?', '#', '@'])
    })
}

impl Serialize for Origins {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::SameHostAndLocalhost => serializer.collect_seq(std::iter::empty::<&str>()),
            Self::Also(list) => serializer.collect_seq(list),
            Self::Any => serializer.collect_seq([ANY]),
        }
    }
}

impl<'de> Deserialize<'de> for Origins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(Self::from_list)
    }
}

impl JsonSchema for Origins {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Origins".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "array",
            "items": { "type": "string", "pattern": "^([*]|[a-z][a-z0-9+.-]*://[^/]+)$" },
            "examples": [["https://example.com"]],
        })
    }
}
