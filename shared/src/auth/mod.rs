//! Authentication methods, both sides, without I/O, clocks and randomness ("WAMP: Authentication Methods").
//!
//! Each method is a module. A router's side is a `Challenger`: made of what HELLO says and what is known of the
//! principal, it gives the CHALLENGE and judges the AUTHENTICATE, once, because judging consumes it. A client's side is a
//! `Responder` or a function: it gives what HELLO says under `authextra`, and the AUTHENTICATE for a CHALLENGE. Nonces,
//! timestamps and session ids are passed in.
//!
//! How long a client may take, which method is chosen and where principals come from is the shell's business.

mod binding;
pub mod cryptosign;
mod decoy;
mod error;
mod primitives;
pub mod scram;
pub mod ticket;
pub mod wampcra;

pub use binding::{BindingKind, ChannelBinding};
pub use decoy::Decoy;
pub use error::{ChallengeError, CostError, CredentialError, ProofError};
pub use scram::ScramCredentials;

/// Names of the methods, as `authmethods` and CHALLENGE spell them.
pub mod method {
    /// No proof at all.
    pub const ANONYMOUS: &str = "anonymous";
    /// A secret shown as it is.
    pub const TICKET: &str = "ticket";
    /// A signature with a shared secret.
    pub const WAMPCRA: &str = "wampcra";
    /// A password that the router does not know.
    pub const SCRAM: &str = "wamp-scram";
    /// A signature with a private key.
    pub const CRYPTOSIGN: &str = "cryptosign";
    /// A certificate shown when the connection was encrypted.
    pub const TLS: &str = "tls";
    /// A cookie of an earlier session.
    pub const COOKIE: &str = "cookie";
}
