//! One connection: its handshake, and what comes over it.

use super::{
    Crowd,
    frame::{self, Front},
    outbox::Outbox,
    wamp::{self, Asked, EVENT_HEAD},
};
use bytes::{Bytes, BytesMut};
use std::{
    io::{self, ErrorKind},
    sync::Arc,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// How much is read at once at least.
const READ: usize = 64 * 1024;

/// Serves a connection until its end, whatever the reason is.
pub(super) async fn serve(mut stream: TcpStream, crowd: Arc<Crowd>) {
    if stream.set_nodelay(true).is_err() || upgrade(&mut stream).await.is_none() {
        return;
    }
    let outbox = Arc::new(Outbox::new(stream));
    tokio::select! {
        _ = receive(&outbox, &crowd) => {}
        _ = outbox.drain() => {}
    }
    crowd.leave(&outbox);
}

/// Answers the request that a WebSocket begins with. Clients say nothing behind it before they have the answer.
async fn upgrade(stream: &mut TcpStream) -> Option<()> {
    let mut request = BytesMut::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await.ok()? == 0 {
            return None;
        }
    }
    let request = str::from_utf8(&request).ok()?;
    let key = value(request, "sec-websocket-key")?;
    let accept = derive_accept_key(key.as_bytes());
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: wamp.2.msgpack\r\n\r\n"
    );
    stream.write_all(answer.as_bytes()).await.ok()
}

fn value<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    let mut headers = request.lines().filter_map(|line| line.split_once(':'));
    headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

async fn receive(own: &Arc<Outbox>, crowd: &Crowd) -> io::Result<()> {
    let mut buffer = BytesMut::new();
    let mut wanted = READ;
    loop {
        own.stream.readable().await?;
        buffer.reserve(wanted);
        match own.stream.try_read_buf(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(_) => wanted = handle(&mut buffer, own, crowd)?,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// Takes in every frame that has come whole, then writes to all that got something. Says how much is to be read next.
fn handle(buffer: &mut BytesMut, own: &Arc<Outbox>, crowd: &Crowd) -> io::Result<usize> {
    let subscribers = crowd.now();
    let mut dirty = Vec::new();
    let part = loop {
        match frame::take(buffer) {
            Front::Frame(frame) => match wamp::read(&frame.freeze()) {
                Asked::Publish(arguments) => broadcast(&arguments, own, &subscribers, &mut dirty),
                Asked::Answer(answer) => answer_with(&answer, own, &mut dirty),
                Asked::Subscribe(answer) => {
                    answer_with(&answer, own, &mut dirty);
                    crowd.join(own.clone());
                }
                Asked::Nothing => return Err(ErrorKind::InvalidData.into()),
            },
            Front::Part(length) => break length,
            Front::Other => return Err(ErrorKind::InvalidData.into()),
        }
    };
    for outbox in dirty {
        // Who has gone is told so by its own task.
        let _ = outbox.flush();
    }
    Ok(part.saturating_sub(buffer.len()).max(READ))
}

fn broadcast<'a>(
    arguments: &Bytes,
    own: &Arc<Outbox>,
    subscribers: &'a [Arc<Outbox>],
    dirty: &mut Vec<&'a Outbox>,
) {
    for outbox in subscribers.iter().filter(|other| !Arc::ptr_eq(other, own)) {
        if outbox.push(EVENT_HEAD, arguments) {
            dirty.push(outbox);
        }
    }
}

fn answer_with<'a>(answer: &Bytes, own: &'a Arc<Outbox>, dirty: &mut Vec<&'a Outbox>) {
    if own.push(&[], answer) {
        dirty.push(own);
    }
}
