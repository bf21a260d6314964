//! Crossbar, as `tests/setup crossbar` installs it.

use serde_json::json;
use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};

/// What a node says when all that its configuration names is running.
const READY: &str = "NODE_BOOT_COMPLETE";

/// A running node with realms for anonymous clients.
#[derive(Debug)]
pub(crate) struct Crossbar {
    pub(crate) address: SocketAddr,
    node: Child,
}

impl Crossbar {
    /// Starts a node on a free port, and returns when it listens there. What it says is in `node.log` in its folder
    /// below the target folder.
    pub(crate) fn start(realms: &[String]) -> Self {
        let program =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("interop/.venv-crossbar/bin/crossbar");
        assert!(program.is_file(), "Crossbar is not installed: `tests/setup crossbar` does that");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("crossbar");
        fs::create_dir_all(&folder).expect("the target folder can be written");
        let address = free_port();
        fs::write(folder.join("config.json"), config(address.port(), realms)).expect("as above");
        let log = File::create(folder.join("node.log")).expect("as above");
        let mut node = Command::new(program)
            .args(["start", "--color", "false", "--loglevel", "info", "--cbdir"])
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log.try_clone().expect("as above"))
            .spawn()
            .expect("Crossbar starts");
        let said = node.stdout.take().expect("it is piped");
        // From here on the node ends with this value, also if it is not ready.
        let crossbar = Self { address, node };
        await_ready(said, log)
            .unwrap_or_else(|| panic!("Crossbar does not start: see {}", folder.display()));
        crossbar
    }
}

impl Drop for Crossbar {
    /// Asks the node to end, which ends its workers too; killed, it would leave them behind.
    fn drop(&mut self) {
        let asked = Command::new("kill").arg(self.node.id().to_string()).status();
        if asked.is_ok_and(|status| status.success()) {
            let _ = self.node.wait();
        }
    }
}

/// Reads until the node is ready, and goes on reading aside: a node that nobody listens to stops.
fn await_ready(said: ChildStdout, mut log: File) -> Option<()> {
    let mut lines = BufReader::new(said).lines().map_while(Result::ok);
    let mut note = move |line: &str| writeln!(log, "{line}");
    lines.by_ref().inspect(|line| drop(note(line))).find(|line| line.contains(READY))?;
    thread::spawn(move || lines.for_each(|line| drop(note(&line))));
    Some(())
}

/// A port that was free a moment ago: Crossbar does not say which one it took if it may choose.
fn free_port() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("it is bound")
}

fn config(port: u16, realms: &[String]) -> String {
    let everything = json!({"call": true, "register": true, "publish": true, "subscribe": true});
    let permission = json!({
        "uri": "", "match": "prefix", "allow": everything,
        "disclose": {"caller": false, "publisher": false}, "cache": true,
    });
    let role = json!({"name": "anonymous", "permissions": [permission]});
    let transport = json!({
        "type": "websocket",
        "endpoint": {"type": "tcp", "interface": "127.0.0.1", "port": port},
        "serializers": ["json", "msgpack", "cbor"],
        "auth": {"anonymous": {"type": "static", "role": "anonymous"}},
    });
    let realms: Vec<_> = realms.iter().map(|name| json!({"name": name, "roles": [role]})).collect();
    let worker = json!({
        "type": "router",
        "realms": realms,
        "transports": [transport],
    });
    json!({"version": 2, "workers": [worker]}).to_string()
}
