//! Cancels a call by dropping it, which the callee is told.
//!
//! ```text
//! $ cargo run -p wamplex --example cancel
//! callee: working
//! caller: no patience
//! callee: canceled
//! ```
#![allow(clippy::print_stdout, reason = "what an example is for")]

use std::{future::IntoFuture as _, sync::Arc, time::Duration};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};
use wamplex::{Client, Ctx, WampError};

#[tokio::main]
async fn main() -> Result<(), wamplex::Error> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:8080/ws".into());
    let client = Client::builder(url).realm("realm1").connect().await?;

    let done = Arc::new(Notify::new());
    let told = done.clone();
    let slow = move |cx: Ctx| {
        let told = told.clone();
        async move {
            println!("callee: working");
            tokio::select! {
                () = sleep(Duration::from_secs(60)) => {}
                () = cx.cancel.cancelled() => println!("callee: canceled"),
            }
            told.notify_one();
            Ok::<_, WampError>(())
        }
    };
    let _registration = client.register("com.example.slow", slow).await?;

    let call = client.call("com.example.slow").into_future();
    if timeout(Duration::from_millis(500), call).await.is_err() {
        println!("caller: no patience");
    }
    done.notified().await;

    client.leave().await
}
