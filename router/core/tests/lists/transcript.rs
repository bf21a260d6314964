//! What happened on the stage, in the notation of `tests/scripts`: a failure becomes a script to keep.

use crate::stage::{Who, every_feature};
use std::collections::BTreeMap;
use wamplex_shared::{
    codec,
    message::{Hello, HelloDetails, Message},
    roles::Roles,
    serializer::Serializer,
    uri::Uri,
};

/// The lines so far.
#[derive(Default)]
pub(crate) struct Transcript {
    lines: Vec<String>,
    /// The names of ids that the realm has drawn.
    names: BTreeMap<u64, String>,
}

impl Transcript {
    /// Sessions of scripts have every feature unless they say otherwise.
    pub(crate) fn joins(&mut self, who: Who, roles: Roles) {
        let details = HelloDetails { roles, ..HelloDetails::default() };
        let hello = json(&Hello { realm: Uri::from_static("realm1"), details }.into());
        let details = match hello.split_once(",{") {
            Some((_, details)) if roles != every_feature() => details.trim_end_matches(']'),
            _ => "}",
        };
        self.lines.push(format!("s{who} joins {{{details}"));
    }

    pub(crate) fn leaves(&mut self, who: Who) {
        self.lines.push(format!("s{who} leaves"));
    }

    pub(crate) fn waits(&mut self, millis: u64) {
        self.lines.push(format!("wait {millis}"));
    }

    pub(crate) fn sends(&mut self, who: Who, message: &Message) {
        let mut text = self.named(json(message));
        if let Message::Publish(_) = message {
            text = with_session_names(&text);
        }
        self.lines.push(format!("s{who} -> {text}"));
    }

    /// What the realm has sent: what a script has to expect, where realm and model agree.
    pub(crate) fn receives(&mut self, to: Who, message: &Message) {
        match message {
            Message::Subscribed(m) => self.name(m.subscription.get(), "sub"),
            Message::Registered(m) => self.name(m.registration.get(), "reg"),
            Message::Event(m) => self.name(m.publication.get(), "pub"),
            Message::Published(m) => self.name(m.publication.get(), "pub"),
            _ => {}
        }
        let text = self.named(json(message));
        self.lines.push(format!("s{to} <- {text}"));
    }

    fn name(&mut self, id: u64, kind: &str) {
        let name = format!("${kind}{}", self.names.len() + 1);
        self.names.entry(id).or_insert(name);
    }

    /// Ids are drawn from 2^53, so the digits of one stand nowhere by chance.
    fn named(&self, mut text: String) -> String {
        for (id, name) in &self.names {
            text = text.replace(&id.to_string(), name);
        }
        text
    }

    /// The script, with the rules of the realm that a script can state.
    pub(crate) fn script(&self) -> String {
        let head = ["# What this shows.", "# shows: basic_rpc", "clock fake"];
        let rules = format!(
            "realm {{\"meta_api\": \"off\", \"retention\": {{\"events\": {}}}}}",
            super::RETAINED
        );
        let head = head.map(String::from).into_iter().chain([rules]);
        head.chain(self.lines.iter().cloned()).map(|line| line + "\n").collect()
    }
}

fn json(message: &Message) -> String {
    let bytes = codec::encode(Serializer::Json, message).unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Writes the sessions in the lists of a PUBLISH by name.
fn with_session_names(text: &str) -> String {
    let mut text = text.to_owned();
    for list in ["\"exclude\":[", "\"eligible\":["] {
        let Some(start) = text.find(list).map(|at| at + list.len()) else { continue };
        let end = start + text[start..].find(']').unwrap();
        let ids = text[start..end].split(',').filter(|id| !id.is_empty());
        let names: Vec<_> = ids.map(|id| format!("$s{id}")).collect();
        text.replace_range(start..end, &names.join(","));
    }
    text
}

#[test]
fn a_transcript_names_what_the_realm_has_drawn() {
    use crate::stage::{args, request, session};
    use wamplex_shared::{
        id::{PublicationId, SubscriptionId},
        message::{Event, EventDetails, Filters, Publish, PublishOptions, Subscribed, Unsubscribe},
        roles::{Features, Role},
    };
    let subscription = SubscriptionId::new(5_555_555_555).unwrap();
    let publication = PublicationId::new(6_666_666_666).unwrap();
    let filters = Filters { eligible: Some(vec![session(1), session(2)]), ..Filters::default() };
    let options = PublishOptions { filters: Some(Box::new(filters)), ..PublishOptions::default() };
    let (topic, payload, details) = ("a.b".into(), args("1"), EventDetails::default());
    let mut transcript = Transcript::default();
    transcript.joins(1, every_feature());
    transcript.receives(1, &Subscribed { request: request(1), subscription }.into());
    transcript.sends(2, &Publish { request: request(1), options, topic, payload }.into());
    let payload = args("1");
    transcript.receives(1, &Event { subscription, publication, details, payload }.into());
    transcript.sends(1, &Unsubscribe { request: request(2), subscription }.into());
    transcript.waits(5);
    transcript.leaves(1);
    transcript.joins(3, Roles::NONE.with(Role::Callee, Features::NONE));
    let script = transcript.script();
    let lines: Vec<_> = script.lines().skip(4).collect();
    assert_eq!(lines[0], "s1 joins {}");
    assert_eq!(lines[1], "s1 <- [33,1,$sub1]");
    assert_eq!(lines[2], r#"s2 -> [16,1,{"eligible":[$s1,$s2]},"a.b",[1]]"#);
    assert_eq!(lines[3], "s1 <- [36,$sub1,$pub2,{},[1]]");
    assert_eq!(lines[4..7], ["s1 -> [34,2,$sub1]", "wait 5", "s1 leaves"]);
    assert_eq!(lines[7], r#"s3 joins {"roles":{"callee":{}}}"#);
}
