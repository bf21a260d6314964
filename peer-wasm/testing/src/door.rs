//! Who may come in, and as whom: what a router does about HELLO, as far as tests need it.

use crate::proof::{Asking, Attempt};
use bytestring::ByteString;
use wamplex_shared::{
    auth::{
        ScramCredentials,
        cryptosign::{self, PublicKey},
        method::{ANONYMOUS, CRYPTOSIGN, SCRAM, TICKET, WAMPCRA},
        scram,
        wampcra::{Key, Salting},
    },
    id::{GlobalIds, SessionId},
    message::{Abort, Challenge, Hello},
    uris::error,
    value::Dict,
};

/// Who may come into a realm.
#[derive(Debug, Default)]
pub(crate) struct Door {
    /// The role of clients that prove nothing; `None` keeps them out.
    pub(crate) anonymous: Option<ByteString>,
    pub(crate) users: Vec<User>,
    /// What the router proves itself with to clients that ask for that.
    pub(crate) key: Option<cryptosign::Key>,
}

/// Somebody whom a realm knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct User {
    pub(crate) authid: ByteString,
    pub(crate) role: ByteString,
    pub(crate) ticket: Option<ByteString>,
    pub(crate) secret: Option<(Key, Option<Salting>)>,
    pub(crate) password: Option<ScramCredentials>,
    pub(crate) public_key: Option<PublicKey>,
}

/// Who a client is.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) authid: ByteString,
    pub(crate) role: ByteString,
    pub(crate) method: &'static str,
    /// What WELCOME says under `authextra`.
    pub(crate) extra: Dict,
}

/// What comes next.
#[derive(Debug)]
pub(crate) enum Step {
    Welcome(Identity),
    Challenge(Challenge, Box<Attempt>),
    Refuse(Abort),
}

/// What a client offers.
struct Offer<'a> {
    methods: &'a [ByteString],
    key: Option<PublicKey>,
    has_nonce: bool,
}

/// The methods that need a proof, the strongest first.
const PROVING: [&str; 4] = [CRYPTOSIGN, SCRAM, WAMPCRA, TICKET];

impl Identity {
    /// The test itself.
    pub(crate) const fn of_the_test() -> Self {
        Self::without_proof(ByteString::from_static("test"), ByteString::from_static("trusted"))
    }

    const fn without_proof(authid: ByteString, role: ByteString) -> Self {
        Self { authid, role, method: ANONYMOUS, extra: Dict::new() }
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
        let offer = Offer::read(&hello);
        let possible =
            || PROVING.into_iter().filter(|method| self.takes(method) && offer.allows(method));
        let authid = hello.details.authid.as_ref().filter(|authid| !authid.is_empty());
        let user = self.find(authid, offer.key.filter(|_| offer.allows(CRYPTOSIGN)));
        // Who gives no name but a key claims to be its owner.
        let own = possible().find(|method| match user {
            Some(user) => user.has(method),
            None => *method == CRYPTOSIGN && authid.is_none(),
        });
        let is_open = offer.methods.is_empty() || offer.names(ANONYMOUS);
        let nobody = self.anonymous.as_ref().filter(|_| is_open);
        match (own.or_else(|| possible().next().filter(|_| nobody.is_none())), nobody) {
            (Some(method), _) if authid.is_none() && method != CRYPTOSIGN => {
                Step::Refuse(Abort::new(
                    error::AUTHENTICATION_DENIED,
                    format!("the method {method} needs an authid"),
                ))
            }
            (Some(method), _) => {
                let user = user.cloned();
                Asking { ids, session, clock, key: self.key.as_ref() }.ask(hello, user, method)
            }
            (None, Some(role)) => {
                let authid = format!("{:x}", ids.draw()).into();
                Step::Welcome(Identity::without_proof(authid, role.clone()))
            }
            (None, None) => Step::Refuse(self.mismatch(&offer)),
        }
    }

    /// The user of this name; without a name, the one whom the key belongs to.
    fn find(&self, authid: Option<&ByteString>, key: Option<PublicKey>) -> Option<&User> {
        self.users.iter().find(|user| match authid {
            Some(authid) => user.authid == *authid,
            None => key.is_some() && user.public_key == key,
        })
    }

    fn takes(&self, method: &str) -> bool {
        self.users.iter().any(|user| user.has(method))
    }

    fn mismatch(&self, offer: &Offer<'_>) -> Abort {
        let mut taken: Vec<_> = PROVING.into_iter().filter(|method| self.takes(method)).collect();
        if let Some(method) = taken.iter().find(|method| offer.names(method)) {
            let lack = if *method == CRYPTOSIGN { "a public key" } else { "a nonce" };
            let message = format!("the method {method} needs {lack} in authextra");
            return Abort::new(error::NO_MATCHING_AUTH_METHOD, message);
        }
        if self.anonymous.is_some() {
            taken.push(ANONYMOUS);
        }
        let taken = taken.join(", ");
        if offer.methods.iter().all(|method| *method == ANONYMOUS) {
            let message = format!("this realm lets nobody in without a proof: it takes {taken}");
            return Abort::new(error::AUTHENTICATION_REQUIRED, message);
        }
        let message = format!("none of the methods offered is one of this realm's: {taken}");
        Abort::new(error::NO_MATCHING_AUTH_METHOD, message)
    }
}

impl<'a> Offer<'a> {
    fn read(hello: &'a Hello) -> Self {
        let extra = &hello.details.authextra;
        Self {
            methods: &hello.details.authmethods,
            key: cryptosign::Request::read(extra).ok().map(|request| request.public_key()),
            has_nonce: scram::Request::read(extra).is_ok(),
        }
    }

    fn names(&self, method: &str) -> bool {
        self.methods.iter().any(|offered| offered == method)
    }

    /// Whether the method is offered with all that it needs.
    fn allows(&self, method: &str) -> bool {
        let has_all = match method {
            CRYPTOSIGN => self.key.is_some(),
            SCRAM => self.has_nonce,
            _ => true,
        };
        has_all && self.names(method)
    }
}

impl User {
    pub(crate) fn has(&self, method: &str) -> bool {
        match method {
            CRYPTOSIGN => self.public_key.is_some(),
            SCRAM => self.password.is_some(),
            WAMPCRA => self.secret.is_some(),
            _ => self.ticket.is_some(),
        }
    }
}
