//! A router inside another program, with two realms and no site, that stops after a minute.
//!
//! ```text
//! $ cargo run -p wamplex-router --example embedded
//! clients connect to ws://127.0.0.1:8080/ws
//! sessions joined: 0
//! ```

// An example talks to people.
#![allow(clippy::print_stdout)]

use std::{error::Error, time::Duration};
use wamplex_router::{Router, RouterConfig, config::Site};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = RouterConfig {
        realms: vec!["com.example.first".into(), "com.example.second".into()],
        ..RouterConfig::default()
    };
    config.listeners[0].site = Site::Nothing;
    // Nobody here sends much, or may be slow for long.
    config.limits.message_size = 64 << 10;
    config.limits.stall = Duration::from_secs(2);

    let router = Router::bind(config).await?;
    println!("clients connect to {}", router.websocket_url());

    // The handle reaches the router while it runs: to count, and to stop it from elsewhere.
    let handle = router.handle();
    router.run_until(tokio::time::sleep(Duration::from_secs(60))).await;
    println!("sessions joined: {}", handle.counters().sessions_joined);
    Ok(())
}
