//! The seam between authentication and whatever keeps principals.

use super::{Certificate, Principal};
use std::{fmt, future::Future, pin::Pin, sync::Arc};

/// What a client names itself by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup<'a> {
    /// By its authid.
    Authid(&'a str),
    /// By the Ed25519 key of cryptosign.
    PublicKey(&'a [u8; 32]),
    /// By the certificate it has shown in TLS, which was verified.
    Certificate(&'a Certificate),
}

/// A search that is under way.
pub type Finding<'a> =
    Pin<Box<dyn Future<Output = Result<Option<Arc<Principal>>, SourceError>> + Send + 'a>>;

/// Something that keeps principals.
///
/// ```
/// use std::sync::Arc;
/// use wamplex_router::principals::{Finding, Lookup, Principal, Principals};
///
/// /// Knows one principal, in every realm.
/// #[derive(Debug)]
/// struct OnlyAlice;
///
/// impl Principals for OnlyAlice {
///     fn provider(&self) -> &str {
///         "alice"
///     }
///
///     fn find<'a>(&'a self, _realm: &'a str, who: Lookup<'a>) -> Finding<'a> {
///         let found = match who {
///             Lookup::Authid("alice") => Some(Arc::new(Principal::new("alice", "user", "alice"))),
///             _ => None,
///         };
///         Box::pin(std::future::ready(Ok(found)))
///     }
/// }
/// ```
pub trait Principals: fmt::Debug + Send + Sync {
    /// The name of this source: in `authprovider` of WELCOME, and in the log.
    fn provider(&self) -> &str;

    /// Finds the principal of `realm` that names itself so; `None` if this source knows none.
    ///
    /// The future may be dropped before it is ready, and it must not block the thread it runs on.
    ///
    /// # Errors
    /// The source cannot say: nobody is let in.
    fn find<'a>(&'a self, realm: &'a str, who: Lookup<'a>) -> Finding<'a>;
}

/// A source that cannot say whether it knows a principal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("principals of {provider}: {reason}")]
#[non_exhaustive]
pub struct SourceError {
    /// The source.
    pub provider: String,
    /// What is wrong with it, for the log; never a secret.
    pub reason: String,
}

/// Sources in their order.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    sources: Vec<Arc<dyn Principals>>,
}

impl SourceError {
    /// A failure of the source `provider`.
    pub fn new(provider: impl Into<String>, reason: impl fmt::Display) -> Self {
        Self { provider: provider.into(), reason: reason.to_string() }
    }
}

impl Chain {
    /// A chain of these sources; the first one is asked first.
    #[must_use]
    pub fn new(sources: Vec<Arc<dyn Principals>>) -> Self {
        Self { sources }
    }

    /// Whether there is no source.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// The sources in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<dyn Principals>> {
        self.sources.iter()
    }
}

impl Principals for Chain {
    fn provider(&self) -> &str {
        "chain"
    }

    /// What the first source says that knows the principal. Whom a further source finds by a key or a certificate is nobody
    /// if one before it knows the name: that says what the principal has, and it does not have those.
    ///
    /// # Errors
    /// A source failed before one was found that knows the principal.
    fn find<'a>(&'a self, realm: &'a str, who: Lookup<'a>) -> Finding<'a> {
        Box::pin(async move {
            for (at, source) in self.sources.iter().enumerate() {
                let Some(principal) = source.find(realm, who).await? else { continue };
                let is_named = matches!(who, Lookup::Authid(_));
                for before in self.sources[..at].iter().filter(|_| !is_named) {
                    if before.find(realm, Lookup::Authid(&principal.authid)).await?.is_some() {
                        return Ok(None);
                    }
                }
                return Ok(Some(principal));
            }
            Ok(None)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// What a source of the test does.
    #[derive(Debug)]
    struct Source {
        name: &'static str,
        knows: &'static [&'static str],
        is_broken: bool,
        asked: AtomicUsize,
    }

    fn source(name: &'static str, knows: &'static [&'static str], is_broken: bool) -> Arc<Source> {
        Arc::new(Source { name, knows, is_broken, asked: AtomicUsize::new(0) })
    }

    impl Principals for Source {
        fn provider(&self) -> &str {
            self.name
        }

        fn find<'a>(&'a self, _realm: &'a str, who: Lookup<'a>) -> Finding<'a> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let found = match who {
                _ if self.is_broken => Err(SourceError::new(self.name, "it is broken")),
                Lookup::Authid(authid) if self.knows.contains(&authid) => {
                    Ok(Some(Arc::new(Principal::new(authid, "user", self.name))))
                }
                Lookup::Authid(_) | Lookup::PublicKey(_) | Lookup::Certificate(_) => Ok(None),
            };
            Box::pin(std::future::ready(found))
        }
    }

    #[tokio::test]
    async fn the_first_source_that_knows_a_principal_decides_and_a_broken_one_ends_the_search() {
        // Sources, whom to look for, and who is found where; `Err` names the one that failed.
        type Row = (
            &'static [(&'static str, &'static [&'static str], bool)],
            Result<Option<&'static str>, &'static str>,
        );
        let rows: [Row; 7] = [
            (&[], Ok(None)),
            (&[("a", &["alice"], false)], Ok(Some("a"))),
            (&[("a", &["alice"], false), ("b", &["alice"], false)], Ok(Some("a"))),
            (&[("a", &["bob"], false), ("b", &["alice"], false)], Ok(Some("b"))),
            (&[("a", &["bob"], false), ("b", &["carol"], false)], Ok(None)),
            (&[("a", &[], true), ("b", &["alice"], false)], Err("a")),
            (&[("a", &["alice"], false), ("b", &[], true)], Ok(Some("a"))),
        ];
        for (sources, expected) in rows {
            let sources: Vec<_> = sources.iter().map(|(n, k, b)| source(n, k, *b)).collect();
            let chain =
                Chain::new(sources.iter().map(|s| Arc::clone(s) as Arc<dyn Principals>).collect());
            let found = chain.find("realm1", Lookup::Authid("alice")).await;
            let found = found
                .as_ref()
                .map(|found| found.as_ref().map(|principal| &*principal.provider))
                .map_err(|error| error.provider.as_str());
            assert_eq!(found, expected);
            let last = sources
                .iter()
                .position(|s| Ok(Some(s.name)) == expected || Err(s.name) == expected);
            for (i, source) in sources.iter().enumerate() {
                let asked = last.is_none_or(|last| i <= last);
                assert_eq!(
                    source.asked.load(Ordering::Relaxed),
                    usize::from(asked),
                    "{}",
                    source.name
                );
            }
        }
    }

    #[tokio::test]
    async fn a_key_counts_only_if_the_source_that_decides_about_its_principal_has_it() {
        let table = |role: &str, key: Option<[u8; 32]>| {
            let mut alice = Principal::new("alice", role, "");
            alice.cryptosign.extend(key);
            Arc::new(crate::principals::Static::new([alice]).unwrap()) as Arc<dyn Principals>
        };
        let key = [7; 32];
        for (first, role) in [(None, None), (Some([8; 32]), None), (Some(key), Some("guest"))] {
            let chain = Chain::new(vec![table("guest", first), table("admin", Some(key))]);
            let found = chain.find("realm1", Lookup::PublicKey(&key)).await.unwrap();
            assert_eq!(found.as_ref().map(|found| &*found.role), role, "{first:?}");
        }
    }
}
