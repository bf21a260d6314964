//! Tokens that somebody else has signed, as a configuration describes them.

use super::{Problems, Secret, units};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{path::PathBuf, time::Duration};

/// Somebody whose signed tokens (JSON Web Tokens, RFC 7519) are taken for a proof: with the method `jwt`, as the ticket of
/// `ticket`, and as the bearer of HTTP requests.
///
/// ```
/// use wamplex_router::config::JwtSettings;
/// let settings: JwtSettings = toml::from_str(
///     r#"
///     jwks = "keys.json"
///     issuer = "https://login.example.com"
///     audience = ["wamplex"]
///     roles = ["user", "admin"]
///     "#,
/// )
/// .unwrap();
/// assert_eq!(settings.authid_claim, "sub");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct JwtSettings {
    /// The key that issuer and router share, for tokens signed with HMAC: as many octets as the hash has, at least. This,
    /// or `jwks`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// How tokens are signed with `secret`; keys of a `jwks` say that themselves.
    pub algorithm: HmacAlgorithm,
    /// A file with the keys of the issuer (JSON Web Key Set, RFC 7517), read again when it changes. This, or `secret`.
    #[schemars(with = "Option<units::path>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = "keys.json")]
    pub jwks: Option<PathBuf>,
    /// What the claim `iss` has to be. Without it, the key alone says who the issuer is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = "https://login.example.com")]
    pub issuer: Option<String>,
    /// Of these the claim `aud` has to name one. Without any, tokens are taken that have no such claim.
    #[schemars(example = ["wamplex"])]
    pub audience: Vec<String>,
    /// By how much the issuer's clock may differ from the router's.
    #[serde(with = "units::duration")]
    pub leeway: Duration,
    /// The claim that names the principal.
    pub authid_claim: String,
    /// The claim that names the role, or a list of roles, of which the first one of `roles` is taken. Dots lead into
    /// objects: `realm_access.roles`.
    pub role_claim: String,
    /// The roles that this issuer may give. Tokens with others are refused.
    #[schemars(example = ["user"])]
    pub roles: Vec<String>,
    /// The role of those whose token has no claim for it, one of `roles`. Without it such tokens are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"user")]
    pub default_role: Option<String>,
    /// Claims that WELCOME shows in `authextra`.
    #[schemars(example = ["email"])]
    pub extra_claims: Vec<String>,
    /// What WELCOME says in `authprovider`.
    pub provider: String,
    /// Whether sessions end when their token does.
    pub end_at_expiry: bool,
}

/// How tokens are signed with a shared key.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[non_exhaustive]
pub enum HmacAlgorithm {
    /// HMAC with SHA-256.
    #[default]
    HS256,
    /// HMAC with SHA-384.
    HS384,
    /// HMAC with SHA-512.
    HS512,
}

/// The most that clocks may differ: beyond it, times mean nothing.
const MOST_LEEWAY: Duration = Duration::from_secs(10 * 60);

impl Default for JwtSettings {
    fn default() -> Self {
        Self {
            secret: None,
            algorithm: HmacAlgorithm::default(),
            jwks: None,
            issuer: None,
            audience: Vec::new(),
            leeway: Duration::from_secs(30),
            authid_claim: "sub".to_owned(),
            role_claim: "role".to_owned(),
            roles: Vec::new(),
            default_role: None,
            extra_claims: Vec::new(),
            provider: "jwt".to_owned(),
            end_at_expiry: false,
        }
    }
}

impl HmacAlgorithm {
    /// The fewest octets that a key may have (RFC 7518, section 3.2).
    pub(crate) const fn key_length(self) -> usize {
        match self {
            Self::HS256 => 32,
            Self::HS384 => 48,
            Self::HS512 => 64,
        }
    }
}

impl JwtSettings {
    /// Notes what cannot be as it is, beyond what the types say. Files are not opened.
    pub fn check(&self, problems: &mut Problems) {
        match (&self.secret, &self.jwks) {
            (Some(_), Some(_)) => problems.add("", "`secret` or `jwks`", "both"),
            (None, None) => problems.add("", "`secret` or `jwks`", "neither"),
            (Some(secret), None) => {
                let least = self.algorithm.key_length();
                let is_long = secret.expose().len() >= least;
                problems.expect(is_long, "secret", format!("{least} octets at least"), "less");
            }
            (None, Some(_)) => {}
        }
        let texts = [
            ("issuer", self.issuer.as_deref()),
            ("authid_claim", Some(&*self.authid_claim)),
            ("role_claim", Some(&*self.role_claim)),
            ("provider", Some(&*self.provider)),
        ];
        for (key, text) in texts {
            problems.expect(text.is_none_or(|text| !text.is_empty()), key, "a text", "nothing");
        }
        let enough = self.leeway <= MOST_LEEWAY;
        problems.expect(enough, "leeway", "10 minutes at most", "more");
        problems.expect(
            !self.roles.is_empty(),
            "roles",
            "the roles that the issuer may give",
            "none",
        );
        if let Some(role) = &self.default_role {
            problems.expect(self.roles.contains(role), "default_role", "one of `roles`", role);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_named_by_its_key() {
        let base = "secret = '0123456789abcdef0123456789abcdef'\nroles = ['user']\n";
        for (text, expected) in [
            (base.to_owned(), None),
            (format!("{base}jwks = 'keys.json'"), Some("")),
            ("roles = ['user']".to_owned(), Some("")),
            ("roles = ['user']\nsecret = 'short'".to_owned(), Some("secret")),
            (format!("{base}algorithm = 'HS384'"), Some("secret")),
            (base.replace("['user']", "[]"), Some("roles")),
            (format!("{base}default_role = 'admin'"), Some("default_role")),
            (format!("{base}default_role = 'user'"), None),
            (format!("{base}leeway = '11m'"), Some("leeway")),
            (format!("{base}issuer = ''"), Some("issuer")),
            (format!("{base}role_claim = ''"), Some("role_claim")),
            (format!("{base}authid_claim = ''"), Some("authid_claim")),
            (format!("{base}provider = ''"), Some("provider")),
        ] {
            let settings: JwtSettings = toml::from_str(&text).unwrap();
            let mut problems = Problems::default();
            settings.check(&mut problems);
            let found: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{text}");
        }
        for text in ["algorithm = 'RS256'", "algorithm = 'none'", "password = 'x'"] {
            assert!(toml::from_str::<JwtSettings>(text).is_err(), "{text}");
        }
    }
}
