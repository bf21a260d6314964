//! `wamplex bench` against the real router, as programs. Nothing here depends on how fast anything is.

#![cfg(all(feature = "bench", target_os = "linux"))]
// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde_json::Value;
use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicU64, Ordering},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_wamplex");

fn bench(arguments: &str) -> Output {
    let arguments = ["bench"].into_iter().chain(arguments.split_whitespace());
    Command::new(PROGRAM).args(arguments).output().unwrap()
}

/// The rows of a run that works.
fn rows(arguments: &str) -> Vec<Value> {
    let output = bench(&format!("{arguments} --json --no-pinning"));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{arguments}: {said}");
    assert_eq!(said, "", "{arguments}");
    let rows = String::from_utf8(output.stdout).unwrap();
    rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The exit code and the complaint of a run that does not.
fn refused(arguments: &str) -> (i32, String) {
    let output = bench(arguments);
    assert!(output.stdout.is_empty(), "{arguments}");
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("wamplex-bench-{}-{n}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// A program that is started as a router.
    fn script(&self, text: &str) -> String {
        let path = self.0.join("router");
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn every_scenario_receives_exactly_what_was_sent() {
    const ALL: &str = "--transport websocket,rawsocket --serializer json,msgpack,cbor";
    for (arguments, count, received) in [
        (
            &format!("events --publishers 2 --subscribers 3 --payload 16,5000 --count 300 {ALL}"),
            12,
            1800.0,
        ),
        (&"events --subscribers 2 --payload 900000 --count 5".to_owned(), 1, 10.0),
        (&"events --subscribers 4 --rate 2000 --count 20".to_owned(), 1, 80.0),
        (&format!("calls --callers 2 --in-flight 4 --count 150 {ALL}"), 6, 300.0),
        (&"calls --callers 3 --in-flight 50 --count 20".to_owned(), 1, 60.0),
        (&"ping-pong --count 50".to_owned(), 1, 50.0),
        (&"patterns --counts 10,6000 --count 200".to_owned(), 4, 200.0),
        (&"patterns --match exact --counts 3 --count 200".to_owned(), 1, 200.0),
        (&"transcode --subscribers 2 --count 100".to_owned(), 9, 200.0),
        (&"workers --subscribers 3 --threads 1,2 --count 50".to_owned(), 2, 600.0),
        (&"churn --cycles 60 --connections 3".to_owned(), 1, 60.0),
        (&"churn --cycles 60 --connections 3 --reuse".to_owned(), 1, 60.0),
    ] {
        let rows = rows(arguments);
        assert_eq!(rows.len(), count, "{arguments}");
        for row in rows {
            assert_eq!(row["received"], received, "{arguments}: {row}");
            assert!(row.get("lost").is_none_or(|lost| *lost == 0.0), "{arguments}: {row}");
        }
    }
}

#[test]
fn one_of_the_subscribers_may_stop_to_read() {
    let rows = rows("stalled --subscribers 3 --count 40");
    let received: Vec<_> = rows.iter().map(|row| row["received"].clone()).collect();
    assert_eq!(received, [120.0, 80.0]);
}

#[test]
fn idle_sessions_are_counted() {
    let rows = rows("sessions --count 5,40");
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1]["sessions"], 40);
    assert!(rows[1]["rss_MiB"].as_f64().unwrap() > 1.0);
}

#[test]
fn a_router_that_runs_already_is_measured_too() {
    let mut router = Command::new(PROGRAM)
        .args(["--listen", "127.0.0.1:0", "--log", "off", "--realm", "com.example.bench"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(router.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("listening on ").unwrap();
    let realm = "--realm com.example.bench";
    let pid = router.id();
    let rows =
        rows(&format!("events --subscribers 1,2 --count 10 --url {url} --pid {pid} {realm}"));
    let (code, said) = refused(&format!("events --url {url}"));
    router.kill().unwrap();
    router.wait().unwrap();
    assert_eq!((&rows[0]["received"], &rows[1]["received"]), (&10.0.into(), &20.0.into()));
    assert!(rows[0]["rss_MiB"].as_f64().unwrap() > 1.0);
    assert_eq!(code, 1);
    assert!(said.contains("cannot join at 127.0.0.1:") && said.contains("no_such_realm"), "{said}");
}

#[test]
fn the_suite_writes_a_page_with_graphs() {
    let folder = Folder::new();
    let path = folder.0.to_str().unwrap();
    fs::write(folder.0.join("RESULTS.md"), "# By hand\n").unwrap();
    let output = bench(&format!("--suite {path} --tiny"));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let page = fs::read_to_string(folder.0.join("RESULTS.md")).unwrap();
    assert!(page.starts_with("# By hand\n"), "{page}");
    assert!(page.contains("| router CPU per event, 1 publisher to 10 | ≤ 1 µs |"), "{page}");
    assert!(page.contains("| events lost, in all rows | ≤ 0 | 0 | reached |"), "{page}");
    assert!(!page.contains("No figure"), "{page}");
    let graphs: Vec<_> =
        page.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert!(graphs.contains(&"patterns.svg"), "{graphs:?}");
    for graph in graphs {
        let svg = fs::read_to_string(folder.0.join(graph)).unwrap();
        assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"), "{graph}");
    }
}

#[test]
fn wrong_arguments_are_named() {
    for (arguments, code, complaint) in [
        ("", 2, "Usage: wamplex bench"),
        ("events --serializer xml", 2, "expected json, msgpack or cbor"),
        ("events --transport carrier", 2, "possible values: websocket, rawsocket"),
        ("events --payload 3", 2, "expected 16 to 15728640 bytes"),
        ("events --subscribers 0", 2, "expected a number from 1"),
        ("events --seconds=-1", 2, "expected seconds, from 0.01 to 3600"),
        ("events --seconds 0", 2, "expected seconds, from 0.01 to 3600"),
        ("events --rate 0", 2, "expected a number from 0.1"),
        ("events --pid 1", 2, "--url"),
        ("events --url wss://127.0.0.1:1/ws", 2, "expected ws://HOST:PORT/PATH"),
        ("events --url nowhere", 2, "is no URL"),
        ("calls --floor", 2, "the floor can only be measured with events"),
        ("sessions --count 1000000", 2, "files that a process may have open here"),
        ("patterns --match some", 2, "expected exact, prefix or wildcard"),
        ("events --router /nowhere/wamplex", 1, "cannot start the router /nowhere/wamplex"),
    ] {
        let (found, said) = refused(arguments);
        assert_eq!(found, code, "{arguments}: {said}");
        assert!(said.contains(complaint), "{arguments}: {said}");
    }
}

#[test]
fn a_router_that_dies_is_quoted() {
    let folder = Folder::new();
    let silent = folder.script("echo no room >&2; exit 3");
    let (code, said) = refused(&format!("events --router {silent}"));
    assert_eq!(code, 1);
    assert!(said.contains("did not say where it listens. Its last lines:\n  no room"), "{said}");
    let brief = folder
        .script("echo listening on ws://127.0.0.1:1/ws; echo struck by lightning >&2; exit 4");
    let (code, said) = refused(&format!("events --router {brief}"));
    assert_eq!(code, 1);
    let complaint = "the router died (exit status: 4) while it was measured. Its last lines:\n  struck by lightning";
    assert!(said.contains(complaint), "{said}");
}

#[test]
fn a_signal_ends_the_run_and_the_router() {
    let folder = Folder::new();
    let pipe = folder.0.join("pid");
    let pipe = pipe.to_str().unwrap();
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    // Opening the pipe waits for the other side, so the router is there once its id is read.
    let router = folder.script(&format!("echo $$ > {pipe}; exec {PROGRAM} \"$@\""));
    let run = Command::new(PROGRAM)
        .args(["bench", "events", "--subscribers", "1", "--seconds", "600", "--router", &router])
        .stderr(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pid = fs::read_to_string(pipe).unwrap();
    let process = PathBuf::from("/proc").join(pid.trim());
    assert!(process.exists());
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "wamplex bench: interrupted\n");
    assert!(output.stdout.is_empty());
    assert!(!process.exists());
}
