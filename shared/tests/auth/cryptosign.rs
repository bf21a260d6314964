//! Cryptosign.

use crate::{Change, changed, changed_challenge, hex, null, set, text, without};
use wamplex_shared::{
    auth::{
        BindingKind, ChallengeError, ChannelBinding, CredentialError, ProofError,
        cryptosign::{Challenger, Key, PublicKey, Request, Responder},
    },
    message::{Authenticate, Challenge},
    value::Dict,
};

/// Channel id, private key, challenge and signature, as the specification publishes them ("WAMP: Test Vectors" of
/// "Cryptosign-based Authentication"). All but the channel id are the same in the first and the second half.
const CHANNEL: &str = "62e935ae755f3d48f80d4d59f6121358c435722a67e859cc0caa8b539027f2ff";
const VECTORS: [(&str, &str, [&str; 2]); 3] = [
    (
        "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        [
            "b32675b221f08593213737bef8240e7c15228b07028e19595294678c90d11c0cae80a357331bfc5cc9fb71081464e6e75013517c2cf067ad566a6b7b728e5d03ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "9b6f41540c9b95b4b7b281c3042fa9c54cef43c842d62ea3fd6030fcb66e70b3e80d49d44c29d1635da9348d02ec93f3ed1ef227dfb59a07b580095c2b82f80f9d16ca518aa0c2b707f2b2a609edeca73bca8dd59817a633f35574ac6fd80d00",
        ],
    ),
    (
        "d511fe78e23934b3dadb52fcd022974b80bd92bccc7c5cf404e46cc0a8a2f5cd",
        "b26c1f87c13fc1da14997f1b5a71995dff8fbe0a62fae8473c7bdbd05bfb607d",
        [
            "d4209ad10d5aff6bfbc009d7e924795de138a63515efc7afc6b01b7fe5201372190374886a70207b042294af5bd64ce725cd8dceb344e6d11c09d1aaaf4d660fb26c1f87c13fc1da14997f1b5a71995dff8fbe0a62fae8473c7bdbd05bfb607d",
            "305aaa3ac25e98f651427688b3fc43fe7d8a68a7ec1d7d61c61517c519bd4a427c3015599d83ca28b4c652333920223844ef0725eb5dc2febfd6af7677b73f01d0852a29b460fc92ec943242ac638a053bbacc200512b18b30d15083cbdc9282",
        ],
    ),
    (
        "6e1fde9cf9e2359a87420b65a87dc0c66136e66945196ba2475990d8a0c3a25b",
        "b05e6b8ad4d69abf74aa3be3c0ee40ae07d66e1895b9ab09285a2f1192d562d2",
        [
            "7beb282184baadd08f166f16dd683b39cab53816ed81e6955def951cb2ddad1ec184e206746fd82bda075af03711d3d5658fc84a76196b0fa8d1ebc92ef9f30bb05e6b8ad4d69abf74aa3be3c0ee40ae07d66e1895b9ab09285a2f1192d562d2",
            "ee3c7644fd8070532bc1fde3d70d742267da545d8c8f03e63bda63f1ad4214f4d2c4bfdb4eb9526def42deeb7e31602a6ff99eba893e0a4ad4d45892ca75e608d2b75e24a189a7f78ca776ba36fc53f6c3e31c32f251f2c524f0a44202f2902d",
        ],
    ),
];

/// The specification's example exchanges: client's key and challenge, router's challenge and proof, client's proof, and
/// the channel id.
struct Example {
    client: &'static str,
    to_router: &'static str,
    to_client: &'static str,
    by_router: &'static str,
    by_client: &'static str,
    channel: Option<&'static str>,
}

const ROUTER: &str = "4a3838f6fe75251e613329d53fc69b262d5eac97fb1d73bebbaed4015b53c862";

