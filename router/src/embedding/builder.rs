//! Putting a router together in a program.

use crate::{
    authentication::Authenticator,
    authorization::Authorizer,
    config::{Limits, ListenerConfig, RealmSettings, RouterConfig},
    error::StartError,
    principals::Principals,
    router::Router,
};
use std::{fmt, net::SocketAddr, sync::Arc};

/// A router that is being put together; [`bind`](Self::bind) opens it.
///
/// Whatever a configuration file can say is in [`RouterConfig`], which this begins with or makes; what only a program can
/// give comes besides.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), wamplex_router::StartError> {
/// use wamplex_router::Router;
///
/// let router = Router::builder()
///     .realm("com.example.realm")
///     .listen(([127, 0, 0, 1], 0))
///     .limits(|limits| limits.message_size = 64 << 10)
///     .bind()
///     .await?;
/// println!("clients connect to {}", router.websocket_url());
/// # Ok(())
/// # }
/// ```
#[must_use = "a router is opened by `bind`"]
pub struct RouterBuilder {
    config: RouterConfig,
    authorizers: Vec<(String, Arc<dyn Authorizer>)>,
    authenticators: Vec<(String, Arc<dyn Authenticator>)>,
    sources: Vec<(String, Arc<dyn Principals>)>,
}

impl RouterBuilder {
    pub(crate) fn new() -> Self {
        let config =
            RouterConfig { listeners: Vec::new(), realms: Vec::new(), ..RouterConfig::default() };
        Self::from_config(config)
    }

    /// Begins with a configuration.
    pub const fn from_config(config: RouterConfig) -> Self {
        Self { config, authorizers: Vec::new(), authenticators: Vec::new(), sources: Vec::new() }
    }

    /// Adds a realm: its name, or all of its settings. Without any there is `realm1`.
    pub fn realm(mut self, realm: impl Into<RealmSettings>) -> Self {
        self.config.realms.push(realm.into());
        self
    }

    /// Adds an address to listen on, with port 0 for one that the operating system chooses.
    ///
    /// Without any the router has no sockets: it is reached by [`join`](crate::RouterHandle::join),
    /// [`connect`](crate::RouterHandle::connect) and [`serve`](crate::RouterHandle::serve).
    pub fn listen(self, address: impl Into<SocketAddr>) -> Self {
        self.listener(ListenerConfig::on(address))
    }

    /// Adds a listener with all of its settings.
    pub fn listener(mut self, listener: ListenerConfig) -> Self {
        self.config.listeners.push(listener);
        self
    }

    /// Changes what one client can cost.
    pub fn limits(mut self, change: impl FnOnce(&mut Limits)) -> Self {
        change(&mut self.config.limits);
        self
    }

    /// Has this authorizer asked in a realm; see [`authorization`](crate::authorization).
    pub fn authorizer(
        mut self,
        realm: impl Into<String>,
        authorizer: impl Authorizer + 'static,
    ) -> Self {
        self.authorizers.push((realm.into(), Arc::new(authorizer)));
        self
    }

    /// Has the clients of a realm judged by this; see [`authentication`](crate::authentication).
    pub fn authenticator(
        mut self,
        realm: impl Into<String>,
        authenticator: impl Authenticator + 'static,
    ) -> Self {
        self.authenticators.push((realm.into(), Arc::new(authenticator)));
        self
    }

    /// Has this source asked about the principals of a realm, behind those of its settings; see
    /// [`principals`](crate::principals).
    pub fn principals(
        mut self,
        realm: impl Into<String>,
        source: impl Principals + 'static,
    ) -> Self {
        self.sources.push((realm.into(), Arc::new(source)));
        self
    }

    /// Listens on all addresses. Clients can connect from now on, and are served once the router
    /// [runs](Router::run).
    ///
    /// # Errors
    /// It cannot be put into practice: see [`StartError`].
    pub async fn bind(self) -> Result<Router, StartError> {
        let Self { mut config, authorizers, authenticators, sources } = self;
        if config.realms.is_empty() {
            config.realms = RouterConfig::default().realms;
        }
        let known = |realm: &str| match config.realms.iter().any(|known| known.name == realm) {
            true => Ok(()),
            false => Err(StartError::NoSuchRealm { name: realm.to_owned() }),
        };
        authorizers.iter().try_for_each(|(realm, _)| known(realm))?;
        authenticators.iter().try_for_each(|(realm, _)| known(realm))?;
        sources.iter().try_for_each(|(realm, _)| known(realm))?;
        let router = Router::open(config).await?;
        let handle = router.handle();
        for (realm, authorizer) in authorizers {
            handle.authorize_with(&realm, Some(authorizer));
        }
        for (realm, authenticator) in authenticators {
            handle.authenticate_with(&realm, Some(authenticator));
        }
        for (realm, source) in sources {
            handle.find_principals_with(&realm, Some(source));
        }
        Ok(router)
    }
}

impl fmt::Debug for RouterBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RouterBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}
