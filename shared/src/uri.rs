//! URIs of realms, topics, procedures and errors ("WAMP: URIs").

use alloc::string::String;
use bytestring::ByteString;
use core::fmt;

/// A URI as it stood in a message: any string until [`check`](Uri::check) has passed it.
///
/// A string that is no URI is answered with ERROR `wamp.error.invalid_uri`, not with an abort, so it has to survive
/// decoding. It may be a slice of the received frame: call [`detach`](Uri::detach) before keeping it for long.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Uri(ByteString);

/// Which strings a realm takes for URIs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UriRule {
    /// No white space, no `#`, no empty component. What the specification demands of everybody, and our default.
    #[default]
    Loose,
    /// Only `0-9`, `a-z` and `_`, no empty component. What the specification recommends.
    Strict,
}

/// How the URI of a subscription or registration is compared with the one of an event or call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MatchPolicy {
    /// Byte by byte. The default.
    #[default]
    Exact,
    /// The URI begins with the pattern, character by character.
    Prefix,
    /// The same number of components, where an empty component of the pattern stands for any one.
    Wildcard,
}

/// A string that is not a URI under the rule in force. Ends in ERROR `wamp.error.invalid_uri`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidUri {
    /// The string has no character.
    #[error("the URI is empty")]
    Empty,
    /// The string is longer than [`Uri::MAX_LENGTH`].
    #[error("the URI is longer than {} bytes", Uri::MAX_LENGTH)]
    TooLong,
    /// The string has more than [`Uri::MAX_COMPONENTS`] components.
    #[error("the URI has more than {} components", Uri::MAX_COMPONENTS)]
    TooManyComponents,
    /// There is nothing between two dots, or before the first, or after the last.
    #[error("the URI has an empty component")]
    EmptyComponent,
    /// White space, a control character, `#`, or under the strict rule anything but `0-9`, `a-z` and `_`.
    #[error("the URI has a character that is not allowed")]
    Character,
}

impl Uri {
    /// The longest URI we take, in bytes. A bound on what each entry of a routing table can cost.
    pub const MAX_LENGTH: usize = 1024;

    /// The most components we take. A bound on the depth of a pattern trie.
    pub const MAX_COMPONENTS: usize = 32;

    /// The URI with these characters, unchecked.
    pub fn new(uri: impl Into<ByteString>) -> Self {
        Self(uri.into())
    }

    /// The URI with these characters, without a copy.
    #[must_use]
    pub const fn from_static(uri: &'static str) -> Self {
        Self(ByteString::from_static(uri))
    }

