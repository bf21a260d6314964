//! WAMP over RawSocket ("WAMP: RawSocket Transport"): over TCP, TLS and Unix sockets alike.

use super::{
    Close, FrameFormat, Lost, Transport,
    incoming::{Body, Framing, Incoming},
    outgoing::Outgoing,
    poll_hang_up,
    workspace::Arena,
};
use bytes::{Buf, Bytes, BytesMut};
use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use wamplex_shared::{
    codec::Pieces,
    rawsocket::{
        Deframer, Frame, FrameError, FrameKind, HANDSHAKE_LENGTH, Handshake, HandshakeError,
        MaxLength, Refusal, header,
    },
    serializer::Serializer,
};

/// How many bytes may wait to be written before a PING is answered only when they are gone.
const WAITING: usize = 64 << 10;

/// The shortest limit of a client that the router agrees to: no WELCOME with all features fits into 512 bytes.
const SHORTEST_LIMIT: MaxLength = MaxLength::at_most(1 << 10);

/// The router's end of a RawSocket connection after the handshake.
#[derive(Debug)]
pub(crate) struct RawSocket<S> {
    socket: S,
    serializer: Serializer,
    incoming: Incoming<Reader>,
    /// The longest frame that the other side receives.
    peer_limit: MaxLength,
    outgoing: Outgoing,
}

/// Cuts what is received into frames.
#[derive(Debug)]
struct Reader {
    deframer: Deframer,
    /// The longest frame that is received now, in bytes; at most what was announced.
    limit: usize,
    /// What the frame that arrives is for.
    kind: Option<FrameKind>,
    body: Body,
}

/// Why no connection came of a handshake.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandshakeFailed {
    /// The client asked for something that the router does not do, and was told.
    #[error(transparent)]
    Refused(#[from] HandshakeError),
    /// The client receives only messages that are too short, and was told.
    #[error("a limit of {} bytes is too short for WELCOME", .0.bytes())]
    LimitTooShort(MaxLength),
    /// The connection broke.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Agrees with a client on how to go on. `read` was already read from the socket, and the router announces the largest
/// limit that is not above `limit` bytes. Takes as long as the client does.
///
/// # Errors
/// There is no connection; the client was told why, if it was to be told.
pub(crate) async fn accept<S>(
    mut socket: S,
    read: &[u8],
    limit: usize,
) -> Result<RawSocket<S>, HandshakeFailed>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut received = BytesMut::from(read);
    while received.len() < HANDSHAKE_LENGTH {
        if socket.read_buf(&mut received).await? == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
    }
    let mut octets = [0; HANDSHAKE_LENGTH];
    received.copy_to_slice(&mut octets);
    let answer = match judge(octets) {
        Ok(asked) => {
            let max_length = MaxLength::at_most(limit);
            socket.write_all(&Handshake { max_length, ..asked }.to_octets()).await?;
            return Ok(RawSocket::new(socket, &received, asked, max_length));
        }
        Err(HandshakeFailed::Refused(error)) => (error.reply(), error.into()),
        Err(error) => (Some(Refusal::MaxLengthUnacceptable.to_octets()), error),
    };
    let (reply, error) = answer;
    if let Some(octets) = reply {
        say_and_hang_up(&mut socket, &octets).await;
    }
    Err(error)
}

/// Tells a client that there is no room for another connection. Takes as long as the client does.
pub(crate) async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(mut socket: S) {
    say_and_hang_up(&mut socket, &Refusal::TooManyConnections.to_octets()).await;
}

fn judge(octets: [u8; HANDSHAKE_LENGTH]) -> Result<Handshake, HandshakeFailed> {
    let asked = Handshake::from_client(octets)?;
    if asked.max_length < SHORTEST_LIMIT {
        return Err(HandshakeFailed::LimitTooShort(asked.max_length));
    }
    Ok(asked)
}

