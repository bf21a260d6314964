//! The body of a request, bounded in length and time.

use super::{Body, reply::sentence};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::{Response, StatusCode};
use std::{fmt::Display, time::Duration};
use tokio::time::timeout;

/// A body that was not read to its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is longer than the limit.
    TooLong {
        /// Its length in bytes, as far as it is known.
        length: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// Nothing of it came for too long.
    TooSlow,
    /// It broke off, or is malformed.
    Broken(String),
}

/// Reads a body of at most `limit` bytes, of which something has to come within each `pause`.
///
/// # Errors
/// It is too long, too slow or broken. If its length is announced, nothing of a body that is too long is read.
pub(super) async fn read<B>(mut body: B, limit: usize, pause: Duration) -> Result<Bytes, Unread>
where
    B: hyper::body::Body<Data = Bytes, Error: Display> + Unpin,
{
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(Unread::TooLong { length: announced, limit });
    }
    let mut content = BytesMut::new();
    while let Some(frame) = timeout(pause, body.frame()).await.map_err(|_| Unread::TooSlow)? {
        let frame = frame.map_err(|error| Unread::Broken(error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        let length = content.len() + data.len();
        if length > limit {
            return Err(Unread::TooLong { length, limit });
        }
        content.extend_from_slice(&data);
    }
    Ok(content.freeze())
}

impl Unread {
    /// What the client is told.
    pub(super) fn into_response(self) -> Response<Body> {
        match self {
            Self::TooLong { limit, .. } => Self::too_long(limit),
            Self::TooSlow => sentence(StatusCode::REQUEST_TIMEOUT, "the body came too slowly"),
            Self::Broken(how) => {
                sentence(StatusCode::BAD_REQUEST, format!("the body cannot be read: {how}"))
            }
        }
    }

    /// What the client of a body is told that is longer than `limit`.
    pub(super) fn too_long(limit: usize) -> Response<Body> {
        let why = format!("the body may have {limit} bytes and has more");
        sentence(StatusCode::PAYLOAD_TOO_LARGE, why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;

    const PAUSE: Duration = Duration::from_secs(5);

    fn pieces(
        lengths: &'static [usize],
    ) -> impl hyper::body::Body<Data = Bytes, Error = std::io::Error> + Unpin {
        let frame = |length: &usize| Ok(Frame::data(Bytes::from(vec![b'x'; *length])));
        StreamBody::new(stream::iter(lengths.iter().map(frame)))
    }

    #[tokio::test]
    async fn a_body_as_long_as_allowed_is_read_and_one_byte_more_is_not() {
        assert_eq!(read(pieces(&[3, 0, 4]), 7, PAUSE).await.unwrap().len(), 7);
        let too_long = |length| Err(Unread::TooLong { length, limit: 7 });
        assert_eq!(read(pieces(&[3, 5, 9]), 7, PAUSE).await, too_long(8));
        // The length of a body in one piece is known before it is read.
        assert_eq!(read(Full::new(Bytes::from_static(&[0; 99])), 7, PAUSE).await, too_long(99));
        assert_eq!(read(pieces(&[]), 7, PAUSE).await, Ok(Bytes::new()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_is_given_up() {
        let first = stream::iter([Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b"x")))]);
        let body = StreamBody::new(futures_util::StreamExt::chain(first, stream::pending()));
        assert_eq!(read(Box::pin(body), 7, PAUSE).await, Err(Unread::TooSlow));
    }
}
