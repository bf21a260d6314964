//! Server-sent events (the section of this name in the HTML standard).

use super::{
    failure::Failure,
    json::{self, Arguments},
    request,
    sessions::Client,
};
use crate::{
    config::BridgeEndpoint,
    front::Body,
    local::{Delivery, Event, Subscription},
};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use hyper::{
    Response,
    header::{self, HeaderMap, HeaderValue},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::{
    collections::{HashSet, VecDeque},
    fmt::Write as _,
    time::Duration,
};
use tokio::time::timeout;
use wamplex_shared::{
    message::SubscribeOptions,
    uri::MatchPolicy,
    uris::subscription::GET_EVENTS,
    value::{Dict, Value},
};

/// What is told when events may have been missed that cannot be had any more.
const LOST: &str = ": events may be missing here\n\n";

/// One client that listens.
struct Listener {
    subscription: Subscription,
    /// Keeps the session open, and asks for the past.
    client: Client,
    heartbeat: Duration,
    waiting: VecDeque<Bytes>,
    /// The last event of the past that is known to the client, while there may be more.
    past: Option<u64>,
    /// What was told of the past and may come again.
    told: HashSet<u64>,
}

/// An event as its client reads it.
#[derive(Serialize)]
struct Told<'a> {
    topic: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    retained: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    publisher: Option<u64>,
    #[serde(flatten)]
    arguments: Arguments,
}

/// An event of the past, as the broker tells it.
#[derive(Deserialize)]
struct Past {
    publication: u64,
    details: PastDetails,
    args: Option<Box<RawValue>>,
    kwargs: Option<Box<RawValue>>,
}

#[derive(Deserialize)]
struct PastDetails {
    topic: Option<String>,
    publisher: Option<u64>,
}

/// Begins to tell the events of a topic: what is retained first, or what came after the last that the client knows. When
/// more than so many bytes wait for the client, the session is ended and the stream with it.
pub(super) async fn listen(
    client: Client,
    endpoint: &BridgeEndpoint,
    bytes: usize,
    query: &str,
    headers: &HeaderMap,
) -> Result<Response<Body>, Failure> {
    let topic = request::query(query, "topic")?;
    let topic = topic.ok_or_else(|| Failure::bad_request("the query has to name a `topic`"))?;
    let match_policy = match request::query(query, "match")? {
        None => MatchPolicy::Exact,
        Some(word) => MatchPolicy::from_name(&word).ok_or_else(|| {
            Failure::bad_request("`match` in the query has to be exact, prefix or wildcard")
        })?,
    };
    let past = last_known(headers)?;
    let get_retained = past.is_none();
    let options = SubscribeOptions { match_policy, get_retained, ..SubscribeOptions::default() };
    let subscribe = client.session.subscribe(topic.as_str()).options(options);
    let subscribe = subscribe.buffer(endpoint.buffer).buffer_bytes(bytes);
    let listener = Listener {
        subscription: subscribe.await?,
        client,
        heartbeat: endpoint.heartbeat,
        // Something has to be sent at once, or proxies hold the head back.
        waiting: [Bytes::from_static(b": listening\n\n")].into(),
        past,
        told: HashSet::new(),
    };
    let mut response = Response::new(Body::pieces(stream::unfold(listener, Listener::next)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// The last event that a client knows which comes back.
fn last_known(headers: &HeaderMap) -> Result<Option<u64>, Failure> {
    let Some(sent) = headers.get("last-event-id") else { return Ok(None) };
    let id = sent.to_str().ok().and_then(|id| id.parse().ok());
    id.map(Some).ok_or_else(|| Failure::bad_request("Last-Event-ID has to be the id of an event"))
}

impl Listener {
    /// The next piece of the stream, which ends with the session.
    async fn next(mut self) -> Option<(Bytes, Self)> {
        loop {
            if let Some(piece) = self.waiting.pop_front() {
                return Some((piece, self));
            }
            if let Some(after) = self.past.take() {
                self.remember(after).await;
                continue;
            }
            let Ok(delivery) = timeout(self.heartbeat, self.subscription.next()).await else {
                // Whatever was told of the past has come again by now, if it came at all.
                self.told.clear();
                return Some((Bytes::from_static(b": heartbeat\n\n"), self));
            };
            match delivery? {
                Ok(Delivery::Event(event)) => {
                    if !self.told.remove(&event.publication().get()) {
                        return Some((tell(&event), self));
                    }
                }
                Ok(Delivery::Gap(missed)) => {
                    return Some((format!(": {missed} events were dropped\n\n").into(), self));
                }
                Err(_) => return None,
            }
        }
    }

    /// Puts what came after this event where it is told next.
    async fn remember(&mut self, after: u64) {
        let args = vec![Value::from(self.subscription.id())];
        let kwargs: Dict = [("after_publication", after)].into_iter().collect();
        let Ok(reply) = self.client.session.call(GET_EVENTS, (args, kwargs)).await else {
            // Nothing is kept of this topic, or not for so long.
            self.waiting.push_back(Bytes::from_static(LOST.as_bytes()));
            return;
        };
        let Arguments { args, kwargs } = json::from_payload(&reply.payload);
        let Ok((events,)) = serde_json::from_str::<(Vec<Past>,)>(args.get()) else { return };
        let more = kwargs.get().contains("\"more\"");
        self.past = events.last().map(|event| event.publication).filter(|_| more);
        for event in events {
            self.told.insert(event.publication);
            self.waiting.push_back(recall(event, self.subscription.topic().as_str()));
        }
    }
}

fn tell(event: &Event) -> Bytes {
    let details = event.details();
    let told = Told {
        topic: event.topic().as_str(),
        retained: details.retained,
        publisher: details.publisher.map(|session| session.get()),
        arguments: json::from_payload(event.payload()),
    };
    write(event.publication().get(), &told)
}

fn recall(event: Past, topic: &str) -> Bytes {
    let Past { publication, details, args, kwargs } = event;
    let arguments = Arguments {
        args: args.unwrap_or_else(|| json::raw("[]")),
        kwargs: kwargs.unwrap_or_else(|| json::raw("{}")),
    };
    let topic = details.topic.as_deref().unwrap_or(topic);
    write(publication, &Told { topic, retained: false, publisher: details.publisher, arguments })
}

fn write(publication: u64, told: &Told<'_>) -> Bytes {
    let data = json::write(told);
    let mut text = String::with_capacity(data.len() + 40);
    // Writing to a string does not fail.
    let _ = write!(text, "id: {publication}\ndata: ");
    // Between the tokens of JSON, where alone they can be, ends of lines are as good as spaces.
    text.push_str(&String::from_utf8_lossy(&data).replace(['\n', '\r'], " "));
    text.push_str("\n\n");
    text.into()
}
