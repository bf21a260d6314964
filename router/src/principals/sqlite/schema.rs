//! The tables of a database of principals, and how an older database becomes a newer one.

use super::DatabaseError;
use rusqlite::{Connection, ErrorCode, TransactionBehavior};
use std::{
    thread,
    time::{Duration, Instant},
};

/// What the file says it is: "wmpx".
const APPLICATION: i32 = 0x776d_7078;

/// How long one who writes or reads waits for another one.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long between two attempts where SQLite does not wait itself.
const PAUSE: Duration = Duration::from_millis(10);

/// What makes each version of the tables out of the one before; the first out of an empty file.
const STEPS: &[&str] = &["
    CREATE TABLE principals (
        realm   TEXT NOT NULL CHECK (realm <> ''),
        authid  TEXT NOT NULL CHECK (authid <> ''),
        role    TEXT NOT NULL CHECK (role <> ''),
        extra   TEXT NOT NULL DEFAULT '{}' CHECK (json_type(extra) = 'object'),
        PRIMARY KEY (realm, authid)
    ) STRICT, WITHOUT ROWID;

    -- What a principal proves itself with by `ticket`, `wampcra` or `scram`: never a secret, but what is derived from it,
    -- as a JSON object with the keys of the configuration.
    CREATE TABLE credentials (
        realm   TEXT NOT NULL,
        authid  TEXT NOT NULL,
        method  TEXT NOT NULL CHECK (method IN ('ticket', 'wampcra', 'scram')),
        value   TEXT NOT NULL CHECK (json_type(value) = 'object'),
        PRIMARY KEY (realm, authid, method),
        FOREIGN KEY (realm, authid) REFERENCES principals ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;

    -- Ed25519 keys of `cryptosign`; one key belongs to one principal.
    CREATE TABLE public_keys (
        realm   TEXT NOT NULL,
        key     BLOB NOT NULL CHECK (length(key) = 32),
        authid  TEXT NOT NULL,
        PRIMARY KEY (realm, key),
        FOREIGN KEY (realm, authid) REFERENCES principals ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX public_keys_of ON public_keys (realm, authid);

    -- What certificates are recognised by: a fingerprint in lower-case hexadecimal digits, or a name.
    CREATE TABLE certificates (
        realm   TEXT NOT NULL,
        kind    TEXT NOT NULL CHECK (kind IN ('fingerprint', 'common_name', 'email', 'dns', 'uri')),
        value   TEXT NOT NULL CHECK (value <> ''),
        authid  TEXT NOT NULL,
        PRIMARY KEY (realm, kind, value),
        FOREIGN KEY (realm, authid) REFERENCES principals ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX certificates_of ON certificates (realm, authid);
"];

/// What every connection is told first.
///
/// # Errors
/// The file is no database.
pub(super) fn prepare(connection: &Connection) -> Result<(), DatabaseError> {
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // Text that others have put there is data, not code.
    connection.pragma_update(None, "trusted_schema", false)?;
    Ok(())
}

/// Makes the tables those of this program, and lets readers read while somebody writes.
///
/// # Errors
/// The database is of another program or of a newer version, or cannot be written.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), DatabaseError> {
    patiently(|| apply(connection, STEPS))?;
    write_ahead(connection)
}

/// Finds out whether the tables are those of this program.
///
/// # Errors
/// They are others, or older.
pub(super) fn check(connection: &Connection) -> Result<(), DatabaseError> {
    let moment = connection.unchecked_transaction()?;
    match version(&moment, STEPS.len())? {
        found if found == STEPS.len() => Ok(()),
        found => Err(DatabaseError::Older { found, known: STEPS.len() }),
    }
}

fn apply(connection: &mut Connection, steps: &[&str]) -> Result<(), DatabaseError> {
    // All of one moment: somebody else may be making the tables just now.
    let moment = connection.unchecked_transaction()?;
    let found = version(&moment, steps.len())?;
    drop(moment);
    if found == steps.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Somebody else may have done it in the meantime.
    let found = version(&transaction, steps.len())?;
    for step in &steps[found..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    let version = i32::try_from(steps.len()).unwrap_or(i32::MAX);
    transaction.pragma_update(None, "user_version", version)?;
    Ok(transaction.commit()?)
}

/// Lets readers read while somebody writes (write-ahead log). The file remembers it.
fn write_ahead(connection: &Connection) -> Result<(), DatabaseError> {
    match patiently(|| Ok(connection.pragma_update(None, "journal_mode", "WAL")?)) {
        // It works without, too, and the next one who writes tries again.
        Err(error) if is_busy(&error) => Ok(()),
        done => done,
    }
}

/// Does something again while others are in the way. SQLite itself waits for them, but not when they change the kind of
/// journal, or clean up as the last one who leaves.
pub(super) fn patiently<T>(
    mut attempt: impl FnMut() -> Result<T, DatabaseError>,
) -> Result<T, DatabaseError> {
    let start = Instant::now();
    loop {
        match attempt() {
            Err(error) if is_busy(&error) && start.elapsed() < PATIENCE => thread::sleep(PAUSE),
            done => return done,
        }
    }
}

fn is_busy(error: &DatabaseError) -> bool {
    matches!(error, DatabaseError::Sqlite(error)
        if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
}

/// The version of the tables; 0 if there are none yet. Wants a transaction.
fn version(connection: &Connection, known: usize) -> Result<usize, DatabaseError> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let version = usize::try_from(version).unwrap_or(usize::MAX);
    if application == APPLICATION {
        return if version <= known {
            Ok(version)
        } else {
            Err(DatabaseError::Newer { found: version, known })
        };
    }
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application == 0 && version == 0 && tables == 0 {
        Ok(0)
    } else {
        Err(DatabaseError::Foreign)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEXT: &str =
        "CREATE TABLE notes (note TEXT); INSERT INTO notes SELECT authid FROM principals;";

    fn memory() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        prepare(&connection).unwrap();
        connection
    }

    #[test]
    fn a_new_database_gets_the_tables_once() {
        let mut connection = memory();
        migrate(&mut connection).unwrap();
        check(&connection).unwrap();
        connection.execute("INSERT INTO principals VALUES ('r', 'a', 'user', '{}')", []).unwrap();
        migrate(&mut connection).unwrap();
        let count: i64 =
            connection.query_row("SELECT count(*) FROM principals", [], |row| row.get(0)).unwrap();
        assert_eq!(count, 1);
    }

    #[test]
    fn an_older_database_keeps_what_is_in_it() {
        let mut connection = memory();
        migrate(&mut connection).unwrap();
        connection.execute("INSERT INTO principals VALUES ('r', 'a', 'user', '{}')", []).unwrap();
        apply(&mut connection, &[STEPS[0], NEXT]).unwrap();
        let note: String =
            connection.query_row("SELECT note FROM notes", [], |row| row.get(0)).unwrap();
        assert_eq!(note, "a");
    }

    #[test]
    fn a_step_that_fails_leaves_everything_as_it_was() {
        let mut connection = memory();
        migrate(&mut connection).unwrap();
        let failed = apply(&mut connection, &[STEPS[0], NEXT, "CREATE TABLE notes (again TEXT)"]);
        assert!(matches!(failed, Err(DatabaseError::Sqlite(_))), "{failed:?}");
        check(&connection).unwrap();
        assert!(connection.prepare("SELECT * FROM notes").is_err());
    }

    #[test]
    fn databases_of_others_and_of_the_future_are_left_alone() {
        let mut foreign = memory();
        foreign.execute_batch("CREATE TABLE theirs (x)").unwrap();
        assert!(matches!(migrate(&mut foreign), Err(DatabaseError::Foreign)));
        let mut other = memory();
        other.pragma_update(None, "application_id", 1).unwrap();
        assert!(matches!(migrate(&mut other), Err(DatabaseError::Foreign)));
        let mut newer = memory();
        apply(&mut newer, &[STEPS[0], NEXT]).unwrap();
        let refused = migrate(&mut newer);
        assert!(matches!(refused, Err(DatabaseError::Newer { found: 2, known: 1 })), "{refused:?}");
        let empty = memory();
        assert!(matches!(check(&empty), Err(DatabaseError::Older { found: 0, known: 1 })));
    }

    #[test]
    fn the_tables_refuse_what_nobody_could_use() {
        let mut connection = memory();
        migrate(&mut connection).unwrap();
        connection.execute("INSERT INTO principals VALUES ('r', 'a', 'user', '{}')", []).unwrap();
        for statement in [
            "INSERT INTO principals VALUES ('r', 'a', 'user', '{}')",
            "INSERT INTO principals VALUES ('r', '', 'user', '{}')",
            "INSERT INTO principals VALUES ('r', 'b', '', '{}')",
            "INSERT INTO principals VALUES ('', 'b', 'user', '{}')",
            "INSERT INTO principals VALUES ('r', 'b', 'user', '[]')",
            "INSERT INTO principals VALUES ('r', 'b', 'user', 'x')",
            "INSERT INTO credentials VALUES ('r', 'b', 'scram', '{}')",
            "INSERT INTO credentials VALUES ('r', 'a', 'password', '{}')",
            "INSERT INTO public_keys VALUES ('r', x'00', 'a')",
            "INSERT INTO certificates VALUES ('r', 'subject', 'x', 'a')",
        ] {
            assert!(connection.execute(statement, []).is_err(), "{statement}");
        }
    }
}
