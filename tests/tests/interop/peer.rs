//! Peer programs: child processes that speak the line protocol of `tests/interop/README.md`.

use crate::library::Library;
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    path::Path,
    process::Stdio,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command},
    sync::{Mutex as AsyncMutex, mpsc, oneshot},
    time::timeout,
};

/// After this long without an answer a program counts as stuck. Nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a program answers: what came of the request, or the error it ended in.
pub(crate) type Answer = Result<Value, Value>;

/// A running peer program whose session is open.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) library: &'static Library,
    pub(crate) serializer: &'static str,
    stdin: AsyncMutex<ChildStdin>,
    waiting: Arc<Mutex<HashMap<u64, oneshot::Sender<Answer>>>>,
    reports: AsyncMutex<mpsc::UnboundedReceiver<Value>>,
    last_id: AtomicU64,
    _child: Child,
}

impl Peer {
    /// Starts the program and waits until it has joined the realm.
    pub(crate) async fn start(
        library: &'static Library,
        serializer: &'static str,
        url: &str,
    ) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop");
        let (program, script) = (library.program)(&folder);
        let mut child = Command::new(program)
            .args(script)
            .args(["--url", url, "--realm", "realm1", "--serializer", serializer])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(if std::env::var_os("INTEROP_STDERR").is_some() {
                Stdio::inherit()
            } else {
                Stdio::null()
            })
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|e| panic!("{} does not start: {e}; run tests/setup", library.name));
        let stdin = child.stdin.take().expect("standard input is piped");
        let stdout = child.stdout.take().expect("standard output is piped");
        let waiting = Arc::new(Mutex::new(HashMap::new()));
        let (report, reports) = mpsc::unbounded_channel();
        tokio::spawn(read(stdout, waiting.clone(), report));
        let peer = Self {
            library,
            serializer,
            stdin: AsyncMutex::new(stdin),
            waiting,
            reports: AsyncMutex::new(reports),
            last_id: AtomicU64::new(0),
            _child: child,
        };
        let first = peer.next().await;
        assert_eq!(first, json!({"on": "joined"}), "{} joins", peer.name());
        peer
    }

    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.library.name, self.serializer)
    }

    /// Has the program do something and waits for its answer.
    pub(crate) async fn ask(&self, request: Value) -> Answer {
        self.begin(request).await.1.await
    }

    /// Has the program do something that may take a while; returns the id of the request and the answer to come.
    pub(crate) async fn begin(
        &self,
        mut request: Value,
    ) -> (u64, impl Future<Output = Answer> + use<>) {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        request["id"] = id.into();
        let what = format!("{}: {request}", self.name());
        let (answer, answered) = oneshot::channel();
        self.waiting.lock().unwrap().insert(id, answer);
        let line = format!("{request}\n");
        let written = self.stdin.lock().await.write_all(line.as_bytes()).await;
        let answered = async move {
            if let Err(error) = written {
                return Err(json!({"message": format!("the program is gone: {error}: {what}")}));
            }
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
        match timeout(PATIENCE, self.reports.lock().await.recv()).await {
            Ok(Some(report)) => report,
            Ok(None) => json!({"on": "ended"}),
            Err(_) => json!({"on": "nothing"}),
        }
    }
}

/// Sorts what the program writes into answers and reports.
async fn read(
    stdout: ChildStdout,
    waiting: Arc<Mutex<HashMap<u64, oneshot::Sender<Answer>>>>,
    report: mpsc::UnboundedSender<Value>,
) {
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let Ok(message) = serde_json::from_str::<Value>(&line) else {
            drop(report.send(json!({"on": "garbage", "line": line})));
            continue;
        };
        let Some(id) = message["id"].as_u64() else {
            drop(report.send(message));
            continue;
        };
        let answer = match message.get("ok") {
            Some(ok) => Ok(ok.clone()),
            None => Err(message["error"].clone()),
        };
        if let Some(waiting) = waiting.lock().unwrap().remove(&id) {
            drop(waiting.send(answer));
        }
    }
    waiting.lock().unwrap().clear();
}
