//! Tokens that come with an HTTP request, `Authorization: Bearer …` (RFC 6750): with that of the bridge, or with the one
//! that became a WebSocket.

use super::{Attempt, Authentication, Identity, Refusal, judge::refuse_locked};
use crate::peer::{Address, Peer};
use tokio::time::Instant;

impl Authentication {
    /// Who the bearer of a token is.
    ///
    /// # Errors
    /// This realm takes no tokens, or not this one.
    pub(crate) fn bearer(&self, token: &str) -> Result<Identity, Refusal> {
        let tokens = self.tokens.as_ref().filter(|_| self.takes_tokens());
        let tokens = tokens.ok_or_else(|| Refusal::denied("no tokens here"))?;
        let accepted = tokens.judge(token);
        let accepted = accepted.map_err(|wrong| Refusal::denied(format!("the token: {wrong}")))?;
        let mut identity = accepted.identity;
        (identity.ends, identity.proof_ends) = (accepted.ends, accepted.expires);
        Ok(identity)
    }

    /// Judges the token that came with the request for this connection; nothing more is asked for.
    ///
    /// # Errors
    /// It is not accepted, or too many have not been.
    pub(super) fn by_bearer(&self, attempt: &Attempt, token: &str) -> Result<Identity, Refusal> {
        let (lockout, settings) = (&self.gate.lockout, &self.settings.lockout);
        let name = nameless(attempt.peer());
        let suspect = lockout.suspect(&self.realm, &name, attempt.peer(), settings);
        let attempted = lockout.take(suspect, settings, Instant::now());
        let attempted = attempted.map_err(|locked| refuse_locked(locked, &name))?;
        self.settle(attempted, true, self.token_of(attempt, token))
    }

    /// Who the bearer of a token is, if it is the one that the client claims to be.
    ///
    /// # Errors
    /// It is not, or the token is not accepted.
    pub(super) fn token_of(&self, attempt: &Attempt, token: &str) -> Result<Identity, Refusal> {
        let identity = self.bearer(token)?;
        let claimed = attempt.hello().details.authid.as_ref().filter(|authid| !authid.is_empty());
        if claimed.is_some_and(|claimed| *claimed != identity.authid) {
            return Err(Refusal::denied("a token of another principal"));
        }
        Ok(identity)
    }
}

/// The token that came with the request for this connection.
pub(super) fn token(peer: &Peer) -> Option<&str> {
    let (scheme, token) = peer.http.as_ref()?.authorization.as_deref()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// What failures are counted under of those who give no name: where they are. Otherwise some who guess would lock out all
/// who give none.
pub(super) fn nameless(peer: &Peer) -> String {
    match &peer.address {
        Address::Ip(address) => format!("\0{}", address.ip()),
        address @ (Address::Unix { .. } | Address::Local) => format!("\0{address}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::{HttpPeer, TransportKind};
    use std::sync::Arc;

    #[test]
    fn a_bearer_is_told_from_other_credentials() {
        let mut peer = Peer::new(Address::Local, TransportKind::WebSocket, "a".into());
        assert_eq!(token(&peer), None);
        for (header, expected) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Basic abc", None),
            ("Bearer", None),
            ("", None),
        ] {
            let authorization = Some(header.to_owned());
            peer.http = Some(Arc::new(HttpPeer { authorization, ..HttpPeer::default() }));
            assert_eq!(token(&peer), expected, "{header}");
        }
    }
}