    /// The characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A copy that does not keep the frame alive from which this URI was sliced.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self(ByteString::from(self.as_str()))
    }

    /// The parts between the dots.
    pub fn components(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }

    /// Whether this lies in the part of the namespace that belongs to the protocol: `wamp`, or `wamp.` and more. What
    /// our router offers beyond the protocol is reserved in the same way: `wamplex`, or `wamplex.` and more.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.as_str().strip_prefix("wamp").is_some_and(|rest| {
            let rest = rest.strip_prefix("lex").unwrap_or(rest);
            rest.is_empty() || rest.starts_with('.')
        })
    }

    /// Checks the whole string against the rule, as a pattern of the given kind.
    ///
    /// A prefix may end in a dot or be empty (it then matches everything); a wildcard pattern may have empty
    /// components; neither is allowed elsewhere.
    ///
    /// # Errors
    /// The first thing that is wrong with the string.
    ///
    /// ```
    /// use wamplex_shared::uri::{InvalidUri, MatchPolicy, Uri, UriRule};
    /// assert_eq!(Uri::from_static("com.example.Topic-1").check(UriRule::Loose, MatchPolicy::Exact), Ok(()));
    /// assert_eq!(Uri::from_static("com..topic").check(UriRule::Loose, MatchPolicy::Exact), Err(InvalidUri::EmptyComponent));
    /// assert_eq!(Uri::from_static("com..topic").check(UriRule::Loose, MatchPolicy::Wildcard), Ok(()));
    /// assert_eq!(Uri::from_static("Com").check(UriRule::Strict, MatchPolicy::Exact), Err(InvalidUri::Character));
    /// ```
    pub fn check(&self, rule: UriRule, policy: MatchPolicy) -> Result<(), InvalidUri> {
        let uri = self.as_str();
        if uri.is_empty() {
            return if policy == MatchPolicy::Exact { Err(InvalidUri::Empty) } else { Ok(()) };
        }
        if uri.len() > Self::MAX_LENGTH {
            return Err(InvalidUri::TooLong);
        }
        let inner_may_be_empty = policy == MatchPolicy::Wildcard;
        let last_may_be_empty = policy != MatchPolicy::Exact;
        let (mut start, mut components) = (0, 1);
        let least = match rule {
            UriRule::Loose => LOOSE,
            UriRule::Strict => STRICT,
        };
        // Every PUBLISH and CALL comes through here: one look at each byte.
        for (at, byte) in uri.bytes().enumerate() {
            if CLASSES[usize::from(byte)] >= least {
                continue;
            }
            match byte {
                b'.' if at == start && !inner_may_be_empty => {
                    return Err(InvalidUri::EmptyComponent);
                }
                b'.' => (start, components) = (at + 1, components + 1),
                0x80.. if rule == UriRule::Loose && is_graphic_at(uri, at) => {}
                _ => return Err(InvalidUri::Character),
            }
        }
        if start == uri.len() && !last_may_be_empty {
            return Err(InvalidUri::EmptyComponent);
        }
        if components > Self::MAX_COMPONENTS { Err(InvalidUri::TooManyComponents) } else { Ok(()) }
    }
}

const NEITHER: u8 = 0;
const LOOSE: u8 = 1;
const STRICT: u8 = 2;

/// The strictest rule under which a byte may stand in a component, whatever stands around it. None for dots, nor for the
/// parts of characters beyond ASCII.
///
/// The regular expression of the specification lets NUL and other controls through; we do not, since they serve only to
/// confuse logs and other routers.
static CLASSES: [u8; 256] = {
    let mut classes = [NEITHER; 256];
    let mut byte = b'!';
    while byte < 0x7f {
        classes[byte as usize] = match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'_' => STRICT,
            b'#' | b'.' => NEITHER,
            _ => LOOSE,
        };
        byte += 1;
    }
    classes
};

/// Whether the character beyond ASCII that begins at this byte is neither white space nor a control; also of the bytes
/// inside of one.
fn is_graphic_at(uri: &str, at: usize) -> bool {
    let character = uri.get(at..).and_then(|rest| rest.chars().next());
    character.is_none_or(|c| !c.is_whitespace() && !c.is_control())
}

impl MatchPolicy {
    /// The word in `options.match`: `exact`, `prefix` or `wildcard`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Prefix => "prefix",
            Self::Wildcard => "wildcard",
        }
    }

    /// The policy with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Exact, Self::Prefix, Self::Wildcard].into_iter().find(|p| p.name() == name)
    }

    /// Whether `uri` is one that `pattern` stands for under this policy.
    ///
    /// This is the definition; a realm's tables give the same answers faster.
    #[must_use]
    pub fn matches(self, pattern: &str, uri: &str) -> bool {
        match self {
            Self::Exact => pattern == uri,
            Self::Prefix => uri.starts_with(pattern),
            Self::Wildcard => {
                let (mut wanted, mut found) = (pattern.split('.'), uri.split('.'));
                loop {
                    match (wanted.next(), found.next()) {
                        (None, None) => return true,
                        (Some(w), Some(f)) if w.is_empty() || w == f => {}
                        _ => return false,
                    }
                }
            }
        }
    }
}

impl From<ByteString> for Uri {
    fn from(uri: ByteString) -> Self {
        Self(uri)
    }
}

