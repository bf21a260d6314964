//! What two peers have to be able to do with each other through a router.

use crate::{
    peer::Peer,
    values::{differences, sendable},
};
use serde_json::{Value, json};

const NO_SUCH_PROCEDURE: &str = "wamp.error.no_such_procedure";

/// One pair of peers at work. `a` is callee and subscriber, `b` caller and publisher.
pub(crate) struct Exchange<'p> {
    a: &'p Peer,
    b: &'p Peer,
    /// What the URIs of this pair begin with.
    prefix: String,
    problems: Vec<String>,
}

impl<'p> Exchange<'p> {
    /// Runs everything and says what went wrong.
    pub(crate) async fn run(a: &'p Peer, b: &'p Peer, number: usize) -> Vec<String> {
        let mut exchange =
            Self { a, b, prefix: format!("com.example.pair{number}"), problems: Vec::new() };
        exchange.results().await;
        exchange.values_in_calls().await;
        exchange.errors().await;
        exchange.progress().await;
        exchange.cancellation().await;
        exchange.events().await;
        exchange.no_more_calls().await;
        exchange.problems
    }

    async fn results(&mut self) {
        let procedure = self.register("add2").await;
        let sum = self.call(json!({"procedure": procedure, "args": [2, -5]})).await;
        self.expect("the sum", &sum, &Ok(json!({"args": [-3], "kwargs": {}, "progress": []})));
        self.expect_report(&invocation(&procedure, &json!([2, -5]), &json!({}))).await;
    }

    async fn values_in_calls(&mut self) {
        let procedure = self.register("echo").await;
        // A second argument keeps libraries from unpacking the list.
        let sent = [sendable(self.b), vec![json!("end")]].concat();
        let kwargs = named(&sent);
        let request = json!({"procedure": procedure, "args": sent, "kwargs": kwargs});
        let result = self.call(request).await;
        let seen = self.a.next().await;
        self.compare("arguments of the invocation", &[self.b, self.a], &sent, &seen);
        match result {
            Ok(result) => {
                self.compare("values of the result", &[self.b, self.a, self.b], &sent, &result)
            }
            Err(error) => self.problem(format!("the call of an echo ended in {error}")),
        }
        for (args, kwargs) in
            [(json!([]), json!({})), (json!([]), json!({"only": null})), (json!([1, 2]), json!({}))]
        {
            let request = json!({"procedure": procedure, "args": args, "kwargs": kwargs});
            let result = self.call(request).await;
            self.expect_report(&invocation(&procedure, &args, &kwargs)).await;
            let expected = json!({"args": args, "kwargs": kwargs, "progress": []});
            let nothing = json!({"args": [null], "kwargs": kwargs, "progress": []});
            // Some libraries hand out no result at all as one null.
            if args != json!([]) || kwargs != json!({}) || result != Ok(nothing) {
                self.expect("the echo", &result, &Ok(expected));
            }
        }
    }

    async fn errors(&mut self) {
        let procedure = self.register("fail").await;
        let (args, kwargs) = (json!(["first", 2, {"$bytes": "AP8="}]), json!({"why": {"code": 7}}));
        let request = json!({"procedure": procedure, "args": args, "kwargs": kwargs});
        let result = self.call(request).await;
        let uri = "com.example.error.failed";
        self.expect(
            "the error",
            &result,
            &Err(json!({"uri": uri, "args": args, "kwargs": kwargs})),
        );
        self.expect_report(&invocation(&procedure, &args, &kwargs)).await;
        let result = self.call(json!({"procedure": self.uri("nowhere")})).await;
        self.expect_uri("a call of nothing", &result, NO_SUCH_PROCEDURE);
        let again =
            self.a.ask(json!({"do": "register", "procedure": procedure, "kind": "echo"})).await;
        if again.is_ok() {
            self.problem("a procedure was registered twice".into());
        }
    }

    async fn progress(&mut self) {
        let procedure = self.register("progress").await;
        let result =
            self.call(json!({"procedure": procedure, "args": [3], "progress": true})).await;
        let asked = self.a.library.yields_progress;
        let mut expected_report = invocation(&procedure, &json!([3]), &json!({}));
        expected_report["progress"] = asked.into();
        self.expect_report(&expected_report).await;
        let all = self.b.library.reads_all_of_progress;
        let steps: Vec<_> = (0..if asked { 3 } else { 0 })
            .map(|step| json!({"args": [step], "kwargs": if all { json!({"of": 3}) } else { json!({}) }}))
            .collect();
        let last = self.b.library.reads_all_of_final;
        let args = if last { json!(["done", 3]) } else { json!(["done"]) };
        let expected = json!({"args": args, "kwargs": {}, "progress": steps});
        self.expect("progressive results", &result, &Ok(expected));
        // One who does not ask for them gets none.
        let result = self.call(json!({"procedure": procedure, "args": [3]})).await;
        self.expect_report(&invocation(&procedure, &json!([3]), &json!({}))).await;
        let expected = json!({"args": ["done", 3], "kwargs": {}, "progress": []});
        self.expect("the result at once", &result, &Ok(expected));
    }

