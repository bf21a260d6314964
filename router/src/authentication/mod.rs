//! Who a client is: from its HELLO to the identity of its session, or to a refusal ("WAMP: Authentication").
//!
//! `choice` picks the method, `proof` and `ticket` carry it out, `dynamic` asks a procedure, `decoy` stands in for
//! principals that do not exist, `lockout` slows those down who guess, `cookies` recognises browsers. `exchange` takes
//! all that step by step with the client's messages.

mod attempt;
mod bearer;
mod choice;
mod cookies;
mod decoy;
mod dynamic;
mod exchange;
mod expiry;
mod gate;
mod identity;
mod inside;
mod judge;
mod jwt;
mod lockout;
mod proof;
#[cfg(test)]
mod tests;
mod ticket;

pub use attempt::{Attempt, Authenticator, Judging};
pub(crate) use cookies::{Cookies, Token};
pub(crate) use dynamic::Procedures;
pub(crate) use exchange::{Exchange, Step};
pub(crate) use expiry::Expiry;
pub(crate) use gate::Gate;
pub use identity::{Identity, Refusal};
pub(crate) use jwt::Tokens;

use crate::{
    config::{AuthenticationSettings, Method, Problem, RealmSettings},
    peer::Peer,
    principals::Principals,
};
use decoy::Decoys;
use dynamic::Dynamic;
use std::sync::Arc;
use wamplex_shared::{
    auth::{CredentialError, cryptosign},
    id::SessionId,
    message::Hello,
};

/// How one realm finds out who its clients are. Made from its settings, and again when they change.
#[derive(Debug)]
pub(crate) struct Authentication {
    realm: String,
    settings: AuthenticationSettings,
    principals: Arc<dyn Principals>,
    tokens: Option<Tokens>,
    dynamic: Option<Dynamic>,
    /// With which the router proves itself to clients that ask for that.
    key: Option<cryptosign::Key>,
    decoys: Decoys,
    gate: Arc<Gate>,
}

/// Whom a realm asks about its clients.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) principals: Arc<dyn Principals>,
    pub(crate) tokens: Option<Tokens>,
    /// How procedures are called; without it a dynamic authenticator turns everybody away.
    pub(crate) procedures: Option<Arc<dyn Procedures>>,
}

/// Settings of authentication that cannot be put into practice.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The key of the router is none.
    #[error("the key for cryptosign: {0}")]
    Key(#[from] CredentialError),
    /// A key of the realm's configuration cannot be put into practice.
    #[error("{0}")]
    Settings(Problem),
    /// The operating system gives no random numbers.
    #[error("cannot draw random numbers: {0}")]
    Randomness(#[from] getrandom::Error),
}

impl Authentication {
    /// Puts the settings of a realm into practice, with the sources that they name. Reads files, and derives keys from
    /// passwords.
    ///
    /// # Errors
    /// A source cannot be opened, the key of the router is malformed, or there are no random numbers.
    pub(crate) fn of_realm(settings: &RealmSettings, gate: &Arc<Gate>) -> Result<Self, SetupError> {
        let RealmSettings { name, authentication, principals, principals_from, .. } = settings;
        let found = gate.sources.open(principals, principals_from).map_err(SetupError::Settings)?;
        let tokens = match &authentication.jwt[..] {
            [] => None,
            issuers => {
                let within = |problem: Problem| problem.below("authentication.jwt");
                let tokens = Tokens::open(issuers, &gate.watching).map_err(within);
                Some(tokens.map_err(SetupError::Settings)?)
            }
        };
        let procedures = Some(Arc::clone(&gate.inside) as Arc<dyn Procedures>);
        let sources = Sources { principals: Arc::new(found), tokens, procedures };
        Self::new(name.as_str(), authentication.clone(), sources, Arc::clone(gate))
    }

    /// Puts the settings of a realm into practice.
    ///
    /// # Errors
    /// The key of the router is malformed, or there are no random numbers.
    pub(crate) fn new(
        realm: impl Into<String>,
        settings: AuthenticationSettings,
        sources: Sources,
        gate: Arc<Gate>,
    ) -> Result<Self, SetupError> {
        let Sources { principals, tokens, procedures } = sources;
        let key = settings.cryptosign.key.as_ref();
        let key = key.map(|key| cryptosign::Key::from_hex(key.expose())).transpose()?;
        let decoys = Decoys::new(&settings, &gate)?;
        let dynamic = settings.dynamic.clone().map(|dynamic| Dynamic::new(dynamic, procedures));
        if settings.methods.contains(&Method::Cookie) {
            gate.cookies.use_for(settings.cookie.max_age);
        }
        let realm = realm.into();
        Ok(Self { realm, settings, principals, tokens, dynamic, key, decoys, gate })
    }

    /// Begins the conversation with a client that would have this session.
    pub(crate) fn open(
        self: &Arc<Self>,
        hello: &Hello,
        peer: &Peer,
        session: SessionId,
    ) -> Exchange {
        let (attempt, client) = Attempt::new(hello.clone(), peer.clone(), session);
        let this = Arc::clone(self);
        Exchange::new(Box::pin(async move { this.judge(attempt).await }), client)
    }
}
