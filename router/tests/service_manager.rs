//! What a service manager hears of the router.

// Clippy does not see that helpers of tests are tests.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{process::Stdio, time::Duration};
use tokio::{net::UnixDatagram, process::Command, time::timeout};

const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_service_manager_hears_when_the_router_is_ready_alive_and_stopping() {
    let path = std::env::temp_dir().join(format!("wamplex-notify-{}", std::process::id()));
    drop(std::fs::remove_file(&path));
    let manager = UnixDatagram::bind(&path).unwrap();
    let mut router = Command::new(env!("CARGO_BIN_EXE_wamplex"))
        .args(["--listen", "127.0.0.1:0"])
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "200000")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut buffer = [0; 4096];
    let mut hear = async || {
        let length = timeout(PATIENCE, manager.recv(&mut buffer)).await.unwrap().unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    };
    let ready = hear().await;
    assert!(ready.starts_with("READY=1\nSTATUS=listening on ws://127.0.0.1:"), "{ready}");
    for _ in 0..3 {
        assert_eq!(hear().await.trim_end(), "WATCHDOG=1");
    }
    let pid = router.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").arg(&pid).status().unwrap().success());
    let stopping = loop {
        let heard = hear().await;
        if heard.trim_end() != "WATCHDOG=1" {
            break heard;
        }
    };
    assert!(stopping.starts_with("STOPPING=1\n"), "{stopping}");
    assert!(timeout(PATIENCE, router.wait()).await.unwrap().unwrap().success());
    std::fs::remove_file(&path).unwrap();
}