impl From<Uri> for ByteString {
    fn from(uri: Uri) -> Self {
        uri.0
    }
}

impl From<&str> for Uri {
    fn from(uri: &str) -> Self {
        Self(ByteString::from(uri))
    }
}

impl From<String> for Uri {
    fn from(uri: String) -> Self {
        Self(ByteString::from(uri))
    }
}

impl AsRef<str> for Uri {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq<str> for Uri {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Uri {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use MatchPolicy::{Exact, Prefix, Wildcard};
    use UriRule::{Loose, Strict};

    #[test]
    fn the_whole_string_is_checked_against_the_rules_of_the_specification() {
        let table = [
            // uri, loose exact, loose prefix, loose wildcard, strict exact, strict prefix, strict wildcard
            ("realm1", true, true, true, true, true, true),
            ("com.my_app.t1", true, true, true, true, true, true),
            ("com.MyApp-x.ünï", true, true, true, false, false, false),
            ("", false, true, true, false, true, true),
            ("com.", false, true, true, false, true, true),
            (".com", false, false, true, false, false, true),
            ("com..t", false, false, true, false, false, true),
            ("...", false, false, true, false, false, true),
            ("a b", false, false, false, false, false, false),
            ("a#b", false, false, false, false, false, false),
            ("a\n", false, false, false, false, false, false),
            ("a\u{0}b", false, false, false, false, false, false),
            ("a\u{2003}b", false, false, false, false, false, false),
            ("a\u{7f}b", false, false, false, false, false, false),
            ("a\u{85}b", false, false, false, false, false, false),
            ("ü.日本.é", true, true, true, false, false, false),
            ("ü..é", false, false, true, false, false, false),
        ];
        for (uri, le, lp, lw, se, sp, sw) in table {
            let ok = |rule, policy| Uri::from(uri).check(rule, policy).is_ok();
            let got = [
                ok(Loose, Exact),
                ok(Loose, Prefix),
                ok(Loose, Wildcard),
                ok(Strict, Exact),
                ok(Strict, Prefix),
                ok(Strict, Wildcard),
            ];
            assert_eq!(got, [le, lp, lw, se, sp, sw], "{uri:?}");
        }
    }

    #[test]
    fn length_and_components_are_bounded() {
        let at = |n: usize| Uri::from("a".repeat(n)).check(Loose, Exact);
        assert_eq!(at(Uri::MAX_LENGTH), Ok(()));
        assert_eq!(at(Uri::MAX_LENGTH + 1), Err(InvalidUri::TooLong));
        let of = |n: usize| Uri::from(vec!["a"; n].join(".")).check(Loose, Exact);
        assert_eq!(of(Uri::MAX_COMPONENTS), Ok(()));
        assert_eq!(of(Uri::MAX_COMPONENTS + 1), Err(InvalidUri::TooManyComponents));
    }

    #[test]
    fn the_namespace_of_the_protocol_is_reserved_and_its_neighbours_are_not() {
        for uri in ["wamp", "wamp.", "wamp.session.count", "wamplex", "wamplex.retained.purge"] {
            assert!(Uri::from(uri).is_reserved(), "{uri}");
        }
        for uri in ["wampx.a", "com.wamp", "", "wam", "wamplexa.b", "wampl", "wampum"] {
            assert!(!Uri::from(uri).is_reserved(), "{uri}");
        }
    }

    #[test]
    fn prefixes_match_by_character_and_wildcards_by_component() {
        assert!(Prefix.matches("com.myapp.myobject1", "com.myapp.myobject1-mysubobject1"));
        assert!(Prefix.matches("", "anything"));
        assert!(!Prefix.matches("com.b", "com.a"));
        assert!(Wildcard.matches("com..create", "com.app.create"));
        assert!(!Wildcard.matches("com..create", "com.app.x.create"));
        assert!(!Wildcard.matches("com..create", "com.app"));
        assert!(Exact.matches("a.b", "a.b") && !Exact.matches("a.b", "a.B"));
    }
}
