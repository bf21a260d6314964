//! WAMP-CRA.

use crate::{Change, base64, changed_challenge, null, set, text, without};
use bytestring::ByteString;
use wamplex_shared::{
    auth::{
        ChallengeError, CostError, CredentialError, ProofError,
        wampcra::{self, Challenger, Key, Salting, Subject},
    },
    id::SessionId,
    message::{Authenticate, Challenge},
    value::{Dict, Value},
};

/// The challenge for which other implementations gave the values below.
const CHALLENGE: &str = r#"{"nonce":"LHRTC9zeOIrt_9U3","authprovider":"userdb","authid":"peter","timestamp":"2014-06-22T16:36:25.448Z","authrole":"user","authmethod":"wampcra","session":3251278072152162}"#;
const PLAIN: &str = "g1VJufzFf/VsfAH18Ln2jEUoXHhsVJFJ3mwCLPiXuws=";
const DERIVED: &str = "Eu7CQLfR+/Ffb+275A4s9/6H/RGKYxM4s6IMrsNKzC8=";
const SALTED: &str = "eUE+e1b/14i426dO/eCknU0CeDgZW3UvIH+XTA+rGsg=";
/// Made with the octets of the derived key instead of their text: what implementers of the specification's text alone do.
const WITH_RAW_KEY: &str = "7v3mGX0wq3ua0yDNq94XnbFtp73GED7NZ4YRqGH9syI=";

fn salting() -> Salting {
    Salting { salt: "salt123".into(), iterations: 1000, keylen: 32 }
}

fn subject() -> Subject<'static> {
    Subject {
        authid: "peter",
        authrole: "user",
        authprovider: "userdb",
        nonce: "LHRTC9zeOIrt_9U3",
        timestamp: "2014-06-22T16:36:25.448Z",
        session: SessionId::new(3_251_278_072_152_162).unwrap(),
    }
}

fn challenge(extra: &[Change]) -> Challenge {
    let challenge = Challenge {
        method: "wampcra".into(),
        extra: [("challenge", Value::from(CHALLENGE))].into_iter().collect(),
    };
    extra.iter().cloned().fold(challenge, changed_challenge)
}

fn salted_with(iterations: impl Into<Value>, keylen: impl Into<Value>) -> [Change; 3] {
    [set("salt", "salt123"), set("iterations", iterations), set("keylen", keylen)]
}

fn proof(signature: &str) -> Authenticate {
    Authenticate { signature: ByteString::from(signature), extra: Dict::new() }
}

#[test]
fn signatures_are_those_of_other_implementations() {
    let plain = wampcra::respond("secret123", &challenge(&[])).unwrap();
    assert_eq!(plain.signature, PLAIN);
    let derived = Key::derive("secret123", &salting()).unwrap();
    assert_eq!(derived.as_text(), DERIVED);
    assert_eq!(derived.sign(CHALLENGE), SALTED);
    let salted = challenge(&salted_with(1000, 32));
    assert_eq!(wampcra::respond("secret123", &salted).unwrap().signature, SALTED);
    assert_eq!(Key::from_derived(DERIVED).sign(CHALLENGE), SALTED);
    let by_default = challenge(&[set("salt", "salt123")]);
    assert_eq!(wampcra::respond("secret123", &by_default).unwrap().signature, SALTED);
    let unsalted = challenge(&[null("salt")]);
    assert_eq!(wampcra::respond("secret123", &unsalted).unwrap().signature, PLAIN);
}

#[test]
fn the_right_signature_and_no_other_is_believed() {
    let key = Key::from_derived(DERIVED);
    assert_eq!(key.verify(CHALLENGE, SALTED), Ok(()));
    let respaced = CHALLENGE.replace(',', ", ");
    assert_eq!(key.verify(&respaced, SALTED), Err(ProofError::Wrong), "octets count, not JSON");
    let (wrong, malformed) = (ProofError::Wrong, ProofError::Malformed("signature"));
    let flipped = SALTED.replacen('e', "f", 1);
    let table = [
        ("of the unsalted secret", PLAIN, &wrong),
        ("with the octets of the derived key", WITH_RAW_KEY, &wrong),
        ("with one bit changed", &flipped, &wrong),
        ("empty", "", &malformed),
        ("truncated", &SALTED[..40], &malformed),
        ("without padding", &SALTED[..43], &malformed),
        ("longer", &base64(&[0; 33]), &malformed),
        ("shorter", &base64(&[0; 31]), &malformed),
        ("not base64", "eUE+e1b/14i426dO/eCknU0CeDgZW3UvIH+XTA+rGs!=", &malformed),
        ("in the alphabet of URLs", &SALTED.replace(['+', '/'], "-"), &malformed),
        ("in hexadecimal digits", &"0".repeat(64), &malformed),
        ("with a line feed", &format!("{SALTED}\n"), &malformed),
        ("twice", &format!("{SALTED}{SALTED}"), &malformed),
        ("the derived key itself", DERIVED, &wrong),
    ];
    for (what, signature, expected) in table {
        assert_eq!(key.verify(CHALLENGE, signature).as_ref(), Err(expected), "{what}");
    }
}

