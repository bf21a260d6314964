//! The core in a real browser, with its real WebSocket, against the real router.
//!
//! A browser sees no environment, so the router's address goes in when this compiles: `WAMPLEX_TEST_URL`.

#![cfg(target_arch = "wasm32")]
#![allow(missing_docs)]
#![allow(clippy::expect_used, clippy::option_env_unwrap)] // all of this is a test

use js_sys::{Array, Promise, Reflect};
use wamplex_wasm::{Core, Handler};
use wasm_bindgen::{JsCast, prelude::*};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::WebSocket;

wasm_bindgen_test_configure!(run_in_browser);

// What TypeScript does in the package, as far as this test needs it: notes the reports, and parses JSON.
#[wasm_bindgen(inline_js = r#"
export class Recorder {
  constructor() { this.reports = []; this.waiting = []; this.current = undefined; }
  report(kind, number, text, words, wordCount) {
    const message = wordCount > 0 ? undefined : this.current;
    this.reports.push({ kind, number, text, wordCount, message });
    for (const wake of this.waiting.splice(0)) wake();
  }
  parse(text) {
    this.current = JSON.parse(text);
    const payloadAt = { 3: 3, 8: 5, 36: 4, 50: 3, 68: 4 }[this.current[0]] ?? this.current.length;
    return Uint8Array.from(msgpack(this.current.slice(0, payloadAt)));
  }
  async next(kind) {
    for (;;) {
      const at = this.reports.findIndex((report) => report.kind === kind);
      if (at >= 0) return this.reports.splice(at, 1)[0];
      await new Promise((wake) => this.waiting.push(wake));
    }
  }
}
function msgpack(value) {
  if (value === null) return [0xc0];
  if (typeof value === 'boolean') return [value ? 0xc3 : 0xc2];
  if (typeof value === 'number') return [0xcb, ...new Uint8Array(new Float64Array([value]).buffer).reverse()];
  if (typeof value === 'string') { const bytes = new TextEncoder().encode(value); return [0xda, bytes.length >> 8, bytes.length & 255, ...bytes]; }
  if (Array.isArray(value)) return [0xdc, 0, value.length, ...value.flatMap(msgpack)];
  const entries = Object.entries(value);
  return [0xde, 0, entries.length, ...entries.flatMap(([key, item]) => [...msgpack(key), ...msgpack(item)])];
}
"#)]
extern "C" {
    type Recorder;

    #[wasm_bindgen(constructor)]
    fn new() -> Recorder;

    /// The next report of this kind.
    #[wasm_bindgen(method)]
    fn next(this: &Recorder, kind: u32) -> Promise;
}

const OPEN: u32 = 0;
const WELCOME: u32 = 1;
const ABORT: u32 = 3;
const REPLY: u32 = 5;
const EVENT: u32 = 7;
const INVOCATION: u32 = 8;
const VIOLATION: u32 = 11;
const CLOSED: u32 = 12;

/// Options and arguments in one serializer: an empty dictionary, `{"exclude_me": false, "acknowledge": true}`, `[7]`.
struct Written {
    protocol: &'static str,
    none: &'static [u8],
    to_myself: &'static [u8],
    seven: &'static [u8],
}

const JSON: Written = Written {
    protocol: "wamp.2.json",
    none: b"{}",
    to_myself: br#"{"exclude_me":false,"acknowledge":true}"#,
    seven: b"[7]",
};
const MSGPACK: Written = Written {
    protocol: "wamp.2.msgpack",
    none: b"\x80",
    to_myself: b"\x82\xaaexclude_me\xc2\xabacknowledge\xc3",
    seven: b"\x91\x07",
};
const CBOR: Written = Written {
    protocol: "wamp.2.cbor",
    none: b"\xa0",
    to_myself: b"\xa2\x6aexclude_me\xf4\x6backnowledge\xf5",
    seven: b"\x81\x07",
};

struct Client {
    core: Core,
    recorder: Recorder,
}

impl Client {
    fn new(protocols: &str) -> Self {
        let url = option_env!("WAMPLEX_TEST_URL")
            .expect("compile with WAMPLEX_TEST_URL=ws://... of a running router");
        let socket = WebSocket::new_with_str(url, protocols).expect("a WebSocket");
        let recorder = Recorder::new();
        let core = Core::new(JsValue::from(&recorder).unchecked_into::<Handler>(), socket);
        core.start();
        Self { core, recorder }
    }

