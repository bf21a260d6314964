//! The core in a real browser, with its real WebSocket, against the real router. What TypeScript does in the package is
//! done here by the codec of the router: it writes the messages, and says what the core has to know of those that come.
//!
//! A browser sees no environment, so the router's address goes in when this compiles: `WAMPLEX_TEST_URL`.

#![cfg(target_arch = "wasm32")]
#![allow(missing_docs)]
#![allow(clippy::expect_used, clippy::option_env_unwrap)] // all of this is a test

use bytes::Bytes;
use js_sys::{JsString, Promise, Uint8Array, WebAssembly::Memory};
use wamplex_shared::{
    codec,
    id::RequestId,
    message::{
        Call, CallOptions, Goodbye, Hello, HelloDetails, Message, Publish, PublishOptions,
        Register, RegisterOptions, Subscribe, SubscribeOptions, Yield, YieldOptions,
    },
    roles::{Features, Role, Roles},
    serializer::Serializer,
    session::Head,
    uri::Uri,
    value::{Dict, Value},
};
use wamplex_wasm::{Tape, create, read, receive, room, send};
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen(inline_js = r#"
export class Line {
  constructor(url, protocol) {
    this.frames = [];
    this.wake = () => {};
    this.socket = new WebSocket(url, protocol);
    this.socket.binaryType = 'arraybuffer';
    const heard = (frame) => { this.frames.push(frame); this.wake(); };
    this.socket.onopen = () => heard('open');
    this.socket.onmessage = ({ data }) => heard(typeof data === 'string' ? data : new Uint8Array(data));
    this.socket.onclose = () => heard('closed');
  }
  async next() {
    while (this.frames.length === 0) await new Promise((wake) => (this.wake = wake));
    return this.frames.shift();
  }
  send(bytes, text) { this.socket.send(text ? new TextDecoder().decode(bytes) : Uint8Array.from(bytes)); }
  close() { this.socket.close(); }
}
"#)]
extern "C" {
    /// A WebSocket whose events are waited for.
    type Line;

    #[wasm_bindgen(constructor)]
    fn new(url: &str, protocol: &str) -> Line;

    /// The next message, or the words `open` and `closed`.
    #[wasm_bindgen(method)]
    fn next(this: &Line) -> Promise;

    #[wasm_bindgen(method)]
    fn send(this: &Line, bytes: &[u8], text: bool);

    #[wasm_bindgen(method)]
    fn close(this: &Line);
}

// What the core reports.
const WELCOME: u32 = 1;
const ABORT: u32 = 3;
const REPLY: u32 = 5;
const EVENT: u32 = 7;
const INVOCATION: u32 = 8;
const LEFT: u32 = 11;

struct Client {
    tape: Box<Tape>,
    /// That of the session, as the core says it.
    state: u32,
    next: RequestId,
    line: Line,
    serializer: Serializer,
    /// The code of the request that waits.
    waiting: u32,
}

impl Client {
    async fn join(serializer: Serializer, realm: &'static str) -> Self {
        let url = option_env!("WAMPLEX_TEST_URL")
            .expect("compile with WAMPLEX_TEST_URL=ws://... of a running router");
        let line = Line::new(url, serializer.subprotocol());
        let client =
            Self { tape: create(), state: 0, next: RequestId::FIRST, line, serializer, waiting: 0 };
        assert_eq!(client.heard().await.as_string().as_deref(), Some("open"));
        let roles = [Role::Publisher, Role::Subscriber, Role::Caller, Role::Callee];
        let roles =
            roles.into_iter().fold(Roles::NONE, |roles, role| roles.with(role, Features::NONE));
        let details = HelloDetails { roles, ..HelloDetails::default() };
        client.send(&Hello { realm: Uri::from_static(realm), details }.into());
        client
    }

    async fn heard(&self) -> JsValue {
        JsFuture::from(self.line.next()).await.expect("promises of the line never reject")
    }

    fn send(&self, message: &Message) {
        let bytes = codec::encode(self.serializer, message).expect("written in this serializer");
        self.line.send(&bytes, self.serializer.is_text());
    }

    /// Sends a request of which the core knows.
    fn ask(&mut self, message: impl FnOnce(RequestId) -> Message) {
        let message = message(self.next);
        self.next = self.next.next();
        self.waiting = message.code().number().into();
        assert!(self.may(self.waiting));
        self.send(&message);
    }

    /// Whether the core agrees to a message with this code.
    fn may(&mut self, code: u32) -> bool {
        let state = send(self.state, code, false);
        self.state = u32::try_from(state).unwrap_or(self.state);
        state >= 0
    }

    /// What the core reports about the next message, and the message.
    async fn report(&mut self) -> (u32, Message) {
        let frame = self.heard().await;
        let bytes = match frame.dyn_ref::<JsString>() {
            Some(text) => String::from(text).into_bytes(),
            None => {
                let frame = frame.unchecked_into::<Uint8Array>();
                let place = room(&mut self.tape, frame.length() as usize).addr();
                let memory = wasm_bindgen::memory().unchecked_into::<Memory>();
                Uint8Array::new(&memory.buffer()).set(&frame, place as u32);
                assert!(!read(&mut self.tape, self.serializer == Serializer::Cbor).is_null());
                frame.to_vec()
            }
        };
        let message = codec::decode(self.serializer, &Bytes::from(bytes)).expect("a message");
        let kind = match Head::from(&message) {
            Head::Error { kind, .. } => kind.number(),
            _ => 0,
        };
        let code = message.code().number().into();
        let outcome = receive(self.state, code, kind.into(), self.waiting, 0);
        self.state = outcome >> 4;
        (outcome & 15, message)
    }

    async fn expect(&mut self, report: u32) -> Message {
        let (reported, message) = self.report().await;
        assert_eq!(reported, report, "{message:?}");
        message
    }
}

/// Subscribe, publish, register, call and serve by oneself, leave.
async fn all_roles(serializer: Serializer) {
    let mut client = Client::join(serializer, "realm1").await;
    client.expect(WELCOME).await;
    let payload = codec::write_values(serializer, &[Value::Int(7)], &Dict::new());
    let topic = Uri::from_static("com.example.web");
    client.ask(|request| {
        Subscribe { request, options: SubscribeOptions::default(), topic: topic.clone() }.into()
    });
    client.expect(REPLY).await;
    let options =
        PublishOptions { acknowledge: true, exclude_me: Some(false), ..PublishOptions::default() };
    client.ask(|request| {
        Publish { request, options, topic: topic.clone(), payload: payload.clone() }.into()
    });
    client.expect(EVENT).await;
    client.expect(REPLY).await;

    let procedure = Uri::new(format!("com.example.{serializer}"));
    let named = procedure.clone();
    client.ask(|request| {
        Register { request, options: RegisterOptions::default(), procedure: named }.into()
    });
    client.expect(REPLY).await;
    let given = payload.clone();
    client.ask(|request| {
        Call { request, options: CallOptions::default(), procedure, payload: given }.into()
    });
    let Message::Invocation(invocation) = client.expect(INVOCATION).await else {
        panic!("another message")
    };
    let request = invocation.request;
    client.send(
        &Yield { request, options: YieldOptions::default(), payload: payload.clone() }.into(),
    );
    let Message::Result(result) = client.expect(REPLY).await else { panic!("another message") };
    assert_eq!(result.payload, payload);

    assert!(client.may(6));
    client.send(&Goodbye::new("wamp.close.normal").into());
    client.expect(LEFT).await;
    client.line.close();
}

#[wasm_bindgen_test]
async fn all_roles_over_json() {
    all_roles(Serializer::Json).await;
}

#[wasm_bindgen_test]
async fn all_roles_over_msgpack() {
    all_roles(Serializer::MsgPack).await;
}

#[wasm_bindgen_test]
async fn all_roles_over_cbor() {
    all_roles(Serializer::Cbor).await;
}

#[wasm_bindgen_test]
async fn an_unknown_realm_is_refused() {
    let mut client = Client::join(Serializer::Cbor, "nowhere").await;
    client.expect(ABORT).await;
    assert!(!client.may(3), "the session is over already");
}

#[wasm_bindgen_test]
async fn requests_before_the_session_are_refused() {
    let mut client = Client::join(Serializer::Cbor, "realm1").await;
    assert!(!client.may(48));
    client.line.close();
}