    async fn cancellation(&mut self) {
        let procedure = self.register("hang").await;
        for cancel in self.b.library.cancels {
            let mode = cancel.mode;
            // Some libraries want to know the mode when they make the call, others when they cancel it.
            let request = json!({"do": "call", "procedure": procedure, "mode": mode});
            let (id, ended) = self.b.begin(request);
            self.expect_report(&invocation(&procedure, &json!([]), &json!({}))).await;
            let canceled = self.b.ask(json!({"do": "cancel", "call": id, "mode": mode})).await;
            self.expect("the cancellation", &canceled, &Ok(json!({})));
            let ended = ended.await;
            match ended {
                Ok(result) => self.problem(format!("a canceled call returned {result}")),
                Err(_) if !cancel.shows_error => {}
                // The callee's own words count, and what they are is its business.
                Err(_) if mode == Some("kill") && self.a.library.is_interruptible => {}
                ended => self.expect_uri("a canceled call", &ended, "wamp.error.canceled"),
            }
            if self.a.library.is_interruptible && mode != Some("skip") {
                self.expect_report(&json!({"on": "interrupted", "procedure": procedure})).await;
            }
        }
    }

    async fn events(&mut self) {
        let topic = self.uri("topic");
        let subscribed = self.a.ask(json!({"do": "subscribe", "topic": topic})).await;
        self.expect("the subscription", &subscribed, &Ok(json!({})));
        let sent = sendable(self.b);
        for acknowledge in [true, false] {
            if !acknowledge && !self.b.library.publishes_unacknowledged {
                continue;
            }
            let event = json!({"do": "publish", "topic": topic, "args": sent, "kwargs": named(&sent), "acknowledge": acknowledge});
            let published = self.b.ask(event).await;
            self.expect("the publication", &published, &Ok(json!({})));
            let seen = self.a.next().await;
            self.compare("values of the event", &[self.b, self.a], &sent, &seen);
        }
        let empty = json!({"do": "publish", "topic": topic, "acknowledge": true});
        let published = self.b.ask(empty.clone()).await;
        self.expect("the empty publication", &published, &Ok(json!({})));
        self.expect_report(&json!({"on": "event", "topic": topic, "args": [], "kwargs": {}})).await;
        let unsubscribed = self.a.ask(json!({"do": "unsubscribe", "topic": topic})).await;
        self.expect("the end of the subscription", &unsubscribed, &Ok(json!({})));
        // Were there still an event, it would be reported before the invocations that follow.
        let published = self.b.ask(empty).await;
        self.expect("the publication to nobody", &published, &Ok(json!({})));
        let result = self.call(json!({"procedure": self.uri("add2"), "args": [1, 1]})).await;
        self.expect("the sum", &result, &Ok(json!({"args": [2], "kwargs": {}, "progress": []})));
        self.expect_report(&invocation(&self.uri("add2"), &json!([1, 1]), &json!({}))).await;
    }

    async fn no_more_calls(&mut self) {
        for kind in ["add2", "echo", "fail", "progress", "hang"] {
            let procedure = self.uri(kind);
            let unregistered =
                self.a.ask(json!({"do": "unregister", "procedure": procedure})).await;
            self.expect("the end of the registration", &unregistered, &Ok(json!({})));
            let result = self.call(json!({"procedure": procedure, "args": [1, 1]})).await;
            self.expect_uri("a call of what is gone", &result, NO_SUCH_PROCEDURE);
        }
    }

    fn uri(&self, name: &str) -> String {
        format!("{}.{name}", self.prefix)
    }

    async fn register(&mut self, kind: &str) -> String {
        let procedure = self.uri(kind);
        let request = json!({"do": "register", "procedure": procedure, "kind": kind});
        let registered = self.a.ask(request).await;
        self.expect("the registration", &registered, &Ok(json!({})));
        procedure
    }

    async fn call(&self, mut request: Value) -> Result<Value, Value> {
        request["do"] = "call".into();
        self.b.ask(request).await
    }

    async fn expect_report(&mut self, expected: &Value) {
        let report = self.a.next().await;
        if report != *expected {
            self.problem(format!("{} reports {report} instead of {expected}", self.a.name()));
        }
    }

    fn expect(&mut self, what: &str, got: &Result<Value, Value>, expected: &Result<Value, Value>) {
        if got != expected {
            self.problem(format!("{what}: {} instead of {}", show(got), show(expected)));
        }
    }

    fn expect_uri(&mut self, what: &str, got: &Result<Value, Value>, uri: &str) {
        if got.as_ref().err().is_none_or(|error| error["uri"] != uri) {
            self.problem(format!("{what}: {} instead of {uri}", show(got)));
        }
    }

    /// Compares positional and keyword arguments with what was sent as both.
    fn compare(&mut self, what: &str, path: &[&Peer], sent: &[Value], got: &Value) {
        let args = got["args"].as_array().cloned().unwrap_or_default();
        let kwargs: Vec<_> =
            (0..sent.len()).map(|i| got["kwargs"][format!("k{i}")].clone()).collect();
        for (which, got) in [("args", args), ("kwargs", kwargs)] {
            for difference in differences(path, sent, &got) {
                self.problem(format!("{what}, {which}: {difference}"));
            }
        }
    }

    fn problem(&mut self, problem: String) {
        self.problems.push(problem);
    }
}

/// What a callee reports when it is invoked by a caller that wants no progressive results.
fn invocation(procedure: &str, args: &Value, kwargs: &Value) -> Value {
    json!({"on": "invocation", "procedure": procedure, "progress": false, "args": args, "kwargs": kwargs})
}

/// The same values as keyword arguments.
fn named(values: &[Value]) -> Value {
    values
        .iter()
        .enumerate()
        .map(|(i, value)| (format!("k{i}"), value.clone()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn show(answer: &Result<Value, Value>) -> String {
    match answer {
        Ok(value) => value.to_string(),
        Err(error) => format!("error {error}"),
    }
}
