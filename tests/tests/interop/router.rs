//! The router under test.

use tokio::task::JoinHandle;
use wamplex_router::{Router, RouterConfig, RouterHandle};
use wamplex_tests::harness::patient_config;

/// A running router: ours, or another one that was running before.
#[derive(Debug)]
pub(crate) struct UnderTest {
    pub(crate) url: String,
    ours: Option<(RouterHandle, JoinHandle<()>)>,
}

impl UnderTest {
    /// The router that `INTEROP_URL` names, or one of ours on a free port.
    pub(crate) async fn start() -> Self {
        if let Ok(url) = std::env::var("INTEROP_URL") {
            return Self { url, ours: None };
        }
        Self::of(patient_config()).await
    }

    /// One of ours with this configuration.
    pub(crate) async fn of(config: RouterConfig) -> Self {
        let router = Router::bind(config).await.expect("a free port of this machine");
        let url = router.websocket_url();
        let handle = router.handle();
        Self { url, ours: Some((handle, tokio::spawn(router.run()))) }
    }

    /// Stops the router if it is ours; fails if it went down before.
    pub(crate) async fn stop(self) {
        if let Some((handle, running)) = self.ours {
            assert!(!running.is_finished(), "the router runs to the end");
            handle.shutdown();
            running.await.expect("the router does not panic");
        }
    }
}
