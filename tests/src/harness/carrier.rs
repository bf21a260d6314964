//! What carries the bytes of a client: every transport there is.

use super::longpoll::LongPoll;
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, StreamExt};
use std::{collections::VecDeque, fmt::Display, net::SocketAddr, path::PathBuf};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};
use tokio_rustls::{TlsConnector, rustls::pki_types::ServerName};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Message as Frame, client::IntoClientRequest, http::header::SEC_WEBSOCKET_PROTOCOL,
    },
};
use wamplex_shared::{
    codec::batch,
    rawsocket::{Deframer, FrameKind, HANDSHAKE_LENGTH, Handshake, MaxLength, header},
    serializer::Serializer,
};

/// A way to speak to a router, and where.
#[derive(Clone)]
pub(super) enum Route {
    /// "WAMP: WebSocket Transport".
    WebSocket(SocketAddr),
    /// "WAMP: Batched WebSocket Transport".
    Batched(SocketAddr),
    /// WebSocket through TLS, with whom to trust.
    Encrypted(SocketAddr, TlsConnector),
    /// "WAMP: RawSocket Transport" over TCP.
    RawSocket(SocketAddr),
    /// RawSocket over a Unix socket.
    Unix(PathBuf),
    /// "WAMP: HTTP Longpoll Transport".
    LongPoll(SocketAddr),
}

/// A connection that carries the messages of one client.
#[derive(Debug)]
pub(super) enum Carrier {
    WebSocket(Box<WebSocketStream<Stream>>),
    Batched(Box<WebSocketStream<Stream>>, VecDeque<Bytes>),
    RawSocket(Stream, BytesMut),
    LongPoll(Box<LongPoll>),
}

/// Any stream.
type Stream = Box<dyn Socket>;

/// What a stream has to be.
pub(super) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + std::fmt::Debug> Socket for S {}

impl Carrier {
    /// Connects and says nothing.
    pub(super) async fn connect(route: &Route, serializer: Serializer) -> Result<Self, String> {
        match route {
            Route::WebSocket(to) => {
                let socket = websocket(tcp(*to).await?, serializer.subprotocol()).await?;
                Ok(Self::WebSocket(Box::new(socket)))
            }
            Route::Batched(to) => {
                let socket = websocket(tcp(*to).await?, batch::subprotocol(serializer)).await?;
                Ok(Self::Batched(Box::new(socket), VecDeque::new()))
            }
            Route::Encrypted(to, tls) => {
                let name = ServerName::try_from("localhost").map_err(broken)?;
                let stream = tls.connect(name, tcp(*to).await?).await.map_err(broken)?;
                let socket = websocket(Box::new(stream), serializer.subprotocol()).await?;
                Ok(Self::WebSocket(Box::new(socket)))
            }
            Route::RawSocket(to) => rawsocket(tcp(*to).await?, serializer).await,
            Route::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(broken)?;
                rawsocket(Box::new(stream), serializer).await
            }
            Route::LongPoll(to) => {
                let opened = LongPoll::open(*to, &[serializer.subprotocol()]).await;
                match opened.map_err(broken)? {
                    Ok(transport) => Ok(Self::LongPoll(Box::new(transport))),
                    Err(response) => Err(format!("cannot connect: {}", response.head)),
                }
            }
        }
    }

    /// Sends a message. A connection that is gone is noticed by reading from it.
    pub(super) async fn send(&mut self, serializer: Serializer, message: Bytes) {
        match self {
            Self::WebSocket(socket) => {
                let _ = socket.send(frame(serializer, message)).await;
            }
            Self::Batched(socket, _) => {
                let mut batch = BytesMut::new();
                batch::append(serializer, &message, &mut batch);
                let _ = socket.send(frame(serializer, batch.freeze())).await;
            }
            Self::RawSocket(stream, _) => {
                let header = header(FrameKind::Message, message.len(), MaxLength::MAX);
                let header = header.expect("a test sends nothing that long");
                let _ = stream.write_all(&[&header, &message[..]].concat()).await;
            }
            Self::LongPoll(transport) => {
                let _ = transport.send(&message).await;
            }
        }
    }

    /// The next message; `None` when the connection is over.
    pub(super) async fn receive(
        &mut self,
        serializer: Serializer,
    ) -> Result<Option<Bytes>, String> {
        match self {
            Self::WebSocket(socket) => data(socket, serializer).await,
            Self::Batched(socket, inbox) => loop {
                if let Some(message) = inbox.pop_front() {
                    return Ok(Some(message));
                }
                let Some(batch) = data(socket, serializer).await? else { return Ok(None) };
                let messages = batch::split(serializer, batch).collect::<Result<VecDeque<_>, _>>();
                *inbox = messages.map_err(|e| format!("the router has sent no batch: {e}"))?;
            },
            Self::RawSocket(stream, received) => loop {
                let frame = Deframer::new(MaxLength::MAX).next(received);
                match frame.map_err(|e| format!("the router has sent no frame: {e}"))? {
                    Some(frame) if frame.kind == FrameKind::Message => {
                        return Ok(Some(frame.content));
                    }
                    Some(other) => return Err(format!("the router has sent {other:?}")),
                    None => {}
                }
                if stream.read_buf(received).await.unwrap_or(0) == 0 {
                    return Ok(None);
                }
            },
            Self::LongPoll(transport) => loop {
                match transport.receive().await {
                    Ok(response) if response.status == 200 && response.body.is_empty() => {}
                    Ok(response) if response.status == 200 => {
                        return Ok(Some(response.body.into()));
                    }
                    Ok(_) | Err(_) => return Ok(None),
                }
            },
        }
    }

    /// Ends the connection without a word of WAMP.
    pub(super) async fn hang_up(self) {
        // All others are over when they are dropped.
        if let Self::LongPoll(mut transport) = self {
            let _ = transport.close().await;
        }
    }
}

