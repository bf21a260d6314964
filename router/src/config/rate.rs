//! How much may come in a time.

use super::{Problems, units};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many messages may come in a second, and how many bytes. Whoever sends faster is read more slowly; only what comes
/// far too fast is refused.
///
/// ```
/// use wamplex_router::config::Rate;
/// let rate = Rate { messages: 100, burst: 500, ..Rate::default() };
/// assert!(rate.is_limited() && !Rate::default().is_limited());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rate {
    /// How many messages may come in a second in the long run; 0 for any number.
    pub messages: u32,
    /// How many messages may come at once after a silence; 0 for as many as in a second.
    pub burst: u32,
    /// How many bytes may come in a second in the long run; 0 for any number.
    #[serde(with = "units::size")]
    pub bytes: usize,
    /// How many bytes may come at once after a silence; 0 for as many as in a second.
    #[serde(with = "units::size")]
    pub byte_burst: usize,
    /// From how many messages above the burst on requests are refused with `wamplex.error.rate_exceeded`, rather than read
    /// more slowly; 0 to refuse none.
    pub refuse_above: u32,
}

impl Rate {
    /// Whether there is anything that may not be exceeded.
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.messages > 0 || self.bytes > 0
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        let of_messages = self.messages > 0 || (self.burst == 0 && self.refuse_above == 0);
        problems.expect(
            of_messages,
            "messages",
            "a number above 0 beside `burst` and `refuse_above`",
            0,
        );
        let of_bytes = self.bytes > 0 || self.byte_burst == 0;
        problems.expect(of_bytes, "bytes", "a size above 0 beside `byte_burst`", 0);
    }
}
