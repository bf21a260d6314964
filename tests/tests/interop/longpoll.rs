//! AutobahnJS over long-poll: the only library of others that speaks it.

use crate::router::UnderTest;
use std::{path::Path, process::Stdio};
use tokio::process::Command;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs foreign clients: run it with `tests/run interop`"]
async fn autobahn_js_works_over_long_poll() {
    let router = UnderTest::start().await;
    let base = router.url.replacen("ws", "http", 1).replace("/ws", "/lp");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("interop");
    let program = Command::new("node")
        .arg(folder.join("autobahn_longpoll.mjs"))
        .arg(base)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("node runs");
    let said = String::from_utf8_lossy(&program.stdout);
    let complained = String::from_utf8_lossy(&program.stderr);
    assert!(program.status.success(), "{said}\n{complained}");
    for done in ["joined", "called", "published", "closed"] {
        assert!(said.lines().any(|line| line == done), "{done}: {said}");
    }
    router.stop().await;
}
