//! Callers and callees, whose registrations come and go.

use super::{Load, code, number};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use tokio::task::JoinSet;
use wamplex_shared::message::MessageCode;
use wamplex_tests::harness::Client;

const CALLERS: usize = 4;
const CALLEES: usize = 3;
/// How many calls each caller makes, and how many of them may be open at once.
const CALLS: usize = 300;
const WINDOW: usize = 16;
/// How many messages one in `SPLIT` calls consists of, and the pieces of the results of one in `PIECES`.
const PARTS: usize = 3;
const SPLIT: usize = 7;
const PIECES: usize = 5;
/// After how many invocations a callee takes up a registration or gives it up.
const TURN: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_of_a_caller_keep_their_order_while_registrations_come_and_go() {
    let load = Load::start().await;
    // All in one set: whoever fails ends those who wait for it.
    let mut sessions = JoinSet::new();
    for at in 0..CALLEES {
        let mut callee = Callee::new(load.join(at).await, at);
        callee.take_up(format!("load.{at}.steady"), "exact", "single").await;
        // Reached by whatever its changing registration is called by while it is not there.
        callee.take_up(format!("load.{at}."), "prefix", "single").await;
        if at == 0 {
            callee.take_up("load.shared".to_owned(), "exact", "roundrobin").await;
        }
        sessions.spawn(async { Done::Callee(callee.serve().await) });
    }
    for at in 0..CALLERS {
        let caller = Caller::new(load.join(at + 1).await, at);
        sessions.spawn(async { Done::Caller(caller.call().await) });
    }
    let (mut sent, mut served) = (Vec::new(), Vec::new());
    let mut last = load.join(0).await;
    while let Some(done) = sessions.join_next().await {
        match done.unwrap() {
            Done::Caller(done) => sent.push(done),
            Done::Callee(done) => served.push(done),
        }
        if sent.len() == CALLERS && served.is_empty() {
            end(&mut last).await;
        }
    }
    assert!(served.iter().all(|served| served.turns >= 2), "registrations have come and gone");
    for (caller, messages) in sent {
        let mut received: Vec<usize> = Vec::new();
        served.iter().for_each(|s| received.extend(s.received.get(&caller).into_iter().flatten()));
        received.sort_unstable();
        assert_eq!(received, (0..messages).collect::<Vec<_>>(), "each message of {caller}, once");
    }
}

/// What a session has done.
enum Done {
    Caller((usize, usize)),
    Callee(Served),
}

/// Tells the callees that there are no more calls.
async fn end(client: &mut Client) {
    for at in 0..CALLEES {
        let rest = [json!({}), format!("load.{at}.steady").into(), json!(["end"])];
        client.request(MessageCode::Call, rest).await;
        assert_eq!(code(&client.receive().await), MessageCode::Result);
    }
}

struct Caller {
    client: Client,
    name: usize,
    /// How many messages it has sent, each of which says which one it is.
    messages: usize,
    /// How many pieces the result of each open call has had, where it has asked for them.
    open: BTreeMap<u64, (usize, bool)>,
}

impl Caller {
    const fn new(client: Client, name: usize) -> Self {
        Self { client, name, messages: 0, open: BTreeMap::new() }
    }

    /// Makes its calls. Who it is, and how many messages they were.
    async fn call(mut self) -> (usize, usize) {
        let mut unfinished = None;
        for call in 0..CALLS {
            while self.open.len() >= WINDOW && unfinished.is_none() {
                self.hear().await;
            }
            let options = json!({"receive_progress": has_pieces(call)});
            let request = self.begin(call, options.clone()).await;
            // The rest of a call that was split comes after the call that was begun in between.
            if let Some((request, call)) = unfinished.take() {
                self.part(request, call, json!({})).await;
            }
            if is_split(call) {
                unfinished = Some((request, call));
            }
        }
        while !self.open.is_empty() {
            self.hear().await;
        }
        (self.name, self.messages)
    }

    /// Sends a call, or all parts of it but the last.
    async fn begin(&mut self, call: usize, mut options: Value) -> u64 {
        if is_split(call) {
            options["progress"] = true.into();
        }
        let rest = [options.clone(), procedure(self.name, call).into(), self.arguments(call)];
        let request = self.client.request(MessageCode::Call, rest).await;
        self.open.insert(request, (0, has_pieces(call)));
        if is_split(call) {
            for _ in 2..PARTS {
                self.part(request, call, options.clone()).await;
            }
        }
        request
    }

    async fn part(&mut self, request: u64, call: usize, options: Value) {
        let head = [MessageCode::Call.number().into(), request.into()];
        let rest = [options, procedure(self.name, call).into(), self.arguments(call)];
        self.client.send(&head.into_iter().chain(rest).collect()).await;
    }

    fn arguments(&mut self, call: usize) -> Value {
        self.messages += 1;
        json!([self.name, call, self.messages - 1])
    }

    /// Receives a piece of a result.
    async fn hear(&mut self) {
        let message = self.client.receive().await;
        assert_eq!(code(&message), MessageCode::Result, "{message}");
        let request = message[1].as_u64().unwrap();
        let (pieces, in_pieces) = self.open.get_mut(&request).expect("the call is open");
        assert_eq!(number(&message[3][0]), *pieces, "{message} in its turn");
        *pieces += 1;
        if message[2]["progress"] == true {
            assert!(*in_pieces, "{message} was not asked for");
        } else {
            assert!(*pieces > 1 || !*in_pieces, "{message} has no pieces");
            self.open.remove(&request);
        }
    }
}

