//! The script notation: how to say what a WAMP router guarantees, without a line of Rust.
//!
//! A script is a file in `tests/scripts`, with the ending `.wamp`. It plays some sessions against a router: what they
//! send, and what they must receive. `cargo test -p wamplex-tests` runs each of them as a test of its own, named after
//! its path, against the pure realm (`on_realm`) and against the running router with each serializer (`on_wire`):
//!
//! ```text
//! cargo test -p wamplex-tests publisher_exclusion            # this script, everywhere
//! cargo test -p wamplex-tests --test on_realm                # all scripts, in well under a second
//! ```
//!
//! # A first script
//!
//! ```text
//! # A publisher does not receive its own event unless it asks to.
//! # shows: publisher_exclusion
//! alice -> [32, 1, {}, "com.example.topic"]
//! alice <- [33, 1, $sub]
//! alice -> [16, 2, {}, "com.example.topic", ["quiet"]]
//! alice -> [16, 3, {"exclude_me": false}, "com.example.topic", ["loud"]]
//! alice <- [36, $sub, $_, {}, ["loud"]]
//! alice <- nothing
//! ```
//!
//! The first comment says what the script guarantees: one thing, in one sentence. Below it stands which
//! [feature](crate::features::FEATURES) of the specification that belongs to, or which several, with commas: that is
//! where `tests/conformance.md` lists the script. Then there is one step per line.
//!
//! `alice` is a session. It joins the realm when its name first appears, announcing every role and feature that a
//! client can have. `->` is what it sends, `<-` is the next thing it receives, both in WAMP's own JSON form
//! (a list that begins with 16 is PUBLISH, and so on). The harness writes that in the serializer of the session, so a
//! script says nothing about bytes.
//!
//! `$sub` is a name for a value that only the router knows. Where it is seen first it is given the value that stands
//! there; from then on it stands for that value, in what is sent and in what is received. `$_` fits anything and is
//! not remembered.
//!
//! A message has to be exactly as written: no further element, no further key. Where more may come, write `...` as the
//! last element of a list or the last entry of a dictionary:
//!
//! ```text
//! alice <- [8, 48, 1, {}, "wamp.error.no_such_procedure", ...]
//! alice <- [2, $_, {"realm": "realm1", ...}]
//! ```
//!
//! Nothing may be left over: at the end, every session that is still there has to have received everything it was sent.
//! So `alice <- nothing` is only needed in the middle.
//!
//! # Every kind of line
//!
//! | line | meaning |
//! |---|---|
//! | `# …` | A comment. The first one is the guarantee. |
//! | `# shows: uris, ids` | The features that the script shows: below the first comment, required. |
//! | `realm {"uris": "strict"}` | Rules of the realm that are not the default, see below. Before all steps. |
//! | `permission {"uri": "t", "allow": ["publish"]}` | What sessions may do, see below. Before all steps. |
//! | `clock fake` | Needs a clock that can be stopped: on the wire the test is reported as ignored. Before all steps. |
//! | `alice joins {"authid": "al"}` | Opens a session with these HELLO details over the default ones, and is welcomed. |
//! | `alice connects` | Opens a transport and says nothing, for scripts about HELLO itself. |
//! | `alice leaves` | Says GOODBYE and is answered. |
//! | `alice disconnects` | Closes the transport without a word. |
//! | `alice -> [32, 1, {}, "t"]` | Sends a message. |
//! | `alice -> garbage` | Sends bytes that are no message in the serializer at hand. |
//! | `alice <- [33, 1, $sub]` | Receives this, and next. |
//! | `alice <- in any order` | Receives the messages in the indented lines below, in any order. |
//! | `alice <- nothing` | Has received everything that all the steps above have caused. |
//! | `alice <- abort URI` | Receives ABORT with this reason; then the router closes the transport. |
//! | `alice <- closed` | The router closes the transport. |
//! | `$a != $b` | Two names stand for different values. |
//! | `wait 100` | At least 100 milliseconds pass. |
//!
//! A session that has left, was aborted or has disconnected may join again under the same name; it is a new session.
//!
//! # Names that are there already
//!
//! When `alice` has joined, `$alice` is the id of her session, `$alice.authid` her authid and `$alice.authrole` her
//! role. Sessions are anonymous, so every one has an authid of its own and the role `anonymous`.
//!
//! # Rules of the realm
//!
//! | key | values |
//! |---|---|
//! | `uris` | `"loose"` (default), `"strict"` |
//! | `strict_request_ids` | `true` (default), `false` |
//! | `disclosure` | `"never"`, `"on_request"` (default), `"always"` |
//! | `call_timeout`, `max_call_timeout` | milliseconds |
//! | `trustlevel` | a number: callees and subscribers are told that the router trusts every session so far |
//! | `meta_api` | `"full"` (default), `"ask"`, `"off"` |
//! | `passed_options` | a list of the attributes that the realm hands on, instead of `_traceparent` and `_tracestate` |
//! | `validate` | `true`: arguments are held against schemas |
//! | `retention` | a dictionary of `events`, `bytes`, `replay_bytes`, and in milliseconds `ttl`, `max_ttl` |
//! | `history` | a list of rules, each a dictionary of `match`, `pattern`, `events`, `bytes`, `total_bytes`, and in milliseconds `age` |
//! | `history_reply_bytes` | the most bytes in one answer about the past |
//!
//! # What sessions may do
//!
//! Without a line that says otherwise, everything. With `permission` lines, what these allow, and nothing else:
//!
//! ```text
//! permission {"uri": "com.example.", "match": "prefix", "allow": ["call", "subscribe"]}
//! permission {"uri": "com.example.secret"}
//! ```
//!
//! Each has the keys that a permission has in the configuration of the router, but for `ask`: nobody is asked here. All
//! of them are about the role `anonymous`, which every session has.
//!
//! # Time
//!
//! `wait` moves the clock of the pure realm, and really waits on the wire. A script must not depend on how fast the
//! machine is: say that something has happened after a time (the next `<-` waits for it), never that it has not
//! happened yet, unless the time it would take is minutes. Where that cannot be helped, write `clock fake`.
//!
//! `<- nothing` does not wait either. On the wire, every session makes a request of its own and waits for the answer:
//! since a router answers in the order it was asked, everything that was caused before has arrived by then.

mod parse;
mod play;
mod template;

pub(crate) use parse::PERMISSIONS;
pub(crate) use play::default_details;

pub use parse::{Act, BadLine, Script, Step};
pub use play::{Failure, Incoming, Stage, play};
pub use template::{Bindings, Template, same};
