//! An open session of a client: every request gets exactly one answer, whatever the router does.

// Helpers outside of the test functions may unwrap too: a panic is how they report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]

mod calls;
mod endings;
#[cfg(not(feature = "transcode"))]
mod foreign_payload;
mod invocations;
#[path = "../one_of_each/mod.rs"]
mod one_of_each;
mod requests;

use core::time::Duration;
use one_of_each::{error, hello, request, welcome};
use wamplex_shared::{
    id::{RegistrationId, RequestId, SubscriptionId},
    message::{
        CallOptions, CancelMode, Error, Interrupt, InterruptOptions, Invocation, InvocationDetails,
        Message, MessageCode, PublishOptions, RegisterOptions, ResultDetails, ResultMessage,
        SubscribeOptions,
    },
    payload::{Payload, PayloadShape},
    roles::Feature,
    serializer::Serializer,
    session::{Deadline, Event, Joiner, Session},
    time::Time,
    uri::Uri,
};

type Token = &'static str;

const ALL: &[Feature] = &[
    Feature::CallCanceling,
    Feature::ProgressiveCallInvocations,
    Feature::ProgressiveCallResults,
    Feature::PayloadPassthruMode,
];

/// A session with a router that has these features.
fn open(features: &[Feature]) -> Session<Token> {
    let mut joiner = Joiner::new(Serializer::Json, hello());
    joiner.handle_message(welcome(features).into()).unwrap();
    joiner.into_session().unwrap()
}

fn uri(uri: &'static str) -> Uri {
    Uri::from_static(uri)
}

fn subscription(id: u64) -> SubscriptionId {
    SubscriptionId::new(id).unwrap()
}

fn registration(id: u64) -> RegistrationId {
    RegistrationId::new(id).unwrap()
}

fn args(json: &'static str) -> Payload {
    Payload::from_encoded(Serializer::Json, PayloadShape::Args, json.into())
}

fn call(session: &mut Session<Token>, token: Token) -> RequestId {
    session.call(uri("p"), CallOptions::default(), Payload::NONE, None, token).unwrap()
}

fn call_in_pieces(session: &mut Session<Token>, token: Token) -> RequestId {
    let options = CallOptions { receive_progress: true, ..CallOptions::default() };
    session.call(uri("p"), options, Payload::NONE, None, token).unwrap()
}

/// One request of each kind, with ids from 1 to 6 and the kind as token.
fn one_request_of_each_kind(session: &mut Session<Token>) -> [(RequestId, MessageCode); 6] {
    let publish = PublishOptions::default();
    let ids = [
        session.subscribe(uri("t"), SubscribeOptions::default(), "SUBSCRIBE"),
        session.unsubscribe(subscription(9), "UNSUBSCRIBE"),
        Ok(session.publish(uri("t"), publish, Payload::NONE, Some("PUBLISH")).unwrap()),
        session.call(uri("p"), CallOptions::default(), Payload::NONE, None, "CALL"),
        session.register(uri("p"), RegisterOptions::default(), "REGISTER"),
        session.unregister(registration(9), "UNREGISTER"),
    ];
    let kinds = [
        MessageCode::Subscribe,
        MessageCode::Unsubscribe,
        MessageCode::Publish,
        MessageCode::Call,
        MessageCode::Register,
        MessageCode::Unregister,
    ];
    let mut kinds = kinds.into_iter();
    ids.map(|id| (id.unwrap(), kinds.next().unwrap()))
}

fn result(call: RequestId, progress: bool) -> Message {
    let details = ResultDetails { progress, ..ResultDetails::default() };
    ResultMessage { request: call, details, payload: Payload::NONE }.into()
}

fn failed(request: RequestId, request_type: MessageCode) -> Error {
    Error { request, ..error(request_type) }
}

fn invocation(id: u64, details: InvocationDetails) -> Invocation {
    Invocation {
        request: request(id),
        registration: registration(1),
        details,
        payload: Payload::NONE,
    }
}

fn interrupt(id: u64, mode: CancelMode) -> Message {
    let options = InterruptOptions { mode: Some(mode), ..InterruptOptions::default() };
    Interrupt { request: request(id), options }.into()
}

fn drain(session: &mut Session<Token>) -> Vec<Event<Token>> {
    core::iter::from_fn(|| session.poll_event()).collect()
}

fn sent(session: &mut Session<Token>) -> Vec<Message> {
    core::iter::from_fn(|| session.poll_message()).collect()
}

fn sent_codes(session: &mut Session<Token>) -> Vec<MessageCode> {
    sent(session).iter().map(Message::code).collect()
}

fn at(millis: u64) -> Time {
    Time::from_millis(millis)
}

fn within(now: u64, millis: u64) -> Option<Deadline> {
    Some(Deadline { now: at(now), interval: Duration::from_millis(millis) })
}
