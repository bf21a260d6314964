//! A realm with principals, and clients that talk to it.

use crate::{
    authentication::{
        Authentication, Exchange, Gate, Identity, Procedures, Refusal, Sources, Step, Tokens,
    },
    config::{AuthenticationSettings, KdfSetting, Method},
    peer::{HttpPeer, Peer, TlsPeer, TransportKind},
    principals::{CertificateMark, CraKey, Principal, Principals, Static, Ticket},
};
use std::{net::SocketAddr, sync::Arc};
use wamplex_shared::{
    auth::{
        ScramCredentials,
        cryptosign::{Key, Responder},
        scram::{self, Cost, CostBounds},
        wampcra::{self, Salting},
    },
    id::SessionId,
    message::{Authenticate, Challenge, Hello, HelloDetails},
    uri::Uri,
    value::{Dict, Value},
};

pub(super) const REALM: &str = "realm1";

/// What every principal here has for a secret.
pub(super) const SECRET: &str = "s3cret";

/// Cheap, so that tests are quick.
pub(super) const COST: Cost = Cost::pbkdf2(4096);

pub(super) struct Bench {
    pub(super) settings: AuthenticationSettings,
    pub(super) principals: Arc<dyn Principals>,
    pub(super) procedures: Option<Arc<dyn Procedures>>,
    pub(super) gate: Arc<Gate>,
}

/// The private key of the principal that has one.
pub(super) fn key() -> Key {
    Key::from_seed(&[7; 32])
}

/// A principal with a credential for each of these methods.
pub(super) fn principal(authid: &str, methods: &[Method]) -> Principal {
    let mut principal = Principal::new(authid, "user", "static");
    principal.extra.insert("x_team", "blue");
    for method in methods {
        match method {
            Method::Cryptosign => principal.cryptosign = vec![key().public().to_bytes()],
            Method::Scram => {
                let credentials = ScramCredentials::new(SECRET, b"salt and pepper.", COST);
                principal.scram = Some(credentials.unwrap());
            }
            Method::Wampcra => {
                let salted = CraKey::derive(SECRET, Salting::new("salt and pepper"));
                principal.wampcra = Some(salted.unwrap());
            }
            Method::Ticket => principal.ticket = Some(Ticket::new(SECRET)),
            Method::Tls => {
                principal.certificates = vec![CertificateMark::CommonName(authid.to_owned())];
            }
            Method::Jwt | Method::Cookie | Method::Anonymous => {}
        }
    }
    principal
}

impl Bench {
    /// A realm that takes these methods, and has `all` with a credential for everything, and for each method a
    /// principal of its name that has nothing else.
    pub(super) fn new(methods: &[Method]) -> Self {
        const OWN: [Method; 4] = [Method::Scram, Method::Wampcra, Method::Ticket, Method::Tls];
        let mut principals = vec![principal("all", &Method::ALL)];
        principals.extend(OWN.map(|method| principal(method.as_str(), &[method])));
        let mut settings =
            AuthenticationSettings { methods: methods.to_vec(), ..Default::default() };
        settings.scram.kdf = KdfSetting::Pbkdf2;
        settings.scram.iterations = Some(COST.iterations);
        settings.wampcra.iterations = 1000;
        Self {
            settings,
            principals: Arc::new(Static::new(principals).unwrap()),
            procedures: None,
            gate: Arc::new(Gate::new()),
        }
    }

    pub(super) fn open(&self) -> Arc<Authentication> {
        let sources = Sources {
            principals: Arc::clone(&self.principals),
            tokens: (!self.settings.jwt.is_empty())
                .then(|| Tokens::open(&self.settings.jwt, &self.gate.watching).unwrap()),
            procedures: self.procedures.clone(),
        };
        let gate = Arc::clone(&self.gate);
        Arc::new(Authentication::new(REALM, self.settings.clone(), sources, gate).unwrap())
    }
}

/// A client that knows a secret.
#[derive(Clone)]
pub(super) struct Client {
    pub(super) authid: Option<&'static str>,
    pub(super) offers: Vec<&'static str>,
    pub(super) secret: &'static str,
    pub(super) key: Key,
    pub(super) peer: Peer,
    pub(super) authrole: Option<&'static str>,
    /// What HELLO says besides.
    pub(super) extra: Dict,
}

