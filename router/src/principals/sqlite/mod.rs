//! Principals in a SQLite database: many realms in one file, written by `wamplex user` while routers read it.

mod database;
mod error;
mod record;
mod schema;
mod source;

pub use database::Database;
pub use error::DatabaseError;
pub use source::Sqlite;
