//! A session that does what it is told line by line.

use crate::{
    datum::{Datum, arguments, describe, with_arguments, with_payload},
    procedures::{self, Kind},
    report,
};
use futures_util::StreamExt as _;
use parking_lot::Mutex;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use std::{collections::HashMap, sync::Arc};
use tokio::task::JoinHandle;
use wamplex::{
    CallResult, CancelMode, CancellationToken, Client, Delivery, Error, Registration, Subscription,
};

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Wamp(#[from] Error),
    #[error("{0}")]
    Request(String),
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self::Request(message)
    }
}

impl From<&str> for Refusal {
    fn from(message: &str) -> Self {
        Self::Request(message.to_owned())
    }
}

type Outcome = Result<Value, Refusal>;

#[derive(Debug)]
pub(crate) struct Peer {
    client: Client,
    registrations: Mutex<HashMap<String, Registration>>,
    subscriptions: Mutex<HashMap<String, Listening>>,
    calls: Mutex<HashMap<u64, CancellationToken>>,
}

/// A subscription whose events a task reports.
#[derive(Debug)]
struct Listening {
    stop: CancellationToken,
    ended: JoinHandle<Result<(), Error>>,
}

impl Peer {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            registrations: Mutex::default(),
            subscriptions: Mutex::default(),
            calls: Mutex::default(),
        }
    }

    /// Does what a line says and reports what came of it.
    pub(crate) async fn answer(self: Arc<Self>, line: String) {
        let request: Value = serde_json::from_str(&line).unwrap_or_default();
        let mut answer = match self.perform(&request).await {
            Ok(ok) => json!({"ok": ok}),
            Err(Refusal::Wamp(Error::Wamp(error))) => json!({"error": describe(&error)}),
            Err(Refusal::Wamp(error)) => {
                json!({"error": {"uri": error.uri(), "message": error.to_string()}})
            }
            Err(Refusal::Request(message)) => json!({"error": {"message": message}}),
        };
        answer["id"] = request["id"].clone();
        report(&answer);
    }

    async fn perform(&self, request: &Value) -> Outcome {
        match request["do"].as_str().unwrap_or_default() {
            "register" => self.register(request).await,
            "unregister" => self.unregister(request).await,
            "call" => self.call(request).await,
            "cancel" => self.cancel(request),
            "subscribe" => self.subscribe(request).await,
            "unsubscribe" => self.unsubscribe(request).await,
            "publish" => self.publish(request).await,
            "leave" => Ok(self.client.leave().await.map(|()| json!({}))?),
            other => Err(format!("unknown request {other}").into()),
        }
    }

    async fn register(&self, request: &Value) -> Outcome {
        let procedure = text(request, "procedure")?;
        let kind = Kind::from_name(text(request, "kind")?).ok_or("unknown kind of procedure")?;
        let registration = procedures::register(&self.client, procedure, kind).await?;
        self.registrations.lock().insert(procedure.to_owned(), registration);
        Ok(json!({}))
    }

    async fn unregister(&self, request: &Value) -> Outcome {
        let registration = self.registrations.lock().remove(text(request, "procedure")?);
        registration.ok_or("not registered")?.unregister().await?;
        Ok(json!({}))
    }

    async fn call(&self, request: &Value) -> Outcome {
        let id = request["id"].as_u64().unwrap_or_default();
        let (args, kwargs) = arguments(request)?;
        let token = CancellationToken::new();
        self.calls.lock().insert(id, token.clone());
        // How a call is to be canceled is said when it is made.
        let mode = match request["mode"].as_str() {
            Some("skip") => CancelMode::Skip,
            Some("kill") => CancelMode::Kill,
            _ => CancelMode::KillNoWait,
        };
        let procedure = text(request, "procedure")?;
        let call = self.client.call(procedure).args(args).kwargs(kwargs);
        let call = call.cancel_mode(mode).cancel_on(token);
        let outcome = if request["progress"] == true {
            call_in_pieces(call).await
        } else {
            call.await.map_err(Into::into).and_then(|result| result_of(&result))
        };
        self.calls.lock().remove(&id);
        outcome
    }

    fn cancel(&self, request: &Value) -> Outcome {
        let id = request["call"].as_u64().unwrap_or_default();
        self.calls.lock().get(&id).ok_or("no such call")?.cancel();
        Ok(json!({}))
    }

    async fn subscribe(&self, request: &Value) -> Outcome {
        let topic = text(request, "topic")?;
        let subscription = self.client.subscribe::<IgnoredAny>(topic).await?;
        let stop = CancellationToken::new();
        let ended = tokio::spawn(listen(subscription, topic.to_owned(), stop.clone()));
        self.subscriptions.lock().insert(topic.to_owned(), Listening { stop, ended });
        Ok(json!({}))
    }

    async fn unsubscribe(&self, request: &Value) -> Outcome {
        let listening = self.subscriptions.lock().remove(text(request, "topic")?);
        let Listening { stop, ended } = listening.ok_or("not subscribed")?;
        stop.cancel();
        ended.await.map_err(|e| e.to_string())??;
        Ok(json!({}))
    }

    async fn publish(&self, request: &Value) -> Outcome {
        let (args, kwargs) = arguments(request)?;
        let event = self.client.publish(text(request, "topic")?).args(args).kwargs(kwargs);
        if request["acknowledge"] == true {
            event.acknowledged().await?;
        } else {
            event.await?;
        }
        Ok(json!({}))
    }
}

async fn call_in_pieces(call: wamplex::Call) -> Outcome {
    let mut pieces = call.progress::<Datum, Datum>().await?;
    let mut progress = Vec::new();
    while let Some(piece) = pieces.next().await {
        progress.push(with_arguments(json!({}), &[piece?], &Default::default()));
    }
    let last = pieces.result().await?;
    Ok(with_arguments(json!({"progress": progress}), &[last], &Default::default()))
}

fn result_of(result: &CallResult) -> Outcome {
    Ok(with_payload(json!({"progress": []}), result.payload())?)
}

/// Reports events until it is told to stop, and then unsubscribes.
async fn listen(
    mut events: Subscription<IgnoredAny>,
    topic: String,
    stop: CancellationToken,
) -> Result<(), Error> {
    loop {
        let delivery = tokio::select! {
            delivery = events.next() => delivery,
            () = stop.cancelled() => return events.unsubscribe().await,
        };
        match delivery {
            Some(Ok(Delivery::Event(event))) => {
                let about = json!({"on": "event", "topic": topic});
                report(&with_payload(about, event.payload())?);
            }
            Some(Ok(Delivery::Gap { missed })) => report(&json!({"on": "gap", "missed": missed})),
            Some(Err(error)) => return Err(error),
            None => return Ok(()),
        }
    }
}

fn text<'r>(request: &'r Value, key: &str) -> Result<&'r str, Refusal> {
    request[key].as_str().ok_or_else(|| format!("{key} is missing").into())
}
