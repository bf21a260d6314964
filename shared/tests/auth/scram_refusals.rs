//! SCRAM, when somebody does what is wrong.

use crate::{
    Change, base64, changed, changed_challenge, changed_proof, from_base64, null,
    scram::{SALT, client, credentials, router},
    set, text, without,
};
use bytes::Bytes;
use wamplex_shared::{
    auth::{
        BindingKind, ChallengeError, ChannelBinding, CostError, CredentialError, ProofError,
        scram::{Challenger, CostBounds, Request, Responder},
    },
    message::{Authenticate, Challenge},
    value::{Dict, Value},
};

fn cost(what: &'static str, value: u64, least: u64, most: u64) -> ChallengeError {
    ChallengeError::Cost(CostError { what, value, least, most })
}

#[test]
fn a_client_refuses_challenges_that_are_malformed_or_for_somebody_else() {
    let good = || router(&client(None), None).challenge();
    let _ = client(None).respond("pencil", &good()).unwrap();
    let nonce = text(&good().extra, "nonce");
    let malformed = ChallengeError::Malformed;
    let foreign = || ChallengeError::ForeignNonce;
    let kdf = |name: &'static str| ChallengeError::UnknownKdf(name.into());
    let downgrade =
        |found: &'static str| ChallengeError::Downgrade { asked: None, found: Some(found.into()) };
    let table: Vec<(&str, Change, ChallengeError)> = vec![
        ("no nonce", without("nonce"), malformed("nonce")),
        ("a nonce of null", null("nonce"), malformed("nonce")),
        ("a nonce of 1", set("nonce", 1), malformed("nonce")),
        ("an empty nonce", set("nonce", ""), foreign()),
        ("only the client's nonce", set("nonce", &nonce[..12]), foreign()),
        ("half of the client's nonce", set("nonce", &nonce[..6]), foreign()),
        ("only the router's nonce", set("nonce", &nonce[12..]), foreign()),
        (
            "both in the wrong order",
            set("nonce", format!("{}{}", &nonce[12..], &nonce[..12])),
            foreign(),
        ),
        ("in capitals", set("nonce", nonce.to_uppercase()), foreign()),
        ("of another session", set("nonce", format!("f{}", &nonce[1..])), foreign()),
        ("a nonce with an end", set("nonce", format!("{nonce},i=1")), malformed("nonce")),
        ("a nonce with a space", set("nonce", format!("{nonce} ")), malformed("nonce")),
        ("a nonce with a line feed", set("nonce", format!("{nonce}\n")), malformed("nonce")),
        ("a nonce beyond ASCII", set("nonce", format!("{nonce}é")), malformed("nonce")),
        ("no salt", without("salt"), malformed("salt")),
        ("a salt of null", null("salt"), malformed("salt")),
        ("an empty salt", set("salt", ""), malformed("salt")),
        ("a short salt", set("salt", base64(&[1; 7])), malformed("salt")),
        ("a salt without padding", set("salt", &SALT[..22]), malformed("salt")),
        ("a salt in digits", set("salt", "5b6d9968"), malformed("salt")),
        ("a salt of octets", set("salt", Bytes::from(from_base64(SALT))), malformed("salt")),
        ("a salt for URLs", set("salt", "W22Z-J0SNY7soEsUEjb6gQ=="), malformed("salt")),
        ("no key derivation", without("kdf"), malformed("kdf")),
        ("a key derivation of 1", set("kdf", 1), malformed("kdf")),
        ("none", set("kdf", "none"), kdf("none")),
        ("capitals", set("kdf", "PBKDF2"), kdf("PBKDF2")),
        ("another Argon2", set("kdf", "argon2id-13"), kdf("argon2id-13")),
        ("bcrypt", set("kdf", "bcrypt"), kdf("bcrypt")),
        ("a binding nobody wants", set("channel_binding", "tls-unique"), downgrade("tls-unique")),
        ("a binding of 1", set("channel_binding", 1), malformed("channel_binding")),
    ];
    for (what, change, expected) in table {
        let challenge = changed_challenge(good(), change);
        let refused = client(None).respond("pencil", &challenge).map(|_| ());
        assert_eq!(refused, Err(expected), "{what}");
    }
    let ticket = Challenge { method: "ticket".into(), ..good() };
    let refused = client(None).respond("pencil", &ticket).map(|_| ());
    assert_eq!(refused, Err(ChallengeError::WrongMethod("ticket".into())));
}

