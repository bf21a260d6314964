//! A client of "WAMP: HTTP Longpoll Transport" that knows nothing of WAMP, over HTTP that it writes itself.

// Used by the tests of the router, too, and by each of them in part.
#![allow(dead_code, unreachable_pub, missing_docs)]

use std::{io, net::SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Where a router serves long-poll if it is not told otherwise.
pub const BASE: &str = "/lp";

/// A response taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    /// Status line and headers in lower case.
    pub head: String,
    pub body: Vec<u8>,
}

/// A connection over which one request follows another; made anew when the server has closed it in between.
#[derive(Debug)]
pub struct Http {
    to: SocketAddr,
    socket: Option<TcpStream>,
}

/// A transport that is open. What is sent and what is received go over a connection each.
#[derive(Debug)]
pub struct LongPoll {
    pub protocol: String,
    pub id: String,
    media_type: &'static str,
    sending: Http,
    receiving: Http,
}

impl Response {
    /// The value of a header, empty if there is none.
    pub fn header(&self, name: &str) -> &str {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(found, _)| *found == name).map_or("", |(_, value)| value)
    }
}

impl Http {
    pub const fn new(to: SocketAddr) -> Self {
        Self { to, socket: None }
    }

    /// Sends a POST request with these headers, each with its line end.
    ///
    /// # Errors
    /// There is no connection, or no response.
    pub async fn post(&mut self, path: &str, headers: &str, body: &[u8]) -> io::Result<Response> {
        self.request("POST", path, headers, body).await
    }

    /// Sends a request with these headers, each with its line end.
    ///
    /// # Errors
    /// There is no connection, or no response.
    pub async fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> io::Result<Response> {
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {length}\r\n\r\n"
        );
        let request = [head.as_bytes(), body].concat();
        if let Some(socket) = self.socket.take()
            && let Ok(response) = self.exchange(socket, &request, method).await
        {
            return Ok(response);
        }
        let socket = TcpStream::connect(self.to).await?;
        socket.set_nodelay(true)?;
        self.exchange(socket, &request, method).await
    }

    async fn exchange(
        &mut self,
        mut socket: TcpStream,
        request: &[u8],
        method: &str,
    ) -> io::Result<Response> {
        socket.write_all(request).await?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let mut response = Response { status, head, body: Vec::new() };
        let length = response.header("content-length").parse().unwrap_or(0);
        response.body.resize(if method == "HEAD" { 0 } else { length }, 0);
        socket.read_exact(&mut response.body).await?;
        if response.header("connection") != "close" {
            self.socket = Some(socket);
        }
        Ok(response)
    }
}

impl LongPoll {
    /// Opens a transport that speaks the first of these subprotocols that the router knows.
    ///
    /// # Errors
    /// The response, if the router does not open one.
    pub async fn open(to: SocketAddr, protocols: &[&str]) -> io::Result<Result<Self, Response>> {
        let body = serde_json::json!({"protocols": protocols}).to_string();
        let json = "content-type: application/json\r\n";
        let mut sending = Http::new(to);
        let response = sending.post(&format!("{BASE}/open"), json, body.as_bytes()).await?;
        if response.status != 200 {
            return Ok(Err(response));
        }
        Ok(Ok(Self { sending, ..Self::of(to, &response)? }))
    }

    /// The transport that this response has opened.
    ///
    /// # Errors
    /// It is not JSON.
    pub fn of(to: SocketAddr, opened: &Response) -> io::Result<Self> {
        let opened: serde_json::Value = serde_json::from_slice(&opened.body)?;
        let text = |key: &str| opened[key].as_str().unwrap_or_default().to_owned();
        let (protocol, id) = (text("protocol"), text("transport"));
        let media_type = match protocol.split('.').nth(2) {
            Some("msgpack") => "application/x-msgpack",
            Some("cbor") => "application/cbor",
            _ => "application/json",
        };
        Ok(Self { protocol, id, media_type, sending: Http::new(to), receiving: Http::new(to) })
    }

    /// Sends a message, or a batch.
    ///
    /// # Errors
    /// There is no connection, or no response.
    pub async fn send(&mut self, body: &[u8]) -> io::Result<Response> {
        let headers = format!("content-type: {}\r\n", self.media_type);
        let path = self.path("send");
        self.sending.post(&path, &headers, body).await
    }

    /// Waits for a message, or a batch; the response has no body if there is none in time.
    ///
    /// # Errors
    /// There is no connection, or no response.
    pub async fn receive(&mut self) -> io::Result<Response> {
        let path = self.path("receive");
        self.receiving.post(&path, "", b"").await
    }

    /// Closes the transport.
    ///
    /// # Errors
    /// There is no connection, or no response.
    pub async fn close(&mut self) -> io::Result<Response> {
        let path = self.path("close");
        self.sending.post(&path, "", b"").await
    }

    /// The path of a request about this transport.
    pub fn path(&self, action: &str) -> String {
        format!("{BASE}/{}/{action}", self.id)
    }
}
