//! Joining a realm and asking for subscriptions and procedures, one answer after the other, before anything is measured.

use crate::{
    error::{BenchError, Result, Tried},
    target::Address,
    wire::{Framing, Incoming, Scanned, Transport},
};
use bytes::Bytes;
use data_encoding::BASE64;
use std::{
    io::{ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};
use wamplex_shared::{
    codec,
    id::RequestIds,
    message::{
        Error, Goodbye, Hello, HelloDetails, Message, Register, RegisterOptions, Subscribe,
        SubscribeOptions,
    },
    rawsocket::{HANDSHAKE_LENGTH, Handshake, MaxLength},
    roles::{Features, Role, Roles},
    serializer::Serializer,
    uri::{MatchPolicy, Uri},
    uris::close,
};

/// How long a router may take for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many requests are under way at once where there are many.
const PIPELINED: usize = 256;

/// How a session is to be opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way<'a> {
    /// Where the router is.
    pub(crate) address: &'a Address,
    /// The realm.
    pub(crate) realm: &'a str,
    /// What messages go over.
    pub(crate) transport: Transport,
    /// What messages are written in.
    pub(crate) serializer: Serializer,
}

/// A session that waits for each answer.
#[derive(Debug)]
pub(crate) struct Peer {
    stream: TcpStream,
    framing: Framing,
    received: Vec<u8>,
    ids: RequestIds,
}

impl Peer {
    /// Connects and joins.
    ///
    /// # Errors
    /// There is nobody, or it does not let us in.
    pub(crate) fn join(way: Way<'_>) -> Result<Self> {
        Self::connect(way)?.enter(way)
    }

    /// Connects, and does not say HELLO.
    ///
    /// # Errors
    /// There is nobody, or it does not speak what we want.
    pub(crate) fn connect(way: Way<'_>) -> Result<Self> {
        let fail = |error: &std::io::Error| refused(way, &error.to_string());
        let mut stream = TcpStream::connect(way.address.socket).map_err(|e| fail(&e))?;
        stream
            .set_nodelay(true)
            .and_then(|()| stream.set_read_timeout(Some(PATIENCE)))
            .map_err(|e| fail(&e))?;
        match way.transport {
            Transport::WebSocket => upgrade(way, &mut stream)?,
            Transport::RawSocket => shake_hands(way, &mut stream)?,
        }
        let mut mask = [0; 4];
        getrandom::fill(&mut mask).map_err(|e| refused(way, &e.to_string()))?;
        let framing = Framing::new(way.transport, way.serializer, mask);
        Ok(Self { stream, framing, received: Vec::new(), ids: RequestIds::new() })
    }

    /// Joins.
    ///
    /// # Errors
    /// The router does not let us in.
    pub(crate) fn enter(mut self, way: Way<'_>) -> Result<Self> {
        self.ids = RequestIds::new();
        let answer = self.send(&hello(way.realm)).and_then(|()| self.receive());
        match answer.map_err(|error| refused(way, &error.to_string()))? {
            Message::Welcome(_) => Ok(self),
            Message::Abort(abort) => {
                let words = abort.details.message.map(|text| format!(" ({text})"));
                let reason = abort.reason.as_str();
                Err(refused(way, &format!("{reason}{}", words.unwrap_or_default())))
            }
            other => Err(refused(way, &format!("{} is no answer to HELLO", other.code().name()))),
        }
    }

    /// Leaves the realm, in agreement with the router. The connection stays.
    ///
    /// # Errors
    /// The router does not answer.
    pub(crate) fn leave(&mut self) -> Result<()> {
        self.send(&Message::Goodbye(Goodbye::new(close::CLOSE_REALM)))?;
        match self.receive()? {
            Message::Goodbye(_) => Ok(()),
            other => Err(no_answer("GOODBYE", &other)),
        }
    }

    /// Subscribes to a topic.
    ///
    /// # Errors
    /// The router refuses.
    pub(crate) fn subscribe(&mut self, topic: &str) -> Result<()> {
        self.subscribe_all([topic.to_owned()].into_iter(), MatchPolicy::Exact)
    }

    /// Subscribes to many topics or patterns.
    ///
    /// # Errors
    /// The router refuses one.
    pub(crate) fn subscribe_all(
        &mut self,
        mut topics: impl Iterator<Item = String>,
        match_policy: MatchPolicy,
    ) -> Result<()> {
        let options = SubscribeOptions { match_policy, ..SubscribeOptions::default() };
        loop {
            let mut out = Vec::new();
            let mut asked = 0;
            for topic in topics.by_ref().take(PIPELINED) {
                let request = self.ids.take();
                let (options, topic) = (options.clone(), Uri::new(topic));
                self.write(&Message::Subscribe(Subscribe { request, options, topic }), &mut out);
                asked += 1;
            }
            if asked == 0 {
                return Ok(());
            }
            self.stream.write_all(&out).tried("cannot send to the router")?;
            for _ in 0..asked {
                let answer = self.receive()?;
                if !matches!(answer, Message::Subscribed(_)) {
                    return Err(no_answer("SUBSCRIBE", &answer));
                }
            }
        }
    }

    /// Offers a procedure.
    ///
    /// # Errors
    /// The router refuses.
    pub(crate) fn register(&mut self, procedure: &str) -> Result<()> {
        let request = self.ids.take();
        let procedure = Uri::new(procedure.to_owned());
        let options = RegisterOptions::default();
        self.send(&Message::Register(Register { request, options, procedure }))?;
        match self.receive()? {
            Message::Registered(_) => Ok(()),
            other => Err(no_answer("REGISTER", &other)),
        }
    }

