//! How sessions open and close: both machines against each other, and each against every message there is.

// Helpers outside of the test functions may unwrap too: a panic is how they report.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    clippy::needless_pass_by_value
)]

mod one_of_each;

use MessageCode::{
    Abort as ABORT, Authenticate as AUTHENTICATE, Challenge as CHALLENGE, Error as ERROR,
    EventReceived as EVENT_RECEIVED, Goodbye as GOODBYE, Hello as HELLO, Welcome as WELCOME,
};
use bytes::Bytes;
use one_of_each::{authenticate, challenge, error, hello, messages, request, welcome};
use wamplex_shared::{
    codec,
    error::ProtocolViolation,
    id::RequestId,
    message::{Abort, Goodbye, Message, MessageCode},
    serializer::Serializer,
    session::{
        AcceptEvent, Acceptor, CloseReason, Event, JoinEvent, Joiner, Received, Serving, Session,
    },
    uris,
    value::Dict,
};

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

/// A machine in one of its states, and what it made of a message.
#[derive(Debug, PartialEq)]
enum Outcome {
    Taken,
    Violation,
}

fn outcome<T>(result: Result<T, ProtocolViolation>, last_word: Option<Message>) -> Outcome {
    if result.is_err() {
        assert_abort(last_word);
        return Outcome::Violation;
    }
    Outcome::Taken
}

fn assert_abort(message: Option<Message>) {
    let Some(Message::Abort(abort)) = message else { panic!("{message:?} is no ABORT") };
    assert_eq!(abort.reason, uris::error::PROTOCOL_VIOLATION);
    assert!(abort.details.message.is_some(), "it says why");
}

/// Hands every message to a fresh machine, and asserts that it takes these and no others.
fn takes_only(state: &str, taken: &[MessageCode], hand: impl Fn(Message) -> Outcome) {
    for message in messages() {
        let code = message.code();
        let expected = if taken.contains(&code) { Outcome::Taken } else { Outcome::Violation };
        assert_eq!(hand(message), expected, "{code} {state}");
    }
}

#[test]
fn a_joiner_takes_in_each_state_what_the_specification_allows_and_aborts_on_all_else() {
    let waiting = || {
        let mut joiner = Joiner::new(Serializer::Json, hello());
        joiner.poll_message();
        joiner
    };
    takes_only("before WELCOME", &[WELCOME, ABORT, CHALLENGE], |message| {
        let mut joiner = waiting();
        outcome(joiner.handle_message(message), joiner.poll_message())
    });
    takes_only("while a CHALLENGE is not answered", &[ABORT], |message| {
        let mut joiner = waiting();
        joiner.handle_message(challenge("ticket").into()).unwrap();
        outcome(joiner.handle_message(message), joiner.poll_message())
    });
    takes_only("after AUTHENTICATE", &[WELCOME, ABORT, CHALLENGE], |message| {
        let mut joiner = waiting();
        joiner.handle_message(challenge("ticket").into()).unwrap();
        joiner.authenticate("secret", Dict::new());
        joiner.poll_message();
        outcome(joiner.handle_message(message), joiner.poll_message())
    });
}

#[test]
fn an_acceptor_takes_in_each_state_what_the_specification_allows_and_aborts_on_all_else() {
    takes_only("before HELLO", &[HELLO, ABORT], |message| {
        let mut acceptor = Acceptor::new(Serializer::Json);
        outcome(acceptor.handle_message(message), acceptor.poll_message())
    });
    takes_only("while HELLO is judged", &[ABORT], |message| {
        let mut acceptor = Acceptor::new(Serializer::Json);
        acceptor.handle_message(hello().into()).unwrap();
        outcome(acceptor.handle_message(message), acceptor.poll_message())
    });
    takes_only("after CHALLENGE", &[ABORT, AUTHENTICATE], |message| {
        let mut acceptor = Acceptor::new(Serializer::Json);
        acceptor.handle_message(hello().into()).unwrap();
        acceptor.challenge(challenge("ticket"));
        acceptor.poll_message();
        outcome(acceptor.handle_message(message), acceptor.poll_message())
    });
    takes_only("after a second AUTHENTICATE", &[ABORT], |message| {
        let mut acceptor = Acceptor::new(Serializer::Json);
        acceptor.handle_message(hello().into()).unwrap();
        acceptor.challenge(challenge("ticket"));
        acceptor.poll_message();
        acceptor.handle_message(authenticate("secret").into()).unwrap();
        outcome(acceptor.handle_message(message), acceptor.poll_message())
    });
}

