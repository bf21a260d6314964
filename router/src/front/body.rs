//! The body of a request, bounded in length and time.

use super::{Body, reply::sentence};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::{Response, StatusCode};
use std::{fmt::Display, time::Duration};
use tokio::time::{Instant, timeout_at};

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
    /// It came too slowly.
    TooSlow,
    /// It broke off, or is malformed.
    Broken(String),
}

/// How many bytes have to come in a second on average.
const SLOWEST: usize = 64 << 10;

/// Reads a body of at most `limit` bytes. It has `time` to come, and a second more for every 64 KiB that have come.
///
/// # Errors
/// It is too long, too slow or broken. If its length is announced, nothing of a body that is too long is read.
pub(super) async fn read<B>(mut body: B, limit: usize, time: Duration) -> Result<Bytes, Unread>
where
    B: hyper::body::Body<Data = Bytes, Error: Display> + Unpin,
{
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limit {
        return Err(Unread::TooLong { length: announced, limit });
    }
    let (mut content, deadline) = (BytesMut::new(), Instant::now() + time);
    let more = |length: usize| Duration::from_secs((length / SLOWEST) as u64);
    while let Some(frame) = timeout_at(deadline + more(content.len()), body.frame())
        .await
        .map_err(|_elapsed| Unread::TooSlow)?
    {
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

    const TIME: Duration = Duration::from_secs(5);

    fn pieces(
        lengths: &'static [usize],
    ) -> impl hyper::body::Body<Data = Bytes, Error = std::io::Error> + Unpin {
        let frame = |length: &usize| Ok(Frame::data(Bytes::from(vec![b'x'; *length])));
        StreamBody::new(stream::iter(lengths.iter().map(frame)))
    }

    #[tokio::test]
    async fn a_body_as_long_as_allowed_is_read_and_one_byte_more_is_not() {
        assert_eq!(read(pieces(&[3, 0, 4]), 7, TIME).await.unwrap().len(), 7);
        let too_long = |length| Err(Unread::TooLong { length, limit: 7 });
        assert_eq!(read(pieces(&[3, 5, 9]), 7, TIME).await, too_long(8));
        // The length of a body in one piece is known before it is read.
        assert_eq!(read(Full::new(Bytes::from_static(&[0; 99])), 7, TIME).await, too_long(99));
        assert_eq!(read(pieces(&[]), 7, TIME).await, Ok(Bytes::new()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stands_still_is_given_up() {
        let first = stream::iter([Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b"x")))]);
        let body = StreamBody::new(futures_util::StreamExt::chain(first, stream::pending()));
        assert_eq!(read(Box::pin(body), 7, TIME).await, Err(Unread::TooSlow));
    }

    /// A body of so many pieces, one in a second.
    async fn read_slowly(pieces: usize, length: usize) -> Result<usize, Unread> {
        let piece = Bytes::from(vec![b'x'; length]);
        let one_by_one = stream::unfold(0, move |n| {
            let piece = piece.clone();
            async move {
                tokio::time::sleep(Duration::from_secs(1)).await;
                (n < pieces).then(|| (Ok::<_, std::io::Error>(Frame::data(piece)), n + 1))
            }
        });
        let body = Box::pin(StreamBody::new(one_by_one));
        read(body, usize::MAX, TIME).await.map(|content| content.len())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_is_given_up_and_a_long_one_has_its_time() {
        assert_eq!(read_slowly(3, 1).await, Ok(3));
        assert_eq!(read_slowly(100, 1).await, Err(Unread::TooSlow));
        assert_eq!(read_slowly(100, SLOWEST).await, Ok(100 * SLOWEST));
        assert_eq!(read_slowly(100, SLOWEST / 2).await, Err(Unread::TooSlow));
    }
}
