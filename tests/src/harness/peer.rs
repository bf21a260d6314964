//! A client that knows nothing of WAMP but its bytes: it sends what it is told to, and keeps what it receives.

use super::{
    notation,
    quirks::{OtherRouter, Translation},
    requests::{Requests, code},
};
use crate::script::Incoming;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::{collections::VecDeque, net::SocketAddr, time::Duration};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Message as Frame, client::IntoClientRequest, http::header::SEC_WEBSOCKET_PROTOCOL,
    },
};
use wamplex_shared::{id::MAX_SAFE_ID, message::MessageCode, serializer::Serializer};

/// One WebSocket connection.
#[derive(Debug)]
pub(super) struct Peer {
    socket: WebSocketStream<TcpStream>,
    serializer: Serializer,
    inbox: VecDeque<Incoming>,
    requests: Requests,
    translation: Option<Translation>,
    /// How long a message may take that has to come.
    patience: Duration,
    /// It is in a session: WELCOME has come, and neither GOODBYE nor ABORT has gone either way.
    in_session: bool,
    is_closed: bool,
}

impl Peer {
    /// Connects and says nothing.
    pub(super) async fn connect(
        to: SocketAddr,
        serializer: Serializer,
        patience: Duration,
    ) -> Result<Self, String> {
        let broken = |e: &dyn std::fmt::Display| format!("cannot connect: {e}");
        let socket = TcpStream::connect(to).await.map_err(|e| broken(&e))?;
        let mut request = format!("ws://{to}/ws").into_client_request().map_err(|e| broken(&e))?;
        let protocol = serializer.subprotocol().parse().map_err(|e| broken(&e))?;
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        let (socket, response) = client_async(request, socket).await.map_err(|e| broken(&e))?;
        let chosen = response.headers().get(SEC_WEBSOCKET_PROTOCOL);
        if chosen.is_none_or(|chosen| chosen != serializer.subprotocol()) {
            return Err(format!("the router has chosen {chosen:?}"));
        }
        Ok(Self {
            socket,
            serializer,
            inbox: VecDeque::new(),
            requests: Requests::default(),
            translation: None,
            patience,
            in_session: false,
            is_closed: false,
        })
    }

    /// Translates what another router does differently.
    pub(super) fn translate(&mut self, router: &OtherRouter) {
        self.translation = Some(Translation::new(router.clone()));
    }

    /// Whether a session of the realm is behind it.
    pub(super) const fn in_session(&self) -> bool {
        self.in_session
    }

    /// Sends a message.
    pub(super) async fn send(&mut self, message: &Value) {
        match code(message) {
            Some(MessageCode::Hello) => self.requests = Requests::default(),
            Some(MessageCode::Goodbye | MessageCode::Abort) => self.in_session = false,
            _ => {}
        }
        let mut message = self.requests.outgoing(message);
        if let Some(translation) = &mut self.translation {
            message = translation.outgoing(message);
        }
        self.send_bytes(notation::write(self.serializer, &message)).await;
    }

    /// Sends bytes that are no message.
    pub(super) async fn send_garbage(&mut self) {
        self.send_bytes(notation::garbage(self.serializer)).await;
    }

    async fn send_bytes(&mut self, bytes: Bytes) {
        let frame = if self.serializer.is_text() {
            Frame::Text(bytes.try_into().expect("JSON is text"))
        } else {
            Frame::Binary(bytes)
        };
        // A connection that is gone is noticed by reading from it.
        let _ = self.socket.send(frame).await;
    }

    /// What it receives next.
    pub(super) async fn receive(&mut self) -> Result<Incoming, String> {
        match self.inbox.pop_front() {
            Some(incoming) => Ok(incoming),
            None => self.read().await,
        }
    }

    /// What has arrived and was not received.
    pub(super) fn leftover(&mut self) -> Incoming {
        self.inbox.pop_front().unwrap_or(Incoming::Nothing)
    }

    /// Asks the router for something harmless whose answer comes after everything it has sent before.
    pub(super) async fn ask(&mut self) -> Option<u64> {
        if !self.in_session || self.is_closed {
            return None;
        }
        let id = self.requests.insert();
        let message = json!([MessageCode::Unsubscribe.number(), id, MAX_SAFE_ID]);
        self.send_bytes(notation::write(self.serializer, &message)).await;
        Some(id)
    }

    /// Reads until that answer has come, and keeps everything before it.
    pub(super) async fn await_answer(&mut self, id: u64) -> Result<(), String> {
        let (error, unsubscribe) = (MessageCode::Error, MessageCode::Unsubscribe);
        while !self.is_closed {
            let incoming = self.read().await?;
            if let Incoming::Message(message) = &incoming
                && code(message) == Some(error)
                && message[1] == unsubscribe.number()
                && message[2] == id
            {
                return Ok(());
            }
            if incoming == Incoming::Nothing {
                return Err("the router does not answer any more".to_owned());
            }
            self.inbox.push_back(incoming);
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<Incoming, String> {
        if self.is_closed {
            return Ok(Incoming::Closed);
        }
        let Ok(incoming) = timeout(self.patience, self.read_frame()).await else {
            return Ok(Incoming::Nothing);
        };
        let incoming = incoming?;
        match &incoming {
            Incoming::Closed => (self.is_closed, self.in_session) = (true, false),
            Incoming::Message(message) => match code(message) {
                Some(MessageCode::Welcome) => self.in_session = true,
                Some(MessageCode::Goodbye | MessageCode::Abort) => self.in_session = false,
                _ => {}
            },
            Incoming::Nothing => {}
        }
        Ok(match (&mut self.translation, incoming) {
            (Some(translation), Incoming::Message(message)) => {
                Incoming::Message(translation.incoming(message))
            }
            (Some(translation), Incoming::Closed) => {
                translation.closed().map_or(Incoming::Closed, Incoming::Message)
            }
            (_, incoming) => incoming,
        })
    }

    async fn read_frame(&mut self) -> Result<Incoming, String> {
        loop {
            let bytes = match (self.socket.next().await, self.serializer.is_text()) {
                (Some(Ok(Frame::Text(text))), true) => Bytes::from(text),
                (Some(Ok(Frame::Binary(bytes))), false) => bytes,
                (Some(Ok(Frame::Text(_) | Frame::Binary(_))), _) => {
                    return Err("the router has sent a frame of the wrong type".to_owned());
                }
                (Some(Ok(Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_))), _) => continue,
                (Some(Ok(Frame::Close(_)) | Err(_)) | None, _) => return Ok(Incoming::Closed),
            };
            let message = notation::read(self.serializer, &bytes)?;
            return Ok(Incoming::Message(self.requests.incoming(message)));
        }
    }
}
