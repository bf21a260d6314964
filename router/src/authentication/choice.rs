//! Which method a client authenticates by: the strongest in the order of the realm that it offers and that its
//! principal has a credential for.

use super::{Attempt, Authentication, Refusal, bearer, dynamic::Dynamic};
use crate::{
    config::Method,
    principals::{Certificate, Lookup, Principal},
};
use bytestring::ByteString;
use std::sync::Arc;
use wamplex_shared::{
    auth::{cryptosign, scram},
    message::Hello,
    uris::error,
};

/// The methods that need a CHALLENGE and a principal, and for which there are decoys.
pub(super) const CHALLENGING: [Method; 4] =
    [Method::Cryptosign, Method::Scram, Method::Wampcra, Method::Ticket];

/// The longest authid that is looked up, in bytes.
const LONGEST_AUTHID: usize = 256;

/// What a client offers that the realm takes.
#[derive(Debug)]
pub(super) struct Offer {
    /// The strongest first.
    pub(super) methods: Vec<Method>,
    pub(super) cryptosign: Option<cryptosign::Request>,
    pub(super) scram: Option<scram::Request>,
    /// The certificate it has shown.
    pub(super) certificate: Option<Certificate>,
}

/// Who a client claims to be.
#[derive(Debug)]
pub(super) enum Who {
    /// A principal.
    Known(Arc<Principal>),
    /// A name that nobody has.
    Unknown(ByteString),
    /// It gives no name, and what it gives instead leads to nobody.
    Nameless,
}

impl Who {
    /// What failures are counted under, and decoys made of.
    pub(super) fn name(&self, offer: &Offer) -> String {
        match self {
            Self::Known(principal) => principal.authid.to_string(),
            Self::Unknown(authid) => authid.to_string(),
            Self::Nameless => offer
                .cryptosign
                .map_or_else(String::new, |request| request.public_key().to_string()),
        }
    }

    /// The authid; empty if there is none.
    fn authid(&self) -> &str {
        match self {
            Self::Known(principal) => &principal.authid,
            Self::Unknown(authid) => authid,
            Self::Nameless => "",
        }
    }

    pub(super) const fn principal(&self) -> Option<&Arc<Principal>> {
        match self {
            Self::Known(principal) => Some(principal),
            Self::Unknown(_) | Self::Nameless => None,
        }
    }
}

impl Authentication {
    /// What a client offers that this realm takes.
    ///
    /// # Errors
    /// It offers nothing of the kind.
    pub(super) fn offer(&self, attempt: &Attempt) -> Result<Offer, Refusal> {
        let extra = &attempt.hello().details.authextra;
        let certificate = attempt.peer().tls.as_ref().and_then(|tls| tls.certificates.first());
        let mut offer = Offer {
            methods: Vec::new(),
            cryptosign: cryptosign::Request::read(extra).ok(),
            scram: scram::Request::read(extra).ok(),
            certificate: certificate.and_then(|der| Certificate::from_der(der).ok()),
        };
        let mut unfit = None;
        for method in self.settings.methods.iter().copied() {
            let Some(method) = self.offered(method, attempt) else { continue };
            match self.lack(method, &offer, attempt) {
                Some(lack) => _ = unfit.get_or_insert((method, lack)),
                None => offer.methods.push(method),
            }
        }
        if offer.methods.is_empty() { Err(self.mismatch(attempt, unfit)) } else { Ok(offer) }
    }