#[test]
fn a_client_hashes_neither_too_little_nor_without_end() {
    let malformed = ChallengeError::Malformed;
    let pbkdf2 = |value| cost("iterations", value, 4_096, 4_000_000);
    let memory = |value| cost("memory", value, 4_096, 1_048_576);
    let work = |value| cost("iterations times memory", value, 12_288, 4_194_304);
    let weak: [(&str, Value, Value, ChallengeError); 19] = [
        ("pbkdf2", 0.into(), Value::Null, pbkdf2(0)),
        ("pbkdf2", 1.into(), Value::Null, pbkdf2(1)),
        ("pbkdf2", 4095.into(), Value::Null, pbkdf2(4095)),
        ("pbkdf2", 4_000_001.into(), Value::Null, pbkdf2(4_000_001)),
        ("pbkdf2", u32::MAX.into(), Value::Null, pbkdf2(u32::MAX.into())),
        ("pbkdf2", u64::MAX.into(), Value::Null, malformed("iterations")),
        ("pbkdf2", (-4096).into(), Value::Null, malformed("iterations")),
        ("pbkdf2", 4096.5.into(), Value::Null, malformed("iterations")),
        ("pbkdf2", "4096".into(), Value::Null, malformed("iterations")),
        ("pbkdf2", Value::Null, Value::Null, malformed("iterations")),
        ("argon2id13", 3.into(), Value::Null, memory(0)),
        ("argon2id13", 3.into(), 0.into(), memory(0)),
        ("argon2id13", 3.into(), 4095.into(), memory(4095)),
        ("argon2id13", 1.into(), 1_048_577.into(), memory(1_048_577)),
        ("argon2id13", 0.into(), 4096.into(), work(0)),
        ("argon2id13", 2.into(), 4096.into(), work(8192)),
        ("argon2id13", 5.into(), 1_048_576.into(), work(5_242_880)),
        ("argon2id13", u32::MAX.into(), 4096.into(), work(u64::from(u32::MAX) * 4096)),
        ("argon2id13", 3.into(), "4096".into(), malformed("memory")),
    ];
    for (kdf, iterations, memory, expected) in weak {
        let what = format!("{kdf} {iterations:?} {memory:?}");
        let challenge = [set("kdf", kdf), set("iterations", iterations), set("memory", memory)]
            .into_iter()
            .fold(router(&client(None), None).challenge(), changed_challenge);
        let refused = client(None).respond("pencil", &challenge).map(|_| ());
        assert_eq!(refused, Err(expected), "{what}");
    }
}

#[test]
fn bounds_may_be_set_narrower() {
    let bounds = CostBounds { pbkdf2_iterations: 4097..=4_000_000, ..CostBounds::default() };
    let careful = Responder::new("user", &[1; 16], None, bounds).unwrap();
    let refused = careful.respond("pencil", &router(&careful, None).challenge()).map(|_| ());
    assert_eq!(refused, Err(cost("iterations", 4096, 4097, 4_000_000)));
}

#[test]
fn a_client_without_a_proper_name_nonce_or_password_does_not_begin() {
    let new = |authid: &str, nonce: &[u8]| {
        Responder::new(authid, nonce, None, CostBounds::default()).map(|_| ())
    };
    assert_eq!(new("user", &[1; 7]), Err(CredentialError::TooShort("nonce")));
    assert_eq!(new("", &[1; 16]), Err(CredentialError::TooShort("authid")));
    assert_eq!(new("\u{7}", &[1; 16]), Err(CredentialError::Prohibited("authid")));
    let challenge = router(&client(None), None).challenge();
    for password in ["", "\u{7}"] {
        let refused = client(None).respond(password, &challenge);
        assert!(matches!(refused, Err(ChallengeError::Credential(_))), "{password:?}");
    }
}

#[test]
fn a_client_leaves_a_router_that_does_not_prove_itself() {
    let session = |nonce: u8, password: &str| {
        let client = Responder::new("user", &[nonce; 16], None, CostBounds::default()).unwrap();
        let request = Request::read(&client.authextra()).unwrap();
        let kept = credentials(password);
        let router = Challenger::new("user", request, &kept, &[nonce; 16], None).unwrap();
        let (answer, trust) = client.respond(password, &router.challenge()).unwrap();
        (trust, router.verify(&answer).unwrap())
    };
    let (trust, welcome) = session(1, "pencil");
    trust.verify(&welcome).unwrap();
    let verifier = text(&welcome, "verifier");
    let table: Vec<(&str, Change)> = vec![
        ("no verifier", without("verifier")),
        ("a verifier of null", null("verifier")),
        ("a verifier of true", set("verifier", true)),
        ("an empty verifier", set("verifier", "")),
        ("only the letter", set("verifier", "v=")),
        ("the letter twice", set("verifier", format!("v=v={verifier}"))),
        ("of another session", set("verifier", text(&session(2, "pencil").1, "verifier"))),
        ("of another password", set("verifier", text(&session(1, "paper").1, "verifier"))),
        ("truncated", set("verifier", &verifier[..40])),
        ("without padding", set("verifier", &verifier[..43])),
        ("zeros", set("verifier", base64(&[0; 32]))),
        ("octets", set("verifier", Bytes::from(from_base64(&verifier)))),
        ("with one more", set("verifier", format!("{verifier}AAAA"))),
        ("an error", set("verifier", "e=other-error")),
    ];
    for (what, change) in table {
        let refused = trust.verify(&changed(welcome.clone(), change));
        assert_eq!(refused, Err(ChallengeError::UntrustedRouter), "{what}");
    }
}