    async fn next(&self, kind: u32) -> JsValue {
        JsFuture::from(self.recorder.next(kind))
            .await
            .expect("promises of the recorder never reject")
    }

    async fn number(&self, kind: u32) -> f64 {
        field(&self.next(kind).await, "number").as_f64().expect("a number")
    }

    async fn join(&self, realm: &str) {
        self.number(OPEN).await;
        self.core.hello(realm, "anonymous", "", &[]);
    }
}

fn field(of: &JsValue, name: &str) -> JsValue {
    Reflect::get(of, &name.into()).expect("an object")
}

/// Options and arguments one behind the other, as commands take them.
fn parts(options: &[u8], args: &[u8]) -> (usize, u8, Vec<u8>) {
    (options.len(), u8::from(!args.is_empty()), [options, args].concat())
}

/// Subscribe, publish, register, call and serve by oneself, leave.
async fn all_roles(written: Written) {
    let Written { protocol, none, to_myself, seven } = written;
    let client = Client::new(protocol);
    let core = &client.core;
    client.join("realm1").await;
    client.next(WELCOME).await;

    assert_eq!(core.request(32, Some(1), "com.example.web", 0, none.len(), 0, none), 1.0);
    assert_eq!(client.number(REPLY).await, 1.0);
    let (split, shape, bytes) = parts(to_myself, seven);
    assert_eq!(core.request(16, Some(2), "com.example.web", 0, split, shape, &bytes), 2.0);
    let event = client.next(EVENT).await;
    assert_eq!(client.number(REPLY).await, 2.0);
    // Binary formats come as a tape, JSON as what the recorder has parsed.
    assert_eq!(field(&event, "wordCount").as_f64() == Some(0.0), protocol == "wamp.2.json");

    let procedure = format!("com.example.{protocol}");
    assert_eq!(core.request(64, Some(3), &procedure, 0, none.len(), 0, none), 3.0);
    assert_eq!(client.number(REPLY).await, 3.0);
    let (split, shape, bytes) = parts(none, seven);
    let request = core.request(48, Some(4), &procedure, 0, split, shape, &bytes);
    assert_eq!(request, 4.0, "the fourth request of the session");
    client.next(INVOCATION).await;
    assert_eq!(core.answer(1.0, 0, "", split, shape, &bytes), 1.0);
    let reply = client.next(REPLY).await;
    assert_eq!(field(&reply, "number").as_f64(), Some(4.0));
    if protocol == "wamp.2.json" {
        let message: Array = field(&reply, "message").unchecked_into();
        assert_eq!(js_sys::JSON::stringify(&message.get(3)).expect("JSON"), "[7]");
    }

    core.leave("wamp.close.normal", "");
    assert_eq!(client.number(CLOSED).await, 1000.0);
}

#[wasm_bindgen_test]
async fn all_roles_over_json() {
    all_roles(JSON).await;
}

#[wasm_bindgen_test]
async fn all_roles_over_msgpack() {
    all_roles(MSGPACK).await;
}

#[wasm_bindgen_test]
async fn all_roles_over_cbor() {
    all_roles(CBOR).await;
}

#[wasm_bindgen_test]
async fn an_unknown_realm_is_refused() {
    let client = Client::new("wamp.2.cbor");
    client.join("nowhere").await;
    client.next(ABORT).await;
    client.next(CLOSED).await;
}

#[wasm_bindgen_test]
async fn a_socket_without_a_subprotocol_of_ours_is_closed() {
    let client = Client::new("wamp.2.nothing");
    // The router may refuse the handshake, or open a socket that says nothing about WAMP.
    let reported = Array::of2(&client.recorder.next(VIOLATION), &client.recorder.next(CLOSED));
    JsFuture::from(Promise::race(&reported)).await.expect("promises of the recorder never reject");
}

#[wasm_bindgen_test]
async fn commands_before_the_session_are_refused() {
    let client = Client::new("wamp.2.cbor");
    client.number(OPEN).await;
    assert_eq!(client.core.give_up(34, 1, 1.0), -1.0);
    client.core.close();
    client.next(CLOSED).await;
}
