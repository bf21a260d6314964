//! What the log and the counters learn of one client.

use crate::{
    admission::shorten, config::SlowConsumerPolicy, deliver::Handle, ending::End, log_gate::Line,
    peer::Peer, realm::RealmCell, shared::Shared,
};
use bytestring::ByteString;
use wamplex_realm::{Joining, Member};
use wamplex_shared::{id::SessionId, serializer::Serializer};

/// Writes down what becomes of a client.
pub(crate) struct Notes<'a> {
    shared: &'a Shared,
    peer: &'a Peer,
}

impl<'a> Notes<'a> {
    pub(crate) const fn of(shared: &'a Shared, peer: &'a Peer) -> Self {
        Self { shared, peer }
    }

    /// A session is open.
    pub(crate) fn joined(&self, who: &Joining, realm: &RealmCell, serializer: Serializer) {
        self.shared.tally.sessions_joined.up();
        let Some(Line { left_out }) = self.line() else { return };
        // Quoted and escaped: others may have chosen them.
        let quoted = |text: &Option<ByteString>| text.as_deref().map(shorten).map(str::to_owned);
        tracing::info!(
            session = %who.session,
            authid = ?quoted(&who.authid).unwrap_or_default(),
            authrole = ?quoted(&who.authrole).unwrap_or_default(),
            authmethod = who.authmethod.as_deref(),
            realm = %realm.name(),
            peer = %self.peer.address,
            transport = %self.peer.transport,
            %serializer,
            left_out,
            "session joined"
        );
    }

    /// There is no session.
    pub(crate) fn refused(&self, end: &End) {
        let (peer, reason) = (&self.peer.address, end.reason());
        if let End::Violated(_) | End::Malformed(..) = end {
            self.shared.tally.violations.up();
            if let Some(Line { left_out }) = self.line() {
                tracing::warn!(%peer, ?reason, left_out, "protocol violation before WELCOME");
            }
        } else if let End::Refused(refusal) = end {
            self.shared.tally.sessions_refused.up();
            self.shared.refusals.note(refusal.uri);
            if let Some(Line { left_out }) = self.line() {
                let detail = refusal.detail.as_deref();
                tracing::info!(%peer, ?reason, detail, left_out, "session refused");
            }
        } else {
            tracing::debug!(%peer, ?reason, "no session");
        }
    }

    /// A session is too slow and begins to lose events.
    pub(crate) fn lossy(
        &self,
        who: &Member<Handle>,
        realm: &RealmCell,
        policy: SlowConsumerPolicy,
    ) {
        let Some(Line { left_out }) = self.line() else { return };
        let (session, realm, peer) = (who.session(), realm.name(), &self.peer.address);
        let policy = policy.word();
        tracing::warn!(%session, %realm, %peer, policy, left_out, "session too slow, events are dropped");
    }

    /// A session is over.
    pub(crate) fn ended(&self, session: SessionId, end: &End) {
        let (peer, reason) = (&self.peer.address, end.reason());
        let tally = &self.shared.tally;
        tally.sessions_left.up();
        let offence = match end {
            End::Violated(_) | End::Malformed(..) => Some(&tally.violations),
            End::Overflow => Some(&tally.overflows),
            End::Stalled => Some(&tally.stalls),
            End::Unheard => Some(&tally.silences),
            End::Failed(_) => Some(&tally.panics),
            End::Left(_)
            | End::Aborted
            | End::Refused(_)
            | End::Silent
            | End::Unproven
            | End::Dismissed(_)
            | End::Shutdown(_)
            | End::Closed
            | End::Lost(_) => None,
        };
        if let Some(count) = offence {
            count.up();
        }
        let Some(Line { left_out }) = self.line() else { return };
        if offence.is_some() {
            tracing::warn!(%session, %peer, ?reason, left_out, "session ended by the router");
        } else {
            tracing::info!(%session, %peer, ?reason, left_out, "session left");
        }
    }

    fn line(&self) -> Option<Line> {
        self.shared.log_gate.line(&self.peer.address, self.shared.clock.now())
    }
}
