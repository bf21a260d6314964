//! Choices that a configuration makes by a word, of types that know nothing of configurations.
//!
//! They stand in `#[serde(with = "words::match_policy")]`, which serves the JSON Schema too.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serializer, de::Error};
use std::borrow::Cow;
use wamplex_realm::{Disclosure, MetaApi};
use wamplex_shared::uri::{MatchPolicy, UriRule};

/// What a word stands for, and what that means.
type Word<T> = (&'static str, T, &'static str);

/// Makes a type for `#[serde(with)]` of a choice and its words.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $choice:ty = $words:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[allow(non_camel_case_types, reason = "stands where serde expects the name of a module")]
        pub(crate) struct $name;

        impl $name {
            const WORDS: &[Word<$choice>] = &$words;

            /// Writes the word.
            ///
            /// # Errors
            /// The serializer refuses text, or there is no word for this choice.
            pub(crate) fn serialize<S: Serializer>(value: &$choice, serializer: S) -> Result<S::Ok, S::Error> {
                let word = Self::WORDS.iter().find(|(_, choice, _)| choice == value);
                let no_word = || serde::ser::Error::custom("there is no word for this choice");
                serializer.serialize_str(word.ok_or_else(no_word)?.0)
            }

            /// Reads a word.
            ///
            /// # Errors
            /// It is none of the words.
            pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<$choice, D::Error> {
                choose(Self::WORDS, &Cow::<'_, str>::deserialize(deserializer)?)
            }
        }

        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                one_of(Self::WORDS)
            }
        }
    };
}

words! {
    /// Which strings are topics and procedures.
    uri_rule: UriRule = [
        ("loose", UriRule::Loose, "no white space, no `#`, no empty component"),
        ("strict", UriRule::Strict, "only `0-9`, `a-z` and `_`, no empty component"),
    ]
}

words! {
    /// How a pattern is compared with URIs.
    match_policy: MatchPolicy = [
        ("exact", MatchPolicy::Exact, "the same URI"),
        ("prefix", MatchPolicy::Prefix, "the URI begins with the pattern, character by character"),
        (
            "wildcard",
            MatchPolicy::Wildcard,
            "as many components, where an empty one of the pattern stands for any",
        ),
    ]
}

words! {
    /// Who learns who called or published.
    disclosure: Disclosure = [
        ("never", Disclosure::Never, "nobody, and who asks for it is refused"),
        (
            "on_request",
            Disclosure::OnRequest,
            "whom the caller or publisher allows, and callees that ask unless the caller objects",
        ),
        ("always", Disclosure::Always, "everybody, whatever the caller or publisher wishes"),
    ]
}

words! {
    /// What sessions may do with the procedures of the router.
    meta_api: MetaApi = [
        ("off", MetaApi::Off, "nothing: the procedures do not exist"),
        ("ask", MetaApi::Ask, "ask and watch, and leave testaments"),
        ("full", MetaApi::Full, "also end sessions, and take callees and subscribers out"),
    ]
}

fn choose<T: Copy, E: Error>(words: &[Word<T>], found: &str) -> Result<T, E> {
    let word = words.iter().find(|(word, ..)| *word == found);
    word.map(|(_, choice, _)| *choice).ok_or_else(|| {
        let words: Vec<_> = words.iter().map(|(word, ..)| format!("{word:?}")).collect();
        E::custom(format_args!("expected one of {}, found {found:?}", words.join(", ")))
    })
}

fn one_of<T>(words: &[Word<T>]) -> Schema {
    let words = words
        .iter()
        .map(|(word, _, meaning)| json_schema!({ "const": word, "description": meaning }));
    json_schema!({ "type": "string", "oneOf": words.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Serialize;

    #[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
    struct Choice {
        #[serde(with = "disclosure")]
        disclosure: Disclosure,
    }

    #[test]
    fn every_word_reads_and_writes_the_same() {
        for (word, choice, _) in disclosure::WORDS {
            let text = format!("disclosure = {word:?}\n");
            let choice = Choice { disclosure: *choice };
            assert_eq!(toml::from_str(&text), Ok(choice));
            assert_eq!(toml::to_string(&toml::from_str::<Choice>(&text).unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn other_words_are_refused() {
        let error = toml::from_str::<Choice>("disclosure = 'Never'").unwrap_err();
        let expected = r#"expected one of "never", "on_request", "always", found "Never""#;
        assert_eq!(error.message(), expected);
    }
}
