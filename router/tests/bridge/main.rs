//! The bridge from HTTP, with requests as their bytes are.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used, unreachable_pub)]

#[path = "../common/mod.rs"]
mod common;
mod events;
mod http;
mod identities;
mod refusals;
mod requests;
mod rights;
mod webhooks;

use common::Running;
use wamplex_router::{
    Identity, RouterConfig,
    config::{BridgeAction, BridgeEndpoint, BridgeToken, Secret, Webhook},
    local::{Invocation, LocalSession},
};
use wamplex_shared::{error::WampError, value::Value};

/// A router with one endpoint of each kind, open to anybody.
async fn start(change: impl FnOnce(&mut RouterConfig)) -> Running {
    common::start(|config| {
        let open = |path: &str, action| BridgeEndpoint {
            anonymous: Some("guest".to_owned()),
            ..BridgeEndpoint::new(path, action)
        };
        config.listeners[0].bridge = vec![
            open("/publish", BridgeAction::Publish),
            open("/call", BridgeAction::Call),
            BridgeEndpoint {
                webhook: Some(Webhook {
                    secret: Some(Secret::new("It's a Secret to Everybody")),
                    ..Webhook::new("com.example.hook")
                }),
                ..open("/hook", BridgeAction::Webhook)
            },
            open("/events", BridgeAction::Events),
            BridgeEndpoint {
                tokens: vec![BridgeToken {
                    token: Secret::new("open-sesame"),
                    authid: "ali".to_owned(),
                    role: "merchant".to_owned(),
                }],
                statuses: [("com.example.error.teapot".to_owned(), 418)].into(),
                ..BridgeEndpoint::new("/members/call", BridgeAction::Call)
            },
        ];
        change(config);
    })
    .await
}

/// A session inside the router, with procedures to call.
async fn backend(router: &Running) -> LocalSession {
    let local = router.handle.join("realm1", Identity::local("backend", "trusted")).unwrap();
    let echo = |call: Invocation| async move { Ok(call.payload().clone()) };
    local.register("com.example.echo", echo).await.unwrap().detach();
    let fail = |call: Invocation| async move {
        let uri = call.values()?.0[0].as_str().cloned().unwrap();
        Err::<(), _>(WampError::new(uri).with_payload(call.payload().clone()))
    };
    local.register("com.example.fail", fail).await.unwrap().detach();
    let session = local.clone();
    let who = move |call: Invocation| {
        let (caller, session) = (call.details().caller, session.clone());
        async move {
            let caller = caller.map(Value::from).unwrap_or_default();
            let details = session.call(wamplex_shared::uris::session::GET, [caller]).await?;
            Ok(details.value()?)
        }
    };
    let options = wamplex_shared::message::RegisterOptions {
        disclose_caller: Some(true),
        ..Default::default()
    };
    local.register("com.example.who", who).options(options).await.unwrap().detach();
    local
}
