//! GOODBYE and ABORT from either side, and the silence after them.

use crate::{
    drain, goodbye,
    one_of_each::{hello, messages},
    open,
};
use MessageCode::{Abort as ABORT, Goodbye as GOODBYE};
use wamplex_shared::{
    message::{Abort, Goodbye, Message, MessageCode},
    serializer::Serializer,
    session::{Acceptor, CloseReason, Event, Joiner, Received, Serving},
    uris,
};

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
