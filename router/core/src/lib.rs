//! A WAMP realm as a pure data structure: a message comes in, messages go out through a [`Sink`].
//!
//! There is no socket, task, clock or random number here. The shell passes in the time and a seed, keeps a [`Realm`]
//! behind a read-write lock, and queues what the realm delivers.
//!
//! What is refused, and how:
//!
//! | request | answer |
//! |---|---|
//! | a topic or procedure that is no URI under the rule of the realm | ERROR `wamp.error.invalid_uri` |
//! | what the role of the session has no right to, see [`Roles`] | ERROR `wamp.error.not_authorized` |
//! | what nobody could say about whether the session has the right to it | ERROR `wamp.error.authorization_failed` |
//! | REGISTER or PUBLISH in the namespaces `wamp.` and `wamplex.` | ERROR `wamp.error.not_authorized` |
//! | anything beyond the [`Limits`] of the realm | ERROR `wamplex.error.limit_exceeded` |
//! | a CALL of a procedure of the router with arguments that it does not take | ERROR `wamp.error.invalid_argument` |
//! | arguments that do not fit their schema in a realm with a [`Validator`] | ERROR `wamp.error.invalid_argument` |
//! | `disclose_me` or `disclose_caller` in a realm that discloses nothing | ERROR `wamp.error.option_disallowed.disclose_me` |
//! | `runmode` that is not `partition`, `partition` without `rkey`, `concurrency` of 0 | ERROR `wamp.error.option_not_allowed` |
//! | a CALL that needs a feature which its callee has not announced | ERROR `wamp.error.feature_not_supported` |
//! | a message that breaks the protocol | [`ProtocolViolation`](wamplex_shared::error::ProtocolViolation), see [`Handled`] |
//!
//! An ERROR that the realm itself makes has one argument: a sentence for people.
//!
//! What the specification leaves open about calling:
//!
//! * Sharded registrations: a CALL with `runmode: "partition"` and an `rkey` goes to one of the callees, whatever their
//!   policy, chosen by rendezvous hashing of the key and their session ids: all calls with one key go to one callee, and
//!   when callees come or go only the keys move that the newcomer gets or the leaver had. If that callee has no room the
//!   call waits for it; if it is unavailable the call goes to the next one for this key.
//! * `concurrency` in REGISTER is how many calls of this registration a callee takes at once. Calls pass by callees that
//!   have no room; when none has, they wait in the order they came, at most [`Limits::waiting`] of them. A callee has room
//!   again when it has answered or was told to stop with INTERRUPT: one whose call was canceled behind its back has not.
//!   Calls that wait are canceled and time out like others, and end with `wamp.error.canceled` when the last callee goes.
//! * `force_reregister` in REGISTER takes the procedure from all callees that have it. They are told with reason
//!   `wamplex.revocation.reregistered`, and keep the calls they have; those that wait go to the newcomer.
//! * A callee that announced `call_reroute` hands a call on with `wamp.error.unavailable`, unless parts of arguments or
//!   results have passed after the first CALL, or it was interrupted: then the caller receives the error. The time of the
//!   call goes on; a callee that sees to timeouts is told how much is left.
//! * Each part of the arguments of a call begins its timeout anew, as each part of the result does. Parts that come while
//!   no callee has the call are kept, at most [`Limits::parts`] of them.
//! * An ERROR with payload passthru follows the rules for YIELD, but its callee is not told when the caller cannot read it.
//!
//! What the specification leaves open about publishing:
//!
//! * [`Retention`] says which retained events a new subscriber receives, and how one is got rid of.
//! * [`History`] says of which topics all events are kept, and what `wamp.subscription.get_events` answers with.
//! * Sharded subscriptions: the subscribers of a subscription with one `nkey` are a node. An event with an `rkey` goes to
//!   one node of each subscription, chosen by rendezvous hashing: all events with one key go to one node, and when nodes
//!   come or go only the keys move that the newcomer gets or the leaver had. Events without `rkey` go to all nodes, and
//!   subscribers without `nkey` receive everything. Who subscribes again changes its `nkey`.

mod answer;
mod authorization;
mod broker;
mod cancel;
mod census;
mod change;
mod closing;
mod config;
mod control;
mod conversions;
mod dealer;
mod eligibility;
mod event;
mod fan_out;
mod history;
mod in_flight;
mod keeper;
mod kept;
mod member;
mod meta;
mod observer;
mod passing;
mod pattern;
mod pending;
mod question;
mod realm;
mod receivers;
mod registration;
mod reject;
mod retained;
mod revocation;
mod routing;
mod rules;
mod schema;
mod sharding;
mod shards;
mod sink;
mod slot;
mod streaming;
mod subscription;
mod timers;
mod timestamp;
mod topics;
mod tracing;
mod undelivered;
mod waiting;
mod weight;

pub use authorization::{
    Access, Action, Authority, BadRole, Decision, Disclose, Grant, Need, Permission, Refused, Role,
    Roles, Verdict, judge,
};
pub use census::Census;
pub use config::{Disclosure, Limits, MetaApi, RealmConfig};
pub use conversions::{Conversions, Converted, Recent};
pub use event::{Made, SharedEvent};
pub use history::{
    History, HistoryQuery, HistoryRule, HistoryStore, MemoryHistory, UnknownPublication,
};
pub use kept::{Audience, KeptEvent};
pub use member::{Joining, Member};
pub use meta::Slowness;
pub use observer::{CallEnd, Observer};
pub use passing::{BadPassedOption, PassedOptions};
pub use realm::{Handled, Realm};
pub use receivers::Receivers;
pub use retained::Retention;
pub use schema::{Check, JsonSchema, Validator};
pub use sink::{Outbound, Sink};
pub use timestamp::format as format_timestamp;
pub use tracing::{CallOutcome, CallSpan, CallTracer, TracedCall};
pub use weight::{detach_details, with_gaps};
