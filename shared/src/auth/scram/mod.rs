//! A password that the router does not know ("WAMP: Salted Challenge Response Authentication"; RFC 5802, RFC 7677).
//!
//! The router keeps [`ScramCredentials`], with which nobody can log in; the password never crosses the connection; and
//! the router proves in WELCOME that it has the credentials.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use wamplex_shared::auth::scram::{
//!     Challenger, Cost, CostBounds, Request, Responder, ScramCredentials,
//! };
//!
//! // The router, when the user was added.
//! let cost = Cost::pbkdf2(4096);
//! let kept = ScramCredentials::new("pencil", b"sixteen random..", cost)?;
//!
//! // The client's HELLO.
//! let client = Responder::new("user", b"sixteen more....", None, CostBounds::default())?;
//! let authextra = client.authextra();
//!
//! // The router's CHALLENGE, the client's AUTHENTICATE, the router's WELCOME.
//! let request = Request::read(&authextra)?;
//! let router = Challenger::new("user", request, &kept, b"and yet sixteen.", None)?;
//! let (proof, expected) = client.respond("pencil", &router.challenge())?;
//! let welcome = router.verify(&proof)?;
//! expected.verify(&welcome)?;
//! # Ok(()) }
//! ```

mod challenger;
mod cost;
mod credentials;
mod exchange;
mod responder;

pub use challenger::{Challenger, Request, prepared_authid};
pub use cost::{Cost, CostBounds, Kdf};
pub use credentials::ScramCredentials;
pub use responder::{ExpectedRouter, Responder};
