//! Why a router cannot start.

use crate::{
    authentication::SetupError,
    config::{Endpoint, Problem},
    tls::TlsError,
};
use std::{io, path::PathBuf};
use wamplex_realm::{BadPassedOption, BadRole};
use wamplex_shared::uri::InvalidUri;

/// A router that could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address cannot be listened on: taken, not ours, or not allowed.
    #[error("cannot listen on {endpoint}: {}", describe(.source))]
    Listen {
        /// The address.
        endpoint: Endpoint,
        /// What the operating system says.
        source: io::Error,
    },
    /// A realm has a name that is no URI.
    #[error("`{name}` is no name for a realm: {source}")]
    RealmName {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: InvalidUri,
    },
    /// A rule about history is for topics that there cannot be.
    #[error("`{pattern}` is no pattern of topics to keep the history of: {source}")]
    HistoryPattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        source: InvalidUri,
    },
    /// A realm cannot hand on an attribute of this name, or not so many.
    #[error("attributes that are handed on: {0}")]
    PassedOptions(#[from] BadPassedOption),
    /// There is no encryption with the files that were given.
    #[error("cannot encrypt at {endpoint}: {source}")]
    Tls {
        /// The address of the listener.
        endpoint: Endpoint,
        /// What is wrong with them.
        source: TlsError,
    },
    /// The roles of a realm cannot be what somebody meant.
    #[error("realm `{realm}`: {source}")]
    Roles {
        /// The name of the realm.
        realm: String,
        /// What is wrong with them.
        source: BadRole,
    },
    /// How clients of a realm should prove who they are cannot be put into practice.
    #[error("the authentication of realm `{realm}`: {source}")]
    Authentication {
        /// The realm.
        realm: String,
        /// What is wrong with it.
        source: SetupError,
    },
    /// The configuration contradicts itself, or names what is not there.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Problem>),
    /// The procedures about the router itself cannot be offered.
    #[error("cannot administer the router in the realm `{realm}`: {reason}")]
    Admin {
        /// The realm.
        realm: String,
        /// What is wrong.
        reason: String,
    },
    /// Traces cannot be exported.
    #[error("cannot export traces: {reason}")]
    Telemetry {
        /// What is wrong.
        reason: String,
    },
    /// There is nowhere to listen.
    #[error("there is no address to listen on")]
    NoListener,
    /// Something is given for a realm that there is not.
    #[error("there is no realm `{name}`")]
    NoSuchRealm {
        /// The name.
        name: String,
    },
    /// There is no realm to serve.
    #[error("there is no realm to serve")]
    NoRealm,
    /// The folder of the site cannot be read.
    #[error("cannot serve the folder {}: {source}", .path.display())]
    Site {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The operating system gives no random numbers, without which no ids can be drawn.
    #[error("cannot draw random numbers: {0}")]
    Randomness(#[from] getrandom::Error),
}

/// The usual reasons in words that say what to do.
fn describe(error: &io::Error) -> String {
    const KNOWN: [(io::ErrorKind, &str); 3] = [
        (
            io::ErrorKind::AddrInUse,
            "another program is listening there already; stop it or choose another port",
        ),
        (io::ErrorKind::AddrNotAvailable, "this machine does not have that address"),
        (io::ErrorKind::PermissionDenied, "not permitted; ports below 1024 need privileges"),
    ];
    let known = KNOWN.iter().find(|(kind, _)| *kind == error.kind());
    known.map_or_else(|| error.to_string(), |(_, words)| (*words).to_owned())
}
