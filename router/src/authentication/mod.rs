//! Who a client is: from its HELLO to the identity of its session, or to a refusal.

mod identity;
mod jwt;

pub use identity::Identity;
pub(crate) use identity::Refusal;
pub(crate) use jwt::Tokens;

use crate::{admission::shorten, peer::Peer};
use std::sync::Arc;
use wamplex_shared::{
    id::SessionId,
    message::{Authenticate, Challenge, Hello},
    uris::error,
};

/// The method, and the role, of clients that prove nothing.
const ANONYMOUS: &str = "anonymous";

/// Where the principals are kept of clients that prove nothing.
const STATIC: &str = "static";

/// How one realm finds out who its clients are.
#[derive(Debug, Default)]
pub(crate) struct Authentication {}

/// The conversation with one client about who it is.
pub(crate) struct Exchange {
    offered: Vec<String>,
}

/// What comes next in a conversation.
pub(crate) enum Step {
    /// The client is asked for a proof.
    Challenge(Challenge),
    /// The client is known.
    Welcome(Identity),
    /// The client is not let in.
    Refuse(Refusal),
}

impl Authentication {
    /// Begins the conversation with a client that would have this session.
    pub(crate) fn open(
        self: &Arc<Self>,
        hello: &Hello,
        _peer: &Peer,
        _session: SessionId,
    ) -> Exchange {
        let offered = hello.details.authmethods.iter().map(ToString::to_string).collect();
        Exchange { offered }
    }
}

impl Exchange {
    /// Judges the HELLO.
    pub(crate) async fn begin(&mut self) -> Step {
        std::future::ready(()).await;
        if !self.offered.is_empty() && !self.offered.iter().any(|method| method == ANONYMOUS) {
            return Step::Refuse(Refusal::new(
                error::NO_MATCHING_AUTH_METHOD,
                format!("this realm takes {ANONYMOUS}, not {}", shorten(&self.offered.join(", "))),
            ));
        }
        match getrandom::u64() {
            Ok(authid) => {
                Step::Welcome(Identity::new(format!("{authid:x}"), ANONYMOUS, ANONYMOUS, STATIC))
            }
            Err(e) => Step::Refuse(
                Refusal::new(
                    error::AUTHENTICATION_FAILED,
                    "the router cannot authenticate anybody now",
                )
                .because(format!("no random numbers: {e}")),
            ),
        }
    }

    /// Judges the answer to a challenge.
    pub(crate) async fn answer(&mut self, _proof: Authenticate) -> Step {
        std::future::ready(()).await;
        Step::Refuse(Refusal::new(error::AUTHENTICATION_DENIED, "nothing was asked for"))
    }
}
