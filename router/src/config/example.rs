//! A configuration file in which every key stands, commented out and explained.
//!
//! It is written from the schema, and that from the types: it cannot go stale.

use super::{
    conform::expected_of,
    schema::{Part, schema},
    units::KIND,
};
use serde_json::Value;
use std::fmt::Write as _;

/// What stands at the top.
const HEAD: &str = "\
# Configuration of the Wamplex router.
#
# Every key there is stands here with its default, or with an example if it has none. Remove the # in front of a key to
# change it, and in front of the [headers] above it. `wamplex check --config FILE` says what is wrong.
#
# Paths are relative to the folder of this file. An environment variable changes a key: WAMPLEX_LISTENERS__0__ADDRESS is
# the address of the first listener.
";

/// A configuration file in which every key stands, commented out, with its meaning, type, unit and default.
///
/// ```
/// use wamplex_router::{RouterConfig, config::{ConfigSource, example}};
/// let config = ConfigSource::text(example()).load().unwrap();
/// assert_eq!(config, RouterConfig::default());
/// assert!(example().contains("\n#address = \"127.0.0.1:8080\"\n"));
/// ```
#[must_use]
pub fn example() -> String {
    let mut text = HEAD.to_owned();
    if let Some(root) = Part::root(schema()) {
        keys(root, &mut text);
        tables(root, "", 0, &mut text);
    }
    text
}

/// Writes the keys of a table that are no tables themselves.
fn keys(part: Part<'_>, text: &mut String) {
    for (name, key) in part.properties().filter(|(_, key)| table_of(*key).is_none()) {
        text.push('\n');
        comment(key.text("description").unwrap_or_default(), text);
        comment(&format!("Takes {}. {}", taken(key), default(key)), text);
        line(text, format_args!("#{} = {}", quoted(name), inline(&value(key))));
    }
}

/// Writes the tables in a table, and what is in them.
fn tables(part: Part<'_>, path: &str, depth: usize, text: &mut String) {
    for (name, key) in part.properties() {
        let Some((table, is_list)) = table_of(key) else { continue };
        let path = if path.is_empty() { quoted(name) } else { format!("{path}.{}", quoted(name)) };
        text.push('\n');
        if depth == 0 {
            line(text, format_args!("# {}", "-".repeat(118)));
        }
        comment(key.text("description").unwrap_or_default(), text);
        let (open, close) = if is_list { ("[[", "]]") } else { ("[", "]") };
        if is_list {
            comment("There may be several of these.", text);
        }
        line(text, format_args!("#{open}{path}{close}"));
        keys(table, text);
        tables(table, &path, depth + 1, text);
    }
}

/// The table that a key is or is a list of, and whether it is a list.
fn table_of(part: Part<'_>) -> Option<(Part<'_>, bool)> {
    let is_table =
        |part: &Part<'_>| part.branches().is_empty() && part.properties().next().is_some();
    if is_table(&part) {
        return Some((part, false));
    }
    part.items().filter(is_table).map(|items| (items, true))
}

/// What a key takes, in words.
fn taken(part: Part<'_>) -> String {
    let meanings: Vec<_> = part
        .branches()
        .iter()
        .filter_map(|word| {
            let meaning = word.text("description")?.trim_end_matches('.');
            Some(format!("{} ({meaning})", word.get("const")?))
        })
        .collect();
    if !meanings.is_empty() {
        return meanings.join(", ");
    }
    let bounds = match (part.get("minimum"), part.get("maximum")) {
        (Some(least), Some(most)) => format!(" from {least} to {most}"),
        _ => String::new(),
    };
    let items = match part.items() {
        Some(items) => format!(" of: {}", expected_of(items)),
        None => String::new(),
    };
    format!("{}{bounds}{items}", expected_of(part))
}

fn default(part: Part<'_>) -> String {
    match part.get("default") {
        None | Some(Value::Null) => "Not set by default.".to_owned(),
        Some(Value::String(sentence)) if !part.takes("string") => format!("Default: {sentence}."),
        Some(default) => format!("Default: {}.", inline(default)),
    }
}