async fn say_and_hang_up<S: AsyncRead + AsyncWrite + Unpin>(socket: &mut S, octets: &[u8]) {
    // A client that is gone cannot be told, and has not asked for more.
    if socket.write_all(octets).await.is_ok() {
        poll_fn(|cx| poll_hang_up(socket, cx)).await;
    }
}

impl<S> RawSocket<S> {
    fn new(socket: S, received: &[u8], peer: Handshake, announced: MaxLength) -> Self {
        let (deframer, limit) = (Deframer::new(announced), announced.bytes());
        let reader = Reader { deframer, limit, kind: None, body: Body::default() };
        Self {
            socket,
            serializer: peer.serializer,
            incoming: Incoming::new(reader, received),
            peer_limit: peer.max_length,
            outgoing: Outgoing::default(),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> RawSocket<S> {
    /// Puts a frame behind what waits.
    fn put(&mut self, kind: FrameKind, content: &Bytes) -> Result<(), FrameError> {
        self.outgoing.extend(&header(kind, content.len(), self.peer_limit)?);
        self.outgoing.push(content);
        Ok(())
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outgoing.poll_write(&mut self.socket, cx)
    }
}

impl Framing for Reader {
    type Item = Frame;

    fn advance(&mut self, input: &mut &[u8], arena: &mut Arena) -> Result<Option<Frame>, Lost> {
        let kind = match self.kind {
            Some(kind) => kind,
            None => {
                let Some((header, rest)) = input.split_first_chunk() else { return Ok(None) };
                let (kind, length) = self.deframer.parse_header(*header).map_err(lost)?;
                if length > self.limit {
                    return Err(Lost::TooLong { length, limit: self.limit });
                }
                if let Some((content, behind)) = rest.split_at_checked(length) {
                    *input = behind;
                    return Ok(Some(Frame { kind, content: arena.copy(content, |_| ()) }));
                }
                *input = rest;
                self.body.expect(length);
                *self.kind.insert(kind)
            }
        };
        self.body.take(input);
        if self.body.missing() > 0 {
            return Ok(None);
        }
        self.kind = None;
        Ok(Some(Frame { kind, content: self.body.finish() }))
    }

    fn body(&self) -> &Body {
        &self.body
    }

    fn body_mut(&mut self) -> &mut Body {
        &mut self.body
    }

    fn at_end(&self, unread: usize) -> Lost {
        if unread == 0 && self.kind.is_none() {
            return Lost::Closed;
        }
        Lost::Broken(io::ErrorKind::UnexpectedEof.into())
    }
}

/// What a broken frame means for the connection.
fn lost(error: FrameError) -> Lost {
    if let FrameError::TooLong { length, limit } = error {
        return Lost::TooLong { length, limit };
    }
    Lost::Malformed { how: error.to_string(), close: Close::ProtocolError }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Transport for RawSocket<S> {
    fn serializer(&self) -> Serializer {
        self.serializer
    }

    fn set_limit(&mut self, limit: usize) {
        self.incoming.framing_mut().limit = limit;
    }

    fn peer_limit(&self) -> usize {
        self.peer_limit.bytes()
    }

    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Lost>> {
        loop {
            // Only PONGs have anything to gain: messages are flushed by whoever feeds them.
            let can_write = self.poll_write(cx).map_err(Lost::Broken)?.is_ready();
            if !can_write && self.outgoing.len() > WAITING {
                return Poll::Pending;
            }
            match ready!(self.incoming.poll_next(&mut self.socket, cx))? {
                Frame { kind: FrameKind::Message, content } => return Poll::Ready(Ok(content)),
                Frame { kind: FrameKind::Ping, content } => {
                    self.put(FrameKind::Pong, &content).map_err(|_| Lost::Malformed {
                        how: "a PING is longer than its PONG may be".to_owned(),
                        close: Close::TooLong,
                    })?;
                }
                Frame { kind: FrameKind::Pong, .. } => {}
            }
        }
    }

    fn feed(&mut self, _cx: &mut Context<'_>, message: Pieces<'_>) -> io::Result<()> {
        let header = header(FrameKind::Message, message.len(), self.peer_limit)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        self.outgoing.extend(&header);
        self.outgoing.push_pieces(&message);
        Ok(())
    }

    fn frame_format(&self) -> Option<FrameFormat> {
        Some(FrameFormat::RawSocket)
    }

    fn feed_framed(&mut self, frames: &Bytes) -> io::Result<()> {
        self.outgoing.push(frames);
        Ok(())
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_write(cx))?;
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn buffered(&self) -> usize {
        self.outgoing.len()
    }

    fn written(&self) -> u64 {
        self.outgoing.written()
    }

    fn read(&self) -> u64 {
        self.incoming.read()
    }

    fn ping(&mut self, _cx: &mut Context<'_>) -> io::Result<()> {
        self.put(FrameKind::Ping, &Bytes::new()).map_err(io::Error::other)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>, _close: Close) -> Poll<()> {
        // There is no word for it: the last message is all there is. What goes wrong here goes wrong again below.
        let _ = ready!(self.poll_write(cx));
        poll_hang_up(&mut self.socket, cx)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{wire::Wire, workspace::SCRATCH},
        *,
    };
    use futures_util::task::noop_waker_ref;
    use tokio::io::duplex;
    use wamplex_shared::rawsocket::MAGIC;

    fn connected(parts: impl IntoIterator<Item = Vec<u8>>) -> RawSocket<Wire> {
        let socket = Wire::new(parts);
        let peer = Handshake { max_length: MaxLength::MAX, serializer: Serializer::Json };
        RawSocket::new(socket, &[], peer, MaxLength::at_most(1 << 20))
    }

    /// Everything that is received, and why there is no more.
    fn drain(transport: &mut RawSocket<Wire>) -> (Vec<Bytes>, Lost) {
        let mut cx = Context::from_waker(noop_waker_ref());
        let mut messages = Vec::new();
        loop {
            match transport.poll_receive(&mut cx) {
                Poll::Ready(Ok(message)) => messages.push(message),
                Poll::Ready(Err(lost)) => return (messages, lost),
                Poll::Pending => {}
            }
        }
    }

    fn frame(kind: FrameKind, content: &[u8]) -> Vec<u8> {
        [&header(kind, content.len(), MaxLength::MAX).unwrap(), content].concat()
    }

    async fn answer(octets: [u8; 4]) -> (Vec<u8>, bool) {
        let (mut client, server) = duplex(16);
        client.write_all(&octets[1..]).await.unwrap();
        client.shutdown().await.unwrap();
        let accepted = accept(server, &octets[..1], 1 << 20).await.is_ok();
        let mut heard = Vec::new();
        client.read_to_end(&mut heard).await.unwrap();
        (heard, accepted)
    }

    #[tokio::test]
    async fn every_second_octet_of_the_handshake_is_answered() {
        for octet in 0..=u8::MAX {
            let expected = match (octet & 0x0f, octet >> 4) {
                (0 | 4.., _) => [MAGIC, 0x10, 0, 0],
                (1..=3, 0) => [MAGIC, 0x20, 0, 0],
                (number @ 1..=3, 1..) => [MAGIC, 0xb0 | number, 0, 0],
            };
            let accepted = expected[1] & 0x0f != 0;
            assert_eq!(answer([MAGIC, octet, 0, 0]).await, (expected.to_vec(), accepted));
        }
    }

    #[tokio::test]
    async fn every_third_and_fourth_octet_but_zero_is_refused() {
        for reserved in 0..=u16::MAX {
            let [third, fourth] = reserved.to_be_bytes();
            let expected = if reserved == 0 { [MAGIC, 0xb1, 0, 0] } else { [MAGIC, 0x30, 0, 0] };
            let heard = answer([MAGIC, 0xf1, third, fourth]).await;
            assert_eq!(heard, (expected.to_vec(), reserved == 0), "{third:#x} {fourth:#x}");
        }
    }

    #[tokio::test]
    async fn a_handshake_that_is_cut_short_is_no_connection() {
        for length in 1..4 {
            let (mut client, server) = duplex(16);
            client.write_all(&[MAGIC, 0xf1, 0][..length]).await.unwrap();
            drop(client);
            let failed = accept(server, &[], 1 << 20).await.unwrap_err();
            assert!(matches!(failed, HandshakeFailed::Io(_)), "{failed}");
        }
    }

    #[test]
    fn a_thousand_streams_are_understood_wherever_they_are_cut() {
        let mut state = 1_u64;
        let mut random = |below: u64| {
            // Numerical Recipes: good enough to vary a test, and the same every time.
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % below
        };
        for stream in 0..1000 {
            let (mut wire, mut messages, mut pongs) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..=random(5) {
                let content: Vec<u8> = (0..random(40)).map(|_| random(256) as u8).collect();
                let kind =
                    [FrameKind::Message, FrameKind::Ping, FrameKind::Pong][random(3) as usize];
                wire.extend(frame(kind, &content));
                match kind {
                    FrameKind::Message => messages.push(Bytes::from(content)),
                    FrameKind::Ping => pongs.extend(frame(FrameKind::Pong, &content)),
                    FrameKind::Pong => {}
                }
            }
            for cut in 0..=wire.len() {
                let (before, after) = wire.split_at(cut);
                let parts = [before, after].map(<[u8]>::to_vec);
                let mut transport = connected(parts.into_iter().filter(|part| !part.is_empty()));
                let (received, lost) = drain(&mut transport);
                assert!(matches!(lost, Lost::Closed), "stream {stream} cut at {cut}: {lost:?}");
                assert_eq!(received, messages, "stream {stream} cut at {cut}");
                assert_eq!(transport.socket.written, pongs, "stream {stream} cut at {cut}");
                // What is there whole is received even if nothing comes behind the cut.
                let (received, _) = drain(&mut connected([before.to_vec()]));
                assert!(messages.starts_with(&received), "stream {stream} ends at {cut}");
            }
        }
    }

    #[test]
    fn a_message_of_any_length_arrives_and_leaves_no_buffer_behind() {
        for length in [0, 1, 4092, 4096, SCRATCH - 4, SCRATCH, 3 * SCRATCH + 1, 1 << 20] {
            let content: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let wire = [frame(FrameKind::Message, &content), frame(FrameKind::Message, b"[]")];
            let mut transport = connected([wire.concat()]);
            let (received, _) = drain(&mut transport);
            assert_eq!(received[0], content);
            assert_eq!(received[1], "[]");
            assert_eq!(transport.incoming.held(), 0, "{length}");
        }
    }

    #[test]
    fn a_length_alone_reserves_nothing() {
        let mut head = frame(FrameKind::Message, &vec![0; 1 << 20]);
        head.truncate(10);
        let mut transport = connected([head]);
        let (received, lost) = drain(&mut transport);
        assert!(received.is_empty() && matches!(lost, Lost::Broken(_)), "{lost:?}");
        assert!(transport.incoming.held() < 64, "{}", transport.incoming.held());
    }

    #[test]
    fn what_breaks_the_frames_is_lost_with_words() {
        let (_, lost) = drain(&mut connected([vec![0x10, 0, 0, 0]]));
        assert!(matches!(lost, Lost::Malformed { close: Close::ProtocolError, .. }), "{lost:?}");
        let (_, lost) = drain(&mut connected([vec![0, 0x10, 0, 1]]));
        assert!(matches!(lost, Lost::TooLong { length, limit } if length == limit + 1), "{lost:?}");
        let mut transport = connected([frame(FrameKind::Message, &[7; 200])]);
        transport.set_limit(100);
        let (_, lost) = drain(&mut transport);
        assert!(matches!(lost, Lost::TooLong { length: 200, limit: 100 }), "{lost:?}");
    }
}
