//! The way to a collector: one request over one connection, without encryption.
//!
//! The exporter has a thread of its own, which may wait. So this needs no runtime, and no runtime can be in its way.

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{OTEL_EXPORTER_OTLP_TIMEOUT, OTEL_EXPORTER_OTLP_TRACES_TIMEOUT};
use std::{
    env,
    fmt::Write as _,
    future::{Future, ready},
    io::{self, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// Sends requests to a collector.
#[derive(Debug)]
pub(super) struct Post {
    /// How long one request may take.
    limit: Duration,
    /// Whether the last one has failed.
    is_failing: AtomicBool,
}

/// The most bytes of the head of a response that are read.
const HEAD: usize = 16 << 10;

impl Default for Post {
    /// With the time limit that the environment says, or else 10 seconds.
    fn default() -> Self {
        let limit = [OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, OTEL_EXPORTER_OTLP_TIMEOUT]
            .into_iter()
            .find_map(|name| env::var(name).ok()?.parse().ok())
            .map_or(Duration::from_secs(10), Duration::from_millis);
        Self { limit, is_failing: AtomicBool::new(false) }
    }
}

impl HttpClient for Post {
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let sent = self.send(&request);
        self.note(&sent);
        Box::pin(ready(sent.map_err(Into::into)))
    }
}

impl Post {
    fn send(&self, request: &Request<Bytes>) -> io::Result<Response<Bytes>> {
        let deadline = Instant::now() + self.limit;
        let url = request.uri();
        let host = url.host().ok_or_else(|| io::Error::other("the URL has no host"))?;
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let mut stream = connect(name, url.port_u16().unwrap_or(80), deadline)?;
        stream.set_write_timeout(Some(left(deadline)?))?;
        stream.write_all(head(request).as_bytes())?;
        stream.write_all(request.body())?;
        read_response(&mut stream, deadline)
    }

    /// Says once that the collector is not there, and once that it is there again.
    fn note(&self, sent: &io::Result<Response<Bytes>>) {
        let problem = match sent {
            Ok(response) if response.status().is_success() => None,
            Ok(response) => Some(format!("it answers {}", response.status())),
            Err(error) => Some(error.to_string()),
        };
        match (problem, self.is_failing.load(Relaxed)) {
            (Some(problem), false) => tracing::warn!(%problem, "the collector takes no traces"),
            (Some(problem), true) => tracing::debug!(%problem, "the collector takes no traces"),
            (None, true) => tracing::info!("the collector takes traces again"),
            (None, false) => return,
        }
        self.is_failing.store(sent.as_ref().is_err() || !is_success(sent), Relaxed);
    }
}

fn is_success(sent: &io::Result<Response<Bytes>>) -> bool {
    sent.as_ref().is_ok_and(|response| response.status().is_success())
}

/// Connects to the first address of this host that answers.
fn connect(host: &str, port: u16, deadline: Instant) -> io::Result<TcpStream> {
    let mut problem = io::Error::other("the host has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, left(deadline)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => problem = error,
        }
    }
    Err(problem)
}

fn head(request: &Request<Bytes>) -> String {
    let url = request.uri();
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let host = url.authority().map_or("", |authority| authority.as_str());
    let mut head = format!("{} {path} HTTP/1.1\r\nhost: {host}\r\n", request.method());
    for (name, value) in request.headers() {
        if let Ok(value) = value.to_str() {
            // Writing into a text cannot fail.
            let _ = write!(head, "{name}: {value}\r\n");
        }
    }
    let _ = write!(head, "content-length: {}\r\nconnection: close\r\n\r\n", request.body().len());
    head
}

/// Reads the status, and when to try again. Nobody looks at the rest.
fn read_response(stream: &mut TcpStream, deadline: Instant) -> io::Result<Response<Bytes>> {
    let (mut head, mut chunk) = (Vec::new(), [0; 1024]);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        stream.set_read_timeout(Some(left(deadline)?))?;
        let length = stream.read(&mut chunk)?;
        if length == 0 || head.len() > HEAD {
            return Err(malformed());
        }
        head.extend_from_slice(chunk.get(..length).unwrap_or_default());
    }
    let head = String::from_utf8_lossy(&head);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.")?.split(' ').nth(1));
    let status = status.and_then(|status| status.parse::<u16>().ok()).ok_or_else(malformed)?;
    let mut response = Response::builder().status(status);
    let fields = lines.filter_map(|line| line.split_once(':'));
    for (_, value) in fields.filter(|(name, _)| name.eq_ignore_ascii_case("retry-after")) {
        response = response.header("retry-after", value.trim());
    }
    response.body(Bytes::new()).map_err(|_| malformed())
}

fn malformed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the answer is not HTTP")
}

/// How much time there is left.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(left) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{net::TcpListener, thread};

    /// What becomes of a request that is answered with these bytes.
    fn answered(answer: &'static str) -> (String, io::Result<Response<Bytes>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut received = vec![0; 1024];
            let mut length = 0;
            while !received[..length].ends_with(b"body") {
                length += stream.read(&mut received[length..]).unwrap();
            }
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(received[..length].to_vec()).unwrap()
        });
        let request = Request::post(url).header("x-key", "1").body("body".into()).unwrap();
        let sent = Post::default().send(&request);
        (server.join().unwrap(), sent)
    }

    #[test]
    fn a_request_goes_out_whole_and_the_status_comes_back() {
        let (received, sent) = answered("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        assert!(received.starts_with("POST /v1/traces HTTP/1.1\r\nhost: 127.0.0.1:"), "{received}");
        assert!(received.contains("\r\nx-key: 1\r\ncontent-length: 4\r\n"), "{received}");
        assert_eq!(sent.unwrap().status(), 200);
        let (_, sent) = answered("HTTP/1.1 503 No\r\nRetry-After: 7\r\n\r\n");
        let response = sent.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (503, &"7".parse().unwrap())
        );
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        for answer in ["", "HTTP/1.1 200 OK\r\n", "SSH-2.0\r\n\r\n", "HTTP/1.1 999999\r\n\r\n"] {
            assert!(answered(answer).1.is_err(), "{answer:?}");
        }
    }

    #[test]
    fn a_collector_that_says_nothing_is_left_in_time() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let post = Post { limit: Duration::from_millis(20), is_failing: AtomicBool::new(false) };
        let request = Request::post(url).body(Bytes::new()).unwrap();
        assert!(post.send(&request).is_err());
    }
}
