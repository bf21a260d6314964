//! Plays a script on a stage: the pure realm, or a router behind sockets.

use super::{
    parse::{Act, Script, Step},
    template::{Bindings, Template},
};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fmt};
use wamplex_shared::{
    message::MessageCode,
    roles::{Feature, Role},
    uris,
};

/// Where a script is played.
///
/// # Errors
/// The methods fail, in words, when the stage itself breaks: a connection is refused, an answer never comes.
pub trait Stage {
    /// Opens a transport for a session that has none.
    fn connect(&mut self, session: &str) -> Result<(), String>;
    /// Sends a message.
    fn send(&mut self, session: &str, message: &Value) -> Result<(), String>;
    /// Sends bytes that are no message in the session's serializer.
    fn send_garbage(&mut self, session: &str) -> Result<(), String>;
    /// What the session receives next; waits for it if that takes time here.
    fn receive(&mut self, session: &str) -> Result<Incoming, String>;
    /// Returns when all that was sent so far has had its effect on every session.
    fn settle(&mut self) -> Result<(), String>;
    /// What the session has received and nobody has looked at. Complete after [`settle`](Self::settle).
    fn leftover(&mut self, session: &str) -> Result<Incoming, String>;
    /// Closes the session's transport without a word, and returns when the router has noticed.
    fn disconnect(&mut self, session: &str) -> Result<(), String>;
    /// Lets time pass.
    fn wait(&mut self, millis: u64) -> Result<(), String>;
}

/// What a session receives.
#[derive(Clone, Debug, PartialEq)]
pub enum Incoming {
    /// A message in its JSON form.
    Message(Value),
    /// The end of its transport.
    Closed,
    /// Nothing at all.
    Nothing,
}

/// Where a script and the router disagree.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The line of the script.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
    /// Everything that was said until then.
    pub transcript: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "line {}: {}", self.line, self.reason)?;
        writeln!(f, "what was said until then:")?;
        self.transcript.iter().try_for_each(|line| writeln!(f, "    {line}"))
    }
}

/// Plays all steps of a script.
///
/// # Errors
/// The first step where something else happens than the script says.
pub fn play(script: &Script, stage: &mut impl Stage) -> Result<(), Failure> {
    let mut play =
        Play { stage, names: Bindings::new(), presence: BTreeMap::new(), transcript: Vec::new() };
    let mut last = 0;
    let mut run = || -> Result<(), String> {
        for (line, step) in &script.steps {
            last = *line;
            play.step(step)?;
        }
        play.nothing_is_left()
    };
    run().map_err(|reason| Failure { line: last, reason, transcript: play.transcript })
}

struct Play<'a, S> {
    stage: &'a mut S,
    names: Bindings,
    presence: BTreeMap<String, Presence>,
    transcript: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presence {
    /// It has a transport.
    Here,
    /// It had one.
    Gone,
}

