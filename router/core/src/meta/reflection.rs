//! What there is in a realm, and how it is used ("WAMP: Procedure Reflection", "WAMP: Topic Reflection").
//!
//! The specification has the names of these procedures only; what ours answer is in the words of [`Realm::call_meta`].

use super::{Arguments, Outcome, Reply, by_policy, count, sorted};
use crate::{
    member::Member,
    question::uses_passthru,
    realm::Realm,
    registration::Registration,
    schema::{Objection, Schema},
};
use std::collections::BTreeSet;
use wamplex_shared::{
    id::RegistrationId,
    message::{Call, Publish, Register},
    uri::{MatchPolicy, Uri},
    uris::{self, error},
    value::{Dict, Value},
};

/// What calls, and the other requests, are answered with by the router itself.
const ERRORS: [&str; 14] = [
    error::AUTHORIZATION_FAILED,
    error::CANCELED,
    error::FEATURE_NOT_SUPPORTED,
    error::INVALID_ARGUMENT,
    error::INVALID_URI,
    error::NOT_AUTHORIZED,
    error::NO_SUCH_PROCEDURE,
    error::NO_SUCH_REGISTRATION,
    error::NO_SUCH_SESSION,
    error::NO_SUCH_SUBSCRIPTION,
    error::OPTION_DISALLOWED_DISCLOSE_ME,
    error::PROCEDURE_ALREADY_EXISTS,
    error::TIMEOUT,
    uris::wamplex::LIMIT_EXCEEDED,
];

impl<H> Realm<H> {
    /// The schema that a REGISTER brings along, if it goes together with what is known.
    pub(crate) fn schema_for(
        &self,
        from: &Member<H>,
        message: &Register,
    ) -> Result<Option<Schema>, Objection> {
        let Register { options, procedure, .. } = message;
        let Some(schema) = Schema::read(&options.custom, &self.config)? else { return Ok(None) };
        let known = self.dealer.lookup(options.match_policy, procedure.as_str());
        // Who takes a procedure away from others does not care what they said about it.
        let known = known.filter(|_| !options.force_reregister);
        if let Some(other) = known.and_then(|registration| registration.schema.as_ref())
            && !schema.is_same(other)
        {
            return Err(Objection::invalid("the registration has another schema"));
        }
        let mine = self.members.get(from.session()).into_iter().flat_map(|s| &s.registrations);
        let described = |id: &&RegistrationId| {
            self.dealer.get(**id).is_some_and(|registration| registration.schema.is_some())
        };
        if mine.filter(described).count() >= self.config.limits.schemas {
            return Err(Objection::too_many("this session has too many schemas"));
        }
        Ok(Some(schema))
    }

    /// Keeps the schema of a registration.
    pub(crate) fn describe(&mut self, id: RegistrationId, schema: Option<Schema>) {
        if let Some(schema) = schema
            && let Some(registration) = self.dealer.get_mut(id)
        {
            registration.schema = Some(schema);
        }
    }

    /// Keeps the schema that a PUBLISH brings along, and holds the event against the schema of its topic.
    pub(crate) fn admit_event(&self, from: &Member<H>, message: &Publish) -> Result<(), Objection> {
        let Publish { options, topic, payload, .. } = message;
        if options.custom.is_empty() && self.config.validator.is_none() {
            return Ok(());
        }
        // What the broker refuses has no schema.
        let refused = topic.is_reserved()
            || topic.check(self.config.uri_rule, MatchPolicy::Exact).is_err()
            || uses_passthru(options.passthru.as_deref());
        if refused {
            return Ok(());
        }
        if let Some(schema) = Schema::read(&options.custom, &self.config)? {
            let limit = self.config.limits.schemas;
            self.topics.write().attach(topic, schema, from.session(), limit)?;
        }
        if self.config.validator.is_some() {
            self.topics.read().check(topic, payload)?;
        }
        Ok(())
    }

    /// Holds a call against the schema of its procedure. Of a call in several parts this is the first: it cannot be
    /// refused any more once it has begun.
    pub(crate) fn admit_call(&self, message: &Call) -> Result<(), Objection> {
        if self.config.validator.is_none() || uses_passthru(message.options.passthru.as_deref()) {
            return Ok(());
        }
        let registration = self.dealer.matching(&message.procedure);
        let schema = registration.and_then(|registration| registration.schema.as_ref());
        schema.map_or(Ok(()), |schema| schema.check(&message.payload))
    }

