//! SCRAM, when everybody does what is right.

use crate::{base64, from_base64, hex, text};
use std::sync::OnceLock;
use wamplex_shared::{
    auth::{
        BindingKind, ChannelBinding, CredentialError, Decoy,
        scram::{
            Challenger, Cost, CostBounds, Kdf, Request, Responder, ScramCredentials,
            prepared_authid,
        },
    },
    message::Challenge,
    value::{Dict, Value},
};

pub(crate) const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";
const CLIENT_NONCE: &str = "egVDf3DMJh0=";
const ROUTER_NONCE: &str = "SBmkFIh7sSo=";

/// What user `user` with password `pencil` computes, by an implementation in another language.
struct Computed {
    cost: Cost,
    binding: Option<ChannelBinding>,
    stored_key: &'static str,
    server_key: &'static str,
    proof: &'static str,
    verifier: &'static str,
}

fn computed() -> [Computed; 3] {
    let data = (0..32).collect();
    [
        Computed {
            cost: Cost::pbkdf2(4096),
            binding: None,
            stored_key: "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=",
            server_key: "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
            proof: "Rf2QqO2Br6q4ACNfzGdEztwbuVqftqnkFnuBpBnm2Nk=",
            verifier: "kTgOL4qXJeuUo2Ht0ucp65vhZxoKy5H67ddP2vRHI3A=",
        },
        Computed {
            cost: Cost::argon2id13(3, 4096),
            binding: None,
            stored_key: "qOelpodye07NUr6159Grt5lRwx0kZHvexKGjg+ECvCw=",
            server_key: "i5agMK4HOhSYFiManPn8m0INMqXZMmKF1YZTD1r+a5w=",
            proof: "i+UhdnDn+esHMFBUlKMXWI5ItLEXP7R9vb558CGLs/M=",
            verifier: "j5eUnzFbSCjiN5pyVQXwDuXLeUJ4HN/AnWfaDydyMEk=",
        },
        Computed {
            cost: Cost::pbkdf2(4096),
            binding: Some(ChannelBinding { kind: BindingKind::TlsServerEndPoint, data }),
            stored_key: "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=",
            server_key: "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
            proof: "aIFLiG7FVm5QNGaPoM1QhIcnBSXLPF81bsmSgJ5x9uM=",
            verifier: "D8JX3QuSCbl4bRMQ9hEwNxOoukjMIqu3iE4yG61eFrE=",
        },
    ]
}

pub(crate) fn credentials(password: &str) -> ScramCredentials {
    let make =
        |password| ScramCredentials::new(password, &from_base64(SALT), Cost::pbkdf2(4096)).unwrap();
    // Hashing takes its time without optimization.
    static PENCIL: OnceLock<ScramCredentials> = OnceLock::new();
    if password == "pencil" {
        PENCIL.get_or_init(|| make(password)).clone()
    } else {
        make(password)
    }
}

pub(crate) fn client(binding: Option<ChannelBinding>) -> Responder {
    Responder::new("user", &from_base64(CLIENT_NONCE), binding, CostBounds::default()).unwrap()
}

pub(crate) fn router(client: &Responder, channel: Option<ChannelBinding>) -> Challenger {
    let request = Request::read(&client.authextra()).unwrap();
    let nonce = from_base64(ROUTER_NONCE);
    Challenger::new("user", request, &credentials("pencil"), &nonce, channel).unwrap()
}

#[test]
fn all_values_are_those_computed_elsewhere() {
    for expected in computed() {
        let salt = from_base64(SALT);
        let kept = ScramCredentials::new("pencil", &salt, expected.cost).unwrap();
        assert_eq!(base64(&kept.stored_key), expected.stored_key);
        assert_eq!(base64(&kept.server_key), expected.server_key);
        let client = client(expected.binding.clone());
        let request = Request::read(&client.authextra()).unwrap();
        let nonce = from_base64(ROUTER_NONCE);
        let router =
            Challenger::new("user", request, &kept, &nonce, expected.binding.clone()).unwrap();
        let (answer, trust) = client.respond("pencil", &router.challenge()).unwrap();
        assert_eq!(answer.signature, expected.proof);
        let welcome = router.verify(&answer).unwrap();
        assert_eq!(text(&welcome, "verifier"), expected.verifier);
        assert_eq!(trust.verify(&welcome), Ok(()));
    }
}

