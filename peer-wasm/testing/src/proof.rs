//! What a client is asked for, and whether its answer is right.

use crate::door::{Identity, Step, User};
use bytestring::ByteString;
use wamplex_realm::format_timestamp;
use wamplex_shared::{
    auth::{
        Decoy, cryptosign,
        method::{CRYPTOSIGN, SCRAM, TICKET, WAMPCRA},
        scram::{self, Cost},
        ticket,
        wampcra::{self, Key, Subject},
    },
    id::{GlobalIds, SessionId},
    message::{Abort, Authenticate, Challenge, Hello},
    uris::error,
    value::{Dict, Value},
};

/// A client that was asked for a proof.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) hello: Hello,
    pub(crate) session: SessionId,
    /// Nobody if there is no such user: the client is asked all the same.
    user: Option<User>,
    asked: Asked,
}

/// What a client is asked for.
#[derive(Debug)]
enum Asked {
    Cryptosign(cryptosign::Challenger),
    Scram(scram::Challenger),
    Wampcra(wampcra::Challenger),
    Ticket,
}

/// What is asked with.
#[derive(Debug)]
pub(crate) struct Asking<'a> {
    pub(crate) ids: &'a mut GlobalIds,
    pub(crate) session: SessionId,
    /// Milliseconds since 1970.
    pub(crate) clock: u64,
    /// What the router proves itself with.
    pub(crate) key: Option<&'a cryptosign::Key>,
}

/// The least cost that clients accept, because nothing here is worth more.
pub(crate) const PBKDF2: Cost = Cost::pbkdf2(4096);

impl Asking<'_> {
    /// Asks for a proof by `method` of being `user`.
    pub(crate) fn ask(self, hello: Hello, user: Option<User>, method: &str) -> Step {
        let session = self.session;
        match self.challenge(&hello, user.as_ref(), method) {
            Some(asked) => {
                let challenge = asked.challenge();
                Step::Challenge(challenge, Box::new(Attempt { hello, session, user, asked }))
            }
            None => {
                let message = "the channel binding that was asked for is not available";
                Step::Refuse(Abort::new(error::AUTHENTICATION_DENIED, message))
            }
        }
    }

    /// `None` where the proof should be bound to the connection, for which there is nothing in a page.
    fn challenge(mut self, hello: &Hello, user: Option<&User>, method: &str) -> Option<Asked> {
        let extra = &hello.details.authextra;
        let is_bound = !matches!(extra.get("channel_binding"), None | Some(Value::Null));
        if is_bound && (method == CRYPTOSIGN || method == SCRAM) {
            return None;
        }
        let authid = hello.details.authid.as_deref().unwrap_or_default();
        Some(match method {
            CRYPTOSIGN => {
                let request = cryptosign::Request::read(extra).ok()?;
                let challenge = self.draw();
                Asked::Cryptosign(cryptosign::Challenger::new(request, challenge, None, self.key))
            }
            SCRAM => {
                let request = scram::Request::read(extra).ok()?;
                let kept = user.and_then(|user| user.password.clone());
                let kept = kept.unwrap_or_else(|| Decoy::new(self.draw()).scram(authid, PBKDF2));
                let nonce: [u8; 16] = self.draw();
                let made = scram::Challenger::new(authid, request, &kept, &nonce, None);
                Asked::Scram(made.ok()?)
            }
            WAMPCRA => Asked::Wampcra(self.wampcra(authid, user)),
            _ => Asked::Ticket,
        })
    }

    fn wampcra(self, authid: &str, user: Option<&User>) -> wampcra::Challenger {
        let secret = user.and_then(|user| user.secret.clone());
        let (key, salting) = secret.unwrap_or_else(|| (Key::plain(""), None));
        let ids = self.ids;
        let subject = Subject {
            authid,
            authrole: "",
            authprovider: "",
            nonce: &format!("{:x}{:x}{:x}", ids.draw(), ids.draw(), ids.draw()),
            timestamp: &format_timestamp(self.clock),
            session: self.session,
        };
        wampcra::Challenger::new(key, salting, &subject)
    }

    fn draw<const N: usize>(&mut self) -> [u8; N] {
        let mut octets = [0; N];
        for some in octets.chunks_mut(4) {
            some.copy_from_slice(&self.ids.draw().to_le_bytes()[..some.len()]);
        }
        octets
    }
}

impl Asked {
    fn challenge(&self) -> Challenge {
        match self {
            Self::Cryptosign(challenger) => challenger.challenge(),
            Self::Scram(challenger) => challenger.challenge(),
            Self::Wampcra(challenger) => challenger.challenge(),
            Self::Ticket => ticket::challenge(),
        }
    }

    /// What WELCOME says under `authextra` if the answer is that of this user.
    fn judge(self, user: &User, proof: &Authenticate) -> Option<Dict> {
        let is_right = match self {
            Self::Scram(challenger) => return challenger.verify(proof).ok(),
            Self::Cryptosign(challenger) => {
                challenger.verify(proof).is_ok_and(|key| user.public_key == Some(key))
            }
            Self::Wampcra(challenger) => challenger.verify(proof).is_ok(),
            Self::Ticket => {
                user.ticket.as_ref().is_some_and(|kept| ticket::matches(kept, &proof.signature))
            }
        };
        is_right.then(Dict::new)
    }

    const fn method(&self) -> &'static str {
        match self {
            Self::Cryptosign(_) => CRYPTOSIGN,
            Self::Scram(_) => SCRAM,
            Self::Wampcra(_) => WAMPCRA,
            Self::Ticket => TICKET,
        }
    }
}

impl Attempt {
    /// Judges the answer to a challenge.
    pub(crate) fn judge(self, proof: &Authenticate) -> Step {
        let method = self.asked.method();
        let proved = self.user.and_then(|user| {
            let extra = if user.has(method) { self.asked.judge(&user, proof) } else { None };
            extra.map(|extra| Identity { authid: user.authid, role: user.role, method, extra })
        });
        proved.map_or_else(
            || {
                let message = ByteString::from_static("the credentials are not accepted");
                Step::Refuse(Abort::new(error::AUTHENTICATION_DENIED, message))
            },
            Step::Welcome,
        )
    }
}
