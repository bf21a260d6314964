//! A client that knows nothing of WAMP but its bytes: it sends what it is told to, and keeps what it receives.

use super::{
    carrier::{Carrier, Route},
    notation,
    quirks::{OtherRouter, Translation},
    requests::{Requests, code},
};
use crate::script::Incoming;
use bytes::Bytes;
use serde_json::{Value, json};
use std::{collections::VecDeque, time::Duration};
use tokio::time::timeout;
use wamplex_shared::{id::MAX_SAFE_ID, message::MessageCode, serializer::Serializer};

/// One connection.
#[derive(Debug)]
pub(super) struct Peer {
    carrier: Carrier,
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
        route: &Route,
        serializer: Serializer,
        patience: Duration,
    ) -> Result<Self, String> {
        Ok(Self {
            carrier: Carrier::connect(route, serializer).await?,
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
        self.carrier.send(self.serializer, bytes).await;
    }

    /// Breaks the connection off.
    pub(super) async fn hang_up(self) {
        self.carrier.hang_up().await;
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
        let Some(bytes) = self.carrier.receive(self.serializer).await? else {
            return Ok(Incoming::Closed);
        };
        let message = notation::read(self.serializer, &bytes)?;
        Ok(Incoming::Message(self.requests.incoming(message)))
    }
}
