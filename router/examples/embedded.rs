//! A router inside another program, with two realms and no site, that stops after a minute or with `once` at once.
//!
//! ```text
//! $ cargo run -p wamplex-router --example embedded -- once
//! realms: com.example.first, com.example.second
//! sessions joined: 0
//! ```

// An example talks to people.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::{env, error::Error, time::Duration};
use wamplex_router::{
    Router,
    config::{ListenerConfig, Site},
};

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let once = env::args().any(|argument| argument == "once");
    let router = Router::builder()
        .realm("com.example.first")
        .realm("com.example.second")
        .listener(ListenerConfig { site: Site::Nothing, ..ListenerConfig::on(([127, 0, 0, 1], 0)) })
        // Nobody here sends much, or may be slow for long.
        .limits(|limits| {
            limits.message_size = 64 << 10;
            limits.stall = Duration::from_secs(2);
        })
        .bind()
        .await?;
    eprintln!("clients connect to {}", router.websocket_url());

    // The handle reaches the router while it runs: to look, to count, and to stop it from elsewhere.
    let handle = router.handle();
    let realms: Vec<_> = handle.realms().iter().map(ToString::to_string).collect();
    println!("realms: {}", realms.join(", "));
    let stop = Duration::from_secs(if once { 0 } else { 60 });
    router.run_until(tokio::time::sleep(stop)).await;
    println!("sessions joined: {}", handle.counters().sessions_joined);
    Ok(())
}
