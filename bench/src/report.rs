//! Rows of figures, for people and for machines.

use serde_json::{Map, Value, json};
use std::{
    fmt::Display,
    io::{self, Write},
};

/// One measurement: what was set, and what came out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Row {
    /// The scenario.
    pub(crate) scenario: &'static str,
    /// What was set.
    pub(crate) settings: Vec<(&'static str, String)>,
    /// What was measured. Names end with the unit where there is one.
    pub(crate) figures: Vec<(&'static str, f64)>,
}

impl Row {
    /// A row without figures.
    pub(crate) fn new(scenario: &'static str) -> Self {
        Self { scenario, ..Self::default() }
    }

    /// Adds what was set.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.settings.push((name, value.to_string()));
        self
    }

    /// Adds a figure.
    pub(crate) fn put(&mut self, name: &'static str, value: f64) {
        self.figures.push((name, value));
    }

    /// What was set under this name. The scenario is such a setting too.
    pub(crate) fn setting(&self, name: &str) -> Option<&str> {
        if name == "scenario" {
            return Some(self.scenario);
        }
        self.settings.iter().find(|(set, _)| *set == name).map(|(_, value)| &**value)
    }

    /// The figure of this name.
    pub(crate) fn figure(&self, name: &str) -> Option<f64> {
        self.figures.iter().find(|(put, _)| *put == name).map(|(_, value)| *value)
    }

    fn cells(&self) -> Vec<(&'static str, String)> {
        let figures = self.figures.iter().map(|(name, value)| (*name, figure(*value)));
        self.settings.iter().cloned().chain(figures).collect()
    }

    fn json(&self) -> Value {
        let mut object = Map::new();
        object.insert("scenario".to_owned(), json!(self.scenario));
        for (name, value) in &self.settings {
            let number = value.parse::<u64>().map(Value::from);
            object.insert((*name).to_owned(), number.unwrap_or_else(|_| json!(value)));
        }
        for (name, value) in &self.figures {
            object.insert((*name).to_owned(), json!(value));
        }
        Value::Object(object)
    }
}

/// Writes rows to standard output as they come.
#[derive(Debug)]
pub(crate) struct Report {
    json: bool,
    header: Vec<&'static str>,
}

impl Report {
    /// Rows as lines of JSON, or as a table.
    pub(crate) fn new(json: bool) -> Self {
        Self { json, header: Vec::new() }
    }

    /// Writes a row.
    pub(crate) fn write(&mut self, row: &Row) -> io::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            writeln!(out, "{}", row.json())?;
            return out.flush();
        }
        let cells = row.cells();
        let header: Vec<_> = cells.iter().map(|(name, _)| *name).collect();
        if header != self.header {
            writeln!(
                out,
                "{:10}{}",
                row.scenario,
                header.iter().map(|n| pad(n, n)).collect::<String>()
            )?;
            self.header = header;
        }
        writeln!(out, "{:10}{}", "", cells.iter().map(|(n, v)| pad(n, v)).collect::<String>())?;
        out.flush()
    }
}

fn pad(name: &str, value: &str) -> String {
    let width = name.len().max(9);
    format!("  {value:>width$}")
}

/// A number with as many digits as it deserves.
pub(crate) fn figure(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 1000.0 {
        format!("{value:.0}")
    } else if value.abs() >= 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}
