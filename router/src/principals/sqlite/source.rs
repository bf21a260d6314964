//! A database that routers read.

use super::{DatabaseError, database, record, schema};
use crate::principals::{CertificateMark, Finding, Lookup, Principal, Principals, SourceError};
use parking_lot::Mutex;
use rusqlite::Connection;
use std::{
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::Semaphore;

/// How many searches go on at once, each with a thread and a connection of its own. Others wait.
const CONNECTIONS: usize = 4;

/// Principals in a SQLite database, as `wamplex user` writes it. Many realms may share one.
///
/// What is written holds from the next search on. A file that is replaced by another one is noticed; if it goes away,
/// nobody is found any more, and searches fail.
pub struct Sqlite {
    pool: Arc<Pool>,
    /// Gives way to searches in their order.
    room: Arc<Semaphore>,
}

struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Open>>,
}

/// A connection, and the file it is one to.
struct Open {
    file: FileId,
    connection: Connection,
}

/// What tells a file from another one of its name.
type FileId = (u64, u64);

/// Whom a search is for, on another thread.
enum Wanted {
    Authid(String),
    Key([u8; 32]),
    Certificate(Vec<CertificateMark>),
}

impl Sqlite {
    /// Opens a database that is there.
    ///
    /// # Errors
    /// The file cannot be opened, or is no database of principals of this version.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, DatabaseError> {
        let pool = Pool { path: path.into(), idle: Mutex::default() };
        let open = pool.connect()?;
        pool.idle.lock().push(open);
        Ok(Self { pool: Arc::new(pool), room: Arc::new(Semaphore::new(CONNECTIONS)) })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.pool.path
    }

    async fn search(
        &self,
        realm: String,
        wanted: Wanted,
    ) -> Result<Option<Principal>, SourceError> {
        let failed = |reason: &dyn fmt::Display| SourceError::new(record::PROVIDER, reason);
        let room = Arc::clone(&self.room).acquire_owned().await.map_err(|error| failed(&error))?;
        let pool = Arc::clone(&self.pool);
        // The search ends by itself, also if nobody waits for it any more: until then its room is taken.
        let searched = tokio::task::spawn_blocking(move || {
            let found = pool.search(&realm, &wanted);
            drop(room);
            found
        });
        searched.await.map_err(|error| failed(&error))?.map_err(|error| failed(&error))
    }
}

impl Principals for Sqlite {
    fn provider(&self) -> &str {
        record::PROVIDER
    }

    fn find<'a>(&'a self, realm: &'a str, who: Lookup<'a>) -> Finding<'a> {
        let wanted = match who {
            Lookup::Authid(authid) => Wanted::Authid(authid.to_owned()),
            Lookup::PublicKey(key) => Wanted::Key(*key),
            Lookup::Certificate(certificate) => {
                Wanted::Certificate(certificate.marks().cloned().collect())
            }
        };
        Box::pin(async move { Ok(self.search(realm.to_owned(), wanted).await?.map(Arc::new)) })
    }
}

impl fmt::Debug for Sqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqlite").field("path", &self.pool.path).finish_non_exhaustive()
    }
}

impl Pool {
    fn search(&self, realm: &str, wanted: &Wanted) -> Result<Option<Principal>, DatabaseError> {
        let open = self.take()?;
        let found = schema::patiently(|| search(&open.connection, realm, wanted))?;
        // A connection that has failed is not used again.
        self.idle.lock().push(open);
        Ok(found)
    }

    /// A connection to the file that is there now.
    fn take(&self) -> Result<Open, DatabaseError> {
        let file = self.file()?;
        loop {
            let idle = self.idle.lock().pop();
            match idle {
                Some(open) if open.file == file => return Ok(open),
                Some(replaced) => drop(replaced),
                None => return self.connect(),
            }
        }
    }

    fn connect(&self) -> Result<Open, DatabaseError> {
        let file = self.file()?;
        let connection = database::connect(&self.path)?;
        connection.pragma_update(None, "query_only", true)?;
        schema::patiently(|| schema::check(&connection))?;
        Ok(Open { file, connection })
    }

    fn file(&self) -> Result<FileId, DatabaseError> {
        file_id(&self.path)
            .map_err(|source| DatabaseError::Unreadable { path: self.path.clone(), source })
    }
}

fn search(
    connection: &Connection,
    realm: &str,
    wanted: &Wanted,
) -> Result<Option<Principal>, DatabaseError> {
    // All rows of a principal are of one moment.
    let snapshot = connection.unchecked_transaction()?;
    let authid = match wanted {
        Wanted::Authid(authid) => return record::read(&snapshot, realm, authid),
        Wanted::Key(key) => record::owner_of_key(&snapshot, realm, key)?,
        Wanted::Certificate(marks) => {
            let mut owner = None;
            for mark in marks {
                owner = record::owner_of_mark(&snapshot, realm, mark)?;
                if owner.is_some() {
                    break;
                }
            }
            owner
        }
    };
    authid.map_or(Ok(None), |authid| record::read(&snapshot, realm, &authid))
}

#[cfg(unix)]
fn file_id(path: &Path) -> io::Result<FileId> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}

/// Where files in use cannot be replaced, there is only one of a name.
#[cfg(not(unix))]
fn file_id(path: &Path) -> io::Result<FileId> {
    fs::metadata(path).map(|_| (0, 0))
}