impl Client {
    pub(super) fn new(authid: &'static str, offers: &[&'static str]) -> Self {
        Self {
            authid: Some(authid),
            offers: offers.to_vec(),
            secret: SECRET,
            key: key(),
            peer: peer("127.0.0.1:1"),
            authrole: None,
            extra: Dict::new(),
        }
    }

    pub(super) fn hello(&self) -> Hello {
        let mut details = HelloDetails {
            authmethods: self.offers.iter().map(|method| (*method).into()).collect(),
            authid: self.authid.map(Into::into),
            authrole: self.authrole.map(Into::into),
            ..HelloDetails::default()
        };
        if self.offers.contains(&"cryptosign") {
            details.authextra = Responder::new(self.key.clone()).authextra();
        }
        if self.offers.contains(&"wamp-scram") {
            for (key, value) in self.scram().authextra() {
                details.authextra.insert(key, value);
            }
        }
        for (key, value) in self.extra.clone() {
            details.authextra.insert(key, value);
        }
        Hello { realm: Uri::from(REALM), details }
    }

    fn scram(&self) -> scram::Responder {
        let authid = self.authid.unwrap_or("nobody");
        scram::Responder::new(authid, b"sixteen of these", None, CostBounds::default()).unwrap()
    }

    pub(super) fn answer(&self, challenge: &Challenge) -> Authenticate {
        match &*challenge.method {
            "ticket" | "jwt" => Authenticate { signature: self.secret.into(), extra: Dict::new() },
            "wampcra" => wampcra::respond(self.secret, challenge).unwrap(),
            "wamp-scram" => self.scram().respond(self.secret, challenge).unwrap().0,
            "cryptosign" => Responder::new(self.key.clone()).respond(challenge).unwrap(),
            method => panic!("no answer to {method}"),
        }
    }

    pub(super) fn exchange(&self, realm: &Arc<Authentication>) -> Exchange {
        realm.open(&self.hello(), &self.peer, SessionId::new(4711).unwrap())
    }

    /// The challenge it is asked, or what is said instead.
    pub(super) async fn begin(&self, realm: &Arc<Authentication>) -> (Exchange, Step) {
        let mut exchange = self.exchange(realm);
        let step = exchange.begin().await;
        (exchange, step)
    }

    /// The method it is asked to prove itself by.
    pub(super) async fn asked(&self, realm: &Arc<Authentication>) -> Option<String> {
        match self.begin(realm).await.1 {
            Step::Challenge(challenge) => Some(challenge.method.to_string()),
            Step::Welcome(identity) => Some(identity.authmethod.to_string()),
            Step::Refuse(_) => None,
        }
    }

    /// From HELLO to the end.
    pub(super) async fn join(&self, realm: &Arc<Authentication>) -> Result<Identity, Refusal> {
        let (mut exchange, mut step) = self.begin(realm).await;
        loop {
            step = match step {
                Step::Challenge(challenge) => exchange.answer(self.answer(&challenge)).await,
                Step::Welcome(identity) => return Ok(identity),
                Step::Refuse(refusal) => return Err(refusal),
            }
        }
    }

    /// The same, with everything that the client hears in the end.
    pub(super) async fn hears(&self, realm: &Arc<Authentication>) -> (&'static str, String) {
        let refusal = self.join(realm).await.expect_err("a refusal was due");
        (refusal.uri, refusal.message)
    }
}

pub(super) fn peer(address: &str) -> Peer {
    let address: SocketAddr = address.parse().unwrap();
    Peer::new(address.into(), TransportKind::WebSocket, "test".into())
}

/// A client that has come over TLS, with a certificate for this name.
pub(super) fn tls_peer(name: &str) -> Peer {
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    let key = rcgen::KeyPair::generate().unwrap();
    let der = params.self_signed(&key).unwrap().der().to_vec();
    let tls = TlsPeer { certificates: vec![der], exporter: Some([9; 32]), ..TlsPeer::default() };
    let mut peer = peer("192.0.2.1:1");
    peer.tls = Some(Arc::new(tls));
    peer
}

/// A browser whose connection has set a cookie.
pub(super) fn browser(token: crate::authentication::Token) -> Peer {
    let mut peer = peer("192.0.2.1:1");
    peer.http = Some(Arc::new(HttpPeer { token: Some(token), ..HttpPeer::default() }));
    peer
}

pub(super) fn text<'a>(dict: &'a Dict, key: &str) -> Option<&'a str> {
    dict.get(key).and_then(Value::as_str).map(|text| &**text)
}