async fn tcp(to: SocketAddr) -> Result<Stream, String> {
    let stream = TcpStream::connect(to).await.map_err(broken)?;
    stream.set_nodelay(true).map_err(broken)?;
    Ok(Box::new(stream))
}

async fn websocket(
    stream: Stream,
    subprotocol: &'static str,
) -> Result<WebSocketStream<Stream>, String> {
    let mut request = "ws://localhost/ws".into_client_request().map_err(broken)?;
    let offered = subprotocol.parse().map_err(broken)?;
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, offered);
    let (socket, response) = client_async(request, stream).await.map_err(broken)?;
    let chosen = response.headers().get(SEC_WEBSOCKET_PROTOCOL);
    if chosen.is_none_or(|chosen| chosen != subprotocol) {
        return Err(format!("the router has chosen {chosen:?}"));
    }
    Ok(socket)
}

async fn rawsocket(mut stream: Stream, serializer: Serializer) -> Result<Carrier, String> {
    let ours = Handshake { max_length: MaxLength::MAX, serializer };
    stream.write_all(&ours.to_octets()).await.map_err(broken)?;
    let mut answer = [0; HANDSHAKE_LENGTH];
    stream.read_exact(&mut answer).await.map_err(broken)?;
    Handshake::from_router(answer, serializer).map_err(broken)?;
    Ok(Carrier::RawSocket(stream, BytesMut::new()))
}

/// The content of the next data frame.
async fn data(
    socket: &mut WebSocketStream<Stream>,
    serializer: Serializer,
) -> Result<Option<Bytes>, String> {
    loop {
        return match (socket.next().await, serializer.is_text()) {
            (Some(Ok(Frame::Text(text))), true) => Ok(Some(Bytes::from(text))),
            (Some(Ok(Frame::Binary(bytes))), false) => Ok(Some(bytes)),
            (Some(Ok(Frame::Text(_) | Frame::Binary(_))), _) => {
                Err("the router has sent a frame of the wrong type".to_owned())
            }
            (Some(Ok(Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_))), _) => continue,
            (Some(Ok(Frame::Close(_)) | Err(_)) | None, _) => Ok(None),
        };
    }
}

fn frame(serializer: Serializer, bytes: Bytes) -> Frame {
    if serializer.is_text() {
        Frame::Text(bytes.try_into().expect("JSON is text"))
    } else {
        Frame::Binary(bytes)
    }
}

fn broken(error: impl Display) -> String {
    format!("cannot connect: {error}")
}
