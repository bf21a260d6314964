//! The two directions of one connection: batches of frames in, the outbox out.
//!
//! Everything happens in the task of the connection. A turn writes what waits and reads what has come; frames that
//! are fed during one turn leave with one write.

use crate::{
    admin::{Direction, Tap},
    chunk::{Chunk, Format},
    deliver::Handle,
    metrics::{Batch, Flow},
    outbox::{Cut, Parcel},
    silence::{Due, Patience, Watch},
    slowness::{News, Vigil},
    transport::{Close, FrameFormat, Lost, Transport},
};
use bytes::Bytes;
use std::{
    collections::VecDeque,
    future::poll_fn,
    io, mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::time::{Instant, Sleep};
use wamplex_realm::{Made, Outbound, Recent};
use wamplex_shared::{
    codec::{self, EncodeError, Pieces},
    message::{Message, MessageCode},
};

/// How many frames are handled before what they caused is written.
const READ_BATCH: usize = 64;

/// How many bytes of short frames are encoded before they are written: enough to make a system call cheap per message,
/// and all that a socket that takes nothing holds twice.
const SHORT_BATCH: usize = 64 << 10;

/// How many bytes of frames of any length are given to the socket at once. Long ones are not copied, and one write of
/// eight frames of 64 KiB takes half the processor time of eight.
const WRITE_BATCH: usize = 512 << 10;

/// What a long frame is.
const LONG: usize = 4 << 10;

/// A transport and the outbox that is written to it.
pub(crate) struct Link<T> {
    transport: T,
    outbox: Handle,
    recent: Arc<Recent>,
    /// Taken from the outbox and not encoded yet.
    sending: VecDeque<(Parcel, usize)>,
    /// How many bytes of the outbox were encoded since the last flush.
    encoded: usize,
    /// How many bytes of short frames there are among them.
    short: usize,
    /// GOODBYE or ABORT of the realm, behind which nothing is sent.
    dismissal: Option<Box<Message>>,
    lost: Option<Lost>,
    /// Read and given back, to be read again.
    unread: VecDeque<Bytes>,
    /// Longer than what the other side takes.
    undelivered: Vec<Outbound>,
    watch: Option<Watch>,
    /// Until when nothing is read.
    pause: Option<Pin<Box<Sleep>>>,
    stall: Option<Stall>,
    stall_limit: Duration,
    /// Where others can listen to the session, once there is one.
    tap: Option<Box<Tap>>,
    /// When to speak of events that were dropped, if any can be.
    vigil: Option<Box<Vigil>>,
    /// What was encoded and is not added up yet.
    sent: Batch,
}

/// Why a link does not go on.
#[derive(Debug)]
pub(crate) enum Stop {
    /// There will be no further frame.
    Lost(Lost),
    /// Nothing can be written any more.
    Broken(io::Error),
    /// The socket has taken nothing for too long.
    Stalled,
    /// The outbox was closed.
    Cut(Cut),
    /// The realm ends the session with this GOODBYE or ABORT, which is not sent yet.
    Dismissed(Box<Message>),
    /// Nothing was heard of the other side for too long.
    Silent,
    /// A message cannot be written in this serializer.
    Unwritable(EncodeError),
    /// A message without which nothing goes on is longer than what the other side takes.
    TooLong {
        message: MessageCode,
        /// Its length in bytes.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
}

/// A socket that is full, since when, and how many bytes it had taken then.
struct Stall {
    written: u64,
    timer: Pin<Box<Sleep>>,
}

impl<T: Transport> Link<T> {
    /// A link whose events are converted with the help of what other links of the same router have made.
    pub(crate) fn new(
        transport: T,
        outbox: Handle,
        recent: Arc<Recent>,
        stall_limit: Duration,
    ) -> Self {
        Self {
            transport,
            outbox,
            recent,
            sending: VecDeque::new(),
            encoded: 0,
            short: 0,
            dismissal: None,
            lost: None,
            unread: VecDeque::new(),
            undelivered: Vec::new(),
            watch: None,
            pause: None,
            stall: None,
            stall_limit,
            tap: None,
            vigil: None,
            sent: Batch::new(),
        }
    }

    /// Sets where others can listen to the session.
    pub(crate) fn set_tap(&mut self, tap: Option<Tap>) {
        self.tap = tap.map(Box::new);
    }

    /// Passes what was received on to those who listen.
    pub(crate) fn note_received(&mut self, frame: &Bytes) {
        if let Some(tap) = &mut self.tap {
            tap.note(Direction::In, self.transport.serializer(), frame);
        }
    }

    /// Looks out for events that are dropped, or does so no longer.
    pub(crate) fn set_vigil(&mut self, vigil: Option<Vigil>) {
        self.vigil = vigil.map(Box::new);
    }

    /// The events that were dropped, if there is something new to be said of them.
    pub(crate) fn take_losses(&mut self) -> Option<News> {
        self.vigil.as_mut()?.take_news(&self.outbox)
    }

    /// Whether much was sent that is not added up.
    pub(crate) const fn has_sent_much(&self) -> bool {
        self.sent.is_much()
    }

    /// Adds up what was sent.
    pub(crate) fn count_sent(&mut self, flow: &Flow) {
        flow.add(&mut self.sent);
    }

    /// The same link, which ends when nothing is heard of the other side for too long.
    pub(crate) fn watched(mut self, patience: Option<Patience>) -> Self {
        self.watch = patience.map(Watch::new);
        self
    }

    pub(crate) const fn transport(&self) -> &T {
        &self.transport
    }

    pub(crate) const fn transport_mut(&mut self) -> &mut T {
        &mut self.transport
    }

    pub(crate) const fn outbox(&self) -> &Handle {
        &self.outbox
    }

    /// One turn: writes what waits, and is ready when up to [`READ_BATCH`] frames were put into `frames`, something could
    /// not be [delivered](Self::take_undelivered), or events were [dropped](Self::take_losses).
    ///
    /// # Errors
    /// Why there will be no further turn.
    pub(crate) fn poll_turn(
        &mut self,
        cx: &mut Context<'_>,
        frames: &mut Vec<Bytes>,
    ) -> Poll<Result<(), Stop>> {
        if let Poll::Ready(stop) = self.poll_send(cx) {
            return Poll::Ready(Err(stop));
        }
        if !self.undelivered.is_empty() {
            self.outbox.stay_awake();
            return Poll::Ready(Ok(()));
        }
        if let Some(vigil) = &mut self.vigil
            && vigil.poll_news(cx, &self.outbox).is_ready()
        {
            self.outbox.stay_awake();
            return Poll::Ready(Ok(()));
        }
        // A client that does not read is not read from, before its own answers fill its outbox.
        if self.transport.buffered() > 0 && self.outbox.is_filling() {
            return Poll::Pending;
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        frames.extend(self.unread.drain(..));
        if self.lost.is_none()
            && let Poll::Ready(Err(lost)) =
                self.transport.poll_receive_batch(cx, frames, READ_BATCH)
        {
            self.lost = Some(lost);
        }
        if !frames.is_empty() {
            self.outbox.stay_awake();
            return Poll::Ready(Ok(()));
        }
        match self.lost.take() {
            Some(lost) => Poll::Ready(Err(Stop::Lost(lost))),
            None => self.poll_silence(cx).map(Err),
        }
    }

    /// Reads nothing for this long.
    pub(crate) fn pause(&mut self, duration: Duration) {
        if !duration.is_zero() {
            self.pause = Some(Box::pin(tokio::time::sleep(duration)));
        }
    }

    /// What could not be sent in the last turn, being longer than what the other side takes.
    pub(crate) fn take_undelivered(&mut self) -> Vec<Outbound> {
        mem::take(&mut self.undelivered)
    }

    /// The next frame; writes nothing but what was fed. For the handshake and the parting, which go step by step.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Result<Bytes, Stop>> {
        if let Poll::Ready(Err(error)) = self.transport.poll_flush(cx) {
            return Poll::Ready(Err(Stop::Broken(error)));
        }
        if let Some(frame) = self.unread.pop_front() {
            return Poll::Ready(Ok(frame));
        }
        if let Some(lost) = self.lost.take() {
            return Poll::Ready(Err(Stop::Lost(lost)));
        }
        self.transport.poll_receive(cx).map_err(Stop::Lost)
    }

    /// How events are written for this connection and those like it.
    pub(crate) fn format(&self) -> Format {
        let frame = self.transport.frame_format().unwrap_or(FrameFormat::WebSocket);
        Format { serializer: self.transport.serializer(), frame }
    }

    /// Gives frames back that belong to what comes next: those behind a GOODBYE.
    pub(crate) fn unread(&mut self, frames: impl Iterator<Item = Bytes>) {
        self.unread.extend(frames);
    }

    /// Puts a message behind what was fed before, ahead of the outbox.
    ///
    /// # Errors
    /// It cannot be written, or not be received, or the connection is lost.
    pub(crate) async fn feed(&mut self, message: &Message) -> Result<(), Stop> {
        let frame =
            codec::encode(self.transport.serializer(), message).map_err(Stop::Unwritable)?;
        let (length, limit) = (frame.len(), self.transport.peer_limit());
        if length > limit {
            return Err(Stop::TooLong { message: message.code(), length, limit });
        }
        let fed = poll_fn(|cx| Poll::Ready(self.transport.feed(cx, Pieces::whole(&frame))));
        fed.await.map_err(Stop::Broken)
    }

    /// Writes everything that waits and `last` behind it. Takes as long as the other side does.
    ///
    /// # Errors
    /// The connection is lost.
    pub(crate) async fn finish(&mut self, last: Option<&Message>) -> io::Result<()> {
        self.sending.append(&mut self.outbox.take());
        while !self.sending.is_empty() {
            poll_fn(|cx| Poll::Ready(self.encode_batch(cx))).await.map_err(Stop::into_io)?;
            poll_fn(|cx| self.transport.poll_flush(cx)).await?;
            self.short = 0;
        }
        if let Some(last) = last {
            match self.feed(last).await {
                // The other side will see for itself that the connection is closed.
                Ok(()) | Err(Stop::TooLong { .. }) => {}
                Err(stop) => return Err(stop.into_io()),
            }
        }
        poll_fn(|cx| self.transport.poll_flush(cx)).await?;
        self.outbox.sent(mem::take(&mut self.encoded));
        // Whoever begins another session has nothing to do with the end of this one.
        self.dismissal = None;
        self.undelivered = Vec::new();
        Ok(())
    }

    /// Forgets everything that waits.
    pub(crate) fn discard(&mut self) {
        self.sending = VecDeque::new();
        drop(self.outbox.close());
    }

    /// Closes the transport in an orderly way.
    pub(crate) async fn close(&mut self, close: Close) {
        poll_fn(|cx| self.transport.poll_close(cx, close)).await;
    }

    /// Writes until nothing waits or the socket is full; ready only when the conversation has to end.
    pub(crate) fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Stop> {
        loop {
            if let Err(stop) = self.encode_batch(cx) {
                return Poll::Ready(stop);
            }
            match self.transport.poll_flush(cx) {
                Poll::Ready(Ok(())) => {
                    self.stall = None;
                    self.short = 0;
                    if self.encoded > 0 {
                        self.outbox.sent(mem::take(&mut self.encoded));
                    }
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Stop::Broken(error)),
                Poll::Pending => return self.poll_stall(cx),
            }
            if !self.sending.is_empty() {
                continue;
            }
            if let Some(dismissal) = self.dismissal.take() {
                return Poll::Ready(Stop::Dismissed(dismissal));
            }
            if let Err(cut) = ready!(self.outbox.poll_take(cx, &mut self.sending)) {
                return Poll::Ready(Stop::Cut(cut));
            }
        }
    }

    /// Encodes what was taken from the outbox until a batch is full.
    fn encode_batch(&mut self, cx: &mut Context<'_>) -> Result<(), Stop> {
        while self.short < SHORT_BATCH && self.transport.buffered() < WRITE_BATCH {
            let Some((parcel, bytes)) = self.sending.pop_front() else { break };
            self.encoded += bytes;
            match parcel {
                Parcel::Chunk(chunk) => self.put_chunk(cx, &chunk)?,
                Parcel::One(Outbound::Message(message))
                    if matches!(*message, Message::Goodbye(_) | Message::Abort(_)) =>
                {
                    self.dismissal = Some(message);
                    // They are not sent, and do not wait any more either.
                    let behind = mem::take(&mut self.sending);
                    self.encoded += behind.iter().map(|(_, bytes)| bytes).sum::<usize>();
                    break;
                }
                Parcel::One(outbound) => self.put(cx, outbound)?,
            }
        }
        Ok(())
    }

    /// Puts events into the transport that are framed for many connections like this one, if it is like others.
    fn put_chunk(&mut self, cx: &mut Context<'_>, chunk: &Arc<Chunk>) -> Result<(), Stop> {
        let serializer = self.transport.serializer();
        let is_heard = self.tap.as_mut().is_some_and(|tap| tap.is_heard());
        let Some(frame) = self.transport.frame_format().filter(|_| !is_heard) else {
            return self.put_each(cx, chunk);
        };
        let put = chunk.frames(Format { serializer, frame }, &self.recent, |frames| {
            let frames = frames.filter(|frames| frames.longest <= self.transport.peer_limit())?;
            self.sent.count_many(MessageCode::Event, chunk.count(), frames.length);
            self.short += frames.bytes.len();
            Some(self.transport.feed_framed(&frames.bytes).map_err(Stop::Broken))
        });
        put.unwrap_or_else(|| self.put_each(cx, chunk))
    }

    /// Puts events into the transport one by one.
    fn put_each(&mut self, cx: &mut Context<'_>, chunk: &Arc<Chunk>) -> Result<(), Stop> {
        let serializer = self.transport.serializer();
        let bodies = chunk.bodies(serializer, &self.recent).filter(|bodies| {
            let limit = self.transport.peer_limit();
            bodies.iter().all(|body| body.len() <= limit)
        });
        let Some(bodies) = bodies else {
            return chunk.one_by_one().try_for_each(|event| self.put(cx, Outbound::Event(event)));
        };
        bodies
            .iter()
            .try_for_each(|body| self.put_pieces(cx, MessageCode::Event, Pieces::whole(body)))
    }

    /// Encodes a message and puts it into the transport, unless it is longer than what the other side takes.
    fn put(&mut self, cx: &mut Context<'_>, mut outbound: Outbound) -> Result<(), Stop> {
        let serializer = self.transport.serializer();
        let (code, mut made) = (outbound.code(), Made::default());
        let pieces = outbound
            .encode_pieces(serializer, &self.recent, &mut made)
            .map_err(Stop::Unwritable)?;
        if pieces.len() > self.transport.peer_limit() {
            self.undelivered.push(outbound);
            return Ok(());
        }
        self.put_pieces(cx, code, pieces)
    }

    /// Puts a message into the transport that the other side takes.
    fn put_pieces(
        &mut self,
        cx: &mut Context<'_>,
        code: MessageCode,
        pieces: Pieces<'_>,
    ) -> Result<(), Stop> {
        let (serializer, length) = (self.transport.serializer(), pieces.len());
        self.sent.count(code, length);
        if length < LONG {
            self.short += length;
        }
        if let Some(tap) = &mut self.tap
            && tap.is_heard()
        {
            tap.note(Direction::Out, serializer, &pieces.to_bytes());
        }
        self.transport.feed(cx, pieces).map_err(Stop::Broken)
    }

    /// Waits for a silent client, but not for ever.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<Stop> {
        let Some(watch) = &mut self.watch else { return Poll::Pending };
        loop {
            // A client with a full socket is judged by what it takes.
            let excused = self.transport.buffered() > 0;
            match ready!(watch.poll(cx, self.transport.read(), excused)) {
                Due::Gone => return Poll::Ready(Stop::Silent),
                Due::Ping => {
                    if let Err(error) = self.transport.ping(cx) {
                        return Poll::Ready(Stop::Broken(error));
                    }
                    if let Poll::Ready(Err(error)) = self.transport.poll_flush(cx) {
                        return Poll::Ready(Stop::Broken(error));
                    }
                }
            }
        }
    }

    /// Waits for a full socket, but not for ever.
    fn poll_stall(&mut self, cx: &mut Context<'_>) -> Poll<Stop> {
        if let Poll::Ready(cut) = self.outbox.poll_cut(cx) {
            return Poll::Ready(Stop::Cut(cut));
        }
        let (written, limit) = (self.transport.written(), self.stall_limit);
        let stall = self
            .stall
            .get_or_insert_with(|| Stall { written, timer: Box::pin(tokio::time::sleep(limit)) });
        if stall.written != written {
            stall.written = written;
            stall.timer.as_mut().reset(Instant::now() + limit);
        }
        stall.timer.as_mut().poll(cx).map(|()| Stop::Stalled)
    }
}

impl Stop {
    fn into_io(self) -> io::Error {
        if let Self::Broken(error) = self { error } else { io::Error::other(format!("{self:?}")) }
    }
}
