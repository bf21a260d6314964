//! The course of one judgement, from HELLO to the identity or the refusal.

use super::{
    Attempt, Authentication, Identity, Refusal, bearer,
    choice::{Offer, Who, has},
    cookies::{Proof, Remembered},
    dynamic,
    lockout::{Attempted, Locked, Suspect},
};
use crate::{
    admission::shorten,
    config::Method,
    principals::{Lookup, Principal},
};
use bytestring::ByteString;
use std::{sync::Arc, time::SystemTime};
use tokio::time::Instant;
use wamplex_shared::{
    message::{Authenticate, Challenge, Hello},
    uris::{error, wamplex},
    value::Dict,
};

/// Where the principals are kept of clients that prove nothing.
const STATIC: &str = "static";

impl Authentication {
    /// Finds out who a client is.
    ///
    /// # Errors
    /// It is not let in.
    pub(super) async fn judge(&self, attempt: Attempt) -> Result<Identity, Refusal> {
        let hello = attempt.shared_hello();
        self.find_out(attempt).await.map_err(|refusal| self.explain(refusal, &hello))
    }

    async fn find_out(&self, mut attempt: Attempt) -> Result<Identity, Refusal> {
        if let Some(authenticator) = self.gate.authenticator(&self.realm)
            && authenticator.takes(&attempt)
        {
            return authenticator.authenticate(attempt).await;
        }
        let offer = self.offer(&attempt)?;
        let hello = attempt.shared_hello();
        let who = if offer.methods == [Method::Anonymous] || offer.methods == [Method::Cookie] {
            Who::Nameless
        } else {
            self.identify(&hello, &offer).await?
        };
        let certified = self.certified(&hello, &offer).await?;
        let chosen = self.choose(&offer, &who, certified.is_some());
        let (identity, by) = match self.recall(&attempt, &offer, chosen.as_ref().ok()).await? {
            Some(Remembered { identity, by, .. }) => (resumed(identity), by.method),
            None => {
                let (method, dynamic) = chosen?;
                let case = Case { offer, who, certified, method, dynamic };
                let credential = case.principal().map(|known| known.digest(method));
                let identity = self.prove(&mut attempt, case).await?;
                // A token may have been shown as a ticket, and its bearer is not the principal who has the same name.
                let is_bearer = identity.authmethod == Method::Jwt.as_str();
                let by = if is_bearer { Method::Jwt } else { method };
                let credential = credential.filter(|_| !is_bearer);
                self.remember(&attempt, &identity, Proof { method: by, credential });
                (identity, by)
            }
        };
        check_role(&hello, &identity)?;
        tracing::debug!(realm = %self.realm, authid = ?identity.authid, method = %by, "authenticated");
        Ok(identity)
    }

    /// Adds to a refusal what somebody who reads the log has to know. What the client has chosen is escaped and cut.
    fn explain(&self, refusal: Refusal, hello: &Hello) -> Refusal {
        let authid = hello.details.authid.as_deref().map_or("", shorten);
        let offered = hello.details.authmethods.join(",");
        let reason = refusal.detail.as_deref().unwrap_or(&refusal.message);
        let realm = &self.realm;
        let detail = format!("{reason}; {authid:?} offers {:?} in {realm:?}", shorten(&offered));
        refusal.because(detail)
    }

    /// Carries out the method that was chosen.
    async fn prove(&self, attempt: &mut Attempt, case: Case) -> Result<Identity, Refusal> {
        match case.method {
            Method::Anonymous if case.dynamic => {
                self.by_procedure(attempt, Method::Anonymous).await
            }
            Method::Anonymous => self.anonymous(),
            Method::Tls => match &case.certified {
                Some(principal) => Ok(identity(principal, Method::Tls, Dict::new())),
                None => self.by_procedure(attempt, Method::Tls).await,
            },
            Method::Jwt => match bearer::token(attempt.peer()) {
                Some(token) => self.by_bearer(attempt, token),
                None => self.by_ticket(attempt, &case).await,
            },
            Method::Ticket => self.by_ticket(attempt, &case).await,
            Method::Cryptosign | Method::Scram | Method::Wampcra => {
                self.by_knowledge(attempt, &case).await
            }
            Method::Cookie => Err(Refusal::denied("a cookie that is not known")),
        }
    }

