//! The configuration file and the binary: `check`, `init`, `schema`, `--config`, and reloading.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{PATIENCE, Peer};
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::atomic::{AtomicU64, Ordering},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStderr, Command},
    time::timeout,
};
use wamplex_shared::serializer::Serializer;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wamplex-config-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, text: &str) -> PathBuf {
        let path = self.0.join("wamplex.toml");
        let next = self.0.join("next");
        fs::write(&next, text).unwrap();
        fs::rename(next, &path).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn wamplex() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wamplex"));
    command.kill_on_drop(true).env_clear();
    command
}

async fn output(command: &mut Command) -> Output {
    timeout(PATIENCE, command.output()).await.expect("the command ends").unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// A router that was started with a file.
struct Process {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    address: SocketAddr,
}

impl Process {
    async fn start(file: &Path) -> Self {
        let mut child = wamplex()
            .args(["--log", "wamplex_router=debug", "--config"])
            .arg(file)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = timeout(PATIENCE, said.next_line()).await.unwrap().unwrap().expect("an address");
        let address = line.strip_prefix("listening on ws://").unwrap().strip_suffix("/ws").unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { address: address.parse().unwrap(), child, log }
    }

    /// Waits until the log has a line with this in it.
    async fn logs(&mut self, words: &str) -> String {
        loop {
            let line = timeout(PATIENCE, self.log.next_line()).await;
            let line = line.unwrap_or_else(|_| panic!("{words:?} was due"));
            let line = line.unwrap().expect("the router runs");
            if line.contains(words) {
                return line;
            }
        }
    }

    async fn hang_up(&self) {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().await.unwrap().success());
    }
}

const ONE: &str = "[[listeners]]\naddress = '127.0.0.1:0'\n[[realms]]\nname = 'realm1'\n";

#[tokio::test]
async fn a_file_is_checked_and_everything_that_is_wrong_is_said() {
    let folder = Folder::new();
    let file = folder.write(ONE);
    let good = output(wamplex().arg("check").arg("--config").arg(&file)).await;
    assert_eq!(good.status.code(), Some(0));
    assert_eq!(text(&good.stdout), "nothing is wrong: 1 listener, 1 realm\n");

    folder.write("[[listeners]]\nadress = '[::1]:0'\n[limits]\nhello = 5\n");
    let bad = output(wamplex().arg("check").env("WAMPLEX_CONFIG", &file)).await;
    assert_eq!((bad.status.code(), text(&bad.stdout)), (Some(2), ""));
    let file = file.display();
    let expected = format!(
        "{file}:2:1: listeners[0].adress: expected a known key such as `address`, found `adress`\n\
         {file}:4:9: limits.hello: expected a duration like \"10s\", found 5\n"
    );
    assert_eq!(text(&bad.stderr), expected);
}

#[tokio::test]
async fn a_router_does_not_start_with_a_broken_file() {
    let folder = Folder::new();
    let file = folder.write("[[realms]]\nname = 'com..example'\n");
    let bad = output(wamplex().arg("--config").arg(&file)).await;
    assert_eq!(bad.status.code(), Some(2));
    let file = file.display();
    let expected = format!(
        "{file}:2:8: realms[0].name: expected a URI, found \"com..example\": the URI has an empty component\n"
    );
    assert_eq!(text(&bad.stderr), expected);
    let missing = output(wamplex().args(["--config", "/nowhere/wamplex.toml"])).await;
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(&missing.stderr).starts_with("cannot read /nowhere/wamplex.toml: "));
}

#[tokio::test]
async fn the_effective_configuration_is_printed_without_secrets_and_reads_the_same() {
    let folder = Folder::new();
    let file = folder.write(
        "[[realms]]\nname = 'a'\n[[realms.principals]]\nauthid = 'joe'\nrole = 'r'\nticket = 'open sesame'\n",
    );
    let mut print = wamplex();
    print.args(["check", "--print", "--config"]).arg(&file);
    let printed = output(print.env("WAMPLEX_LIMITS__HELLO", "7s")).await;
    let printed = text(&printed.stdout);
    assert!(printed.contains("hello = \"7s\"") && printed.contains("ticket = \"…\""), "{printed}");
    assert!(!printed.contains("sesame"));
    folder.write(printed);
    let again = output(wamplex().args(["check", "--print", "--config"]).arg(&file)).await;
    assert_eq!(text(&again.stdout), printed);
}

