//! An echo over the WebSocket transport, to hold that against suites that know nothing of WAMP.

use super::{Close, Lost, Subprotocol, Transport, WebSocket};
use bytes::BytesMut;
use std::{future::poll_fn, io};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use wamplex_shared::serializer::Serializer;

/// The longest request that is read.
const REQUEST: usize = 16 << 10;

/// Sends every message of every client back to it, for ever. Messages have at most `limit` bytes.
///
/// # Errors
/// The listener fails.
pub async fn echo(listener: TcpListener, limit: usize) -> io::Result<()> {
    loop {
        let (socket, _) = listener.accept().await?;
        tokio::spawn(async move {
            // A client that breaks its connection has seen for itself what became of it.
            let _ = serve(socket, limit).await;
        });
    }
}

async fn serve(mut socket: TcpStream, limit: usize) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let read = upgrade(&mut socket).await?;
    // The serializer plays no part: messages of both kinds are sent back.
    let agreed = Subprotocol { serializer: Serializer::Json, batched: false };
    let mut transport = WebSocket::new(socket, &read, agreed, limit);
    let close = loop {
        match poll_fn(|cx| transport.poll_data(cx)).await {
            Ok((kind, message)) => {
                let mut message = Some(message);
                poll_fn(|cx| {
                    if let Some(message) = message.take() {
                        transport.write(kind, &message)?;
                    }
                    transport.poll_flush(cx)
                })
                .await?;
            }
            Err(Lost::Closed) => break Close::Normal,
            Err(Lost::Broken(error)) => return Err(error),
            Err(Lost::Violation(_)) => break Close::ProtocolError,
            Err(Lost::TooLong { .. }) => break Close::TooLong,
            Err(Lost::Malformed { close, .. }) => break close,
        }
    };
    poll_fn(|cx| transport.poll_close(cx, close)).await;
    Ok(())
}

/// Grants the upgrade to a client that names no subprotocol, and gives what came behind its request.
async fn upgrade(socket: &mut TcpStream) -> io::Result<BytesMut> {
    let mut read = BytesMut::new();
    let end = loop {
        if let Some(at) = read.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if read.len() > REQUEST || socket.read_buf(&mut read).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    };
    let request = read.split_to(end);
    let request = String::from_utf8_lossy(&request);
    let key = request.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("sec-websocket-key").then(|| value.trim())
    });
    let accept = derive_accept_key(key.ok_or(io::ErrorKind::InvalidData)?.as_bytes());
    let response = format!(
        "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-accept: {accept}\r\n\r\n"
    );
    socket.write_all(response.as_bytes()).await?;
    Ok(read)
}
