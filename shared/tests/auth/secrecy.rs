//! What is secret does not get into a log.

use crate::scram::{client, credentials, router};
use wamplex_shared::{
    auth::{ChannelBinding, Decoy, cryptosign, ticket::TicketHash, wampcra},
    id::SessionId,
};

#[test]
fn nothing_secret_is_shown_when_it_is_printed_for_debugging() {
    let subject = wampcra::Subject {
        authid: "peter",
        authrole: "user",
        authprovider: "static",
        nonce: "nonce",
        timestamp: "2014-06-22T16:36:25.448Z",
        session: SessionId::new(1).unwrap(),
    };
    let key = cryptosign::Key::from_seed(&[0x5e; 32]);
    let exchange = client(None);
    let (_, trust) = exchange.respond("pencil", &router(&exchange, None).challenge()).unwrap();
    let shown = [
        format!("{:?}", wampcra::Key::plain("canary")),
        format!("{:?}", wampcra::Challenger::new(wampcra::Key::plain("canary"), None, &subject)),
        format!("{:?}", TicketHash::of("canary")),
        format!("{key:?}"),
        format!("{:?}", cryptosign::Responder::new(key)),
        format!("{:?}", credentials("canary")),
        format!("{:?}", router(&exchange, None)),
        format!("{:?}", ChannelBinding::tls_exporter([0x5e; 32])),
        format!("{:?}", Decoy::new([0x5e; 32])),
        format!("{trust:?}"),
    ];
    for shown in shown {
        assert!(!shown.contains("canary"), "{shown}");
        let octets = shown.contains("94, 94") || shown.to_lowercase().contains("5e5e");
        assert!(!octets && shown.len() < 400, "{shown}");
    }
}