#[tokio::test]
async fn an_example_is_written_once_and_can_be_used() {
    let folder = Folder::new();
    let file = folder.0.join("new.toml");
    assert!(output(wamplex().args(["init", "--output"]).arg(&file)).await.status.success());
    let checked = output(wamplex().args(["check", "--config"]).arg(&file)).await;
    assert_eq!(checked.status.code(), Some(0), "{}", text(&checked.stderr));
    let again = output(wamplex().args(["init", "--output"]).arg(&file)).await;
    assert_eq!(again.status.code(), Some(1));
    assert!(text(&again.stderr).contains("File exists"), "{}", text(&again.stderr));
    assert_eq!(output(wamplex().arg("init")).await.stdout, fs::read(file).unwrap());
}

#[tokio::test]
async fn the_schema_for_editors_is_the_one_in_the_repository() {
    let printed = output(wamplex().arg("schema")).await;
    let committed = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/wamplex.schema.json")).unwrap();
    assert!(
        printed.stdout == committed,
        "run `cargo run -p wamplex-router -- schema > router/wamplex.schema.json`"
    );
}

#[tokio::test]
async fn options_that_build_a_configuration_are_refused_beside_a_file() {
    let refused = output(wamplex().args(["--config", "x.toml", "--listen", "[::1]:0"])).await;
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("cannot be used with"), "{}", text(&refused.stderr));
}

#[tokio::test]
async fn every_address_is_said_where_the_system_has_chosen_the_port() {
    let folder = Folder::new();
    let socket = folder.0.join("socket");
    let more = format!(
        "[[listeners]]\naddress = '127.0.0.1:0'\n[[listeners]]\naddress = 'unix:{}'\n",
        socket.display()
    );
    let file = folder.write(&format!("{ONE}{more}"));
    let mut child = wamplex()
        .arg("--config")
        .arg(&file)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines = Vec::new();
    for _ in 0..4 {
        lines.push(timeout(PATIENCE, said.next_line()).await.unwrap().unwrap().unwrap());
    }
    let [first, page, second, third] = &lines[..] else { panic!("{lines:?}") };
    let port = |line: &str, before: &str| {
        let rest = line.strip_prefix(before).unwrap_or_else(|| panic!("{line}"));
        rest.split('/').next().unwrap().parse::<u16>().unwrap()
    };
    let first = port(first, "listening on ws://127.0.0.1:");
    assert_eq!(first, port(page, "web page at http://127.0.0.1:"));
    let second = port(second, "also on ws://127.0.0.1:");
    assert!(first > 0 && second > 0 && first != second);
    assert_eq!(*third, format!("also on unix:{}", socket.display()));
}

#[tokio::test]
async fn a_changed_file_is_taken_a_broken_one_is_not_and_sighup_reads_it_in_any_case() {
    let folder = Folder::new();
    let file = folder.write(ONE);
    let mut router = Process::start(&file).await;
    let mut peer = Peer::join(router.address, Serializer::Json).await;
    router.logs("nothing changed").await;

    folder.write(&format!("{ONE}[[realms]]\nname = 'another'\n"));
    router.logs("realm another added").await;
    folder.write(&format!("{ONE}[[realms]]\nname = 'realm1'\n"));
    let line = router.logs("the configuration cannot be used").await;
    assert!(
        line.contains("wamplex.toml:6:8: realms[1].name: expected a name of its own"),
        "{line}"
    );
    router.logs("goes on with the configuration it has").await;

    folder.write(&format!("watch = false\n{ONE}"));
    router.logs("realm another removed, watch changed").await;
    folder.write(&format!("watch = false\n{ONE}[limits]\nhello = '7s'\n"));
    router.hang_up().await;
    router.logs("limits changed (hello)").await;
    peer.round_trip("com.example.topic").await;
}