#[test]
fn an_open_session_of_a_client_aborts_on_what_only_clients_send_and_on_a_second_opening() {
    let taken: Vec<_> = MessageCode::ALL
        .iter()
        .copied()
        .filter(|code| code.is_for_client() && !matches!(*code, WELCOME | CHALLENGE))
        .collect();
    takes_only("in a client's open session", &taken, |message| {
        let mut session = open();
        outcome(session.handle_message(message), session.poll_message())
    });
}

#[test]
fn a_router_may_tell_a_callee_that_the_caller_cannot_read_its_yield() {
    let mut session = open();
    session.handle_message(error(MessageCode::Invocation).into()).unwrap();
    assert!(session.is_open() && session.ignored() == 1);
}

#[test]
fn an_open_session_of_a_router_aborts_on_what_only_routers_send_and_on_a_second_opening() {
    let taken: Vec<_> = MessageCode::ALL
        .iter()
        .copied()
        .filter(|code| code.is_for_router() && !matches!(*code, HELLO | AUTHENTICATE | ERROR))
        .collect();
    takes_only("in a router's open session", &taken, |message| {
        let mut serving = Serving::new();
        outcome(serving.handle_message(message), serving.poll_message())
    });
}

#[test]
fn a_client_may_answer_an_invocation_with_error_and_nothing_else() {
    for kind in MessageCode::ALL.iter().filter(|code| code.may_fail()) {
        let mut serving = Serving::new();
        let message = Message::from(error(*kind));
        let result = serving.handle_message(message.clone());
        if *kind == MessageCode::Invocation {
            assert_eq!(result, Ok(Received::Request(message)));
        } else {
            result.unwrap_err();
            assert_abort(serving.poll_message());
            assert!(serving.is_over());
        }
    }
}

#[test]
fn the_realm_sees_requests_and_answers_but_not_the_session_itself() {
    for message in messages().into_iter().filter(|m| m.code().is_for_router()) {
        let code = message.code();
        let received = Serving::new().handle_message(message.clone());
        match code {
            HELLO | AUTHENTICATE | ERROR => assert!(received.is_err(), "{code}"),
            GOODBYE => assert!(matches!(received, Ok(Received::Left(_)))),
            ABORT => assert!(matches!(received, Ok(Received::Aborted(_)))),
            EVENT_RECEIVED => assert_eq!(received, Ok(Received::Ignored)),
            _ => assert_eq!(received, Ok(Received::Request(message))),
        }
    }
}

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

/// The reason of the one message that is left to send.
fn last_goodbye(message: Option<Message>) -> String {
    let Some(Message::Goodbye(goodbye)) = message else { panic!("{message:?} is no GOODBYE") };
    goodbye.reason.to_string()
}

#[test]
fn a_client_that_leaves_is_answered_and_closed() {
    let (mut session, mut serving) = (open(), Serving::new());
    session.leave(goodbye());
    assert!(!session.is_open());
    let received = serving.handle_message(session.poll_message().unwrap());
    assert_eq!(received, Ok(Received::Left(goodbye())));
    assert!(serving.is_over());
    let reply = serving.poll_message().unwrap();
    assert_eq!(drain(&mut session), []);
    session.handle_message(reply.clone()).unwrap();
    assert_eq!(last_goodbye(Some(reply)), uris::close::GOODBYE_AND_OUT);
    assert_eq!(drain(&mut session), [Event::Closed(CloseReason::Left)]);
    assert_eq!((session.poll_message(), serving.poll_message()), (None, None));
}

#[test]
fn a_router_that_closes_a_session_is_answered() {
    let (mut session, mut serving) = (open(), Serving::new());
    let shutdown = Goodbye::new(uris::close::SYSTEM_SHUTDOWN);
    serving.close(shutdown.clone());
    session.handle_message(serving.poll_message().unwrap()).unwrap();
    assert_eq!(drain(&mut session), [Event::Closed(CloseReason::Goodbye(shutdown))]);
    let reply = session.poll_message().unwrap();
    assert!(!serving.is_over());
    let received = serving.handle_message(reply);
    assert_eq!(received, Ok(Received::Left(Goodbye::new(uris::close::GOODBYE_AND_OUT))));
    assert!(serving.is_over());
    assert_eq!((session.poll_message(), serving.poll_message()), (None, None));
}

