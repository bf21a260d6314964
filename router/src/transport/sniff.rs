//! Several protocols on one port: the first octet says which one a client speaks.

use bytes::{Buf, Bytes, BytesMut};
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use wamplex_shared::rawsocket;

/// The first octet of a TLS connection: a record of the type handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// What a client speaks, by its first octet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// WAMP: RawSocket Transport.
    RawSocket,
    /// TLS, in which any of the others may be wrapped.
    Tls,
    /// HTTP, and whatever else: it gets an answer in HTTP.
    Http,
}

impl Protocol {
    /// The protocol that begins with this octet.
    pub(crate) const fn from_first_octet(octet: u8) -> Self {
        match octet {
            rawsocket::MAGIC => Self::RawSocket,
            TLS_HANDSHAKE => Self::Tls,
            _ => Self::Http,
        }
    }
}

/// A socket with what was read from it ahead of time, and is read again.
#[derive(Debug)]
pub(crate) struct Sniffed<S> {
    ahead: BytesMut,
    socket: S,
}

impl<S> Sniffed<S> {
    /// A socket of which nothing was read.
    pub(crate) fn new(socket: S) -> Self {
        Self { ahead: BytesMut::new(), socket }
    }

    /// The socket, and what was read from it and not taken.
    pub(crate) fn into_parts(self) -> (S, Bytes) {
        (self.socket, self.ahead.freeze())
    }
}

impl<S: AsyncRead + Unpin> Sniffed<S> {
    /// Reads until at least `length` octets are there ahead of time. Takes as long as the client does.
    ///
    /// # Errors
    /// The connection broke, or ended before.
    async fn look(&mut self, length: usize) -> io::Result<()> {
        while self.ahead.len() < length {
            let missing = length - self.ahead.len();
            self.ahead.reserve(missing);
            // No more than asked for: what follows is better read by whoever understands it.
            let mut limited = (&mut self.socket).take(missing as u64);
            if limited.read_buf(&mut self.ahead).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// What the client speaks. Takes as long as it is silent.
    ///
    /// # Errors
    /// The connection broke or ended before it said anything.
    pub(crate) async fn protocol(&mut self) -> io::Result<Protocol> {
        self.look(1).await?;
        Ok(Protocol::from_first_octet(self.ahead[0]))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Sniffed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.socket).poll_read(cx, buffer);
        }
        let length = self.ahead.len().min(buffer.remaining());
        buffer.put_slice(&self.ahead[..length]);
        self.ahead.advance(length);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Sniffed<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncWriteExt, duplex};

    #[test]
    fn every_first_octet_is_rawsocket_or_tls_or_http() {
        for octet in 0..=u8::MAX {
            let expected = match octet {
                0x7f => Protocol::RawSocket,
                0x16 => Protocol::Tls,
                _ => Protocol::Http,
            };
            assert_eq!(Protocol::from_first_octet(octet), expected, "{octet:#04x}");
        }
    }

    #[tokio::test]
    async fn what_was_looked_at_is_read_again_and_nothing_else_was_read() {
        let (mut client, server) = duplex(64);
        client.write_all(b"GET / HTTP/1.1").await.unwrap();
        let mut sniffed = Sniffed::new(server);
        assert_eq!(sniffed.protocol().await.unwrap(), Protocol::Http);
        assert_eq!(sniffed.ahead, b"G"[..]);
        sniffed.look(5).await.unwrap();
        assert_eq!(sniffed.ahead, b"GET /"[..]);
        let mut first = [0; 3];
        sniffed.read_exact(&mut first).await.unwrap();
        assert_eq!((&first, &sniffed.ahead[..]), (b"GET", &b" /"[..]));
        let (mut socket, ahead) = sniffed.into_parts();
        assert_eq!(ahead, " /");
        let mut rest = [0; 9];
        socket.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b" HTTP/1.1");
    }

    #[tokio::test]
    async fn a_client_that_goes_before_it_said_enough_is_an_error() {
        let (mut client, server) = duplex(64);
        client.write_all(b"GE").await.unwrap();
        drop(client);
        let mut sniffed = Sniffed::new(server);
        let error = sniffed.look(3).await.unwrap_err();
        assert_eq!((error.kind(), &sniffed.ahead[..]), (io::ErrorKind::UnexpectedEof, &b"GE"[..]));
    }
}
