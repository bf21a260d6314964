//! How clients of a realm prove who they are.

use super::{
    JwtSettings, KdfSetting, Problems, Secret,
    credentials::{DEFAULT_CRA_ITERATIONS, DEFAULT_CRA_KEYLEN},
    units,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{fmt, time::Duration};
use wamplex_shared::{
    auth::{
        CostError,
        scram::{Cost, CostBounds},
    },
    uri::{MatchPolicy, Uri, UriRule},
};

/// The fewest characters that the key of decoys may have.
const DECOY_KEY: usize = 16;

/// How clients of a realm prove who they are ("WAMP: Authentication").
///
/// The default lets everybody in without a proof, in the role `anonymous`.
///
/// ```
/// use wamplex_router::config::{AuthenticationSettings, Method};
/// let settings: AuthenticationSettings = toml::from_str(
///     r#"
///     methods = ["cryptosign", "wamp-scram", "ticket"]
///     scram = { kdf = "pbkdf2" }
///     "#,
/// )
/// .unwrap();
/// assert_eq!(settings.methods[0], Method::Cryptosign);
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AuthenticationSettings {
    /// The methods that are taken, the strongest first. Of those that a client offers and its principal has a
    /// credential for, the first one here is used, whatever the client's own order. Name only methods that
    /// principals of this realm do have credentials for: unknown names are asked for one of them, too.
    pub methods: Vec<Method>,
    /// The method `anonymous`.
    pub anonymous: AnonymousSettings,
    /// The method `ticket`.
    pub ticket: TicketSettings,
    /// The method `wampcra`.
    pub wampcra: CraSettings,
    /// The method `wamp-scram`.
    pub scram: ScramSettings,
    /// The method `cryptosign`.
    pub cryptosign: CryptosignSettings,
    /// Whose tokens are taken with the method `jwt`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub jwt: Vec<JwtSettings>,
    /// The method `cookie`.
    pub cookie: CookieSettings,
    /// A procedure that is asked about principals which nothing else knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dynamic: Option<DynamicSettings>,
    /// What happens after too many failures.
    pub lockout: LockoutSettings,
    /// What the challenges for unknown names are derived from: at least 16 characters. With it, they stay the same
    /// when the router restarts, as those for known names do; without, it is drawn at each start.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decoy_key: Option<Secret>,
}

/// A way for a client to prove who it is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[non_exhaustive]
pub enum Method {
    /// A signature with an Ed25519 key ("WAMP: Cryptosign-based Authentication").
    #[serde(rename = "cryptosign")]
    Cryptosign,
    /// A password that the router does not know ("WAMP: SCRAM").
    #[serde(rename = "wamp-scram", alias = "scram")]
    Scram,
    /// The certificate that the client has shown in TLS.
    #[serde(rename = "tls")]
    Tls,
    /// A signature with a shared secret ("WAMP: Challenge Response Authentication").
    #[serde(rename = "wampcra")]
    Wampcra,
    /// A token that somebody else has signed.
    #[serde(rename = "jwt")]
    Jwt,
    /// The cookie of a browser that has authenticated before; as strong as the method it used then.
    #[serde(rename = "cookie")]
    Cookie,
    /// A secret sent as it is ("WAMP: Ticket-based Authentication").
    #[serde(rename = "ticket")]
    Ticket,
    /// No proof at all.
    #[serde(rename = "anonymous")]
    Anonymous,
}

/// Clients that prove nothing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AnonymousSettings {
    /// The role they get.
    pub role: String,
}

/// Secrets sent as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TicketSettings {
    /// Whether tickets are taken only over connections that nobody on the way can read: TLS, Unix sockets and
    /// loopback. Behind a proxy that ends TLS, the connections to this router are not of that kind.
    pub confidential_only: bool,
}

/// Signatures with a shared secret. What the challenges for unknown names say; for known ones, the principal says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CraSettings {
    /// Whether the secrets of principals are salted, as unknown names are then, too.
    pub salted: bool,
    /// How often a salted secret is hashed (PBKDF2 with HMAC-SHA-256), from 1,000.
    pub iterations: u32,
    /// How many octets the derived key has, from 16 to 1,024.
    pub keylen: u32,
}

