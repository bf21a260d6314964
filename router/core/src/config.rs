//! What an operator decides about one realm.

use crate::{
    authorization::Authority, history::History, member::Joining, observer::Observer,
    passing::PassedOptions, reject::Reject, retained::Retention, schema::Validator, timestamp,
    tracing::CallTracer,
};
use core::time::Duration;
use std::sync::Arc;
use wamplex_shared::{
    time::Time,
    uri::{Uri, UriRule},
};

/// The rules of one realm.
///
/// ```
/// use core::time::Duration;
/// use wamplex_realm::{Disclosure, RealmConfig};
///
/// let mut config = RealmConfig::new("realm1", 7);
/// config.disclosure = Disclosure::Never;
/// config.max_call_timeout = Some(Duration::from_secs(60));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RealmConfig {
    /// The name clients join under.
    pub name: Uri,
    /// Where all the realm's random numbers come from: ids, and the choice among callees.
    pub seed: u64,
    /// Which strings are topics and procedures.
    pub uri_rule: UriRule,
    /// Whether a request id that does not follow the one before ends the session, as "WAMP: IDs" demands. Clients of
    /// older drafts draw their ids at random; for them it can be switched off. A caller that announces progressive call
    /// invocations has to count its calls all the same: a CALL whose id is not above the last one is taken for a part
    /// of an earlier call.
    pub strict_request_ids: bool,
    /// Whether callees and subscribers learn who called or published.
    pub disclosure: Disclosure,
    /// The time limit of calls that name none; `None` lets them run for ever.
    pub call_timeout: Option<Duration>,
    /// The longest time limit a call may have, also when it asks for none; `None` for any.
    pub max_call_timeout: Option<Duration>,
    /// Whether callees and subscribers learn how far the router trusts callers and publishers: the
    /// [`trustlevel`](crate::Joining::trustlevel) of those that have one ("WAMP: Call Trust Levels", "WAMP: Publication
    /// Trust Levels").
    pub trustlevels: bool,
    /// What of the attributes that clients invent is handed on.
    pub passed_options: PassedOptions,
    /// How much one session may hold.
    pub limits: Limits,
    /// How the last events of topics are retained.
    pub retention: Retention,
    /// Of which topics all events are kept.
    pub history: History,
    /// Whether the realm answers calls of `wamp.` procedures and publishes events about itself ("WAMP: Session Meta
    /// API" and the others), and for what.
    pub meta_api: MetaApi,
    /// What a wall clock shows at [`Time::ZERO`], in milliseconds since 1970: the realm itself has no clock.
    pub epoch: u64,
    /// What sessions may do with which URIs; `None` lets everybody do everything but what [`meta_api`](Self::meta_api)
    /// reserves. The realm itself asks it only where a message needs more than a right to its own URI: testaments, and
    /// what was published before. All else is judged by [`judge`](crate::judge) before the realm is locked, and what the
    /// authority says takes the place of [`MetaApi::Ask`].
    pub authority: Option<Arc<dyn Authority>>,
    /// What calls and events are held against schemas with; `None` takes schemas for descriptions only.
    pub validator: Option<Arc<dyn Validator>>,
    /// Who is told how calls end.
    pub observer: Option<Arc<dyn Observer>>,
    /// Who follows single calls; `None` costs nothing.
    pub tracer: Option<Arc<dyn CallTracer>>,
}

impl RealmConfig {
    /// The defaults for a realm of this name.
    pub fn new(name: impl Into<Uri>, seed: u64) -> Self {
        Self {
            name: name.into(),
            seed,
            uri_rule: UriRule::Loose,
            strict_request_ids: true,
            disclosure: Disclosure::OnRequest,
            call_timeout: None,
            max_call_timeout: None,
            trustlevels: false,
            passed_options: PassedOptions::default(),
            limits: Limits::default(),
            retention: Retention::default(),
            history: History::default(),
            meta_api: MetaApi::Full,
            epoch: 0,
            authority: None,
            validator: None,
            observer: None,
            tracer: None,
        }
    }

    /// What a wall clock shows at this time, as the meta API writes it: `2026-01-31T23:59:59.123Z`.
    pub(crate) fn timestamp(&self, time: Time) -> String {
        timestamp::format(self.unix_millis(time))
    }

    /// What a wall clock shows at this time, in milliseconds since 1970.
    pub(crate) fn unix_millis(&self, time: Time) -> u64 {
        let since_start = u64::try_from(time.since_start().as_millis()).unwrap_or(u64::MAX);
        self.epoch.saturating_add(since_start)
    }

    /// How far to say that this session is trusted.
    pub(crate) fn trustlevel(&self, who: &Joining) -> Option<u64> {
        who.trustlevel.filter(|_| self.trustlevels)
    }

    /// How long a call may wait for its next answer, given `timeout` in milliseconds from its options.
    pub(crate) fn effective_timeout(&self, timeout: Option<u64>) -> Option<Duration> {
        let wanted = match timeout {
            None => self.call_timeout,
            Some(0) => None,
            Some(millis) => Some(Duration::from_millis(millis)),
        };
        match (wanted, self.max_call_timeout) {
            (Some(wanted), Some(max)) => Some(wanted.min(max)),
            (wanted, max) => wanted.or(max),
        }
    }
}

