//! A radix tree by bytes: which of many prefixes does this string begin with?

/// A map from prefixes to values.
///
/// Keys are whole UTF-8 strings, so comparing bytes compares characters, even though a node may hold half of one.
pub(super) struct PrefixTree<T> {
    root: Node<T>,
}

struct Node<T> {
    /// What this node adds to the key of its parent: empty for the root only.
    label: Box<[u8]>,
    value: Option<T>,
    /// Sorted by the first byte of their labels, which all differ.
    children: Vec<Self>,
}

impl<T> PrefixTree<T> {
    pub(super) fn new() -> Self {
        Self { root: Node { label: Box::new([]), value: None, children: Vec::new() } }
    }

    pub(super) fn get(&self, key: &str) -> Option<&T> {
        let (mut node, mut rest) = (&self.root, key.as_bytes());
        while !rest.is_empty() {
            (node, rest) = node.step(rest)?;
        }
        node.value.as_ref()
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        let (mut node, mut rest) = (&mut self.root, key.as_bytes());
        while !rest.is_empty() {
            let at = node.child(rest[0]).ok()?;
            node = &mut node.children[at];
            rest = rest.strip_prefix(&*node.label)?;
        }
        node.value.as_mut()
    }

    pub(super) fn insert(&mut self, key: &str, value: T) -> Option<T> {
        let (mut node, mut rest) = (&mut self.root, key.as_bytes());
        while !rest.is_empty() {
            match node.child(rest[0]) {
                Err(at) => {
                    let leaf = Node { label: rest.into(), value: None, children: Vec::new() };
                    node.children.insert(at, leaf);
                    node = &mut node.children[at];
                    rest = &[];
                }
                Ok(at) => {
                    node = &mut node.children[at];
                    let shared = node.label.iter().zip(rest).take_while(|(a, b)| a == b).count();
                    node.split(shared);
                    rest = &rest[shared..];
                }
            }
        }
        node.value.replace(value)
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<T> {
        self.root.remove(key.as_bytes())
    }

    /// Visits the values of all prefixes of `text`, the shortest first.
    pub(super) fn matching<'a>(&'a self, text: &str, visit: &mut impl FnMut(&'a T)) {
        let mut next = Some((&self.root, text.as_bytes()));
        while let Some((node, rest)) = next {
            if let Some(value) = &node.value {
                visit(value);
            }
            next = node.step(rest);
        }
    }

    /// The value of the longest prefix of `text`.
    pub(super) fn longest(&self, text: &str) -> Option<&T> {
        let mut longest = None;
        self.matching(text, &mut |value| longest = Some(value));
        longest
    }

    pub(super) fn visit<'a>(&'a self, visit: &mut impl FnMut(&'a T)) {
        self.root.visit(visit);
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if !self.root.label.is_empty() {
            return Err("the root of a prefix tree has a label".into());
        }
        self.root.children.iter().try_for_each(Node::check)?;
        self.root.check_order()
    }
}

impl<T> Node<T> {
    /// Where the child is, or would be, whose label begins with this byte.
    fn child(&self, first: u8) -> Result<usize, usize> {
        self.children.binary_search_by_key(&first, |child| child.label[0])
    }

    /// The child whose whole label `rest` begins with, and what is left of `rest` then.
    fn step<'r>(&self, rest: &'r [u8]) -> Option<(&Self, &'r [u8])> {
        let child = &self.children[self.child(*rest.first()?).ok()?];
        Some((child, rest.strip_prefix(&*child.label)?))
    }

    /// Shortens the label to `at` bytes and moves everything else one level down; nothing if it is no longer anyway.
    fn split(&mut self, at: usize) {
        if at == self.label.len() {
            return;
        }
        let lower = Self {
            label: self.label[at..].into(),
            value: self.value.take(),
            children: core::mem::take(&mut self.children),
        };
        self.label = self.label[..at].into();
        self.children.push(lower);
    }

    /// Recursion is as deep as keys are long, which `Uri::MAX_LENGTH` bounds.
    fn remove(&mut self, rest: &[u8]) -> Option<T> {
        let Some(first) = rest.first() else { return self.value.take() };
        let at = self.child(*first).ok()?;
        let child = &mut self.children[at];
        let value = child.remove(rest.strip_prefix(&*child.label)?)?;
        if child.value.is_none() {
            match child.children.len() {
                0 => drop(self.children.remove(at)),
                1 => child.merge(),
                _ => {}
            }
        }
        Some(value)
    }

    /// Takes the place of its only child.
    fn merge(&mut self) {
        if let Some(mut child) = self.children.pop() {
            child.label = [&*self.label, &*child.label].concat().into();
            *self = child;
        }
    }

    fn visit<'a>(&'a self, visit: &mut impl FnMut(&'a T)) {
        if let Some(value) = &self.value {
            visit(value);
        }
        for child in &self.children {
            child.visit(visit);
        }
    }

    fn check(&self) -> Result<(), String> {
        if self.label.is_empty() || (self.value.is_none() && self.children.len() < 2) {
            return Err(format!("prefix node {:?} serves nothing", self.label));
        }
        self.check_order()?;
        self.children.iter().try_for_each(Self::check)
    }

    fn check_order(&self) -> Result<(), String> {
        if self.children.is_sorted_by(|a, b| a.label.first() < b.label.first()) {
            Ok(())
        } else {
            Err(format!("children of prefix node {:?} are out of order", self.label))
        }
    }
}
