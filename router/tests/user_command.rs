//! `wamplex user` and `wamplex key`, run as programs.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::{Value, json};
use std::{
    fs,
    io::Write,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicU64, Ordering},
};
use wamplex_router::principals::sqlite::Database;
use wamplex_shared::auth::cryptosign;

/// A folder that goes with the test, and the program in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("wamplex-user-{}-{n}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// Runs `wamplex` with these arguments, in this folder.
    fn run(&self, arguments: &str, input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wamplex"))
            .args(arguments.split_whitespace())
            .current_dir(&self.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A program that ends without reading closes the pipe.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Runs `wamplex` with these arguments and wants it to work; gives what it prints.
    fn done(&self, arguments: &str, input: &str) -> String {
        let output = self.run(arguments, input);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments}: {said}");
        assert_eq!(said, "", "{arguments}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs `wamplex` with these arguments and wants it not to work; gives the exit code and what it complains of.
    fn refused(&self, arguments: &str, input: &str) -> (i32, String) {
        let output = self.run(arguments, input);
        assert!(output.stdout.is_empty(), "{arguments}");
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    }

    fn database(&self) -> Database {
        Database::open(self.0.join("users.db")).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const AT: &str = "--database users.db --realm realm1";

/// The cheapest derivation: tests need no security.
const CHEAP: &str = "--kdf pbkdf2 --iterations 4096";

#[test]
fn a_user_is_added_changed_listed_and_removed() {
    let folder = Folder::new();
    let key = "ab".repeat(32);
    let added = folder.done(
        &format!("user add alice {AT} {CHEAP} --role user --password-stdin --methods scram,ticket --cryptosign-key {key}"),
        "open sesame\n",
    );
    assert_eq!(added, "added user alice of realm realm1\n");
    let alice = folder.database().get("realm1", "alice").unwrap();
    assert!(alice.ticket.as_ref().unwrap().matches("open sesame"));
    assert!(alice.wampcra.is_none() && alice.scram.is_some());
    assert_eq!(alice.cryptosign, [[0xab; 32]]);

    folder.done(&format!("user set-role alice {AT} --role admin"), "");
    folder.done(&format!("user set-password alice {AT} {CHEAP} --password-stdin"), "other\r\n");
    folder.done(&format!("user set-keys alice {AT} --certificate dns=alice.example.com"), "");
    let alice = folder.database().get("realm1", "alice").unwrap();
    assert_eq!(alice.role, "admin");
    let ticket = alice.ticket.as_ref().unwrap();
    assert!(ticket.matches("other") && !ticket.matches("open sesame"));
    assert!(alice.cryptosign.is_empty() && alice.certificates.len() == 1);

    folder.done(&format!("user add bob {AT} --role user --cryptosign-key {key}"), "");
    let table = folder.done("user list --database users.db", "");
    let lines: Vec<_> =
        table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(
        lines,
        [
            ["REALM", "USER", "ROLE", "METHODS"],
            ["realm1", "alice", "admin", "wamp-scram,tls,ticket"],
            ["realm1", "bob", "user", "cryptosign"],
        ]
    );
    assert_eq!(
        folder.done(&format!("user remove alice {AT}"), ""),
        "removed user alice of realm realm1\n"
    );
    let listed = folder.done("user list --database users.db --realm realm1 --json", "");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(
        listed,
        json!({
            "realm": "realm1", "authid": "bob", "role": "user", "methods": ["cryptosign"],
            "cryptosign": [key], "certificates": [],
        })
    );
    assert_eq!(folder.done("user list --database users.db --realm realm2 --json", ""), "");
}

#[test]
fn a_generated_password_is_printed_once_and_is_good_for_all_methods_asked_for() {
    let folder = Folder::new();
    let said = folder.done(
        &format!("user add alice {AT} {CHEAP} --role user --generate --methods scram,wampcra,ticket --json"),
        "",
    );
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["done"], &said["authid"]), (&json!("added"), &json!("alice")));
    let password = said["password"].as_str().unwrap();
    assert_eq!(password.len(), 32);
    let alice = folder.database().get("realm1", "alice").unwrap();
    let ticket = alice.ticket.unwrap();
    assert!(ticket.matches(password) && !ticket.is_costly());
    let salting = alice.wampcra.as_ref().unwrap().salting.as_ref().unwrap();
    assert!(salting.iterations >= 100_000);
    assert!(alice.scram.is_some());
    let second = folder.done(&format!("user set-password alice {AT} {CHEAP} --generate"), "");
    let second = second.lines().nth(1).unwrap().strip_prefix("password: ").unwrap();
    assert_ne!(second, password);
    let changed = folder.database().get("realm1", "alice").unwrap();
    assert!(changed.ticket.unwrap().matches(second));
    for entry in fs::read_dir(&folder.0).unwrap() {
        let content = fs::read(entry.unwrap().path()).unwrap();
        for secret in [password, second] {
            assert!(!content.windows(32).any(|part| part == secret.as_bytes()));
        }
    }
}

#[test]
fn what_cannot_be_done_is_said_and_has_an_exit_code() {
    let folder = Folder::new();
    let user = format!("user add alice {AT} {CHEAP} --role user --password-stdin");
    folder.done(&user, "secret");
    fs::write(folder.0.join("text.db"), "no database").unwrap();
    let key = "ab".repeat(32);
    folder.done(&format!("user add bob {AT} --role user --cryptosign-key {key}"), "");
    for (arguments, input, code, expected) in [
        (&*user, "secret", 1, "there is a user `alice` in the realm `realm1` already"),
        (
            &format!("user remove carol {AT}"),
            "",
            1,
            "there is no user `carol` in the realm `realm1`",
        ),
        (&format!("user set-role carol {AT} --role x"), "", 1, "there is no user `carol`"),
        (
            &format!("user set-password carol {AT} --password-stdin"),
            "x",
            1,
            "there is no user `carol`",
        ),
        (
            &format!("user set-keys alice {AT} --cryptosign-key {key}"),
            "",
            1,
            "belongs to the user `bob` already",
        ),
        ("user list --database nowhere.db", "", 1, "cannot open nowhere.db: No such file"),
        ("user list --database .", "", 1, "cannot open .: "),
        ("user list --database text.db", "", 1, "file is not a database"),
        ("user remove alice --database nowhere.db --realm realm1", "", 1, "cannot open nowhere.db"),
        (
            "user add x --database no/where.db --realm r --role r --generate",
            "",
            1,
            "cannot open no/where.db",
        ),
        (&user.replace("alice", "carol"), "", 2, "the password is empty"),
        (&user.replace("alice", "carol"), "\n\n", 2, "the password is empty"),
        (&user.replace("alice", "carol"), "a\u{7}b", 2, "characters that are not allowed"),
        (&user.replace("alice", "carol"), &"x".repeat(2000), 2, "longer than 1024 bytes"),
        (
            &user.replace("alice", "carol").replace("4096", "1"),
            "x",
            2,
            "iterations has to be 4096 to",
        ),
        (
            &user.replace("alice", "carol").replace("--password-stdin", ""),
            "x",
            2,
            "there is no terminal",
        ),
        (&user.replace("alice", "carol").replace("realm1", "a..b"), "x", 2, "--realm"),
        (&user.replace("alice", "ａlice"), "x", 2, "write it as `alice`"),
        (&format!("user add carol {AT} --generate"), "", 2, "--role"),
        (
            &format!("user add carol {AT} --role r --generate --password-stdin"),
            "",
            2,
            "cannot be used with",
        ),
        (&format!("user add carol {AT} --role r --password secret"), "", 2, "--password"),
        (&format!("user add carol {AT} --role r --generate --methods magic"), "", 2, "magic"),
        (
            &format!("user add carol {AT} --role r --cryptosign-key ab"),
            "",
            2,
            "64 hexadecimal digits",
        ),
        (
            &format!("user add carol {AT} --role r --certificate subject=x"),
            "",
            2,
            "expected fingerprint=",
        ),
        (
            &format!("user add carol {AT} --role r --certificate fingerprint=x"),
            "",
            2,
            "expected fingerprint=",
        ),
        ("user", "", 2, "Usage"),
        ("key", "", 2, "Usage"),
    ] {
        let (found, said) = folder.refused(arguments, input);
        assert_eq!(found, code, "{arguments}: {said}");
        assert!(said.contains(expected), "{arguments}: {said}");
    }
    assert_eq!(folder.database().list(None).unwrap().len(), 2, "nothing else was added");
}

#[test]
fn a_key_pair_is_written_for_its_owner_only_and_never_over_another() {
    let folder = Folder::new();
    let public = folder.done("key generate --output alice.key", "");
    let private = fs::read_to_string(folder.0.join("alice.key")).unwrap();
    let key = cryptosign::Key::from_hex(private.trim_end()).unwrap();
    assert_eq!(public, format!("{}\n", key.public()));
    assert_eq!(folder.done("key public alice.key", ""), public);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder.0.join("alice.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let (code, said) = folder.refused("key generate --output alice.key", "");
    assert_eq!(code, 1);
    assert!(said.contains("cannot write alice.key"), "{said}");
    assert_eq!(fs::read_to_string(folder.0.join("alice.key")).unwrap(), private);
    assert_ne!(folder.done("key generate --output bob.key", ""), public);
    fs::write(folder.0.join("broken.key"), "abc").unwrap();
    assert_eq!(folder.refused("key public broken.key", "").0, 1);
    assert_eq!(folder.refused("key public nowhere.key", "").0, 1);
}

#[test]
fn many_writers_at_once_lose_nobody() {
    let folder = Folder::new();
    let names: Vec<_> = (0..8).map(|i| format!("user{i}")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            let folder = &folder;
            scope.spawn(move || {
                folder.done(&format!("user add {name} {AT} {CHEAP} --role user --generate"), "");
            });
        }
    });
    let listed = folder.database().list(Some("realm1")).unwrap();
    assert_eq!(listed.iter().map(|(_, user)| user.authid.to_string()).collect::<Vec<_>>(), names);
}
