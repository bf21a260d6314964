//! A tree by components, where an empty component of a key stands for any one.

use bytestring::ByteString;
use std::collections::HashMap;

/// A map from wildcard patterns to values.
pub(super) struct WildcardTree<T> {
    root: Node<T>,
}

struct Node<T> {
    value: Option<T>,
    literal: HashMap<ByteString, Self>,
    any: Option<Box<Self>>,
}

impl<T> WildcardTree<T> {
    pub(super) fn new() -> Self {
        Self { root: Node::new() }
    }

    pub(super) fn get(&self, pattern: &str) -> Option<&T> {
        let mut node = &self.root;
        for component in Components::of(pattern) {
            node = match component {
                "" => node.any.as_deref()?,
                literal => node.literal.get(literal)?,
            };
        }
        node.value.as_ref()
    }

    pub(super) fn get_mut(&mut self, pattern: &str) -> Option<&mut T> {
        let mut node = &mut self.root;
        for component in Components::of(pattern) {
            node = match component {
                "" => node.any.as_deref_mut()?,
                literal => node.literal.get_mut(literal)?,
            };
        }
        node.value.as_mut()
    }

    pub(super) fn insert(&mut self, pattern: &str, value: T) -> Option<T> {
        let mut node = &mut self.root;
        for component in Components::of(pattern) {
            node = match component {
                "" => node.any.get_or_insert_with(|| Box::new(Node::new())),
                literal => node.literal.entry(literal.into()).or_insert_with(Node::new),
            };
        }
        node.value.replace(value)
    }

    pub(super) fn remove(&mut self, pattern: &str) -> Option<T> {
        self.root.remove(Components::of(pattern))
    }

    /// Visits the values of all patterns that `uri` matches.
    pub(super) fn matching<'a>(&'a self, uri: &str, visit: &mut impl FnMut(&'a T)) {
        if !self.root.serves_nothing() {
            self.root.matching(Components::of(uri), visit);
        }
    }

    /// The value of the pattern whose first difference from every other matching one is a literal.
    ///
    /// That is the specification's rule: of two patterns with equal runs of literals so far, the next run is longer in
    /// the one that has a literal where the other has a wildcard.
    pub(super) fn best(&self, uri: &str) -> Option<&T> {
        if self.root.serves_nothing() { None } else { self.root.best(Components::of(uri)) }
    }

    pub(super) fn visit<'a>(&'a self, visit: &mut impl FnMut(&'a T)) {
        self.root.visit(visit);
    }

    pub(super) fn check(&self) -> Result<(), String> {
        self.root.literal.values().chain(self.root.any.as_deref()).try_for_each(Node::check)
    }
}

/// The parts of a URI between its dots. Components are short: looking at each byte is quicker than any search that has to
/// be set up.
#[derive(Clone)]
struct Components<'u>(Option<&'u str>);

impl<'u> Components<'u> {
    const fn of(uri: &'u str) -> Self {
        Self(Some(uri))
    }
}

impl<'u> Iterator for Components<'u> {
    type Item = &'u str;

    fn next(&mut self) -> Option<&'u str> {
        let rest = self.0?;
        let dot = rest.bytes().position(|byte| byte == b'.');
        let split = dot.and_then(|dot| Some((rest.get(..dot)?, rest.get(dot + 1..)?)));
        let (component, rest) = split.map_or((rest, None), |(before, after)| (before, Some(after)));
        self.0 = rest;
        Some(component)
    }
}

/// Recursion is as deep as patterns have components, which `Uri::MAX_COMPONENTS` bounds.
impl<T> Node<T> {
    fn new() -> Self {
        Self { value: None, literal: HashMap::new(), any: None }
    }

    fn serves_nothing(&self) -> bool {
        self.value.is_none() && self.literal.is_empty() && self.any.is_none()
    }

    fn remove(&mut self, mut rest: Components<'_>) -> Option<T> {
        match rest.next() {
            None => self.value.take(),
            Some("") => {
                let any = self.any.as_mut()?;
                let value = any.remove(rest)?;
                if any.serves_nothing() {
                    self.any = None;
                }
                Some(value)
            }
            Some(literal) => {
                let child = self.literal.get_mut(literal)?;
                let value = child.remove(rest)?;
                if child.serves_nothing() {
                    self.literal.remove(literal);
                }
                Some(value)
            }
        }
    }

    fn matching<'a>(&'a self, mut rest: Components<'_>, visit: &mut impl FnMut(&'a T)) {
        let Some(component) = rest.next() else {
            if let Some(value) = &self.value {
                visit(value);
            }
            return;
        };
        if let Some(child) = self.literal.get(component) {
            child.matching(rest.clone(), visit);
        }
        if let Some(any) = &self.any {
            any.matching(rest, visit);
        }
    }

    fn best(&self, mut rest: Components<'_>) -> Option<&T> {
        let Some(component) = rest.next() else { return self.value.as_ref() };
        let literal = self.literal.get(component).and_then(|child| child.best(rest.clone()));
        literal.or_else(|| self.any.as_ref()?.best(rest))
    }

    fn visit<'a>(&'a self, visit: &mut impl FnMut(&'a T)) {
        if let Some(value) = &self.value {
            visit(value);
        }
        for child in self.literal.values().chain(self.any.as_deref()) {
            child.visit(visit);
        }
    }

    fn check(&self) -> Result<(), String> {
        if self.serves_nothing() {
            return Err("a wildcard node serves nothing".into());
        }
        self.literal.values().chain(self.any.as_deref()).try_for_each(Self::check)
    }
}
