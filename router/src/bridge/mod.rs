//! Plain HTTP for those who do not speak WAMP: publishing, calling, webhooks, and events as a stream.
//!
//! ```toml
//! [[listeners.bridge]]
//! path = "/call"
//! action = "call"
//! anonymous = "guest"
//! ```
//!
//! ```text
//! $ curl -d '{"procedure": "com.example.add", "args": [2, 3]}' -H 'content-type: application/json' localhost:8080/call
//! {"args":[5],"kwargs":{}}
//! ```
//!
//! Whoever makes a request is a session of the realm, with the role of its token or that of anonymous clients, and may do
//! what that role may. What goes wrong is `{"error": "<error URI>", "args": [...], "kwargs": {...}}` with a status that
//! says the same; see the table in `status`. A call is taken back when its client goes, or when it takes too long.

mod actions;
mod cors;
mod events;
mod failure;
mod identity;
mod json;
mod request;
mod sessions;
mod status;

use crate::{
    authentication::{Identity, Refusal, Step},
    clock,
    config::{BridgeAction, BridgeEndpoint},
    crowd::Counted,
    front::{Body, Pages},
    log_gate::Line,
    peer::Peer,
    realm::RealmCell,
    shared::Shared,
};
use bytes::Bytes;
use cors::Page;
use failure::Failure;
use hyper::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderMap},
    http::request::Parts,
};
use sessions::{Client, Sessions};
use status::Statuses;
use std::{collections::HashMap, error::Error, sync::Arc};
use tokio::time::timeout;
use wamplex_shared::{
    message::{Hello, HelloDetails},
    uris::{error, wamplex},
};

/// The method by which a realm knows those who show a token.
const BEARER: &str = "jwt";

/// The endpoints of one listener.
pub(crate) struct Bridge {
    endpoints: HashMap<String, Arc<Endpoint>>,
    pages: Pages,
    shared: Arc<Shared>,
    sessions: Arc<Sessions>,
}

/// One path.
pub(crate) struct Endpoint {
    config: BridgeEndpoint,
    statuses: Statuses,
}

impl Bridge {
    /// Prepares what a configuration says that was checked.
    pub(crate) fn new(endpoints: &[BridgeEndpoint], pages: Pages, shared: &Arc<Shared>) -> Self {
        let endpoint = |config: &BridgeEndpoint| {
            let statuses = Statuses::new(&config.statuses);
            (config.path.clone(), Arc::new(Endpoint { config: config.clone(), statuses }))
        };
        Self {
            endpoints: endpoints.iter().map(endpoint).collect(),
            pages,
            shared: Arc::clone(shared),
            sessions: Arc::new(Sessions::new()),
        }
    }

    /// The endpoint at this path, if there is one.
    pub(crate) fn find(&self, path: &str) -> Option<Arc<Endpoint>> {
        self.endpoints.get(path).cloned()
    }

    /// Does what a request asks for. Dropping it takes back what it does.
    pub(crate) async fn respond<B>(
        &self,
        endpoint: &Endpoint,
        request: Request<B>,
        peer: &Peer,
    ) -> Response<Body>
    where
        B: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
    {
        let Some(page) = Page::of(request.headers(), &self.pages) else {
            let words = "pages of this origin may not use this router";
            return Failure::new(error::NOT_AUTHORIZED, words)
                .with_status(StatusCode::FORBIDDEN)
                .into_response(&endpoint.statuses);
        };
        let mut response = match page.preflight(&request, endpoint.method()) {
            Some(response) => response,
            None => match self.answer(endpoint, request, peer).await {
                Ok(response) => response,
                Err(failure) => failure.into_response(&endpoint.statuses),
            },
        };
        page.admit(&mut response);
        response
    }

    async fn answer<B>(
        &self,
        endpoint: &Endpoint,
        request: Request<B>,
        peer: &Peer,
    ) -> Result<Response<Body>, Failure>
    where
        B: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
    {
        if request.method() != endpoint.method() {
            let words = format!("only {} is served here", endpoint.method());
            return Err(Failure::new(error::INVALID_ARGUMENT, words)
                .with_status(StatusCode::METHOD_NOT_ALLOWED)
                .with_header(header::ALLOW, endpoint.allow()));
        }
        if self.shared.is_draining() {
            return Err(Failure::shutting_down());
        }
        let limit = endpoint.config.timeout;
        let answer = timeout(limit, self.act(endpoint, request, peer)).await;
        let answer = answer.unwrap_or_else(|_elapsed| {
            let words = format!("this took longer than {}", humantime::format_duration(limit));
            Err(Failure::new(error::TIMEOUT, words).with_status(StatusCode::GATEWAY_TIMEOUT))
        });
        match answer {
            // A realm that closes cancels what is open.
            Err(failure) if failure.is_canceled() && self.shared.is_draining() => {
                Err(Failure::shutting_down())
            }
            answer => answer,
        }
    }

