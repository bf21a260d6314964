//! Where another router does something else than our scripts say, and why we keep what they say.

/// Scripts that fail for one reason.
#[derive(Debug)]
pub(crate) struct Difference {
    /// Their names without the ending.
    pub(crate) scripts: &'static [&'static str],
    /// What the other router does instead.
    pub(crate) theirs: &'static str,
    /// Why we do not.
    #[expect(dead_code, reason = "for who reads this file")]
    pub(crate) why: &'static str,
}

/// Crossbar 26.10.
pub(crate) const CROSSBAR: &[Difference] = &[];
