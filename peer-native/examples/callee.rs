//! Offers two procedures until the router goes away.
//!
//! ```text
//! $ cargo run -p wamplex --example callee
//! offering com.example.add2 and com.example.divide
//! ```
#![allow(clippy::print_stdout, reason = "what an example is for")]

use wamplex::{Args, Client, WampError};

/// Handlers are async functions; their parameters are taken out of the call.
async fn divide(Args((a, b)): Args<(f64, f64)>) -> Result<f64, WampError> {
    if b == 0.0 {
        return Err(WampError::new("com.example.error.division_by_zero").with_args((a,))?);
    }
    Ok(a / b)
}

#[tokio::main]
async fn main() -> Result<(), wamplex::Error> {
    let url = std::env::args().nth(1).unwrap_or_else(|| "ws://127.0.0.1:8080/ws".into());
    let client = Client::builder(url).realm("realm1").connect().await?;

    let add2 = |Args((a, b)): Args<(i64, i64)>| async move { Ok::<_, WampError>(a + b) };
    client.register("com.example.add2", add2).await?.detach();
    client.register("com.example.divide", divide).await?.detach();
    println!("offering com.example.add2 and com.example.divide");

    client.closed().await;
    Ok(())
}