    /// The methods in which the client shows what it knows of a secret, without the secret.
    async fn by_knowledge(&self, attempt: &mut Attempt, case: &Case) -> Result<Identity, Refusal> {
        let (offer, name) = (&case.offer, case.who.name(&case.offer));
        // Before anybody is asked about the name.
        self.suspect(attempt, &name)?;
        let found = self.principal(attempt, case).await?;
        let extra = if case.method == Method::Cryptosign {
            self.by_cryptosign(attempt, offer, &found, &name).await?
        } else if case.method == Method::Scram {
            self.by_scram(attempt, offer, &found, &name).await?
        } else {
            self.by_wampcra(attempt, &found, &name).await?
        };
        // No proof fits a decoy; this is what makes sure of it.
        let principal = found.map_err(Refusal::denied)?;
        Ok(identity(&principal, case.method, extra))
    }

    /// The principal that has to prove itself; otherwise why there is none, for the log: the client is asked all the
    /// same.
    ///
    /// # Errors
    /// Whoever keeps the principals cannot say.
    async fn principal(&self, attempt: &Attempt, case: &Case) -> Result<Found, Refusal> {
        if let Some(principal) = case.who.principal() {
            let lack = || format!("a principal without a credential for {}", case.method);
            return Ok(has(principal, case.method).then(|| Arc::clone(principal)).ok_or_else(lack));
        }
        let Some(dynamic) = self.dynamic.as_ref().filter(|_| case.dynamic) else {
            return Ok(Err("no such principal".to_owned()));
        };
        match dynamic.ask(&self.realm, attempt, case.method, None).await {
            Err(refusal) if refusal.uri == error::AUTHENTICATION_DENIED => {
                Ok(Err(refusal.detail.unwrap_or(refusal.message)))
            }
            asked => asked.map(Ok),
        }
    }

    async fn by_procedure(&self, attempt: &Attempt, method: Method) -> Result<Identity, Refusal> {
        let Some(dynamic) = &self.dynamic else {
            return Err(Refusal::denied("no such principal"));
        };
        let principal = dynamic.ask(&self.realm, attempt, method, None).await?;
        Ok(identity(&principal, method, Dict::new()))
    }

    fn anonymous(&self) -> Result<Identity, Refusal> {
        let role = self.settings.anonymous.role.as_str();
        Ok(Identity::new(draw_authid()?, role, Method::Anonymous.as_str(), STATIC))
    }

    /// Who the client's browser is known to be, if no method was chosen that is stronger than the one it used then, and
    /// if it could use that again.
    ///
    /// # Errors
    /// Whoever keeps the principals cannot say.
    async fn recall(
        &self,
        attempt: &Attempt,
        offer: &Offer,
        chosen: Option<&(Method, bool)>,
    ) -> Result<Option<Remembered>, Refusal> {
        let token = attempt.peer().http.as_ref().and_then(|http| http.token);
        let Some(token) = token.filter(|_| offer.methods.contains(&Method::Cookie)) else {
            return Ok(None);
        };
        let found = self.gate.cookies.recall(token, &self.realm, Instant::now());
        let Some(mut found) = found else { return Ok(None) };
        let rank = |method| self.settings.methods.iter().position(|known| *known == method);
        let now = chosen.and_then(|(method, _)| rank(*method));
        let is_strong = rank(found.by.method).is_some_and(|then| now.is_none_or(|now| then <= now));
        let claimed = attempt.hello().details.authid.as_ref().filter(|authid| !authid.is_empty());
        let is_claimed = claimed.is_none_or(|claimed| *claimed == found.identity.authid);
        let ends = [found.identity.ends, found.identity.proof_ends].into_iter().flatten();
        let has_ended = ends.min().is_some_and(|end| end <= SystemTime::now());
        if !is_strong || !is_claimed || has_ended {
            return Ok(None);
        }
        if found.by.method == Method::Jwt || found.identity.authprovider == dynamic::PROVIDER {
            return Ok(Some(found));
        }
        let principal = self.find(Lookup::Authid(&found.identity.authid)).await?;
        let is_same = |principal: &Arc<Principal>| {
            let Proof { method, credential } = found.by;
            has(principal, method) && credential == Some(principal.digest(method))
        };
        let Some(principal) = principal.filter(is_same) else { return Ok(None) };
        found.identity.authrole = principal.role.clone();
        Ok(Some(found))
    }

    fn remember(&self, attempt: &Attempt, identity: &Identity, by: Proof) {
        let takes_cookies = self.settings.methods.contains(&Method::Cookie);
        let token = attempt.peer().http.as_ref().and_then(|http| http.token);
        let Some(token) = token.filter(|_| takes_cookies && by.method != Method::Anonymous) else {
            return;
        };
        let mut kept = identity.clone();
        // What a method says at the end is for this once.
        kept.authextra.remove("verifier");
        let mut age = self.settings.cookie.max_age;
        for ends in [identity.ends, identity.proof_ends].into_iter().flatten() {
            age = age.min(ends.duration_since(SystemTime::now()).unwrap_or_default());
        }
        let expires = Instant::now() + age;
        self.gate.cookies.remember(token, &self.realm, kept, by, expires);
    }

