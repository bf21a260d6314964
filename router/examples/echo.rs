//! Echoes WebSocket messages over the transport that the router uses, for the Autobahn|Testsuite: see `tests/run autobahn`.

// An example talks to people.
#![allow(clippy::print_stdout)]

use std::{env, error::Error};
use tokio::net::TcpListener;

/// The longest message of the suite.
const LIMIT: usize = 16 << 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:0".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on ws://{}", listener.local_addr()?);
    wamplex_router::echo(listener, LIMIT).await?;
    Ok(())
}