    /// The connection, how frames are written on it, what has arrived ahead, and the next request id.
    pub(crate) fn into_parts(self) -> (TcpStream, Framing, Vec<u8>, u64) {
        (self.stream, self.framing, self.received, self.ids.peek().get())
    }

    fn send(&mut self, message: &Message) -> Result<()> {
        let mut out = Vec::new();
        self.write(message, &mut out);
        self.stream.write_all(&out).tried("cannot send to the router")
    }

    fn write(&self, message: &Message, out: &mut Vec<u8>) {
        // No message here has arguments in another serializer, and for nothing else can this fail.
        let bytes = codec::encode(self.framing.serializer(), message).unwrap_or_default();
        self.framing.write(out, &[&bytes]);
    }

    fn receive(&mut self) -> Result<Message> {
        loop {
            let consumed = match Incoming::scan(&self.framing, &self.received)? {
                Scanned::Message { message, consumed } => {
                    let bytes = Bytes::copy_from_slice(message);
                    self.received.drain(..consumed);
                    return codec::decode(self.framing.serializer(), &bytes)
                        .map_err(|error| BenchError::Router(format!("sent no message: {error}")));
                }
                Scanned::Ping { content, consumed } => {
                    let mut out = Vec::new();
                    self.framing.write_pong(&mut out, content);
                    self.stream.write_all(&out).tried("cannot send to the router")?;
                    consumed
                }
                Scanned::Other { consumed } => consumed,
                Scanned::Piece { .. } => {
                    return Err(BenchError::Router("sends short messages in pieces".to_owned()));
                }
                Scanned::Close(content) => return Err(closed(content)),
                Scanned::Unfinished(_) => {
                    let mut buffer = [0; 4096];
                    match self.stream.read(&mut buffer) {
                        Ok(0) => return Err(closed(&[])),
                        Ok(count) => self.received.extend_from_slice(&buffer[..count]),
                        // Signals come between two sessions.
                        Err(error) if error.kind() == ErrorKind::Interrupted => {}
                        Err(error) => return Err(error).tried("no answer from the router"),
                    }
                    0
                }
            };
            self.received.drain(..consumed);
        }
    }
}

/// What a WebSocket close, or the end of a connection without one, says.
pub(crate) fn closed(content: &[u8]) -> BenchError {
    let reason = match content {
        [a, b, text @ ..] => {
            let code = u16::from_be_bytes([*a, *b]);
            format!(" with code {code} {}", String::from_utf8_lossy(text))
        }
        _ => String::new(),
    };
    BenchError::Router(format!("closed a connection{}", reason.trim_end()))
}

/// A HELLO with every role.
pub(crate) fn hello(realm: &str) -> Message {
    let mut roles = Roles::default();
    for role in [Role::Publisher, Role::Subscriber, Role::Caller, Role::Callee] {
        roles.insert(role, Features::default());
    }
    let details = HelloDetails { roles, ..HelloDetails::default() };
    Message::Hello(Hello { realm: Uri::new(realm.to_owned()), details })
}

fn no_answer(request: &str, answer: &Message) -> BenchError {
    BenchError::Router(match answer {
        Message::Error(Error { error, .. }) => {
            format!("answered {request} with {}", error.as_str())
        }
        other => format!("answered {request} with {}", other.code().name()),
    })
}

fn refused(way: Way<'_>, reason: &str) -> BenchError {
    let address = way.address.to_string();
    BenchError::Join { address, reason: reason.to_owned() }
}

fn upgrade(way: Way<'_>, stream: &mut TcpStream) -> Result<()> {
    let mut key = [0; 16];
    getrandom::fill(&mut key).map_err(|e| refused(way, &e.to_string()))?;
    let (host, path) = (&way.address.host, &way.address.path);
    let (key, protocol) = (BASE64.encode(&key), way.serializer.subprotocol());
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {protocol}\r\n\r\n"
    );
    let fail = |error: std::io::Error| refused(way, &error.to_string());
    stream.write_all(request.as_bytes()).map_err(fail)?;
    // Octet by octet: what is behind the head belongs to WebSocket. Routers say nothing before HELLO, though.
    let mut head = Vec::new();
    let mut octet = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 8192 || stream.read_exact(&mut octet).is_err() {
            return Err(refused(way, "no WebSocket: the handshake was not finished"));
        }
        head.push(octet[0]);
    }
    let head = String::from_utf8_lossy(&head);
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("101") {
        return Err(refused(way, &format!("no WebSocket: the answer is `{status}`")));
    }
    let agreed = head.lines().filter_map(|line| line.split_once(':')).any(|(name, value)| {
        name.eq_ignore_ascii_case("sec-websocket-protocol") && value.trim() == protocol
    });
    if agreed {
        Ok(())
    } else {
        Err(refused(way, &format!("the router does not agree to {protocol}")))
    }
}

fn shake_hands(way: Way<'_>, stream: &mut TcpStream) -> Result<()> {
    let offer = Handshake { max_length: MaxLength::MAX, serializer: way.serializer };
    let mut answer = [0; HANDSHAKE_LENGTH];
    let fail = |error: std::io::Error| refused(way, &format!("no RawSocket: {error}"));
    stream.write_all(&offer.to_octets()).map_err(fail)?;
    stream.read_exact(&mut answer).map_err(fail)?;
    Handshake::from_router(answer, way.serializer)
        .map(drop)
        .map_err(|refusal| refused(way, &refusal.to_string()))
}