/// Passwords that the router does not know. What the challenges for unknown names say; for known ones, the principal
/// says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScramSettings {
    /// How keys are derived from passwords.
    pub kdf: KdfSetting,
    /// How often. By default 600,000 for PBKDF2, which takes from 4,096 to 4,000,000, and 2 for Argon2id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterations: Option<u32>,
    /// The memory that Argon2id takes, in KiB, from 4,096. PBKDF2 takes none. By default 19,456.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<u32>,
    /// Whether the proof must be tied to the TLS connection it is sent over.
    pub channel_binding: ChannelBindingRule,
}

/// Signatures with an Ed25519 key.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CryptosignSettings {
    /// The private key of this router, 32 octets in hex, with which it proves itself to clients that ask for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    /// Whether the proof must be tied to the TLS connection it is sent over.
    pub channel_binding: ChannelBindingRule,
}

/// Whether a proof must be tied to the TLS connection it is sent over (`tls-exporter`, RFC 9266), so that nobody in
/// between can pass it on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ChannelBindingRule {
    /// It is not: clients that ask for it are refused.
    Off,
    /// If the client asks for it.
    #[default]
    Optional,
    /// Always: other clients are refused.
    Required,
}

/// Cookies of browsers that have authenticated before. They are kept in memory: a restart of the router ends them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CookieSettings {
    /// How long a browser that has authenticated may come back without another proof. Coming back does not prolong it, and
    /// who has shown a token may come back until that expires.
    #[serde(with = "units::duration")]
    pub max_age: Duration,
}

/// A procedure that says who may come in ("WAMP: Authentication", after the interface of Crossbar's dynamic
/// authenticators).
///
/// It is called with the realm, the authid and details of the client, and answers with a role, or a dictionary with
/// `role` and what the method needs (`secret`, `salt`, `pubkey` …). An error of it turns the client away.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DynamicSettings {
    /// The procedure.
    pub procedure: String,
    /// The realm it is called in; by default the one that the client joins.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub realm: Option<String>,
    /// The methods it is asked for; by default all of the realm's that it can judge: those are all but `cookie` and
    /// `jwt`.
    pub methods: Vec<Method>,
    /// How long it may take before the client is turned away.
    #[serde(with = "units::duration")]
    pub time_limit: Duration,
    /// How many calls may run at once; further clients wait for theirs.
    pub concurrency: u32,
}

/// What happens after too many failures.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LockoutSettings {
    /// How many attempts to be one principal may fail at once.
    pub attempts: u32,
    /// After what time one more of these attempts is given.
    #[serde(with = "units::duration")]
    pub refill: Duration,
    /// How many attempts from one address may fail at once, whoever they claim to be. An IPv6 network of 64 bits
    /// counts as one address.
    pub address_attempts: u32,
    /// After what time one more of these attempts is given.
    #[serde(with = "units::duration")]
    pub address_refill: Duration,
    /// How long nothing is judged when no attempt is left, at first. Each time this happens again it is twice as long.
    #[serde(with = "units::duration")]
    pub delay: Duration,
    /// The longest of these times.
    #[serde(with = "units::duration")]
    pub max_delay: Duration,
    /// Whether loopback addresses are not counted, which all clients behind a proxy on this machine have.
    pub exempt_loopback: bool,
}

impl Method {
    /// All methods, in the order of strength that the documentation recommends.
    pub const ALL: [Self; 8] = [
        Self::Cryptosign,
        Self::Scram,
        Self::Tls,
        Self::Wampcra,
        Self::Jwt,
        Self::Cookie,
        Self::Ticket,
        Self::Anonymous,
    ];