#[test]
fn messages_have_the_keys_of_the_specification() {
    let binding = ChannelBinding::tls_exporter([7; 32]);
    let client = client(Some(binding.clone()));
    let router = router(&client, Some(binding));
    let challenge = router.challenge();
    let (answer, _) = client.respond("pencil", &challenge).unwrap();
    let nonce = format!("{CLIENT_NONCE}{ROUTER_NONCE}");
    let dict = |entries: &[(&'static str, Value)]| entries.iter().cloned().collect::<Dict>();
    let hello = [("nonce", CLIENT_NONCE.into()), ("channel_binding", "tls-exporter".into())];
    assert_eq!(client.authextra(), dict(&hello));
    assert_eq!(challenge.method, "wamp-scram");
    let asked = [
        ("nonce", nonce.as_str().into()),
        ("salt", SALT.into()),
        ("kdf", "pbkdf2".into()),
        ("iterations", 4096.into()),
        ("memory", Value::Null),
    ];
    assert_eq!(challenge.extra, dict(&asked));
    let answered = [
        ("nonce", nonce.as_str().into()),
        ("channel_binding", "tls-exporter".into()),
        ("cbind_data", base64(&[7; 32]).into()),
    ];
    assert_eq!(answer.extra, dict(&answered));
}

#[test]
fn a_verifier_counts_with_and_without_its_letter() {
    let client = client(None);
    let router = router(&client, None);
    let (answer, trust) = client.respond("pencil", &router.challenge()).unwrap();
    let verifier = text(&router.verify(&answer).unwrap(), "verifier");
    for said in [verifier.clone(), format!("v={verifier}")] {
        assert_eq!(trust.verify(&[("verifier", said)].into_iter().collect()), Ok(()));
    }
}

#[test]
fn names_and_passwords_are_prepared_on_both_sides() {
    // RFC 4013, section 3: a soft hyphen is nothing, and a compatibility character is what it stands for.
    for (written, meant) in [("I\u{ad}X", "IX"), ("\u{2168}", "IX"), ("\u{aa}", "a")] {
        assert_eq!(credentials(written), credentials(meant));
        assert_eq!(prepared_authid(written).unwrap(), meant);
        let nonce = [1; 16];
        let client = Responder::new(written, &nonce, None, CostBounds::default()).unwrap();
        assert_eq!(client.authid(), meant);
        let request = Request::read(&client.authextra()).unwrap();
        let router = Challenger::new(written, request, &credentials(meant), &nonce, None).unwrap();
        let (answer, _) = client.respond(written, &router.challenge()).unwrap();
        router.verify(&answer).unwrap();
    }
    for prohibited in ["\u{7}", "\u{627}1", "a\u{221}b"] {
        let cost = Cost::pbkdf2(4096);
        let refused = ScramCredentials::new(prohibited, &[1; 16], cost);
        assert_eq!(refused, Err(CredentialError::Prohibited("password")), "{prohibited:?}");
        assert_eq!(prepared_authid(prohibited), Err(CredentialError::Prohibited("authid")));
    }
    for empty in ["", "\u{ad}"] {
        assert_eq!(prepared_authid(empty), Err(CredentialError::TooShort("authid")));
    }
}

#[test]
fn names_that_look_like_the_end_of_themselves_are_told_apart() {
    let honest = Responder::new("a,r=x", &[1; 16], None, CostBounds::default()).unwrap();
    let challenger = |authid: &str| {
        let request = Request::read(&honest.authextra()).unwrap();
        Challenger::new(authid, request, &credentials("pencil"), &[2; 16], None).unwrap()
    };
    let (answer, _) = honest.respond("pencil", &challenger("a,r=x").challenge()).unwrap();
    challenger("a,r=x").verify(&answer).unwrap();
    for other in ["a", "a=2Cr=3Dx", "a,r=", "a=2Cr=x"] {
        assert!(challenger(other).verify(&answer).is_err(), "{other}");
    }
}

#[test]
fn credentials_that_clients_would_refuse_are_not_made() {
    let salt = [1; 16];
    for cost in [
        Cost::pbkdf2(0),
        Cost::pbkdf2(4095),
        Cost::pbkdf2(4_000_001),
        Cost::argon2id13(0, 4096),
        Cost::argon2id13(2, 4096),
        Cost::argon2id13(3, 4095),
        Cost::argon2id13(1, 1_048_577),
        Cost::argon2id13(5, 1_048_576),
        Cost::argon2id13(u32::MAX, u32::MAX),
        Cost { kdf: Kdf::Argon2id13, iterations: 3, memory: None },
    ] {
        let refused = ScramCredentials::new("pencil", &salt, cost);
        assert!(matches!(refused, Err(CredentialError::Cost(_))), "{cost:?}");
    }
    let short = ScramCredentials::new("pencil", &salt[..7], Cost::pbkdf2(4096));
    assert_eq!(short, Err(CredentialError::TooShort("salt")));
    let empty = ScramCredentials::new("", &salt, Cost::pbkdf2(4096));
    assert_eq!(empty, Err(CredentialError::TooShort("password")));
    assert_eq!(credentials("pencil").check(), Ok(()));
    let mut from_elsewhere = credentials("pencil");
    from_elsewhere.iterations = 1;
    assert!(from_elsewhere.check().is_err());
}

#[test]
fn nobody_is_challenged_like_somebody_and_never_gets_in() {
    let decoy = Decoy::new([9; 32]);
    let nobody = |name: &str| decoy.scram(name, Cost::pbkdf2(4096));
    let challenger = |credentials: &ScramCredentials, nonce: u8| {
        let request = Request::read(&client(None).authextra()).unwrap();
        Challenger::new("user", request, credentials, &[nonce; 16], None).unwrap()
    };
    let shape = |challenge: &Challenge| {
        let kind = |value: &Value| value.as_str().map_or(0, |text| text.len());
        challenge
            .extra
            .iter()
            .map(|(key, value)| (key.to_string(), kind(value)))
            .collect::<Vec<_>>()
    };
    let known = challenger(&credentials("pencil"), 1).challenge();
    let unknown = challenger(&nobody("user"), 1).challenge();
    assert_eq!(shape(&known), shape(&unknown));
    let salt = |nonce, name| text(&challenger(&nobody(name), nonce).challenge().extra, "salt");
    assert_eq!(salt(1, "user"), salt(2, "user"), "the same name, the same salt");
    assert_ne!(salt(1, "user"), salt(1, "other"));
    assert_ne!(nobody("user"), Decoy::new([8; 32]).scram("user", Cost::pbkdf2(4096)));
    let (answer, _) = client(None).respond("pencil", &unknown).unwrap();
    assert!(challenger(&nobody("user"), 1).verify(&answer).is_err());
}

#[test]
fn a_decoy_of_wampcra_is_as_stable_and_as_useless() {
    let decoy = Decoy::new([9; 32]);
    let salting = |name| decoy.wampcra_salting(name, 1000, 32);
    assert_eq!(salting("user"), salting("user"));
    assert_ne!(salting("user"), salting("other"));
    assert_eq!(salting("user").check(), Ok(()));
    assert_eq!(from_base64(decoy.wampcra_key("user").as_text()).len(), 32);
    assert_ne!(decoy.wampcra_key("user").as_text(), decoy.wampcra_key("other").as_text());
}

#[test]
fn an_exporter_identifies_a_connection_by_32_octets() {
    let id = hex("62e935ae755f3d48f80d4d59f6121358c435722a67e859cc0caa8b539027f2ff");
    let binding = ChannelBinding::tls_exporter(id);
    assert_eq!((binding.kind.as_str(), &*binding.data), ("tls-exporter", &id[..]));
    for kind in [BindingKind::TlsExporter, BindingKind::TlsServerEndPoint] {
        assert_eq!(BindingKind::from_name(&kind.to_string()), Some(kind));
    }
    assert_eq!(BindingKind::from_name("tls-unique"), None);
}
