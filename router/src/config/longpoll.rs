//! WAMP over plain HTTP requests.

use super::{Problems, units};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How "WAMP: HTTP Longpoll Transport" is spoken at a listener.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LongPoll {
    /// The path below which its requests go: `/lp` for `/lp/open` and the rest.
    pub path: String,
    /// How long a client waits for a message before it is told that there is none, and asks again. Proxies and clients
    /// give up on a silent request sooner or later; AutobahnJS does after 12 s.
    #[serde(with = "units::duration")]
    pub receive: Duration,
    /// How long a client may ask nothing before it is taken for gone.
    #[serde(with = "units::duration")]
    pub idle: Duration,
}

impl Default for LongPoll {
    fn default() -> Self {
        Self {
            path: "/lp".to_owned(),
            receive: Duration::from_secs(10),
            idle: Duration::from_secs(30),
        }
    }
}

impl LongPoll {
    /// Notes what is wrong.
    pub fn check(&self, problems: &mut Problems) {
        let is_segment = |segment: &str| {
            !segment.is_empty()
                && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b))
        };
        let path = self.path.strip_prefix('/').is_some_and(|path| path.split('/').all(is_segment));
        problems.expect(path, "path", "a path like /lp", format!("{:?}", self.path));
        let some_time = "more than no time";
        problems.expect(!self.receive.is_zero(), "receive", some_time, "none");
        problems.expect(!self.idle.is_zero(), "idle", some_time, "none");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_one_that_requests_can_have() {
        for (path, is_good) in [
            ("/lp", true),
            ("/api/v1/long-poll", true),
            ("", false),
            ("/", false),
            ("lp", false),
            ("/lp/", false),
            ("/l p", false),
            ("/lp?x", false),
        ] {
            let mut problems = Problems::default();
            LongPoll { path: path.to_owned(), ..LongPoll::default() }.check(&mut problems);
            assert_eq!(problems.is_empty(), is_good, "{path}");
        }
    }
}
