//! The sources that the configuration of realms names.

use super::{Added, Chain, FileSource, Principals, Static, sqlite::Sqlite};
use crate::{
    config::{PrincipalSettings, PrincipalSource, Problem},
    watching::Watching,
};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    fmt::Display,
    path::{Path, PathBuf},
    sync::{Arc, Weak},
};

/// Opens sources. A file or database that several realms name is opened once.
#[derive(Debug, Default)]
pub(crate) struct SharedSources {
    /// What configurations say themselves, and what was made of it: deriving it takes long.
    fixed: Mutex<Vec<(Vec<PrincipalSettings>, Weak<Static>)>>,
    files: Mutex<HashMap<PathBuf, Weak<FileSource>>>,
    databases: Mutex<HashMap<PathBuf, Weak<Sqlite>>>,
    watching: Arc<Watching>,
    added: Arc<Added>,
}

impl SharedSources {
    /// Opens sources whose files are watched by this.
    pub(crate) fn new(watching: Arc<Watching>) -> Self {
        Self { watching, ..Self::default() }
    }

    /// Asks this source about the principals of a realm, after those of its configuration; `None` asks none any more.
    pub(crate) fn add(&self, realm: &str, source: Option<Arc<dyn Principals>>) {
        self.added.set(realm, source);
    }

    /// The sources of a realm: the principals that its configuration names first, then what else it names, in that order,
    /// and what the program around the router has added or will add.
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
            sources.push(self.fixed(principals)?);
        }
        for (i, source) in from.iter().enumerate() {
            let at = format!("principals_from[{i}]");
            let problem =
                |key, expected, found: &dyn Display| Problem::new(key, expected, found).below(&at);
            let one_of = "one of `file` and `sqlite`";
            match (&source.file, &source.sqlite) {
                (Some(path), None) => sources.push(
                    self.file(path)
                        .map_err(|why| problem("file", "a file with principals", &why))?,
                ),
                (None, Some(path)) => sources.push(
                    self.database(path)
                        .map_err(|why| problem("sqlite", "a database of principals", &why))?,
                ),
                (Some(_), Some(_)) => return Err(problem("", one_of, &"both")),
                (None, None) => return Err(problem("", one_of, &"neither")),
            }
        }
        sources.push(Arc::clone(&self.added) as Arc<dyn Principals>);
        Ok(Chain::new(sources))
    }

    fn fixed(&self, principals: &[PrincipalSettings]) -> Result<Arc<Static>, Problem> {
        let mut known = self.fixed.lock();
        known.retain(|(_, made)| made.strong_count() > 0);
        let same = known.iter().find(|(settings, _)| settings == principals);
        if let Some(made) = same.and_then(|(_, made)| made.upgrade()) {
            return Ok(made);
        }
        let made = Arc::new(fixed(principals)?);
        known.push((principals.to_vec(), Arc::downgrade(&made)));
        Ok(made)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principals::Lookup;
    use std::fs;

    fn settings(text: &str) -> PrincipalSettings {
        toml::from_str(text).unwrap()
    }

    async fn roles(chain: &Chain, authids: &[&str]) -> Vec<Option<String>> {
        let mut roles = Vec::new();
        for authid in authids {
            let found = chain.find("realm1", Lookup::Authid(authid)).await.unwrap();
            roles.push(found.map(|principal| principal.role.to_string()));
        }
        roles
    }

    #[tokio::test]
    async fn the_configuration_goes_before_what_else_it_names() {
        let folder = std::env::temp_dir().join(format!("wamplex-sources-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (file, database) = (folder.join("users.toml"), folder.join("users.db"));
        let two = "[[principals]]\nauthid = 'alice'\nrole = 'file'\n[[principals]]\nauthid = 'bob'\nrole = 'file'";
        fs::write(&file, two).unwrap();
        let mut users = crate::principals::sqlite::Database::create(&database).unwrap();
        for authid in ["alice", "bob", "carol"] {
            let principal = crate::principals::Principal::new(authid, "sqlite", "");
            users.add("realm1", &principal).unwrap();
        }
        let sources = SharedSources::default();
        let fixed = [settings("authid = 'alice'\nrole = 'static'")];
        let from = [
            PrincipalSource { file: Some(file.clone()), sqlite: None },
            PrincipalSource { file: None, sqlite: Some(database) },
        ];
        let chain = sources.open(&fixed, &from).unwrap();
        let expected = ["static", "file", "sqlite"].map(|role| Some(role.to_owned()));
        assert_eq!(roles(&chain, &["alice", "bob", "carol"]).await, expected);
        assert_eq!(roles(&chain, &["dave"]).await, [None]);

        // The same file serves another realm, and its changes reach both.
        let other = sources.open(&[], &from[..1]).unwrap();
        fs::write(&file, two.replace("bob", "dave")).unwrap();
        let source = sources.file(&file).unwrap();
        crate::watching::Reload::reload(&**source.file()).unwrap();
        assert_eq!(roles(&other, &["bob", "dave"]).await, [None, Some("file".to_owned())]);
        assert_eq!(roles(&chain, &["dave"]).await, [Some("file".to_owned())]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn nothing_is_derived_again_from_the_same_settings() {
        let sources = SharedSources::default();
        let scram = "scram = { password = 'x', kdf = 'pbkdf2', iterations = 4096 }";
        let one = [settings(&format!("authid = 'alice'\nrole = 'user'\n{scram}"))];
        let other = [settings(&format!("authid = 'alice'\nrole = 'admin'\n{scram}"))];
        let first = sources.fixed(&one).unwrap();
        assert!(Arc::ptr_eq(&first, &sources.fixed(&one).unwrap()));
        assert!(!Arc::ptr_eq(&first, &sources.fixed(&other).unwrap()));
    }

    #[test]
    fn what_cannot_be_opened_is_named_by_its_key() {
        let sources = SharedSources::default();
        let key = |principals: &[PrincipalSettings], from: &[PrincipalSource]| {
            sources.open(principals, from).unwrap_err().key
        };
        let nowhere = Some(PathBuf::from("/nowhere/users"));
        let alice = settings("authid = 'alice'\nrole = 'user'");
        assert_eq!(key(&[alice.clone(), alice.clone()], &[]), "principals");
        assert_eq!(key(&[alice, settings("authid = 'bob'")], &[]), "principals[1].role");
        let from = |file: &Option<PathBuf>, sqlite: &Option<PathBuf>| {
            [PrincipalSource { file: file.clone(), sqlite: sqlite.clone() }]
        };
        assert_eq!(key(&[], &from(&nowhere, &None)), "principals_from[0].file");
        assert_eq!(key(&[], &from(&None, &nowhere)), "principals_from[0].sqlite");
        assert_eq!(key(&[], &from(&nowhere, &nowhere)), "principals_from[0]");
        assert_eq!(key(&[], &from(&None, &None)), "principals_from[0]");
    }
}
