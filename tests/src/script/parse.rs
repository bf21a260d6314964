//! The text of a script to its steps.

use super::template::Template;
use crate::features;
use serde_json::{Map, Value};

/// Among the rules of the realm, what its sessions may do.
pub(crate) const PERMISSIONS: &str = "permissions";

/// A script: what some sessions send, and what they must receive.
#[derive(Clone, Debug, PartialEq)]
pub struct Script {
    /// The guarantee: the comment at the top.
    pub title: String,
    /// The names of the features that it shows: none in a script that is no file of its own.
    pub shows: Vec<&'static str>,
    /// It needs a clock that can be stopped.
    pub fake_clock: bool,
    /// Rules of the realm that differ from the default.
    pub realm: Map<String, Value>,
    /// The steps in their order, each with the number of its line.
    pub steps: Vec<(usize, Step)>,
}

/// One line of a script.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A session does something, or something happens to it.
    Of(String, Act),
    /// Time passes, in milliseconds.
    Wait(u64),
    /// Two names stand for different values.
    Differ(String, String),
}

/// What a session does, or what happens to it.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// `connects`: opens a transport and says nothing.
    Connects,
    /// `joins`: opens a transport, says HELLO with these details over the default ones, and is welcomed.
    Joins(Map<String, Value>),
    /// `leaves`: says GOODBYE and is answered.
    Leaves,
    /// `disconnects`: closes its transport without a word.
    Disconnects,
    /// `-> [...]`: sends a message.
    Sends(Template),
    /// `-> garbage`: sends bytes that are no message in its serializer.
    SendsGarbage,
    /// `<- [...]`: receives a message, the next one.
    Receives(Template),
    /// `<- in any order`: receives these messages next, in whatever order.
    ReceivesAll(Vec<Template>),
    /// `<- nothing`: has nothing more to receive.
    ReceivesNothing,
    /// `<- abort URI`: receives ABORT with this reason, and then the transport is closed.
    IsAborted(String),
    /// `<- closed`: the transport is closed.
    IsClosed,
}

/// A line that is not one of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// The first line that is wrong.
    pub fn parse(text: &str) -> Result<Self, BadLine> {
        let title: Vec<_> = text
            .lines()
            .take_while(|line| line.starts_with('#'))
            .filter(|line| features::header(line).is_none())
            .map(|line| line[1..].trim().to_owned())
            .collect();
        let mut script = Self {
            title: title.join(" "),
            shows: Vec::new(),
            fake_clock: false,
            realm: Map::new(),
            steps: Vec::new(),
        };
        if script.title.is_empty() {
            return Err(bad(1, "a script begins with a comment that says what it guarantees"));
        }
        if text.lines().any(|line| features::header(line).is_some()) {
            let shown = features::shown(text).map_err(|(line, reason)| bad(line, &reason))?;
            script.shows = shown.iter().map(|feature| feature.name).collect();
        }
        for (at, line) in text.lines().enumerate() {
            let (number, indented) = (at + 1, line.starts_with([' ', '\t']));
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                script.read_line(number, indented, line).map_err(|reason| bad(number, &reason))?;
            }
        }
        if script.steps.is_empty() {
            return Err(bad(1, "the script has no step"));
        }
        if let Some((line, _)) = script.steps.iter().find(|(_, step)| step.is_empty_choice()) {
            return Err(bad(*line, "the messages have to follow, indented, one per line"));
        }
        Ok(script)
    }

    /// The names of the sessions, in the order they appear.
    #[must_use]
    pub fn sessions(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for (_, step) in &self.steps {
            if let Step::Of(name, _) = step
                && !names.contains(&name.as_str())
            {
                names.push(name);
            }
        }
        names
    }

    fn read_line(&mut self, number: usize, indented: bool, line: &str) -> Result<(), String> {
        if indented {
            let template = Template::parse(line)?;
            return match self.steps.last_mut() {
                Some((_, Step::Of(_, Act::ReceivesAll(templates)))) => {
                    templates.push(template);
                    Ok(())
                }
                _ => Err("only the messages below `<- in any order` are indented".to_owned()),
            };
        }
        let (first, rest) = line.split_once(' ').map_or((line, ""), |(a, b)| (a, b.trim()));
        let step = match first {
            "realm" if self.steps.is_empty() => {
                self.realm.extend(dict(rest)?);
                return Ok(());
            }
            "permission" if self.steps.is_empty() => {
                let permissions =
                    self.realm.entry(PERMISSIONS).or_insert_with(|| Value::Array(vec![]));
                let permission = dict(rest)?;
                permissions
                    .as_array_mut()
                    .ok_or("`permissions` is no rule of a realm")?
                    .push(permission.into());
                return Ok(());
            }
            // The build reads this line too, and marks the test as one that sockets ignore.
            "clock" if self.steps.is_empty() && rest == "fake" => {
                self.fake_clock = true;
                return Ok(());
            }
            "clock" => {
                return Err(
                    "the one thing to say about the clock is `clock fake`, before the first step"
                        .to_owned(),
                );
            }
            "realm" | "permission" => {
                return Err("the rules of the realm come before the first step".to_owned());
            }
            "wait" => Step::Wait(rest.parse().map_err(|_| "wait for how many milliseconds?")?),
            name if name.starts_with('$') => {
                let (a, b) = line.split_once("!=").ok_or("expected `$a != $b`")?;
                let name = |text: &str| text.trim().strip_prefix('$').map(str::to_owned);
                let (a, b) = name(a).zip(name(b)).ok_or("expected `$a != $b`")?;
                Step::Differ(a, b)
            }
            name if is_name(name) => Step::Of(name.to_owned(), Act::parse(rest)?),
            other => return Err(format!("`{other}` is not the name of a session")),
        };
        self.steps.push((number, step));
        Ok(())
    }
}

