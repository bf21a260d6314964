//! The JSON Schema of the configuration file.
//!
//! It is made from the types of the configuration: descriptions are their documentation, defaults their defaults. Editors
//! use it, the loader holds files against it, and the example is written from it.

use super::RouterConfig;
use serde_json::{Map, Value};
use std::sync::{LazyLock, OnceLock};

/// The JSON Schema of the configuration file, for editors.
///
/// ```
/// let schema = wamplex_router::config::schema();
/// assert_eq!(schema["properties"]["listeners"]["type"], "array");
/// ```
pub fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let mut schema = schemars::schema_for!(RouterConfig).to_value();
        tidy(&mut schema);
        schema["title"] = "Configuration of the Wamplex router".into();
        schema
    })
}

/// The JSON Schema of the configuration file as a text of many lines.
#[must_use]
pub fn schema_text() -> String {
    format!("{:#}\n", schema())
}

/// Makes descriptions that were written for programmers fit for editors, and removes defaults that repeat those of the
/// parts.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(description)) = object.get_mut("description") {
                *description = plain(description);
            }
            let repeats = |default: &Value| match default {
                Value::Object(_) => true,
                Value::Array(items) => items.iter().any(Value::is_object),
                Value::Null => true,
                Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
            };
            // A key of that name has a schema, which is a table too, but never stands beside a type or a reference.
            let describes = object.contains_key("type")
                || object.contains_key("$ref")
                || object.contains_key("anyOf");
            if describes && object.get("default").is_some_and(repeats) {
                object.shift_remove("default");
            }
            object.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Documentation without examples in Rust and without links: `[text](target)` and `[text]` become `text`.
fn plain(documentation: &str) -> String {
    let text = documentation.split("```").next().unwrap_or_default().trim();
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, link)) = rest.split_once('[') {
        plain.push_str(before);
        let is_quoted = plain.matches('`').count() % 2 == 1;
        let Some((label, after)) = link.split_once(']').filter(|_| !is_quoted) else {
            plain.push('[');
            rest = link;
            continue;
        };
        plain.push_str(label);
        rest = match after.strip_prefix('(').and_then(|target| target.split_once(')')) {
            Some((_, after)) => after,
            None => after,
        };
    }
    plain.push_str(rest);
    plain
}

/// A part of a schema, with references followed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part<'a> {
    root: &'a Value,
    /// The part as it stands, which may be a reference with words of its own.
    outer: &'a Map<String, Value>,
    /// What the part refers to, or the part itself.
    inner: &'a Map<String, Value>,
}

impl<'a> Part<'a> {
    /// The whole schema.
    pub(super) fn root(root: &'a Value) -> Option<Self> {
        Self::new(root, root)
    }

    fn new(root: &'a Value, part: &'a Value) -> Option<Self> {
        static ANYTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
        let outer = if *part == Value::Bool(true) { &*ANYTHING } else { part.as_object()? };
        let mut inner = outer;
        while let Some(reference) = inner.get("$ref").and_then(Value::as_str) {
            inner = root.pointer(reference.strip_prefix('#')?)?.as_object()?;
        }
        let part = Self { root, outer, inner };
        // An `Option` of something: what can also be nothing in JSON is absent in TOML.
        let branches = part.branches();
        match branches.as_slice() {
            [one] if part.inner.contains_key("anyOf") => Some(Self { outer, ..*one }),
            _ => Some(part),
        }
    }

    /// What the schema says under this word.
    pub(super) fn get(&self, word: &str) -> Option<&'a Value> {
        self.outer.get(word).or_else(|| self.inner.get(word))
    }

    pub(super) fn text(&self, word: &str) -> Option<&'a str> {
        self.get(word).and_then(Value::as_str)
    }

    /// Whether values of this type are taken, by its name in JSON Schema. Without a word about types, all are.
    pub(super) fn takes(&self, kind: &str) -> bool {
        let fits = |one: &Value| one == kind || (kind == "integer" && one == "number");
        match self.get("type") {
            Some(one @ Value::String(_)) => fits(one),
            Some(Value::Array(types)) => types.iter().any(fits),
            _ => match self.branches() {
                branches if branches.is_empty() => true,
                branches => branches.iter().any(|branch| branch.takes(kind)),
            },
        }
    }

    /// The alternatives, without the one that takes nothing but `null`.
    pub(super) fn branches(&self) -> Vec<Self> {
        let list = self.inner.get("anyOf").or_else(|| self.inner.get("oneOf"));
        let list = list.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let branches = list.iter().filter(|branch| branch["type"] != "null");
        branches.filter_map(|branch| Self::new(self.root, branch)).collect()
    }

    /// The words that are taken, if nothing else is.
    pub(super) fn words(&self) -> Option<Vec<&'a str>> {
        if let Some(Value::Array(words)) = self.get("enum") {
            return words.iter().filter(|word| !word.is_null()).map(Value::as_str).collect();
        }
        if let Some(word) = self.get("const") {
            return Some(vec![word.as_str()?]);
        }
        let branches = self.branches();
        if branches.is_empty() {
            return None;
        }
        let words: Option<Vec<Vec<_>>> = branches.iter().map(Self::words).collect();
        Some(words?.concat())
    }

    /// The keys of a table, in the order of their declaration.
    pub(super) fn properties(&self) -> impl Iterator<Item = (&'a str, Self)> {
        let root = self.root;
        let properties = self.inner.get("properties").and_then(Value::as_object);
        properties
            .into_iter()
            .flatten()
            .filter_map(move |(key, part)| Some((key.as_str(), Self::new(root, part)?)))
    }

    /// What a table takes under this key.
    pub(super) fn property(&self, key: &str) -> Option<Self> {
        let known = self.inner.get("properties").and_then(|properties| properties.get(key));
        let other =
            self.inner.get("additionalProperties").filter(|part| **part != Value::Bool(false));
        Self::new(self.root, known.or(other)?)
    }

    /// Whether a table may have keys besides its properties.
    pub(super) fn is_open(&self) -> bool {
        let is_false = |word: &str| self.inner.get(word) == Some(&Value::Bool(false));
        !is_false("additionalProperties") && !is_false("unevaluatedProperties")
    }

    /// What the elements of a list are.
    pub(super) fn items(&self) -> Option<Self> {
        Self::new(self.root, self.inner.get("items")?)
    }

    /// The keys that a table must have.
    pub(super) fn required(&self) -> impl Iterator<Item = &'a str> {
        let required = self.inner.get("required").and_then(Value::as_array);
        required.into_iter().flatten().filter_map(Value::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_loses_examples_and_links() {
        for (documentation, expected) in [
            ("Plain.", "Plain."),
            ("See [`Limits`](crate::config::Limits) there.", "See `Limits` there."),
            ("See [`Limits`].", "See `Limits`."),
            ("As `[::1]:8080`, or [so](x).", "As `[::1]:8080`, or so."),
            ("First.\n\n```\nlet x = 1;\n```\n", "First."),
            ("Open [ only", "Open [ only"),
        ] {
            assert_eq!(plain(documentation), expected);
        }
    }

    #[test]
    fn the_schema_does_not_depend_on_the_machine() {
        let text = schema().to_string();
        assert!(!text.contains("\"default\":{"), "defaults of parts stand with the parts");
        let connections = &schema()["$defs"]["Limits"]["properties"]["connections"]["default"];
        assert!(connections.is_string(), "{connections}");
    }
}
