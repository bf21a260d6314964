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
use wamplex::{Client, CloseReason, Connect, Error, Serializer, auth};

#[tokio::main]
async fn main() -> ExitCode {
    match connect().await {
        Ok(client) => {
            let welcome = client.details();
            let identity = json!({
                "authid": welcome.authid.as_deref(),
                "authrole": welcome.authrole.as_deref(),
                "authmethod": welcome.authmethod.as_deref(),
            });
            report(&json!({"on": "joined", "as": identity}));
            serve(client, BufReader::new(tokio::io::stdin()).lines()).await;
            ExitCode::SUCCESS
        }
        Err(error) => {
            report(
                &json!({"on": "refused", "reason": {"uri": error.uri(), "message": error.to_string()}}),
            );
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
    authenticated(builder)?.serializers([serializer]).connect().await
}

/// Offers what `--auth` says, if it is there.
fn authenticated(builder: Connect) -> Result<Connect, Error> {
    let auth: Value = match &*option("--auth") {
        "" => return Ok(builder),
        text => serde_json::from_str(text).map_err(|_| Error::Config("--auth is JSON"))?,
    };
    let text = |key: &str| auth[key].as_str().unwrap_or_default();
    let (authid, secret) = (text("authid"), text("secret"));
    let unusable = |_| Error::Config("--auth has a key that is none");
    Ok(match text("method") {
        "ticket" => builder.auth(auth::Ticket::new(authid, secret)),
        "wampcra" => builder.auth(auth::WampCra::new(authid, secret)),
        "wamp-scram" => builder.auth(auth::Scram::new(authid, secret)),
        "cryptosign" => {
            let mut auth = auth::Cryptosign::from_hex(secret).map_err(unusable)?.authid(authid);
            if let Ok(router) = auth::PublicKey::from_hex(text("router")) {
                auth = auth.trusting(router);
            }
            builder.auth(auth)
        }
        _ => return Err(Error::Config("--auth names a method that is not known")),
    })
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
