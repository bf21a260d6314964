//! The set of URIs that a pattern stands for: whether one contains another, and what two have in common.

use bytestring::ByteString;
use wamplex_shared::uri::{MatchPolicy, Uri};

/// A set of URIs: one part for each component, and perhaps any components after them.
///
/// That is enough for all three match policies, and for what any two patterns have in common. Two things are left out of
/// account: that no URI is longer than [`Uri::MAX_LENGTH`], and which characters a realm allows. Both only ever make a set
/// smaller than it is taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    parts: Vec<Part>,
    /// Whether more components may follow. The last part is then a beginning, not a whole component.
    open: bool,
    /// Whether URIs of the protocol are among them: patterns stand for those only if they begin there.
    protocol: bool,
}

/// What is known of one component.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    text: ByteString,
    /// Whether the component is this text, rather than begins with it.
    whole: bool,
}

impl Shape {
    /// The URIs that match.
    pub(super) fn of(policy: MatchPolicy, uri: &Uri) -> Self {
        let is_wildcard = |text: &str| policy == MatchPolicy::Wildcard && text.is_empty();
        let part = |text: &str| Part { text: text.into(), whole: !is_wildcard(text) };
        let mut parts: Vec<Part> = uri.components().map(part).collect();
        let open = policy == MatchPolicy::Prefix;
        if open && let Some(last) = parts.last_mut() {
            last.whole = false;
        }
        let protocol = policy == MatchPolicy::Exact || uri.is_reserved();
        Self { parts, open, protocol }
    }

    /// The same URIs in sets that are of applications or of the protocol, none of both: what these begin with may be
    /// the name of the protocol and more, which different permissions speak of. `None` if this is such a set itself.
    pub(super) fn apart(&self) -> Option<Vec<Self>> {
        let [Part { text, whole: false }] = &self.parts[..] else { return None };
        if !self.protocol {
            return None;
        }
        let names = PROTOCOL.iter().filter(|name| name.starts_with(&**text));
        let name = |name: &&str| Part { text: (*name).into(), whole: true };
        let anything = || Part { text: ByteString::new(), whole: false };
        let of_protocol = |parts, open| Self { parts, open, protocol: true };
        let sets = names.flat_map(|n| {
            [of_protocol(vec![name(n)], false), of_protocol(vec![name(n), anything()], true)]
        });
        let applications = Self { protocol: false, ..self.clone() };
        Some([applications].into_iter().chain(sets).collect())
    }

    /// Whether this is one URI.
    pub(super) fn is_single(&self) -> bool {
        !self.open && self.parts.iter().all(|part| part.whole)
    }

    /// Whether every URI of `other` is one of these.
    pub(super) fn contains(&self, other: &Self) -> bool {
        let (own, others) = (self.parts.len(), other.parts.len());
        let fits = if self.open { others >= own } else { others == own && !other.open };
        fits && (self.protocol || !other.reaches_protocol())
            && self.parts.iter().zip(&other.parts).all(|(a, b)| a.contains(b))
    }

    /// The URIs that are in both; `None` if there is none.
    pub(super) fn meet(&self, other: &Self) -> Option<Self> {
        let (short, long) =
            if self.parts.len() <= other.parts.len() { (self, other) } else { (other, self) };
        if long.parts.len() > short.parts.len() && !short.open {
            return None;
        }
        // Most rules of a role have nothing in common with what is asked for: that is found out without a copy.
        let pairs = short.parts.iter().zip(&long.parts);
        if !pairs.clone().all(|(a, b)| a.meets(b)) {
            return None;
        }
        let narrower = |(a, b): (&Part, &Part)| if a.contains(b) { b.clone() } else { a.clone() };
        let mut parts: Vec<Part> = pairs.map(narrower).collect();
        parts.extend_from_slice(&long.parts[short.parts.len()..]);
        // As long as `long`, it takes more components only if both do.
        let open = long.open && short.open;
        let met = Self { parts, open, protocol: short.protocol && long.protocol };
        (met.protocol || !met.is_protocol_only()).then_some(met)
    }

    /// Of two wildcard patterns that match one URI, whether this has the precedence: at the first difference it has a
    /// literal where the other has a wildcard.
    pub(super) fn is_more_literal_than(&self, other: &Self) -> bool {
        let mut parts = self.parts.iter().zip(&other.parts);
        parts.find(|(a, b)| a.whole != b.whole).is_some_and(|(a, _)| a.whole)
    }