    /// What HELLO, CHALLENGE and WELCOME call it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cryptosign => "cryptosign",
            Self::Scram => "wamp-scram",
            Self::Tls => "tls",
            Self::Wampcra => "wampcra",
            Self::Jwt => "jwt",
            Self::Cookie => "cookie",
            Self::Ticket => "ticket",
            Self::Anonymous => "anonymous",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl AuthenticationSettings {
    /// Notes what cannot be as it is, beyond what the types say.
    pub fn check(&self, problems: &mut Problems) {
        problems.expect(!self.methods.is_empty(), "methods", "at least one method", "none");
        for (at, method) in self.methods.iter().enumerate() {
            let is_first = !self.methods[..at].contains(method);
            problems.expect(is_first, "methods", "each method once", format!("{method} twice"));
        }
        let role = &self.anonymous.role;
        problems.expect(!role.is_empty(), "anonymous.role", "the name of a role", "nothing");
        problems.within("wampcra", |problems| self.wampcra.check(problems));
        problems.within("scram", |problems| self.scram.check(problems));
        problems.within("cryptosign", |problems| self.cryptosign.check(problems));
        problems.each("jwt", &self.jwt, JwtSettings::check);
        let has_issuers = !self.jwt.is_empty() || !self.methods.contains(&Method::Jwt);
        problems.expect(has_issuers, "jwt", "an issuer, for the method jwt", "none");
        positive("cookie.max_age", self.cookie.max_age, problems);
        if let Some(dynamic) = &self.dynamic {
            problems.within("dynamic", |problems| dynamic.check(&self.methods, problems));
        }
        problems.within("lockout", |problems| self.lockout.check(problems));
        if let Some(key) = &self.decoy_key {
            let is_long = key.expose().len() >= DECOY_KEY;
            problems.expect(is_long, "decoy_key", "at least 16 characters", "fewer");
        }
    }
}

impl CraSettings {
    fn check(&self, problems: &mut Problems) {
        let Self { iterations, keylen, .. } = *self;
        problems.expect(iterations >= 1000, "iterations", "1000 or more", iterations);
        problems.expect((16..=1024).contains(&keylen), "keylen", "16 to 1024", keylen);
    }
}

impl ScramSettings {
    /// What deriving a key costs.
    #[must_use]
    pub fn cost(&self) -> Cost {
        self.kdf.cost(self.iterations, self.memory)
    }

    fn check(&self, problems: &mut Problems) {
        if let (KdfSetting::Pbkdf2, Some(memory)) = (self.kdf, self.memory) {
            problems.add("memory", "nothing, with pbkdf2", memory);
        }
        // What clients refuse.
        if let Err(CostError { what, value, least, most, .. }) =
            CostBounds::default().check(&self.cost())
        {
            let key = if what == "memory" { "memory" } else { "iterations" };
            problems.add(key, format!("{what} of {least} to {most}"), value);
        }
    }
}

impl CryptosignSettings {
    fn check(&self, problems: &mut Problems) {
        let Some(key) = &self.key else { return };
        let key = key.expose();
        let is_key = key.len() == 64 && key.bytes().all(|b| b.is_ascii_hexdigit());
        problems.expect(is_key, "key", "64 hexadecimal digits", "something else");
    }
}

impl DynamicSettings {
    /// Asks this procedure of the realm that the client joins.
    pub fn new(procedure: impl Into<String>) -> Self {
        Self { procedure: procedure.into(), ..Self::default() }
    }

