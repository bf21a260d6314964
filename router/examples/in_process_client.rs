//! A router without sockets: a session inside the process serves what the native client of the same program calls.
//!
//! ```text
//! $ cargo run -p wamplex-router --example in_process_client
//! 2 + 3 = 5
//! the caller is alice, as member, over local
//! ```

// An example talks to people.
#![allow(clippy::print_stdout)]

use std::error::Error;
use wamplex::Client;
use wamplex_router::{Identity, Router, local::Invocation};
use wamplex_shared::{error::WampError, uris, value::Value};

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let router = Router::builder().realm("com.example.realm").bind().await?;
    let handle = router.handle();
    let running = tokio::spawn(router.run());

    let backend = handle.join("com.example.realm", Identity::local("backend", "trusted"))?;
    backend.register("com.example.add", add).await?.detach();

    // Over this connection everything is as over a network, authentication included.
    let client = Client::builder("ws://localhost/ws").realm("com.example.realm");
    let client = client.connect_over(handle.connect()?).await?;
    let sum: i64 = client.call("com.example.add").args((2, 3)).get().await?;
    println!("2 + 3 = {sum}");

    // Whoever is told of a session can look it up.
    let alice = handle.join("com.example.realm", Identity::local("alice", "member"))?;
    let session = handle.session("com.example.realm", alice.id()).ok_or("nobody is here")?;
    let (authid, role) = (session.authid.unwrap_or_default(), session.authrole.unwrap_or_default());
    println!("the caller is {authid}, as {role}, over {}", session.authmethod.unwrap_or_default());

    client.leave().await?;
    handle.shutdown().await;
    running.await?;
    Ok(())
}

async fn add(call: Invocation) -> Result<Value, WampError> {
    let (args, _) = call.values()?;
    let sum: Option<i64> =
        args.iter().map(|arg| if let Value::Int(n) = arg { Some(n) } else { None }).sum();
    sum.map(Value::from).ok_or_else(|| WampError::new(uris::error::INVALID_ARGUMENT))
}
