//! What requests become: events and calls.

use super::{
    failure::{Failure, answer},
    json::{self, Arguments},
    request,
};
use crate::{config::Webhook, front::Body, local::LocalSession};
use bytes::Bytes;
use hyper::{
    Response,
    header::{self, HeaderMap},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use wamplex_shared::{
    codec::{self, Options},
    payload::Payload,
    serializer::Serializer,
    uris::error,
};

/// A body that publishes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Publication {
    topic: String,
    args: Option<Box<RawValue>>,
    kwargs: Option<Box<RawValue>>,
    options: Option<Box<RawValue>>,
}

/// A body that calls.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Question {
    procedure: String,
    args: Option<Box<RawValue>>,
    kwargs: Option<Box<RawValue>>,
    options: Option<Box<RawValue>>,
}

/// What is answered to those who publish.
#[derive(Serialize)]
struct Published {
    id: u64,
}

/// Headers of a webhook that are not published: they are for the router, or secrets.
const PRIVATE: [header::HeaderName; 3] =
    [header::AUTHORIZATION, header::PROXY_AUTHORIZATION, header::COOKIE];

/// Publishes what the body says.
pub(super) async fn publish(
    session: &LocalSession,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response<Body>, Failure> {
    let Publication { topic, args, kwargs, options } = request::json(headers, body)?;
    let payload = payload(args.as_deref(), kwargs.as_deref())?;
    let options = read_options(options.as_deref())?;
    let publish = session.publish(topic, payload).options(options);
    let publication = publish.acknowledged().await?;
    Ok(answer(&Published { id: publication.get() }))
}

/// Calls what the body says.
pub(super) async fn call(
    session: &LocalSession,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Response<Body>, Failure> {
    let Question { procedure, args, kwargs, options } = request::json(headers, body)?;
    let payload = payload(args.as_deref(), kwargs.as_deref())?;
    let options = read_options(options.as_deref())?;
    let reply = session.call(procedure, payload).options(options).await?;
    Ok(answer(&json::from_payload(&reply.payload)))
}

/// Checks the signature of a webhook, if it has to have one.
pub(super) fn check_signature(
    webhook: &Webhook,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<(), Failure> {
    let Some(secret) = &webhook.secret else { return Ok(()) };
    let sent = headers.get(&webhook.signature).and_then(|value| value.to_str().ok());
    if sent.is_some_and(|signature| request::is_signed(signature, secret.expose(), body)) {
        return Ok(());
    }
    let words = format!("{} is not the signature of this body", webhook.signature);
    Err(Failure::unauthenticated(error::AUTHENTICATION_DENIED, words))
}

/// Publishes a body and its headers: the body is the one positional argument, as it is if it is JSON, else as text, else
/// as binary data; the headers and the query are keyword arguments.
pub(super) async fn webhook(
    session: &LocalSession,
    webhook: &Webhook,
    headers: &HeaderMap,
    query: Option<&str>,
    body: &Bytes,
) -> Result<Response<Body>, Failure> {
    let args = json::write(&[content(headers, body)?]);
    let is_shown = |name: &header::HeaderName| {
        !PRIVATE.contains(name) && !name.as_str().eq_ignore_ascii_case(&webhook.signature)
    };
    let shown = headers.iter().filter(|(name, _)| is_shown(name));
    let shown: BTreeMap<_, _> =
        shown.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
    let kwargs = serde_json::json!({ "headers": shown, "query": query.unwrap_or_default() });
    let (args, kwargs) = (text(&args), text(&json::write(&kwargs)));
    let payload = payload(Some(&args), Some(&kwargs))?;
    let publication = session.publish(webhook.topic.as_str(), payload).acknowledged().await?;
    Ok(answer(&Published { id: publication.get() }))
}

/// A body as one JSON value.
fn content(headers: &HeaderMap, body: &Bytes) -> Result<Box<RawValue>, Failure> {
    if request::is_json(headers) {
        return request::json(headers, body);
    }
    let value = match std::str::from_utf8(body) {
        Ok(text) => serde_json::to_string(text).unwrap_or_default(),
        Err(_) => {
            let binary =
                codec::write_values(Serializer::Json, &[body.clone().into()], &Default::default());
            let Arguments { args, .. } = json::from_payload(&binary);
            args.get().trim_start_matches('[').trim_end_matches(']').to_owned()
        }
    };
    Ok(json::raw(&value))
}

fn text(json: &Bytes) -> Box<RawValue> {
    json::raw(&String::from_utf8_lossy(json))
}

fn payload(args: Option<&RawValue>, kwargs: Option<&RawValue>) -> Result<Payload, Failure> {
    let wrong = |error| {
        Failure::bad_request(format!("args has to be a list and kwargs an object: {error}"))
    };
    json::to_payload(args, kwargs).map_err(wrong)
}

fn read_options<O: Options + Default>(options: Option<&RawValue>) -> Result<O, Failure> {
    let Some(options) = options else { return Ok(O::default()) };
    let bytes = Bytes::copy_from_slice(options.get().as_bytes());
    let wrong = |error| Failure::bad_request(format!("options are not as expected: {error}"));
    codec::read_options(Serializer::Json, &bytes).map_err(wrong)
}
