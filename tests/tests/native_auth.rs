//! The native client proves to the router who it is, and finds out who the router is.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests")]

#[path = "../../router/tests/common/certificates.rs"]
#[allow(dead_code, unreachable_pub)]
mod certificates;

use certificates::{Authority, Folder};
use serde_json::json;
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer, ServerName},
    },
};
use wamplex::{
    Client, Connect, Error, Tls,
    auth::{self, AuthError, ChallengeError, Cryptosign, Key, Scram, Ticket, WampCra},
    uris,
};
use wamplex_router::{
    Router, RouterHandle,
    config::{ClientCertificate, RealmSettings},
};

const ROUTER_SEED: &str = "6e1fde9cf9e2359a87420b65a87dc0c66136e66945196ba2475990d8a0c3a25b";

struct Served {
    router: RouterHandle,
    address: SocketAddr,
    /// Of WebSocket and of RawSocket.
    urls: [String; 2],
    _folder: Option<Folder>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.router.shutdown();
    }
}

/// The realm `realm1` with one principal that can prove itself in every way, bound to the connection as `binding` says.
fn realm(binding: &str) -> RealmSettings {
    serde_json::from_value(json!({
        "name": "realm1",
        "principals": [{
            "authid": "joe",
            "role": "user",
            "ticket": "token",
            "wampcra": {"secret": "secret", "salt": "salt", "iterations": 1500, "keylen": 48},
            "scram": {"password": "pencil", "iterations": 3, "memory": 4096},
            "cryptosign": [key(1).public().to_string()],
            "certificates": [{"dns": "localhost"}],
        }],
        "authentication": {
            "methods": ["cryptosign", "wamp-scram", "tls", "wampcra", "ticket", "anonymous"],
            "cryptosign": {"key": ROUTER_SEED, "channel_binding": binding},
            "scram": {"channel_binding": binding},
            "lockout": {"attempts": 100, "exempt_loopback": true},
        },
    }))
    .unwrap()
}

async fn serve(realm: RealmSettings, authority: Option<&Authority>) -> Served {
    let mut config = wamplex_tests::harness::patient_config();
    config.realms = vec![realm];
    let folder = authority.map(|authority| {
        let folder = Folder::new();
        folder.install(&authority.sign_server());
        let mut tls = folder.tls();
        tls.client_certificate = ClientCertificate::Optional;
        tls.client_ca = Some(folder.write("clients.pem", &authority.pem()));
        config.listeners[0].tls = Some(tls);
        folder
    });
    let router = Router::bind(config).await.unwrap();
    let address = router.local_addr();
    let s = if folder.is_some() { "s" } else { "" };
    let port = address.port();
    let urls = [format!("ws{s}://localhost:{port}/ws"), format!("r{s}s://localhost:{port}")];
    let served = Served { router: router.handle(), address, urls, _folder: folder };
    tokio::spawn(router.run());
    served
}

fn key(seed: u8) -> Key {
    Key::from_seed(&[seed; 32])
}

fn router_key() -> auth::PublicKey {
    Key::from_hex(ROUTER_SEED).unwrap().public()
}

fn builder(url: &str) -> Connect {
    Client::builder(url).realm("realm1")
}

fn trusting(url: &str, authority: &Authority) -> Connect {
    builder(url).tls(Tls::trusting(authority.pem()).unwrap())
}

async fn method_of(connect: Connect) -> String {
    let client = connect.connect().await.unwrap();
    let details = client.details();
    let (authid, authrole) = (details.authid.clone(), details.authrole.clone());
    assert_eq!((authid.as_deref(), authrole.as_deref()), (Some("joe"), Some("user")));
    details.authmethod.clone().unwrap().to_string()
}

async fn denied(connect: Connect) {
    let error = connect.connect().await.unwrap_err();
    assert_eq!(error.uri(), uris::error::AUTHENTICATION_DENIED, "{error}");
    assert!(matches!(error, Error::Closed(_)), "the router says so: {error:?}");
}

fn refused(error: Error) -> AuthError {
    let Error::Auth(error) = error else { panic!("{error:?}") };
    error
}

#[tokio::test]
async fn each_method_gets_the_client_in_over_each_transport_with_its_secret_and_no_other() {
    let served = serve(realm("optional"), None).await;
    for url in &served.urls {
        let trusting = |key: Key| Cryptosign::new(key).authid("joe").trusting(router_key());
        let with = || builder(url);
        let (right, wrong) = (with().auth(trusting(key(1))), with().auth(trusting(key(2))));
        assert_eq!(method_of(right).await, "cryptosign");
        denied(wrong).await;
        assert_eq!(method_of(with().auth(Scram::new("joe", "pencil"))).await, "wamp-scram");
        denied(with().auth(Scram::new("joe", "paper"))).await;
        assert_eq!(method_of(with().auth(WampCra::new("joe", "secret"))).await, "wampcra");
        denied(with().auth(WampCra::new("joe", "other"))).await;
        assert_eq!(method_of(with().auth(Ticket::new("joe", "token"))).await, "ticket");
        denied(with().auth(Ticket::new("joe", "taken"))).await;
    }
}