/// Whether a call is sent in parts, the last of which follows the next call.
const fn is_split(call: usize) -> bool {
    call.is_multiple_of(SPLIT) && call + 1 < CALLS
}

const fn has_pieces(call: usize) -> bool {
    call.is_multiple_of(PIECES)
}

/// What a call is for: all callees in turn, by each way to reach them.
fn procedure(caller: usize, call: usize) -> String {
    let callee = (caller + call) % CALLEES;
    match call % 4 {
        0 => format!("load.{callee}.steady"),
        1 => format!("load.{callee}.other"),
        2 => format!("load.{callee}.changing"),
        _ => "load.shared".to_owned(),
    }
}

struct Callee {
    client: Client,
    name: usize,
    live: BTreeSet<u64>,
    /// The open invocations: how many pieces each has had.
    open: BTreeMap<u64, usize>,
    /// How many invocations there were.
    invocations: u64,
    changing: Option<u64>,
    /// Whether it was told that there are no more calls, be it while it waited for another answer.
    ended: bool,
    served: Served,
}

/// What a callee has seen.
#[derive(Default)]
struct Served {
    /// The messages of each caller, in the order they came.
    received: BTreeMap<usize, Vec<usize>>,
    turns: usize,
}

impl Callee {
    fn new(client: Client, name: usize) -> Self {
        let (live, open, served) = (BTreeSet::new(), BTreeMap::new(), Served::default());
        Self { client, name, live, open, invocations: 0, changing: None, ended: false, served }
    }

    /// Serves until it is told to end, and changes a registration at every turn.
    async fn serve(mut self) -> Served {
        let mut due = TURN as u64;
        while !self.ended {
            let message = self.client.receive().await;
            self.invoke(&message).await;
            while self.invocations >= due {
                due += TURN as u64;
                self.served.turns += 1;
                self.change().await;
            }
        }
        assert!(self.open.is_empty(), "nobody waits any more");
        while let Some(registration) = self.live.first().copied() {
            self.give_up(registration).await;
        }
        self.served
    }

    /// Takes up its changing registration or gives it up; which of the two ways to share a procedure it is, too.
    async fn change(&mut self) {
        self.changing = match self.changing {
            Some(registration) => {
                self.give_up(registration).await;
                None
            }
            None if self.name > 0 && self.served.turns % 4 == 1 => {
                Some(self.take_up("load.shared".to_owned(), "exact", "roundrobin").await)
            }
            None => {
                let procedure = format!("load.{}.changing", self.name);
                Some(self.take_up(procedure, "exact", "single").await)
            }
        };
    }

    async fn take_up(&mut self, procedure: String, kind: &str, invoke: &str) -> u64 {
        let rest = [json!({"match": kind, "invoke": invoke}), procedure.into()];
        let request = self.client.request(MessageCode::Register, rest).await;
        let answer = self.answer(MessageCode::Registered, request).await;
        let registration = answer[2].as_u64().unwrap();
        assert!(self.live.insert(registration), "it was given up before");
        registration
    }

    async fn give_up(&mut self, registration: u64) {
        let request = self.client.request(MessageCode::Unregister, [registration.into()]).await;
        self.answer(MessageCode::Unregistered, request).await;
        assert!(self.live.remove(&registration), "it is there");
    }

    /// Awaits the answer to a request, among invocations.
    async fn answer(&mut self, kind: MessageCode, request: u64) -> Value {
        loop {
            let message = self.client.receive().await;
            if code(&message) != MessageCode::Invocation {
                assert_eq!((code(&message), &message[1]), (kind, &json!(request)), "{message}");
                return message;
            }
            self.invoke(&message).await;
        }
    }

    /// Checks an invocation and answers it.
    async fn invoke(&mut self, message: &Value) {
        assert_eq!(code(message), MessageCode::Invocation, "{message}");
        let (id, registration) = (message[1].as_u64().unwrap(), message[2].as_u64().unwrap());
        let pieces = self.open.remove(&id).unwrap_or_else(|| {
            self.invocations += 1;
            assert_eq!(id, self.invocations, "{message} is counted");
            assert!(
                self.live.contains(&registration),
                "{message} before REGISTERED or after UNREGISTERED"
            );
            0
        });
        if message[4][0] == "end" {
            self.ended = true;
        } else {
            let seen = self.served.received.entry(number(&message[4][0])).or_default();
            let this = number(&message[4][2]);
            assert!(seen.last().is_none_or(|last| *last < this), "{message} after {seen:?}");
            seen.push(this);
        }
        self.yield_pieces(id, pieces, &message[3]).await;
    }

    /// Answers each part of a call with a piece if its caller wants pieces, and the last part with two, and the result.
    async fn yield_pieces(&mut self, id: u64, mut pieces: usize, details: &Value) {
        let is_last = details["progress"] != true;
        if details["receive_progress"] == true {
            for _ in 0..=usize::from(is_last) {
                let answer = json!([MessageCode::Yield.number(), id, {"progress": true}, [pieces]]);
                self.client.send(&answer).await;
                pieces += 1;
            }
        }
        if is_last {
            self.client.send(&json!([MessageCode::Yield.number(), id, {}, [pieces]])).await;
        } else {
            self.open.insert(id, pieces);
        }
    }
}
