//! Tokens that somebody else has signed: JSON Web Tokens (RFC 7519, with the advice of RFC 8725).
//!
//! A key is for one algorithm, which the configuration or the key itself names; what the token says of it has to agree and
//! decides nothing. Keys, addresses of keys and certificates in tokens are not looked at.

mod claims;
mod keys;
#[cfg(test)]
mod tests;

use crate::{
    authentication::Identity,
    config::{HmacAlgorithm, JwtSettings, Problem},
    watching::{WatchedFile, Watching},
};
use claims::{Bearer, Claims};
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::Algorithm;
use keys::{Keys, NoKey};
use serde::Deserialize;
use std::{
    fmt,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

/// The longest token that is looked at, in bytes. More does not fit into the header of an HTTP request either.
const LONGEST: usize = 16 << 10;

/// Judges the tokens of a realm.
#[derive(Debug)]
pub(crate) struct Tokens {
    issuers: Vec<Issuer>,
}

/// Somebody whose tokens are taken.
#[derive(Debug)]
struct Issuer {
    settings: JwtSettings,
    keys: KeySource,
}

#[derive(Debug)]
enum KeySource {
    Secret(Keys),
    File(Arc<WatchedFile<Keys>>),
}

/// What a token proves.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Accepted {
    /// Who the bearer is.
    pub(crate) identity: Identity,
    /// When the session has to end; `None` if it may outlive the token.
    pub(crate) ends: Option<SystemTime>,
    /// When the token is over; `None` if no clock will ever show that.
    pub(crate) expires: Option<SystemTime>,
}

/// Why a token lets nobody in. Says nothing of what is secret in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub(crate) enum Wrong {
    /// It is no token.
    #[error("it is no signed token")]
    Malformed,
    /// It wants something to be understood that is not.
    #[error("its header asks for what is not known here")]
    Header,
    /// It names a key that there is not.
    #[error("it is signed with a key that is not known")]
    UnknownKey,
    /// It names no key.
    #[error("it does not say which of several keys it is signed with")]
    UnnamedKey,
    /// Its algorithm is not that of the key.
    #[error("its algorithm is not the one that its key is for")]
    Algorithm,
    /// Its signature is wrong.
    #[error("its signature is wrong")]
    Signature,
    /// A claim of the standard is not as it has to be.
    #[error("its claim `{0}` {1}")]
    Claim(&'static str, &'static str),
    /// The claim for the authid is not as it has to be.
    #[error("its claim for the authid {0}")]
    Authid(&'static str),
    /// The claim for the role is not as it has to be.
    #[error("its claim for the role {0}")]
    Role(&'static str),
}

/// What a token says of itself. The same key twice is an error.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    #[serde(default)]
    typ: Option<String>,
    /// Whatever has to be understood is not.
    #[serde(default)]
    crit: Option<serde_json::Value>,
    #[serde(default)]
    enc: Option<serde_json::Value>,
    #[serde(default)]
    zip: Option<serde_json::Value>,
}

impl Tokens {
    /// Gets ready to judge the tokens of these issuers. Reads files, and reads them again when they change.
    ///
    /// # Errors
    /// Says which key of the configuration is wrong, or which file cannot be used.
    pub(crate) fn open(issuers: &[JwtSettings], watching: &Watching) -> Result<Self, Problem> {
        let open = |(i, settings): (usize, &JwtSettings)| {
            Issuer::open(settings, watching).map_err(|problem| problem.below(&format!("[{i}]")))
        };
        Ok(Self { issuers: issuers.iter().enumerate().map(open).collect::<Result<_, _>>()? })
    }

    /// Judges a token now.
    ///
    /// # Errors
    /// Says why it lets nobody in.
    pub(crate) fn judge(&self, token: &str) -> Result<Accepted, Wrong> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        // With a clock that stands before 1970, everything has expired.
        self.judge_at(token, now.map_or(u64::MAX, |now| now.as_secs()))
    }

    /// Judges a token at a time, in seconds since 1970.
    fn judge_at(&self, token: &str, now: u64) -> Result<Accepted, Wrong> {
        let mut worst = Wrong::Malformed;
        for issuer in &self.issuers {
            match issuer.judge(token, now) {
                Ok(accepted) => return Ok(accepted),
                // What the issuer says whose signature it bears tells more than what the others say.
                Err(wrong) => worst = worst.max(wrong),
            }
        }
        Err(worst)
    }
}

