//! Sorted tables of topics, and the question which of their entries a pattern matches: the other way round than
//! [`PatternMap`](crate::pattern::PatternMap).

use core::ops::Bound::{Included, Unbounded};
use std::collections::BTreeMap;
use wamplex_shared::uri::{MatchPolicy, Uri};

/// The entries whose topic this pattern matches, sorted by topic.
///
/// Looks only at topics that begin like the pattern up to its first wildcard.
pub(crate) fn matching<'a, T>(
    topics: &'a BTreeMap<Uri, T>,
    policy: MatchPolicy,
    pattern: &'a Uri,
) -> impl Iterator<Item = (&'a Uri, &'a T)> {
    let begin = match policy {
        MatchPolicy::Exact | MatchPolicy::Prefix => pattern.clone(),
        MatchPolicy::Wildcard => Uri::from(literal(pattern.as_str())),
    };
    topics
        .range((Included(begin.clone()), Unbounded))
        .take_while(move |(topic, _)| topic.as_str().starts_with(begin.as_str()))
        // All that begins like an exact topic comes behind it.
        .take_while(move |(topic, _)| policy != MatchPolicy::Exact || *topic == pattern)
        .filter(move |(topic, _)| policy.matches(pattern.as_str(), topic.as_str()))
}

/// What stands before the first empty component of a wildcard pattern.
fn literal(pattern: &str) -> &str {
    match pattern.find("..") {
        _ if pattern.starts_with('.') => "",
        Some(at) => &pattern[..=at],
        None => pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use MatchPolicy::{Exact, Prefix, Wildcard};

    #[test]
    fn a_pattern_finds_the_topics_it_matches() {
        let topics: BTreeMap<Uri, ()> =
            ["a", "a-b", "a.b", "a.b.c", "a.bc", "a.d.c", "b", "b.d.c", "é", "é.b"]
                .into_iter()
                .map(|topic| (Uri::from_static(topic), ()))
                .collect();
        let patterns = [
            "", "a", "a.", "a.b", "a.b.", "a.b.c", "a..c", "..c", "..", ".", "a..", "é.", "c", "z",
        ];
        for (pattern, policy) in
            patterns.into_iter().flat_map(|p| [(p, Exact), (p, Prefix), (p, Wildcard)])
        {
            let uri = Uri::from_static(pattern);
            let found: Vec<_> = matching(&topics, policy, &uri).map(|(topic, ())| topic).collect();
            let expected: Vec<_> =
                topics.keys().filter(|topic| policy.matches(pattern, topic.as_str())).collect();
            assert_eq!(found, expected, "{policy:?} {pattern:?}");
        }
    }
}
