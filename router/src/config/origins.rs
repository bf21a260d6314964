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
