//! Encryption: who gets in, who does not, and certificates that change while sessions go on.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{
    Heard, PATIENCE, Peer, Running,
    certificates::{Authority, Folder, Signed},
    http,
    raw::RawPeer,
    start,
};
use rcgen::ExtendedKeyUsagePurpose;
use std::{io, net::SocketAddr};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream, rustls::pki_types::ServerName};
use wamplex_router::{
    Router, RouterConfig,
    config::{ClientCertificate, Site, Tls},
};
use wamplex_shared::{rawsocket::MaxLength, serializer::Serializer};

/// A router whose certificate this authority has signed.
async fn encrypted(authority: &Authority, change: impl FnOnce(&mut Tls)) -> (Running, Folder) {
    let folder = Folder::new();
    folder.install(&authority.sign_server());
    let mut tls = folder.tls();
    change(&mut tls);
    let router = start(|config| config.listeners[0].tls = Some(tls)).await;
    (router, folder)
}

async fn connect(to: SocketAddr, with: &TlsConnector) -> io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(to).await?;
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = timeout(PATIENCE, with.connect(name, socket)).await.unwrap()?;
    // In TLS 1.3 a client believes to be through before its certificate was looked at. An answer proves that it was.
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n").await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"ok\n") {
        answer.push(timeout(PATIENCE, stream.read_u8()).await.unwrap()?);
    }
    Ok(stream)
}

/// Whether the other side has ended the connection, in whatever way.
async fn is_closed(mut socket: TcpStream) -> bool {
    let mut rest = Vec::new();
    timeout(PATIENCE, socket.read_to_end(&mut rest)).await.is_ok()
}

