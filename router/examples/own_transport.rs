//! A transport of one's own: messages in JSON, each behind its length in four bytes, over a pipe.
//!
//! ```text
//! $ cargo run -p wamplex-router --example own_transport
//! < [1,"realm1",{"roles":{"publisher":{}}}]
//! > WELCOME
//! < [16,1,{"acknowledge":true},"com.example.topic",["hello"]]
//! > PUBLISHED
//! < [6,{},"wamp.close.close_realm"]
//! > GOODBYE
//! ```

// An example talks to people.
#![allow(clippy::print_stdout)]

use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, TryStreamExt};
use std::error::Error;
use tokio::io::{duplex, split};
use tokio_util::codec::{Framed, FramedRead, FramedWrite, LengthDelimitedCodec};
use wamplex_router::{Peer, Router};
use wamplex_shared::{codec, serializer::Serializer};

#[tokio::main]
pub(crate) async fn main() -> Result<(), Box<dyn Error>> {
    let router = Router::builder().bind().await?;
    let (ours, theirs) = duplex(4096);

    // Anything that is a stream and a sink of messages will do; the router needs no more of a transport.
    let (read, write) = split(ours);
    let messages = FramedRead::new(read, LengthDelimitedCodec::new()).map_ok(BytesMut::freeze);
    let answers = FramedWrite::new(write, LengthDelimitedCodec::new());
    let handle = router.handle();
    let serving = tokio::spawn(async move {
        handle.serve_messages(messages, answers, Serializer::Json, Peer::local()).await
    });

    let mut client = Framed::new(theirs, LengthDelimitedCodec::new());
    for message in [
        r#"[1,"realm1",{"roles":{"publisher":{}}}]"#,
        r#"[16,1,{"acknowledge":true},"com.example.topic",["hello"]]"#,
        r#"[6,{},"wamp.close.close_realm"]"#,
    ] {
        println!("< {message}");
        client.send(Bytes::from(message)).await?;
        let answer = client.try_next().await?.ok_or("the router is gone")?;
        println!("> {}", codec::decode(Serializer::Json, &answer.freeze())?.code());
    }
    drop(client);
    serving.await??;
    Ok(())
}
