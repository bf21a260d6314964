//! The context of a trace, among the attributes of a message.

use opentelemetry::{
    Context,
    propagation::{Extractor, Injector, TextMapPropagator},
    trace::{SpanContext, TraceContextExt},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use wamplex_realm::PassedOptions;
use wamplex_shared::value::Dict;

/// The fields of W3C Trace Context, and what they are called in messages.
const FIELDS: [(&str, &str); 2] = [("traceparent", "_traceparent"), ("tracestate", "_tracestate")];

/// The span that these attributes name, if they name one.
pub(super) fn read(attributes: &Dict) -> Option<Context> {
    let parent = attributes.get("_traceparent")?.as_str()?;
    // The library takes ids that are too short.
    let has_dash = |at: usize| parent.as_bytes().get(at) == Some(&b'-');
    if ![2, 35, 52].into_iter().all(has_dash) {
        return None;
    }
    let context =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &From(attributes));
    context.has_active_span().then_some(context)
}

/// Names this span.
pub(super) fn write(span: &SpanContext, attributes: &mut Dict) {
    let context = Context::new().with_remote_span_context(span.clone());
    TraceContextPropagator::new().inject_context(&context, &mut To(attributes));
}

struct From<'a>(&'a Dict);

struct To<'a>(&'a mut Dict);

impl Extractor for From<'_> {
    fn get(&self, field: &str) -> Option<&str> {
        let value = self.0.get(name_of(field)?)?.as_str()?;
        // What would not be handed on is not taken apart either.
        (value.len() <= PassedOptions::MAX_VALUE).then_some(&**value)
    }

    fn keys(&self) -> Vec<&str> {
        FIELDS.map(|(field, _)| field).into()
    }
}

impl Injector for To<'_> {
    fn set(&mut self, field: &str, value: String) {
        let Some(name) = name_of(field) else { return };
        if value.is_empty() {
            self.0.remove(name);
        } else {
            self.0.insert(name, value);
        }
    }
}

fn name_of(field: &str) -> Option<&'static str> {
    FIELDS.iter().find(|(known, _)| *known == field).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wamplex_shared::value::Value;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_context_is_read_as_it_is_written() {
        let sent: Dict =
            [("_traceparent", PARENT), ("_tracestate", "congo=t61")].into_iter().collect();
        let context = read(&sent).unwrap();
        let span = context.span().span_context().clone();
        assert!(span.is_sampled() && span.is_remote());
        let mut written: Dict = [("_other", "kept")].into_iter().collect();
        write(&span, &mut written);
        assert_eq!(written.get("_traceparent"), sent.get("_traceparent"));
        assert_eq!(written.get("_tracestate"), sent.get("_tracestate"));
        assert_eq!(written.len(), 3);
    }

    #[test]
    fn a_state_that_is_none_is_left_out() {
        let mut attributes: Dict = [("_traceparent", PARENT)].into_iter().collect();
        let span = read(&attributes).unwrap().span().span_context().clone();
        attributes.insert("_tracestate", "old=1");
        write(&span, &mut attributes);
        assert_eq!(attributes.get("_tracestate"), None);
    }

    #[test]
    fn what_is_no_context_is_none() {
        let zeros = format!("00-{}-b7ad6b7169203331-01", "0".repeat(32));
        let long = format!("{PARENT}-{}", "-".repeat(600));
        for value in ["", "x", "00-0af7-b7ad-01", "ff-", &zeros, &long, &PARENT.to_uppercase()] {
            let attributes: Dict = [("_traceparent", value)].into_iter().collect();
            assert!(read(&attributes).is_none(), "{value}");
        }
        assert!(read(&Dict::new()).is_none());
        assert!(read(&[("_traceparent", Value::from(1))].into_iter().collect()).is_none());
    }
}
