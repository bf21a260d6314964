//! Another configuration for a router that runs.
//!
//! Everything that can fail is done first: sockets are bound, certificates read, realms prepared. Only then anything
//! changes, so a configuration that cannot be had changes nothing.

mod follow;
mod report;

pub use follow::Following;
pub use report::{Change, Part, Report};

use crate::{
    config::{ConfigError, Problem, Problems, RouterConfig},
    error::StartError,
    router::RouterHandle,
};

/// Why a router keeps the configuration that it has.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// The new one cannot be read, or something is wrong in it.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The new one contradicts itself, or names what is not there.
    #[error("{}", describe(.0))]
    Invalid(Vec<Problem>),
    /// The new one cannot be put into practice.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The router has stopped, or is about to.
    #[error("the router stops")]
    Stopped,
}

impl RouterHandle {
    /// Goes over to another configuration. Sessions stay, and so do their registrations, subscriptions and calls.
    ///
    /// * Listeners are told apart by their addresses. One that is new is opened; one that is gone accepts nobody any
    ///   more, and who is connected there stays; one that changes receives new connections in the new way.
    ///   Certificates are always read again.
    /// * Realms are told apart by their names. Sessions of one that is gone get GOODBYE `wamp.close.close_realm`. What
    ///   changes about a realm holds for its sessions from their next message on, but for who they are: they stay
    ///   authenticated as they were.
    /// * [`Limits`](crate::config::Limits) hold for new connections.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use wamplex_router::{Router, RouterConfig, config::RealmSettings};
    ///
    /// let mut config = RouterConfig::on(([127, 0, 0, 1], 0));
    /// let router = Router::bind(config.clone()).await?;
    /// config.realms.push(RealmSettings::new("com.example.another"));
    /// let report = router.handle().reload(config).await?;
    /// assert_eq!(report.to_string(), "realm com.example.another added");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The configuration cannot be used. Then nothing has changed.
    pub async fn reload(&self, config: RouterConfig) -> Result<Report, ReloadError> {
        // One after the other: what is prepared is prepared for what there is.
        let mut current = self.current.lock().await;
        if self.doors.is_closed() {
            return Err(ReloadError::Stopped);
        }
        let mut problems = Problems::default();
        config.check_parts(&mut problems);
        if !problems.is_empty() {
            return Err(ReloadError::Invalid(problems.into_vec()));
        }
        let doors = self.doors.prepare(&config.listeners, &self.shared)?;
        let realms = self.shared.realms.prepare(&config.realms, &config.templates)?;
        self.shared.set_limits(config.limits.clone());
        self.shared.realms.commit(realms);
        self.doors.commit(doors, &self.shared);
        let report = Report::new(&current, &config);
        *current = config;
        Ok(report)
    }
}

fn describe(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
