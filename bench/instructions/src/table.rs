//! The committed counts.

use std::{collections::BTreeMap, fmt::Write as _};

/// Counts, and where they were taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) environment: String,
    pub(crate) counts: BTreeMap<String, u64>,
}

/// Why a text is no table: the number of the line, from 1.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {0} is neither `environment = \"…\"` nor `\"path\" = count`")]
pub(crate) struct BadLine(usize);

const HEADER: &str = "\
# Instructions of one repetition of each path. `tests/run instructions` compares; to write this anew, after a change
# that is meant to cost or save something: bench/instructions/run write
";

impl Table {
    /// The table as TOML.
    pub(crate) fn to_text(&self) -> String {
        let mut text =
            format!("{HEADER}environment = \"{}\"\n\n[instructions]\n", self.environment);
        for (name, count) in &self.counts {
            let _ = writeln!(text, "\"{name}\" = {count}");
        }
        text
    }

    /// Reads what [`to_text`](Self::to_text) writes, which is all that is there.
    pub(crate) fn from_text(text: &str) -> Result<Self, BadLine> {
        let mut table = Self { environment: String::new(), counts: BTreeMap::new() };
        for (number, line) in text.lines().enumerate() {
            if line.is_empty() || line.starts_with(['#', '[']) {
                continue;
            }
            let entry = line.split_once(" = ").and_then(|(key, value)| table.take(key, value));
            entry.ok_or(BadLine(number + 1))?;
        }
        Ok(table)
    }

    fn take(&mut self, key: &str, value: &str) -> Option<()> {
        if key == "environment" {
            unquoted(value)?.clone_into(&mut self.environment);
        } else {
            self.counts.insert(unquoted(key)?.to_owned(), value.parse().ok()?);
        }
        Some(())
    }
}

fn unquoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_reads_back_as_it_was_written() {
        let counts = BTreeMap::from([("a/b".to_owned(), 7), ("c".to_owned(), 0)]);
        let table = Table { environment: "rustc 1, libc 2".to_owned(), counts };
        assert_eq!(Table::from_text(&table.to_text()), Ok(table));
    }

    #[test]
    fn a_line_that_is_not_understood_is_named() {
        for line in ["a = 7", "\"a\" = x", "\"a\"", "environment = x"] {
            assert_eq!(Table::from_text(&format!("# table\n{line}\n")), Err(BadLine(2)), "{line}");
        }
    }
}