/// The value that a key is shown with: its default if it says something, or an example.
fn value(part: Part<'_>) -> Value {
    let fits = |value: &&Value| match value {
        Value::Null => false,
        Value::Bool(_) => part.takes("boolean"),
        Value::Number(_) => part.takes("integer") || part.takes("number"),
        Value::String(text) => {
            part.takes("string") && (!text.is_empty() || part.get(KIND).is_none())
        }
        Value::Array(items) => part.takes("array") && !items.is_empty(),
        Value::Object(_) => part.takes("object"),
    };
    let example = part.get("examples").and_then(|examples| examples.get(0));
    let said = example.or_else(|| part.get("default").filter(fits));
    said.cloned().unwrap_or_else(|| invented(part))
}

/// Some value that a key takes.
fn invented(part: Part<'_>) -> Value {
    match part.text(KIND) {
        Some("duration" | "optional duration") => return "10s".into(),
        Some("size" | "optional size") => return "64KiB".into(),
        Some("path") => return "folder/file".into(),
        Some("secret") => return "open sesame".into(),
        Some("endpoint") => return super::DEFAULT_LISTEN.into(),
        Some(_) | None => {}
    }
    if let Some(word) = part.words().and_then(|words| words.first().copied()) {
        return word.into();
    }
    if let Some(branch) = part.branches().first() {
        return value(*branch);
    }
    if part.takes("boolean") {
        true.into()
    } else if part.takes("integer") {
        part.get("minimum").filter(|least| **least != 0).cloned().unwrap_or_else(|| 10.into())
    } else if part.takes("string") {
        "text".into()
    } else if part.takes("array") {
        Value::Array(part.items().map(value).into_iter().collect())
    } else {
        let required =
            part.required().filter_map(|name| Some((name.to_owned(), value(part.property(name)?))));
        Value::Object(required.collect())
    }
}

/// A value in TOML, in one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".to_owned(),
        // What JSON escapes, TOML escapes the same way.
        Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(table) if table.is_empty() => "{}".to_owned(),
        Value::Object(table) => {
            let entry =
                |(key, value): (&String, &Value)| format!("{} = {}", quoted(key), inline(value));
            let entries: Vec<_> = table.iter().map(entry).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

/// A key, in quotes if it needs them.
fn quoted(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(is_bare) { key.to_owned() } else { format!("{key:?}") }
}

fn comment(words: &str, text: &mut String) {
    for words in words.lines() {
        line(text, format_args!("{}", format!("# {words}").trim_end()));
    }
}

fn line(text: &mut String, words: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{words}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConfigError, ConfigSource, file::read_unchecked};

    /// The example with the `#` removed in front of every key and header.
    fn enabled() -> String {
        let enable = |line: &str| match line.strip_prefix('#') {
            Some(rest) if rest.starts_with(|c: char| c != ' ') => rest.to_owned(),
            _ => line.to_owned(),
        };
        example().lines().map(|line| enable(line) + "\n").collect()
    }

    #[test]
    fn every_key_of_the_example_can_be_enabled() {
        let text = enabled();
        let config = read_unchecked(&text);
        assert!(config.is_ok(), "{}\n{text}", ConfigError::Faults(config.unwrap_err()));
    }

    #[test]
    fn every_key_of_the_schema_is_in_the_example_and_explained() {
        let mut undocumented = Vec::new();
        let mut seen = 0;
        let text = example();
        each(Part::root(schema()).unwrap(), "", &mut |path, name, part| {
            seen += 1;
            let described = part.text("description").is_some_and(|text| !text.trim().is_empty());
            let shown = [format!("#{name} = "), format!("[{path}]")];
            if !described || !shown.iter().any(|shown| text.contains(shown)) {
                undocumented.push(path.to_owned());
            }
        });
        assert!(seen > 30, "{seen}");
        assert_eq!(undocumented, [""; 0], "keys without documentation");
    }

    fn each(part: Part<'_>, path: &str, check: &mut dyn FnMut(&str, &str, Part<'_>)) {
        for (name, key) in part.properties() {
            let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
            check(&path, name, key);
            if let Some((table, _)) = table_of(key) {
                each(table, &path, check);
            }
        }
    }

    #[test]
    fn the_example_itself_changes_nothing() {
        assert!(ConfigSource::text(example()).load().is_ok());
    }
}
