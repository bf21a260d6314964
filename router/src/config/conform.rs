//! Holds a document against the schema: finds everything that does not fit, and makes what is relative absolute.

use super::{
    document::{Document, Fault, describe},
    endpoint::{AN_ENDPOINT, Endpoint, UNIX},
    problems::{Problem, join},
    schema::Part,
    secret::{A_SECRET, FILE, Secret, VARIABLE},
    suggest::nearest,
    units::{self, KIND},
};
use std::{ops::Range, path::Path};
use toml::{
    Spanned,
    de::{DeArray, DeInteger, DeTable, DeValue},
};

/// Finds everything in a document that does not fit the schema. Paths in it become absolute, and secrets that name a file
/// or a variable become what that has.
pub(super) fn conform(document: &mut Document<'_>, schema: Part<'_>) -> Vec<Fault> {
    let mut check = Conform { folder: document.folder(), found: Vec::new() };
    let span = document.table.span();
    check.table(schema, document.table.get_mut(), "", &span);
    let found = check.found;
    found
        .into_iter()
        .map(|(span, problem)| Fault { place: document.place(&span), problem })
        .collect()
}

struct Conform<'a> {
    folder: Option<&'a Path>,
    found: Vec<(Range<usize>, Problem)>,
}

impl Conform<'_> {
    fn add(
        &mut self,
        span: &Range<usize>,
        key: &str,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) {
        let problem =
            Problem { key: key.to_owned(), expected: expected.into(), found: found.into() };
        self.found.push((span.clone(), problem));
    }

    fn value(&mut self, part: Part<'_>, value: &mut Spanned<DeValue<'_>>, key: &str) {
        if let Some(kind) = part.text(KIND)
            && self.kind(kind, value, key)
        {
            return;
        }
        if let Some(words) = part.words() {
            return self.word(&words, value, key);
        }
        let branches = part.branches();
        if !branches.is_empty() {
            return self.one_of(part, &branches, value, key);
        }
        let span = value.span();
        if !part.takes(type_of(value.get_ref())) {
            return self.add(&span, key, expected_of(part), describe(value.get_ref()));
        }
        match value.get_mut() {
            DeValue::Integer(number) => self.integer(part, number, key, &span),
            DeValue::String(text) => self.length(part, text.chars().count(), "Length", key, &span),
            DeValue::Array(items) => self.list(part, items, key, &span),
            DeValue::Table(table) => self.table(part, table, key, &span),
            DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
        }
    }

    /// Checks a value of a kind that JSON has no word for. Whether there is such a kind.
    fn kind(&mut self, kind: &str, value: &mut Spanned<DeValue<'_>>, key: &str) -> bool {
        let span = value.span();
        let text = value.get_ref().as_str();
        let is_bytes = || matches!(value.get_ref(), DeValue::Integer(number) if number.as_str().parse::<u64>().is_ok());
        let (fits, expected) = match kind {
            "duration" => (text.and_then(units::parse_duration).is_some(), units::A_DURATION),
            "optional duration" => (
                text.and_then(|text| units::or_off(text, units::parse_duration)).is_some(),
                units::A_DURATION_OR_OFF,
            ),
            "size" => (is_bytes() || text.and_then(units::parse_size).is_some(), units::A_SIZE),
            "optional size" => (
                is_bytes()
                    || text.and_then(|text| units::or_off(text, units::parse_size)).is_some(),
                units::A_SIZE_OR_OFF,
            ),
            "endpoint" => (text.is_some_and(|text| text.parse::<Endpoint>().is_ok()), AN_ENDPOINT),
            "network" => (text.is_some_and(units::is_network), units::A_NETWORK),
            "path" => (text.is_some_and(|text| !text.is_empty()), "a path"),
            "secret" => {
                self.secret(value, key);
                return true;
            }
            _ => return false,
        };
        if !fits {
            self.add(&span, key, expected, describe(value.get_ref()));
        } else if kind == "path" {
            self.make_absolute(value.get_mut(), "");
        } else if kind == "endpoint" {
            self.make_absolute(value.get_mut(), UNIX);
        }
        true
    }

    /// Makes a path that stands after `prefix` relative to the folder of the document.
    fn make_absolute(&self, value: &mut DeValue<'_>, prefix: &str) {
        let Some(path) = value.as_str().and_then(|text| text.strip_prefix(prefix)) else { return };
        // A path that came from text is text again: no component of it was changed.
        let absolute = self.folder.map(|folder| folder.join(path).to_string_lossy().into_owned());
        if let Some(absolute) = absolute {
            *value = DeValue::String(format!("{prefix}{absolute}").into());
        }
    }

    fn secret(&mut self, value: &mut Spanned<DeValue<'_>>, key: &str) {
        let span = value.span();
        if value.get_ref().as_str().is_some_and(|text| !text.is_empty()) {
            return;
        }
        let table = value.get_ref().as_table().filter(|table| table.len() == 1);
        let source = table.and_then(|table| table.iter().next());
        let source = source
            .and_then(|(key, value)| Some((key.get_ref().as_ref(), value.get_ref().as_str()?)));
        let secret = match source {
            Some((FILE, path)) => Secret::from_file(
                self.folder.map_or_else(|| path.into(), |folder| folder.join(path)),
            ),
            Some((VARIABLE, name)) => Secret::from_variable(name),
            // Not what it is: it may be the secret all the same.
            Some(_) | None => {
                return self.add(&span, key, A_SECRET, words_of(type_of(value.get_ref())));
            }
        };
        match secret {
            Ok(secret) => *value.get_mut() = DeValue::String(secret.expose().to_owned().into()),
            Err(error) => self.add(&span, key, "a secret that can be read", error.to_string()),
        }
    }

    fn word(&mut self, words: &[&str], value: &Spanned<DeValue<'_>>, key: &str) {
        if value.get_ref().as_str().is_some_and(|text| words.contains(&text)) {
            return;
        }
        let listed: Vec<_> = words.iter().map(|word| format!("{word:?}")).collect();
        let mut expected = match listed.as_slice() {
            [one] => one.clone(),
            all => format!("one of {}", all.join(", ")),
        };
        if let Some(near) =
            value.get_ref().as_str().and_then(|text| nearest(text, words.iter().copied()))
        {
            expected.push_str(&format!(" (did you mean {near:?}?)"));
        }
        self.add(&value.span(), key, expected, describe(value.get_ref()));
    }

    /// Checks a value that fits one of several parts, and tells what is wrong with the part that it fits best.
    fn one_of(
        &mut self,
        whole: Part<'_>,
        branches: &[Part<'_>],
        value: &mut Spanned<DeValue<'_>>,
        key: &str,
    ) {
        let kind = type_of(value.get_ref());
        let mut best: Option<(Spanned<DeValue<'_>>, Self)> = None;
        for branch in branches.iter().filter(|branch| branch.takes(kind)) {
            let mut trial = value.clone();
            let mut check = Conform { folder: self.folder, found: Vec::new() };
            check.value(*branch, &mut trial, key);
            if best.as_ref().is_none_or(|(_, best)| check.found.len() < best.found.len()) {
                best = Some((trial, check));
            }
        }
        match best {
            Some((trial, check)) => {
                *value = trial;
                self.found.extend(check.found);
            }
            None => self.add(&value.span(), key, expected_of(whole), describe(value.get_ref())),
        }
    }

    fn integer(&mut self, part: Part<'_>, number: &DeInteger<'_>, key: &str, span: &Range<usize>) {
        let Ok(value) = i128::from_str_radix(number.as_str(), number.radix()) else {
            return self.add(span, key, "a whole number", number.to_string());
        };
        let bound = |word| part.get(word).and_then(|bound| bound.to_string().parse::<i128>().ok());
        let least = bound("minimum").unwrap_or_else(|| i64::MIN.into());
        let most = bound("maximum").unwrap_or_else(|| match part.text("format") {
            Some("uint8") => u8::MAX.into(),
            Some("uint16") => u16::MAX.into(),
            Some("uint32") => u32::MAX.into(),
            _ => i128::from(i64::MAX),
        });
        if !(least..=most).contains(&value) {
            let expected = if most == i128::from(i64::MAX) {
                format!("a whole number of at least {least}")
            } else {
                format!("a whole number from {least} to {most}")
            };
            self.add(span, key, expected, number.to_string());
        }
    }

    /// Checks the length of a text or list by the words `min…` and `max…` of the schema.
    fn length(
        &mut self,
        part: Part<'_>,
        length: usize,
        word: &str,
        key: &str,
        span: &Range<usize>,
    ) {
        let bound = |side: &str| part.get(&format!("{side}{word}"))?.as_u64();
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let unit = if word == "Length" { "characters" } else { "elements" };
        if let Some(least) = bound("min").filter(|least| length < *least) {
            self.add(span, key, format!("at least {least} {unit}"), length.to_string());
        }
        if let Some(most) = bound("max").filter(|most| length > *most) {
            self.add(span, key, format!("at most {most} {unit}"), length.to_string());
        }
    }

    fn list(&mut self, part: Part<'_>, items: &mut DeArray<'_>, key: &str, span: &Range<usize>) {
        self.length(part, items.len(), "Items", key, span);
        let Some(item_part) = part.items() else { return };
        for (index, item) in items.iter_mut().enumerate() {
            self.value(item_part, item, &format!("{key}[{index}]"));
        }
    }

    fn table(&mut self, part: Part<'_>, table: &mut DeTable<'_>, key: &str, span: &Range<usize>) {
        for (name, value) in table.iter_mut() {
            let path = join(key, name.get_ref());
            match part.property(name.get_ref()) {
                Some(part) => self.value(part, value, &path),
                None if part.is_open() => {}
                None => self.unknown(part, name.get_ref(), &path, &name.span()),
            }
        }
        for name in part.required().filter(|name| !table.contains_key(*name)) {
            let expected = part.property(name).map_or_else(|| "a value".to_owned(), expected_of);
            self.add(span, &join(key, name), expected, "nothing");
        }
    }

    fn unknown(&mut self, part: Part<'_>, name: &str, key: &str, span: &Range<usize>) {
        let known: Vec<_> = part.properties().map(|(key, _)| key).collect();
        let expected = match nearest(name, known.iter().copied()) {
            Some(near) => format!("a known key such as `{near}`"),
            None => {
                let known: Vec<_> = known.iter().map(|key| format!("`{key}`")).collect();
                format!("one of the keys {}", known.join(", "))
            }
        };
        self.add(span, key, expected, format!("`{name}`"));
    }
}

/// The name that JSON Schema has for the type of a value.
pub(super) fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "string",
        DeValue::Integer(_) => "integer",
        DeValue::Float(_) => "number",
        DeValue::Boolean(_) => "boolean",
        // JSON has no such thing, so no part takes it.
        DeValue::Datetime(_) => "time",
        DeValue::Array(_) => "array",
        DeValue::Table(_) => "object",
    }
}

