//! One span for each call that is sampled.

use super::context;
use opentelemetry::{
    KeyValue,
    trace::{Span as _, SpanKind, Status, Tracer as _},
};
use opentelemetry_sdk::trace::{SdkTracer, Span};
use wamplex_realm::{CallOutcome, CallSpan, CallTracer, TracedCall};
use wamplex_shared::value::Dict;

/// Makes the spans of all realms.
#[derive(Debug)]
pub(super) struct Tracer {
    inner: SdkTracer,
    /// Whether calls without a trace may begin one.
    may_begin: bool,
}

/// The span of one call.
#[derive(Debug)]
struct Of(Span);

impl Tracer {
    pub(super) const fn new(inner: SdkTracer, may_begin: bool) -> Self {
        Self { inner, may_begin }
    }
}

impl CallTracer for Tracer {
    fn begin(&self, call: &TracedCall<'_>) -> Option<Box<dyn CallSpan>> {
        let parent = context::read(call.attributes);
        if parent.is_none() && !self.may_begin {
            return None;
        }
        let procedure = short(call.procedure.as_str());
        let attributes = [
            KeyValue::new("rpc.system", "wamp"),
            KeyValue::new("rpc.method", procedure.clone()),
            KeyValue::new("wamp.realm", short(call.realm.as_str())),
            KeyValue::new("wamp.session", i64::try_from(call.caller.session.get()).unwrap_or(0)),
        ];
        let builder = self.inner.span_builder(procedure).with_kind(SpanKind::Server);
        let builder = builder.with_attributes(attributes);
        let span = self.inner.build_with_context(builder, &parent.unwrap_or_default());
        span.is_recording().then(|| Box::new(Of(span)) as Box<dyn CallSpan>)
    }
}

impl CallSpan for Of {
    fn inject(&self, attributes: &mut Dict) {
        context::write(self.0.span_context(), attributes);
    }

    fn end(mut self: Box<Self>, outcome: &CallOutcome) {
        let error = match outcome {
            CallOutcome::Answered => None,
            CallOutcome::Failed(error) => Some(short(error.as_str())),
            // Whoever asked is gone, for which there is no error of the protocol.
            CallOutcome::CallerLeft | _ => Some("caller_left".to_owned()),
        };
        if let Some(error) = error {
            self.0.set_attribute(KeyValue::new("error.type", error));
            self.0.set_status(Status::error(""));
        }
        self.0.end();
    }
}

/// The beginning of a text that clients may make as long as a message: thousands of them may wait to be sent.
fn short(text: &str) -> String {
    const MOST: usize = 256;
    let ends = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= MOST);
    let end = if text.len() <= MOST { text.len() } else { ends.last().unwrap_or(0) };
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(short("com.example"), "com.example");
        assert_eq!(short(&"x".repeat(300)).len(), 256);
        assert_eq!(short(&"ä".repeat(300)).len(), 256);
        assert_eq!(short(&format!("x{}", "ä".repeat(300))).len(), 255);
    }
}
