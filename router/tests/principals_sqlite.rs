//! Principals in a SQLite database: what is written is what routers find.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc, Barrier,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};
use wamplex_router::principals::{
    Certificate, CertificateMark, CraKey, Lookup, Principal, Principals, Ticket,
    sqlite::{Database, DatabaseError, Sqlite},
};
use wamplex_shared::{
    auth::{ScramCredentials, scram::Cost, wampcra::Salting},
    value::{Dict, Value},
};

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "wamplex-sqlite-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn database(&self) -> PathBuf {
        self.0.join("users.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn scram(password: &str) -> ScramCredentials {
    ScramCredentials::new(password, b"salt and pepper", Cost::pbkdf2(4096)).unwrap()
}

fn alice() -> Principal {
    let mut alice = Principal::new("alice", "user", "sqlite");
    alice.ticket = Some(Ticket::new("open sesame"));
    alice.wampcra = Some(CraKey::derive("secret", Salting::new("salt")).unwrap());
    alice.scram = Some(scram("pencil"));
    alice.cryptosign = vec![[1; 32], [2; 32]];
    alice.certificates =
        vec![CertificateMark::CommonName("alice".into()), CertificateMark::Fingerprint([3; 32])];
    let list = vec![Value::Null, Value::Bool(true), Value::Float(0.5), Value::from(u64::MAX)];
    alice.extra =
        Dict::from_iter([("list", Value::List(list)), ("team", Value::Str("blue".into()))]);
    alice
}

/// Everything about a principal that can be compared.
fn summary(principal: &Principal) -> String {
    let mut principal = principal.clone();
    principal.cryptosign.sort_unstable();
    principal.certificates.sort_by_key(|mark| mark.kind());
    let scram =
        principal.scram.as_ref().map(|kept| (kept.stored_key, kept.server_key, kept.salt.clone()));
    let wampcra = principal.wampcra.as_ref().map(|kept| kept.key.as_text().to_owned());
    format!("{principal:?} {scram:?} {wampcra:?}")
}

#[tokio::test]
async fn what_is_written_is_found_by_all_it_is_recognised_by() {
    let folder = Folder::new();
    let mut database = Database::create(folder.database()).unwrap();
    database.add("realm1", &alice()).unwrap();
    let source = Sqlite::open(folder.database()).unwrap();
    for who in [Lookup::Authid("alice"), Lookup::PublicKey(&[1; 32]), Lookup::PublicKey(&[2; 32])] {
        let found = source.find("realm1", who).await.unwrap().unwrap();
        assert_eq!(summary(&found), summary(&alice()), "{who:?}");
        assert!(found.ticket.as_ref().unwrap().matches("open sesame"));
    }
    for (realm, who) in [
        ("realm1", Lookup::Authid("Alice")),
        ("realm1", Lookup::Authid("")),
        ("realm1", Lookup::Authid("alice' OR '1' = '1")),
        ("realm1", Lookup::PublicKey(&[9; 32])),
        ("realm2", Lookup::Authid("alice")),
        ("realm2", Lookup::PublicKey(&[1; 32])),
    ] {
        assert!(source.find(realm, who).await.unwrap().is_none(), "{realm} {who:?}");
    }
}

#[tokio::test]
async fn a_certificate_finds_its_principal_by_fingerprint_before_name() {
    let folder = Folder::new();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["client.example.com".to_owned()]).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, "alice");
    let der = params.self_signed(&key).unwrap().der().to_vec();
    let certificate = Certificate::from_der(&der).unwrap();
    let mut database = Database::create(folder.database()).unwrap();
    let source = Sqlite::open(folder.database()).unwrap();
    let found = async || {
        let found = source.find("realm1", Lookup::Certificate(&certificate)).await.unwrap();
        found.map(|principal| principal.authid.to_string())
    };
    assert_eq!(found().await, None);
    for (authid, mark) in [
        ("by_name", CertificateMark::CommonName("alice".into())),
        ("by_host", CertificateMark::Dns("client.example.com".into())),
        ("by_fingerprint", CertificateMark::Fingerprint(*certificate.fingerprint())),
    ] {
        let mut principal = Principal::new(authid, "user", "sqlite");
        principal.certificates = vec![mark];
        database.add("realm1", &principal).unwrap();
        assert_eq!(found().await.as_deref(), Some(authid));
    }
}

