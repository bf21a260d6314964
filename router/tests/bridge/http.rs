//! HTTP as its bytes are.

use crate::common::PATIENCE;
use serde_json::Value;
use std::net::SocketAddr;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::timeout,
};

/// A response.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The error URI of a failure.
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_else(|| panic!("{self:?}")).to_owned()
    }
}

/// A connection on which a response is being read.
pub struct Reading {
    socket: BufReader<TcpStream>,
    text: String,
}

/// Writes a request and reads the response.
pub async fn send(address: SocketAddr, head: &str, body: &[u8]) -> Answer {
    let (status, headers, mut reading) = begin(address, head, body).await;
    let is_chunked = headers.iter().any(|(name, _)| name == "transfer-encoding");
    let body = if is_chunked {
        while reading.chunk().await {}
        reading.text
    } else {
        let mut bytes = Vec::new();
        let read = reading.socket.read_to_end(&mut bytes);
        timeout(PATIENCE, read).await.expect("a body was due").unwrap();
        String::from_utf8(bytes).unwrap()
    };
    Answer { status, headers, body }
}

/// Posts JSON.
pub async fn post(address: SocketAddr, path: &str, headers: &str, body: &str) -> Answer {
    let head = format!("POST {path} HTTP/1.1\r\ncontent-type: application/json\r\n{headers}");
    send(address, &head, body.as_bytes()).await
}

/// Writes a request and reads the head of the response.
pub async fn begin(
    address: SocketAddr,
    head: &str,
    body: &[u8],
) -> (u16, Vec<(String, String)>, Reading) {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let host =
        if head.contains("\r\nhost:") { String::new() } else { format!("host: {address}\r\n") };
    let request = format!("{head}{host}connection: close\r\ncontent-length: {length}\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    // A router that has said what it had to say may have closed by now.
    let _ = socket.write_all(body).await;
    let mut reading = Reading { socket: BufReader::new(socket), text: String::new() };
    let status = reading.line().await;
    let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
    let mut headers = Vec::new();
    loop {
        let line = reading.line().await;
        let Some((name, value)) = line.split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    (status.expect("a response was due"), headers, reading)
}

impl Reading {
    async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = self.socket.read_line(&mut line);
        timeout(PATIENCE, read).await.expect("a line was due").unwrap();
        line.trim_end().to_owned()
    }

    /// Reads a chunk; `false` if it was the last.
    async fn chunk(&mut self) -> bool {
        let line = self.line().await;
        let Ok(length) = usize::from_str_radix(&line, 16) else { return false };
        let mut bytes = vec![0; length + 2];
        let read = self.socket.read_exact(&mut bytes);
        timeout(PATIENCE, read).await.expect("a chunk was due").unwrap();
        self.text.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
        length > 0
    }

    /// The next event or comment of an event stream; `None` at its end.
    pub async fn event(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event = self.text[..end].to_owned();
                self.text.drain(..end + 2);
                return Some(event);
            }
            if !self.chunk().await {
                return None;
            }
        }
    }

    /// The next event, comments left out: its id and its data.
    pub async fn data(&mut self) -> (u64, Value) {
        loop {
            let event = self.event().await.expect("an event was due");
            if event.starts_with(':') {
                continue;
            }
            let (id, data) = event.split_once('\n').unwrap();
            let id = id.strip_prefix("id: ").unwrap().parse().unwrap();
            let data = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            return (id, data);
        }
    }
}
