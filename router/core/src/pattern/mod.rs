//! Tables keyed by topic or procedure, and the question which of their entries a URI matches.

mod prefix;
mod wildcard;

use bytestring::ByteString;
use prefix::PrefixTree;
use std::collections::HashMap;
use wamplex_shared::uri::{MatchPolicy, Uri};
use wildcard::WildcardTree;

/// A map from patterns to values. The same string under two match policies is two keys.
///
/// Gives the answers of [`MatchPolicy::matches`] without looking at the patterns that do not match: an exact key costs
/// one hash look-up, prefixes a walk down the bytes of the URI, wildcards a walk down its components.
pub(crate) struct PatternMap<T> {
    // std's keyed hash, here and in the wildcard tree: clients choose these keys.
    exact: HashMap<ByteString, T>,
    prefix: PrefixTree<T>,
    wildcard: WildcardTree<T>,
}

impl<T> PatternMap<T> {
    /// A map without entries.
    pub(crate) fn new() -> Self {
        Self { exact: HashMap::new(), prefix: PrefixTree::new(), wildcard: WildcardTree::new() }
    }

    /// The value under this very pattern.
    pub(crate) fn get(&self, policy: MatchPolicy, pattern: &str) -> Option<&T> {
        match policy {
            MatchPolicy::Exact => self.exact.get(pattern),
            MatchPolicy::Prefix => self.prefix.get(pattern),
            MatchPolicy::Wildcard => self.wildcard.get(pattern),
        }
    }

    /// The value under this very pattern, to change it.
    pub(crate) fn get_mut(&mut self, policy: MatchPolicy, pattern: &str) -> Option<&mut T> {
        match policy {
            MatchPolicy::Exact => self.exact.get_mut(pattern),
            MatchPolicy::Prefix => self.prefix.get_mut(pattern),
            MatchPolicy::Wildcard => self.wildcard.get_mut(pattern),
        }
    }

    /// Puts `value` under this pattern and returns what was there. The pattern is copied, so that no frame stays alive.
    pub(crate) fn insert(&mut self, policy: MatchPolicy, pattern: &Uri, value: T) -> Option<T> {
        match policy {
            MatchPolicy::Exact => self.exact.insert(pattern.detach().into(), value),
            MatchPolicy::Prefix => self.prefix.insert(pattern.as_str(), value),
            MatchPolicy::Wildcard => self.wildcard.insert(pattern.as_str(), value),
        }
    }

    /// Takes out the value under this very pattern.
    pub(crate) fn remove(&mut self, policy: MatchPolicy, pattern: &str) -> Option<T> {
        match policy {
            MatchPolicy::Exact => self.exact.remove(pattern),
            MatchPolicy::Prefix => self.prefix.remove(pattern),
            MatchPolicy::Wildcard => self.wildcard.remove(pattern),
        }
    }

    /// Visits every entry that `uri` matches: the exact one, then prefixes from the shortest, then wildcards.
    pub(crate) fn matching<'a>(&'a self, uri: &str, mut visit: impl FnMut(&'a T)) {
        if let Some(value) = self.exact.get(uri) {
            visit(value);
        }
        self.prefix.matching(uri, &mut visit);
        self.wildcard.matching(uri, &mut visit);
    }

    /// The one entry that a call of `uri` goes to: the exact one, else the longest prefix, else the wildcard with the
    /// longest run of literal components before its first wildcard, then before its second, and so on
    /// ("WAMP: Pattern-based Registrations", calls matching multiple registrations).
    ///
    /// Prefixes are compared by character. The specification counts components; all prefixes of one URI are prefixes of
    /// each other, so the longest has the most components too.
    pub(crate) fn best_match(&self, uri: &str) -> Option<&T> {
        self.exact.get(uri).or_else(|| self.prefix.longest(uri)).or_else(|| self.wildcard.best(uri))
    }

    /// All values, in no order that means anything.
    pub(crate) fn values(&self) -> Vec<&T> {
        let mut values: Vec<&T> = self.exact.values().collect();
        self.prefix.visit(&mut |value| values.push(value));
        self.wildcard.visit(&mut |value| values.push(value));
        values
    }

    /// Whether the trees have the shape their functions rely on.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.prefix.check()?;
        self.wildcard.check()
    }
}

#[cfg(test)]
mod tests;
