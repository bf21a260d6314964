//! What a token says, and whether that lets its bearer in.

use super::Wrong;
use crate::config::{JwtSettings, json_value};
use serde_json::{Map, Value as Json};
use wamplex_shared::value::Dict;

/// The claims of a token whose signature is right.
pub(super) struct Claims(Map<String, Json>);

/// What the claims say of the bearer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Bearer {
    pub(super) authid: String,
    pub(super) role: String,
    pub(super) extra: Dict,
    /// When the token expires, in seconds since 1970.
    pub(super) expires: u64,
}

impl Claims {
    pub(super) const fn new(claims: Map<String, Json>) -> Self {
        Self(claims)
    }

    /// Judges the claims at a time, in seconds since 1970.
    ///
    /// # Errors
    /// Says why they let nobody in.
    pub(super) fn judge(&self, settings: &JwtSettings, now: u64) -> Result<Bearer, Wrong> {
        let leeway = settings.leeway.as_secs();
        let expires = self.time("exp")?.ok_or(Wrong::Claim("exp", "is missing"))?;
        if now >= expires.saturating_add(leeway) {
            return Err(Wrong::Claim("exp", "is over"));
        }
        if self.time("nbf")?.is_some_and(|from| now.saturating_add(leeway) < from) {
            return Err(Wrong::Claim("nbf", "is still to come"));
        }
        self.judge_issuer(settings)?;
        self.judge_audience(settings)?;
        Ok(Bearer {
            authid: self.authid(settings)?,
            role: self.role(settings)?,
            extra: self.extra(settings),
            expires,
        })
    }

    fn judge_issuer(&self, settings: &JwtSettings) -> Result<(), Wrong> {
        let Some(expected) = &settings.issuer else { return Ok(()) };
        match self.0.get("iss") {
            None => Err(Wrong::Claim("iss", "is missing")),
            Some(Json::String(issuer)) if issuer == expected => Ok(()),
            Some(_) => Err(Wrong::Claim("iss", "names another issuer")),
        }
    }

    fn judge_audience(&self, settings: &JwtSettings) -> Result<(), Wrong> {
        let is_meant = |audience: &Json| {
            audience
                .as_str()
                .is_some_and(|audience| settings.audience.iter().any(|a| a == audience))
        };
        match self.0.get("aud") {
            None if settings.audience.is_empty() => Ok(()),
            None => Err(Wrong::Claim("aud", "is missing")),
            Some(Json::Array(audiences)) if audiences.iter().any(is_meant) => Ok(()),
            Some(audience) if is_meant(audience) => Ok(()),
            Some(_) => Err(Wrong::Claim("aud", "names others only")),
        }
    }

    fn authid(&self, settings: &JwtSettings) -> Result<String, Wrong> {
        match self.claim(&settings.authid_claim) {
            None => Err(Wrong::Authid("is missing")),
            Some(Json::String(text)) if text.is_empty() => Err(Wrong::Authid("is empty")),
            Some(Json::String(text)) if text.contains(char::is_control) => {
                Err(Wrong::Authid("has control characters"))
            }
            Some(Json::String(text)) => Ok(text.clone()),
            Some(_) => Err(Wrong::Authid("is no text")),
        }
    }

    /// The role, which is always one of those that the issuer may give.
    fn role(&self, settings: &JwtSettings) -> Result<String, Wrong> {
        let Some(claim) = self.claim(&settings.role_claim) else {
            let role = settings.default_role.as_ref().filter(|role| settings.roles.contains(role));
            return role.cloned().ok_or(Wrong::Role("is missing"));
        };
        let several = claim.as_array().map_or(&[][..], Vec::as_slice);
        let has = |role: &&String| {
            let is_it = |given: &Json| given.as_str() == Some(role.as_str());
            is_it(claim) || several.iter().any(is_it)
        };
        let found = settings.roles.iter().find(has);
        found.cloned().ok_or(Wrong::Role("is none that the issuer may give"))
    }

    fn extra(&self, settings: &JwtSettings) -> Dict {
        let claims = settings.extra_claims.iter();
        claims.filter_map(|name| Some((name.as_str(), json_value(self.claim(name)?)))).collect()
    }

    /// The claim of this name or, if there is none, the one that dots in it lead to.
    fn claim(&self, name: &str) -> Option<&Json> {
        self.0.get(name).or_else(|| {
            let (first, rest) = name.split_once('.')?;
            rest.split('.').try_fold(self.0.get(first)?, |object, key| object.get(key))
        })
    }

    /// A time in seconds since 1970; fractions are dropped.
    fn time(&self, name: &'static str) -> Result<Option<u64>, Wrong> {
        let Some(claim) = self.0.get(name) else { return Ok(None) };
        let seconds = claim.as_u64().or_else(|| {
            // The cast saturates, and what is no number has become none before.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            claim.as_f64().filter(|seconds| *seconds >= 0.0).map(|seconds| seconds as u64)
        });
        seconds.map(Some).ok_or(Wrong::Claim(name, "is no time"))
    }
}