#[tokio::test]
async fn of_several_methods_the_router_takes_the_strongest_and_never_lets_who_has_a_name_in_without()
 {
    let served = serve(realm("optional"), None).await;
    let url = &served.urls[0];
    let weak_first = builder(url)
        .auth(Ticket::new("joe", "token"))
        .auth(WampCra::new("joe", "secret"))
        .auth(Scram::new("joe", "pencil"))
        .auth(Cryptosign::new(key(1)));
    assert_eq!(method_of(weak_first).await, "cryptosign");
    let wrong_and_anonymous = builder(url).auth(WampCra::new("joe", "other")).auth(auth::Anonymous);
    denied(wrong_and_anonymous).await;
}

#[tokio::test]
async fn a_router_with_another_key_is_left() {
    let served = serve(realm("optional"), None).await;
    let auth = Cryptosign::new(key(1)).trusting(key(9).public());
    let error = refused(builder(&served.urls[0]).auth(auth).connect().await.unwrap_err());
    assert!(matches!(error, AuthError::Challenge(ChallengeError::UntrustedRouter)), "{error:?}");
}

#[tokio::test]
async fn proofs_are_bound_to_the_connection_where_both_want_it() {
    let authority = Authority::new();
    let served = serve(realm("required"), Some(&authority)).await;
    for url in &served.urls {
        let with = || trusting(url, &authority);
        let cryptosign = Cryptosign::new(key(1)).trusting(router_key());
        let bound = with().auth(cryptosign.clone().channel_binding());
        assert_eq!(method_of(bound).await, "cryptosign");
        denied(with().auth(cryptosign)).await;
        let scram = Scram::new("joe", "pencil");
        assert_eq!(method_of(with().auth(scram.clone().channel_binding())).await, "wamp-scram");
        denied(with().auth(scram)).await;
    }
}

#[tokio::test]
async fn nothing_is_bound_to_a_connection_that_is_not_encrypted() {
    let served = serve(realm("optional"), None).await;
    let scram = Scram::new("joe", "pencil").channel_binding();
    let error = refused(builder(&served.urls[0]).auth(scram).connect().await.unwrap_err());
    assert!(matches!(error, AuthError::NoBinding(method) if method == "wamp-scram"));
}

#[tokio::test]
async fn who_sits_in_between_with_a_trusted_certificate_gets_nothing_from_a_bound_proof() {
    let authority = Authority::new();
    let served = serve(realm("optional"), Some(&authority)).await;
    let url = sit_in_between(&authority, served.address).await;
    let with = || trusting(&url, &authority);
    // What is not bound goes through: this is what the binding is for.
    assert_eq!(method_of(with().auth(Scram::new("joe", "pencil"))).await, "wamp-scram");
    assert_eq!(method_of(with().auth(Cryptosign::new(key(1)))).await, "cryptosign");
    denied(with().auth(Scram::new("joe", "pencil").channel_binding())).await;
    denied(with().auth(Cryptosign::new(key(1)).channel_binding())).await;
    // Whether the router is the right one is found out before anything is proved to it.
    let auth = Cryptosign::new(key(1)).trusting(router_key()).channel_binding();
    let error = refused(with().auth(auth).connect().await.unwrap_err());
    assert!(matches!(error, AuthError::Challenge(ChallengeError::UntrustedRouter)), "{error:?}");
}

#[tokio::test]
async fn a_certificate_that_was_shown_is_all_that_is_needed() {
    let authority = Authority::new();
    let served = serve(realm("optional"), Some(&authority)).await;
    let signed = authority.sign_client();
    let tls = Tls::trusting(authority.pem())
        .unwrap()
        .certificate(signed.certificate.pem(), signed.key.serialize_pem())
        .unwrap();
    let shown = builder(&served.urls[0]).tls(tls).auth(auth::Certificate);
    assert_eq!(method_of(shown).await, "tls");
    let not_shown = trusting(&served.urls[0], &authority).auth(auth::Certificate);
    assert!(not_shown.connect().await.is_err());
}

/// Somebody who has a certificate that clients trust, and hands everything on to the router.
async fn sit_in_between(authority: &Authority, router: SocketAddr) -> String {
    let signed = authority.sign_server();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signed.key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![signed.certificate.der().clone()], key)
        .unwrap();
    let (acceptor, connector) = (TlsAcceptor::from(Arc::new(config)), authority.connector(None));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let (acceptor, connector) = (acceptor.clone(), connector.clone());
            tokio::spawn(async move {
                let mut near = acceptor.accept(near).await.unwrap();
                let far = TcpStream::connect(router).await.unwrap();
                let name = ServerName::try_from("localhost").unwrap();
                let mut far = connector.connect(name, far).await.unwrap();
                // How the ends part is their business.
                let _ = copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    format!("wss://localhost:{port}/ws")
}
