//! How sessions open and close: both machines against each other, and each against every message there is.

// Helpers outside of the test functions may unwrap too: a panic is how they report.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    clippy::needless_pass_by_value
)]

mod closing;
#[path = "../one_of_each/mod.rs"]
mod one_of_each;
mod states;

use MessageCode::Hello as HELLO;
use bytes::Bytes;
use one_of_each::{authenticate, challenge, hello, request, welcome};
use wamplex_shared::{
    codec,
    error::ProtocolViolation,
    id::RequestId,
    message::{Abort, Goodbye, Message, MessageCode},
    serializer::Serializer,
    session::{AcceptEvent, Acceptor, CloseReason, Event, JoinEvent, Joiner, Session},
    uris,
    value::Dict,
};

/// An open session and the router's end of it.
fn open() -> Session<&'static str> {
    let mut joiner = Joiner::new(Serializer::Json, hello());
    joiner.handle_message(welcome(&[]).into()).unwrap();
    joiner.into_session().unwrap()
}

fn drain(session: &mut Session<&'static str>) -> Vec<Event<&'static str>> {
    core::iter::from_fn(|| session.poll_event()).collect()
}

fn goodbye() -> Goodbye {
    Goodbye::new(uris::close::CLOSE_REALM)
}

fn assert_abort(message: Option<Message>) {
    let Some(Message::Abort(abort)) = message else { panic!("{message:?} is no ABORT") };
    assert_eq!(abort.reason, uris::error::PROTOCOL_VIOLATION);
    assert!(abort.details.message.is_some(), "it says why");
}

/// Both ends of a handshake, and what they have told their shells so far.
struct Pair {
    joiner: Joiner,
    acceptor: Acceptor,
}

impl Pair {
    fn new() -> Self {
        let joiner = Joiner::new(Serializer::Json, hello());
        let mut pair = Self { joiner, acceptor: Acceptor::new(Serializer::Json) };
        pair.drive();
        pair
    }

    /// Carries messages until neither side has any.
    fn drive(&mut self) {
        loop {
            let to_router = self.joiner.poll_message();
            let to_client = self.acceptor.poll_message();
            if to_router.is_none() && to_client.is_none() {
                return;
            }
            if let Some(message) = to_router {
                self.acceptor.handle_message(message).unwrap();
            }
            if let Some(message) = to_client {
                self.joiner.handle_message(message).unwrap();
            }
        }
    }

    /// What the router's shell was asked.
    fn asked(&mut self) -> AcceptEvent {
        self.acceptor.poll_event().expect("the router's shell is asked something")
    }

    /// What the client's shell was told.
    fn told(&mut self) -> JoinEvent {
        self.joiner.poll_event().expect("the client's shell is told something")
    }
}

fn accept(acceptor: &mut Acceptor) {
    let welcome = welcome(&[]);
    assert!(acceptor.accept(welcome.session, welcome.details));
}

#[test]
fn an_anonymous_client_is_welcomed_and_has_a_session() {
    let mut pair = Pair::new();
    assert_eq!(pair.asked(), AcceptEvent::Hello(hello()));
    assert!(!pair.acceptor.is_welcomed());
    accept(&mut pair.acceptor);
    pair.drive();
    assert_eq!(pair.told(), JoinEvent::Welcomed(welcome(&[])));
    assert!(pair.acceptor.is_welcomed());
    let session: Session<()> = pair.joiner.into_session().unwrap();
    assert_eq!((session.id().get(), session.realm().as_str()), (4711, "realm1"));
    assert!(session.is_open());
}

#[test]
fn a_client_may_be_challenged_more_than_once() {
    let mut pair = Pair::new();
    pair.asked();
    for (method, proof) in [("ticket", "first factor"), ("totp", "second factor")] {
        assert!(pair.acceptor.challenge(challenge(method)));
        pair.drive();
        assert_eq!(pair.told(), JoinEvent::Challenge(challenge(method)));
        pair.joiner.authenticate(proof, Dict::new());
        pair.drive();
        assert_eq!(pair.asked(), AcceptEvent::Authenticate(authenticate(proof)));
    }
    accept(&mut pair.acceptor);
    pair.drive();
    assert!(matches!(pair.told(), JoinEvent::Welcomed(_)));
}

#[test]
fn a_client_may_be_refused_before_and_after_it_was_challenged() {
    for challenged in [false, true] {
        let mut pair = Pair::new();
        pair.asked();
        if challenged {
            pair.acceptor.challenge(challenge("ticket"));
            pair.drive();
            pair.told();
            pair.joiner.authenticate("wrong", Dict::new());
            pair.drive();
            pair.asked();
        }
        let abort = Abort::new(uris::error::AUTHENTICATION_DENIED, "no");
        assert!(pair.acceptor.refuse(abort.clone()));
        pair.drive();
        assert_eq!(pair.told(), JoinEvent::Refused(abort));
        assert!(pair.joiner.is_over() && pair.acceptor.is_over());
        assert!(pair.joiner.into_session::<()>().is_err());
    }
}

#[test]
fn a_client_that_cannot_answer_a_challenge_aborts_and_is_not_answered() {
    let mut pair = Pair::new();
    pair.asked();
    pair.acceptor.challenge(challenge("ticket"));
    pair.drive();
    let abort = Abort::new(uris::error::AUTHENTICATION_FAILED, "the user closed the dialog");
    pair.joiner.abort(abort.clone());
    pair.drive();
    assert_eq!(pair.asked(), AcceptEvent::Aborted(abort));
    assert!(pair.joiner.is_over() && pair.acceptor.is_over());
    assert_eq!(pair.acceptor.poll_message(), None);
}

#[test]
fn a_verdict_on_a_client_that_gave_up_meanwhile_goes_nowhere() {
    let mut pair = Pair::new();
    pair.asked();
    pair.joiner.abort(Abort::new(uris::close::SYSTEM_SHUTDOWN, "never mind"));
    pair.drive();
    let welcome = welcome(&[]);
    assert!(!pair.acceptor.accept(welcome.session, welcome.details));
    assert!(!pair.acceptor.challenge(challenge("ticket")));
    assert!(!pair.acceptor.refuse(Abort::new(uris::error::NO_SUCH_REALM, "")));
    assert_eq!(pair.acceptor.poll_message(), None);
}

#[test]
fn a_client_answers_only_when_it_is_asked_and_only_once() {
    let mut joiner = Joiner::new(Serializer::Json, hello());
    joiner.authenticate("too early", Dict::new());
    assert_eq!(joiner.poll_message().map(|m| m.code()), Some(HELLO));
    assert_eq!(joiner.poll_message(), None);
    joiner.handle_message(challenge("ticket").into()).unwrap();
    joiner.authenticate("now", Dict::new());
    joiner.authenticate("again", Dict::new());
    assert_eq!(joiner.poll_message(), Some(authenticate("now").into()));
    assert_eq!(joiner.poll_message(), None);
}

#[test]
fn a_challenge_by_a_method_that_was_not_offered_is_a_violation() {
    let mut joiner = Joiner::new(Serializer::Json, hello());
    joiner.handle_message(challenge("wampcra").into()).unwrap_err();
    assert_eq!(joiner.poll_event(), None);
    assert_abort(joiner.poll_message());
}

#[test]
fn both_ends_understand_each_other_in_every_serializer() {
    for serializer in Serializer::ALL {
        let (mut joiner, mut acceptor) =
            (Joiner::new(serializer, hello()), Acceptor::new(serializer));
        acceptor.handle_frame(&joiner.poll_transmit().unwrap()).unwrap();
        assert_eq!(acceptor.poll_event(), Some(AcceptEvent::Hello(hello())));
        acceptor.challenge(challenge("ticket"));
        joiner.handle_frame(&acceptor.poll_transmit().unwrap()).unwrap();
        assert_eq!(joiner.poll_event(), Some(JoinEvent::Challenge(challenge("ticket"))));
        joiner.authenticate("secret", Dict::new());
        acceptor.handle_frame(&joiner.poll_transmit().unwrap()).unwrap();
        assert_eq!(acceptor.poll_event(), Some(AcceptEvent::Authenticate(authenticate("secret"))));
        accept(&mut acceptor);
        joiner.handle_frame(&acceptor.poll_transmit().unwrap()).unwrap();
        let mut session: Session<()> = joiner.into_session().unwrap();
        session.leave(goodbye());
        let frame = session.poll_transmit().unwrap();
        assert_eq!(codec::decode(serializer, &frame), Ok(goodbye().into()));
        assert_eq!(session.poll_transmit(), None);
    }
}

#[test]
fn bytes_that_are_no_message_are_a_violation_in_every_state() {
    let garbage = Bytes::from_static(b"[2, ");
    let mut joiner = Joiner::new(Serializer::Json, hello());
    assert!(matches!(joiner.handle_frame(&garbage), Err(ProtocolViolation::Decode(_))));
    assert_abort(joiner.poll_message());
    assert_eq!(joiner.handle_frame(&garbage), Ok(()), "nothing is processed any more");

    let mut acceptor = Acceptor::new(Serializer::Json);
    assert!(matches!(acceptor.handle_frame(&garbage), Err(ProtocolViolation::Decode(_))));
    assert_abort(acceptor.poll_message());
    assert_eq!(acceptor.handle_frame(&garbage), Ok(()));

    let mut session = open();
    assert!(matches!(session.handle_frame(&garbage), Err(ProtocolViolation::Decode(_))));
    assert!(matches!(drain(&mut session)[..], [Event::Closed(CloseReason::Violation(_))]));
    assert_abort(session.poll_message());
    assert_eq!(session.handle_frame(&garbage), Ok(()));

    let mut session = open();
    session.leave(goodbye());
    assert_eq!(session.handle_frame(&garbage), Ok(()), "ignored until the router's GOODBYE");
    assert_eq!(session.ignored(), 1);
    assert_eq!(session.poll_message(), Some(goodbye().into()));
}

#[test]
fn a_frame_before_welcome_may_not_be_longer_than_the_shell_allows() {
    let frame = Joiner::new(Serializer::Json, hello()).poll_transmit().unwrap();
    let with_limit = |limit| Acceptor::new(Serializer::Json).with_max_length(limit);
    assert_eq!(with_limit(frame.len()).handle_frame(&frame), Ok(()));
    let mut acceptor = with_limit(frame.len() - 1);
    let violation = acceptor.handle_frame(&frame).unwrap_err();
    assert!(matches!(violation, ProtocolViolation::TooLong { .. }), "{violation}");
    assert_abort(acceptor.poll_message());
}

#[test]
fn a_new_session_counts_its_requests_from_one() {
    for _ in 0..2 {
        let mut session = open();
        let first: RequestId =
            session.unsubscribe(wamplex_shared::id::SubscriptionId::new(1).unwrap(), "").unwrap();
        assert_eq!(first, request(1));
    }
}
