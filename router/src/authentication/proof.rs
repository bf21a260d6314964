//! The methods by which a client proves that it knows something without saying it.

use super::{Attempt, Authentication, Refusal, choice::Offer, judge::Found};
use crate::{config::ChannelBindingRule, peer::Peer};
use data_encoding::BASE64URL_NOPAD;
use std::{hint::black_box, time::SystemTime};
use wamplex_shared::{
    auth::{BindingKind, ChannelBinding, ProofError, cryptosign, scram, wampcra},
    message::Hello,
    uris::error,
    value::{Dict, Value},
};

/// How many random octets a nonce has.
const NONCE: usize = 16;

impl Authentication {
    /// Cryptosign: the client signs a challenge with its private key ("WAMP: Cryptosign-based Authentication").
    ///
    /// # Errors
    /// The client does not have the private key, or the public key is not one of the principal's.
    pub(super) async fn by_cryptosign(
        &self,
        attempt: &mut Attempt,
        offer: &Offer,
        found: &Found,
        name: &str,
    ) -> Result<Dict, Refusal> {
        let request = offer.cryptosign.ok_or_else(|| Refusal::denied("no public key"))?;
        let rule = self.settings.cryptosign.channel_binding;
        let channel = bind(rule, attempt.hello(), attempt.peer())?;
        let challenge = draw()?;
        let router = self.key.as_ref();
        let challenger = cryptosign::Challenger::new(request, challenge, channel.as_ref(), router);
        let (proof, attempted) = self.ask(attempt, name, challenger.challenge()).await?;
        let is_theirs = |key: &cryptosign::PublicKey| {
            let key = key.to_bytes();
            found.as_ref().is_ok_and(|principal| principal.cryptosign.contains(&key))
        };
        let verdict = match challenger.verify(&proof) {
            Ok(key) if is_theirs(&key) => Ok(Dict::new()),
            Ok(_) => Err(Refusal::denied(lack(found, "a key that is not the principal's"))),
            Err(error) => Err(refuse(&error, found)),
        };
        self.settle(attempted, found.is_ok(), verdict)
    }

    /// WAMP-SCRAM: the client proves that it knows the password, and the router that it has what was derived from it
    /// ("WAMP: Salted Challenge Response Authentication"). What is returned is that proof of the router.
    ///
    /// # Errors
    /// The client does not know the password.
    pub(super) async fn by_scram(
        &self,
        attempt: &mut Attempt,
        offer: &Offer,
        found: &Found,
        name: &str,
    ) -> Result<Dict, Refusal> {
        let request = offer.scram.clone().ok_or_else(|| Refusal::denied("no nonce"))?;
        let rule = self.settings.scram.channel_binding;
        let channel = bind(rule, attempt.hello(), attempt.peer())?;
        // Made for known names too, or it could be told from the time it takes.
        let decoy = black_box(self.decoys.scram(&self.decoy_name(name)));
        let credentials = found.as_ref().ok().and_then(|p| p.scram.clone()).unwrap_or(decoy);
        let nonce: [u8; NONCE] = draw()?;
        // The name as the client has put it: it is part of what is signed.
        let claimed = attempt.hello().details.authid.clone().unwrap_or_default();
        let challenger = scram::Challenger::new(&claimed, request, &credentials, &nonce, channel)
            .map_err(|error| refuse(&error, found))?;
        let (proof, attempted) = self.ask(attempt, name, challenger.challenge()).await?;
        let verdict = challenger.verify(&proof).map_err(|error| refuse(&error, found));
        self.settle(attempted, found.is_ok(), verdict)
    }

    /// WAMP-CRA: the client signs a challenge with the shared secret ("WAMP: Challenge Response Authentication").
    ///
    /// # Errors
    /// The client does not know the secret.
    pub(super) async fn by_wampcra(
        &self,
        attempt: &mut Attempt,
        found: &Found,
        name: &str,
    ) -> Result<Dict, Refusal> {
        // Made for known names too, or it could be told from the time it takes.
        let decoy = black_box(self.decoys.wampcra(&self.decoy_name(name)));
        let key = found.as_ref().ok().and_then(|p| p.wampcra.clone()).unwrap_or(decoy);
        let nonce = BASE64URL_NOPAD.encode(&draw::<NONCE>()?);
        let timestamp = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
        let subject = wampcra::Subject {
            authid: name,
            // Who does not exist has neither role nor provider: nobody learns them from a challenge.
            authrole: "",
            authprovider: "",
            nonce: &nonce,
            timestamp: &timestamp,
            session: attempt.session(),
        };
        let challenger = wampcra::Challenger::new(key.key, key.salting, &subject);
        let (proof, attempted) = self.ask(attempt, name, challenger.challenge()).await?;
        let verdict = challenger.verify(&proof).map_err(|error| refuse(&error, found));
        self.settle(attempted, found.is_ok(), verdict.map(|()| Dict::new()))
    }
}

/// What the proof is bound to, if the client asks for that and the realm allows it.
///
/// # Errors
/// The client asks for what there is not, or does not ask for what there has to be.
fn bind(
    rule: ChannelBindingRule,
    hello: &Hello,
    peer: &Peer,
) -> Result<Option<ChannelBinding>, Refusal> {
    let asked = match hello.details.authextra.get("channel_binding") {
        None | Some(Value::Null) => None,
        Some(Value::Str(asked)) => Some(asked),
        Some(_) => return Err(Refusal::denied("a channel binding that is no text")),
    };
    let refuse = |message: &str| Err(Refusal::new(error::AUTHENTICATION_DENIED, message));
    let Some(asked) = asked else {
        if rule == ChannelBindingRule::Required {
            return refuse("this realm takes only proofs that are bound to the TLS connection");
        }
        return Ok(None);
    };
    let exporter = peer.tls.as_ref().and_then(|tls| tls.exporter);
    match (rule, BindingKind::from_name(asked), exporter) {
        (
            ChannelBindingRule::Optional | ChannelBindingRule::Required,
            Some(BindingKind::TlsExporter),
            Some(exporter),
        ) => Ok(Some(ChannelBinding::tls_exporter(exporter))),
        // Going on without it would be what somebody in between wants.
        _ => refuse("the channel binding that was asked for is not available"),
    }
}

fn draw<const N: usize>() -> Result<[u8; N], Refusal> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets)?;
    Ok(octets)
}

fn refuse(error: &ProofError, found: &Found) -> Refusal {
    Refusal::denied(lack(found, &error.to_string()))
}

/// For the log: why there is no principal, rather than what is wrong with the proof of nobody.
fn lack(found: &Found, otherwise: &str) -> String {
    found.as_ref().err().map_or_else(|| otherwise.to_owned(), Clone::clone)
}