#[test]
fn a_change_that_cannot_be_made_changes_nothing() {
    let folder = Folder::new();
    let mut database = Database::create(folder.database()).unwrap();
    database.add("realm1", &alice()).unwrap();
    database.add("realm2", &alice()).unwrap();

    let exists = database.add("realm1", &alice()).unwrap_err();
    assert_eq!(exists.to_string(), "there is a user `alice` in the realm `realm1` already");
    let mut bob = Principal::new("bob", "user", "sqlite");
    bob.cryptosign = vec![[7; 32], [2; 32]];
    let taken = database.add("realm1", &bob).unwrap_err();
    let key = "02".repeat(32);
    assert_eq!(
        taken.to_string(),
        format!("the public key {key} belongs to the user `alice` already")
    );
    bob.cryptosign.clear();
    bob.certificates = vec![CertificateMark::CommonName("alice".into())];
    assert!(matches!(database.add("realm1", &bob), Err(DatabaseError::Taken { .. })));
    bob.certificates.clear();
    bob.wampcra = Some(CraKey::plain("secret"));
    assert!(matches!(database.add("realm1", &bob), Err(DatabaseError::Plain(_))));
    assert!(matches!(database.get("realm1", "bob"), Err(DatabaseError::NoSuchPrincipal { .. })));
    assert!(matches!(database.remove("realm1", "bob"), Err(DatabaseError::NoSuchPrincipal { .. })));
    let missing = database.update("realm1", "bob", |_| ());
    assert!(matches!(missing, Err(DatabaseError::NoSuchPrincipal { .. })));
    let plain =
        database.update("realm1", "alice", |alice| alice.wampcra = Some(CraKey::plain("x")));
    assert!(matches!(plain, Err(DatabaseError::Plain(_))));
    assert_eq!(summary(&database.get("realm1", "alice").unwrap()), summary(&alice()));
    assert_eq!(database.list(None).unwrap().len(), 2);
}

#[test]
fn changes_reach_one_principal_of_one_realm() {
    let folder = Folder::new();
    let mut database = Database::create(folder.database()).unwrap();
    database.add("realm1", &alice()).unwrap();
    database.add("realm2", &alice()).unwrap();
    database
        .update("realm1", "alice", |alice| {
            alice.authid = "carol".into();
            alice.role = "admin".into();
            alice.scram = None;
            alice.cryptosign = vec![[2; 32], [5; 32]];
        })
        .unwrap();
    let changed = database.get("realm1", "alice").unwrap();
    assert_eq!((&*changed.authid, &*changed.role), ("alice", "admin"));
    assert!(changed.scram.is_none() && changed.ticket.is_some());
    assert_eq!(changed.cryptosign, [[2; 32], [5; 32]]);
    assert_eq!(summary(&database.get("realm2", "alice").unwrap()), summary(&alice()));

    database.remove("realm1", "alice").unwrap();
    assert!(database.list(Some("realm1")).unwrap().is_empty());
    assert_eq!(database.list(Some("realm2")).unwrap().len(), 1);
    // Nothing of it is left that would be in the way of the next one.
    database.add("realm1", &alice()).unwrap();
}

#[test]
fn no_secret_is_in_the_file() {
    let folder = Folder::new();
    let mut database = Database::create(folder.database()).unwrap();
    let mut carol = Principal::new("carol", "user", "sqlite");
    let canary = "c4nary-0f-th3-t3st";
    carol.ticket = Some(Ticket::Derived(scram(canary)));
    carol.wampcra = Some(CraKey::derive(canary, Salting::new("salt")).unwrap());
    carol.scram = Some(scram(canary));
    database.add("realm1", &carol).unwrap();
    drop(database);
    for entry in fs::read_dir(&folder.0).unwrap() {
        let content = fs::read(entry.unwrap().path()).unwrap();
        assert!(!content.windows(canary.len()).any(|part| part == canary.as_bytes()));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder.database()).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "others may read it");
    }
}

#[test]
fn what_is_no_database_of_principals_is_refused_in_words() {
    let folder = Folder::new();
    let path = folder.database();
    let said = |error: Result<Sqlite, DatabaseError>| error.unwrap_err().to_string();
    assert!(said(Sqlite::open(&path)).starts_with("cannot open "));
    assert!(said(Sqlite::open(&folder.0)).contains("directory"));
    fs::write(&path, "authid = 'alice'").unwrap();
    assert_eq!(said(Sqlite::open(&path)), "the database cannot be used: file is not a database");
    assert!(Database::open(&path).is_err());
    fs::write(&path, "").unwrap();
    assert!(said(Sqlite::open(&path)).starts_with("the database has version 0 and not 1"));
    let foreign = folder.0.join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert_eq!(said(Sqlite::open(&foreign)), "this is a database of another program");
    assert!(matches!(Database::create(&foreign), Err(DatabaseError::Foreign)));
}