#[test]
fn a_client_refuses_challenges_that_are_malformed_or_cost_too_little_or_too_much() {
    let malformed = ChallengeError::Malformed;
    let cost =
        |what, value, (least, most)| ChallengeError::Cost(CostError { what, value, least, most });
    let iterations = |value| cost("iterations", value, (1_000, 10_000_000));
    let keylen = |value| cost("keylen", value, (16, 1_024));
    let table: Vec<(&str, Vec<Change>, ChallengeError)> = vec![
        ("no challenge", vec![without("challenge")], malformed("challenge")),
        ("a challenge of null", vec![null("challenge")], malformed("challenge")),
        ("a dictionary", vec![set("challenge", Dict::new())], malformed("challenge")),
        ("a salt that is a number", vec![set("salt", 1)], malformed("salt")),
        ("no hashing", salted_with(0, 32).into(), iterations(0)),
        ("little hashing", salted_with(999, 32).into(), iterations(999)),
        ("much hashing", salted_with(10_000_001, 32).into(), iterations(10_000_001)),
        ("most hashing", salted_with(u32::MAX, 32).into(), iterations(u32::MAX.into())),
        ("endless hashing", salted_with(u64::MAX, 32).into(), malformed("iterations")),
        ("negative hashing", salted_with(-1, 32).into(), malformed("iterations")),
        ("hashing in words", salted_with("1000", 32).into(), malformed("iterations")),
        ("a key of nothing", salted_with(1000, 0).into(), keylen(0)),
        ("a short key", salted_with(1000, 15).into(), keylen(15)),
        ("a long key", salted_with(1000, 1025).into(), keylen(1025)),
        ("a key that fills memory", salted_with(1000, u32::MAX).into(), keylen(u32::MAX.into())),
        ("a key of half an octet", salted_with(1000, 0.5).into(), malformed("keylen")),
    ];
    for (what, changes, expected) in table {
        assert_eq!(wampcra::respond("secret123", &challenge(&changes)), Err(expected), "{what}");
    }
    let ticket = Challenge { method: "ticket".into(), ..challenge(&[]) };
    let wrong = Err(ChallengeError::WrongMethod("ticket".into()));
    assert_eq!(wampcra::respond("secret123", &ticket), wrong);
}

#[test]
fn what_clients_would_refuse_is_not_derived() {
    for (iterations, keylen) in [(999, 32), (10_000_001, 32), (1000, 15), (1000, 1025)] {
        let salting = Salting { iterations, keylen, ..salting() };
        let refused = Key::derive("secret123", &salting);
        assert!(matches!(refused, Err(CredentialError::Cost(_))), "{salting:?}");
    }
}

#[test]
fn a_challenge_says_who_will_be_welcome_as_json() {
    let odd = Subject { authid: "O\"Neill\\\n\u{7f}é😀", ..subject() };
    let challenge = Challenger::new(Key::plain("x"), None, &odd).challenge();
    assert_eq!(challenge.extra.len(), 1, "nothing of a salt");
    let json: serde_json::Value =
        serde_json::from_str(&text(&challenge.extra, "challenge")).unwrap();
    let expected = serde_json::json!({
        "authid": "O\"Neill\\\n\u{7f}é😀",
        "authrole": "user",
        "authmethod": "wampcra",
        "authprovider": "userdb",
        "nonce": "LHRTC9zeOIrt_9U3",
        "timestamp": "2014-06-22T16:36:25.448Z",
        "session": 3_251_278_072_152_162_u64,
    });
    assert_eq!(json, expected);
}

#[test]
fn router_and_client_agree_salted_or_not() {
    for salting in [None, Some(salting())] {
        let key = match &salting {
            Some(salting) => Key::derive("secret123", salting).unwrap(),
            None => Key::plain("secret123"),
        };
        let router = || Challenger::new(key.clone(), salting.clone(), &subject());
        let right = wampcra::respond("secret123", &router().challenge()).unwrap();
        assert_eq!(router().verify(&right), Ok(()));
        let wrong = wampcra::respond("secret124", &router().challenge()).unwrap();
        assert_eq!(router().verify(&wrong), Err(ProofError::Wrong));
    }
}

#[test]
fn an_answer_is_good_for_no_other_challenge() {
    let router = |subject: Subject<'_>| Challenger::new(Key::plain("secret123"), None, &subject);
    let answer = wampcra::respond("secret123", &router(subject()).challenge()).unwrap();
    let table = [
        ("another nonce", Subject { nonce: "LHRTC9zeOIrt_9U4", ..subject() }),
        ("another session", Subject { session: SessionId::new(1).unwrap(), ..subject() }),
        ("another time", Subject { timestamp: "2014-06-22T16:36:25.449Z", ..subject() }),
        ("another name", Subject { authid: "paul", ..subject() }),
        ("another role", Subject { authrole: "admin", ..subject() }),
        ("another provider", Subject { authprovider: "static", ..subject() }),
    ];
    for (what, other) in table {
        assert_eq!(router(other).verify(&answer), Err(ProofError::Wrong), "{what}");
    }
    assert_eq!(router(subject()).verify(&proof(&answer.signature)), Ok(()));
}
