//! Where principals come from: who may come into a realm, and by what each of them is recognised.
//!
//! SharedSources stand in an order: the configuration, files, databases, procedures, those of the program that embeds the
//! router. The first that knows a principal decides. One that fails ends the search: somebody who may come in by a later
//! source must not do so only because an earlier one, which would have refused, is not there.

mod added;
mod certificate;
mod file;
mod principal;
mod source;
mod sources;
pub mod sqlite;
mod table;

use added::Added;
pub use certificate::{Certificate, CertificateMark, NoCertificate};
pub(crate) use file::FileSource;
pub use principal::{CraKey, Principal, Ticket};
pub use source::{Chain, Finding, Lookup, Principals, SourceError};
pub(crate) use sources::SharedSources;
pub use table::{Ambiguous, Static};
