//! A message of a script: JSON with names in it.

use serde_json::{Map, Number, Value};
use std::collections::BTreeMap;

/// JSON in which `$name` may stand for a value, `$_` for any value, and `...` for whatever else there is.
#[derive(Clone, Debug, PartialEq)]
pub enum Template {
    /// `$_`.
    Any,
    /// `$name`.
    Name(String),
    /// A value without parts.
    Scalar(Value),
    /// A list; an open one ends in `...`.
    List {
        /// The elements.
        elements: Vec<Self>,
        /// Whether more may follow.
        open: bool,
    },
    /// A dictionary; an open one ends in `...`.
    Dict {
        /// The entries.
        entries: BTreeMap<String, Self>,
        /// Whether there may be others.
        open: bool,
    },
}

/// What the names of a script stand for.
pub type Bindings = BTreeMap<String, Value>;

/// Stands before a name in the JSON that a template is turned into for parsing. No script has a use for it in a string.
const MARK: char = '\u{1}';

/// The mark of `...`.
const REST: &str = "\u{1}...";

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let json = mark_names(text)?;
        let value: Value =
            serde_json::from_str(&json).map_err(|e| format!("this is not JSON: {e}"))?;
        Self::from_marked(value)
    }

    /// The value it stands for.
    ///
    /// # Errors
    /// Names a name that has no value yet, or says that a part is left open.
    pub fn fill(&self, names: &Bindings) -> Result<Value, String> {
        match self {
            Self::Any => Err("`$_` cannot be sent".to_owned()),
            Self::Name(name) => {
                names.get(name).cloned().ok_or_else(|| format!("`${name}` has no value yet"))
            }
            Self::Scalar(value) => Ok(value.clone()),
            Self::List { open: true, .. } | Self::Dict { open: true, .. } => {
                Err("`...` cannot be sent".to_owned())
            }
            Self::List { elements, .. } => elements.iter().map(|t| t.fill(names)).collect(),
            Self::Dict { entries, .. } => {
                let fill = |(key, t): (&String, &Self)| Ok((key.clone(), t.fill(names)?));
                entries.iter().map(fill).collect::<Result<Map<_, _>, String>>().map(Value::Object)
            }
        }
    }

    /// Whether a value fits. Names seen for the first time are bound; what a failed match has bound is for the caller to
    /// throw away.
    pub fn matches(&self, value: &Value, names: &mut Bindings) -> bool {
        match (self, value) {
            (Self::Any, _) => true,
            (Self::Name(name), value) => match names.get(name) {
                Some(bound) => same(bound, value),
                None => {
                    names.insert(name.clone(), value.clone());
                    true
                }
            },
            (Self::Scalar(expected), value) => same(expected, value),
            (Self::List { elements, open }, Value::Array(found)) => {
                let enough =
                    found.len() == elements.len() || (*open && found.len() > elements.len());
                enough && elements.iter().zip(found).all(|(t, v)| t.matches(v, names))
            }
            (Self::Dict { entries, open }, Value::Object(found)) => {
                (*open || found.len() == entries.len())
                    && entries
                        .iter()
                        .all(|(key, t)| found.get(key).is_some_and(|v| t.matches(v, names)))
            }
            (Self::List { .. } | Self::Dict { .. }, _) => false,
        }
    }

    fn from_marked(value: Value) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) => match text.strip_prefix(MARK) {
                None => Self::Scalar(Value::String(text)),
                Some("...") => {
                    return Err("`...` may only come last in a list or a dictionary".to_owned());
                }
                Some("_") => Self::Any,
                Some(name) => Self::Name(name.to_owned()),
            },
            Value::Array(mut elements) => {
                let open = elements.last().and_then(Value::as_str) == Some(REST);
                if open {
                    elements.pop();
                }
                let elements =
                    elements.into_iter().map(Self::from_marked).collect::<Result<_, _>>()?;
                Self::List { elements, open }
            }
            Value::Object(mut entries) => {
                let open = entries.remove(REST).is_some();
                let parse = |(key, value)| Ok((key, Self::from_marked(value)?));
                let entries = entries.into_iter().map(parse).collect::<Result<_, String>>()?;
                Self::Dict { entries, open }
            }
            scalar @ (Value::Null | Value::Bool(_) | Value::Number(_)) => Self::Scalar(scalar),
        })
    }
}

/// Equality of JSON values, where 1 and 1.0 are the same number: a serializer may write either.
#[must_use]
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || same_number(a, b),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, v)| b.get(k).is_some_and(|w| same(v, w)))
        }
        _ => a == b,
    }
}

