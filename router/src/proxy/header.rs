//! What a proxy says before the first octet of its client: the PROXY protocol of HAProxy, versions 1 and 2.

use crate::config::ProxyProtocol;
use proxy_header::{ParseConfig, Protocol, ProxyHeader};
use std::{io, net::SocketAddr};
use tokio::io::{AsyncRead, AsyncReadExt};

/// How a header of version 2 begins. Nothing else begins like that.
const V2_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// The length of the part of a header of version 2 that is always there, up to and including the length of the rest.
const V2_START: usize = 16;

/// Where that length is, two octets.
const V2_LENGTH: usize = 14;

/// The longest header of version 2 that is read. The protocol promises receivers of 536 octets that they are enough
/// for addresses; certificates and the like may make it longer.
const V2_LONGEST: usize = 4096;

/// The longest line of version 1, its end included.
const V1_LONGEST: usize = 107;

/// Why a connection of a proxy is of no use.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyError {
    /// It does not begin with the header that the listener is told to expect.
    #[error("the proxy did not begin with a header of the PROXY protocol {0}")]
    Malformed(&'static str),
    /// The header is longer than anybody needs.
    #[error("the PROXY protocol header has {0} octets")]
    TooLong(usize),
    /// It is about something that is no connection.
    #[error("the proxy forwards datagrams")]
    Datagrams,
    /// It ended before that.
    #[error("the connection was lost before it began: {0}")]
    Lost(#[from] io::Error),
}

/// Reads the header from the beginning of a connection, and not one octet more.
///
/// The address of the client; `None` if the proxy connects on its own behalf, to see whether we are alive, or for
/// somebody who has no IP address.
///
/// # Errors
/// There is no such header.
pub(crate) async fn read_header<S>(
    socket: &mut S,
    protocol: ProxyProtocol,
) -> Result<Option<SocketAddr>, ProxyError>
where
    S: AsyncRead + Unpin,
{
    let (header, version) = match protocol {
        ProxyProtocol::None => return Ok(None),
        ProxyProtocol::V1 => (read_v1(socket).await?, "v1"),
        ProxyProtocol::V2 => (read_v2(socket).await?, "v2"),
    };
    let config =
        ParseConfig { include_tlvs: false, allow_v1: version == "v1", allow_v2: version == "v2" };
    let malformed = ProxyError::Malformed(version);
    let Ok((parsed, length)) = ProxyHeader::parse(&header, config) else { return Err(malformed) };
    if length != header.len() {
        return Err(malformed);
    }
    match parsed.proxied_address() {
        None => Ok(None),
        Some(address) if address.protocol == Protocol::Stream => Ok(Some(address.source)),
        Some(_) => Err(ProxyError::Datagrams),
    }
}

async fn read_v2<S: AsyncRead + Unpin>(socket: &mut S) -> Result<Vec<u8>, ProxyError> {
    let mut header = vec![0; V2_START];
    socket.read_exact(&mut header).await?;
    if !header.starts_with(V2_SIGNATURE) {
        return Err(ProxyError::Malformed("v2"));
    }
    let rest = u16::from_be_bytes([header[V2_LENGTH], header[V2_LENGTH + 1]]);
    let length = V2_START + usize::from(rest);
    if length > V2_LONGEST {
        return Err(ProxyError::TooLong(length));
    }
    header.resize(length, 0);
    socket.read_exact(&mut header[V2_START..]).await?;
    Ok(header)
}

/// Octet by octet, since what comes behind the line is not ours.
async fn read_v1<S: AsyncRead + Unpin>(socket: &mut S) -> Result<Vec<u8>, ProxyError> {
    const BEGINNING: &[u8] = b"PROXY ";
    let mut line = Vec::with_capacity(V1_LONGEST);
    while !line.ends_with(b"\r\n") {
        if line.len() == V1_LONGEST || line.iter().zip(BEGINNING).any(|(a, b)| a != b) {
            return Err(ProxyError::Malformed("v1"));
        }
        line.push(socket.read_u8().await?);
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESSES: [u8; 12] = [192, 0, 2, 7, 10, 0, 0, 1, 0x30, 0x39, 0x01, 0xbb];

    fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [V2_SIGNATURE, &[command, family], &length, body].concat()
    }

    async fn read(
        protocol: ProxyProtocol,
        bytes: &[u8],
    ) -> (Result<Option<SocketAddr>, String>, Vec<u8>) {
        let mut rest = bytes;
        let result = read_header(&mut rest, protocol).await.map_err(|error| error.to_string());
        (result, rest.to_vec())
    }

    #[tokio::test]
    async fn the_address_of_the_client_is_read_and_nothing_behind_it() {
        let client = Ok(Some("192.0.2.7:12345".parse().unwrap()));
        let mut v6 = [0; 36];
        v6[..4].copy_from_slice(&[0x20, 0x01, 0x0d, 0xb8]);
        v6[15] = 7;
        v6[32..34].copy_from_slice(&[0x30, 0x39]);
        let with_more = [&ADDRESSES[..], &[5, 0, 2, 1, 2]].concat();
        for (protocol, header, expected) in [
            (ProxyProtocol::V2, v2(0x21, 0x11, &ADDRESSES), client.clone()),
            (ProxyProtocol::V2, v2(0x21, 0x11, &with_more), client.clone()),
            (
                ProxyProtocol::V2,
                v2(0x21, 0x21, &v6),
                Ok(Some("[2001:db8::7]:12345".parse().unwrap())),
            ),
            // To see whether we are alive; what is said of addresses then is nothing.
            (ProxyProtocol::V2, v2(0x20, 0x00, &[]), Ok(None)),
            (ProxyProtocol::V2, v2(0x20, 0x11, &ADDRESSES), Ok(None)),
            (ProxyProtocol::V2, v2(0x21, 0x00, &[]), Ok(None)),
            (ProxyProtocol::V2, v2(0x21, 0x31, &[0; 216]), Ok(None)),
            (ProxyProtocol::V1, b"PROXY TCP4 192.0.2.7 10.0.0.1 12345 443\r\n".to_vec(), client),
            (
                ProxyProtocol::V1,
                b"PROXY TCP6 2001:db8::7 ::1 12345 443\r\n".to_vec(),
                Ok(Some("[2001:db8::7]:12345".parse().unwrap())),
            ),
            (ProxyProtocol::V1, b"PROXY UNKNOWN\r\n".to_vec(), Ok(None)),
        ] {
            let bytes = [&header[..], b"GET / HTTP/1.1\r\n"].concat();
            let (result, rest) = read(protocol, &bytes).await;
            assert_eq!(result, expected, "{header:?}");
            assert_eq!(rest, b"GET / HTTP/1.1\r\n");
        }
    }

    #[tokio::test]
    async fn a_connection_without_the_header_is_refused() {
        for (protocol, bytes, why) in [
            (ProxyProtocol::V2, b"GET /ws HTTP/1.1\r\nHost: h\r\n\r\n".to_vec(), "did not begin"),
            (ProxyProtocol::V2, b"PROXY TCP4 192.0.2.7 10.0.0.1 1 2\r\n".to_vec(), "did not begin"),
            (ProxyProtocol::V2, v2(0x31, 0x11, &ADDRESSES), "did not begin"),
            (ProxyProtocol::V2, v2(0x22, 0x11, &ADDRESSES), "did not begin"),
            (ProxyProtocol::V2, v2(0x21, 0x11, &ADDRESSES[..11]), "did not begin"),
            (ProxyProtocol::V2, v2(0x21, 0x41, &ADDRESSES), "did not begin"),
            (ProxyProtocol::V2, v2(0x21, 0x12, &ADDRESSES), "datagrams"),
            (ProxyProtocol::V2, v2(0x21, 0x31, &[0; 20]), "did not begin"),
            (ProxyProtocol::V2, v2(0x21, 0x11, &[0; 5000]), "5016 octets"),
            (ProxyProtocol::V2, V2_SIGNATURE.to_vec(), "lost"),
            (ProxyProtocol::V2, v2(0x21, 0x11, &ADDRESSES)[..20].to_vec(), "lost"),
            (ProxyProtocol::V1, v2(0x21, 0x11, &ADDRESSES), "did not begin"),
            (ProxyProtocol::V1, b"GET / HTTP/1.1\r\n".to_vec(), "did not begin"),
            (ProxyProtocol::V1, b"PROXY TCP4 192.0.2.7 10.0.0.1 1 2".to_vec(), "lost"),
            (ProxyProtocol::V1, b"PROXY TCP4 192.0.2 10.0.0.1 1 2\r\n".to_vec(), "did not begin"),
            (
                ProxyProtocol::V1,
                b"PROXY TCP4 192.0.2.7 10.0.0.1 1 66666\r\n".to_vec(),
                "did not begin",
            ),
            (ProxyProtocol::V1, b"PROXY UDP4 192.0.2.7 10.0.0.1 1 2\r\n".to_vec(), "did not begin"),
            (
                ProxyProtocol::V1,
                [b"PROXY UNKNOWN ", &[b'x'; 200][..], b"\r\n"].concat(),
                "did not begin",
            ),
        ] {
            let (result, _) = read(protocol, &bytes).await;
            let error = result.expect_err(&format!("{bytes:?}"));
            assert!(error.contains(why), "{bytes:?}: {error}");
        }
    }
}
