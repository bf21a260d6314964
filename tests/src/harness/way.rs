//! The ways to a router of ours, and what its listener needs for each.

use super::carrier::Route;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::{
    fs,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring},
};
use wamplex_router::{
    Router, RouterConfig,
    config::{Endpoint, Tls},
};

/// How the clients of a script reach the router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// "WAMP: WebSocket Transport".
    WebSocket,
    /// "WAMP: Batched WebSocket Transport".
    Batched,
    /// WebSocket through TLS.
    Tls,
    /// "WAMP: RawSocket Transport" over TCP.
    RawSocket,
    /// RawSocket over a Unix socket.
    Unix,
    /// "WAMP: HTTP Longpoll Transport".
    LongPoll,
}

/// Files that a router needs, gone when this is.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Way {
    /// Sets the first listener up, if need be with files.
    pub(super) fn prepare(self, config: &mut RouterConfig) -> Option<Folder> {
        let listener = &mut config.listeners[0];
        match self {
            Self::WebSocket | Self::Batched | Self::RawSocket | Self::LongPoll => None,
            Self::Unix => {
                let folder = Folder::new();
                listener.endpoint = Endpoint::Unix(folder.0.join("socket"));
                Some(folder)
            }
            Self::Tls => {
                let folder = Folder::new();
                let certified = certified();
                let (certificate, key) = (folder.0.join("certificate"), folder.0.join("key"));
                fs::write(&certificate, certified.cert.pem()).expect("a file can be written");
                fs::write(&key, certified.signing_key.serialize_pem())
                    .expect("a file can be written");
                listener.tls = Some(Tls::new(certificate, key));
                Some(folder)
            }
        }
    }

    /// The route to a router that was set up so.
    pub(super) fn route(self, router: &Router) -> Route {
        self.route_to(router.local_addr()).unwrap_or_else(|| {
            match router.endpoints().swap_remove(0) {
                Endpoint::Unix(path) => Route::Unix(path),
                other => panic!("{other} is no Unix socket"),
            }
        })
    }

    /// The route to this address, if this way leads to one.
    pub(super) fn route_to(self, address: SocketAddr) -> Option<Route> {
        Some(match self {
            Self::WebSocket => Route::WebSocket(address),
            Self::Batched => Route::Batched(address),
            Self::Tls => Route::Encrypted(address, trusting().clone()),
            Self::RawSocket => Route::RawSocket(address),
            Self::LongPoll => Route::LongPoll(address),
            Self::Unix => return None,
        })
    }
}

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("wamplex-scripts-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("a folder can be made");
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A certificate that is its own authority, the same for all routers of a run.
fn certified() -> &'static CertifiedKey<rcgen::KeyPair> {
    static CERTIFIED: OnceLock<CertifiedKey<rcgen::KeyPair>> = OnceLock::new();
    CERTIFIED.get_or_init(|| {
        generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate can be made")
    })
}

/// What connects to routers with that certificate.
fn trusting() -> &'static TlsConnector {
    static TRUSTING: OnceLock<TlsConnector> = OnceLock::new();
    TRUSTING.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add(certified().cert.der().clone()).expect("the certificate is one");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider has the usual versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        TlsConnector::from(Arc::new(config))
    })
}