    /// Asks the client for a proof, unless too many have failed. One attempt is taken before anybody looks at it.
    ///
    /// # Errors
    /// Too many attempts have failed.
    pub(super) async fn ask(
        &self,
        attempt: &mut Attempt,
        name: &str,
        challenge: Challenge,
    ) -> Result<(Authenticate, Attempted), Refusal> {
        let suspect = self.suspect(attempt, name)?;
        let proof = attempt.challenge(challenge).await?;
        let attempted = self.gate.lockout.take(suspect, &self.settings.lockout, Instant::now());
        Ok((proof, attempted.map_err(|locked| refuse_locked(locked, name))?))
    }

    /// Whose failures this client's would be.
    ///
    /// # Errors
    /// Too many attempts have failed.
    fn suspect(&self, attempt: &Attempt, name: &str) -> Result<Suspect, Refusal> {
        let (lockout, settings) = (&self.gate.lockout, &self.settings.lockout);
        let suspect = lockout.suspect(&self.realm, name, attempt.peer(), settings);
        let checked = lockout.check(suspect, Instant::now());
        checked.map(|()| suspect).map_err(|locked| refuse_locked(locked, name))
    }

    /// Gives an attempt back unless the proof was wrong. `verdict` is about a principal, or about none.
    pub(super) fn settle<T>(
        &self,
        attempted: Attempted,
        is_known: bool,
        verdict: Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let (lockout, settings) = (&self.gate.lockout, &self.settings.lockout);
        match &verdict {
            Ok(_) if is_known => lockout.forgive(attempted, settings),
            Err(refusal) if refusal.uri == error::AUTHENTICATION_FAILED => {
                lockout.return_to(attempted, settings);
            }
            Ok(_) | Err(_) => {}
        }
        verdict
    }
}

/// What a client is judged by.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) offer: Offer,
    pub(super) who: Who,
    pub(super) certified: Option<Arc<Principal>>,
    pub(super) method: Method,
    /// Whether the dynamic authenticator knows the principal.
    pub(super) dynamic: bool,
}

impl Case {
    /// The principal that the proof is held against, if it is one that is kept here.
    fn principal(&self) -> Option<&Arc<Principal>> {
        if self.method == Method::Tls { self.certified.as_ref() } else { self.who.principal() }
    }
}

/// A principal, or why there is none.
pub(super) type Found = Result<Arc<Principal>, String>;

/// What a principal is in the session.
pub(super) fn identity(principal: &Principal, method: Method, extra: Dict) -> Identity {
    let Principal { authid, role, provider, .. } = principal;
    let mut identity =
        Identity::new(authid.clone(), role.clone(), method.as_str(), provider.clone());
    identity.authextra = principal.extra.clone();
    for (key, value) in extra {
        identity.authextra.insert(key, value);
    }
    identity
}

/// A name for somebody who has none.
///
/// # Errors
/// The operating system has no random numbers.
pub(super) fn draw_authid() -> Result<ByteString, Refusal> {
    Ok(format!("{:x}", getrandom::u64()?).into())
}

fn resumed(mut identity: Identity) -> Identity {
    identity.authmethod = ByteString::from_static(Method::Cookie.as_str());
    identity
}

/// A client may say which role it expects, but not get one by saying so.
fn check_role(hello: &Hello, identity: &Identity) -> Result<(), Refusal> {
    match hello.details.authrole.as_ref().filter(|role| !role.is_empty()) {
        Some(asked) if *asked != identity.authrole => Err(Refusal::new(
            error::NO_SUCH_ROLE,
            "the principal does not have the role that was asked for",
        )
        .because(format!("{:?} has the role {:?}", identity.authid, identity.authrole))),
        _ => Ok(()),
    }
}

pub(super) fn refuse_locked(locked: Locked, name: &str) -> Refusal {
    let Locked { wait, by_address } = locked;
    let whose = if by_address { "its address".to_owned() } else { format!("{name:?}") };
    let message = "too many attempts have failed, try again later";
    Refusal::new(wamplex::TOO_MANY_FAILURES, message)
        .because(format!("locked out for {wait:?} because of failures of {whose}"))
}