    async fn act<B>(
        &self,
        endpoint: &Endpoint,
        request: Request<B>,
        peer: &Peer,
    ) -> Result<Response<Body>, Failure>
    where
        B: hyper::body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
    {
        let config = &endpoint.config;
        let realm = self.realm(config)?;
        let (Parts { headers, uri, .. }, body) = request.into_parts();
        // Before a token is looked at, as with a HELLO. Requests are over soon, and have a connection that counts.
        let is_stream = config.action == BridgeAction::Events;
        let counted = if is_stream { self.count(peer)? } else { None };
        let identity = self.identify(config, &realm, &headers, peer).await?;
        if is_stream {
            // A session of its own: what is retained comes to all subscriptions of one session.
            let client = Client::join(&self.shared, &realm, identity, counted).await?;
            client.pay(&self.shared, 0).await?;
            let (query, bytes) =
                (uri.query().unwrap_or_default(), self.shared.limits().outbox_bytes);
            return events::listen(client, config, bytes, query, &headers).await;
        }
        let body = request::body(body, config.body).await?;
        if let Some(webhook) = &config.webhook {
            actions::check_signature(webhook, &headers, &body)?;
        }
        // Requests that wait for an authorizer would have others of the same session wait.
        let client = if realm.authorization().asks() {
            Arc::new(Client::join(&self.shared, &realm, identity, None).await?)
        } else {
            self.sessions.of(&self.shared, &realm, identity).await?
        };
        client.pay(&self.shared, body.len()).await?;
        let session = &client.session;
        match (&config.webhook, config.action) {
            (Some(webhook), BridgeAction::Webhook) => {
                actions::webhook(session, webhook, &headers, uri.query(), &body).await
            }
            (_, BridgeAction::Call) => actions::call(session, &headers, &body).await,
            _ => actions::publish(session, &headers, &body).await,
        }
    }

    /// Counts a stream as a session of its address.
    fn count(&self, peer: &Peer) -> Result<Option<Counted>, Failure> {
        let shared = &self.shared;
        let counted = shared.crowd.join(peer.address.ip(), &shared.limits(), shared.clock.now());
        counted.map_err(|crowded| Failure::new(wamplex::LIMIT_EXCEEDED, crowded.words()))
    }

    fn realm(&self, config: &BridgeEndpoint) -> Result<Arc<RealmCell>, Failure> {
        let words = || format!("there is no realm `{}` here", config.realm);
        let realm = self.shared.realms.get(&config.realm);
        realm.ok_or_else(|| Failure::new(error::NO_SUCH_REALM, words()))
    }

    /// Finds out who makes a request: who is in the configuration of the endpoint, or whoever else is known to the realm
    /// by a token.
    async fn identify(
        &self,
        config: &BridgeEndpoint,
        realm: &RealmCell,
        headers: &HeaderMap,
        peer: &Peer,
    ) -> Result<Identity, Failure> {
        let Some(token) = identity::token(headers)? else { return identity::anonymous(config) };
        if let Some(known) = identity::known(config, token) {
            return Ok(known);
        }
        let details = HelloDetails { authmethods: vec![BEARER.into()], ..HelloDetails::default() };
        let hello = Hello { realm: realm.name().clone(), details };
        let session = clock::draw_session_id().map_err(Refusal::from)?;
        let mut exchange = realm.live().authentication.open(&hello, peer, session);
        let refusal = match exchange.begin().await {
            Step::Welcome(identity) => return Ok(identity),
            Step::Refuse(refusal) => refusal,
            Step::Challenge(_) => Refusal::denied("a challenge, which nobody would answer"),
        };
        let (peer, realm) = (&peer.address, realm.name());
        let Refusal { uri, message, detail } = refusal;
        if let Some(Line { left_out }) = self.shared.log_gate.line(peer, self.shared.clock.now()) {
            let path = &config.path;
            tracing::info!(%peer, %realm, path, reason = message, detail, left_out, "token refused");
        }
        Err(Failure::unauthenticated(uri, message))
    }
}

impl Endpoint {
    const fn method(&self) -> &'static Method {
        match self.config.action {
            BridgeAction::Events => &Method::GET,
            BridgeAction::Publish | BridgeAction::Call | BridgeAction::Webhook => &Method::POST,
        }
    }

    const fn allow(&self) -> &'static str {
        match self.config.action {
            BridgeAction::Events => "GET, OPTIONS",
            BridgeAction::Publish | BridgeAction::Call | BridgeAction::Webhook => "POST, OPTIONS",
        }
    }
}
