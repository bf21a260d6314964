//! A configuration file as it stands, with the place of every key.

use super::problems::{Problem, join};
use std::{
    fmt::{self, Display},
    ops::Range,
    path::{Path, PathBuf},
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A TOML document, and what the environment changed in it.
pub(super) struct Document<'a> {
    path: Option<&'a Path>,
    text: &'a str,
    pub(super) table: Spanned<DeTable<'a>>,
    /// The variables whose values were put in. The value of the n-th one spans the n-th place behind the text.
    variables: Vec<&'a str>,
}

/// Where something stands that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// In a file.
    File {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The character of the line, from 1.
        column: usize,
    },
    /// In an environment variable of this name.
    Variable(String),
    /// In what was said without a file: on the command line, or by a program.
    Elsewhere,
}

/// Something that is wrong with a configuration, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What.
    pub problem: Problem,
}

/// One step of the path of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl<'a> Document<'a> {
    /// Reads a text; `path` is where it is from.
    ///
    /// # Errors
    /// Everything that is not TOML.
    pub(super) fn parse(path: Option<&'a Path>, text: &'a str) -> Result<Self, Vec<Fault>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        let document = Self { path, text, table, variables: Vec::new() };
        if errors.is_empty() {
            return Ok(document);
        }
        let mut faults: Vec<_> = errors.iter().map(|error| document.not_toml(error)).collect();
        faults.sort_by_key(|fault| fault.place.position());
        Err(faults)
    }

    fn not_toml(&self, error: &toml::de::Error) -> Fault {
        let found = format!("a mistake: {}", error.message());
        let problem = Problem { key: String::new(), expected: "TOML".to_owned(), found };
        Fault { place: self.place(&error.span().unwrap_or_default()), problem }
    }

    /// Where a span is.
    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        if let Some(variable) = span.start.checked_sub(self.text.len() + 1) {
            let variable = self.variables.get(variable);
            return variable.map_or(Place::Elsewhere, |name| Place::Variable((*name).to_owned()));
        }
        let Some(path) = self.path else { return Place::Elsewhere };
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let column = before.get(line_start..).map_or(0, |line| line.chars().count()) + 1;
        Place::File { path: path.to_owned(), line: before.matches('\n').count() + 1, column }
    }

    /// Says where a problem stands: at the value of its key, or of the nearest table around it.
    pub(super) fn locate(&self, problem: Problem) -> Fault {
        Fault { place: self.place(&self.span_of(&problem.key)), problem }
    }

    fn span_of(&self, key: &str) -> Range<usize> {
        let mut steps = steps(key);
        let Some(Step::Key(first)) = steps.next() else { return 0..0 };
        let Some(mut value) = self.table.get_ref().get(first) else { return 0..0 };
        for step in steps {
            let inner = match (step, value.get_ref()) {
                (Step::Key(key), DeValue::Table(table)) => table.get(key),
                (Step::Index(index), DeValue::Array(array)) => array.get(index),
                (Step::Key(_) | Step::Index(_), _) => None,
            };
            match inner {
                Some(inner) => value = inner,
                None => break,
            }
        }
        value.span()
    }

    /// The path of the key whose value spans this most closely.
    pub(super) fn key_at(&self, span: &Range<usize>) -> String {
        let mut found = (usize::MAX, String::new());
        visit(self.table.get_ref(), "", &mut |key, value| {
            let around = value.span();
            if around.start <= span.start && span.end <= around.end && around.len() < found.0 {
                found = (around.len(), key.to_owned());
            }
        });
        found.1
    }

    /// Where the value of a variable is said to be that is put in next.
    pub(super) fn span_of_variable(&mut self, name: &'a str) -> Range<usize> {
        let start = self.text.len() + 1 + self.variables.len();
        self.variables.push(name);
        start..start + 1
    }

    /// The folder that relative paths are relative to.
    pub(super) fn folder(&self) -> Option<&'a Path> {
        self.path.and_then(Path::parent)
    }
}

/// Visits all values of a table, with the paths of their keys.
fn visit(table: &DeTable<'_>, path: &str, each: &mut dyn FnMut(&str, &Spanned<DeValue<'_>>)) {
    for (key, value) in table {
        visit_value(value, &join(path, key.get_ref()), each);
    }
}

fn visit_value(
    value: &Spanned<DeValue<'_>>,
    path: &str,
    each: &mut dyn FnMut(&str, &Spanned<DeValue<'_>>),
) {
    each(path, value);
    if let Some(table) = value.get_ref().as_table() {
        visit(table, path, each);
    }
    if let Some(array) = value.get_ref().as_array() {
        for (index, item) in array.iter().enumerate() {
            visit_value(item, &format!("{path}[{index}]"), each);
        }
    }
}

/// The steps of the path of a key such as `realms[0].name`.
pub(super) fn steps(key: &str) -> impl Iterator<Item = Step<'_>> {
    let names = key.split(['.', '[']).filter(|step| !step.is_empty());
    names.map(|step| match step.strip_suffix(']').map(str::parse) {
        Some(Ok(index)) => Step::Index(index),
        Some(Err(_)) | None => Step::Key(step),
    })
}

/// What a value is, for messages about one that does not fit.
pub(super) fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(time) => format!("the time {time}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

impl Place {
    /// The order in which faults are told: what is in no file comes last.
    pub(super) const fn position(&self) -> (usize, usize) {
        match self {
            Self::File { line, column, .. } => (*line, *column),
            Self::Variable(_) | Self::Elsewhere => (usize::MAX, 0),
        }
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Elsewhere => f.write_str("configuration"),
        }
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "a = 1\n[[b]]\nc = 'x'\n[[b]]\nd = [1, 22]\n  'é' = 7\n";

    fn at(document: &Document<'_>, key: &str) -> String {
        document.place(&document.span_of(key)).to_string()
    }

    #[test]
    fn every_key_has_a_place() {
        let document = Document::parse(Some(Path::new("x.toml")), TEXT).unwrap();
        for (key, place) in [
            ("", "x.toml:1:1"),
            ("a", "x.toml:1:5"),
            ("b[0].c", "x.toml:3:5"),
            ("b[1].d[1]", "x.toml:5:9"),
            ("b[1].é", "x.toml:6:9"),
            ("b[1].missing", "x.toml:4:1"),
            ("missing", "x.toml:1:1"),
        ] {
            assert_eq!(at(&document, key), place, "{key}");
            if !key.is_empty() && !key.contains("missing") {
                assert_eq!(document.key_at(&document.span_of(key)), key);
            }
        }
    }

    #[test]
    fn what_the_environment_said_is_there() {
        let mut document = Document::parse(None, "a = 1").unwrap();
        assert_eq!(at(&document, "a"), "configuration");
        let (first, second) = (document.span_of_variable("X"), document.span_of_variable("Y"));
        assert_eq!(document.place(&first).to_string(), "environment variable X");
        assert_eq!(document.place(&second).to_string(), "environment variable Y");
    }

    #[test]
    fn everything_that_is_not_toml_is_told() {
        let faults =
            Document::parse(Some(Path::new("x.toml")), "a = \nb = 1\nc = [1\n").err().unwrap();
        let places: Vec<_> = faults.iter().map(|fault| fault.place.to_string()).collect();
        assert_eq!(places, ["x.toml:1:5", "x.toml:3:7"], "{faults:?}");
    }
}
