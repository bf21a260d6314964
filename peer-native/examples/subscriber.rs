//! Prints three events of a topic. Start it before the example `publisher`.
//!
//! ```text
//! $ cargo run -p wamplex --example subscriber
//! subscribed
//! 20.5 degrees in kitchen
//! 19.0 degrees in bedroom
//! 21.5 degrees in kitchen
//! ```
#![allow(clippy::print_stdout, reason = "what an example is for")]

use futures_util::StreamExt as _;
use serde::Deserialize;
use wamplex::{Client, Delivery};

#[derive(Deserialize)]
struct Reading {
    room: String,
    degrees: f64,
}

#[tokio::main]
async fn main() -> Result<(), wamplex::Error> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:8080/ws".into());
    let client = Client::builder(url).realm("realm1").connect().await?;

    let readings = client.subscribe::<Reading>("com.example.temperature").await?;
    println!("subscribed");

    let mut three = readings.take(3);
    while let Some(delivery) = three.next().await {
        match delivery? {
            Delivery::Event(event) => {
                println!("{:.1} degrees in {}", event.data.degrees, event.data.room);
            }
            Delivery::Gap { .. } => println!("some readings are missing"),
        }
    }

    client.leave().await
}
