//! The cookies that browsers are recognised by.

use super::Problems;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The cookie by which a browser is recognised that has authenticated before, where a realm has the method `cookie`.
///
/// It is set when a page opens a WebSocket or a long-poll transport, if the page is of this router's own host or of one of `origins`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct BrowserCookie {
    /// Its name. With `secure` it gets the prefix `__Host-`, so that no other host can set it.
    pub name: String,
    /// Whether browsers send it over encrypted connections only, to this machine excepted. Behind a proxy that ends TLS,
    /// the connection that counts is the browser's.
    pub secure: bool,
}

impl BrowserCookie {
    /// Its name with the prefix.
    pub(crate) fn full_name(&self) -> String {
        let prefix = if self.secure { "__Host-" } else { "" };
        format!("{prefix}{}", self.name)
    }

    /// Notes what cannot be as it is.
    pub(crate) fn check(&self, problems: &mut Problems) {
        let may_be = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let is_name = !self.name.is_empty() && self.name.bytes().all(may_be);
        let found = format!("{:?}", self.name);
        problems.expect(is_name, "name", "letters, digits, `-`, `_` and `.`", found);
    }
}

impl Default for BrowserCookie {
    fn default() -> Self {
        Self { name: "wamplex".to_owned(), secure: true }
    }
}
