//! How a session ends, and what becomes of what was waiting.

use crate::{
    ALL, Token, at, drain, invocation,
    one_of_each::{hello, request},
    one_request_of_each_kind, open, registration, sent_codes, subscription, uri, within,
};
use wamplex_shared::{
    message::{
        Abort, CallOptions, ErrorDetails, Goodbye, InvocationDetails, MessageCode, PublishOptions,
        RegisterOptions, SubscribeOptions, YieldOptions,
    },
    payload::Payload,
    session::{CloseReason, Event, Refusal, Refused, Session},
    uris,
};

/// Ends a session in one way, and says how.
type Ending = fn(&mut Session<Token>) -> CloseReason;

/// The place of the violation in [`ENDINGS`].
const VIOLATION: usize = 3;

const ENDINGS: [Ending; 6] = [
    |session| {
        let goodbye = Goodbye::new(uris::close::SYSTEM_SHUTDOWN);
        session.handle_message(goodbye.clone().into()).unwrap();
        CloseReason::Goodbye(goodbye)
    },
    |session| {
        let abort = Abort::new(uris::close::KILLED, "");
        session.handle_message(abort.clone().into()).unwrap();
        CloseReason::Abort(abort)
    },
    |session| {
        session.handle_disconnect(CloseReason::Disconnected("connection reset".into()));
        CloseReason::Disconnected("connection reset".into())
    },
    |session| {
        let violation = session.handle_message(hello().into()).unwrap_err();
        CloseReason::Violation(violation)
    },
    |session| {
        session.abort(Abort::new(uris::close::NORMAL, ""));
        CloseReason::Left
    },
    |session| {
        session.leave(Goodbye::new(uris::close::CLOSE_REALM));
        session.handle_disconnect(CloseReason::Disconnected("no answer".into()));
        CloseReason::Left
    },
];

#[test]
fn whatever_ends_a_session_every_token_comes_back_with_the_reason_and_whether_it_was_sent() {
    for ending in ENDINGS {
        let mut session = open(ALL);
        let requests = one_request_of_each_kind(&mut session);
        for _ in 0..4 {
            session.poll_message().unwrap();
        }
        let reason = ending(&mut session);
        let mut expected: Vec<_> = requests
            .into_iter()
            .map(|(request, kind)| Event::Gone {
                token: kind.name(),
                request,
                kind,
                maybe_sent: request.get() <= 4,
                reason: reason.clone(),
            })
            .collect();
        expected.push(Event::Closed(reason));
        assert_eq!(drain(&mut session), expected);
        assert_eq!((session.pending(), session.poll_timeout()), (0, None));
    }
}

#[test]
fn nothing_but_the_last_word_is_sent_when_a_session_ends() {
    let last_words = [
        Some(MessageCode::Goodbye),
        None,
        None,
        Some(MessageCode::Abort),
        Some(MessageCode::Abort),
        None,
    ];
    for (ending, last) in ENDINGS.into_iter().zip(last_words) {
        let mut session = open(ALL);
        one_request_of_each_kind(&mut session);
        ending(&mut session);
        assert_eq!(sent_codes(&mut session), last.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_session_ends_once() {
    for first in ENDINGS {
        for (_, second) in ENDINGS.iter().enumerate().filter(|(i, _)| *i != VIOLATION) {
            let mut session = open(ALL);
            first(&mut session);
            drain(&mut session);
            // What would be a violation is none any more, since nothing is processed.
            assert_eq!(session.handle_message(hello().into()), Ok(()));
            second(&mut session);
            assert_eq!(drain(&mut session), []);
        }
    }
}

#[test]
fn leaving_sends_what_is_queued_first_and_takes_nothing_more() {
    let mut session = open(ALL);
    session.publish(uri("t"), PublishOptions::default(), Payload::NONE, None).unwrap();
    session.handle_message(invocation(1, InvocationDetails::default()).into()).unwrap();
    session.leave(Goodbye::new(uris::close::CLOSE_REALM));
    let closed = |token| Refused { token, reason: Refusal::Closed };
    let options = CallOptions::default();
    assert_eq!(session.call(uri("p"), options, Payload::NONE, None, "x"), Err(closed("x")));
    assert_eq!(session.subscribe(uri("t"), SubscribeOptions::default(), "x"), Err(closed("x")));
    assert_eq!(session.unsubscribe(subscription(1), "x"), Err(closed("x")));
    assert_eq!(session.register(uri("p"), RegisterOptions::default(), "x"), Err(closed("x")));
    assert_eq!(session.unregister(registration(1), "x"), Err(closed("x")));
    let publish = session.publish(uri("t"), PublishOptions::default(), Payload::NONE, Some("x"));
    assert_eq!(publish, Err(Refused { token: Some("x"), reason: Refusal::Closed }));
    assert!(!session.yield_(request(1), YieldOptions::default(), Payload::NONE));
    assert!(!session.error(request(1), ErrorDetails::default(), uri("e"), Payload::NONE));
    session.leave(Goodbye::new(uris::close::CLOSE_REALM));
    assert_eq!(sent_codes(&mut session), [MessageCode::Publish, MessageCode::Goodbye]);
}

#[test]
fn a_deadline_passes_while_leaving_too() {
    let mut session = open(ALL);
    session.call(uri("p"), CallOptions::default(), Payload::NONE, within(0, 10), "call").unwrap();
    session.leave(Goodbye::new(uris::close::CLOSE_REALM));
    session.handle_timeout(at(10));
    assert!(matches!(drain(&mut session)[..], [Event::TimedOut { token: "call", .. }]));
    assert_eq!(sent_codes(&mut session), [MessageCode::Call, MessageCode::Goodbye]);
}