#[allow(clippy::float_cmp, reason = "the same number, not one close to it")]
fn same_number(a: &Number, b: &Number) -> bool {
    (a.is_f64() != b.is_f64()) && a.as_f64() == b.as_f64()
}

/// Turns `$name` and `...` outside of strings into marked JSON.
fn mark_names(text: &str) -> Result<String, String> {
    let mut json = String::with_capacity(text.len() + 16);
    let mut brackets = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let taken = match c {
            '"' => {
                let length = string_length(rest).ok_or("a string does not end")?;
                json.push_str(&rest[..length]);
                length
            }
            '$' => {
                let name = &rest[1..name_length(&rest[1..]) + 1];
                if name.is_empty() {
                    return Err("a name must follow `$`".to_owned());
                }
                json.push_str(&format!("\"\\u0001{name}\""));
                name.len() + 1
            }
            '.' if rest.starts_with("...") => {
                let in_dict = brackets.last() == Some(&'{');
                json.push_str(if in_dict { "\"\\u0001...\":0" } else { "\"\\u0001...\"" });
                3
            }
            c => {
                match c {
                    '[' | '{' => brackets.push(c),
                    ']' | '}' => {
                        brackets.pop();
                    }
                    _ => {}
                }
                json.push(c);
                c.len_utf8()
            }
        };
        rest = &rest[taken..];
    }
    Ok(json)
}

/// The length of the string literal that `text` begins with, quotes included.
fn string_length(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// The length of the name that `text` begins with: `sub`, `_`, `alice.authid`.
fn name_length(text: &str) -> usize {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '.';
    text.find(|c| !letter(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matches(template: &str, value: &Value, names: &mut Bindings) -> bool {
        Template::parse(template).unwrap().matches(value, names)
    }

    #[test]
    fn a_name_binds_on_first_sight_and_has_to_match_afterwards() {
        let mut names = Bindings::new();
        assert!(matches("[33, 1, $sub]", &json!([33, 1, 77]), &mut names));
        assert_eq!(names["sub"], json!(77));
        assert!(matches("[36, $sub, $_, {}]", &json!([36, 77, 5, {}]), &mut names));
        assert!(!matches("[36, $sub, $_, {}]", &json!([36, 78, 5, {}]), &mut names));
        assert_eq!(Template::parse("[34, 2, $sub]").unwrap().fill(&names), Ok(json!([34, 2, 77])));
        let unknown = Template::parse("[34, 2, $reg]").unwrap().fill(&names);
        assert_eq!(unknown, Err("`$reg` has no value yet".to_owned()));
    }

    #[test]
    fn lists_and_dictionaries_match_exactly_unless_they_are_left_open() {
        let table = [
            ("[1, 2]", json!([1, 2]), true),
            ("[1, 2]", json!([1, 2, 3]), false),
            ("[1, 2, ...]", json!([1, 2, 3]), true),
            ("[1, 2, ...]", json!([1, 2]), true),
            ("[1, 2, ...]", json!([1]), false),
            (r#"{"a": 1}"#, json!({"a": 1}), true),
            (r#"{"a": 1}"#, json!({"a": 1, "b": 2}), false),
            (r#"{"a": 1, ...}"#, json!({"a": 1, "b": 2}), true),
            ("{...}", json!({}), true),
            ("{}", json!([]), false),
            ("[]", json!({}), false),
            ("1", json!(1.0), true),
            ("1", json!("1"), false),
            ("1.5", json!(1), false),
            (r#""$sub""#, json!("$sub"), true),
            (r#""a \" $b ...""#, json!("a \" $b ..."), true),
        ];
        for (template, value, expected) in table {
            assert_eq!(
                matches(template, &value, &mut Bindings::new()),
                expected,
                "{template} {value}"
            );
        }
    }

    #[test]
    fn what_is_no_template_is_refused_in_words() {
        let table = [
            ("[1, 2", "this is not JSON: EOF while parsing a list at line 1 column 5"),
            ("[\"a]", "a string does not end"),
            ("[$]", "a name must follow `$`"),
            ("[..., 1]", "`...` may only come last in a list or a dictionary"),
        ];
        for (text, error) in table {
            assert_eq!(Template::parse(text), Err(error.to_owned()));
        }
    }

    #[test]
    fn what_is_left_open_cannot_be_sent() {
        for text in ["$_", "[...]", "{...}", "[1, {\"a\": $_}]"] {
            assert!(Template::parse(text).unwrap().fill(&Bindings::new()).is_err(), "{text}");
        }
    }
}
