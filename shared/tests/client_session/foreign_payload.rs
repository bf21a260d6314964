//! Payloads of another serializer, in a build that converts none.

use crate::{ALL, args, invocation, one_of_each::request, open, uri};
use wamplex_shared::{
    message::{CallOptions, ErrorDetails, InvocationDetails, PublishOptions, YieldOptions},
    payload::{Payload, PayloadShape},
    serializer::Serializer,
    session::{Refusal, Refused},
};

#[test]
fn a_payload_that_this_build_cannot_convert_is_refused_at_once() {
    let foreign = Payload::from_encoded(Serializer::Cbor, PayloadShape::Args, vec![0x80].into());
    let mut session = open(ALL);
    let options = CallOptions { progress: true, ..CallOptions::default() };
    let id = session.call(uri("p"), options.clone(), args("[1]"), None, "call").unwrap();
    let refused = Refused { token: "x", reason: Refusal::ForeignPayload };
    assert_eq!(session.call(uri("p"), options, foreign.clone(), None, "x"), Err(refused));
    let refused = Refused { token: (), reason: Refusal::ForeignPayload };
    assert_eq!(session.call_more(id, foreign.clone(), true), Err(refused));
    let refused = Refused { token: None, reason: Refusal::ForeignPayload };
    let options = PublishOptions::default();
    assert_eq!(session.publish(uri("t"), options, foreign.clone(), None), Err(refused));
    session.handle_message(invocation(1, InvocationDetails::default()).into()).unwrap();
    assert!(!session.yield_(request(1), YieldOptions::default(), foreign.clone()));
    assert!(!session.error(request(1), ErrorDetails::default(), uri("e"), foreign));
    assert!(session.yield_(request(1), YieldOptions::default(), args("[1]")), "still to answer");
}
