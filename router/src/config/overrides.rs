//! Keys of the configuration that environment variables change.
//!
//! `WAMPLEX_` and the path of a key in capitals, its steps parted by two underscores: `WAMPLEX_LISTENERS__0__ADDRESS` is
//! `listeners[0].address`. The number behind the last element of a list adds one. The value is TOML (`true`, `7`,
//! `["a", "b"]`), or else text; keys that take nothing but text take it as it stands.
//!
//! Variables of one step that name no key are not ours: other programs set `WAMPLEX_PORT` and the like for services of
//! that name. All others have to fit.

use super::{
    conform::type_of,
    document::{Document, Fault},
    problems::Problem,
    schema::Part,
};
use std::ops::Range;
use toml::{
    Spanned,
    de::{DeArray, DeTable, DeValue},
};

/// What all variables begin with that change the configuration.
const PREFIX: &str = "WAMPLEX_";

/// What parts the steps of a path.
const SEPARATOR: &str = "__";

/// Puts the values of variables into a document.
pub(super) fn override_keys<'a>(
    document: &mut Document<'a>,
    schema: Part<'_>,
    variables: &'a [(String, String)],
) -> Vec<Fault> {
    let mut ours: Vec<_> = variables
        .iter()
        .filter_map(|(name, value)| {
            let path = name.strip_prefix(PREFIX)?;
            let is_ours =
                path.contains(SEPARATOR) || schema.property(&path.to_lowercase()).is_some();
            is_ours.then_some((name.as_str(), path.to_lowercase(), value.as_str()))
        })
        .collect();
    // In the order of the keys, so that elements are added to a list one after the other.
    ours.sort_by_cached_key(|(_, path, _)| path.split(SEPARATOR).map(order).collect::<Vec<_>>());
    let mut faults = Vec::new();
    for (name, path, text) in ours {
        let span = document.span_of_variable(name);
        let steps: Vec<_> = path.split(SEPARATOR).collect();
        let value = read(text, part_at(schema, &steps), &span);
        if let Err(problem) = set_in_table(document.table.get_mut(), &steps, value, &span, "") {
            faults.push(Fault { place: document.place(&span), problem });
        }
    }
    faults
}

/// Sorts numbers as numbers.
fn order(step: &str) -> (Option<usize>, String) {
    (step.parse().ok(), step.to_owned())
}

fn part_at<'a>(mut part: Part<'a>, steps: &[&str]) -> Option<Part<'a>> {
    for step in steps {
        let next = |part: Part<'a>| match step.parse::<usize>() {
            Ok(_) => part.items(),
            Err(_) => part.property(step),
        };
        part = next(part).or_else(|| part.branches().into_iter().find_map(next))?;
    }
    Some(part)
}

/// Reads the value of a variable for this part of the schema.
fn read<'a>(text: &'a str, part: Option<Part<'_>>, span: &Range<usize>) -> Spanned<DeValue<'a>> {
    // A text that happens to look like a number is a text where no number is taken: a name, or a secret.
    let is_taken =
        |value: &Spanned<DeValue<'_>>| part.is_none_or(|part| part.takes(type_of(value.get_ref())));
    let toml = DeValue::parse(text).ok().filter(is_taken);
    let mut value = toml.unwrap_or_else(|| Spanned::new(0..0, DeValue::String(text.into())));
    mark(&mut value, span);
    value
}

/// Says of a value and all in it that they are at `span`.
fn mark(value: &mut Spanned<DeValue<'_>>, span: &Range<usize>) {
    match value.get_mut() {
        DeValue::Array(items) => items.iter_mut().for_each(|item| mark(item, span)),
        DeValue::Table(table) => {
            let entries = std::mem::take(table).into_iter().map(|(key, mut value)| {
                mark(&mut value, span);
                (Spanned::new(span.clone(), key.into_inner()), value)
            });
            *table = entries.collect();
        }
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => {}
    }
    *value =
        Spanned::new(span.clone(), std::mem::replace(value.get_mut(), DeValue::Boolean(false)));
}

fn set_in_table<'a>(
    table: &mut DeTable<'a>,
    steps: &[&str],
    value: Spanned<DeValue<'a>>,
    span: &Range<usize>,
    path: &str,
) -> Result<(), Problem> {
    let [step, rest @ ..] = steps else { return Ok(()) };
    let path = super::problems::join(path, step);
    if rest.is_empty() {
        table.insert(Spanned::new(span.clone(), step.to_string().into()), value);
        return Ok(());
    }
    if !table.contains_key(*step) {
        table.insert(Spanned::new(span.clone(), step.to_string().into()), container(rest, span));
    }
    match table.get_mut(*step) {
        Some(inner) => set_in_value(inner, rest, value, span, &path),
        None => Ok(()),
    }
}

fn set_in_value<'a>(
    inner: &mut Spanned<DeValue<'a>>,
    steps: &[&str],
    value: Spanned<DeValue<'a>>,
    span: &Range<usize>,
    path: &str,
) -> Result<(), Problem> {
    if !inner.get_ref().is_table() && !inner.get_ref().is_array() {
        // The file gives a short form, the variable a part of the long one: the variable is stronger.
        *inner = container(steps, span);
    }
    match inner.get_mut() {
        DeValue::Table(table) => set_in_table(table, steps, value, span, path),
        DeValue::Array(items) => set_in_list(items, steps, value, span, path),
        DeValue::String(_)
        | DeValue::Integer(_)
        | DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_) => Ok(()),
    }
}

