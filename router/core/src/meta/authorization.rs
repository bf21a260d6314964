//! What dynamic authorizers have said, and that it be asked again. Not in the specification.

use super::{Arguments, Outcome, Reply, count};
use crate::{realm::Realm, reject::Reject};

impl<H> Realm<H> {
    pub(super) fn forget_decisions(&self, mut args: Arguments) -> Outcome<H> {
        let role = args.keyword_text("role", "the role has to be a string")?;
        let authid = args.keyword_text("authid", "the authid has to be a string")?;
        args.finish()?;
        let authority = self.config.authority.as_ref().ok_or(Reject::NoSuchProcedure)?;
        Reply::of(count(authority.forget(role.as_deref(), authid.as_deref())))
    }
}