const EXAMPLES: [Example; 3] = [
    Example {
        client: "545efb0a2192db8d43f118e9bf9aee081466e1ef36c708b96ee6f62dddad9122",
        to_router: "bbae60ea44cdd7b20dc7010a618b0f0803fab25a817520b4b7f057299b524deb",
        to_client: "0e9192bc08512c8198da159c1ae600ba91729215f35d56102ee318558e773537",
        by_router: "fd5128d2d207ba58a9d1d6f41b72c747964ad9d1294077b3b1eee6130b05843ab12c53c7f2519f73d4feb82db19d8ca0fc26b62bde6518e79a882f5795bc9f00bbae60ea44cdd7b20dc7010a618b0f0803fab25a817520b4b7f057299b524deb",
        by_client: "a3a178fe792ed772a8fc092f8341e455de96670c8901264a7c312dbf940d5743626fe9fbc29b23dcd2169b308eca309de85a89ccd296b24835de3d95b16b77030e9192bc08512c8198da159c1ae600ba91729215f35d56102ee318558e773537",
        channel: None,
    },
    Example {
        client: "545efb0a2192db8d43f118e9bf9aee081466e1ef36c708b96ee6f62dddad9122",
        to_router: "4f861f12796c2972b7b0026522a687aa851d90355122a61d4f1fdce4d06b564f",
        to_client: "358625312c6c3bf64ed51d17d210ce21af1639c774cabf5735a9651d7d91fc6a",
        by_router: "aa05f4cd7747d36b79443f1d4703a681e107edc085d876b508714e2a3a8135bacaae1c018452c4acb3ad2818aa97a6d23e5ac7e3734c7b1f40e6232a70938205a6f5a1f034a28090b195fb2ce2454a82532f5c8baf6ba1dfb5ddae63c09ce72f",
        by_client: "25114474580d6e99a6126b091b4565c23db567d686c5b8c3a94e3f2f09dc80300c5b40a124236733fa56396df721eb12ac092362379bd5b27b4db9e2beaa1408dcf59bd361a2921448f0e45e12f303097924f5798a83b895cf6b179a6d664d0a",
        channel: Some("e973bee24dcea9e20625f949c0e3cd28d632ccbefe4907c2fac2728710f7b160"),
    },
    Example {
        client: "12ae0184b180e9a9c5e45be4a1afbce3c6491320063701cd9c4011a777d04089",
        to_router: "2763e7fdb1c34a74e8497daf6c913744d11161a94cec3b16aeec60a788612e17",
        to_client: "e4b40f72f9604754789d472225483bace926b9668d72c9122545e540d8d98f23",
        by_router: "ce456092998d796533d7ef2bab543300409d161066c9520c9284df6bbfb82947b37fb78d69fd56e5118afec62e35e015c60569af2e18ed92fedc738552242d039a38790e9c94064d89335393d39973c14074cd1008d7266de74c641103e30609",
        by_client: "16c89629e72aff3f44661e701341b2221a2fa9d93205826fad85e70d3a8dab70a8f54314c14d470ebeb77a0dd16c833928c01134a52b2e73862b7d3f258b600059ef9181d4370b6d19e7691e9a407f29784315dfc949d4696ce5e1f6535ba73d",
        channel: Some("bd5b9ef32d574c39617a2e3cbf0844859165acb9443b1d7b49a004b68b82281e"),
    },
];

fn channel(id: &str) -> ChannelBinding {
    ChannelBinding::tls_exporter(hex(id))
}

fn key(seed: u8) -> Key {
    Key::from_seed(&[seed; 32])
}

fn proof(signature: impl Into<bytestring::ByteString>) -> Authenticate {
    Authenticate { signature: signature.into(), extra: Dict::new() }
}

/// A router that asks the owner of this key.
fn router(client: &Responder, challenge: u8) -> Challenger {
    let request = Request::read(&client.authextra()).unwrap();
    Challenger::new(request, [challenge; 32], Some(&channel(CHANNEL)), Some(&key(2)))
}

fn bound(client: Responder) -> Responder {
    client.bound_to(&channel(CHANNEL)).unwrap()
}

#[test]
fn the_published_signatures_are_made_and_believed() {
    for (seed, challenge, signatures) in VECTORS {
        for (binding, signature) in [None, Some(channel(CHANNEL))].into_iter().zip(signatures) {
            let mut client = Responder::new(Key::from_hex(seed).unwrap());
            if let Some(binding) = &binding {
                client = client.bound_to(binding).unwrap();
            }
            let request = Request::read(&client.authextra()).unwrap();
            let router = Challenger::new(request, hex(challenge), binding.as_ref(), None);
            let answer = client.respond(&router.challenge()).unwrap();
            assert_eq!(answer.signature, signature);
            assert_eq!(router.verify(&answer), Ok(Key::from_hex(seed).unwrap().public()));
        }
    }
}

