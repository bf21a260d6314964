//! Each machine in each of its states against every message there is.

use crate::{
    assert_abort,
    one_of_each::{authenticate, challenge, error, hello, messages},
    open,
};
use MessageCode::{
    Abort as ABORT, Authenticate as AUTHENTICATE, Challenge as CHALLENGE, Error as ERROR,
    EventReceived as EVENT_RECEIVED, Goodbye as GOODBYE, Hello as HELLO, Welcome as WELCOME,
};
use wamplex_shared::{
    error::ProtocolViolation,
    message::{Message, MessageCode},
    serializer::Serializer,
    session::{Acceptor, Joiner, Received, Serving},
    value::Dict,
};

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
