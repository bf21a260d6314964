//! Rights in a running router: roles of the configuration, authorizers that are procedures, and those of the program.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cache;
#[path = "../common/mod.rs"]
mod common;
mod hook;
mod procedure;
mod reload;
mod roles;
mod waiting;

use common::{PATIENCE, Running, start};
use parking_lot::Mutex;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};
use tokio::time::timeout;
use wamplex_router::{
    Identity, RouterConfig,
    config::{MetaApi, RealmSettings},
    local::{Invocation, LocalError, LocalSession},
};
use wamplex_shared::{
    error::WampError,
    uris,
    value::{Dict, List, Value},
};

const AUTHORIZE: &str = "com.example.authorize";

/// A role that asks about everything, one that may do everything, and one that answers.
const ROLES: &str = r#"
    [[roles]]
    name = "guest"
    authorizer = "com.example.authorize"
    [[roles]]
    name = "all"
    allow_all = true
    [[roles]]
    name = "authorizer"
    permissions = [{ uri = "com.example.authorize", allow = ["register"] }]
"#;

/// The configuration of a router with these roles, and whatever else a realm can be told.
fn config(toml: &str) -> RouterConfig {
    let settings: RealmSettings = toml::from_str(toml).unwrap();
    let mut config = common::config();
    config.realms = vec![RealmSettings { name: "realm1".into(), ..settings }];
    assert_eq!(config.realms[0].rules.meta_api, MetaApi::Ask);
    config
}

/// A router with that configuration.
async fn with_roles(toml: &str) -> Running {
    let config = config(toml);
    assert_eq!(config.check().iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    start(|default| *default = config).await
}

fn join(router: &Running, authid: &'static str, role: &'static str) -> LocalSession {
    router.handle.join("realm1", Identity::local(authid, role)).unwrap()
}

/// Fails instead of hanging.
async fn soon<T>(future: impl IntoFuture<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("this was to happen")
}

/// How a request ended: the URI of its error, or nothing.
fn ended<T>(result: Result<T, LocalError>) -> Option<String> {
    result.err().map(|error| error.uri().to_owned())
}

fn denied() -> Option<String> {
    Some(uris::error::NOT_AUTHORIZED.to_owned())
}

fn failed() -> Option<String> {
    Some(uris::error::AUTHORIZATION_FAILED.to_owned())
}

/// Whether this session may publish here.
async fn publish(session: &LocalSession, topic: &'static str) -> Option<String> {
    ended(soon(session.publish(topic, ()).acknowledged()).await)
}

fn dict<const N: usize>(entries: [(&'static str, Value); N]) -> Value {
    entries.into_iter().collect::<Dict>().into()
}

/// An authorizer that always says the same, and what it was asked.
struct Scribe {
    session: LocalSession,
    asked: Arc<Mutex<Vec<List>>>,
}

impl Scribe {
    async fn register(router: &Running, says: Result<Value, WampError>) -> Self {
        let session = join(router, "judge", "authorizer");
        let asked: Arc<Mutex<Vec<List>>> = Arc::default();
        let heard = Arc::clone(&asked);
        let answer = move |call: Invocation| {
            heard.lock().push(call.values().unwrap().0);
            let says = says.clone();
            async move { says }
        };
        soon(session.register(AUTHORIZE, answer)).await.unwrap().detach();
        Self { session, asked }
    }

    /// How often it was asked since the last time.
    fn count(&self) -> usize {
        std::mem::take(&mut *self.asked.lock()).len()
    }

    /// The URIs it was asked about, with their actions.
    fn questions(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.lock());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        asked.iter().map(|list| format!("{} {}", text(&list[2]), text(&list[1]))).collect()
    }
}

/// How many are at work at once, and how many were at most.
#[derive(Default)]
struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Gauge {
    fn enter(&self) {
        let now = self.now.fetch_add(1, SeqCst) + 1;
        self.most.fetch_max(now, SeqCst);
    }

    fn leave(&self) {
        self.now.fetch_sub(1, SeqCst);
    }
}
