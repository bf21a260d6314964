//! How much the sessions of a realm or of a role may hold and send.

use super::{Problems, Rate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use wamplex_realm::Limits as SessionLimits;

/// What the sessions of a realm may hold and send.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RealmLimits {
    /// What holds for every session.
    #[serde(flatten)]
    pub quota: Quota,
    /// What holds for sessions of some roles instead, by the name of the role. What is left out is as for all.
    pub roles: BTreeMap<String, Quota>,
}

/// What sessions may hold and send. What is left out is as the router does it by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Quota {
    /// How many sessions there may be. Default: any number.
    pub sessions: Option<usize>,
    /// How many subscriptions a session may have. Default: 10000.
    pub subscriptions: Option<usize>,
    /// How many registrations a session may have. Default: 10000.
    pub registrations: Option<usize>,
    /// How many calls of a session may wait for an answer. Default: 10000.
    pub calls: Option<usize>,
    /// How many invocations a session may owe an answer to. Default: 10000.
    pub invocations: Option<usize>,
    /// How many testaments a session may leave in each of the two scopes. Default: 16.
    pub testaments: Option<usize>,
    /// How fast one session may send. Default: as fast as it can.
    pub rate: Option<Rate>,
    /// How fast all these sessions together may send. Default: as fast as they can.
    pub total_rate: Option<Rate>,
}

impl Quota {
    /// This, and what it leaves out as in `other`. What sessions share is not handed down: there is one sum for each.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        Self {
            sessions: self.sessions,
            subscriptions: self.subscriptions.or(other.subscriptions),
            registrations: self.registrations.or(other.registrations),
            calls: self.calls.or(other.calls),
            invocations: self.invocations.or(other.invocations),
            testaments: self.testaments.or(other.testaments),
            rate: self.rate.or(other.rate),
            total_rate: self.total_rate,
        }
    }

    /// The limits of one session.
    pub(crate) fn session_limits(&self) -> SessionLimits {
        let mut limits = SessionLimits::default();
        for (limit, wanted) in [
            (&mut limits.subscriptions, self.subscriptions),
            (&mut limits.registrations, self.registrations),
            (&mut limits.calls, self.calls),
            (&mut limits.invocations, self.invocations),
            (&mut limits.testaments, self.testaments),
        ] {
            *limit = wanted.unwrap_or(*limit);
        }
        limits
    }

    fn check(&self, problems: &mut Problems) {
        for (key, rate) in [("rate", &self.rate), ("total_rate", &self.total_rate)] {
            if let Some(rate) = rate {
                problems.within(key, |problems| rate.check(problems));
            }
        }
    }
}

impl RealmLimits {
    /// What holds for the sessions of a role.
    #[must_use]
    pub fn of_role(&self, role: &str) -> Quota {
        self.roles.get(role).map_or_else(
            || Quota { sessions: None, total_rate: None, ..self.quota.clone() },
            |quota| quota.or(&self.quota),
        )
    }

    pub(crate) fn check(&self, problems: &mut Problems) {
        self.quota.check(problems);
        for (role, quota) in &self.roles {
            problems.within(&format!("roles.{role}"), |problems| quota.check(problems));
        }
    }
}
