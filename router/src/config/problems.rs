//! What is wrong with a configuration.

use std::fmt::{self, Display, Write as _};

/// One thing that is wrong with a configuration.
///
/// ```
/// use wamplex_router::config::Problem;
/// let problem = Problem {
///     key: "realms[0].name".into(),
///     expected: "a URI without empty components".into(),
///     found: "\"com..example\"".into(),
/// };
/// let text = "realms[0].name: expected a URI without empty components, found \"com..example\"";
/// assert_eq!(problem.to_string(), text);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The path of the key from the root of the configuration, such as `realms[0].name`.
    pub key: String,
    /// What the key takes.
    pub expected: String,
    /// What it was given.
    pub found: String,
}

impl Problem {
    /// Says that `key` should be one thing and is another one.
    pub(crate) fn new(key: &str, expected: impl Into<String>, found: impl Display) -> Self {
        Self { key: key.to_owned(), expected: expected.into(), found: found.to_string() }
    }

    /// The same problem, of the part under `key`.
    pub(crate) fn below(mut self, key: &str) -> Self {
        self.key = join(key, &self.key);
        self
    }
}

/// Gathers everything that is wrong with a configuration while it is checked, and knows which part is being checked.
///
/// ```
/// use wamplex_router::config::Problems;
///
/// struct Realm { name: String, most: usize, least: usize }
/// impl Realm {
///     fn check(&self, problems: &mut Problems) {
///         if self.name.is_empty() {
///             problems.add("name", "the name of a realm", "nothing");
///         }
///         problems.expect(self.least <= self.most, "least", format!("at most {}", self.most), self.least);
///     }
/// }
/// let mut problems = Problems::default();
/// let realms = [Realm { name: String::new(), most: 2, least: 3 }];
/// problems.each("realms", &realms, |realm, problems| realm.check(problems));
/// let found: Vec<_> = problems.iter().map(ToString::to_string).collect();
/// let first = "realms[0].name: expected the name of a realm, found nothing";
/// assert_eq!(found, [first, "realms[0].least: expected at most 2, found 3"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Problems {
    within: String,
    found: Vec<Problem>,
}

impl Problems {
    /// Notes that `key` of the part that is being checked is wrong. An empty `key` is that part itself.
    pub fn add(&mut self, key: &str, expected: impl Into<String>, found: impl Display) {
        let key = join(&self.within, key);
        self.found.push(Problem { key, expected: expected.into(), found: found.to_string() });
    }

    /// Notes that `key` is wrong unless `holds`.
    pub fn expect(
        &mut self,
        holds: bool,
        key: &str,
        expected: impl Into<String>,
        found: impl Display,
    ) {
        if !holds {
            self.add(key, expected, found);
        }
    }

    /// Checks the part under `key`.
    pub fn within(&mut self, key: &str, check: impl FnOnce(&mut Self)) {
        let length = self.within.len();
        self.within = join(&self.within, key);
        check(self);
        self.within.truncate(length);
    }

    /// Checks each element of the list under `key`.
    pub fn each<'a, T>(
        &mut self,
        key: &str,
        items: &'a [T],
        mut check: impl FnMut(&'a T, &mut Self),
    ) {
        for (index, item) in items.iter().enumerate() {
            self.within(&format!("{key}[{index}]"), |problems| check(item, problems));
        }
    }

    /// Whether nothing is wrong so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// What is wrong so far, in the order of the checks.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.found.iter()
    }

    /// What is wrong, in the order of the checks.
    #[must_use]
    pub fn into_vec(self) -> Vec<Problem> {
        self.found
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The path of `key` below `path`; `key` may be empty, a name, a path, or an index such as `[0]`.
pub(super) fn join(path: &str, key: &str) -> String {
    let mut joined = path.to_owned();
    if !path.is_empty() && !key.is_empty() && !key.starts_with('[') {
        joined.push('.');
    }
    joined.push_str(key);
    joined
}

impl Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str("expected ")?;
        f.write_str(&self.expected)?;
        f.write_str(", found ")?;
        // What was found comes from outside: a line of the report stays one line.
        for c in self.found.chars() {
            if c.is_control() { write!(f, "{}", c.escape_default())? } else { f.write_char(c)? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_has_the_path_of_its_key() {
        let mut problems = Problems::default();
        problems.within("listeners[1]", |problems| {
            problems.within("tls", |problems| problems.add("key", "a file", "nothing"));
            problems.add("", "an address", "none");
        });
        problems.add("realms", "one at least", "none");
        let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(keys, ["listeners[1].tls.key", "listeners[1]", "realms"]);
    }

    #[test]
    fn what_was_found_stays_on_its_line() {
        let mut problems = Problems::default();
        problems.expect(true, "a", "x", "y");
        problems.expect(false, "b", "x", "y\nz\u{7}");
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["b: expected x, found y\\nz\\u{7}"]);
    }
}
