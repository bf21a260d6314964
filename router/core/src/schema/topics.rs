//! The schemas of topics.

use super::{Objection, Schema};
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};
use wamplex_shared::{
    id::SessionId,
    payload::Payload,
    uri::{MatchPolicy, Uri},
};

/// Which topics have schemas, and who vouches for them.
#[derive(Debug, Default)]
pub(crate) struct TopicSchemas {
    topics: HashMap<Uri, Topic>,
    by_session: HashMap<SessionId, BTreeSet<Uri>>,
}

#[derive(Debug)]
struct Topic {
    schema: Arc<Schema>,
    /// Those who have attached it and are here.
    holders: BTreeSet<SessionId>,
}

impl TopicSchemas {
    /// Attaches a schema to a topic, on behalf of a session that may hold so many of them.
    pub(crate) fn attach(
        &mut self,
        topic: &Uri,
        schema: Schema,
        session: SessionId,
        limit: usize,
    ) -> Result<(), Objection> {
        if self.topics.get(topic).is_some_and(|known| !known.schema.is_same(&schema)) {
            return Err(Objection::invalid("the topic has another schema"));
        }
        let held = self.by_session.entry(session).or_default();
        if held.contains(topic) {
            return Ok(());
        }
        if held.len() >= limit {
            return Err(Objection::too_many("this session has too many schemas"));
        }
        let topic = topic.detach();
        held.insert(topic.clone());
        let new = || Topic { schema: Arc::new(schema), holders: BTreeSet::new() };
        self.topics.entry(topic).or_insert_with(new).holders.insert(session);
        Ok(())
    }

    /// Forgets what nobody but this session has attached.
    pub(crate) fn leave(&mut self, session: SessionId) {
        for topic in self.by_session.remove(&session).unwrap_or_default() {
            if let Some(known) = self.topics.get_mut(&topic) {
                known.holders.remove(&session);
                if known.holders.is_empty() {
                    self.topics.remove(&topic);
                }
            }
        }
    }

    /// The schema of a topic.
    pub(crate) fn get(&self, topic: &Uri) -> Option<Arc<Schema>> {
        self.topics.get(topic).map(|known| Arc::clone(&known.schema))
    }

    /// The topics that have schemas.
    pub(crate) fn topics(&self) -> impl Iterator<Item = (MatchPolicy, Uri)> {
        self.topics.keys().map(|topic| (MatchPolicy::Exact, topic.clone()))
    }

    /// Holds an event against the schema of its topic.
    pub(crate) fn check(&self, topic: &Uri, payload: &Payload) -> Result<(), Objection> {
        self.topics.get(topic).map_or(Ok(()), |known| known.schema.check(payload))
    }
}