impl Step {
    fn is_empty_choice(&self) -> bool {
        matches!(self, Self::Of(_, Act::ReceivesAll(templates)) if templates.is_empty())
    }
}

impl Act {
    fn parse(text: &str) -> Result<Self, String> {
        let (verb, rest) = text.split_once(' ').map_or((text, ""), |(a, b)| (a, b.trim()));
        match (verb, rest) {
            ("connects", "") => Ok(Self::Connects),
            ("joins", "") => Ok(Self::Joins(Map::new())),
            ("joins", details) => Ok(Self::Joins(dict(details)?)),
            ("leaves", "") => Ok(Self::Leaves),
            ("disconnects", "") => Ok(Self::Disconnects),
            ("->", "garbage") => Ok(Self::SendsGarbage),
            ("->", message) => Ok(Self::Sends(Template::parse(message)?)),
            ("<-", "nothing") => Ok(Self::ReceivesNothing),
            ("<-", "closed") => Ok(Self::IsClosed),
            ("<-", "in any order") => Ok(Self::ReceivesAll(Vec::new())),
            ("<-", other) => match other.strip_prefix("abort ") {
                Some(uri) => Ok(Self::IsAborted(uri.trim().to_owned())),
                None => Ok(Self::Receives(Template::parse(other)?)),
            },
            _ => Err(format!("a session does not `{text}`")),
        }
    }
}

fn dict(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|e| format!("this is not a dictionary: {e}"))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn bad(line: usize, reason: &str) -> BadLine {
    BadLine { line, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_is_read() {
        let script = Script::parse(
            r#"# A title
# over two lines.
# shows: uris
realm {"uris": "strict"}
permission {"uri": "com.t"}
permission {"uri": "com.u", "allow": ["call"]}
clock fake
alice connects
bob joins {"authid": "bob"}
carol joins
alice -> [1, "realm1", {}]
alice -> garbage
alice <- [2, $_, {...}]     
bob <- in any order
    [36, $a, $_, {}]
    [36, $b, $_, {}]
$a != $b
wait 100
bob <- nothing
bob <- abort wamp.error.protocol_violation
carol <- closed
carol leaves
bob disconnects
"#,
        )
        .unwrap();
        assert_eq!(script.title, "A title over two lines.");
        assert_eq!((script.shows.as_slice(), script.fake_clock), (&["uris"][..], true));
        assert_eq!(script.realm["uris"], "strict");
        assert_eq!(script.realm[PERMISSIONS][1]["uri"], "com.u");
        assert_eq!(script.sessions(), ["alice", "bob", "carol"]);
        let t = |text| Template::parse(text).unwrap();
        let of = |name: &str, act| Step::Of(name.to_owned(), act);
        let details = [("authid".to_owned(), Value::from("bob"))].into_iter().collect();
        let pair = vec![t("[36, $a, $_, {}]"), t("[36, $b, $_, {}]")];
        let expected = [
            (8, of("alice", Act::Connects)),
            (9, of("bob", Act::Joins(details))),
            (10, of("carol", Act::Joins(Map::new()))),
            (11, of("alice", Act::Sends(t(r#"[1, "realm1", {}]"#)))),
            (12, of("alice", Act::SendsGarbage)),
            (13, of("alice", Act::Receives(t("[2, $_, {...}]")))),
            (14, of("bob", Act::ReceivesAll(pair))),
            (17, Step::Differ("a".to_owned(), "b".to_owned())),
            (18, Step::Wait(100)),
            (19, of("bob", Act::ReceivesNothing)),
            (20, of("bob", Act::IsAborted("wamp.error.protocol_violation".to_owned()))),
            (21, of("carol", Act::IsClosed)),
            (22, of("carol", Act::Leaves)),
            (23, of("bob", Act::Disconnects)),
        ];
        assert_eq!(script.steps, expected);
    }

    #[test]
    fn a_line_that_is_none_is_refused_with_its_number() {
        let table = [
            ("alice <- nothing", 1, "a script begins with a comment that says what it guarantees"),
            ("# title", 1, "the script has no step"),
            (
                "# t\n# shows: uris, url\nalice joins",
                2,
                "`url` is no feature of WAMP: the names are in tests/src/features.rs",
            ),
            ("# t\n# shows: ids\n# shows: ids", 3, "`# shows:` may stand there once only"),
            ("# t\nalice sleeps", 2, "a session does not `sleeps`"),
            ("# t\nalice", 2, "a session does not ``"),
            ("# t\nAlice joins", 2, "`Alice` is not the name of a session"),
            ("# t\nwait a bit", 2, "wait for how many milliseconds?"),
            (
                "# t\nclock slow\nalice joins",
                2,
                "the one thing to say about the clock is `clock fake`, before the first step",
            ),
            ("# t\nalice joins\nrealm {}", 3, "the rules of the realm come before the first step"),
            (
                "# t\nalice joins\n  [1]",
                3,
                "only the messages below `<- in any order` are indented",
            ),
            (
                "# t\nalice <- in any order",
                2,
                "the messages have to follow, indented, one per line",
            ),
            ("# t\n$a = $b", 2, "expected `$a != $b`"),
            (
                "# t\nalice joins []",
                2,
                "this is not a dictionary: invalid type: sequence, expected a map at line 1 column 0",
            ),
        ];
        for (text, line, reason) in table {
            assert_eq!(Script::parse(text), Err(bad(line, reason)), "{text}");
        }
    }
}
