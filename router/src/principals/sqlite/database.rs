//! A database that is written.

use super::{DatabaseError, record, schema};
use crate::principals::Principal;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::{
    fmt,
    fs::OpenOptions,
    io,
    path::{Path, PathBuf},
};

/// A database of principals, to change it. Every method blocks, at most some seconds if somebody else is writing.
///
/// ```
/// use wamplex_router::principals::{Principal, Ticket, sqlite::Database};
///
/// # let folder = std::env::temp_dir().join(format!("wamplex-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("users.db");
/// let mut database = Database::create(&path)?;
/// let mut alice = Principal::new("alice", "user", "sqlite");
/// alice.ticket = Some(Ticket::new("a text that nobody can guess"));
/// database.add("realm1", &alice)?;
/// assert_eq!(database.list(None)?.len(), 1);
/// # drop(database);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Database {
    path: PathBuf,
    connection: Connection,
}

impl Database {
    /// Opens a database; makes one that only its owner may read if there is none.
    ///
    /// # Errors
    /// The file cannot be made or opened, or is something else.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, DatabaseError> {
        let path = path.into();
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(DatabaseError::Unreadable { path, source }),
        }
        Self::open(path)
    }

    /// Opens a database that is there.
    ///
    /// # Errors
    /// The file cannot be opened, or is something else.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, DatabaseError> {
        let path = path.into();
        let mut connection = connect(&path)?;
        schema::migrate(&mut connection)?;
        Ok(Self { path, connection })
    }

    /// Adds a principal to a realm.
    ///
    /// # Errors
    /// There is one of that name, or one with a public key or certificate of it; a secret would be kept as it is; or the
    /// database cannot be written. Then nothing has changed.
    pub fn add(&mut self, realm: &str, principal: &Principal) -> Result<(), DatabaseError> {
        self.change(|connection| {
            if exists(connection, realm, &principal.authid)? {
                let (realm, authid) = (realm.to_owned(), principal.authid.to_string());
                return Err(DatabaseError::Exists { realm, authid });
            }
            record::write(connection, realm, principal)
        })
    }

    /// Changes a principal; its name stays.
    ///
    /// # Errors
    /// There is no such principal, or it cannot be what it would become. Then nothing has changed.
    pub fn update(
        &mut self,
        realm: &str,
        authid: &str,
        change: impl FnOnce(&mut Principal),
    ) -> Result<(), DatabaseError> {
        self.change(|connection| {
            let missing = || no_such_principal(realm, authid);
            let mut principal = record::read(connection, realm, authid)?.ok_or_else(missing)?;
            let name = principal.authid.clone();
            change(&mut principal);
            principal.authid = name;
            delete(connection, realm, authid)?;
            record::write(connection, realm, &principal)
        })
    }

    /// Takes a principal out. Its sessions that are open stay open.
    ///
    /// # Errors
    /// There is no such principal, or the database cannot be written.
    pub fn remove(&mut self, realm: &str, authid: &str) -> Result<(), DatabaseError> {
        self.change(|connection| match delete(connection, realm, authid)? {
            0 => Err(no_such_principal(realm, authid)),
            _ => Ok(()),
        })
    }

    /// Reads a principal.
    ///
    /// # Errors
    /// There is none, or it cannot be read.
    pub fn get(&self, realm: &str, authid: &str) -> Result<Principal, DatabaseError> {
        let found = schema::patiently(|| record::read(&self.connection, realm, authid))?;
        found.ok_or_else(|| no_such_principal(realm, authid))
    }

    /// The principals of a realm, or of all, each with its realm, in their order.
    ///
    /// # Errors
    /// The database cannot be read, or a principal is not kept as it should be.
    pub fn list(&self, realm: Option<&str>) -> Result<Vec<(String, Principal)>, DatabaseError> {
        schema::patiently(|| self.list_once(realm))
    }

    fn list_once(&self, realm: Option<&str>) -> Result<Vec<(String, Principal)>, DatabaseError> {
        let snapshot = self.connection.unchecked_transaction()?;
        let mut statement = snapshot.prepare(
            "SELECT realm, authid FROM principals WHERE ?1 IS NULL OR realm = ?1 ORDER BY realm, authid",
        )?;
        let names = statement.query_map([realm], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut found = Vec::new();
        for name in names {
            let (realm, authid): (String, String) = name?;
            if let Some(principal) = record::read(&snapshot, &realm, &authid)? {
                found.push((realm, principal));
            }
        }
        Ok(found)
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&Connection) -> Result<T, DatabaseError>,
    ) -> Result<T, DatabaseError> {
        let connection = &self.connection;
        let transaction = schema::patiently(|| {
            Ok(Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?)
        })?;
        let done = change(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Opens a file that is there.
///
/// # Errors
/// It is not, or is no database.
pub(super) fn connect(path: &Path) -> Result<Connection, DatabaseError> {
    // SQLite says of everything only that it is unable to open the file.
    let unreadable = |source| DatabaseError::Unreadable { path: path.to_owned(), source };
    if OpenOptions::new()
        .read(true)
        .open(path)
        .and_then(|file| file.metadata())
        .map_err(unreadable)?
        .is_dir()
    {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    schema::patiently(|| schema::prepare(&connection))?;
    Ok(connection)
}

fn exists(connection: &Connection, realm: &str, authid: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM principals WHERE realm = ?1 AND authid = ?2")?
        .exists([realm, authid])
}

fn delete(connection: &Connection, realm: &str, authid: &str) -> rusqlite::Result<usize> {
    connection
        .prepare_cached("DELETE FROM principals WHERE realm = ?1 AND authid = ?2")?
        .execute([realm, authid])
}

fn no_such_principal(realm: &str, authid: &str) -> DatabaseError {
    DatabaseError::NoSuchPrincipal { realm: realm.to_owned(), authid: authid.to_owned() }
}
