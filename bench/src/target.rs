//! The router that is measured: one of our own, or one that runs already.

use crate::{
    cores::{Cores, pin},
    error::{BenchError, Result, Tried},
};
use std::{
    collections::VecDeque,
    fmt,
    io::{BufRead, BufReader},
    net::{SocketAddr, ToSocketAddrs},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

/// How many of the last lines that a router wrote are kept, to be shown when it dies.
const LINES: usize = 20;

/// The environment variable in which the runtime of the router looks for a number of threads.
const WORKERS: &str = "TOKIO_WORKER_THREADS";

/// Where a router is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The address to connect to.
    pub(crate) socket: SocketAddr,
    /// What the header `Host` says.
    pub(crate) host: String,
    /// Where WebSocket is.
    pub(crate) path: String,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.host, self.path)
    }
}

impl Address {
    /// Reads `ws://HOST:PORT/PATH` or `tcp://HOST:PORT`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(url: &str) -> Result<Self> {
        let wrong = |why: &str| {
            BenchError::Arguments(format!(
                "`{url}` {why}; expected ws://HOST:PORT/PATH for WebSocket or tcp://HOST:PORT for RawSocket"
            ))
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("is no URL"))?;
        if !matches!(scheme, "ws" | "tcp" | "rs") {
            return Err(wrong("has a scheme that cannot be measured"));
        }
        let (host, path) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, "/"),
        };
        let with_port = if host.contains(':') { host.to_owned() } else { format!("{host}:80") };
        let socket = with_port
            .to_socket_addrs()
            .ok()
            .and_then(|mut found| found.next())
            .ok_or_else(|| wrong("names no address"))?;
        Ok(Self { socket, host: host.to_owned(), path: path.to_owned() })
    }
}

/// The router that is measured.
#[derive(Debug)]
pub(crate) struct Target {
    /// Where it is.
    pub(crate) address: Address,
    /// Its process, if it runs on this machine and is known.
    pub(crate) pid: Option<u32>,
    child: Option<Started>,
}

#[derive(Debug)]
struct Started {
    child: Child,
    lines: Arc<Mutex<VecDeque<String>>>,
    /// Who takes the lines.
    listening: Option<JoinHandle<()>>,
}

/// How long to wait before looking again.
const MOMENT: Duration = Duration::from_millis(10);

impl Target {
    /// A router that runs already.
    pub(crate) fn running(address: Address, pid: Option<u32>) -> Self {
        Self { address, pid, child: None }
    }

    /// Starts a router, or another program that says like one where it listens, on its cores.
    ///
    /// # Errors
    /// It does not start, or does not say where it listens.
    pub(crate) fn start(
        program: &Path,
        arguments: &[String],
        cores: &Cores,
        workers: Option<usize>,
    ) -> Result<Self> {
        let fail =
            |reason: String| BenchError::Start { path: program.display().to_string(), reason };
        let mut command = Command::new(program);
        command.args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Its runtime has a thread for each core that it may use, unless told otherwise.
        command.env_remove(WORKERS);
        if let Some(workers) = workers {
            command.env(WORKERS, workers.to_string());
        }
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        // Started from a thread of its own, so that the cores it inherits are not ours.
        let cores = cores.router.clone();
        let started = thread::spawn(move || {
            pin(&cores);
            command.spawn()
        });
        let mut child = started
            .join()
            .map_err(|_| fail("a thread panicked".to_owned()))?
            .map_err(|error| fail(error.to_string()))?;
        let lines = Arc::<Mutex<VecDeque<String>>>::default();
        let (out, complaints) = (child.stdout.take(), child.stderr.take());
        let listening = complaints.map(|complaints| {
            let lines = lines.clone();
            thread::spawn(move || {
                for line in BufReader::new(complaints).lines().map_while(std::io::Result::ok) {
                    keep(&lines, line);
                }
            })
        });
        let mut first = String::new();
        let mut out = BufReader::new(out.ok_or_else(|| fail("it has no output".to_owned()))?);
        out.read_line(&mut first).tried("cannot read what the router says")?;
        let pid = child.id();
        let mut started = Started { child, lines, listening };
        let Some(url) = first.trim().strip_prefix("listening on ") else {
            let _ = started.child.wait();
            let last = started.last_lines();
            return Err(fail(format!("it did not say where it listens{last}")));
        };
        let address = Address::parse(url)?;
        thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        Ok(Self { address, pid: Some(pid), child: Some(started) })
    }

    /// Adds to an error what the router said at last, if it has died.
    pub(crate) fn explain(&mut self, error: BenchError) -> BenchError {
        let Some(started) = &mut self.child else { return error };
        match started.exit() {
            Some(status) => {
                let last = started.last_lines();
                BenchError::Router(format!("died ({status}) while it was measured{last}"))
            }
            None => error,
        }
    }
}

impl Started {
    /// How it has ended, or ends within a moment: connections end first.
    fn exit(&mut self) -> Option<ExitStatus> {
        for _ in 0..50 {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(MOMENT);
        }
        None
    }

    /// What it said at last. What it has started itself may hold the pipe, so nobody waits for its end for long.
    fn last_lines(&self) -> String {
        for _ in 0..50 {
            if self.listening.as_ref().is_none_or(JoinHandle::is_finished) {
                break;
            }
            thread::sleep(MOMENT);
        }
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            return ", and said nothing".to_owned();
        }
        lines.iter().fold(". Its last lines:".to_owned(), |text, line| text + "\n  " + line)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn keep(lines: &Mutex<VecDeque<String>>, line: String) {
    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
    if lines.len() == LINES {
        lines.pop_front();
    }
    lines.push_back(line);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_say_where_a_router_is() {
        for (url, socket, host, path) in [
            ("ws://127.0.0.1:8080/ws", "127.0.0.1:8080", "127.0.0.1:8080", "/ws"),
            ("ws://127.0.0.1", "127.0.0.1:80", "127.0.0.1", "/"),
            ("tcp://127.0.0.1:8081", "127.0.0.1:8081", "127.0.0.1:8081", "/"),
        ] {
            let found = Address::parse(url).unwrap();
            assert_eq!(found.socket.to_string(), socket);
            assert_eq!((&*found.host, &*found.path), (host, path));
        }
        for url in ["", "127.0.0.1:8080", "wss://127.0.0.1:8080/ws", "ws://127.0.0.1:99999/"] {
            let error = Address::parse(url).unwrap_err().to_string();
            assert!(error.contains("expected ws://HOST:PORT/PATH"), "{error}");
        }
    }
}