    /// What the client would need besides to use a method that it offers.
    fn lack(&self, method: Method, offer: &Offer, attempt: &Attempt) -> Option<&'static str> {
        let (has_it, lack) = match method {
            Method::Cryptosign => (offer.cryptosign.is_some(), "a public key in authextra"),
            Method::Scram => (offer.scram.is_some(), "a nonce in authextra"),
            Method::Tls => (offer.certificate.is_some(), "a certificate of the client"),
            Method::Ticket => {
                let is_open = self.is_too_open_for_tickets(attempt);
                (!is_open, "a connection that nobody else can read")
            }
            Method::Wampcra | Method::Jwt | Method::Cookie | Method::Anonymous => return None,
        };
        (!has_it).then_some(lack)
    }

    /// The method that it comes to if a client offers `method`; `None` if the client does not.
    fn offered(&self, method: Method, attempt: &Attempt) -> Option<Method> {
        if attempt.hello().details.authmethods.is_empty() {
            // A program that knows nothing of WAMP's methods can still show a token to HTTP.
            let is_shown = method == Method::Jwt && bearer::token(attempt.peer()).is_some();
            return (method == Method::Anonymous || is_shown).then_some(method);
        }
        if attempt.offers(method.as_str()) {
            return Some(method);
        }
        // A client that does not know tokens shows one as a ticket.
        let as_ticket = method == Method::Jwt
            && attempt.offers(Method::Ticket.as_str())
            && !self.settings.methods.contains(&Method::Ticket);
        as_ticket.then_some(Method::Ticket)
    }

    fn is_too_open_for_tickets(&self, attempt: &Attempt) -> bool {
        self.settings.ticket.confidential_only && !attempt.peer().is_confidential()
    }

    fn mismatch(&self, attempt: &Attempt, unfit: Option<(Method, &str)>) -> Refusal {
        if let Some((method, lack)) = unfit {
            let message = format!("the method {method} needs {lack}");
            return Refusal::new(error::NO_MATCHING_AUTH_METHOD, message);
        }
        let taken: Vec<_> = self.settings.methods.iter().map(|method| method.as_str()).collect();
        let taken = taken.join(", ");
        let offered = &attempt.hello().details.authmethods;
        if offered.iter().all(|method| method == Method::Anonymous.as_str()) {
            let message = format!("this realm lets nobody in without a proof: it takes {taken}");
            return Refusal::new(error::AUTHENTICATION_REQUIRED, message);
        }
        let message = format!("none of the methods offered is one of this realm's: {taken}");
        Refusal::new(error::NO_MATCHING_AUTH_METHOD, message)
    }

    /// Looks up who a client claims to be.
    ///
    /// # Errors
    /// Whoever keeps the principals cannot say.
    pub(super) async fn identify(&self, hello: &Hello, offer: &Offer) -> Result<Who, Refusal> {
        if let Some(authid) = hello.details.authid.as_ref().filter(|authid| !authid.is_empty()) {
            if authid.len() > LONGEST_AUTHID {
                return Err(Refusal::denied(format!("an authid of {} bytes", authid.len())));
            }
            // Failures of those who give no name are counted under names that nobody can give.
            if authid.contains(char::is_control) {
                return Err(Refusal::denied("an authid with control characters"));
            }
            let found = self.find(Lookup::Authid(authid)).await?;
            return Ok(found.map_or_else(|| Who::Unknown(authid.clone()), Who::Known));
        }
        if let Some(request) = &offer.cryptosign
            && offer.methods.contains(&Method::Cryptosign)
        {
            let key = request.public_key().to_bytes();
            return Ok(self.find(Lookup::PublicKey(&key)).await?.map_or(Who::Nameless, Who::Known));
        }
        Ok(Who::Nameless)
    }

    /// The principal that the client's certificate belongs to, unless the client claims to be another one.
    ///
    /// # Errors
    /// Whoever keeps the principals cannot say.
    pub(super) async fn certified(
        &self,
        hello: &Hello,
        offer: &Offer,
    ) -> Result<Option<Arc<Principal>>, Refusal> {
        let Some(certificate) = &offer.certificate else { return Ok(None) };
        if !offer.methods.contains(&Method::Tls) {
            return Ok(None);
        }
        let found = self.find(Lookup::Certificate(certificate)).await?;
        let claimed = hello.details.authid.as_ref().filter(|authid| !authid.is_empty());
        let is_claimed =
            |principal: &Arc<Principal>| claimed.is_none_or(|c| *c == principal.authid);
        Ok(found.filter(is_claimed))
    }

    /// Looks for a principal.
    ///
    /// # Errors
    /// Whoever keeps the principals cannot say.
    pub(super) async fn find(&self, who: Lookup<'_>) -> Result<Option<Arc<Principal>>, Refusal> {
        let found = self.principals.find(&self.realm, who).await;
        found.map_err(|error| Refusal::failed(error.to_string()))
    }

    /// The method to authenticate by, and whether the dynamic authenticator judges.
    ///
    /// A principal that has no credential for anything offered is asked for the strongest method of the offer all the
    /// same, as is a name that nobody has: neither can be told from one whose proof is wrong.
    ///
    /// # Errors
    /// Nothing of the offer can be tried without a name.
    pub(super) fn choose(
        &self,
        offer: &Offer,
        who: &Who,
        is_certified: bool,
    ) -> Result<(Method, bool), Refusal> {
        // For known names too, or it could be told from the time it takes.
        let decoy = std::hint::black_box(self.decoys.method(&self.decoy_name(who.authid())));
        for &method in &offer.methods {
            // Who comes in as nobody does so under any name, also under that of a principal.
            let is_nobody = who.principal().is_none() || method == Method::Anonymous;
            let dynamic = is_nobody && self.is_dynamic(method, who);
            let is_open = match (method, who) {
                (Method::Cookie, _) => false,
                (Method::Jwt, _) | (Method::Anonymous, _) => true,
                (Method::Tls, _) => is_certified || dynamic,
                (_, Who::Known(principal)) => has(principal, method),
                (_, Who::Unknown(_)) => dynamic || decoy == Some(method),
                (Method::Cryptosign, Who::Nameless) => true,
                (Method::Ticket, Who::Nameless) => dynamic || self.takes_tokens(),
                (Method::Scram | Method::Wampcra, Who::Nameless) => false,
            };
            if is_open {
                let dynamic = dynamic && !(method == Method::Tls && is_certified);
                return Ok((method, dynamic));
            }
        }
        let is_asked_for = |method: &&Method| CHALLENGING.contains(*method);
        match (offer.methods.iter().find(is_asked_for), who) {
            (Some(method), Who::Nameless) => Err(Refusal::new(
                error::AUTHENTICATION_DENIED,
                format!("the method {method} needs an authid"),
            )),
            (Some(&method), _) => Ok((method, false)),
            (None, _) => Err(Refusal::denied("neither a cookie nor a certificate that is known")),
        }
    }

    fn is_dynamic(&self, method: Method, who: &Who) -> bool {
        let needs_name = matches!(method, Method::Scram | Method::Wampcra);
        let takes = |dynamic: &Dynamic| dynamic.takes(method, &self.settings.methods);
        self.dynamic.as_ref().is_some_and(takes) && !(needs_name && matches!(who, Who::Nameless))
    }

    pub(super) fn takes_tokens(&self) -> bool {
        self.tokens.is_some() && self.settings.methods.contains(&Method::Jwt)
    }

    /// What the decoy of a name is made of: another one in each realm.
    pub(super) fn decoy_name(&self, name: &str) -> String {
        format!("{}\0{name}", self.realm)
    }
}

/// Whether a principal has a credential for a method.
pub(super) fn has(principal: &Principal, method: Method) -> bool {
    match method {
        Method::Cryptosign => !principal.cryptosign.is_empty(),
        Method::Scram => principal.scram.is_some(),
        Method::Wampcra => principal.wampcra.is_some(),
        Method::Ticket => principal.ticket.is_some(),
        Method::Tls => !principal.certificates.is_empty(),
        Method::Jwt | Method::Cookie | Method::Anonymous => false,
    }
}