impl<S: Stage> Play<'_, S> {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Of(name, act) => self.act(name, act),
            Step::Wait(millis) => self.stage.wait(*millis),
            Step::Differ(a, b) => match (self.names.get(a), self.names.get(b)) {
                (Some(a), Some(b)) if a != b => Ok(()),
                (Some(value), Some(_)) => Err(format!("`${a}` and `${b}` are both {value}")),
                _ => Err(format!("`${a}` or `${b}` has no value yet")),
            },
        }
    }

    fn act(&mut self, name: &str, act: &Act) -> Result<(), String> {
        match act {
            Act::Connects => return self.connect(name),
            Act::Joins(details) => return self.join(name, details),
            Act::Leaves
            | Act::Disconnects
            | Act::Sends(_)
            | Act::SendsGarbage
            | Act::Receives(_)
            | Act::ReceivesAll(_)
            | Act::ReceivesNothing
            | Act::IsAborted(_)
            | Act::IsClosed => self.expect_present(name)?,
        }
        match act {
            Act::Connects | Act::Joins(_) => Ok(()),
            Act::Leaves => self.leave(name),
            Act::Disconnects => {
                self.presence.insert(name.to_owned(), Presence::Gone);
                self.stage.disconnect(name)
            }
            Act::Sends(template) => {
                let message = template.fill(&self.names)?;
                self.send(name, &message)
            }
            Act::SendsGarbage => {
                self.transcript.push(format!("{name} -> garbage"));
                self.stage.send_garbage(name)
            }
            Act::Receives(template) => self.expect(name, template),
            Act::ReceivesAll(templates) => self.expect_all(name, templates),
            Act::ReceivesNothing => {
                self.stage.settle()?;
                self.expect_nothing(name)
            }
            Act::IsAborted(uri) => self.expect_abort(name, uri),
            Act::IsClosed => self.expect_closed(name),
        }
    }

    /// Lets a session join when its name first appears.
    fn expect_present(&mut self, name: &str) -> Result<(), String> {
        match self.presence.get(name) {
            Some(Presence::Here) => Ok(()),
            Some(Presence::Gone) => {
                Err(format!("{name} is not there any more, and has to join again"))
            }
            None => self.join(name, &Map::new()),
        }
    }

    fn connect(&mut self, name: &str) -> Result<(), String> {
        if self.presence.get(name) == Some(&Presence::Here) {
            return Err(format!("{name} is there already"));
        }
        self.presence.insert(name.to_owned(), Presence::Here);
        self.stage.connect(name)
    }

    fn join(&mut self, name: &str, details: &Map<String, Value>) -> Result<(), String> {
        self.connect(name)?;
        let mut hello = default_details();
        hello.extend(details.clone());
        // Long, and the same each time: the transcript leaves HELLO and WELCOME out.
        let hello = json!([MessageCode::Hello.number(), "realm1", hello]);
        self.stage.send(name, &hello)?;
        let incoming = self.stage.receive(name)?;
        let welcome = match incoming {
            Incoming::Message(message) if message[0] == MessageCode::Welcome.number() => message,
            other => {
                self.note(name, &other);
                return Err(format!("{name} is not welcome"));
            }
        };
        self.transcript.push(format!("{name} joins and is session {}", welcome[1]));
        let details = &welcome[2];
        self.names.insert(name.to_owned(), welcome[1].clone());
        for key in ["authid", "authrole"] {
            if let Some(value) = details.get(key) {
                self.names.insert(format!("{name}.{key}"), value.clone());
            }
        }
        Ok(())
    }

    fn leave(&mut self, name: &str) -> Result<(), String> {
        let goodbye = json!([MessageCode::Goodbye.number(), {}, uris::close::CLOSE_REALM]);
        self.send(name, &goodbye)?;
        let answer = json!([MessageCode::Goodbye.number(), {}, uris::close::GOODBYE_AND_OUT]);
        let received = self.receive(name)?;
        if received != answer {
            return Err(format!("{name} should have received {answer}"));
        }
        self.presence.insert(name.to_owned(), Presence::Gone);
        self.stage.disconnect(name)
    }

    fn send(&mut self, name: &str, message: &Value) -> Result<(), String> {
        self.transcript.push(format!("{name} -> {message}"));
        self.stage.send(name, message)
    }

    fn receive(&mut self, name: &str) -> Result<Value, String> {
        let incoming = self.stage.receive(name)?;
        self.note(name, &incoming);
        match incoming {
            Incoming::Message(message) => Ok(message),
            Incoming::Closed => Err(format!("the transport of {name} is closed")),
            Incoming::Nothing => Err(format!("{name} receives nothing")),
        }
    }

    fn note(&mut self, name: &str, incoming: &Incoming) {
        self.transcript.push(match incoming {
            Incoming::Message(message) => format!("{name} <- {message}"),
            Incoming::Closed => format!("{name} <- closed"),
            Incoming::Nothing => format!("{name} <- nothing"),
        });
    }

    fn expect(&mut self, name: &str, template: &Template) -> Result<(), String> {
        let message = self.receive(name)?;
        let mut names = self.names.clone();
        if template.matches(&message, &mut names) {
            self.names = names;
            return Ok(());
        }
        Err(format!("{name} should have received something else"))
    }

    fn expect_all(&mut self, name: &str, templates: &[Template]) -> Result<(), String> {
        let mut messages = Vec::new();
        for _ in templates {
            messages.push(self.receive(name)?);
        }
        let fits = pair_up(templates, &mut messages, &self.names);
        self.names = fits.ok_or_else(|| format!("{name} should have received something else"))?;
        Ok(())
    }

    fn expect_nothing(&mut self, name: &str) -> Result<(), String> {
        let incoming = self.stage.leftover(name)?;
        if incoming == Incoming::Nothing {
            return Ok(());
        }
        self.note(name, &incoming);
        Err(format!("{name} should have received nothing"))
    }

    fn expect_abort(&mut self, name: &str, uri: &str) -> Result<(), String> {
        let message = self.receive(name)?;
        if message[0] != MessageCode::Abort.number() || message[2] != uri {
            return Err(format!("{name} should have received ABORT with the reason {uri}"));
        }
        self.expect_closed(name)
    }

    fn expect_closed(&mut self, name: &str) -> Result<(), String> {
        let incoming = self.stage.receive(name)?;
        self.note(name, &incoming);
        if incoming != Incoming::Closed {
            return Err(format!("the transport of {name} should be closed"));
        }
        self.presence.insert(name.to_owned(), Presence::Gone);
        self.stage.disconnect(name)
    }

    fn nothing_is_left(&mut self) -> Result<(), String> {
        self.stage.settle()?;
        let here = |p: &(&String, &Presence)| *p.1 == Presence::Here;
        let names: Vec<_> = self.presence.iter().filter(here).map(|p| p.0.clone()).collect();
        names.iter().try_for_each(|name| self.expect_nothing(name))
    }
}

