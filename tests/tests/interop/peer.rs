//! Peer programs: child processes that speak the line protocol of `tests/interop/README.md`.

use crate::library::Library;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::{
    collections::{HashMap, VecDeque},
    env,
    path::Path,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
    sync::{Notify, mpsc, oneshot},
    time::timeout,
};

/// After this long without an answer a program counts as stuck. Nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a program answers: what came of the request, or the error it ended in.
pub(crate) type Answer = Result<Value, Value>;

/// A running peer program whose session is open.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) library: &'static Library,
    pub(crate) serializer: &'static str,
    lines: mpsc::UnboundedSender<String>,
    said: Arc<Said>,
    last_id: AtomicU64,
    _child: Child,
}

/// What a program has said and nobody has taken yet.
#[derive(Debug, Default)]
struct Said {
    waiting: Mutex<HashMap<u64, oneshot::Sender<Answer>>>,
    reports: Mutex<VecDeque<Value>>,
    reported: Notify,
}

impl Peer {
    /// Starts the program and waits until it has joined the realm.
    pub(crate) async fn start(
        library: &'static Library,
        serializer: &'static str,
        url: &str,
    ) -> Self {
        let (peer, first) = Self::tell(library, serializer, url, None).await;
        assert_eq!(first["on"], "joined", "{} joins: {first}", peer.name());
        peer
    }

    /// Starts the program, with credentials if there are any, and returns what it reports first.
    pub(crate) async fn tell(
        library: &'static Library,
        serializer: &'static str,
        url: &str,
        auth: Option<&Value>,
    ) -> (Self, Value) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop");
        let (program, script) = (library.program)(&folder);
        let shows_complaints = env::var_os("INTEROP_STDERR").is_some();
        let mut child = Command::new(program)
            .args(script)
            .args(["--url", url, "--realm", "realm1", "--serializer", serializer])
            .args(auth.iter().flat_map(|auth| ["--auth".to_owned(), auth.to_string()]))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(if shows_complaints { Stdio::inherit() } else { Stdio::null() })
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|e| panic!("{} does not start: {e}; run tests/setup", library.name));
        let said = Arc::new(Said::default());
        let (lines, to_write) = mpsc::unbounded_channel();
        if let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) {
            tokio::spawn(write(to_write, stdin));
            tokio::spawn(said.clone().read(stdout));
        }
        let last_id = AtomicU64::new(0);
        let peer = Self { library, serializer, lines, said, last_id, _child: child };
        let first = peer.next().await;
        (peer, first)
    }

    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.library.name, self.serializer)
    }

    /// Has the program do something and waits for its answer.
    pub(crate) async fn ask(&self, request: Value) -> Answer {
        self.begin(request).1.await
    }

    /// Has the program do something that may take a while; returns the id of the request and the answer to come.
    pub(crate) fn begin(&self, mut request: Value) -> (u64, impl Future<Output = Answer> + use<>) {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        request["id"] = id.into();
        let (answer, answered) = oneshot::channel();
        self.said.waiting.lock().insert(id, answer);
        let line = request.to_string();
        let what: String = format!("{}: {line}", self.name()).chars().take(200).collect();
        // If the program is gone, so is the one who would have answered.
        drop(self.lines.send(line));
        let answered = async move {
            match timeout(PATIENCE, answered).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => Err(json!({"message": format!("the program ended: {what}")})),
                Err(_) => Err(json!({"message": format!("no answer: {what}")})),
            }
        };
        (id, answered)
    }

    /// The next thing the program reports of its own accord: an event, an invocation, an interruption, a loss.
    pub(crate) async fn next(&self) -> Value {
        let next = async {
            loop {
                if let Some(report) = self.said.reports.lock().pop_front() {
                    return report;
                }
                self.said.reported.notified().await;
            }
        };
        timeout(PATIENCE, next).await.unwrap_or_else(|_| json!({"on": "nothing"}))
    }
}

impl Said {
    /// Sorts what the program writes into answers and reports.
    async fn read(self: Arc<Self>, stdout: impl AsyncRead + Unpin) {
        let mut lines = BufReader::new(stdout).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            match serde_json::from_str::<Value>(&line) {
                Ok(message) => self.take(message),
                Err(_) => self.report(json!({"on": "garbage", "line": line})),
            }
        }
        self.report(json!({"on": "ended"}));
        self.waiting.lock().clear();
    }

    fn take(&self, message: Value) {
        let Some(id) = message["id"].as_u64() else { return self.report(message) };
        let answer = match message.get("ok") {
            Some(ok) => Ok(ok.clone()),
            None => Err(message["error"].clone()),
        };
        if let Some(waiting) = self.waiting.lock().remove(&id) {
            drop(waiting.send(answer));
        }
    }

    fn report(&self, report: Value) {
        self.reports.lock().push_back(report);
        self.reported.notify_one();
    }
}

/// Passes lines on to a program.
async fn write(mut lines: mpsc::UnboundedReceiver<String>, mut stdin: impl AsyncWrite + Unpin) {
    while let Some(line) = lines.recv().await {
        if stdin.write_all(format!("{line}\n").as_bytes()).await.is_err() {
            return;
        }
    }
}
