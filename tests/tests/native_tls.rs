//! The native client against the router, encrypted: whom it trusts, and what it shows.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests")]

#[path = "../../router/tests/common/certificates.rs"]
#[allow(dead_code, unreachable_pub)]
mod certificates;

use certificates::{Authority, Folder, Signed};
use std::error::Error as _;
use wamplex::{Client, Error, Tls, TransportError};
use wamplex_router::{Router, RouterHandle, config::ClientCertificate};

struct Served {
    /// The URLs of WebSocket and of RawSocket.
    urls: [String; 2],
    router: RouterHandle,
    _folder: Folder,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.router.shutdown();
    }
}

/// A router with a certificate that `authority` has signed, which may want to see one of `clients`.
async fn serve(authority: &Authority, clients: Option<&Authority>) -> Served {
    let folder = Folder::new();
    folder.install(&authority.sign_server());
    let mut tls = folder.tls();
    if let Some(clients) = clients {
        tls.client_certificate = ClientCertificate::Required;
        tls.client_ca = Some(folder.write("clients.pem", &clients.pem()));
    }
    let mut config = wamplex_tests::harness::patient_config();
    config.listeners[0].tls = Some(tls);
    let router = Router::bind(config).await.unwrap();
    assert!(router.websocket_url().starts_with("wss://127.0.0.1:"));
    assert!(router.site_url().starts_with("https://127.0.0.1:"));
    let port = router.local_addr().port();
    let urls = [format!("wss://localhost:{port}/ws"), format!("rss://localhost:{port}")];
    let handle = router.handle();
    tokio::spawn(router.run());
    Served { urls, router: handle, _folder: folder }
}

fn trusting(authority: &Authority) -> Tls {
    Tls::trusting(authority.pem()).unwrap()
}

fn showing(tls: Tls, signed: &Signed) -> Tls {
    tls.certificate(signed.certificate.pem(), signed.key.serialize_pem()).unwrap()
}

async fn connect(url: &str, tls: Tls) -> Result<Client, Error> {
    Client::builder(url).realm("realm1").tls(tls).connect().await
}

#[tokio::test]
async fn a_client_trusts_the_authority_it_is_told_to_and_no_other() {
    let authority = Authority::new();
    let served = serve(&authority, None).await;
    for url in &served.urls {
        let client = connect(url, trusting(&authority)).await.unwrap();
        client.publish("com.example.topic").acknowledged().await.unwrap();
        for tls in [Tls::new(), trusting(&Authority::new())] {
            let error = connect(url, tls).await.unwrap_err();
            let Error::Transport(TransportError::Tls { host, source }) = &error else {
                panic!("{error:?}")
            };
            assert_eq!(host, "localhost");
            assert!(source.to_string().contains("UnknownIssuer"), "{source}");
            assert!(error.source().is_some());
        }
    }
}

#[tokio::test]
async fn the_certificate_of_the_router_has_to_be_for_the_host_of_the_url_or_the_name_that_is_given()
{
    let authority = Authority::new();
    let served = serve(&authority, None).await;
    let by_address = served.urls[0].replace("localhost", "127.0.0.1");
    assert!(connect(&by_address, trusting(&authority)).await.is_err());
    let named = trusting(&authority).server_name("localhost").unwrap();
    assert!(connect(&by_address, named.clone()).await.is_ok());
    let other = trusting(&authority).server_name("router.example").unwrap();
    assert!(connect(&by_address, other).await.is_err());
}

#[tokio::test]
async fn a_client_shows_its_certificate_where_it_is_asked_for_it() {
    let (authority, clients, strangers) = (Authority::new(), Authority::new(), Authority::new());
    let served = serve(&authority, Some(&clients)).await;
    let signed = clients.sign_client();
    for url in &served.urls {
        assert!(connect(url, showing(trusting(&authority), &signed)).await.is_ok());
        assert!(connect(url, trusting(&authority)).await.is_err(), "nothing is shown");
        let stranger = showing(trusting(&authority), &strangers.sign_client());
        assert!(connect(url, stranger).await.is_err());
    }
    let mixed = trusting(&authority)
        .certificate(signed.certificate.pem(), clients.sign_client().key.serialize_pem());
    assert!(mixed.is_err(), "the key is that of another certificate");
}
