use super::*;
use crate::watching::Reload;
use jsonwebtoken::{EncodingKey, crypto, jwk::Jwk};
use serde_json::{Value as Json, json};
use std::{
    fs,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};
use wamplex_shared::value::Value;

/// When the tests take place, in seconds since 1970.
const NOW: u64 = 1_800_000_000;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Somebody who signs tokens.
struct Signer {
    key: EncodingKey,
    algorithm: Algorithm,
    id: Option<&'static str>,
}

impl Signer {
    fn secret(text: &str) -> Self {
        Self {
            key: EncodingKey::from_secret(text.as_bytes()),
            algorithm: Algorithm::HS256,
            id: None,
        }
    }

    fn ed(seed: u8, id: Option<&'static str>) -> Self {
        // PKCS #8 around an Ed25519 seed (RFC 8410).
        let mut der = vec![0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
        der.extend([seed; 32]);
        Self { key: EncodingKey::from_ed_der(&der), algorithm: Algorithm::EdDSA, id }
    }

    fn ec(id: Option<&'static str>) -> Self {
        let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let key = EncodingKey::from_ec_pem(pem.as_bytes()).unwrap();
        Self { key, algorithm: Algorithm::ES256, id }
    }

    fn rsa(algorithm: Algorithm, id: Option<&'static str>) -> Self {
        let key = EncodingKey::from_rsa_pem(include_bytes!("rsa_of_tests.pem")).unwrap();
        Self { key, algorithm, id }
    }

    /// Its public key, as an issuer publishes it.
    fn jwk(&self) -> Json {
        let mut jwk =
            serde_json::to_value(Jwk::from_encoding_key(&self.key, self.algorithm).unwrap())
                .unwrap();
        if let Some(id) = self.id {
            jwk["kid"] = id.into();
        }
        jwk
    }

    fn sign(&self, claims: &Json) -> String {
        let mut header = json!({"typ": "JWT", "alg": format!("{:?}", self.algorithm)});
        if let Some(id) = self.id {
            header["kid"] = id.into();
        }
        self.sign_with(&header.to_string(), &claims.to_string())
    }

    /// Signs whatever header and claims are given.
    fn sign_with(&self, header: &str, claims: &str) -> String {
        let message = format!("{}.{}", encode(header), encode(claims));
        let signature = crypto::sign(message.as_bytes(), &self.key, self.algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

fn encode(text: &str) -> String {
    BASE64URL_NOPAD.encode(text.as_bytes())
}

/// Claims that let alice in, with these in place of some; `null` takes one away.
fn claims(changed: &Json) -> Json {
    let mut claims = json!({
        "sub": "alice", "role": "user", "exp": NOW + 600, "iss": "https://login.example.com", "aud": "wamplex",
    });
    for (name, value) in changed.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    claims
}

fn settings() -> JwtSettings {
    JwtSettings {
        secret: Some(crate::config::Secret::new(SECRET)),
        issuer: Some("https://login.example.com".to_owned()),
        audience: vec!["wamplex".to_owned(), "others".to_owned()],
        roles: vec!["admin".to_owned(), "user".to_owned()],
        ..JwtSettings::default()
    }
}

fn open(settings: JwtSettings) -> Tokens {
    Tokens::open(&[settings], &Watching::default()).unwrap()
}

/// A file with keys, that goes with the test.
struct KeyFile(PathBuf);

impl KeyFile {
    fn new(keys: &[Json]) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("wamplex-jwt-{}-{n}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let file = Self(folder.join("keys.json"));
        file.write(keys);
        file
    }

    fn write(&self, keys: &[Json]) {
        fs::write(&self.0, json!({ "keys": keys }).to_string()).unwrap();
    }

    fn settings(&self) -> JwtSettings {
        JwtSettings { secret: None, jwks: Some(self.0.clone()), ..settings() }
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.parent().unwrap());
    }
}

/// Who is let in and as what, or why nobody is.
fn judge(tokens: &Tokens, token: &str) -> Result<(String, String), Wrong> {
    let accepted = tokens.judge_at(token, NOW)?;
    let Identity { authid, authrole, .. } = accepted.identity;
    Ok((authid.to_string(), authrole.to_string()))
}

#[test]
fn claims_let_in_whom_the_issuer_may_let_in_and_nobody_else() {
    let signer = Signer::secret(SECRET);
    let tokens = open(settings());
    let user = || Ok(("alice".to_owned(), "user".to_owned()));
    let rows = [
        (json!({}), user()),
        (json!({"exp": null}), Err(Wrong::Claim("exp", "is missing"))),
        (json!({"exp": NOW}), user()),
        (json!({"exp": NOW - 29}), user()),
        (json!({"exp": NOW - 30}), Err(Wrong::Claim("exp", "is over"))),
        (json!({"exp": 0}), Err(Wrong::Claim("exp", "is over"))),
        (json!({"exp": NOW as f64 + 0.5}), user()),
        (json!({"exp": u64::MAX}), user()),
        (json!({"exp": -1}), Err(Wrong::Claim("exp", "is no time"))),
        (json!({"exp": (NOW + 600).to_string()}), Err(Wrong::Claim("exp", "is no time"))),
        (json!({"nbf": NOW + 30}), user()),
        (json!({"nbf": NOW + 31}), Err(Wrong::Claim("nbf", "is still to come"))),
        (json!({"nbf": "now"}), Err(Wrong::Claim("nbf", "is no time"))),
        (json!({"iss": null}), Err(Wrong::Claim("iss", "is missing"))),
        (
            json!({"iss": "https://login.example.com/"}),
            Err(Wrong::Claim("iss", "names another issuer")),
        ),
        (
            json!({"iss": ["https://login.example.com"]}),
            Err(Wrong::Claim("iss", "names another issuer")),
        ),
        (json!({"aud": null}), Err(Wrong::Claim("aud", "is missing"))),
        (json!({"aud": "wampley"}), Err(Wrong::Claim("aud", "names others only"))),
        (json!({"aud": ["a", "others"]}), user()),
        (json!({"aud": ["a", "b"]}), Err(Wrong::Claim("aud", "names others only"))),
        (json!({"aud": []}), Err(Wrong::Claim("aud", "names others only"))),
        (json!({"aud": {"wamplex": true}}), Err(Wrong::Claim("aud", "names others only"))),
        (json!({"sub": null}), Err(Wrong::Authid("is missing"))),
        (json!({"sub": ""}), Err(Wrong::Authid("is empty"))),
        (json!({"sub": "a\nb"}), Err(Wrong::Authid("has control characters"))),
        (json!({"sub": 7}), Err(Wrong::Authid("is no text"))),
        (json!({"role": null}), Err(Wrong::Role("is missing"))),
        (json!({"role": "root"}), Err(Wrong::Role("is none that the issuer may give"))),
        (json!({"role": "User"}), Err(Wrong::Role("is none that the issuer may give"))),
        (json!({"role": ""}), Err(Wrong::Role("is none that the issuer may give"))),
        (json!({"role": true}), Err(Wrong::Role("is none that the issuer may give"))),
        (json!({"role": ["root", "user"]}), user()),
        (json!({"role": ["user", "admin"]}), Ok(("alice".to_owned(), "admin".to_owned()))),
        (json!({"role": []}), Err(Wrong::Role("is none that the issuer may give"))),
    ];
    for (changed, expected) in rows {
        assert_eq!(judge(&tokens, &signer.sign(&claims(&changed))), expected, "{changed}");
    }
}

#[test]
fn what_the_settings_ask_for_decides_which_claims_count() {
    let signer = Signer::secret(SECRET);
    let sign = |changed: Json| signer.sign(&claims(&changed));
    let lenient = open(JwtSettings {
        issuer: None,
        audience: Vec::new(),
        default_role: Some("user".to_owned()),
        authid_claim: "https://example.com/name".to_owned(),
        role_claim: "realm_access.roles".to_owned(),
        leeway: Duration::ZERO,
        ..settings()
    });
    let carol = json!({
        "https://example.com/name": "carol", "iss": null, "aud": null,
        "realm_access": {"roles": ["x", "admin"]},
    });
    assert_eq!(judge(&lenient, &sign(carol.clone())), Ok(("carol".to_owned(), "admin".to_owned())));
    let mut other = carol.clone();
    other["realm_access"] = Json::Null;
    assert_eq!(judge(&lenient, &sign(other)), Ok(("carol".to_owned(), "user".to_owned())));
    let mut other = carol.clone();
    other["aud"] = "somebody".into();
    assert_eq!(judge(&lenient, &sign(other)), Err(Wrong::Claim("aud", "names others only")));
    let mut other = carol;
    other["exp"] = NOW.into();
    assert_eq!(judge(&lenient, &sign(other)), Err(Wrong::Claim("exp", "is over")));
}

#[test]
fn claims_reach_authextra_and_the_end_of_the_token_that_of_the_session() {
    let token = Signer::secret(SECRET)
        .sign(&claims(&json!({"name": "Alice", "team": {"id": 7}, "email": "a@example.com"})));
    let extra_claims = vec!["name".to_owned(), "team.id".to_owned(), "none".to_owned()];
    let with = |end_at_expiry| {
        let settings =
            JwtSettings { extra_claims: extra_claims.clone(), end_at_expiry, ..settings() };
        open(settings).judge_at(&token, NOW).unwrap()
    };
    let accepted = with(true);
    let identity = accepted.identity;
    assert_eq!((&*identity.authmethod, &*identity.authprovider), ("jwt", "jwt"));
    let extra: Vec<_> = identity.authextra.iter().collect();
    assert_eq!(extra, [("name", &Value::Str("Alice".into())), ("team.id", &Value::Int(7))]);
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW + 600 + 30);
    assert_eq!(accepted.ends, Some(end));
    let outlived = with(false);
    assert_eq!((outlived.ends, outlived.expires), (None, Some(end)));
}

#[test]
fn a_token_that_never_ends_is_one_that_is_good() {
    let token = Signer::secret(SECRET).sign(&claims(&json!({"exp": u64::MAX})));
    let ends = JwtSettings { end_at_expiry: true, ..settings() };
    assert_eq!(open(ends).judge_at(&token, NOW).unwrap().ends, None);
}

#[test]
fn tokens_that_are_tampered_with_or_no_tokens_are_refused() {
    let signer = Signer::secret(SECRET);
    let tokens = open(settings());
    let good = signer.sign(&claims(&json!({})));
    let [header, body, signature] = good.split('.').collect::<Vec<_>>()[..] else {
        panic!("{good}")
    };
    let admin = encode(&claims(&json!({"role": "admin"})).to_string());
    let says = |header: &str| signer.sign_with(header, &claims(&json!({})).to_string());
    let rows = [
        (good.clone(), None),
        (format!("{header}.{admin}.{signature}"), Some(Wrong::Signature)),
        (format!("{header}.{body}."), Some(Wrong::Signature)),
        (format!("{header}.{body}.{}", &signature[..signature.len() - 3]), Some(Wrong::Signature)),
        (format!("{header}.{body}"), Some(Wrong::Malformed)),
        (format!("{good}.{signature}"), Some(Wrong::Malformed)),
        (format!("{good}="), Some(Wrong::Malformed)),
        (format!(" {good}"), Some(Wrong::Malformed)),
        (good.replace('.', ". "), Some(Wrong::Malformed)),
        (String::new(), Some(Wrong::Malformed)),
        ("..".to_owned(), Some(Wrong::Malformed)),
        ("secret123".to_owned(), Some(Wrong::Malformed)),
        ("a".repeat(LONGEST + 1), Some(Wrong::Malformed)),
        (
            Signer::secret(&SECRET.replace('0', "1")).sign(&claims(&json!({}))),
            Some(Wrong::Signature),
        ),
        (says("{}"), Some(Wrong::Malformed)),
        (says("[]"), Some(Wrong::Malformed)),
        (says(r#"{"alg": "HS256", "alg": "none"}"#), Some(Wrong::Malformed)),
        (says(r#"{"alg": "none"}"#), Some(Wrong::Algorithm)),
        (says(r#"{"alg": ""}"#), Some(Wrong::Algorithm)),
        (says(r#"{"alg": "hs256"}"#), Some(Wrong::Algorithm)),
        (says(r#"{"alg": "HS384"}"#), Some(Wrong::Algorithm)),
        (says(r#"{"alg": "RS256"}"#), Some(Wrong::Algorithm)),
        (says(r#"{"alg": "HS256", "crit": ["b64"], "b64": false}"#), Some(Wrong::Header)),
        (says(r#"{"alg": "HS256", "enc": "A128GCM"}"#), Some(Wrong::Header)),
        (says(r#"{"alg": "HS256", "typ": "logout+jwt"}"#), Some(Wrong::Header)),
        (says(r#"{"alg": "HS256", "typ": "at+JWT", "kid": "whatever"}"#), None),
        (signer.sign_with(r#"{"alg": "HS256"}"#, "[]"), Some(Wrong::Malformed)),
        (signer.sign_with(r#"{"alg": "HS256"}"#, "{"), Some(Wrong::Malformed)),
        // Nothing is signed, and the token says that this is as it should be.
        (format!("{}.{body}.", encode(r#"{"alg": "none"}"#)), Some(Wrong::Algorithm)),
    ];
    for (token, expected) in rows {
        assert_eq!(judge(&tokens, &token).err(), expected, "{token}");
    }
}

#[test]
fn every_kind_of_key_verifies_its_own_algorithm_only() {
    let signers = [
        Signer::secret(SECRET),
        Signer::ed(1, None),
        Signer::ec(None),
        Signer::rsa(Algorithm::RS256, None),
        Signer::rsa(Algorithm::PS384, None),
    ];
    let claims = claims(&json!({}));
    for (i, issuer) in signers.iter().enumerate() {
        let file = KeyFile::new(&[issuer.jwk()]);
        let tokens = open(file.settings());
        for (k, signer) in signers.iter().enumerate() {
            let judged = judge(&tokens, &signer.sign(&claims));
            assert_eq!(
                judged.is_ok(),
                i == k,
                "{:?} by {:?}: {judged:?}",
                issuer.algorithm,
                signer.algorithm
            );
        }
    }
}

#[test]
fn a_public_key_is_never_taken_for_a_secret() {
    let issuer = Signer::rsa(Algorithm::RS256, Some("a"));
    let jwk = issuer.jwk();
    let file = KeyFile::new(std::slice::from_ref(&jwk));
    let tokens = open(file.settings());
    // Whoever knows the public key signs with it as if it were a secret.
    let modulus = BASE64URL_NOPAD.decode(jwk["n"].as_str().unwrap().as_bytes()).unwrap();
    for secret in
        [modulus.as_slice(), jwk.to_string().as_bytes(), jwk["n"].as_str().unwrap().as_bytes()]
    {
        let key = EncodingKey::from_secret(secret);
        let forger = Signer { key, algorithm: Algorithm::HS256, id: Some("a") };
        let body = claims(&json!({})).to_string();
        assert_eq!(judge(&tokens, &forger.sign(&claims(&json!({})))), Err(Wrong::Algorithm));
        let lied = forger.sign_with(r#"{"alg": "RS256", "kid": "a"}"#, &body);
        assert_eq!(judge(&tokens, &lied), Err(Wrong::Signature));
    }
}

#[test]
fn keys_change_with_their_file_and_a_broken_file_changes_nothing() {
    let (first, second) = (Signer::ed(1, Some("first")), Signer::ed(2, Some("second")));
    let claims = claims(&json!({}));
    let file = KeyFile::new(&[first.jwk()]);
    let tokens = open(file.settings());
    let KeySource::File(watched) = &tokens.issuers[0].keys else { panic!("{tokens:?}") };
    let judge = |signer: &Signer| judge(&tokens, &signer.sign(&claims)).err();
    assert_eq!((judge(&first), judge(&second)), (None, Some(Wrong::UnknownKey)));

    // Whether this or the thread that watches is first: afterwards it has been read.
    file.write(&[first.jwk(), second.jwk()]);
    watched.reload().unwrap();
    assert_eq!((judge(&first), judge(&second)), (None, None));
    let nameless = Signer { id: None, ..Signer::ed(1, None) };
    assert_eq!(judge(&nameless), Some(Wrong::UnnamedKey));

    file.write(&[]);
    let _ = watched.reload();
    assert_eq!((judge(&first), judge(&second)), (None, None));
    file.write(&[second.jwk()]);
    watched.reload().unwrap();
    assert_eq!((judge(&first), judge(&second)), (Some(Wrong::UnknownKey), None));
    // The one key there is needs no name.
    assert_eq!(judge(&Signer { id: None, ..Signer::ed(2, None) }), None);
    // A name for another one's key is no help.
    assert_eq!(
        judge(&Signer { id: Some("second"), ..Signer::ed(1, None) }),
        Some(Wrong::Signature)
    );
}

#[test]
fn sets_of_keys_are_refused_that_could_be_abused() {
    let rsa = Signer::rsa(Algorithm::RS256, None).jwk();
    let ed = Signer::ed(1, Some("a")).jwk();
    let with = |key: &Json, name: &str, value: Json| {
        let mut key = key.clone();
        key[name] = value;
        key
    };
    for (keys, expected) in [
        (json!([ed]), None),
        (json!([rsa]), None),
        (json!([]), Some("there is no key for signatures in it")),
        (json!([{"kty": "new", "x": 1}]), Some("there is no key for signatures in it")),
        (json!([{"kty": "new"}, ed]), None),
        (json!([with(&ed, "use", json!("enc"))]), Some("there is no key for signatures in it")),
        (
            json!([with(&ed, "key_ops", json!(["sign"]))]),
            Some("there is no key for signatures in it"),
        ),
        (
            json!([with(&rsa, "alg", json!("RSA-OAEP"))]),
            Some("there is no key for signatures in it"),
        ),
        (
            json!([with(&rsa, "alg", json!("HS256"))]),
            Some("keys[0]: it is not of the kind that its algorithm needs"),
        ),
        (
            json!([with(&ed, "alg", json!("ES256"))]),
            Some("keys[0]: it is not of the kind that its algorithm needs"),
        ),
        (json!([with(&ed, "x", json!("AAAA"))]), Some("keys[0]: malformed")),
        (
            json!([with(&rsa, "n", json!("AQAB"))]),
            Some("keys[0]: an RSA key of 24 bits, not 2048 to 4096"),
        ),
        (json!([{"kty": "oct", "k": encode("short")}]), Some("keys[0]: too short for HS256")),
        (
            json!([{"kty": "oct", "k": encode(SECRET), "alg": "HS512"}]),
            Some("keys[0]: too short for HS512"),
        ),
        (json!([{"kty": "oct", "k": encode(SECRET)}]), None),
        (json!("x"), Some("no JSON Web Key Set")),
    ] {
        let found =
            Keys::of_set(&json!({ "keys": keys }).to_string()).err().map(|(_, reason)| reason);
        assert_eq!(found.is_some(), expected.is_some(), "{keys}: {found:?}");
        assert!(found.unwrap_or_default().starts_with(expected.unwrap_or_default()), "{keys}");
    }
    assert!(Keys::of_set("{\n}").is_err());
    assert_eq!(Keys::of_set("{\n\"keys\": x}").unwrap_err().0, Some(2));
}

#[test]
fn of_several_issuers_each_gives_its_own_roles_only() {
    let other_secret = SECRET.to_uppercase();
    let second = JwtSettings {
        secret: Some(crate::config::Secret::new(&*other_secret)),
        issuer: None,
        roles: vec!["guest".to_owned()],
        provider: "partner".to_owned(),
        ..settings()
    };
    let tokens = Tokens::open(&[settings(), second], &Watching::default()).unwrap();
    let partner = Signer::secret(&other_secret);
    let guest = claims(&json!({"role": "guest"}));
    let accepted = tokens.judge_at(&partner.sign(&guest), NOW).unwrap();
    assert_eq!(accepted.identity.authprovider, "partner");
    let refused = Err(Wrong::Role("is none that the issuer may give"));
    assert_eq!(judge(&tokens, &partner.sign(&claims(&json!({})))), refused);
    assert_eq!(judge(&tokens, &Signer::secret(SECRET).sign(&guest)), refused);
}

#[test]
fn a_key_file_that_cannot_be_used_is_named_with_its_key() {
    let file = KeyFile::new(&[]);
    let problem = Tokens::open(&[settings(), file.settings()], &Watching::default()).unwrap_err();
    assert_eq!(problem.key, "[1].jwks");
    assert!(problem.found.ends_with("there is no key for signatures in it"), "{problem}");
    let nowhere = JwtSettings { jwks: Some("/nowhere/keys.json".into()), ..file.settings() };
    assert!(Tokens::open(&[nowhere], &Watching::default()).is_err());
}
