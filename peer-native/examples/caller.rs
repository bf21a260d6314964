//! Calls the procedures of the example `callee`, which has to run.
//!
//! ```text
//! $ cargo run -p wamplex --example caller
//! 2 + 3 = 5
//! 1 / 4 = 0.25
//! 1 / 0 fails with com.example.error.division_by_zero
//! ```
#![allow(clippy::print_stdout, reason = "what an example is for")]

use std::time::Duration;
use wamplex::{Client, Error};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:8080/ws".into());
    let client = Client::builder(url).realm("realm1").connect().await?;

    let add2 = client.call("com.example.add2").args((2, 3)).timeout(Duration::from_secs(5));
    let sum: i64 = add2.get().await?;
    println!("2 + 3 = {sum}");

    for divisor in [4, 0] {
        match client.call("com.example.divide").args((1, divisor)).get::<f64>().await {
            Ok(quotient) => println!("1 / {divisor} = {quotient}"),
            Err(Error::Wamp(error)) => println!("1 / {divisor} fails with {}", error.uri),
            Err(error) => return Err(error),
        }
    }

    client.leave().await
}
