//! Each method from HELLO to WELCOME or ABORT, in frames of each serializer.

use crate::scram::{client, credentials};
use wamplex_shared::{
    auth::{cryptosign, method, scram, ticket, wampcra},
    id::SessionId,
    message::{Abort, Authenticate, Challenge, Hello, HelloDetails, Welcome, WelcomeDetails},
    roles::{Features, Role, Roles},
    serializer::Serializer,
    session::{AcceptEvent, Acceptor, JoinEvent, Joiner},
    uri::Uri,
    uris,
    value::Dict,
};

/// Both ends of a handshake, which see nothing of each other but frames.
struct Pair {
    joiner: Joiner,
    acceptor: Acceptor,
}

impl Pair {
    fn new(serializer: Serializer, method: &'static str, authextra: Dict) -> (Self, Hello) {
        let details = HelloDetails {
            roles: Roles::default().with(Role::Caller, Features::default()),
            authmethods: vec![method.into()],
            authid: Some("user".into()),
            authextra,
            ..HelloDetails::default()
        };
        let hello = Hello { realm: Uri::from_static("realm1"), details };
        let joiner = Joiner::new(serializer, hello);
        let mut pair = Self { joiner, acceptor: Acceptor::new(serializer) };
        pair.carry();
        let Some(AcceptEvent::Hello(hello)) = pair.acceptor.poll_event() else { panic!("HELLO") };
        (pair, hello)
    }

    fn carry(&mut self) {
        while let Some(frame) = self.joiner.poll_transmit() {
            self.acceptor.handle_frame(&frame).unwrap();
        }
        while let Some(frame) = self.acceptor.poll_transmit() {
            self.joiner.handle_frame(&frame).unwrap();
        }
    }

    /// What the client sees of this CHALLENGE.
    fn challenge(&mut self, challenge: Challenge) -> Challenge {
        assert!(self.acceptor.challenge(challenge));
        self.carry();
        let Some(JoinEvent::Challenge(challenge)) = self.joiner.poll_event() else {
            panic!("no CHALLENGE")
        };
        challenge
    }

    /// What the router sees of this AUTHENTICATE.
    fn authenticate(&mut self, answer: Authenticate) -> Authenticate {
        self.joiner.authenticate(answer.signature, answer.extra);
        self.carry();
        let Some(AcceptEvent::Authenticate(proof)) = self.acceptor.poll_event() else {
            panic!("no AUTHENTICATE")
        };
        proof
    }

    /// What the client sees of the router's verdict.
    fn end(mut self, verdict: Result<Dict, Abort>) -> Result<Welcome, Abort> {
        match verdict {
            Ok(authextra) => self.acceptor.accept(
                SessionId::new(1).unwrap(),
                WelcomeDetails {
                    roles: Roles::default().with(Role::Dealer, Features::default()),
                    authextra,
                    ..WelcomeDetails::default()
                },
            ),
            Err(abort) => self.acceptor.refuse(abort),
        };
        self.carry();
        match self.joiner.poll_event() {
            Some(JoinEvent::Welcomed(welcome)) => Ok(welcome),
            Some(JoinEvent::Refused(abort)) => Err(abort),
            other => panic!("{other:?}"),
        }
    }
}

fn denied<T>(result: Result<T, impl core::fmt::Display>) -> Result<T, Abort> {
    result.map_err(|error| Abort::new(uris::error::AUTHENTICATION_DENIED, error.to_string()))
}

/// A method on both sides, where the client has this secret and the router expects that of `right`.
type Method = fn(Serializer, secret: &str) -> Result<(), Abort>;

fn by_ticket(serializer: Serializer, secret: &str) -> Result<(), Abort> {
    let (mut pair, _) = Pair::new(serializer, method::TICKET, Dict::new());
    pair.challenge(ticket::challenge());
    let answer = Authenticate { signature: secret.to_string().into(), extra: Dict::new() };
    let proof = pair.authenticate(answer);
    let known = ticket::matches("right", &proof.signature);
    let verdict = if known { Ok(Dict::new()) } else { Err("the proof is wrong") };
    pair.end(denied(verdict)).map(drop)
}

fn by_wampcra(serializer: Serializer, secret: &str) -> Result<(), Abort> {
    let (mut pair, hello) = Pair::new(serializer, method::WAMPCRA, Dict::new());
    let salting = wampcra::Salting::new("salt");
    let key = wampcra::Key::derive("right", &salting).unwrap();
    let subject = wampcra::Subject {
        authid: hello.details.authid.as_ref().unwrap(),
        authrole: "user",
        authprovider: "static",
        nonce: "n0nce",
        timestamp: "2014-06-22T16:36:25.448Z",
        session: SessionId::new(1).unwrap(),
    };
    let router = wampcra::Challenger::new(key, Some(salting), &subject);
    let challenge = pair.challenge(router.challenge());
    let proof = pair.authenticate(wampcra::respond(secret, &challenge).unwrap());
    pair.end(denied(router.verify(&proof).map(|()| Dict::new()))).map(drop)
}

fn by_scram(serializer: Serializer, secret: &str) -> Result<(), Abort> {
    let client = client(None);
    let (mut pair, hello) = Pair::new(serializer, method::SCRAM, client.authextra());
    let request = scram::Request::read(&hello.details.authextra).unwrap();
    let kept = credentials("right");
    let authid = hello.details.authid.as_ref().unwrap();
    let router = scram::Challenger::new(authid, request, &kept, &[2; 16], None).unwrap();
    let challenge = pair.challenge(router.challenge());
    let (answer, trust) = client.respond(secret, &challenge).unwrap();
    let proof = pair.authenticate(answer);
    let welcome = pair.end(denied(router.verify(&proof)))?;
    trust.verify(&welcome.details.authextra).unwrap();
    Ok(())
}

fn by_cryptosign(serializer: Serializer, secret: &str) -> Result<(), Abort> {
    let key = |secret: &str| cryptosign::Key::from_seed(&[secret.len() as u8; 32]);
    let router_key = cryptosign::Key::from_seed(&[9; 32]);
    let client = cryptosign::Responder::new(key(secret)).trusting(router_key.public(), [3; 32]);
    // Who has another secret claims to have the right one, or it would be a right one of somebody else.
    let mut authextra = client.authextra();
    authextra.insert("pubkey", key("right").public().to_string());
    let (mut pair, hello) = Pair::new(serializer, method::CRYPTOSIGN, authextra);
    let request = cryptosign::Request::read(&hello.details.authextra).unwrap();
    let router = cryptosign::Challenger::new(request, [7; 32], None, Some(&router_key));
    let challenge = pair.challenge(router.challenge());
    let proof = pair.authenticate(client.respond(&challenge).unwrap());
    pair.end(denied(router.verify(&proof).map(|_| Dict::new()))).map(drop)
}

const METHODS: [(&str, Method); 4] = [
    (method::TICKET, by_ticket),
    (method::WAMPCRA, by_wampcra),
    (method::SCRAM, by_scram),
    (method::CRYPTOSIGN, by_cryptosign),
];

#[test]
fn each_method_welcomes_who_has_the_secret_and_nobody_else() {
    for serializer in Serializer::ALL {
        for (name, method) in METHODS {
            assert_eq!(method(serializer, "right"), Ok(()), "{name} {serializer:?}");
            let abort = method(serializer, "not right").unwrap_err();
            assert_eq!(abort.reason, uris::error::AUTHENTICATION_DENIED, "{name} {serializer:?}");
            let said = abort.details.message.unwrap();
            assert_eq!(said, "the proof is wrong", "{name} {serializer:?}");
        }
    }
}