    pub(super) fn list_procedures(&self, args: Arguments) -> Outcome<H> {
        args.finish()?;
        let all: Vec<_> = self.dealer.registrations().into_iter().map(Registration::key).collect();
        Reply::of(by_policy(&all))
    }

    pub(super) fn describe_procedure(&self, mut args: Arguments) -> Outcome<H> {
        let (policy, uri) = args.pattern(self.config.uri_rule, "the procedure has to be a URI")?;
        args.finish()?;
        let exactly = self.dealer.lookup(policy, uri.as_str());
        let called = || self.dealer.matching(&uri).filter(|_| policy == MatchPolicy::Exact);
        let Some(registration) = exactly.or_else(called) else { return Reply::of(Value::Null) };
        let (policy, uri) = registration.key();
        let mut details = Dict::new();
        details.insert("uri", uri);
        details.insert("match", policy.name());
        details.insert("invoke", registration.invoke.name());
        details.insert("callees", count(registration.callees().len()));
        details.insert("schema", or_null(registration.schema.as_ref()));
        Reply::of(details)
    }

    pub(super) fn list_topics(&self, args: Arguments) -> Outcome<H> {
        args.finish()?;
        let subscribed = self.broker.subscriptions().into_iter().filter(|s| !s.is_reserved());
        let topics = self.topics.read();
        let all: BTreeSet<_> = subscribed.map(|s| s.key()).chain(topics.topics()).collect();
        Reply::of(by_policy(&all.into_iter().collect::<Vec<_>>()))
    }

    pub(super) fn describe_topic(&self, mut args: Arguments) -> Outcome<H> {
        let (policy, uri) = args.pattern(self.config.uri_rule, "the topic has to be a URI")?;
        args.finish()?;
        let subscription = self.broker.lookup(policy, uri.as_str());
        let schema = self.topics.read().get(&uri).filter(|_| policy == MatchPolicy::Exact);
        if subscription.is_none() && schema.is_none() {
            return Reply::of(Value::Null);
        }
        let mut details = Dict::new();
        details.insert("uri", uri);
        details.insert("match", policy.name());
        details.insert("subscribers", count(subscription.map_or(0, |s| s.members().len())));
        details.insert("schema", or_null(schema.as_deref()));
        Reply::of(details)
    }

    pub(super) fn list_errors(&self, args: Arguments) -> Outcome<H> {
        args.finish()?;
        let registrations = self.dealer.registrations().into_iter();
        let named = registrations.filter_map(|r| r.schema.as_ref()).flat_map(|s| &s.errors);
        let ours = ERRORS.into_iter().map(Uri::from_static);
        let all: BTreeSet<Uri> = named.cloned().chain(ours).collect();
        Reply::of(sorted(all))
    }

    pub(super) fn describe_error(&self, mut args: Arguments) -> Outcome<H> {
        const WRONG: &str = "the error has to be a URI";
        let uri = args.uri(self.config.uri_rule, MatchPolicy::Exact, WRONG)?;
        args.finish()?;
        let mut naming = Vec::new();
        for registration in self.dealer.registrations() {
            if let Some(schema) = registration.schema.as_ref().filter(|s| s.errors.contains(&uri)) {
                naming.push((registration.key(), schema));
            }
        }
        naming.sort_by(|a, b| a.0.cmp(&b.0));
        if naming.is_empty() && !ERRORS.contains(&uri.as_str()) {
            return Reply::of(Value::Null);
        }
        let schema = naming.first().and_then(|(_, schema)| {
            schema.to_dict().get("errors")?.as_dict()?.get(uri.as_str()).cloned()
        });
        let procedures = sorted(naming.into_iter().map(|((_, procedure), _)| procedure));
        let mut details = Dict::new();
        details.insert("uri", uri);
        details.insert("procedures", procedures);
        details.insert("schema", schema.unwrap_or_default());
        Reply::of(details)
    }
}

fn or_null(schema: Option<&Schema>) -> Value {
    schema.map_or(Value::Null, |schema| schema.to_dict().into())
}
