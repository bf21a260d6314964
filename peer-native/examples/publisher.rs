//! Publishes three events.
//!
//! ```text
//! $ cargo run -p wamplex --example publisher
//! published 20.5 degrees in kitchen
//! published 19.0 degrees in bedroom
//! published 21.5 degrees in kitchen
//! ```
#![allow(clippy::print_stdout, reason = "what an example is for")]

use serde::Serialize;
use wamplex::Client;

#[derive(Serialize)]
struct Reading {
    room: &'static str,
    degrees: f64,
}

#[tokio::main]
async fn main() -> Result<(), wamplex::Error> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:8080/ws".into());
    let client = Client::builder(url).realm("realm1").connect().await?;

    for (room, degrees) in [("kitchen", 20.5), ("bedroom", 19.0), ("kitchen", 21.5)] {
        let reading = Reading { room, degrees };
        client.publish("com.example.temperature").args((reading,)).acknowledged().await?;
        println!("published {degrees:.1} degrees in {room}");
    }

    client.leave().await
}