/// What a part takes, in words.
pub(super) fn expected_of(part: Part<'_>) -> String {
    match part.text(KIND) {
        Some("duration") => return units::A_DURATION.to_owned(),
        Some("optional duration") => return units::A_DURATION_OR_OFF.to_owned(),
        Some("size") => return units::A_SIZE.to_owned(),
        Some("optional size") => return units::A_SIZE_OR_OFF.to_owned(),
        Some("secret") => return A_SECRET.to_owned(),
        Some("endpoint") => return AN_ENDPOINT.to_owned(),
        Some("network") => return units::A_NETWORK.to_owned(),
        Some("path") => return "a path".to_owned(),
        Some(_) | None => {}
    }
    if let Some(words) = part.words() {
        let words: Vec<_> = words.iter().map(|word| format!("{word:?}")).collect();
        return words.join(" or ");
    }
    let branches = part.branches();
    if !branches.is_empty() {
        let mut each: Vec<_> = branches.into_iter().map(expected_of).collect();
        each.dedup();
        return each.join(" or ");
    }
    let is_number = part.takes("number");
    let taken =
        TYPES.iter().filter(|(name, _)| part.takes(name) && !(is_number && *name == "integer"));
    let words: Vec<_> = taken.map(|(_, words)| *words).collect();
    words.join(" or ")
}

/// The types of JSON Schema, and what people call them.
const TYPES: [(&str, &str); 6] = [
    ("boolean", "true or false"),
    ("integer", "a whole number"),
    ("number", "a number"),
    ("string", "a text"),
    ("array", "a list"),
    ("object", "a table"),
];

fn words_of(name: &str) -> &'static str {
    TYPES.iter().find(|(kind, _)| *kind == name).map_or("a time", |(_, words)| words)
}