fn set_in_list<'a>(
    items: &mut DeArray<'a>,
    steps: &[&str],
    value: Spanned<DeValue<'a>>,
    span: &Range<usize>,
    path: &str,
) -> Result<(), Problem> {
    let [step, rest @ ..] = steps else { return Ok(()) };
    let index = step.parse::<usize>().ok().filter(|index| *index <= items.len());
    let Some(index) = index else {
        let expected = match items.len() {
            0 => "the number 0, since the list is empty".to_owned(),
            length => format!("a number from 0 to {length}"),
        };
        return Err(Problem {
            key: format!("{path}[{step}]"),
            expected,
            found: format!("`{step}`"),
        });
    };
    if index == items.len() {
        items.push(if rest.is_empty() { value.clone() } else { container(rest, span) });
    }
    match items.get_mut(index) {
        Some(item) if rest.is_empty() => *item = value,
        Some(item) => return set_in_value(item, rest, value, span, &format!("{path}[{index}]")),
        None => {}
    }
    Ok(())
}

/// What the next step is a step into: a list if it is a number, else a table.
fn container<'a>(steps: &[&str], span: &Range<usize>) -> Spanned<DeValue<'a>> {
    let is_number = steps.first().is_some_and(|step| step.parse::<usize>().is_ok());
    let empty =
        if is_number { DeValue::Array(DeArray::new()) } else { DeValue::Table(DeTable::new()) };
    Spanned::new(span.clone(), empty)
}

#[cfg(test)]
mod tests {
    use super::super::{ConfigSource, RouterConfig, Site};

    const FILE: &str = "
        [[listeners]]
        address = '127.0.0.1:0'
        [[realms]]
        name = 'a'
        [[realms.principals]]
        authid = 'joe'
        role = 'user'
        ticket = { file = 'nowhere' }
    ";

    fn load(variables: &[(&str, &str)]) -> Result<RouterConfig, String> {
        let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let source = ConfigSource::text(FILE).with_variables(variables);
        source.load().map_err(|error| error.to_string())
    }

    /// The file names a secret that is not there, so each list has to say another one.
    const TICKET: (&str, &str) = ("WAMPLEX_REALMS__0__PRINCIPALS__0__TICKET", "17");

    #[test]
    fn a_variable_is_stronger_than_the_file() {
        let config = load(&[
            TICKET,
            ("WAMPLEX_WATCH", "false"),
            ("WAMPLEX_LISTENERS__0__ADDRESS", "[::1]:0"),
            ("WAMPLEX_LISTENERS__0__SITE", "false"),
            ("WAMPLEX_LISTENERS__0__TRANSPORTS", "['websocket']"),
            ("WAMPLEX_LISTENERS__0__ORIGINS__0", "https://example.com"),
            ("WAMPLEX_LIMITS__HELLO", "7s"),
            ("WAMPLEX_LIMITS__MESSAGE_SIZE", "2048"),
            ("WAMPLEX_REALMS__0__NAME", "7"),
            // In any order: elements are added in the order of their numbers.
            ("WAMPLEX_REALMS__2__NAME", "third"),
            ("WAMPLEX_REALMS__1__NAME", "second"),
        ])
        .unwrap();
        assert!(!config.watch);
        let listener = &config.listeners[0];
        assert_eq!(listener.endpoint.to_string(), "[::1]:0");
        assert_eq!(listener.site, Site::Nothing);
        assert!(listener.transports.websocket && !listener.transports.rawsocket);
        assert_eq!((config.limits.hello.as_secs(), config.limits.message_size), (7, 2048));
        let names: Vec<_> = config.realms.iter().map(|realm| realm.name.as_str()).collect();
        assert_eq!(names, ["7", "second", "third"], "a key that takes text takes it as it stands");
        let ticket = config.realms[0].principals[0].ticket.as_ref();
        assert_eq!(ticket.map(super::super::Secret::expose), Some("17"));
    }

    #[test]
    fn what_does_not_fit_names_the_variable() {
        for (name, value, expected) in [
            (
                "WAMPLEX_LIMITS__HELLO",
                "soon",
                "limits.hello: expected a duration like \"10s\", found \"soon\"",
            ),
            (
                "WAMPLEX_LIMITS__HELO",
                "1s",
                "limits.helo: expected a known key such as `hello`, found `helo`",
            ),
            (
                "WAMPLEX_LIMTS__HELLO",
                "1s",
                "limts: expected a known key such as `limits`, found `limts`",
            ),
            ("WAMPLEX_WATCH", "yes", "watch: expected true or false, found \"yes\""),
            ("WAMPLEX_REALMS__3__NAME", "x", "realms[3]: expected a number from 0 to 1, found `3`"),
            ("WAMPLEX_TEMPLATES__X__IDLE", "x", "templates: expected a list, found a table"),
            (
                "WAMPLEX_REALMS__0__NAME",
                "a..b",
                "realms[0].name: expected a URI, found \"a..b\": the URI has an empty component",
            ),
        ] {
            let error = load(&[TICKET, (name, value)]).unwrap_err();
            assert_eq!(error, format!("environment variable {name}: {expected}"));
        }
    }

    #[test]
    fn variables_of_others_are_left_alone() {
        let others = [
            TICKET,
            ("WAMPLEX_CONFIG", "wamplex.toml"),
            ("WAMPLEX_PORT", "tcp://10.0.0.1:8080"),
            ("WAMPLEX_SERVICE_HOST", "10.0.0.1"),
            ("LISTENERS__0__ADDRESS", "x"),
        ];
        assert_eq!(load(&others), load(&[TICKET]));
    }

    #[test]
    fn a_part_of_a_long_form_is_stronger_than_the_short_form() {
        let error = load(&[TICKET, ("WAMPLEX_REALMS__0__PRINCIPALS__0__TICKET__FILE", "other")]);
        let error = error.unwrap_err();
        assert!(error.contains("cannot read the file other"), "{error}");
        let error = load(&[]).unwrap_err();
        assert!(error.contains("cannot read the file nowhere"), "{error}");
    }
}
