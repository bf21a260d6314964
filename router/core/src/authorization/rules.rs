//! The permissions of one role, arranged for deciding.

use super::{Access, Action, Decision, Grant, Permission, shape::Shape};
use crate::{config::MetaApi, meta, pattern::PatternMap};
use core::cmp::Ordering;
use wamplex_shared::uri::{MatchPolicy, Uri};

/// What one role may do.
pub(super) struct Rules {
    rules: Vec<Rule>,
    /// Which rules speak of the URIs of applications, and which of those of the protocol; by their place in the list.
    application: PatternMap<usize>,
    protocol: PatternMap<usize>,
    otherwise: Access,
    meta_api: MetaApi,
}

struct Rule {
    permission: Permission,
    shape: Shape,
}

impl Rules {
    pub(super) fn new(otherwise: Access, meta_api: MetaApi) -> Self {
        Self {
            rules: Vec::new(),
            application: PatternMap::new(),
            protocol: PatternMap::new(),
            otherwise,
            meta_api,
        }
    }

    /// Adds a permission; `false` if there is one about the same pattern.
    pub(super) fn add(&mut self, permission: Permission) -> bool {
        let (policy, uri) = (permission.policy, &permission.uri);
        let at = self.rules.len();
        let tables = match (uri.is_reserved(), policy, uri.as_str().contains('.')) {
            (false, _, _) => [Some(&mut self.application), None],
            // The prefix `wamp` is also one of `wampum`.
            (true, MatchPolicy::Prefix, false) => {
                [Some(&mut self.application), Some(&mut self.protocol)]
            }
            (true, _, _) => [Some(&mut self.protocol), None],
        };
        let mut is_new = true;
        for table in tables.into_iter().flatten() {
            is_new &= table.insert(policy, uri, at).is_none();
        }
        let shape = Shape::of(policy, uri);
        self.rules.push(Rule { permission, shape });
        is_new
    }

    pub(super) fn decide(&self, action: Action, uri: &Uri, policy: MatchPolicy) -> Decision {
        // It is no URI, and nobody has a right to it. What follows should not have to take it apart.
        if uri.as_str().len() > Uri::MAX_LENGTH {
            return Decision::Deny;
        }
        if policy == MatchPolicy::Exact {
            return self.decide_one(action, uri);
        }
        let wanted = Shape::of(policy, uri);
        // A wildcard pattern without a wildcard.
        if wanted.is_single() {
            return self.decide_one(action, uri);
        }
        let Some(sets) = wanted.apart() else { return self.decide_all(action, &wanted) };
        let decided = sets.iter().map(|set| self.decide_all(action, set));
        let least = decided.reduce(|a, b| if b.is_less_than(&a) { b } else { a });
        least.unwrap_or(Decision::Deny)
    }

    fn decide_one(&self, action: Action, uri: &Uri) -> Decision {
        let table = if uri.is_reserved() { &self.protocol } else { &self.application };
        match table.best_match(uri.as_str()).and_then(|at| self.rules.get(*at)) {
            Some(rule) => rule.decide(action),
            None => self.decide_otherwise(action, uri),
        }
    }

    /// The least of what is decided about the URIs of a pattern.
    fn decide_all(&self, action: Action, wanted: &Shape) -> Decision {
        let above = self.rules.iter().filter(|rule| rule.shape.contains(wanted));
        let above = above.max_by(|a, b| a.precedence(b));
        let mut decision = above.map_or_else(|| self.default(), |rule| rule.decide(action));
        for rule in &self.rules {
            let decided = rule.decide(action);
            if decided.is_less_than(&decision)
                && let Some(met) = rule.shape.meet(wanted)
                && !self.is_overruled(rule, &met)
            {
                decision = decided;
            }
        }
        decision
    }

    /// Whether something more specific than this rule decides about all these URIs.
    ///
    /// Several rules together might do so where none does alone; since there are more characters than rules, that takes
    /// one rule for each of a finite number of URIs, and a single URI is asked for with one rule.
    fn is_overruled(&self, rule: &Rule, met: &Shape) -> bool {
        self.rules
            .iter()
            .any(|other| other.precedence(rule) == Ordering::Greater && other.shape.contains(met))
    }

    /// What is decided about URIs that no permission speaks of. Everything does not include ending the sessions of others:
    /// whoever is to do that has a permission that says so.
    fn decide_otherwise(&self, action: Action, uri: &Uri) -> Decision {
        let acts = action == Action::Call && meta::acts_on_others(uri);
        if acts && self.otherwise == Access::Allow && self.meta_api != MetaApi::Full {
            return Decision::Deny;
        }
        self.default()
    }

    const fn default(&self) -> Decision {
        match self.otherwise {
            Access::Allow => Decision::Allow(Grant::EVERYTHING),
            Access::Ask => Decision::Ask { cache: true },
            Access::Deny => Decision::Deny,
        }
    }
}

impl Rule {
    fn decide(&self, action: Action) -> Decision {
        let permission = &self.permission;
        match permission.access(action) {
            Access::Deny => Decision::Deny,
            Access::Ask => Decision::Ask { cache: permission.cache },
            Access::Allow => Decision::Allow(Grant {
                disclose: permission.disclose.of(action),
                force_reregister: permission.force_reregister,
            }),
        }
    }

    /// Which of two rules decides about the URIs that both speak of.
    fn precedence(&self, other: &Self) -> Ordering {
        let rank = |rule: &Self| match rule.permission.policy {
            MatchPolicy::Exact => 2,
            MatchPolicy::Prefix => 1,
            MatchPolicy::Wildcard => 0,
        };
        let length = |rule: &Self| match rule.permission.policy {
            MatchPolicy::Prefix => rule.permission.uri.as_str().len(),
            MatchPolicy::Exact | MatchPolicy::Wildcard => 0,
        };
        let literal = self.shape.is_more_literal_than(&other.shape);
        rank(self).cmp(&rank(other)).then(length(self).cmp(&length(other))).then_with(|| {
            let wildcards = self.permission.policy == MatchPolicy::Wildcard;
            match (wildcards, literal, other.shape.is_more_literal_than(&self.shape)) {
                (true, true, _) => Ordering::Greater,
                (true, _, true) => Ordering::Less,
                _ => Ordering::Equal,
            }
        })
    }
}

impl Decision {
    /// Whether this is further from a yes. Of two questions to the authorizer, one whose answer may not be remembered is.
    const fn is_less_than(&self, other: &Self) -> bool {
        const fn rank(decision: &Decision) -> u8 {
            match decision {
                Decision::Deny => 0,
                Decision::Ask { cache: false } => 1,
                Decision::Ask { cache: true } => 2,
                Decision::Allow(_) => 3,
            }
        }
        rank(self) < rank(other)
    }
}
