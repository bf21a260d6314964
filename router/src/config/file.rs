//! Reads the configuration from a file and the environment.

use super::{
    RouterConfig,
    conform::conform,
    document::{Document, Fault},
    overrides::override_keys,
    problems::Problem,
    schema::{Part, schema},
};
use serde::Deserialize;
use std::{
    env, fmt, fs, io,
    ops::Range,
    path::{Path, PathBuf},
};

/// A file with the configuration of a router, and the environment variables that change it.
///
/// ```
/// use wamplex_router::config::ConfigSource;
///
/// let source = ConfigSource::text("[[realms]]\nname = 'com.example.realm'");
/// assert_eq!(source.load().unwrap().realms[0].name, "com.example.realm");
///
/// let problems = ConfigSource::text("[[realms]]\nnme = 'com.example.realm'").load().unwrap_err();
/// let expected = "configuration:2:1: realms[0].nme: expected a known key such as `name`, found `nme`";
/// assert!(problems.to_string().starts_with(expected), "{problems}");
/// ```
#[derive(Clone, Debug)]
pub struct ConfigSource {
    file: Option<PathBuf>,
    text: Option<String>,
    variables: Vec<(String, String)>,
}

/// A configuration that cannot be used, and why.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Something is wrong in it.
    #[error("{}", Lines(.0))]
    Faults(Vec<Fault>),
}

/// Faults, one in a line.
struct Lines<'a>(&'a [Fault]);

impl ConfigSource {
    /// A file, and the environment of this process. The file is read at each [`load`](Self::load).
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { file: Some(path.into()), ..Self::environment() }
    }

    /// The default, and the environment of this process.
    #[must_use]
    pub fn environment() -> Self {
        // Names and values that are no text cannot be ours.
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self { file: None, text: None, variables: env::vars_os().filter_map(text).collect() }
    }

    /// A text, and no environment.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { file: None, text: Some(text.into()), variables: Vec::new() }
    }

    /// The same, with these variables instead of the environment.
    #[must_use]
    pub fn with_variables(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        self.variables = variables.into_iter().collect();
        self
    }

    /// The file, if there is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// Reads the configuration and checks it.
    ///
    /// # Errors
    /// The file cannot be read, or something is wrong in it: everything that could be found out.
    pub fn load(&self) -> Result<RouterConfig, ConfigError> {
        let text = match (&self.file, &self.text) {
            (Some(path), _) => fs::read_to_string(path)
                .map_err(|source| ConfigError::Read { path: path.clone(), source })?,
            (None, Some(text)) => text.clone(),
            (None, None) => String::new(),
        };
        let name = Path::new("configuration");
        let path = self.file.as_deref().or_else(|| self.text.as_ref().map(|_| name));
        read(path, &text, &self.variables).map_err(ConfigError::Faults)
    }
}

fn read(
    path: Option<&Path>,
    text: &str,
    variables: &[(String, String)],
) -> Result<RouterConfig, Vec<Fault>> {
    let document = conforming(path, text, variables)?;
    let config = deserialize(&document)?;
    let problems = config.check();
    if problems.is_empty() {
        return Ok(config);
    }
    let faults = problems.into_vec().into_iter().map(|problem| document.locate(problem));
    Err(sorted(faults.collect()))
}

/// The document, if it fits the schema.
fn conforming<'a>(
    path: Option<&'a Path>,
    text: &'a str,
    variables: &'a [(String, String)],
) -> Result<Document<'a>, Vec<Fault>> {
    let mut document = Document::parse(path, text)?;
    let mut faults = Vec::new();
    // The schema of a struct is an object.
    if let Some(schema) = Part::root(schema()) {
        faults.extend(override_keys(&mut document, schema, variables));
        faults.extend(conform(&mut document, schema));
    }
    if faults.is_empty() { Ok(document) } else { Err(sorted(faults)) }
}

fn sorted(mut faults: Vec<Fault>) -> Vec<Fault> {
    faults.sort_by_key(|fault| fault.place.position());
    faults
}

/// A configuration of which only each value fits.
#[cfg(test)]
pub(super) fn read_unchecked(text: &str) -> Result<RouterConfig, Vec<Fault>> {
    deserialize(&conforming(None, text, &[])?)
}

/// Makes the configuration of a document that fits the schema. What a type demands beyond its schema is found one by one.
fn deserialize(document: &Document<'_>) -> Result<RouterConfig, Vec<Fault>> {
    let deserializer = toml::de::Deserializer::from(document.table.clone());
    RouterConfig::deserialize(deserializer).map_err(|error| {
        let span: Range<usize> = error.span().unwrap_or_default();
        let message = error.message();
        let split = message.strip_prefix("expected ").and_then(|text| text.rsplit_once(", found "));
        let (expected, found) = split.unwrap_or(("a value that fits", message));
        let problem = Problem {
            key: document.key_at(&span),
            expected: expected.to_owned(),
            found: found.to_owned(),
        };
        vec![Fault { place: document.place(&span), problem }]
    })
}

impl fmt::Display for Lines<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let newline = if index > 0 { "\n" } else { "" };
            write!(f, "{newline}{fault}")?;
        }
        Ok(())
    }
}
