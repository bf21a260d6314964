//! What is served besides WAMP.

use super::units::KIND;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{borrow::Cow, path::PathBuf};

/// Where the files come from that are served besides `/ws`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Site {
    /// Those embedded when the router was built.
    #[default]
    Embedded,
    /// Those in this folder, read at each request.
    Directory(PathBuf),
    /// None.
    Nothing,
}

/// [`Site`] as a configuration writes it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "true, false or the path of a folder")]
enum Written {
    Switch(bool),
    Folder(PathBuf),
}

impl Serialize for Site {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Embedded => serializer.serialize_bool(true),
            Self::Nothing => serializer.serialize_bool(false),
            Self::Directory(path) => path.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Site {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Written::deserialize(deserializer)? {
            Written::Switch(true) => Self::Embedded,
            Written::Switch(false) => Self::Nothing,
            Written::Folder(path) => Self::Directory(path),
        })
    }
}

impl JsonSchema for Site {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Site".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let folder = json_schema!({ "type": "string", "minLength": 1, KIND: "path" });
        json_schema!({ "anyOf": [{ "type": "boolean" }, folder] })
    }
}