    fn check(&self, methods: &[Method], problems: &mut Problems) {
        let uri = Uri::from(&*self.procedure);
        if let Err(invalid) = uri.check(UriRule::Loose, MatchPolicy::Exact) {
            problems.add("procedure", "the URI of a procedure", invalid);
        }
        for method in &self.methods {
            let can = !matches!(method, Method::Cookie | Method::Jwt);
            problems.expect(can, "methods", "methods that a procedure can judge", method);
            problems.expect(methods.contains(method), "methods", "methods of the realm", method);
        }
        positive("time_limit", self.time_limit, problems);
        problems.expect(self.concurrency > 0, "concurrency", "1 or more", 0);
    }
}

impl LockoutSettings {
    fn check(&self, problems: &mut Problems) {
        problems.expect(self.attempts > 0, "attempts", "1 or more", 0);
        problems.expect(self.address_attempts > 0, "address_attempts", "1 or more", 0);
        positive("refill", self.refill, problems);
        positive("address_refill", self.address_refill, problems);
        let is_longest = self.delay <= self.max_delay;
        problems.expect(is_longest, "max_delay", "at least as long as delay", "a shorter time");
    }
}

fn positive(key: &str, time: Duration, problems: &mut Problems) {
    problems.expect(!time.is_zero(), key, "more than 0", "0s");
}

impl Default for AuthenticationSettings {
    fn default() -> Self {
        Self {
            methods: vec![Method::Anonymous],
            anonymous: AnonymousSettings::default(),
            ticket: TicketSettings::default(),
            wampcra: CraSettings::default(),
            scram: ScramSettings::default(),
            cryptosign: CryptosignSettings::default(),
            jwt: Vec::new(),
            cookie: CookieSettings::default(),
            dynamic: None,
            lockout: LockoutSettings::default(),
            decoy_key: None,
        }
    }
}

impl Default for AnonymousSettings {
    fn default() -> Self {
        Self { role: "anonymous".to_owned() }
    }
}

impl Default for CraSettings {
    fn default() -> Self {
        Self { salted: true, iterations: DEFAULT_CRA_ITERATIONS, keylen: DEFAULT_CRA_KEYLEN }
    }
}

impl Default for CookieSettings {
    fn default() -> Self {
        Self { max_age: Duration::from_secs(7 * 24 * 60 * 60) }
    }
}

impl Default for DynamicSettings {
    fn default() -> Self {
        Self {
            procedure: String::new(),
            realm: None,
            methods: Vec::new(),
            time_limit: Duration::from_secs(5),
            concurrency: 64,
        }
    }
}

impl Default for LockoutSettings {
    fn default() -> Self {
        Self {
            attempts: 10,
            refill: Duration::from_secs(30),
            address_attempts: 100,
            address_refill: Duration::from_secs(1),
            delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(15 * 60),
            exempt_loopback: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let settings: AuthenticationSettings = toml::from_str(text).unwrap();
        let mut problems = Problems::default();
        settings.check(&mut problems);
        problems.into_vec().into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn the_default_lets_everybody_in() {
        let settings = AuthenticationSettings::default();
        assert_eq!(settings.methods, [Method::Anonymous]);
        assert!(problems("").is_empty());
    }

    #[test]
    fn methods_are_spelled_as_on_the_wire() {
        for method in Method::ALL {
            let text = format!("methods = [\"{method}\"]");
            let settings: AuthenticationSettings = toml::from_str(&text).unwrap();
            assert_eq!(settings.methods, [method]);
        }
    }

    #[test]
    fn what_cannot_be_is_named_by_its_key() {
        for (text, key) in [
            ("methods = []", "methods"),
            ("methods = ['ticket', 'wampcra', 'ticket']", "methods"),
            ("[anonymous]\nrole = ''", "anonymous.role"),
            ("[wampcra]\niterations = 999", "wampcra.iterations"),
            ("[wampcra]\nkeylen = 8", "wampcra.keylen"),
            ("[scram]\niterations = 0", "scram.iterations"),
            ("[scram]\nkdf = 'pbkdf2'\niterations = 4095", "scram.iterations"),
            ("[scram]\nkdf = 'argon2id13'\nmemory = 7", "scram.memory"),
            ("[scram]\nkdf = 'pbkdf2'\nmemory = 4096", "scram.memory"),
            ("[cryptosign]\nkey = 'abc'", "cryptosign.key"),
            ("methods = ['jwt']", "jwt"),
            ("[cookie]\nmax_age = '0s'", "cookie.max_age"),
            ("[dynamic]", "dynamic.procedure"),
            ("[dynamic]\nprocedure = 'a..b'", "dynamic.procedure"),
            ("[dynamic]\nprocedure = 'a.b'\nmethods = ['ticket']", "dynamic.methods"),
            ("[dynamic]\nprocedure = 'a.b'\nconcurrency = 0", "dynamic.concurrency"),
            (
                "methods = ['jwt']\njwt = [{ secret = '0123456789abcdef0123456789abcdef', roles = ['user'] }]\n[dynamic]\nprocedure = 'a.b'\nmethods = ['jwt']",
                "dynamic.methods",
            ),
            ("[dynamic]\nprocedure = 'a.b'\ntime_limit = '0s'", "dynamic.time_limit"),
            ("[lockout]\nattempts = 0", "lockout.attempts"),
            ("[lockout]\naddress_attempts = 0", "lockout.address_attempts"),
            ("[lockout]\nrefill = '0s'", "lockout.refill"),
            ("[lockout]\naddress_refill = '0s'", "lockout.address_refill"),
            ("[lockout]\ndelay = '2s'\nmax_delay = '1s'", "lockout.max_delay"),
            ("decoy_key = 'too short'", "decoy_key"),
        ] {
            assert_eq!(problems(text), [key], "{text}");
        }
    }
}