#[test]
fn the_published_exchanges_are_believed_on_both_sides() {
    for example in EXAMPLES {
        let id = example.channel.map(channel);
        let mut hello: Dict =
            [("pubkey", example.client), ("challenge", example.to_router)].into_iter().collect();
        if let Some(id) = &id {
            hello.insert("channel_binding", id.kind.as_str());
        }
        let request = Request::read(&hello).unwrap();
        assert!(request.wants_router_proof());
        let router = Challenger::new(request, hex(example.to_client), id.as_ref(), None);
        let owner = router.verify(&proof(example.by_client)).unwrap();
        assert_eq!(owner.to_string(), example.client);

        // Whose private key the client has makes no difference to what it believes of the router.
        let trusted = PublicKey::from_hex(ROUTER).unwrap();
        let mut client = Responder::new(key(1)).trusting(trusted, hex(example.to_router));
        let mut extra: Dict = [
            ("challenge", example.to_client),
            ("pubkey", ROUTER),
            ("signature", example.by_router),
        ]
        .into_iter()
        .collect();
        if let Some(id) = &id {
            client = client.bound_to(id).unwrap();
            extra.insert("channel_binding", id.kind.as_str());
        }
        client.respond(&Challenge { method: "cryptosign".into(), extra }).unwrap();
    }
}

#[test]
fn keys_are_read_from_hexadecimal_digits_and_nothing_else() {
    let seed = VECTORS[0].0;
    let public = Key::from_hex(seed).unwrap().public().to_string();
    assert_eq!(Key::from_hex(&seed.to_uppercase()).unwrap().public().to_string(), public);
    assert_eq!(Key::from_hex(&format!("{seed}{public}")).unwrap().public().to_string(), public);
    let others = VECTORS[1].0;
    let table = [
        "",
        &seed[..62],
        &seed[..63],
        &format!("{seed}0"),
        &format!("0x{}", &seed[2..]),
        &seed.replacen('4', "g", 1),
        &seed.replacen('4', " ", 1),
        &format!("{seed}{others}"),
        &format!("{seed}{seed}"),
        &format!("{seed}{public}{public}"),
        &"é".repeat(32),
    ]
    .map(String::from);
    for text in table {
        let refused = Key::from_hex(&text).map(|_| ());
        assert!(matches!(refused, Err(CredentialError::Key(_))), "{text:?}");
    }
    for text in ["", &public[..62], &format!("{public}00"), &"é".repeat(32)] {
        assert!(PublicKey::from_hex(text).is_err(), "{text:?}");
    }
}

#[test]
fn a_router_believes_no_signature_but_the_one_of_its_challenge() {
    let client = Responder::new(key(1));
    let right = client.respond(&router(&client, 7).challenge()).unwrap().signature.to_string();
    assert_eq!(router(&client, 7).verify(&proof(&*right)), Ok(key(1).public()));
    let (signature, message) = right.split_at(128);
    let other_challenge = client.respond(&router(&client, 8).challenge()).unwrap().signature;
    let others = Responder::new(key(3));
    let other_key = others.respond(&router(&others, 7).challenge()).unwrap().signature;
    let bound = bound(Responder::new(key(1)));
    let with_channel = bound.respond(&router(&bound, 7).challenge()).unwrap().signature;
    let zeros = "0".repeat(128);
    let malformed = ProofError::Malformed("signature");
    let table: Vec<(&str, String, ProofError)> = vec![
        ("a replay", other_challenge.to_string(), ProofError::ForeignChallenge),
        ("bound to a connection", with_channel.to_string(), ProofError::ForeignChallenge),
        ("by another key", other_key.to_string(), ProofError::Wrong),
        (
            "another message that is signed, with ours appended",
            format!("{}{message}", &other_challenge[..128]),
            ProofError::Wrong,
        ),
        (
            "our message signed, with another appended",
            format!("{signature}{}", &other_challenge[128..]),
            ProofError::ForeignChallenge,
        ),
        ("zeros", format!("{zeros}{message}"), ProofError::Wrong),
        ("no message", signature.to_string(), malformed.clone()),
        ("no signature", message.to_string(), malformed.clone()),
        ("nothing", String::new(), malformed.clone()),
        ("one digit short", right[..191].to_string(), malformed.clone()),
        ("one octet short", right[..190].to_string(), malformed.clone()),
        ("one octet more", format!("{right}00"), malformed.clone()),
        ("a prefix", format!("0x{}", &right[2..]), malformed.clone()),
        ("no digits", "x".repeat(192), malformed.clone()),
        ("white space", format!(" {}", &right[1..]), malformed.clone()),
        ("base64", "A".repeat(128), malformed.clone()),
        ("not ASCII", "é".repeat(96), malformed),
    ];
    for (what, signature, expected) in table {
        assert_eq!(router(&client, 7).verify(&proof(signature)), Err(expected), "{what}");
    }
    for digit in 0..128 {
        let mut changed = right.clone().into_bytes();
        changed[digit] = if changed[digit] == b'0' { b'1' } else { b'0' };
        let changed = proof(String::from_utf8(changed).unwrap());
        assert_eq!(router(&client, 7).verify(&changed), Err(ProofError::Wrong), "digit {digit}");
    }
}

