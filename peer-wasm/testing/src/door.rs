//! Who may come in, and as whom: what a router does about HELLO, as far as tests need it.

use bytestring::ByteString;
use wamplex_realm::format_timestamp;
use wamplex_shared::{
    auth::{
        method::{ANONYMOUS, TICKET, WAMPCRA},
        ticket,
        wampcra::{Challenger, Key, Salting, Subject},
    },
    id::{GlobalIds, SessionId},
    message::{Abort, Authenticate, Challenge, Hello},
    uris::error,
};

/// Who may come into a realm.
#[derive(Debug, Default)]
pub(crate) struct Door {
    /// The role of clients that prove nothing; `None` keeps them out.
    pub(crate) anonymous: Option<ByteString>,
    pub(crate) users: Vec<User>,
}

/// Somebody whom a realm knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct User {
    pub(crate) authid: ByteString,
    pub(crate) role: ByteString,
    pub(crate) ticket: Option<ByteString>,
    pub(crate) secret: Option<(Key, Option<Salting>)>,
}

/// Who a client is.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) authid: ByteString,
    pub(crate) role: ByteString,
    pub(crate) method: &'static str,
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Step {
    Welcome(Identity),
    Challenge(Challenge, Box<Attempt>),
    Refuse(Abort),
}

/// A client that was asked for a proof.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) hello: Hello,
    pub(crate) session: SessionId,
    /// Nobody if there is no such user: the client is asked all the same.
    user: Option<User>,
    /// What a signature is checked with; without it a ticket is asked for.
    challenger: Option<Challenger>,
}

/// The methods that need a proof, the strongest first.
const PROVING: [&str; 2] = [WAMPCRA, TICKET];

impl Identity {
    /// The test itself.
    pub(crate) const fn of_the_test() -> Self {
        let name = ByteString::from_static("test");
        Self { authid: name, role: ByteString::from_static("trusted"), method: ANONYMOUS }
    }
}

impl Door {
    /// Judges a HELLO. `clock` is in milliseconds since 1970.
    pub(crate) fn open(
        &self,
        hello: Hello,
        session: SessionId,
        ids: &mut GlobalIds,
        clock: u64,
    ) -> Step {
        let offered = |method: &str| hello.details.authmethods.iter().any(|m| *m == method);
        let nothing = hello.details.authmethods.is_empty();
        let authid = hello.details.authid.clone().unwrap_or_default();
        let user = self.users.iter().find(|user| user.authid == authid && !authid.is_empty());
        let takes = |method: &&str| self.users.iter().any(|user| user.has(method));
        let mut possible = PROVING.into_iter().filter(takes).filter(|method| offered(method));
        let strongest = possible.clone().next();
        let method = match user {
            Some(user) => possible.find(|method| user.has(method)),
            None => None,
        };
        let is_open = self.anonymous.is_some() && (nothing || offered(ANONYMOUS));
        match (method.or_else(|| strongest.filter(|_| !is_open)), &self.anonymous) {
            (Some(method), _) if authid.is_empty() => Step::Refuse(Abort::new(
                error::AUTHENTICATION_DENIED,
                format!("the method {method} needs an authid"),
            )),
            (Some(method), _) => ask(hello, session, user.cloned(), method, ids, clock),
            (None, Some(role)) if is_open => Step::Welcome(Identity {
                authid: format!("{:x}", ids.draw()).into(),
                role: role.clone(),
                method: ANONYMOUS,
            }),
            _ => Step::Refuse(self.mismatch(&hello)),
        }
    }

    fn mismatch(&self, hello: &Hello) -> Abort {
        let mut taken: Vec<_> = PROVING.to_vec();
        taken.retain(|method| self.users.iter().any(|user| user.has(method)));
        if self.anonymous.is_some() {
            taken.push(ANONYMOUS);
        }
        let taken = taken.join(", ");
        if hello.details.authmethods.iter().all(|method| *method == ANONYMOUS) {
            let message = format!("this realm lets nobody in without a proof: it takes {taken}");
            return Abort::new(error::AUTHENTICATION_REQUIRED, message);
        }
        let message = format!("none of the methods offered is one of this realm's: {taken}");
        Abort::new(error::NO_MATCHING_AUTH_METHOD, message)
    }
}

impl User {
    fn has(&self, method: &str) -> bool {
        if method == WAMPCRA { self.secret.is_some() } else { self.ticket.is_some() }
    }
}

impl Attempt {
    /// Judges the answer to a challenge.
    pub(crate) fn judge(self, proof: &Authenticate) -> Step {
        let (is_right, method) = match (self.challenger, &self.user) {
            (Some(challenger), _) => (challenger.verify(proof).is_ok(), WAMPCRA),
            (None, Some(User { ticket: Some(kept), .. })) => {
                (ticket::matches(kept, &proof.signature), TICKET)
            }
            (None, _) => (false, TICKET),
        };
        match self.user {
            Some(User { authid, role, .. }) if is_right => {
                Step::Welcome(Identity { authid, role, method })
            }
            _ => Step::Refuse(Abort::new(
                error::AUTHENTICATION_DENIED,
                "the credentials are not accepted",
            )),
        }
    }
}

fn ask(
    hello: Hello,
    session: SessionId,
    user: Option<User>,
    method: &str,
    ids: &mut GlobalIds,
    clock: u64,
) -> Step {
    let challenger = (method == WAMPCRA).then(|| {
        let secret = user.as_ref().and_then(|user| user.secret.clone());
        let (key, salting) = secret.unwrap_or_else(|| (Key::plain(""), None));
        let subject = Subject {
            authid: hello.details.authid.as_deref().unwrap_or_default(),
            authrole: "",
            authprovider: "",
            nonce: &format!("{:x}{:x}{:x}", ids.draw(), ids.draw(), ids.draw()),
            timestamp: &format_timestamp(clock),
            session,
        };
        Challenger::new(key, salting, &subject)
    });
    let challenge = challenger.as_ref().map_or_else(ticket::challenge, Challenger::challenge);
    Step::Challenge(challenge, Box::new(Attempt { hello, session, user, challenger }))
}
