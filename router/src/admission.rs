//! Who may join: from HELLO to what WELCOME says, or ABORT.

use crate::{
    authentication::{Exchange, Identity, Refusal, Step},
    clock,
    crowd::Counted,
    entry::Entry,
    peer::Peer,
    realm::RealmCell,
    realms::NotMade,
    shared::Shared,
    throttle::Seats,
};
use bytestring::ByteString;
use std::{sync::Arc, time::SystemTime};
use wamplex_realm::Joining;
use wamplex_shared::{
    id::SessionId,
    message::{Authenticate, Hello, WelcomeDetails},
    roles::Roles,
    uri::{MatchPolicy, UriRule},
    uris::{close, error, wamplex},
};

/// What a router calls itself.
const AGENT: &str = concat!("wamplex/", env!("CARGO_PKG_VERSION"));

/// A client that asks to join, from its HELLO on.
pub(crate) struct Admission {
    entry: Entry,
    session: SessionId,
    roles: Roles,
    exchange: Exchange,
    counted: Option<Counted>,
}

/// A client that may join.
pub(crate) struct Admitted {
    pub(crate) realm: Arc<RealmCell>,
    pub(crate) who: Joining,
    pub(crate) welcome: WelcomeDetails,
    /// When the session has to end.
    pub(crate) ends: Option<SystemTime>,
    /// What it takes of the realm's room; nothing if it is inside the process.
    pub(crate) seats: Option<Seats>,
    /// What it takes of the room of its address.
    pub(crate) counted: Option<Counted>,
    /// Keeps the realm until it is joined; nothing if it comes from inside the process.
    pub(crate) entry: Option<Entry>,
}

impl Admission {
    /// Begins with a HELLO.
    ///
    /// # Errors
    /// There is nothing to join.
    pub(crate) async fn open(shared: &Shared, hello: &Hello, peer: &Peer) -> Result<Self, Refusal> {
        if shared.is_draining() {
            return Err(Refusal::new(close::SYSTEM_SHUTDOWN, "the router shuts down"));
        }
        let counted = shared.crowd.join(peer.address.ip(), &shared.limits(), shared.clock.now());
        let counted =
            counted.map_err(|crowded| Refusal::new(wamplex::LIMIT_EXCEEDED, crowded.words()))?;
        let entry = find_realm(shared, hello).await?;
        let realm = entry.realm();
        let session = draw_session_id(realm).map_err(|e| {
            Refusal::new(error::AUTHENTICATION_FAILED, "the router cannot let anybody in now")
                .because(format!("no random numbers: {e}"))
        })?;
        let exchange = realm.live().authentication.open(hello, peer, session);
        Ok(Self { entry, session, roles: hello.details.roles, exchange, counted })
    }

    /// Judges the HELLO.
    pub(crate) async fn begin(&mut self) -> Step {
        self.exchange.begin().await
    }

    /// Judges the answer to a challenge.
    pub(crate) async fn answer(&mut self, proof: Authenticate) -> Step {
        self.exchange.answer(proof).await
    }

    /// Lets the client in as this identity.
    ///
    /// # Errors
    /// There is no room for it, or the realm does not have its role.
    pub(crate) fn welcome(self, identity: Identity) -> Result<Admitted, Refusal> {
        let Self { entry, session, roles, counted, .. } = self;
        let realm = Arc::clone(entry.realm());
        if !realm.authorization().has_role(&identity.authrole) {
            let message = "the role of this principal is not one of the realm's";
            let role = format!("{:?} has the role {:?}", identity.authid, identity.authrole);
            return Err(Refusal::new(error::NO_SUCH_ROLE, message).because(role));
        }
        let mut admitted = Admitted::new(realm, session, roles, identity).seated()?;
        (admitted.counted, admitted.entry) = (counted, Some(entry));
        Ok(admitted)
    }
}

impl Admitted {
    fn new(realm: Arc<RealmCell>, session: SessionId, roles: Roles, identity: Identity) -> Self {
        let Identity {
            authid,
            authrole,
            authmethod,
            authprovider,
            authextra,
            trustlevel,
            ends,
            ..
        } = identity;
        let mut who = Joining::new(session, roles);
        who.authid = Some(authid);
        who.authrole = Some(authrole);
        who.authmethod = Some(authmethod);
        who.authprovider = Some(authprovider);
        who.trustlevel = trustlevel.or(realm.live().trustlevel);
        let welcome = WelcomeDetails {
            roles: realm.read().welcome_roles(),
            agent: Some(ByteString::from_static(AGENT)),
            realm: Some(realm.name().clone()),
            authid: who.authid.clone(),
            authrole: who.authrole.clone(),
            authmethod: who.authmethod.clone(),
            authprovider: who.authprovider.clone(),
            authextra,
            ..WelcomeDetails::default()
        };
        Self { realm, who, welcome, ends, seats: None, counted: None, entry: None }
    }

    /// Takes a seat in the realm.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn seated(mut self) -> Result<Self, Refusal> {
        let role = self.who.authrole.as_deref().unwrap_or_default();
        let seats = self.realm.quotas().enter(role).ok_or_else(|| {
            let full = "there are as many sessions in this realm as there may be, try again later";
            Refusal::new(wamplex::LIMIT_EXCEEDED, full)
        })?;
        self.who.limits = Some(seats.session_limits());
        self.seats = Some(seats);
        Ok(self)
    }
}

/// Lets a session in that comes from inside the process and proves nothing.
///
/// # Errors
/// The operating system has no random numbers.
pub(crate) fn admit_local(
    realm: &Arc<RealmCell>,
    roles: Roles,
    identity: Identity,
) -> Result<Admitted, getrandom::Error> {
    let session = draw_session_id(realm)?;
    Ok(Admitted::new(Arc::clone(realm), session, roles, identity))
}

async fn find_realm(shared: &Shared, hello: &Hello) -> Result<Entry, Refusal> {
    let name = hello.realm.as_str();
    if let Some(entry) = shared.realms.enter(name) {
        return Ok(entry);
    }
    if let Err(invalid) = hello.realm.check(UriRule::Loose, MatchPolicy::Exact) {
        return Err(Refusal::new(error::INVALID_URI, format!("the name of the realm: {invalid}")));
    }
    shared.realms.make(name).await.map_err(|not_made| {
        let name = shorten(name);
        match not_made {
            NotMade::NoTemplate => {
                Refusal::new(error::NO_SUCH_REALM, format!("there is no realm `{name}` here"))
            }
            NotMade::TooMany => Refusal::new(
                wamplex::LIMIT_EXCEEDED,
                "there are as many realms of this kind as there may be, try again later",
            ),
            NotMade::Unusable(error) => {
                Refusal::new(error::NO_SUCH_REALM, format!("the realm `{name}` cannot be had now"))
                    .because(error.to_string())
            }
            NotMade::Failed(refusal) => refusal,
        }
    })
}

/// Draws an id that no session of the realm has.
fn draw_session_id(realm: &RealmCell) -> Result<SessionId, getrandom::Error> {
    loop {
        let id = clock::draw_session_id()?;
        if realm.read().session(id).is_none() {
            return Ok(id);
        }
    }
}

/// The beginning of a text that somebody else chose, for messages and logs.
pub(crate) fn shorten(text: &str) -> &str {
    const KEPT: usize = 200;
    text.char_indices().nth(KEPT).map_or(text, |(end, _)| &text[..end])
}