#[test]
fn keys_for_which_anybody_can_sign_are_not_believed() {
    // Points of small order: with the neutral element as key and as R, and zero as S, every message is "signed".
    let neutral = format!("01{}", "0".repeat(62));
    let table = [
        neutral.clone(),
        "0".repeat(64),
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f".to_string(),
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05".to_string(),
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a".to_string(),
    ];
    for public in table {
        for r in [&neutral, &public] {
            let hello: Dict = [("pubkey", public.as_str())].into_iter().collect();
            let request = Request::read(&hello).unwrap();
            let router = Challenger::new(request, [7; 32], None, None);
            let forged = format!("{r}{}{}", "0".repeat(64), "07".repeat(32));
            assert_eq!(router.verify(&proof(forged)), Err(ProofError::Wrong), "{public}");
        }
    }
}

#[test]
fn a_hello_without_a_proper_key_or_challenge_is_refused() {
    let malformed = ProofError::Malformed;
    let hex64 = VECTORS[0].0;
    let table: Vec<(&str, Change, ProofError)> = vec![
        ("no key", without("pubkey"), malformed("pubkey")),
        ("a key of null", null("pubkey"), malformed("pubkey")),
        ("an empty key", set("pubkey", ""), malformed("pubkey")),
        ("a short key", set("pubkey", &hex64[2..]), malformed("pubkey")),
        ("a long key", set("pubkey", format!("{hex64}00")), malformed("pubkey")),
        ("an address", set("pubkey", format!("0x{}", &hex64[2..])), malformed("pubkey")),
        ("a list", set("pubkey", vec![hex64.into()]), malformed("pubkey")),
        ("a number", set("pubkey", 1), malformed("pubkey")),
        ("a short challenge", set("challenge", &hex64[2..]), malformed("challenge")),
        ("a long challenge", set("challenge", format!("{hex64}00")), malformed("challenge")),
        ("no digits", set("challenge", "x".repeat(64)), malformed("challenge")),
        ("a challenge of 1", set("challenge", 1), malformed("challenge")),
        ("a binding of 1", set("channel_binding", 1), malformed("channel_binding")),
    ];
    for (what, change, expected) in table {
        let hello = changed(Responder::new(key(1)).authextra(), change);
        assert_eq!(Request::read(&hello), Err(expected), "{what}");
    }
}

#[test]
fn a_binding_the_router_does_not_have_is_left_out_and_the_client_notices() {
    let client = bound(Responder::new(key(1)));
    for (asked, has) in [
        ("tls-unique", Some(BindingKind::TlsExporter)),
        ("tls-exporter", Some(BindingKind::TlsServerEndPoint)),
        ("tls-exporter", None),
    ] {
        let hello = changed(client.authextra(), set("channel_binding", asked));
        let channel = has.map(|kind| ChannelBinding { kind, data: vec![1; 32] });
        let request = Request::read(&hello).unwrap();
        let challenge = Challenger::new(request, [7; 32], channel.as_ref(), None).challenge();
        assert_eq!(challenge.extra.get("channel_binding"), Some(&Default::default()));
        let downgrade =
            ChallengeError::Downgrade { asked: Some(BindingKind::TlsExporter), found: None };
        assert_eq!(client.respond(&challenge), Err(downgrade), "{asked}");
    }
}

