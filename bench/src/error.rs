//! Why there is no figure.

use std::io;

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum BenchError {
    /// The arguments ask for something that cannot be.
    #[error("{0}")]
    Arguments(String),
    /// The router that was to be measured did not start.
    #[error("cannot start the router {path}: {reason}")]
    Start {
        /// The program.
        path: String,
        /// Why.
        reason: String,
    },
    /// There is nobody where the router should be, or not one that takes us.
    #[error("cannot join at {address}: {reason}")]
    Join {
        /// Where.
        address: String,
        /// Why.
        reason: String,
    },
    /// The router said or did something else than what was asked for.
    #[error("the router {0}")]
    Router(String),
    /// Messages were lost, doubled or out of order.
    #[error("the run was wrong, so there is no figure: {0}")]
    Wrong(String),
    /// The system refused something.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// A signal ended the run.
    #[error("interrupted")]
    Interrupted,
}

/// What a step of a run comes to.
pub(crate) type Result<T, E = BenchError> = std::result::Result<T, E>;

/// Says what was tried when the system refused it.
pub(crate) trait Tried<T> {
    /// Names what was tried.
    fn tried(self, what: &'static str) -> Result<T>;
}

impl<T> Tried<T> for io::Result<T> {
    fn tried(self, what: &'static str) -> Result<T> {
        self.map_err(|source| BenchError::System { what, source })
    }
}
