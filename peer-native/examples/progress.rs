//! Takes the result of a call in pieces.
//!
//! ```text
//! $ cargo run -p wamplex --example progress
//! 1 of 3
//! 2 of 3
//! 3 of 3
//! counted to 3
//! ```
#![allow(clippy::print_stdout, reason = "what an example is for")]

use futures_util::StreamExt as _;
use wamplex::{Args, Client, Ctx, WampError};

async fn count(Args((n,)): Args<(u32,)>, cx: Ctx) -> Result<String, WampError> {
    for i in 1..=n {
        cx.progress(i).await?;
    }
    Ok(format!("counted to {n}"))
}

#[tokio::main]
async fn main() -> Result<(), wamplex::Error> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:8080/ws".into());
    let client = Client::builder(url).realm("realm1").connect().await?;
    let _registration = client.register("com.example.count", count).await?;

    let mut numbers = client.call("com.example.count").args((3,)).progress::<u32, String>().await?;
    while let Some(number) = numbers.next().await {
        println!("{} of 3", number?);
    }
    println!("{}", numbers.result().await?);

    client.leave().await
}