#[tokio::test]
async fn a_database_that_goes_away_lets_nobody_in_and_one_that_comes_back_is_used() {
    let folder = Folder::new();
    let path = folder.database();
    Database::create(&path).unwrap().add("realm1", &alice()).unwrap();
    let source = Sqlite::open(&path).unwrap();
    assert!(source.find("realm1", Lookup::Authid("alice")).await.unwrap().is_some());
    fs::remove_file(&path).unwrap();
    let error = source.find("realm1", Lookup::Authid("alice")).await.unwrap_err();
    assert_eq!(error.provider, "sqlite");
    let mut bob = alice();
    bob.authid = "bob".into();
    Database::create(&path).unwrap().add("realm1", &bob).unwrap();
    assert!(source.find("realm1", Lookup::Authid("alice")).await.unwrap().is_none());
    assert!(source.find("realm1", Lookup::Authid("bob")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_principal_that_is_kept_badly_is_not_let_in_and_others_are() {
    let folder = Folder::new();
    let mut database = Database::create(folder.database()).unwrap();
    database.add("realm1", &alice()).unwrap();
    database.add("realm1", &Principal::new("bob", "user", "sqlite")).unwrap();
    let source = Sqlite::open(folder.database()).unwrap();
    let raw = rusqlite::Connection::open(folder.database()).unwrap();
    for value in [
        r#"{"password": "c4nary"}"#,
        r#"{"kdf": "c4nary"}"#,
        r#"{"stored_key": "c4nary", "server_key": "", "salt": ""}"#,
        "{}",
    ] {
        raw.execute("UPDATE credentials SET value = ?1 WHERE method = 'scram'", [value]).unwrap();
        let error = source.find("realm1", Lookup::Authid("alice")).await.unwrap_err().to_string();
        assert!(
            error.contains("`alice` of the realm `realm1`") && !error.contains("c4nary"),
            "{error}"
        );
        assert!(source.find("realm1", Lookup::Authid("bob")).await.unwrap().is_some());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_and_writers_on_many_connections_see_whole_principals_only() {
    let folder = Folder::new();
    let path = folder.database();
    Database::create(&path).unwrap().add("realm1", &alice()).unwrap();
    let source = Arc::new(Sqlite::open(&path).unwrap());
    let start = Arc::new(Barrier::new(3));
    let writers: Vec<_> = (0..2_u8)
        .map(|writer| {
            let (path, start) = (path.clone(), Arc::clone(&start));
            thread::spawn(move || {
                let mut database = Database::open(path).unwrap();
                start.wait();
                for round in 0..50_u8 {
                    // The role says which key goes with it.
                    database
                        .update("realm1", "alice", |alice| {
                            alice.cryptosign = vec![[writer * 50 + round; 32]];
                            alice.role = (writer * 50 + round).to_string().into();
                        })
                        .unwrap();
                    let mut other = Principal::new(format!("{writer}-{round}"), "user", "sqlite");
                    other.cryptosign = vec![[100 + writer; 32]];
                    database.add("realm2", &other).unwrap();
                    database.remove("realm2", &other.authid).unwrap();
                }
            })
        })
        .collect();
    let first = source.find("realm1", Lookup::Authid("alice")).await.unwrap().unwrap();
    assert_eq!(first.role, "user");
    tokio::task::spawn_blocking(move || start.wait()).await.unwrap();
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let source = Arc::clone(&source);
            tokio::spawn(async move {
                for _ in 0..50 {
                    let found =
                        source.find("realm1", Lookup::Authid("alice")).await.unwrap().unwrap();
                    if found.role != "user" {
                        assert_eq!(found.cryptosign, [[found.role.parse::<u8>().unwrap(); 32]]);
                    }
                }
            })
        })
        .collect();
    for reader in readers {
        reader.await.unwrap();
    }
    for writer in writers {
        tokio::task::spawn_blocking(move || writer.join().unwrap()).await.unwrap();
    }
    let last = source.find("realm1", Lookup::Authid("alice")).await.unwrap().unwrap();
    assert!(["49", "99"].contains(&&*last.role), "{}", last.role);
}
