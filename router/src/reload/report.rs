//! What another configuration changes.

use crate::config::{Endpoint, RouterConfig};
use serde::Serialize;
use serde_json::Value;
use std::fmt::{self, Display};

/// What a reload has changed, in the order of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The changes; none if the configuration is what it was.
    pub changes: Vec<Change>,
}

/// One thing that a reload has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// It was not there before.
    Added(Part),
    /// It is not there any more.
    Removed(Part),
    /// It is there, and these of its keys are different, if it is a table.
    Changed(Part, Vec<String>),
    /// These of its keys are different, and go into effect when the router is started the next time.
    Pending(Part, Vec<String>),
}

/// A part of a configuration that comes, goes and changes as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The listener at this address, as the configuration has it.
    Listener(Endpoint),
    /// The realm of this name.
    Realm(String),
    /// The template of realms with this pattern.
    Template(String),
    /// A key of the configuration, such as `limits`.
    Key(String),
}

/// The keys that only the start of a router goes by.
const AT_START: [&str; 4] = ["admin", "busy_poll", "telemetry", "workers"];

/// The keys that are compared element by element.
const LISTS: [&str; 3] = ["listeners", "realms", "templates"];

impl Report {
    /// What is different.
    pub(super) fn new(old: &RouterConfig, new: &RouterConfig) -> Self {
        let mut report = Self::default();
        let listeners = |config: &RouterConfig| config.listeners.clone();
        report.compare(&listeners(old), &listeners(new), |it| Part::Listener(it.endpoint.clone()));
        report.compare(&old.realms, &new.realms, |it| Part::Realm(it.name.clone()));
        report.compare(&old.templates, &new.templates, |it| Part::Template(it.pattern.clone()));
        let (Value::Object(old), Value::Object(new)) = (json(old), json(new)) else {
            return report;
        };
        for (name, new) in new.iter().filter(|(name, _)| !LISTS.contains(&name.as_str())) {
            if let Some(old) = old.get(name).filter(|old| *old != new) {
                let keys = different_keys(old, new);
                let is_pending = AT_START.contains(&name.as_str());
                let change = if is_pending { Change::Pending } else { Change::Changed };
                report.changes.push(change(Part::Key(name.clone()), keys));
            }
        }
        report
    }

    fn compare<T: PartialEq + Serialize>(
        &mut self,
        old: &[T],
        new: &[T],
        name: impl Fn(&T) -> Part,
    ) {
        let mut left: Vec<_> = old.iter().collect();
        for item in new {
            let Some(at) = left.iter().position(|old| name(old) == name(item)) else {
                self.changes.push(Change::Added(name(item)));
                continue;
            };
            let old = left.remove(at);
            if old != item {
                let mut keys = different_keys(&json(old), &json(item));
                if keys.is_empty() {
                    // Nothing that can be shown.
                    keys.push("secrets".to_owned());
                }
                self.changes.push(Change::Changed(name(item), keys));
            }
        }
        self.changes.extend(left.into_iter().map(|gone| Change::Removed(name(gone))));
    }
}

fn json(part: &impl Serialize) -> Value {
    // What cannot be written is compared as a whole.
    serde_json::to_value(part).unwrap_or(Value::Null)
}

/// The keys that two tables differ in, those of only one of them included.
fn different_keys(old: &Value, new: &Value) -> Vec<String> {
    let (Value::Object(old), Value::Object(new)) = (old, new) else { return Vec::new() };
    let changed = new.iter().filter(|(key, value)| old.get(*key) != Some(value));
    let gone = old.iter().filter(|(key, _)| !new.contains_key(*key));
    changed.chain(gone).map(|(key, _)| key.clone()).collect()
}

impl Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listener(endpoint) => write!(f, "listener {endpoint}"),
            Self::Realm(name) => write!(f, "realm {name}"),
            Self::Template(pattern) => write!(f, "template {pattern}"),
            Self::Key(name) => f.write_str(name),
        }
    }
}

impl Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Added(part) => write!(f, "{part} added"),
            Self::Removed(part) => write!(f, "{part} removed"),
            Self::Changed(part, keys) if keys.is_empty() => write!(f, "{part} changed"),
            Self::Pending(part, keys) => {
                write!(f, "{part} ({}) to change with the next start", keys.join(", "))
            }
            Self::Changed(part, keys) => write!(f, "{part} changed ({})", keys.join(", ")),
        }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.changes.is_empty() {
            return f.write_str("nothing changed");
        }
        for (index, change) in self.changes.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{change}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigSource;

    fn report(old: &str, new: &str) -> String {
        let load = |text: &str| ConfigSource::text(text).load().unwrap();
        Report::new(&load(old), &load(new)).to_string()
    }

    #[test]
    fn every_change_is_told() {
        let realms = |names: &[&str]| -> String {
            names.iter().map(|name| format!("[[realms]]\nname = {name:?}\n")).collect()
        };
        for (old, new, expected) in [
            ("", "", "nothing changed"),
            ("", "[[realms]]\nname = 'realm1'", "nothing changed"),
            (&realms(&["a", "b"]), &realms(&["b", "c"]), "realm c added, realm a removed"),
            ("", "watch = false", "watch changed"),
            (
                "[[realms]]\nname = 'a'\nroles = [{ name = 'x' }]",
                "[[realms]]\nname = 'a'\nroles = [{ name = 'x' }]\n[admin]\nrealm = 'a'",
                "admin (realm) to change with the next start",
            ),
            ("", "[limits]\nhello = '7s'", "limits changed (hello)"),
            (
                "",
                "[[listeners]]\nsite = false\n[[listeners]]\naddress = '[::1]:0'",
                "listener 127.0.0.1:8080 changed (site), listener [::1]:0 added",
            ),
            (
                "",
                "[[realms]]\nname = 'realm1'\nuris = 'strict'\nlimits.sessions = 7",
                "realm realm1 changed (uris, limits)",
            ),
            (
                "[[realms]]\nname = 'a'\nprincipals = [{ authid = 'x', role = 'r', ticket = 'one' }]",
                "[[realms]]\nname = 'a'\nprincipals = [{ authid = 'x', role = 'r', ticket = 'two' }]",
                "realm a changed (secrets)",
            ),
        ] {
            assert_eq!(report(old, new), expected, "{old:?} -> {new:?}");
        }
    }
}
