//! A procedure that plain HTTP calls: a router with a bridge, and a request by hand.
//!
//! ```text
//! $ cargo run -p wamplex-router --example http_bridge
//! HTTP/1.1 200 OK
//! {"args":["Hello, Ali!"],"kwargs":{}}
//! ```

// An example talks to people.
#![allow(clippy::print_stdout)]

use std::error::Error;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wamplex_router::{
    Identity, Router,
    config::{BridgeAction, BridgeEndpoint, ListenerConfig},
    local::Invocation,
};
use wamplex_shared::value::Value;

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let mut listener = ListenerConfig::on(([127, 0, 0, 1], 0));
    listener.bridge.push(BridgeEndpoint {
        anonymous: Some("guest".to_owned()),
        ..BridgeEndpoint::new("/call", BridgeAction::Call)
    });
    let router = Router::builder().listener(listener).bind().await?;
    let (address, handle) = (router.local_addr(), router.handle());
    tokio::spawn(router.run());

    let backend = handle.join("realm1", Identity::local("backend", "trusted"))?;
    let greet = |call: Invocation| async move {
        let name = call.values()?.0.first().and_then(Value::as_str).cloned().unwrap_or_default();
        Ok(Value::from(format!("Hello, {name}!")))
    };
    backend.register("com.example.greet", greet).await?.detach();

    let body = r#"{"procedure": "com.example.greet", "args": ["Ali"]}"#;
    let head = "POST /call HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
    let kind = "content-type: application/json";
    let request = format!("{head}{kind}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let mut socket = TcpStream::connect(address).await?;
    socket.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    socket.read_to_string(&mut response).await?;
    println!("{}", response.lines().next().unwrap_or_default());
    println!("{}", response.lines().last().unwrap_or_default());

    handle.shutdown().await;
    Ok(())
}
