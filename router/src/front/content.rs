//! The body of a response.

use super::busy::Hold;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream::BoxStream};
use http_body_util::Full;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

/// The body of every response.
#[derive(Debug, Default)]
pub(crate) struct Body {
    content: Content,
    /// Keeps the connection from being closed until the client has it.
    _hold: Option<Hold>,
}

/// At hand, or as it comes.
enum Content {
    /// All of it.
    Whole(Full<Bytes>),
    /// Piece by piece, each when the client takes it.
    Pieces(BoxStream<'static, Bytes>),
}

impl Body {
    /// A body that comes piece by piece.
    pub(crate) fn pieces(pieces: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Self { content: Content::Pieces(pieces.boxed()), _hold: None }
    }

    /// The same body, which holds on to the connection.
    pub(super) fn holding(self, hold: Hold) -> Self {
        Self { _hold: Some(hold), ..self }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.get_mut().content {
            Content::Whole(whole) => Pin::new(whole).poll_frame(cx),
            Content::Pieces(pieces) => {
                pieces.poll_next_unpin(cx).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(whole) => whole.is_end_stream(),
            Content::Pieces(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(whole) => whole.size_hint(),
            Content::Pieces(_) => SizeHint::default(),
        }
    }
}

impl Default for Content {
    fn default() -> Self {
        Self::Whole(Full::default())
    }
}

impl<B: Into<Bytes>> From<B> for Body {
    fn from(bytes: B) -> Self {
        Self { content: Content::Whole(Full::new(bytes.into())), _hold: None }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(whole) => whole.fmt(f),
            Self::Pieces(_) => f.write_str("Pieces"),
        }
    }
}
