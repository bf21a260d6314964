//! Opening and closing a session ("WAMP: Sessions").

use crate::{id::SessionId, payload::Payload, roles::Roles, uri::Uri, value::Dict};
use alloc::vec::Vec;
use bytestring::ByteString;

/// `[HELLO, Realm|uri, Details|dict]`: the first message of a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Hello {
    /// The realm to join.
    pub realm: Uri,
    /// Who the client is and what it can do.
    pub details: HelloDetails,
}

/// `HELLO.Details`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HelloDetails {
    /// `roles`: at least one of publisher, subscriber, caller and callee.
    pub roles: Roles,
    /// `agent`: name and version of the implementation.
    pub agent: Option<ByteString>,
    /// `authmethods`: what the client can do to authenticate, its favourite first. Empty means anonymous.
    pub authmethods: Vec<ByteString>,
    /// `authid`: who the client claims to be.
    pub authid: Option<ByteString>,
    /// `authrole`: the role the client asks for.
    pub authrole: Option<ByteString>,
    /// `authextra`: what the authentication method needs beyond that.
    pub authextra: Dict,
    /// All other keys.
    pub custom: Dict,
}

/// `[WELCOME, Session|id, Details|dict]`: the session is open.
#[derive(Clone, Debug, PartialEq)]
pub struct Welcome {
    /// The id of the session.
    pub session: SessionId,
    /// Who the client is to the router, and what the router can do.
    pub details: WelcomeDetails,
}

/// `WELCOME.Details`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WelcomeDetails {
    /// `roles`: broker, dealer, or both.
    pub roles: Roles,
    /// `agent`: name and version of the implementation.
    pub agent: Option<ByteString>,
    /// `realm`: the realm joined.
    pub realm: Option<Uri>,
    /// `authid`: who the session belongs to.
    pub authid: Option<ByteString>,
    /// `authrole`: the role it has.
    pub authrole: Option<ByteString>,
    /// `authmethod`: how it proved that.
    pub authmethod: Option<ByteString>,
    /// `authprovider`: where its principal is kept.
    pub authprovider: Option<ByteString>,
    /// `authextra`: what the authentication method says at the end.
    pub authextra: Dict,
    /// All other keys.
    pub custom: Dict,
}

/// `Details` of ABORT and GOODBYE.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CloseDetails {
    /// `message`: the reason in words, for people.
    pub message: Option<ByteString>,
    /// All other keys.
    pub custom: Dict,
}

/// `[ABORT, Details|dict, Reason|uri]`, with arguments since 2023: the session ends here, unanswered.
#[derive(Clone, Debug, PartialEq)]
pub struct Abort {
    /// More about the reason.
    pub details: CloseDetails,
    /// The reason.
    pub reason: Uri,
    /// Arguments.
    pub payload: Payload,
}

/// `[CHALLENGE, AuthMethod|string, Extra|dict]`: the router asks for a proof.
#[derive(Clone, Debug, PartialEq)]
pub struct Challenge {
    /// The authentication method chosen.
    pub method: ByteString,
    /// What the method needs.
    pub extra: Dict,
}

/// `[AUTHENTICATE, Signature|string, Extra|dict]`: the proof.
#[derive(Clone, PartialEq)]
pub struct Authenticate {
    /// The proof; for the method `ticket` the secret itself, which is why `Debug` does not show it.
    pub signature: ByteString,
    /// What the method adds.
    pub extra: Dict,
}

impl core::fmt::Debug for Authenticate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Authenticate").finish_non_exhaustive()
    }
}

/// `[GOODBYE, Details|dict, Reason|uri]`: the session ends when both sides have sent it.
#[derive(Clone, Debug, PartialEq)]
pub struct Goodbye {
    /// More about the reason.
    pub details: CloseDetails,
    /// The reason.
    pub reason: Uri,
}

impl CloseDetails {
    /// Details that say the reason in words.
    pub fn message(message: impl Into<ByteString>) -> Self {
        Self { message: Some(message.into()), custom: Dict::new() }
    }
}

impl Abort {
    /// An ABORT for this reason, explained in words.
    pub fn new(reason: &'static str, message: impl Into<ByteString>) -> Self {
        Self {
            details: CloseDetails::message(message),
            reason: Uri::from_static(reason),
            payload: Payload::NONE,
        }
    }
}

impl Goodbye {
    /// A GOODBYE for this reason without further words.
    #[must_use]
    pub fn new(reason: &'static str) -> Self {
        Self { details: CloseDetails::default(), reason: Uri::from_static(reason) }
    }
}
