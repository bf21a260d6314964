//! Which of a sender's own attributes the other side receives.

use bytestring::ByteString;
use std::sync::Arc;
use wamplex_shared::value::{Dict, Value};

/// The attributes that are not of the protocol and that a realm hands on ("WAMP: Extensibility"):
/// from CALL to INVOCATION, from YIELD to RESULT, from ERROR to ERROR, and from PUBLISH to EVENT. By default those of W3C
/// Trace Context. Everything else that a client invents is dropped, so that nobody has to wonder who said it.
///
/// Their names begin with an underscore, so that none is or ever becomes a key of the protocol. Their values are texts of
/// at most [`MAX_VALUE`](Self::MAX_VALUE) bytes; others are dropped.
///
/// ```
/// use wamplex_realm::PassedOptions;
/// assert_eq!(PassedOptions::default(), PassedOptions::new(["_traceparent", "_tracestate"]).unwrap());
/// let error = PassedOptions::new(["caller"]).unwrap_err();
/// assert_eq!(error.to_string(), "`caller` does not begin with an underscore");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PassedOptions(Arc<[ByteString]>);

/// A name that an attribute cannot have, or one too many.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadPassedOption {
    /// The keys of the protocol are not handed on as they are: what a client cannot say it cannot forge.
    #[error("`{0}` does not begin with an underscore")]
    NotOwn(String),
    /// "WAMP: Extensibility" allows small letters, digits and underscores, at least three after the first one.
    #[error(
        "`{0}` is not an underscore and 3 to 63 of the characters `a` to `z`, `0` to `9` and `_`"
    )]
    Malformed(String),
    /// What the router itself says in this way, nobody else can say.
    #[error("`{0}` begins with `_wamplex_`, which is for the router itself")]
    Reserved(String),
    /// All of them are looked for in every message that has any.
    #[error("there are more than {} of them", PassedOptions::MAX_KEYS)]
    TooMany,
}

impl PassedOptions {
    /// The most bytes that a value may have. As long as the `tracestate` that W3C Trace Context asks everybody to carry.
    pub const MAX_VALUE: usize = 512;
    /// The most attributes there may be.
    pub const MAX_KEYS: usize = 16;

    /// These attributes; none for a realm that hands on nothing.
    ///
    /// # Errors
    /// One has a name that it cannot have, or there are too many.
    pub fn new<K: Into<ByteString>>(
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Self, BadPassedOption> {
        let keys: Arc<[ByteString]> = keys.into_iter().map(Into::into).collect();
        if keys.len() > Self::MAX_KEYS {
            return Err(BadPassedOption::TooMany);
        }
        keys.iter().try_for_each(|key| check(key))?;
        Ok(Self(keys))
    }

    /// The names of the attributes.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.iter().map(|key| &**key)
    }

    /// What of these attributes is handed on. Mostly there are none, and then this is all it costs.
    #[inline]
    pub(crate) fn pick(&self, sent: &Dict) -> Dict {
        if sent.is_empty() { Dict::new() } else { self.select(sent) }
    }

    #[cold]
    fn select(&self, sent: &Dict) -> Dict {
        let pick = |key: &ByteString| {
            let value = sent.get(key)?.as_str()?;
            (value.len() <= Self::MAX_VALUE).then(|| (key.clone(), Value::Str(value.clone())))
        };
        self.0.iter().filter_map(pick).collect()
    }
}

impl Default for PassedOptions {
    fn default() -> Self {
        Self(["_traceparent", "_tracestate"].map(ByteString::from_static).into())
    }
}

fn check(key: &str) -> Result<(), BadPassedOption> {
    let Some(rest) = key.strip_prefix('_') else {
        return Err(BadPassedOption::NotOwn(key.to_owned()));
    };
    if rest.starts_with("wamplex_") {
        return Err(BadPassedOption::Reserved(key.to_owned()));
    }
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if (3..=63).contains(&rest.len()) && rest.chars().all(fits) {
        Ok(())
    } else {
        Err(BadPassedOption::Malformed(key.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wamplex_shared::message::EventDetails;

    fn dict<const N: usize>(entries: [(&str, Value); N]) -> Dict {
        entries.into_iter().collect()
    }

    #[test]
    fn only_short_texts_under_the_names_that_were_given_are_picked() {
        let passed = PassedOptions::new(["_one", "_other"]).unwrap();
        let long = |length| Value::from("x".repeat(length));
        let table = [
            (dict([]), dict([])),
            (dict([("_one", "a".into()), ("_two", "b".into())]), dict([("_one", "a".into())])),
            (dict([("one", "a".into()), ("caller", 1.into())]), dict([])),
            (dict([("_one", 1.into()), ("_other", Value::Null)]), dict([])),
            (dict([("_one", Value::List(vec!["a".into()]))]), dict([])),
            (dict([("_one", long(512)), ("_other", long(513))]), dict([("_one", long(512))])),
        ];
        for (sent, expected) in table {
            assert_eq!(passed.pick(&sent), expected, "{sent:?}");
            let nothing = PassedOptions::new([""; 0]).unwrap();
            assert!(nothing.pick(&sent).is_empty(), "{sent:?}");
        }
    }

    #[test]
    fn names_of_the_protocol_and_names_that_are_none_are_refused() {
        for key in ["", "caller", "x_one", "traceparent", "ppt_scheme"] {
            assert_eq!(PassedOptions::new([key]), Err(BadPassedOption::NotOwn(key.into())));
        }
        let dropped = EventDetails::DROPPED;
        let reserved = Err(BadPassedOption::Reserved(dropped.into()));
        assert_eq!(PassedOptions::new([dropped]), reserved);
        let long = format!("_{}", "a".repeat(64));
        for key in ["_", "_ab", "_One", "_o-e", "_öne", "_one ", long.as_str()] {
            assert_eq!(PassedOptions::new([key]), Err(BadPassedOption::Malformed(key.into())));
        }
        assert_eq!(PassedOptions::new(["_one"; 17]), Err(BadPassedOption::TooMany));
        assert!(PassedOptions::new(["_one", "_0_1", "____"]).is_ok());
    }
}
