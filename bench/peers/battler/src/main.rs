//! A router made with battler-wamp as its documentation shows, for `bench/peers/run`.
//! usage: battler-router PORT REALM

use anyhow::Context;
use battler_wamp::router::{
    EmptyConnectionPolicies, EmptyPubSubPolicies, EmptyRpcPolicies, RealmAuthenticationConfig,
    RealmConfig, RouterConfig, RouterLimitsConfig, new_web_socket_router,
};
use battler_wamp_uri::Uri;
use std::env;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = env::args().skip(1);
    let port = arguments.next().context("no port")?.parse().context("the port is no number")?;
    let realm = arguments.next().context("no realm")?;
    let realm = RealmConfig {
        name: realm.clone(),
        uri: Uri::try_from(realm.as_str())?,
        authentication: RealmAuthenticationConfig::default(),
    };
    let router = new_web_socket_router(
        RouterConfig { port, realms: vec![realm], limits: limits(), ..RouterConfig::default() },
        Box::new(EmptyConnectionPolicies::default()),
        Box::new(EmptyPubSubPolicies::default()),
        Box::new(EmptyRpcPolicies::default()),
    )?;
    let (_router, ended) = router.start().await?;
    Ok(ended.await?)
}

/// The default limits, but for the one that ends every connection with more than 10 messages per second: 0 lifts it.
fn limits() -> RouterLimitsConfig {
    RouterLimitsConfig {
        rate_limit_burst: 0,
        rate_limit_refill_per_sec: 0,
        ..RouterLimitsConfig::default()
    }
}