/// What sessions may do with the procedures of the router.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetaApi {
    /// Nothing: the procedures do not exist, and the realm publishes no events about itself.
    Off,
    /// Ask and watch, and leave testaments. Whatever acts on others is answered with `wamp.error.not_authorized`:
    /// ending sessions, taking callees and subscribers out, purging what is retained.
    Ask,
    /// Everything. For realms whose sessions are all trusted.
    #[default]
    Full,
}

/// Who is told the identity of a caller or publisher ("WAMP: Caller Identification", "WAMP: Publisher Identification").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Disclosure {
    /// Nobody. A request with `disclose_me: true`, or a registration with `disclose_caller: true`, is refused with
    /// `wamp.error.option_disallowed.disclose_me`.
    Never,
    /// Whoever the caller or publisher allows with `disclose_me: true`, and callees that registered with
    /// `disclose_caller: true` unless the caller says `disclose_me: false`. The default.
    #[default]
    OnRequest,
    /// Everybody, whatever the caller or publisher wishes.
    Always,
}

impl Disclosure {
    /// What holds for a caller or publisher of whom a permission says whether it is disclosed.
    pub(crate) const fn overridden(self, disclose: Option<bool>) -> Self {
        match disclose {
            Some(true) => Self::Always,
            Some(false) => Self::Never,
            None => self,
        }
    }

    /// Whether to disclose, given what the one says who would be disclosed, and whether the other side asks for it.
    pub(crate) fn discloses(self, disclose_me: Option<bool>, asked: bool) -> Result<bool, Reject> {
        match self {
            Self::Never if disclose_me == Some(true) => Err(Reject::DisclosureRefused),
            Self::Never => Ok(false),
            Self::OnRequest => Ok(disclose_me.unwrap_or(asked)),
            Self::Always => Ok(true),
        }
    }
}

/// How much one session may hold at a time. What goes beyond is refused with `wamplex.error.limit_exceeded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Subscriptions of one session.
    pub subscriptions: usize,
    /// Registrations of one session.
    pub registrations: usize,
    /// Calls that one session made and that are not answered yet.
    pub calls: usize,
    /// Invocations that one session was given and has not answered yet.
    pub invocations: usize,
    /// Calls that wait for the callees of one registration, when all of them have as many as they take at once.
    pub waiting: usize,
    /// Parts of the arguments of one call that are kept until there is a callee for it.
    pub parts: usize,
    /// Testaments of one session in each of the two scopes.
    pub testaments: usize,
    /// Bytes of all testaments of one session in each scope, as the messages that they will be published with.
    pub testament_bytes: usize,
    /// Registrations of one session that have a schema, and topics that it has given one.
    pub schemas: usize,
    /// Bytes of one schema.
    pub schema_bytes: usize,
}

impl Limits {
    /// Far above what one program follows by itself (others stop at 128), and about 2 MiB of tables at worst.
    pub const SUBSCRIPTIONS: usize = 10_000;
    /// The same reasoning as for [`SUBSCRIPTIONS`](Self::SUBSCRIPTIONS).
    pub const REGISTRATIONS: usize = 10_000;
    /// A caller that waits for more has lost count; each costs about 300 bytes in the router.
    pub const CALLS: usize = 10_000;
    /// A callee that owes more answers will not catch up, and its callers are better told at once.
    pub const INVOCATIONS: usize = 10_000;
    /// Callees that are behind by more will not catch up in time, and the arguments of each call are kept.
    pub const WAITING: usize = 1_000;
    /// Callers of a procedure with a queue are better off sending their arguments in one piece.
    pub const PARTS: usize = 100;
    /// A session has one or two things to say when it ends.
    pub const TESTAMENTS: usize = 16;
    /// 64 KiB: they wait in memory for as long as the session lasts.
    pub const TESTAMENT_BYTES: usize = 64 << 10;
    /// More than one program has procedures that deserve a description.
    pub const SCHEMAS: usize = 256;
    /// 16 KiB: pages of description.
    pub const SCHEMA_BYTES: usize = 16 << 10;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            subscriptions: Self::SUBSCRIPTIONS,
            registrations: Self::REGISTRATIONS,
            calls: Self::CALLS,
            invocations: Self::INVOCATIONS,
            waiting: Self::WAITING,
            parts: Self::PARTS,
            testaments: Self::TESTAMENTS,
            testament_bytes: Self::TESTAMENT_BYTES,
            schemas: Self::SCHEMAS,
            schema_bytes: Self::SCHEMA_BYTES,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timeout_of_a_call_is_its_own_or_the_default_and_never_above_the_maximum() {
        let ms = |n| Some(Duration::from_millis(n));
        let table = [
            // default, maximum, asked for, in force
            (None, None, None, None),
            (None, None, Some(0), None),
            (None, None, Some(50), ms(50)),
            (ms(10), None, None, ms(10)),
            (ms(10), None, Some(0), None),
            (ms(10), None, Some(50), ms(50)),
            (None, ms(20), None, ms(20)),
            (None, ms(20), Some(0), ms(20)),
            (None, ms(20), Some(50), ms(20)),
            (ms(10), ms(20), None, ms(10)),
            (ms(10), ms(20), Some(15), ms(15)),
            (None, ms(20), Some(u64::MAX), ms(20)),
        ];
        for (default, max, asked, expected) in table {
            let mut config = RealmConfig::new("realm1", 0);
            (config.call_timeout, config.max_call_timeout) = (default, max);
            assert_eq!(config.effective_timeout(asked), expected, "{default:?} {max:?} {asked:?}");
        }
    }
}
