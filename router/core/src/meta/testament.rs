//! What a session leaves to be published when it ends ("WAMP: Session Testament").

use super::{
    Arguments, Outcome, Reply,
    arguments::{dict, list},
};
use crate::{
    authorization::{Action, Grant},
    config::{Limits, RealmConfig},
    member::Member,
    question::uses_passthru,
    realm::Realm,
    reject::Reject,
    sink::Sink,
};
use bytes::Bytes;
use std::sync::Arc;
use wamplex_shared::{
    codec,
    id::RequestId,
    message::{Message, Publish, PublishOptions},
    roles::{Feature, Role},
    serializer::Serializer,
    time::Time,
    uri::{MatchPolicy, Uri, UriRule},
    value::{Dict, List, Value},
};

/// The testaments of one session.
#[derive(Debug, Default)]
pub(crate) struct Testaments {
    /// For when the session is detached from its transport.
    detached: Vec<Testament>,
    /// For when the session is destroyed. Since sessions are not resumed here, that is right after.
    destroyed: Vec<Testament>,
}

/// One PUBLISH that waits for the end of its publisher, encoded: so it holds nothing of the frame it came in, and its
/// length is what it takes.
#[derive(Debug)]
struct Testament {
    serializer: Serializer,
    publish: Bytes,
}

#[derive(Clone, Copy)]
enum Scope {
    Detached,
    Destroyed,
}

impl Testaments {
    const fn of(&mut self, scope: Scope) -> &mut Vec<Testament> {
        match scope {
            Scope::Detached => &mut self.detached,
            Scope::Destroyed => &mut self.destroyed,
        }
    }

    fn add(&mut self, scope: Scope, testament: Testament, limits: &Limits) -> Result<(), Reject> {
        let scope = self.of(scope);
        let size = |t: &Testament| t.publish.len();
        let bytes = scope.iter().map(size).sum::<usize>() + size(&testament);
        if scope.len() >= limits.testaments || bytes > limits.testament_bytes {
            return Err(Reject::LimitExceeded("testaments"));
        }
        scope.push(testament);
        Ok(())
    }
}

impl Testament {
    fn new(
        options: PublishOptions,
        topic: Uri,
        serializer: Serializer,
        args: &List,
        kwargs: &Dict,
    ) -> Result<Self, Reject> {
        const WRONG: &str = "the event cannot be written";
        let payload = codec::write_values(serializer, args, kwargs);
        // Nobody is answered, so the id of the request means nothing.
        let publish = Publish { request: RequestId::FIRST, options, topic, payload };
        let publish = codec::encode(serializer, &publish.into());
        let publish = publish.map_err(|_| Reject::InvalidArgument(WRONG))?;
        Ok(Self { serializer, publish })
    }

    fn into_publish(self) -> Option<Publish> {
        match codec::decode(self.serializer, &self.publish) {
            Ok(Message::Publish(publish)) => Some(publish),
            // What we wrote can be read.
            _ => None,
        }
    }
}

impl<H> Realm<H> {
    pub(super) fn add_testament(
        &mut self,
        from: &Member<H>,
        mut args: Arguments,
        serializer: Serializer,
    ) -> Outcome<H> {
        let topic = topic(&mut args, self.config.uri_rule)?;
        let list = list(args.next(), "the arguments of the event have to be a list")?;
        let dict = dict(args.next(), "the keyword arguments of the event have to be a dictionary")?;
        let scope = scope(&mut args)?;
        let options = options(&mut args)?;
        args.finish()?;
        let grant = self.right(from.who(), Action::Publish, &topic, MatchPolicy::Exact)?;
        check(&self.config, grant, from, &topic, &options)?;
        let (list, dict) = (list.unwrap_or_default(), dict.unwrap_or_default());
        let testament = Testament::new(options, topic, serializer, &list, &dict)?;
        let seat = self.members.seat_mut(from).ok_or(Reject::UnknownSession)?;
        let member = Arc::clone(&seat.member);
        seat.testaments.add(scope, testament, member.limits(&self.config))?;
        Ok(Reply::NOTHING)
    }

    pub(super) fn flush_testaments(&mut self, from: &Member<H>, mut args: Arguments) -> Outcome<H> {
        let scope = scope(&mut args)?;
        args.finish()?;
        let seat = self.members.seat_mut(from).ok_or(Reject::UnknownSession)?;
        seat.testaments.of(scope).clear();
        Ok(Reply::NOTHING)
    }

    /// Publishes what a session has left to be published.
    pub(super) fn execute(
        &self,
        who: &Member<H>,
        testaments: Testaments,
        now: Time,
        out: &mut impl Sink<H>,
    ) {
        let Testaments { detached, destroyed } = testaments;
        for testament in detached.into_iter().chain(destroyed) {
            let Some(publish) = testament.into_publish() else { continue };
            // Whatever there is to refuse was refused when the testament was made, but for a right that was taken since.
            let right = self.right(who.who(), Action::Publish, &publish.topic, MatchPolicy::Exact);
            if let Ok(grant) = right {
                let _ = self.broker.publish(self.moment(now), grant, who, publish, out);
            }
        }
    }
}

pub(super) fn topic(args: &mut Arguments, rule: UriRule) -> Result<Uri, Reject> {
    args.uri(rule, MatchPolicy::Exact, "the topic has to be a URI")
}

fn scope(args: &mut Arguments) -> Result<Scope, Reject> {
    const WRONG: &str = "the scope has to be detached or destroyed";
    match args.keyword_text("scope", WRONG)?.as_deref() {
        None | Some("destroyed") => Ok(Scope::Destroyed),
        // Crossbar had the second spelling for years.
        Some("detached" | "detatched") => Ok(Scope::Detached),
        Some(_) => Err(Reject::InvalidArgument(WRONG)),
    }
}

fn options(args: &mut Arguments) -> Result<PublishOptions, Reject> {
    const WRONG: &str = "the options of the event have to be those of PUBLISH";
    let wrong = |_| Reject::InvalidArgument(WRONG);
    match args.keyword("publish_options") {
        None => Ok(PublishOptions::default()),
        Some(Value::Dict(options)) => codec::to_options(&options).map_err(wrong),
        Some(_) => Err(Reject::InvalidArgument(WRONG)),
    }
}

/// Refuses what the broker would refuse when it is too late to tell anybody.
fn check<H>(
    config: &RealmConfig,
    grant: Grant,
    from: &Member<H>,
    topic: &Uri,
    options: &PublishOptions,
) -> Result<(), Reject> {
    if topic.is_reserved() {
        return Err(Reject::Reserved);
    }
    config.disclosure.overridden(grant.disclose).discloses(options.disclose_me, false)?;
    if uses_passthru(options.passthru.as_deref())
        && !from.supports(Role::Publisher, Feature::PayloadPassthruMode)
    {
        return Err(Reject::PassthruNotSupported);
    }
    config.retention.effective_ttl(options)?;
    Ok(())
}
