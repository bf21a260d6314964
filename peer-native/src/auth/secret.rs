//! Secrets that are known or can be fetched.

use super::{AuthError, BoxFuture};
use core::{fmt, future::Future};
use std::sync::Arc;
use zeroize::Zeroizing;

/// A secret that is known beforehand, or fetched each time it is needed.
///
/// It is not shown when printed for debugging, and what is known beforehand is wiped from memory at the end.
#[derive(Clone)]
pub struct Secret(Source);

#[derive(Clone)]
enum Source {
    Known(Arc<Zeroizing<String>>),
    Fetched(Arc<Provider>),
}

type Fetched = BoxFuture<'static, Result<Zeroizing<String>, AuthError>>;
type Provider = dyn Fn() -> Fetched + Send + Sync;

impl Secret {
    /// A secret that is known beforehand.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(Source::Known(Arc::new(Zeroizing::new(secret.into()))))
    }

    /// A secret that is fetched each time the router asks for it: from a file, a vault, or a dialog.
    pub fn fetched<F, Fut, E>(fetch: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, E>> + Send + 'static,
        E: core::error::Error + Send + Sync + 'static,
    {
        let provider = move || -> Fetched {
            let fetched = fetch();
            Box::pin(async move {
                let fetched = fetched.await.map_err(|e| AuthError::Provider(Arc::new(e)))?;
                Ok(Zeroizing::new(fetched))
            })
        };
        Self(Source::Fetched(Arc::new(provider)))
    }

    pub(super) async fn get(&self) -> Result<Zeroizing<String>, AuthError> {
        match &self.0 {
            Source::Known(secret) => Ok(Zeroizing::clone(secret)),
            Source::Fetched(provider) => provider().await,
        }
    }
}

impl From<&str> for Secret {
    fn from(secret: &str) -> Self {
        Self::new(secret)
    }
}

impl From<String> for Secret {
    fn from(secret: String) -> Self {
        Self::new(secret)
    }
}

impl fmt::Debug for Secret {
    /// Does not show the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}
