//! One message of every kind, for tests that ask what a machine does with each.

use wamplex_shared::{
    id::{PublicationId, RegistrationId, RequestId, SessionId, SubscriptionId},
    message::*,
    payload::Payload,
    roles::{Feature, Features, Role, Roles},
    uri::Uri,
    uris,
    value::Dict,
};

/// The request id `n`.
pub(crate) fn request(n: u64) -> RequestId {
    RequestId::new(n).unwrap()
}

/// A client that can do everything the machines know about.
pub(crate) fn hello() -> Hello {
    let features = Features::of(&[
        Feature::ProgressiveCallResults,
        Feature::ProgressiveCallInvocations,
        Feature::CallCanceling,
        Feature::PayloadPassthruMode,
    ]);
    let roles = Roles::NONE
        .with(Role::Publisher, features)
        .with(Role::Subscriber, features)
        .with(Role::Caller, features)
        .with(Role::Callee, features);
    let details = HelloDetails {
        roles,
        authmethods: vec!["ticket".into(), "totp".into()],
        ..HelloDetails::default()
    };
    Hello { realm: Uri::from_static("realm1"), details }
}

/// A router that announces these features for its dealer and broker.
pub(crate) fn welcome(features: &[Feature]) -> Welcome {
    let roles = Roles::NONE
        .with(Role::Broker, Features::of(features))
        .with(Role::Dealer, Features::of(features));
    Welcome {
        session: SessionId::new(4711).unwrap(),
        details: WelcomeDetails { roles, ..WelcomeDetails::default() },
    }
}

/// A CHALLENGE for this method.
pub(crate) fn challenge(method: &'static str) -> Challenge {
    Challenge { method: method.into(), extra: Dict::new() }
}

/// A proof.
pub(crate) fn authenticate(signature: &'static str) -> Authenticate {
    Authenticate { signature: signature.into(), extra: Dict::new() }
}

/// An ERROR for the first request of this kind.
pub(crate) fn error(request_type: MessageCode) -> Error {
    Error {
        request_type,
        request: request(1),
        details: ErrorDetails::default(),
        error: Uri::from_static(uris::error::INVALID_ARGUMENT),
        payload: Payload::NONE,
    }
}

/// One of each, in the order of [`MessageCode::ALL`]. The ERROR is one for a CALL, ids are 1.
pub(crate) fn messages() -> Vec<Message> {
    let (one, topic, payload) = (request(1), Uri::from_static("com.example.thing"), Payload::NONE);
    let subscription = SubscriptionId::new(1).unwrap();
    let registration = RegistrationId::new(1).unwrap();
    let publication = PublicationId::new(1).unwrap();
    let procedure = topic.clone();
    let messages: Vec<Message> = vec![
        hello().into(),
        welcome(&[]).into(),
        Abort::new(uris::error::NOT_AUTHORIZED, "no").into(),
        challenge("ticket").into(),
        authenticate("secret").into(),
        Goodbye::new(uris::close::CLOSE_REALM).into(),
        error(MessageCode::Call).into(),
        Publish {
            request: one,
            options: PublishOptions::default(),
            topic: topic.clone(),
            payload: payload.clone(),
        }
        .into(),
        Published { request: one, publication }.into(),
        Subscribe { request: one, options: SubscribeOptions::default(), topic }.into(),
        Subscribed { request: one, subscription }.into(),
        Unsubscribe { request: one, subscription }.into(),
        Unsubscribed { request: Some(one), details: None }.into(),
        Event {
            subscription,
            publication,
            details: EventDetails::default(),
            payload: payload.clone(),
        }
        .into(),
        Call {
            request: one,
            options: CallOptions::default(),
            procedure: procedure.clone(),
            payload: payload.clone(),
        }
        .into(),
        Cancel { request: one, options: CancelOptions::default() }.into(),
        ResultMessage { request: one, details: ResultDetails::default(), payload: payload.clone() }
            .into(),
        Register { request: one, options: RegisterOptions::default(), procedure }.into(),
        Registered { request: one, registration }.into(),
        Unregister { request: one, registration }.into(),
        Unregistered { request: Some(one), details: None }.into(),
        Invocation {
            request: one,
            registration,
            details: InvocationDetails::default(),
            payload: payload.clone(),
        }
        .into(),
        Interrupt { request: one, options: InterruptOptions::default() }.into(),
        Yield { request: one, options: YieldOptions::default(), payload }.into(),
        EventReceived { publication }.into(),
    ];
    assert_eq!(messages.iter().map(Message::code).collect::<Vec<_>>(), MessageCode::ALL);
    messages
}
