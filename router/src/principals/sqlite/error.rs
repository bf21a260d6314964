//! What can be wrong with a database, or with what is wanted of it.

use std::{io, path::PathBuf};

/// What a database of principals refuses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// There is no such file, or it cannot be used.
    #[error("cannot open {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// SQLite cannot do it.
    #[error("the database cannot be used: {0}")]
    Sqlite(#[from] rusqlite::Error),
    /// The file is a database of something else.
    #[error("this is a database of another program")]
    Foreign,
    /// A newer version of this program has made the database.
    #[error("the database has version {found}, this program knows versions up to {known}")]
    Newer {
        /// The version it has.
        found: usize,
        /// The newest version that is known here.
        known: usize,
    },
    /// An older version of this program has made the database, and it was opened to be read only.
    #[error(
        "the database has version {found} and not {known}: any `wamplex user` command that writes brings it up to date"
    )]
    Older {
        /// The version it has.
        found: usize,
        /// The version that is needed.
        known: usize,
    },
    /// There is such a principal already.
    #[error("there is a user `{authid}` in the realm `{realm}` already")]
    Exists {
        /// The realm.
        realm: String,
        /// The principal.
        authid: String,
    },
    /// There is no such principal.
    #[error("there is no user `{authid}` in the realm `{realm}`")]
    NoSuchPrincipal {
        /// The realm.
        realm: String,
        /// The principal.
        authid: String,
    },
    /// A public key or certificate belongs to another principal of the realm.
    #[error("the {what} belongs to the user `{authid}` already")]
    Taken {
        /// What it is.
        what: String,
        /// Whose it is.
        authid: String,
    },
    /// A secret would be kept as it is.
    #[error("the {0} would be kept as it is, and not what is derived from it")]
    Plain(&'static str),
    /// A principal is kept in a form that cannot be read.
    #[error("the user `{authid}` of the realm `{realm}` cannot be read: {reason}")]
    Malformed {
        /// The realm.
        realm: String,
        /// The principal.
        authid: String,
        /// What is wrong; never a secret.
        reason: String,
    },
}