#[test]
fn a_hello_that_is_malformed_or_wants_another_binding_is_refused() {
    let malformed = ProofError::Malformed;
    let unsupported = |name: &'static str| ProofError::UnsupportedBinding(name.into());
    let table: Vec<(&str, Change, ProofError)> = vec![
        ("no nonce", without("nonce"), malformed("nonce")),
        ("a nonce of null", null("nonce"), malformed("nonce")),
        ("a nonce of octets", set("nonce", Bytes::from_static(&[1; 16])), malformed("nonce")),
        ("an empty nonce", set("nonce", ""), malformed("nonce")),
        ("a short nonce", set("nonce", "1234567"), malformed("nonce")),
        ("a nonce that fills memory", set("nonce", "1".repeat(1025)), malformed("nonce")),
        ("a nonce with an end", set("nonce", "12345678,r=1"), malformed("nonce")),
        ("a nonce with a space", set("nonce", "12345678 "), malformed("nonce")),
        ("a nonce beyond ASCII", set("nonce", "12345678é"), malformed("nonce")),
        ("tls-unique", set("channel_binding", "tls-unique"), unsupported("tls-unique")),
        ("nonsense", set("channel_binding", ""), unsupported("")),
        ("a binding of 1", set("channel_binding", 1), malformed("channel_binding")),
    ];
    for (what, change, expected) in table {
        let hello = changed(client(None).authextra(), change);
        assert_eq!(Request::read(&hello), Err(expected), "{what}");
    }
    let wants = client(Some(ChannelBinding::tls_exporter([7; 32])));
    let request = Request::read(&wants.authextra()).unwrap();
    assert_eq!(request.binding(), Some(BindingKind::TlsExporter));
    let kind = BindingKind::TlsServerEndPoint;
    for has in [None, Some(ChannelBinding { kind, data: vec![7; 32] })] {
        let kept = credentials("pencil");
        let refused = Challenger::new("user", request.clone(), &kept, &[1; 16], has).map(|_| ());
        assert_eq!(refused, Err(unsupported("tls-exporter")));
    }
    let kept = credentials("pencil");
    let refused = Challenger::new("\u{7}", request, &kept, &[1; 16], None).map(|_| ());
    assert_eq!(refused, Err(malformed("authid")));
}

/// What a client answers that changes its answer so.
fn judged(proof: Authenticate) -> Result<(), ProofError> {
    router(&client(None), None).verify(&proof).map(|_| ())
}

#[test]
fn a_router_believes_no_answer_but_the_one_to_its_challenge() {
    let answer = |password: &str| {
        let challenge = router(&client(None), None).challenge();
        client(None).respond(password, &challenge).unwrap().0
    };
    assert_eq!(judged(answer("pencil")), Ok(()));
    let malformed = ProofError::Malformed;
    let foreign = || ProofError::ForeignChallenge;
    let nonce = text(&answer("pencil").extra, "nonce");
    let exporter = "tls-exporter";
    let table: Vec<(&str, Change, ProofError)> = vec![
        ("no nonce", without("nonce"), malformed("nonce")),
        ("a nonce of null", null("nonce"), malformed("nonce")),
        ("an empty nonce", set("nonce", ""), foreign()),
        ("only the client's nonce", set("nonce", &nonce[..12]), foreign()),
        ("a longer nonce", set("nonce", format!("{nonce}=")), foreign()),
        ("a binding all of a sudden", set("channel_binding", exporter), ProofError::ForeignChannel),
        (
            "an unknown binding",
            set("channel_binding", "y"),
            ProofError::UnsupportedBinding("y".into()),
        ),
        ("data of no binding", set("cbind_data", base64(&[7; 32])), malformed("cbind_data")),
        ("empty data", set("cbind_data", ""), malformed("cbind_data")),
        ("data of 1", set("cbind_data", 1), malformed("cbind_data")),
    ];
    for (what, change, expected) in table {
        assert_eq!(judged(changed_proof(answer("pencil"), change)), Err(expected), "{what}");
    }
    let signed =
        |signature: String| Authenticate { signature: signature.into(), ..answer("pencil") };
    let right = answer("pencil").signature.to_string();
    let table = [
        ("a wrong password", answer("pencil2").signature.to_string(), ProofError::Wrong),
        ("in capitals", answer("PENCIL").signature.to_string(), ProofError::Wrong),
        ("the stored key", base64(&credentials("pencil").stored_key), ProofError::Wrong),
        ("the server's key", base64(&credentials("pencil").server_key), ProofError::Wrong),
        ("zeros", base64(&[0; 32]), ProofError::Wrong),
        ("nothing", String::new(), malformed("signature")),
        ("31 octets", base64(&[0; 31]), malformed("signature")),
        ("33 octets", base64(&[0; 33]), malformed("signature")),
        ("truncated", right[..40].to_string(), malformed("signature")),
        ("without padding", right[..43].to_string(), malformed("signature")),
        ("the letter before it", format!("p={right}"), malformed("signature")),
        ("hexadecimal digits", "0".repeat(64), malformed("signature")),
    ];
    for (what, signature, expected) in table {
        assert_eq!(judged(signed(signature)), Err(expected), "{what}");
    }
    for octet in 0..32 {
        let mut proof = from_base64(&right);
        proof[octet] ^= 1;
        assert_eq!(judged(signed(base64(&proof))), Err(ProofError::Wrong), "octet {octet}");
    }
}

