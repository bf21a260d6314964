//! What the control plane has changed, for the meta API to announce.

/// A session came to a subscription or registration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entered<Id> {
    /// Where it came to.
    pub(crate) id: Id,
    /// It is the first there.
    pub(crate) created: bool,
    /// It was not there before.
    pub(crate) added: bool,
}

/// A session went from a subscription or registration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Departed<Id> {
    /// Where it went from.
    pub(crate) id: Id,
    /// It was the last there.
    pub(crate) deleted: bool,
    /// It is about the protocol itself, and nobody is told.
    pub(crate) reserved: bool,
}