/// Finds an order in which all messages fit, and what the names stand for then.
fn pair_up(
    templates: &[Template],
    messages: &mut Vec<Value>,
    names: &Bindings,
) -> Option<Bindings> {
    let Some((first, rest)) = templates.split_first() else { return Some(names.clone()) };
    for at in 0..messages.len() {
        let mut bound = names.clone();
        if first.matches(&messages[at], &mut bound) {
            let message = messages.remove(at);
            if let Some(found) = pair_up(rest, messages, &bound) {
                return Some(found);
            }
            messages.insert(at, message);
        }
    }
    None
}

/// HELLO details of a client that can do everything there is.
pub(crate) fn default_details() -> Map<String, Value> {
    use Feature as F;
    let passthru = [F::PayloadPassthruMode];
    let publisher =
        [F::PublisherIdentification, F::PublisherExclusion, F::SubscriberBlackwhiteListing];
    let subscriber = [
        F::PublisherIdentification,
        F::PublicationTrustlevels,
        F::PatternBasedSubscription,
        F::SubscriptionRevocation,
    ];
    let caller = [
        F::ProgressiveCallResults,
        F::ProgressiveCallInvocations,
        F::CallTimeout,
        F::CallCanceling,
        F::CallerIdentification,
        F::ShardedRegistration,
    ];
    let callee = [
        F::ProgressiveCallResults,
        F::ProgressiveCallInvocations,
        F::CallTimeout,
        F::CallCanceling,
        F::CallerIdentification,
        F::CallTrustlevels,
        F::PatternBasedRegistration,
        F::SharedRegistration,
        F::ShardedRegistration,
        F::RegistrationRevocation,
        F::CallReroute,
    ];
    let roles: [(Role, &[Feature]); 4] = [
        (Role::Publisher, &publisher),
        (Role::Subscriber, &subscriber),
        (Role::Caller, &caller),
        (Role::Callee, &callee),
    ];
    let roles: Map<_, _> = roles
        .into_iter()
        .map(|(role, features)| {
            let names = features.iter().chain(&passthru).map(|f| f.name().to_owned());
            let features: Map<_, _> = names.map(|name| (name, Value::Bool(true))).collect();
            (role.name().to_owned(), json!({ "features": features }))
        })
        .collect();
    [("roles".to_owned(), Value::Object(roles))].into_iter().collect()
}