#[tokio::test]
async fn sessions_over_websocket_and_rawsocket_and_the_site_are_encrypted() {
    let authority = Authority::new();
    let (router, _folder) = encrypted(&authority, |_| {}).await;
    let connector = authority.connector(None);
    for serializer in Serializer::ALL {
        let stream = connect(router.address, &connector).await.unwrap();
        let mut peer = Peer::over(stream, serializer).await;
        peer.hello().await;
        peer.round_trip("com.example.topic").await;

        let socket = TcpStream::connect(router.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = connector.connect(name, socket).await.unwrap();
        let mut peer = RawPeer::over(stream, serializer, MaxLength::MAX).await;
        peer.hello().await;
    }
    assert_eq!(router.handle.counters().sessions_joined, 6);
}

#[tokio::test]
async fn http_1_1_is_agreed_on_and_nothing_else() {
    let authority = Authority::new();
    let (router, _folder) = encrypted(&authority, |_| {}).await;
    for (offered, agreed) in [
        (vec!["h2", "http/1.1"], Ok(Some(&b"http/1.1"[..]))),
        (vec![], Ok(None)),
        (vec!["h2"], Err(())),
    ] {
        let connector = authority.connector(None);
        let mut config = (**connector.config()).clone();
        config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
        let result =
            connect(router.address, &TlsConnector::from(std::sync::Arc::new(config))).await;
        let found = result.as_ref().map(|s| s.get_ref().1.alpn_protocol()).map_err(|_| ());
        assert_eq!(found, agreed, "{offered:?}");
    }
}

#[tokio::test]
async fn clients_do_not_trust_a_router_whose_authority_is_unknown_or_whose_certificate_has_expired()
{
    let authority = Authority::new();
    let (router, folder) = encrypted(&authority, |_| {}).await;
    let stranger = Authority::new();
    let error = connect(router.address, &stranger.connector(None)).await.unwrap_err();
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");

    // A router with an expired certificate runs, and says so in its log.
    folder.install(&authority.sign_until(2001, ExtendedKeyUsagePurpose::ServerAuth));
    router.handle.reload_certificates().unwrap();
    let error = connect(router.address, &authority.connector(None)).await.unwrap_err();
    assert!(error.to_string().contains("expired"), "{error}");
}

#[tokio::test]
async fn a_required_client_certificate_has_to_be_there_and_good() {
    let (ours, theirs, strangers) = (Authority::new(), Authority::new(), Authority::new());
    let expired = theirs.sign_until(2001, ExtendedKeyUsagePurpose::ClientAuth);
    let cases: [(&str, Option<Signed>, bool, bool); 5] = [
        ("none", None, false, true),
        ("good", Some(theirs.sign_client()), true, true),
        ("of a stranger", Some(strangers.sign_client()), false, false),
        ("for servers", Some(theirs.sign_server()), false, false),
        ("expired", Some(expired), false, false),
    ];
    for (policy, column) in [(ClientCertificate::Required, 0), (ClientCertificate::Optional, 1)] {
        let folder = Folder::new();
        let authorities = folder.write("clients.pem", &theirs.pem());
        let (router, _folder) = encrypted(&ours, |tls| {
            tls.client_certificate = policy;
            tls.client_ca = Some(authorities);
        })
        .await;
        for (name, identity, required, optional) in &cases {
            let result = connect(router.address, &ours.connector(identity.as_ref())).await;
            let expected = [*required, *optional][column];
            assert_eq!(result.is_ok(), expected, "{policy:?} {name}: {result:?}");
        }
    }
}

#[tokio::test]
async fn new_connections_get_the_new_certificate_and_open_sessions_stay() {
    let (before, after) = (Authority::new(), Authority::new());
    let (router, folder) = encrypted(&before, |_| {}).await;
    let stream = connect(router.address, &before.connector(None)).await.unwrap();
    let mut old = Peer::over(stream, Serializer::Json).await;
    old.hello().await;

    folder.install(&after.sign_server());
    old.round_trip("com.example.topic").await;
    assert!(connect(router.address, &before.connector(None)).await.is_ok(), "not reloaded yet");
    router.handle.reload_certificates().unwrap();
    let stream = connect(router.address, &after.connector(None)).await.unwrap();
    let mut new = Peer::over(stream, Serializer::Cbor).await;
    new.hello().await;
    assert!(connect(router.address, &before.connector(None)).await.is_err());
    old.round_trip("com.example.topic").await;
    new.round_trip("com.example.topic").await;
}

#[tokio::test]
async fn a_reload_that_fails_keeps_what_there_was_and_says_why() {
    let authority = Authority::new();
    let (router, folder) = encrypted(&authority, |_| {}).await;
    let other = authority.sign_server();
    for (file, content, why) in [
        ("key.pem", other.key.serialize_pem(), "is not that of the certificate in"),
        ("key.pem", other.certificate.pem(), "there is no private key in"),
        ("certificate.pem", String::new(), "there is no certificate in"),
        ("certificate.pem", "-----BEGIN CERTIFICATE-----\nAAAA".into(), "a section does not end"),
    ] {
        folder.write(file, &content);
        let error = router.handle.reload_certificates().unwrap_err().to_string();
        assert!(error.contains(why) && error.contains(file), "{error}");
        assert!(connect(router.address, &authority.connector(None)).await.is_ok(), "{why}");
        folder.install(&authority.sign_server());
        router.handle.reload_certificates().unwrap();
    }
    std::fs::remove_file(folder.0.join("certificate.pem")).unwrap();
    let error = router.handle.reload_certificates().unwrap_err().to_string();
    assert!(error.contains("cannot read") && error.contains("certificate.pem"), "{error}");
    assert!(connect(router.address, &authority.connector(None)).await.is_ok());
}

#[tokio::test]
async fn a_reload_of_the_configuration_reads_certificates_again_and_changes_what_is_asked_of_clients()
 {
    let (before, after, clients) = (Authority::new(), Authority::new(), Authority::new());
    let folder = Folder::new();
    folder.install(&before.sign_server());
    let mut config = common::config();
    config.listeners[0].tls = Some(folder.tls());
    let router = Router::bind(config.clone()).await.unwrap();
    let (address, handle) = (router.local_addr(), router.handle());
    let task = tokio::spawn(router.run());
    let stream = connect(address, &before.connector(None)).await.unwrap();
    let mut old = Peer::over(stream, Serializer::Json).await;
    old.hello().await;

    folder.write("certificate.pem", "nonsense");
    let error = handle.reload(config.clone()).await.unwrap_err().to_string();
    assert!(error.contains("there is no certificate in"), "{error}");
    assert!(connect(address, &before.connector(None)).await.is_ok(), "nothing has changed");

    folder.install(&after.sign_server());
    handle.reload(config.clone()).await.unwrap();
    assert!(connect(address, &after.connector(None)).await.is_ok());
    let tls = config.listeners[0].tls.as_mut().unwrap();
    tls.client_certificate = ClientCertificate::Required;
    tls.client_ca = Some(folder.write("clients.pem", &clients.pem()));
    handle.reload(config).await.unwrap();
    assert!(connect(address, &after.connector(None)).await.is_err());
    let shown = clients.sign_client();
    assert!(connect(address, &after.connector(Some(&shown))).await.is_ok());
    old.round_trip("com.example.topic").await;
    drop(old);
    handle.shutdown();
    timeout(PATIENCE, task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_router_does_not_start_with_files_that_cannot_be_used() {
    let authority = Authority::new();
    let folder = Folder::new();
    let (signed, other) = (authority.sign_server(), authority.sign_server());
    folder.install(&signed);
    let (certificate, key) = (folder.0.join("certificate.pem"), folder.0.join("key.pem"));
    let with_ca = |client_ca| Tls {
        client_certificate: ClientCertificate::Required,
        client_ca,
        ..folder.tls()
    };
    let encrypted_key =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (tls, why) in [
        (Tls::new("", &key), "`certificate` is missing"),
        (Tls::new(&certificate, ""), "`key` is missing"),
        (Tls::new(folder.0.join("nothing.pem"), &key), "cannot read"),
        (Tls::new(&folder.0, &key), "cannot read"),
        (Tls::new(&key, &key), "there is no certificate in"),
        (Tls::new(&certificate, &certificate), "there is no private key in"),
        (Tls::new(&certificate, folder.write("empty", "")), "there is no private key in"),
        (Tls::new(&certificate, folder.write("locked", encrypted_key)), "that needs a password"),
        (Tls::new(folder.write("garbage", garbage), &key), "cannot be used"),
        (
            Tls::new(&certificate, folder.write("other", &other.key.serialize_pem())),
            "is not that of the certificate",
        ),
        (with_ca(None), "`client_ca` is missing"),
        (with_ca(Some(key.clone())), "there is no certificate in"),
    ] {
        let mut config = RouterConfig::on(([127, 0, 0, 1], 0));
        config.listeners[0].tls = Some(tls.clone());
        let error =
            Router::bind(config).await.map(drop).expect_err("it does not start").to_string();
        assert!(error.contains("cannot encrypt at 127.0.0.1:0") && error.contains(why), "{error}");
        let mut problems = wamplex_router::config::Problems::default();
        tls.check(&mut problems);
        assert_eq!(problems.iter().count(), 1, "{error}");
    }
}

#[tokio::test]
async fn plain_http_where_everything_is_encrypted_is_told_to_encrypt() {
    let authority = Authority::new();
    let (router, _folder) = encrypted(&authority, |_| {}).await;
    for path in ["/", "/ws", "/lp/open"] {
        let response = http::get(router.address, path).await;
        assert_eq!(response.status, 400);
        assert!(String::from_utf8(response.body).unwrap().contains("wss://"));
    }
    // RawSocket has no words for that.
    let mut socket = TcpStream::connect(router.address).await.unwrap();
    socket.write_all(&[0x7f, 0xf1, 0, 0]).await.unwrap();
    assert!(is_closed(socket).await);
}

#[tokio::test]
async fn clients_that_do_not_encrypt_are_served_where_that_is_allowed() {
    let authority = Authority::new();
    let folder = Folder::new();
    folder.install(&authority.sign_server());
    let tls = Tls { also_plain: true, ..folder.tls() };
    let router = start(|config| {
        config.listeners[0].tls = Some(tls);
        config.listeners[0].site = Site::Embedded;
    })
    .await;
    Peer::join(router.address, Serializer::Json).await.round_trip("com.example.topic").await;
    RawPeer::join(router.address, Serializer::Cbor).await;
    assert_eq!(http::get(router.address, "/").await.status, 200);
    let stream = connect(router.address, &authority.connector(None)).await.unwrap();
    Peer::over(stream, Serializer::Json).await.hello().await;
}

#[tokio::test]
async fn what_is_no_tls_is_closed_and_nobody_else_notices() {
    let authority = Authority::new();
    let (router, _folder) = encrypted(&authority, |_| {}).await;
    let stream = connect(router.address, &authority.connector(None)).await.unwrap();
    let mut neighbour = Peer::over(stream, Serializer::Json).await;
    neighbour.hello().await;
    let zeros = [&[0x16, 3, 1, 0xff, 0xff][..], &[0; 4096]].concat();
    let header_of_64_kib = [0x16, 3, 3, 0xff, 0xff, 1, 0xff, 0xff, 0xff];
    let alert = [0x16, 3, 1, 0, 2, 2, 40];
    for garbage in [&zeros[..], &header_of_64_kib, &alert, b"\x16", b"\x16\x16\x16\x16\x16\x16"] {
        let mut socket = TcpStream::connect(router.address).await.unwrap();
        socket.write_all(garbage).await.unwrap();
        socket.shutdown().await.unwrap();
        assert!(is_closed(socket).await, "{:?}", &garbage[..garbage.len().min(16)]);
        neighbour.round_trip("com.example.topic").await;
    }
}

#[tokio::test]
async fn a_handshake_that_does_not_come_to_its_end_is_cut() {
    let authority = Authority::new();
    let folder = Folder::new();
    folder.install(&authority.sign_server());
    let router = start(|config| {
        config.listeners[0].tls = Some(folder.tls());
        config.limits.http_request = std::time::Duration::from_millis(200);
    })
    .await;
    for beginning in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01\x00"] {
        let mut socket = TcpStream::connect(router.address).await.unwrap();
        socket.write_all(beginning).await.unwrap();
        assert!(is_closed(socket).await, "{beginning:?}");
    }
    // Neither does a handshake give a client more time for its request.
    let name = ServerName::try_from("localhost").unwrap();
    let socket = TcpStream::connect(router.address).await.unwrap();
    // On a busy machine the time may be over before it is through.
    if let Ok(mut stream) = authority.connector(None).connect(name, socket).await {
        let _ = stream.write_all(b"GET /ws HT").await;
        let mut rest = Vec::new();
        let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("it is cut");
    }
    assert_eq!(router.handle.counters().sessions_joined, 0);
}

#[tokio::test]
async fn a_shutdown_says_goodbye_over_tls() {
    let authority = Authority::new();
    let (router, _folder) = encrypted(&authority, |_| {}).await;
    let stream = connect(router.address, &authority.connector(None)).await.unwrap();
    let mut peer = Peer::over(stream, Serializer::Json).await;
    peer.hello().await;
    router.handle.shutdown();
    assert_eq!(peer.hear().await[2], "wamp.close.system_shutdown");
    peer.say(r#"[6, {}, "wamp.close.goodbye_and_out"]"#).await;
    assert_eq!(peer.listen().await, Heard::Close(1001));
    router.task.await.unwrap();
}