    fn reaches_protocol(&self) -> bool {
        let possible = |part: &Part| {
            PROTOCOL.iter().any(|name| {
                if part.whole { part.text == *name } else { name.starts_with(&*part.text) }
            })
        };
        self.protocol && self.parts.first().is_some_and(possible)
    }

    fn is_protocol_only(&self) -> bool {
        self.parts
            .first()
            .is_some_and(|part| part.whole && PROTOCOL.iter().any(|n| part.text == *n))
    }
}

/// The first components of URIs that [are reserved](Uri::is_reserved).
const PROTOCOL: [&str; 2] = ["wamp", "wamplex"];

impl Part {
    fn contains(&self, other: &Self) -> bool {
        if self.whole {
            other.whole && self.text == other.text
        } else {
            other.text.starts_with(&*self.text)
        }
    }

    fn meets(&self, other: &Self) -> bool {
        self.contains(other) || other.contains(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use MatchPolicy::{Exact, Prefix, Wildcard};

    #[test]
    fn the_protocol_is_known_by_the_same_names_as_in_uris() {
        for name in PROTOCOL {
            assert!(Uri::from(name).is_reserved() && Uri::from(format!("{name}.a")).is_reserved());
        }
        let shape = |policy, uri: &'static str| Shape::of(policy, &Uri::from_static(uri));
        assert!(
            shape(Prefix, "wamp").reaches_protocol() && !shape(Prefix, "wamp").is_protocol_only()
        );
        assert!(shape(Prefix, "wamp.").is_protocol_only());
        assert!(shape(Wildcard, "wamplex.").is_protocol_only());
        assert!(!shape(Prefix, "").reaches_protocol() && !shape(Wildcard, "..").reaches_protocol());
        assert!(
            shape(Exact, "wamp.a").is_protocol_only()
                && !shape(Exact, "wampum.a").reaches_protocol()
        );
    }

    #[test]
    fn a_set_with_the_names_of_the_protocol_comes_apart() {
        let shape = |policy, uri: &'static str| Shape::of(policy, &Uri::from_static(uri));
        let apart = |uri| shape(Prefix, uri).apart();
        let applications = |uri| Shape { protocol: false, ..shape(Prefix, uri) };
        let named = |name, below| [shape(Exact, name), shape(Prefix, below)];
        let [lex, wamp] = [named("wamplex", "wamplex."), named("wamp", "wamp.")];
        let all = [vec![applications("wamp")], wamp.to_vec(), lex.to_vec()].concat();
        assert_eq!(apart("wamp"), Some(all));
        assert_eq!(apart("wamplex"), Some([vec![applications("wamplex")], lex.to_vec()].concat()));
        for uri in ["", "wam", "wamp.", "wampl", "wamplex.", "com"] {
            assert_eq!(apart(uri), None, "{uri}");
        }
        assert_eq!(shape(Exact, "wamp").apart(), None);
    }

    #[test]
    fn what_two_patterns_have_in_common_is_again_a_set_of_this_kind() {
        let shape = |policy, uri: &'static str| Shape::of(policy, &Uri::from_static(uri));
        let table = [
            ((Prefix, "a.b"), (Prefix, "a."), Some((Prefix, "a.b"))),
            ((Prefix, "a.b"), (Prefix, "a.c"), None),
            ((Wildcard, "a..c"), (Wildcard, ".b."), Some((Exact, "a.b.c"))),
            ((Wildcard, "a..c"), (Wildcard, "..d"), None),
            ((Wildcard, "a..c"), (Wildcard, "a."), None),
            ((Wildcard, "a..c"), (Prefix, "a."), Some((Wildcard, "a..c"))),
            ((Wildcard, "a..c"), (Prefix, "a.b."), Some((Exact, "a.b.c"))),
            ((Wildcard, "a..c"), (Prefix, "a.b.c."), None),
            ((Prefix, ""), (Exact, "a.b"), Some((Exact, "a.b"))),
            ((Prefix, ""), (Exact, "wamp.b"), None),
            ((Prefix, ""), (Prefix, "wamp."), None),
            ((Prefix, "wamp"), (Prefix, "wamp."), Some((Prefix, "wamp."))),
        ];
        for ((p, a), (q, b), expected) in table {
            let (a, b) = (shape(p, a), shape(q, b));
            let expected = expected.map(|(policy, uri)| shape(policy, uri));
            for met in [a.meet(&b), b.meet(&a)] {
                let known = |shape: &Shape| (shape.parts.clone(), shape.open);
                assert_eq!(met.as_ref().map(known), expected.as_ref().map(known), "{a:?} {b:?}");
            }
        }
    }
}