impl Issuer {
    fn open(settings: &JwtSettings, watching: &Watching) -> Result<Self, Problem> {
        let keys = match (&settings.secret, &settings.jwks) {
            (Some(secret), None) => {
                let algorithm = settings.algorithm.into();
                KeySource::Secret(Keys::of_secret(secret.expose().as_bytes(), algorithm))
            }
            (None, Some(path)) => KeySource::File(open_keys(path, watching)?),
            (Some(_), Some(_)) => return Err(Problem::new("", "`secret` or `jwks`", "both")),
            (None, None) => return Err(Problem::new("", "`secret` or `jwks`", "neither")),
        };
        Ok(Self { settings: settings.clone(), keys })
    }

    fn judge(&self, token: &str, now: u64) -> Result<Accepted, Wrong> {
        let claims = match &self.keys {
            KeySource::Secret(keys) => verify(token, keys)?,
            KeySource::File(file) => verify(token, &file.get())?,
        };
        let bearer = claims.judge(&self.settings, now)?;
        let lives = Duration::from_secs(bearer.expires).saturating_add(self.settings.leeway);
        let expires = SystemTime::UNIX_EPOCH.checked_add(lives);
        let ends = expires.filter(|_| self.settings.end_at_expiry);
        Ok(Accepted { ends, expires, identity: self.identity(bearer) })
    }

    fn identity(&self, bearer: Bearer) -> Identity {
        let provider = self.settings.provider.as_str();
        let mut identity = Identity::new(bearer.authid, bearer.role, "jwt", provider);
        identity.authextra = bearer.extra;
        identity
    }
}

impl From<HmacAlgorithm> for Algorithm {
    fn from(algorithm: HmacAlgorithm) -> Self {
        match algorithm {
            HmacAlgorithm::HS256 => Self::HS256,
            HmacAlgorithm::HS384 => Self::HS384,
            HmacAlgorithm::HS512 => Self::HS512,
        }
    }
}

fn open_keys(path: &Path, watching: &Watching) -> Result<Arc<WatchedFile<Keys>>, Problem> {
    let problem =
        |why: &dyn fmt::Display| Problem::new("jwks", "a file with a JSON Web Key Set", why);
    let file = Arc::new(WatchedFile::open(path, Keys::of_set).map_err(|why| problem(&why))?);
    watching.add(&file).map_err(|why| problem(&why))?;
    Ok(file)
}

/// Checks the signature, and only then looks at the claims.
fn verify(token: &str, keys: &Keys) -> Result<Claims, Wrong> {
    if token.len() > LONGEST {
        return Err(Wrong::Malformed);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(Wrong::Malformed)?;
    let (header, claims) = message.split_once('.').ok_or(Wrong::Malformed)?;
    let decode = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| Wrong::Malformed);
    let (header, claims) = (decode(header)?, decode(claims)?);
    decode(signature)?;
    let header: Header = serde_json::from_slice(&header).map_err(|_| Wrong::Malformed)?;
    if header.crit.is_some() || header.enc.is_some() || header.zip.is_some() || !is_token(&header) {
        return Err(Wrong::Header);
    }
    let fitting =
        keys.for_token(header.kid.as_deref(), &header.alg).map_err(|none| match none {
            NoKey::Unknown => Wrong::UnknownKey,
            NoKey::Unnamed => Wrong::UnnamedKey,
            NoKey::Algorithm => Wrong::Algorithm,
        })?;
    if !fitting.iter().any(|key| key.verifies(message, signature)) {
        return Err(Wrong::Signature);
    }
    serde_json::from_slice(&claims).map(Claims::new).map_err(|_| Wrong::Malformed)
}

/// Whether a token says that it is one for access, if it says anything: issuers sign other things with the same keys.
fn is_token(header: &Header) -> bool {
    let Some(kind) = header.typ.as_deref() else { return true };
    let kind = kind.to_ascii_lowercase();
    matches!(kind.strip_prefix("application/").unwrap_or(&kind), "jwt" | "at+jwt")
}
