//! How clients that other people wrote prove who they are to our router, and our own clients with all methods.

use crate::{
    library::{LIBRARIES, Library, SERIALIZERS},
    peer::Peer,
    router::UnderTest,
};
use futures_util::future::join_all;
use serde_json::{Value, json};
use wamplex::auth::Key;
use wamplex_router::{RouterConfig, config::RealmSettings};

/// A private key and that of the router, in hexadecimal digits.
const SEED: &str = "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510";
const OTHER_SEED: &str = "d511fe78e23934b3dadb52fcd022974b80bd92bccc7c5cf404e46cc0a8a2f5cd";
const ROUTER_SEED: &str = "6e1fde9cf9e2359a87420b65a87dc0c66136e66945196ba2475990d8a0c3a25b";

/// A principal, and how a client proves to be it.
#[derive(Debug)]
struct Case {
    authid: &'static str,
    method: &'static str,
    /// What the router knows of it.
    kept: Value,
    secret: &'static str,
    wrong: &'static str,
    /// What only our own clients can do, or only the native one.
    who: Who,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    All,
    /// The SCRAM of Autobahn|Python is a dialect under another name, and the others have none.
    Ours,
    /// WebCrypto has no Argon2id.
    Native,
}

impl Who {
    fn includes(self, library: &str) -> bool {
        match self {
            Self::All => true,
            Self::Ours => matches!(library, "wamplex" | "wamplex-js"),
            Self::Native => library == "wamplex",
        }
    }
}

fn cases() -> [Case; 6] {
    let public = public(SEED);
    [
        Case {
            authid: "tina",
            method: "ticket",
            kept: json!({"ticket": "secret"}),
            secret: "secret",
            wrong: "other",
            who: Who::All,
        },
        Case {
            authid: "carl",
            method: "wampcra",
            kept: json!({"wampcra": {"secret": "secret"}}),
            secret: "secret",
            wrong: "other",
            who: Who::All,
        },
        Case {
            authid: "sally",
            method: "wampcra",
            kept: json!({"wampcra": {"secret": "secret", "salt": "salt123", "iterations": 1200}}),
            secret: "secret",
            wrong: "other",
            who: Who::All,
        },
        Case {
            authid: "kay",
            method: "cryptosign",
            kept: json!({"cryptosign": [public]}),
            secret: SEED,
            wrong: OTHER_SEED,
            who: Who::All,
        },
        Case {
            authid: "paul",
            method: "wamp-scram",
            kept: json!({"scram": {"password": "pencil", "kdf": "pbkdf2", "iterations": 4096}}),
            secret: "pencil",
            wrong: "paper",
            who: Who::Ours,
        },
        Case {
            authid: "anna",
            method: "wamp-scram",
            kept: json!({"scram": {"password": "pencil", "iterations": 3, "memory": 4096}}),
            secret: "pencil",
            wrong: "paper",
            who: Who::Native,
        },
    ]
}

fn public(seed: &str) -> String {
    Key::from_hex(seed).expect("a key").public().to_string()
}

fn config() -> RouterConfig {
    let principals: Vec<_> = cases()
        .into_iter()
        .map(|case| {
            let mut principal = case.kept;
            principal["authid"] = case.authid.into();
            principal["role"] = "user".into();
            principal
        })
        .collect();
    let realm = json!({
        "name": "realm1",
        "principals": principals,
        "authentication": {
            "methods": ["cryptosign", "wamp-scram", "wampcra", "ticket"],
            "cryptosign": {"key": ROUTER_SEED},
            // Names that nobody has are asked in this way, too, which all can answer.
            "scram": {"kdf": "pbkdf2", "iterations": 4096},
            // Whoever is wrong here is so on purpose, and all of them at the same address.
            "lockout": {"attempts": 1000, "exempt_loopback": true},
        },
    });
    let mut config = wamplex_tests::harness::patient_config();
    let realm = serde_json::from_value::<RealmSettings>(realm);
    config.realms = vec![realm.unwrap_or_else(|error| panic!("the realm: {error}"))];
    config
}

/// Who tries to get in, and with what.
#[derive(Clone, Copy, Debug)]
struct Attempt<'c> {
    library: &'static Library,
    serializer: &'static str,
    case: &'c Case,
    authid: &'static str,
    secret: &'static str,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs foreign clients: run it with `tests/run interop`"]
async fn every_library_gets_in_with_its_secret_by_every_method_it_knows_and_with_no_other() {
    let router = UnderTest::of(config()).await;
    let mut problems = 0;
    for library in LIBRARIES {
        let cases = cases();
        let attempts = attempts(library, &cases);
        for (row, problem) in join_all(attempts.iter().map(|a| a.make(&router.url))).await {
            println!("{row:68} {}", problem.as_deref().unwrap_or("ok"));
            problems += usize::from(problem.is_some());
        }
    }
    router.stop().await;
    assert_eq!(problems, 0, "problems");
}

/// What a library tries: to get in with every serializer, with a wrong secret, and as nobody.
fn attempts<'c>(library: &'static Library, cases: &'c [Case]) -> Vec<Attempt<'c>> {
    let known = cases.iter().filter(|case| case.who.includes(library.name));
    let of = |case: &'c Case| {
        let Case { authid, secret, .. } = *case;
        let right = SERIALIZERS.iter().map(move |serializer| Attempt {
            library,
            serializer,
            case,
            authid,
            secret,
        });
        let serializer = SERIALIZERS[0];
        let wrong = Attempt { library, serializer, case, authid, secret: case.wrong };
        right.chain([wrong, Attempt { secret, authid: "nobody", ..wrong }])
    };
    known.flat_map(of).collect()
}

impl Attempt<'_> {
    fn is_right(&self) -> bool {
        self.authid == self.case.authid && self.secret == self.case.secret
    }

    /// Makes it, and returns its row in the table with what is wrong, if anything is.
    async fn make(&self, url: &str) -> (String, Option<String>) {
        let Self { library, serializer, case, authid, secret } = *self;
        let method = case.method;
        let mut auth = json!({"method": method, "authid": authid, "secret": secret});
        if method == "cryptosign" {
            auth["pubkey"] = public(secret).into();
            auth["router"] = public(ROUTER_SEED).into();
        }
        let (peer, said) = Peer::tell(library, serializer, url, Some(&auth)).await;
        let (expected, what) = if self.is_right() {
            let identity = json!({"authid": authid, "authrole": "user", "authmethod": method});
            (json!({"on": "joined", "as": identity}), "gets in")
        } else {
            (
                json!({"on": "refused", "reason": "wamp.error.authentication_denied"}),
                "does not get in",
            )
        };
        let got = match said["reason"]["uri"].as_str() {
            Some(uri) => json!({"on": said["on"], "reason": uri}),
            None => said,
        };
        drop(peer);
        let secret = if secret == case.secret { "its secret" } else { "another secret" };
        let row = format!("{} {serializer}: {method}, {authid} with {secret} {what}", library.name);
        (row, (got != expected).then(|| format!("FAILED: {got}")))
    }
}
