//! Our native client as a peer program; `tests/interop/README.md` describes the line protocol it speaks.

mod datum;
mod peer;
mod procedures;

use peer::Peer;
use serde_json::{Value, json};
use std::{
    env,
    io::{self, Write as _},
    process::ExitCode,
    sync::Arc,
};
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines, Stdin};
use wamplex::{Client, CloseReason, Error, Serializer};

#[tokio::main]
async fn main() -> ExitCode {
    match connect().await {
        Ok(client) => {
            report(&json!({"on": "joined"}));
            serve(client, BufReader::new(tokio::io::stdin()).lines()).await;
            ExitCode::SUCCESS
        }
        Err(error) => {
            report(&json!({"on": "refused", "reason": error.to_string()}));
            ExitCode::FAILURE
        }
    }
}

async fn connect() -> Result<Client, Error> {
    let serializer = match &*option("--serializer") {
        "json" => Serializer::Json,
        "msgpack" => Serializer::MsgPack,
        "cbor" => Serializer::Cbor,
        _ => return Err(Error::Config("--serializer is json, msgpack or cbor")),
    };
    let builder = Client::builder(option("--url")).realm(option("--realm"));
    builder.serializers([serializer]).connect().await
}

/// The value of an option of the command line; empty if it is not there.
fn option(name: &str) -> String {
    env::args().skip_while(|argument| argument != name).nth(1).unwrap_or_default()
}

/// Writes a line for the driver.
fn report(message: &Value) {
    let mut out = io::stdout().lock();
    // When nobody reads any more, standard input ends too.
    drop(writeln!(out, "{message}").and_then(|()| out.flush()));
}

/// Does what the lines say until they end.
async fn serve(client: Client, mut lines: Lines<BufReader<Stdin>>) {
    let peer = Arc::new(Peer::new(client.clone()));
    tokio::spawn(async move {
        let reason = client.closed().await;
        if reason != CloseReason::Left {
            report(&json!({"on": "lost", "reason": reason.to_string()}));
        }
    });
    while let Ok(Some(line)) = lines.next_line().await {
        // Not awaited: a call may wait for another request that comes later, such as its own cancellation.
        tokio::spawn(peer.clone().answer(line));
    }
}