#[test]
fn a_proof_is_good_on_one_connection_only() {
    let client = bound(Responder::new(key(1)));
    let request = Request::read(&client.authextra()).unwrap();
    let router = |id: u8| {
        let channel = ChannelBinding::tls_exporter([id; 32]);
        Challenger::new(request, [7; 32], Some(&channel), None)
    };
    // Somebody in between hands on what the router says, and what the client answers.
    let answer = client.respond(&router(9).challenge()).unwrap();
    assert_eq!(router(9).verify(&answer), Err(ProofError::ForeignChallenge));
    let channel = ChannelBinding { kind: BindingKind::TlsServerEndPoint, data: vec![1; 20] };
    assert!(Responder::new(key(1)).bound_to(&channel).is_err(), "not 32 octets");
}

#[test]
fn a_client_refuses_challenges_that_are_malformed_or_of_another_router() {
    let client = || bound(Responder::new(key(1)).trusting(key(2).public(), [5; 32]));
    let good = || router(&client(), 7).challenge();
    client().respond(&good()).unwrap();
    let malformed = ChallengeError::Malformed;
    let untrusted = || ChallengeError::UntrustedRouter;
    let downgrade = |found: Option<&'static str>| ChallengeError::Downgrade {
        asked: Some(BindingKind::TlsExporter),
        found: found.map(Into::into),
    };
    let signature = text(&good().extra, "signature");
    let replayed = bound(Responder::new(key(1)).trusting(key(2).public(), [6; 32]));
    let replayed = text(&router(&replayed, 7).challenge().extra, "signature");
    let unbound = Responder::new(key(1)).trusting(key(2).public(), [5; 32]);
    let unbound = text(&router(&unbound, 7).challenge().extra, "signature");
    let table: Vec<(&str, Change, ChallengeError)> = vec![
        ("no challenge", without("challenge"), malformed("challenge")),
        ("an empty challenge", set("challenge", ""), malformed("challenge")),
        ("a short challenge", set("challenge", "07".repeat(31)), malformed("challenge")),
        ("a long challenge", set("challenge", "07".repeat(33)), malformed("challenge")),
        ("no digits", set("challenge", "x".repeat(64)), malformed("challenge")),
        ("a number", set("challenge", 7), malformed("challenge")),
        ("no binding", without("channel_binding"), downgrade(None)),
        ("a binding of null", null("channel_binding"), downgrade(None)),
        ("another binding", set("channel_binding", "tls-unique"), downgrade(Some("tls-unique"))),
        ("a binding of 1", set("channel_binding", 1), malformed("channel_binding")),
        ("no router's key", without("pubkey"), untrusted()),
        ("another router's key", set("pubkey", key(3).public().to_string()), untrusted()),
        ("the client's own key", set("pubkey", key(1).public().to_string()), untrusted()),
        ("half a key", set("pubkey", "02"), untrusted()),
        ("no router's proof", without("signature"), untrusted()),
        ("an empty proof", set("signature", ""), untrusted()),
        ("a truncated proof", set("signature", &signature[..128]), untrusted()),
        ("a replayed proof", set("signature", replayed), untrusted()),
        ("a proof for any connection", set("signature", unbound), untrusted()),
        ("zeros", set("signature", "0".repeat(192)), untrusted()),
    ];
    for (what, change, expected) in table {
        let challenge = changed_challenge(good(), change);
        assert_eq!(client().respond(&challenge), Err(expected), "{what}");
    }
    let other = Challenge { method: "wampcra".into(), ..good() };
    assert_eq!(client().respond(&other), Err(ChallengeError::WrongMethod("wampcra".into())));
    let unasked = Responder::new(key(1));
    let offered =
        changed_challenge(router(&unasked, 7).challenge(), set("channel_binding", "tls-exporter"));
    assert!(matches!(unasked.respond(&offered), Err(ChallengeError::Downgrade { .. })));
}

#[test]
fn a_router_without_a_key_proves_nothing_and_one_that_is_not_asked_does_not_either() {
    let asking = Responder::new(key(1)).trusting(key(2).public(), [5; 32]);
    let request = Request::read(&asking.authextra()).unwrap();
    let challenge = Challenger::new(request, [7; 32], None, None).challenge();
    assert_eq!(asking.respond(&challenge), Err(ChallengeError::UntrustedRouter));
    let silent = router(&Responder::new(key(1)), 7).challenge();
    assert!(silent.extra.get("signature").is_none() && silent.extra.get("pubkey").is_none());
}
