//! How long a client may be silent before the router holds it to be gone.

use super::{Problems, units};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Nothing is known sooner than this.
const SHORTEST: Duration = Duration::from_millis(10);

/// How long a client may be silent before the router holds it to be gone. Whatever comes from a client is a sign of
/// life; a client that is gone has left its sessions at most [`interval`](Self::interval) and [`wait`](Self::wait)
/// after the last one, and the calls it should have answered fail at once.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct KeepAlive {
    /// A client that was silent for half of this up to all of this is sent a PING; with `off` it never is.
    #[serde(with = "units::optional_duration")]
    pub interval: Option<Duration>,
    /// How long the client may then take until something comes from it.
    #[serde(with = "units::duration")]
    pub wait: Duration,
    /// Whether clients over RawSocket are sent PINGs as well. Widespread clients take a PING for a message without end.
    pub rawsocket: bool,
    /// How long a client that is sent no PING may be silent: it is cut after this up to one and a half times this.
    /// With `off` it may be for any time, since a client that only waits for events has nothing to say.
    #[serde(with = "units::optional_duration")]
    pub idle: Option<Duration>,
}

impl Default for KeepAlive {
    fn default() -> Self {
        Self {
            interval: Some(Duration::from_secs(20)),
            wait: Duration::from_secs(10),
            rawsocket: false,
            idle: None,
        }
    }
}

impl KeepAlive {
    /// Gathers what cannot be put into practice.
    pub fn check(&self, problems: &mut Problems) {
        let times = [("interval", self.interval), ("wait", Some(self.wait)), ("idle", self.idle)];
        for (key, time) in times {
            if let Some(time) = time.filter(|time| *time < SHORTEST) {
                problems.add(key, "at least \"10ms\"", units::write_duration(time));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_too_short_to_be_kept_are_problems() {
        let mut problems = Problems::default();
        KeepAlive::default().check(&mut problems);
        assert!(problems.is_empty());
        let never = Some(Duration::ZERO);
        KeepAlive { interval: never, idle: never, ..KeepAlive::default() }.check(&mut problems);
        let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(keys, ["interval", "idle"]);
    }
}