#[test]
fn an_answer_is_good_for_no_other_exchange_and_no_other_user() {
    let challenger = |authid: &str, nonce: u8| {
        let request = Request::read(&client(None).authextra()).unwrap();
        Challenger::new(authid, request, &credentials("pencil"), &[nonce; 16], None).unwrap()
    };
    let (answer, _) = client(None).respond("pencil", &challenger("user", 1).challenge()).unwrap();
    assert!(challenger("user", 1).verify(&answer).is_ok());
    assert_eq!(challenger("user", 2).verify(&answer), Err(ProofError::ForeignChallenge));
    assert_eq!(challenger("admin", 1).verify(&answer), Err(ProofError::Wrong));
    let nonce = text(&challenger("user", 2).challenge().extra, "nonce");
    let renamed = changed_proof(answer, set("nonce", nonce));
    assert_eq!(challenger("user", 2).verify(&renamed), Err(ProofError::Wrong));
}

#[test]
fn who_changes_the_challenge_on_its_way_only_gets_a_wrong_proof() {
    let table: [Change; 4] = [
        set("iterations", 4097),
        set("salt", base64(&[1; 16])),
        set("memory", 8192),
        set("nonce", "egVDf3DMJh0=SBmkFIh7sSo+"),
    ];
    for (key, value) in table {
        let expected = match key {
            "memory" => Ok(()), // PBKDF2 has none, and what it is said to have is not looked at
            "nonce" => Err(ProofError::ForeignChallenge),
            _ => Err(ProofError::Wrong),
        };
        let sent = router(&client(None), None).challenge();
        let arrived = changed_challenge(sent, (key, value));
        let (answer, _) = client(None).respond("pencil", &arrived).unwrap();
        assert_eq!(judged(answer), expected, "{key}");
    }
}

#[test]
fn a_proof_is_good_on_one_connection_only() {
    for kind in [BindingKind::TlsExporter, BindingKind::TlsServerEndPoint] {
        let channel = |data: u8| Some(ChannelBinding { kind, data: vec![data; 32] });
        let to_us = client(channel(1));
        let router = || router(&to_us, channel(1));
        let (answer, trust) = to_us.respond("pencil", &router().challenge()).unwrap();
        trust.verify(&router().verify(&answer).unwrap()).unwrap();
        let to_other = client(channel(2));
        let (other, _) = to_other.respond("pencil", &router().challenge()).unwrap();
        let unbound = client(None).respond("pencil", &router().challenge()).unwrap().0;
        let claims = changed_proof(other.clone(), set("cbind_data", base64(&[1; 32])));
        let table = [
            ("another connection", other, ProofError::ForeignChannel),
            ("another connection that claims to be ours", claims, ProofError::Wrong),
            ("no binding", unbound, ProofError::ForeignChannel),
            (
                "no data",
                changed_proof(answer.clone(), null("cbind_data")),
                ProofError::Malformed("cbind_data"),
            ),
            (
                "a binding that was dropped",
                changed_proof(answer.clone(), null("channel_binding")),
                ProofError::ForeignChannel,
            ),
            (
                "data that are no base64",
                changed_proof(answer.clone(), set("cbind_data", "!")),
                ProofError::Malformed("cbind_data"),
            ),
        ];
        for (what, answer, expected) in table {
            assert_eq!(router().verify(&answer), Err(expected), "{kind}: {what}");
        }
    }
}

#[test]
fn a_router_that_wants_no_binding_gets_none() {
    let extra: Dict = client(None).authextra();
    assert_eq!(extra.get("channel_binding"), Some(&Value::Null));
    assert_eq!(Request::read(&extra).unwrap().binding(), None);
    let without = changed(extra, without("channel_binding"));
    assert_eq!(Request::read(&without).unwrap().binding(), None);
}