#[test]
fn two_goodbyes_that_cross_each_other_are_each_the_answer_to_the_other() {
    let (mut session, mut serving) = (open(), Serving::new());
    session.leave(goodbye());
    serving.close(Goodbye::new(uris::close::SYSTEM_SHUTDOWN));
    let (from_client, from_router) = (session.poll_message(), serving.poll_message());
    session.handle_message(from_router.unwrap()).unwrap();
    let received = serving.handle_message(from_client.unwrap());
    assert_eq!(received, Ok(Received::Left(goodbye())));
    assert_eq!(drain(&mut session), [Event::Closed(CloseReason::Left)]);
    assert!(serving.is_over());
    assert_eq!((session.poll_message(), serving.poll_message()), (None, None), "no third GOODBYE");
}

#[test]
fn a_goodbye_that_crosses_one_still_queued_does_not_hold_it_back() {
    let mut session = open();
    session.leave(goodbye());
    session.handle_message(Goodbye::new(uris::close::SYSTEM_SHUTDOWN).into()).unwrap();
    assert_eq!(last_goodbye(session.poll_message()), uris::close::CLOSE_REALM);
    assert_eq!(session.poll_message(), None);
}

#[test]
fn after_goodbye_everything_is_ignored_until_the_other_side_ends_it() {
    let (mut ignored_by_client, mut ignored_by_router) = (0, 0);
    for message in messages() {
        let code = message.code();
        let ends = matches!(code, GOODBYE | ABORT);
        let mut session = open();
        session.leave(goodbye());
        session.poll_message();
        session.handle_message(message.clone()).unwrap();
        assert_eq!(!drain(&mut session).is_empty(), ends, "{code}");
        assert_eq!(session.poll_message(), None, "{code}");
        ignored_by_client += session.ignored();

        let mut serving = Serving::new();
        serving.close(goodbye());
        serving.poll_message();
        ignored_by_router += u64::from(serving.handle_message(message) == Ok(Received::Ignored));
        assert_eq!(serving.is_over(), ends, "{code}");
        assert_eq!(serving.poll_message(), None, "{code}");
    }
    assert_eq!((ignored_by_client, ignored_by_router), (23, 23));
}

#[test]
fn an_abort_may_come_at_any_time_and_is_never_answered() {
    let abort = Abort::new(uris::close::KILLED, "by the operator");
    let mut session = open();
    session.handle_message(abort.clone().into()).unwrap();
    assert_eq!(drain(&mut session), [Event::Closed(CloseReason::Abort(abort.clone()))]);
    assert_eq!(session.poll_message(), None);

    let mut serving = Serving::new();
    assert_eq!(serving.handle_message(abort.clone().into()), Ok(Received::Aborted(abort)));
    assert!(serving.is_over());
    assert_eq!(serving.poll_message(), None);
}

#[test]
fn nothing_is_processed_after_the_end() {
    for message in messages() {
        let code = message.code();
        let mut joiner = Joiner::new(Serializer::Json, hello());
        joiner.abort(Abort::new(uris::close::NORMAL, ""));
        joiner.poll_message();
        assert_eq!(joiner.handle_message(message.clone()), Ok(()), "{code}");
        assert_eq!((joiner.poll_message(), joiner.poll_event()), (None, None), "{code}");

        let mut acceptor = Acceptor::new(Serializer::Json);
        acceptor.abort(Abort::new(uris::close::SYSTEM_SHUTDOWN, ""));
        acceptor.poll_message();
        assert_eq!(acceptor.handle_message(message.clone()), Ok(()), "{code}");
        assert_eq!((acceptor.poll_message(), acceptor.poll_event()), (None, None), "{code}");

        let mut session = open();
        session.abort(Abort::new(uris::close::NORMAL, ""));
        session.poll_message();
        drain(&mut session);
        assert_eq!(session.handle_message(message.clone()), Ok(()), "{code}");
        assert_eq!((session.poll_message(), session.poll_event()), (None, None), "{code}");

        let mut serving = Serving::new();
        serving.abort(Abort::new(uris::close::KILLED, ""));
        serving.poll_message();
        assert_eq!(serving.handle_message(message), Ok(Received::Ignored), "{code}");
        assert_eq!(serving.poll_message(), None, "{code}");
    }
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
