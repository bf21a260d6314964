//! The sources that the configuration of realms names.

use super::{Chain, FileSource, Principals, Static, sqlite::Sqlite};
use crate::{
    config::{PrincipalSettings, PrincipalSource, Problem},
    watching::Watching,
};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
};

/// Opens sources. A file or database that several realms name is opened once.
#[derive(Debug, Default)]
pub(crate) struct SharedSources {
    files: Mutex<HashMap<PathBuf, Weak<FileSource>>>,
    databases: Mutex<HashMap<PathBuf, Weak<Sqlite>>>,
    watching: Arc<Watching>,
}

impl SharedSources {
    /// Opens sources whose files are watched by this.
    pub(crate) fn new(watching: Arc<Watching>) -> Self {
        Self { watching, ..Self::default() }
    }

    /// The sources of a realm: the principals that its configuration names first, then what else it names, in that order.
    ///
    /// Blocks while it reads, and for what is derived from passwords.
    ///
    /// # Errors
    /// Says which key of the realm is wrong, or which file cannot be used.
    pub(crate) fn open(
        &self,
        principals: &[PrincipalSettings],
        from: &[PrincipalSource],
    ) -> Result<Chain, Problem> {
        let mut sources: Vec<Arc<dyn Principals>> = Vec::new();
        if !principals.is_empty() {
            sources.push(Arc::new(fixed(principals)?));
        }
        for (i, source) in from.iter().enumerate() {
            let key = |key| format!("principals_from[{i}].{key}");
            match (&source.file, &source.sqlite) {
                (Some(path), None) => sources
                    .push(self.file(path).map_err(|why| {
                        Problem::new(&key("file"), "a file with principals", why)
                    })?),
                (None, Some(path)) => sources.push(self.database(path).map_err(|why| {
                    Problem::new(&key("sqlite"), "a database of principals", why)
                })?),
                (Some(_), Some(_)) => {
                    return Err(Problem::new(&key(""), "`file` or `sqlite`", "both"));
                }
                (None, None) => {
                    return Err(Problem::new(&key(""), "`file` or `sqlite`", "neither"));
                }
            }
        }
        Ok(Chain::new(sources))
    }

    fn file(&self, path: &Path) -> Result<Arc<FileSource>, String> {
        let mut files = self.files.lock();
        files.retain(|_, file| file.strong_count() > 0);
        if let Some(open) = files.get(path).and_then(Weak::upgrade) {
            return Ok(open);
        }
        let source = Arc::new(FileSource::open(path).map_err(|error| error.to_string())?);
        self.watching
            .add(source.file())
            .map_err(|error| format!("cannot watch {}: {error}", path.display()))?;
        files.insert(path.to_owned(), Arc::downgrade(&source));
        Ok(source)
    }

    fn database(&self, path: &Path) -> Result<Arc<Sqlite>, String> {
        let mut databases = self.databases.lock();
        databases.retain(|_, database| database.strong_count() > 0);
        if let Some(open) = databases.get(path).and_then(Weak::upgrade) {
            return Ok(open);
        }
        let source = Sqlite::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let source = Arc::new(source);
        databases.insert(path.to_owned(), Arc::downgrade(&source));
        Ok(source)
    }
}

fn fixed(principals: &[PrincipalSettings]) -> Result<Static, Problem> {
    let key = |i| format!("principals[{i}]");
    let made = principals.iter().enumerate().map(|(i, settings)| {
        settings.principal(Static::PROVIDER).map_err(|problem| problem.below(&key(i)))
    });
    let made: Vec<_> = made.collect::<Result<_, _>>()?;
    Static::new(made)
        .map_err(|error| Problem::new("principals", "principals that can be told apart", error))
}
