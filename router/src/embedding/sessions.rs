//! Who is here.

use crate::{
    deliver::{Deliver, Handle},
    peer::Peer,
    realm::RealmCell,
    router::RouterHandle,
};
use bytestring::ByteString;
use std::sync::Arc;
use wamplex_realm::{Member, Outbound, Sink};
use wamplex_shared::{
    id::SessionId,
    message::{CloseDetails, Goodbye},
    roles::Roles,
    uri::Uri,
};

/// An open session, as the program that embeds the router sees it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionInfo {
    /// Its id.
    pub id: SessionId,
    /// Who it belongs to.
    pub authid: Option<ByteString>,
    /// The role it has.
    pub authrole: Option<ByteString>,
    /// How it proved that.
    pub authmethod: Option<ByteString>,
    /// Where its principal is kept.
    pub authprovider: Option<ByteString>,
    /// What its client announced.
    pub roles: Roles,
    /// What the transport knows of its client; `None` for a session inside the process.
    pub peer: Option<Arc<Peer>>,
}

impl SessionInfo {
    fn new(member: &Member<Handle>) -> Self {
        let who = member.who();
        Self {
            id: who.session,
            authid: who.authid.clone(),
            authrole: who.authrole.clone(),
            authmethod: who.authmethod.clone(),
            authprovider: who.authprovider.clone(),
            roles: who.roles,
            peer: member.handle().owner().cloned(),
        }
    }
}

impl RouterHandle {
    /// The names of the realms there are now, in alphabetical order.
    #[must_use]
    pub fn realms(&self) -> Vec<Uri> {
        let mut names: Vec<_> =
            self.shared().realms.all().iter().map(|realm| realm.name().clone()).collect();
        names.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        names
    }

    /// The sessions in a realm, ordered by their ids; none if there is no such realm.
    #[must_use]
    pub fn sessions(&self, realm: &str) -> Vec<SessionInfo> {
        let Some(realm) = self.shared().realms.get(realm) else { return Vec::new() };
        let mut found: Vec<_> =
            realm.read().sessions().map(|member| SessionInfo::new(member)).collect();
        found.sort_unstable_by_key(|session| session.id);
        found
    }

    /// A session in a realm: who the caller is, for instance, that a procedure is told of.
    #[must_use]
    pub fn session(&self, realm: &str, id: SessionId) -> Option<SessionInfo> {
        let realm = self.shared().realms.get(realm)?;
        find(&realm, id).map(|member| SessionInfo::new(&member))
    }

    /// Ends a session with GOODBYE, for this reason (a URI, such as `wamp.close.killed`) and with this sentence for
    /// people. Returns whether there was such a session.
    ///
    /// What waits for it is sent first. It has left the realm when this returns.
    pub fn end_session(
        &self,
        realm: &str,
        id: SessionId,
        reason: impl Into<Uri>,
        message: &str,
    ) -> bool {
        let Some(realm) = self.shared().realms.get(realm) else { return false };
        let Some(member) = find(&realm, id) else { return false };
        let message = (!message.is_empty()).then(|| message.into());
        let details = CloseDetails { message, ..CloseDetails::default() };
        let goodbye = Goodbye { details, reason: reason.into() };
        let now = self.shared().clock.now();
        let mut guarded = realm.write();
        Deliver.deliver(member.handle(), Outbound::from(goodbye));
        guarded.leave(&member, now, &mut Deliver);
        true
    }
}

/// A session that others may see.
fn find(realm: &RealmCell, id: SessionId) -> Option<Arc<Member<Handle>>> {
    realm.read().session(id).filter(|member| !member.who().privileged).cloned()
}
