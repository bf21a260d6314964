//! What stays of a publication once it is delivered.

use crate::{
    config::RealmConfig,
    history::{HistoryQuery, HistoryStore, MemoryHistory, UnknownPublication},
    kept::KeptEvent,
    member::Member,
    pattern::PatternMap,
    reject::Reject,
    retained::Retained,
};
use core::{ops::ControlFlow, time::Duration};
use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;
use wamplex_shared::{
    codec,
    message::{Filters, Publish},
    time::Time,
    uri::{MatchPolicy, Uri},
};

/// Keeps events of one realm.
pub(crate) struct Keeper {
    /// The history rule of each topic; `None` if there are no rules.
    rules: Option<PatternMap<usize>>,
    /// One lock for all of it, and held until the event is delivered: subscribers receive what is kept in the order in
    /// which it is kept, so that nobody misses an event between the last that it received and the first that it asks
    /// for. What is not kept does not wait for it.
    kept: Mutex<Kept>,
}

/// What is kept.
pub(crate) struct Kept {
    retained: Retained,
    history: Box<dyn HistoryStore>,
    /// The timestamp of the last event. None is earlier than the one before, although publishers are not asked for the
    /// time in the order in which they come here.
    last: u64,
}

/// What is to be kept of one publication.
pub(crate) struct Keeping {
    /// As the retained event of its topic, for this long.
    retain: Option<Option<Duration>>,
    /// In the history, under this rule.
    rule: Option<usize>,
}

impl Keeper {
    pub(crate) fn new(config: &RealmConfig) -> Self {
        let mut rules = PatternMap::new();
        for (at, rule) in config.history.rules.iter().enumerate() {
            rules.insert(rule.policy, &rule.pattern, at);
        }
        let kept = Kept {
            retained: Retained::new(config.retention.clone()),
            history: Box::new(MemoryHistory::new(&config.history.rules)),
            last: 0,
        };
        let rules = (!config.history.rules.is_empty()).then_some(rules);
        Self { rules, kept: Mutex::new(kept) }
    }

    /// Keeps what other rules say. Where those about history differ, the history begins anew.
    pub(crate) fn set_rules(&mut self, old: &RealmConfig, new: &RealmConfig) {
        if old.history.rules != new.history.rules {
            let Self { rules, kept } = Self::new(new);
            self.rules = rules;
            self.kept.get_mut().history = kept.into_inner().history;
        }
        self.kept.get_mut().retained.set_limits(new.retention.clone());
    }

    /// Keeps the history somewhere else.
    pub(crate) fn set_history(&mut self, store: Box<dyn HistoryStore>) {
        self.kept.get_mut().history = store;
    }

    /// What is to be kept of a publication: mostly nothing, and then this is all it costs.
    pub(crate) fn judge(
        &self,
        config: &RealmConfig,
        publish: &Publish,
    ) -> Result<Option<Keeping>, Reject> {
        let is_retained = publish.options.retain && config.retention.events > 0;
        if !is_retained && self.rules.is_none() {
            return Ok(None);
        }
        let ttl = || config.retention.effective_ttl(&publish.options);
        let retain = is_retained.then(ttl).transpose()?;
        let rule = self.rules.as_ref().and_then(|rules| rules.best_match(publish.topic.as_str()));
        let rule = rule.copied().filter(|_| belongs_to_history(publish));
        let keeping = Keeping { retain, rule };
        Ok((retain.is_some() || rule.is_some()).then_some(keeping))
    }

    /// Keeps an event. Others wait with theirs until the guard is gone.
    pub(crate) fn keep(
        &self,
        keeping: &Keeping,
        event: KeptEvent,
        now: Time,
    ) -> MutexGuard<'_, Kept> {
        let mut event = event.detach();
        let mut kept = self.kept.lock();
        event.timestamp = event.timestamp.max(kept.last);
        kept.last = event.timestamp;
        let event = Arc::new(event);
        if let Some(rule) = keeping.rule {
            kept.history.append(rule, Arc::clone(&event));
        }
        if let Some(ttl) = keeping.retain {
            kept.retained.put(event, ttl, now);
        }
        kept
    }

    /// The retained events for a new subscriber.
    pub(crate) fn retained<H>(
        &self,
        policy: MatchPolicy,
        pattern: &Uri,
        to: &Member<H>,
        now: Time,
        admits: impl Fn(&KeptEvent) -> bool,
    ) -> Vec<Arc<KeptEvent>> {
        self.kept.lock().retained.select(policy, pattern, to, now, admits)
    }

    /// Takes retained events away; see [`Retained::purge`].
    pub(crate) fn purge(&self, policy: MatchPolicy, pattern: &Uri, now: Time) -> usize {
        self.kept.lock().retained.purge(policy, pattern, now)
    }

    /// The events of a history that `to` may have: at most `limit`, and of `bytes` as many as fit but at least one.
    /// Also whether some did not fit.
    pub(crate) fn history<H>(
        &self,
        query: &HistoryQuery,
        to: &Member<H>,
        limit: usize,
        bytes: usize,
    ) -> Result<(Vec<Arc<KeptEvent>>, bool), UnknownPublication> {
        let (mut events, mut left, mut more) = (Vec::new(), bytes, false);
        self.kept.lock().history.query(query, &mut |event| {
            if !event.audience.lists_admit(to) {
                return ControlFlow::Continue(());
            }
            let weight = event.weight();
            if weight > left && !events.is_empty() {
                more = true;
                return ControlFlow::Break(());
            }
            left = left.saturating_sub(weight);
            events.push(Arc::clone(event));
            if events.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok((events, more))
    }

    /// Whether the tables agree. For tests.
    pub(crate) fn check(&self) -> Result<(), String> {
        let kept = self.kept.lock();
        kept.retained.check()?;
        kept.history.check()
    }
}

/// Sessions come and go, so what was published for some of them cannot be told to those of another day.
fn belongs_to_history(publish: &Publish) -> bool {
    let names_sessions =
        |filters: &Filters| filters.eligible.is_some() || filters.exclude.is_some();
    !publish.options.filters.as_deref().is_some_and(names_sessions)
        && codec::fits_in_result(&publish.payload)
}
