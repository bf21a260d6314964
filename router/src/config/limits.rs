//! What one client can cost before it is refused or cut.

use super::{Problems, units};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What one client can cost before it is refused or cut.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The longest message in bytes that an open session may send.
    #[serde(with = "units::size")]
    pub message_size: usize,
    /// The longest message in bytes before WELCOME: nobody needs a long HELLO, and a stranger sends it.
    #[serde(with = "units::size")]
    pub message_size_before_welcome: usize,
    /// How many bytes may wait for one session, unless its listener or realm says so in `slow_consumers`, which also say
    /// what is done with a message that finds no room.
    #[serde(with = "units::size")]
    pub outbox_bytes: usize,
    /// How long a client may take nothing of what waits for it.
    #[serde(with = "units::duration")]
    pub stall: Duration,
    /// How long a client may take to send a complete HTTP request.
    #[serde(with = "units::duration")]
    pub http_request: Duration,
    /// How long a client may take to send HELLO.
    #[serde(with = "units::duration")]
    pub hello: Duration,
    /// How long authentication may take from HELLO to WELCOME, however many challenges there are.
    #[serde(with = "units::duration")]
    pub authentication: Duration,
    /// How long an ABORT or a WebSocket close may take on its way before the connection is cut.
    #[serde(with = "units::duration")]
    pub close: Duration,
    /// How long a router that was told to stop goes on as before, but for saying so at `/readyz`: the time that whoever
    /// sends clients here needs to notice. Nobody may join any more. Default: none.
    #[serde(with = "units::duration")]
    pub notice: Duration,
    /// How long a router that was told to stop waits for the answers to calls that are open.
    #[serde(with = "units::duration")]
    pub drain: Duration,
    /// How long a client may take to answer a GOODBYE, and how long a shutdown waits for all of them.
    #[serde(with = "units::duration")]
    pub goodbye: Duration,
    /// How many connections may be open at once.
    #[schemars(extend("default" = "nine tenths of the files that the process may open"))]
    pub connections: usize,
    /// How many connections may be open at once from one address, or from one /64 of IPv6. Those of this machine are not
    /// counted, here and below.
    pub connections_per_address: usize,
    /// How many sessions may be open at once from one address. Streams of events over HTTP count as sessions.
    pub sessions_per_address: usize,
    /// How many clients of one address may try to join in a second, and at once after a silence; 0 for any number.
    pub joins_per_address: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_size: 1 << 20,
            message_size_before_welcome: 64 << 10,
            outbox_bytes: 4 << 20,
            stall: Duration::from_secs(10),
            http_request: Duration::from_secs(5),
            hello: Duration::from_secs(5),
            authentication: Duration::from_secs(10),
            close: Duration::from_secs(1),
            notice: Duration::ZERO,
            drain: Duration::from_secs(5),
            goodbye: Duration::from_secs(3),
            connections: default_connections(),
            connections_per_address: 1_000,
            sessions_per_address: 1_000,
            joins_per_address: 100,
        }
    }
}

/// A HELLO that says no more than it has to is shorter than this.
const LEAST_HELLO: usize = 256;

impl Limits {
    /// The shortest that [`message_size`](Self::message_size) may be: the shortest limit that RawSocket has.
    pub const LEAST_MESSAGE_SIZE: usize = 512;

    /// The longest that [`message_size`](Self::message_size) may be: what RawSocket can carry.
    pub const MOST_MESSAGE_SIZE: usize = 16 << 20;

    /// Notes what cannot be put into practice.
    pub fn check(&self, problems: &mut Problems) {
        let sizes = [
            ("message_size", Self::LEAST_MESSAGE_SIZE, self.message_size),
            ("message_size_before_welcome", LEAST_HELLO, self.message_size_before_welcome),
        ];
        for (key, least, size) in sizes {
            let (least, most) = (least as u64, Self::MOST_MESSAGE_SIZE as u64);
            let expected =
                format!("{:?} to {:?}", units::write_size(least), units::write_size(most));
            let fits = (least..=most).contains(&(size as u64));
            problems.expect(fits, key, expected, units::write_size(size as u64));
        }
        problems.expect(self.outbox_bytes > 0, "outbox_bytes", "at least \"1B\"", "0B");
        let times = [
            ("stall", self.stall),
            ("http_request", self.http_request),
            ("hello", self.hello),
            ("authentication", self.authentication),
            ("close", self.close),
            ("goodbye", self.goodbye),
        ];
        for (key, time) in times {
            problems.expect(!time.is_zero(), key, "more than no time", units::write_duration(time));
        }
        problems.expect(self.connections > 0, "connections", "at least 1", 0);
    }
}

/// Nine tenths of the descriptors this process may open, so that files and listeners always find one.
fn default_connections() -> usize {
    const UNKNOWN: usize = 10_000;
    let soft_limit = || {
        let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
        let line = limits.lines().find(|line| line.starts_with("Max open files"))?;
        line.split_whitespace().nth(3)?.parse::<usize>().ok()
    };
    soft_limit().map_or(UNKNOWN, |limit| limit / 10 * 9)
}
