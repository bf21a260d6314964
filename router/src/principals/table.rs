//! Principals in memory, found by all they are recognised by.

use super::{CertificateMark, Finding, Lookup, Principal, Principals};
use bytestring::ByteString;
use std::{collections::HashMap, fmt, sync::Arc};

/// The principals of one realm.
#[derive(Default)]
pub(crate) struct Table {
    by_authid: HashMap<ByteString, Arc<Principal>>,
    by_key: HashMap<[u8; 32], Arc<Principal>>,
    by_mark: HashMap<CertificateMark, Arc<Principal>>,
}

/// Two principals that cannot be told apart.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Ambiguous {
    /// Two have the same name.
    #[error("there are two principals `{0}`")]
    SameAuthid(String),
    /// Two have the same public key.
    #[error("`{0}` and `{1}` have the same public key")]
    SameKey(String, String),
    /// Two are recognised by the same thing in a certificate.
    #[error("`{0}` and `{1}` are recognised by the same certificates")]
    SameCertificate(String, String),
}

/// Principals that are known from the start, such as those of the configuration.
#[derive(Debug)]
pub struct Static {
    table: Table,
}

impl Table {
    /// A table of these principals.
    ///
    /// # Errors
    /// Two of them cannot be told apart.
    pub(crate) fn new(principals: impl IntoIterator<Item = Principal>) -> Result<Self, Ambiguous> {
        let mut table = Self::default();
        principals.into_iter().try_for_each(|principal| table.insert(principal))?;
        Ok(table)
    }

    /// Takes a principal in.
    ///
    /// # Errors
    /// Another one cannot be told from it.
    pub(crate) fn insert(&mut self, principal: Principal) -> Result<(), Ambiguous> {
        let principal = Arc::new(principal);
        let name = |principal: &Arc<Principal>| principal.authid.to_string();
        if self.by_authid.contains_key(&principal.authid) {
            return Err(Ambiguous::SameAuthid(name(&principal)));
        }
        for key in &principal.cryptosign {
            if let Some(other) = self.by_key.insert(*key, Arc::clone(&principal))
                && !Arc::ptr_eq(&other, &principal)
            {
                return Err(Ambiguous::SameKey(name(&other), name(&principal)));
            }
        }
        for mark in &principal.certificates {
            if let Some(other) = self.by_mark.insert(mark.clone(), Arc::clone(&principal))
                && !Arc::ptr_eq(&other, &principal)
            {
                return Err(Ambiguous::SameCertificate(name(&other), name(&principal)));
            }
        }
        self.by_authid.insert(principal.authid.clone(), principal);
        Ok(())
    }

    /// Finds the principal that names itself so.
    pub(crate) fn find(&self, who: Lookup<'_>) -> Option<Arc<Principal>> {
        match who {
            Lookup::Authid(authid) => self.by_authid.get(authid).cloned(),
            Lookup::PublicKey(key) => self.by_key.get(key).cloned(),
            Lookup::Certificate(certificate) => {
                certificate.marks().find_map(|mark| self.by_mark.get(mark)).cloned()
            }
        }
    }

    /// How many principals there are.
    pub(crate) fn len(&self) -> usize {
        self.by_authid.len()
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("principals", &self.len()).finish_non_exhaustive()
    }
}

impl Static {
    /// The name of this source, and the provider of principals that name none.
    pub const PROVIDER: &str = "static";

    /// A source that knows these principals, in every realm it is asked about.
    ///
    /// # Errors
    /// Two of them cannot be told apart.
    pub fn new(principals: impl IntoIterator<Item = Principal>) -> Result<Self, Ambiguous> {
        Ok(Self { table: Table::new(principals)? })
    }
}

impl Principals for Static {
    fn provider(&self) -> &str {
        Self::PROVIDER
    }

    /// Finds a principal in any realm: the configuration of a realm has its own.
    fn find<'a>(&'a self, _realm: &'a str, who: Lookup<'a>) -> Finding<'a> {
        Box::pin(std::future::ready(Ok(self.table.find(who))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(authid: &str, key: u8, mark: &str) -> Principal {
        let mut principal = Principal::new(authid, "user", "static");
        principal.cryptosign = vec![[key; 32], [key; 32]];
        principal.certificates = vec![CertificateMark::CommonName(mark.into())];
        principal
    }

    #[test]
    fn a_principal_is_found_by_all_it_is_recognised_by() {
        let mut table = Table::default();
        table.insert(principal("alice", 1, "a")).unwrap();
        table.insert(principal("bob", 2, "b")).unwrap();
        let found = |who| table.find(who).map(|principal| principal.authid.to_string());
        assert_eq!(found(Lookup::Authid("alice")).unwrap(), "alice");
        assert_eq!(found(Lookup::Authid("Alice")), None);
        assert_eq!(found(Lookup::PublicKey(&[2; 32])).unwrap(), "bob");
        assert_eq!(found(Lookup::PublicKey(&[3; 32])), None);
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn two_that_cannot_be_told_apart_are_refused() {
        let of = |second| Table::new([principal("alice", 1, "a"), second]);
        assert_eq!(
            of(principal("alice", 2, "b")).unwrap_err(),
            Ambiguous::SameAuthid("alice".into())
        );
        assert_eq!(
            of(principal("bob", 1, "b")).unwrap_err(),
            Ambiguous::SameKey("alice".into(), "bob".into())
        );
        assert_eq!(
            of(principal("bob", 2, "a")).unwrap_err(),
            Ambiguous::SameCertificate("alice".into(), "bob".into())
        );
        assert!(of(principal("bob", 2, "b")).is_ok());
    }
}
