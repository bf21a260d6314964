//! The arguments of a procedure that the router offers.

use crate::reject::Reject;
use bytestring::ByteString;
use wamplex_shared::{
    codec,
    id::{MAX_ID, SessionId},
    payload::{Payload, PayloadShape},
    uri::{MatchPolicy, Uri, UriRule},
    value::{Dict, List, Value},
};

/// Positional and keyword arguments, taken one after the other. Null stands for an argument that is not given.
///
/// What a procedure does not take is refused rather than ignored: a caller that misspells `reason` is better told.
pub(super) struct Arguments {
    list: std::vec::IntoIter<Value>,
    dict: Dict,
}

impl Arguments {
    pub(super) fn read(payload: &Payload) -> Result<Self, Reject> {
        if payload.shape() == PayloadShape::Bare {
            return Err(Reject::InvalidArgument("the arguments have to be a list"));
        }
        let (list, dict) = codec::read_values(payload)
            .map_err(|_| Reject::InvalidArgument("the arguments are too many to look at"))?;
        Ok(Self { list: list.into_iter(), dict })
    }

    /// The next positional argument.
    pub(super) fn next(&mut self) -> Option<Value> {
        self.list.next().filter(|value| *value != Value::Null)
    }

    /// A keyword argument.
    pub(super) fn keyword(&mut self, key: &str) -> Option<Value> {
        self.dict.remove(key).filter(|value| *value != Value::Null)
    }

    /// The next positional argument, an id; `wrong` says what it should be.
    pub(super) fn id<Id>(
        &mut self,
        make: impl FnOnce(u64) -> Option<Id>,
        wrong: &'static str,
    ) -> Result<Id, Reject> {
        self.next()
            .and_then(|value| integer(&value))
            .and_then(make)
            .ok_or(Reject::InvalidArgument(wrong))
    }

    /// The next positional argument, a session.
    pub(super) fn session(&mut self) -> Result<SessionId, Reject> {
        self.id(SessionId::new, "the session has to be an id")
    }

    /// The next positional argument, a string.
    pub(super) fn text(&mut self, wrong: &'static str) -> Result<ByteString, Reject> {
        text(self.next(), wrong)?.ok_or(Reject::InvalidArgument(wrong))
    }

    /// The next positional argument, a URI or a pattern.
    pub(super) fn uri(
        &mut self,
        rule: UriRule,
        policy: MatchPolicy,
        wrong: &'static str,
    ) -> Result<Uri, Reject> {
        let uri = Uri::from(self.text(wrong)?);
        uri.check(rule, policy)?;
        Ok(uri)
    }

    /// The next two positional arguments: a URI or a pattern, and options that may say which kind of pattern it is.
    pub(super) fn pattern(
        &mut self,
        rule: UriRule,
        wrong: &'static str,
    ) -> Result<(MatchPolicy, Uri), Reject> {
        let uri = Uri::from(self.text(wrong)?);
        let policy = match self.next() {
            None => MatchPolicy::Exact,
            Some(Value::Dict(options)) => match_policy(&options)?,
            Some(_) => return Err(Reject::InvalidArgument("the options have to be a dictionary")),
        };
        uri.check(rule, policy)?;
        Ok((policy, uri))
    }

    /// A keyword argument that is a string.
    pub(super) fn keyword_text(
        &mut self,
        key: &str,
        wrong: &'static str,
    ) -> Result<Option<ByteString>, Reject> {
        text(self.keyword(key), wrong)
    }

    /// The next positional argument, or the one called `reason`: why something is taken from somebody.
    pub(super) fn reason(&mut self) -> Result<Option<ByteString>, Reject> {
        const WRONG: &str = "the reason has to be a string";
        match text(self.next(), WRONG)? {
            Some(reason) => Ok(Some(reason)),
            None => self.keyword_text("reason", WRONG),
        }
    }

    /// Makes sure that there is nothing else.
    pub(super) fn finish(mut self) -> Result<(), Reject> {
        if self.list.next().is_some() {
            return Err(Reject::InvalidArgument(
                "there are more arguments than this procedure takes",
            ));
        }
        if !self.dict.is_empty() {
            return Err(Reject::InvalidArgument(
                "there are keyword arguments that this procedure does not take",
            ));
        }
        Ok(())
    }
}

/// A list, or nothing.
pub(super) fn list(value: Option<Value>, wrong: &'static str) -> Result<Option<List>, Reject> {
    match value {
        None => Ok(None),
        Some(Value::List(list)) => Ok(Some(list)),
        Some(_) => Err(Reject::InvalidArgument(wrong)),
    }
}

/// A dictionary, or nothing.
pub(super) fn dict(value: Option<Value>, wrong: &'static str) -> Result<Option<Dict>, Reject> {
    match value {
        None => Ok(None),
        Some(Value::Dict(dict)) => Ok(Some(dict)),
        Some(_) => Err(Reject::InvalidArgument(wrong)),
    }
}

/// A string, or nothing.
pub(super) fn text(
    value: Option<Value>,
    wrong: &'static str,
) -> Result<Option<ByteString>, Reject> {
    match value {
        None => Ok(None),
        Some(Value::Str(text)) => Ok(Some(text)),
        Some(_) => Err(Reject::InvalidArgument(wrong)),
    }
}

/// A whole number; JavaScript writes large ones as floats.
pub(crate) fn integer(value: &Value) -> Option<u64> {
    let Value::Float(float) = value else { return value.as_u64() };
    let is_whole = float.fract() == 0.0 && (0.0..=MAX_ID as f64).contains(float);
    is_whole.then_some(*float as u64)
}

fn match_policy(options: &Dict) -> Result<MatchPolicy, Reject> {
    match options.get("match") {
        None | Some(Value::Null) => Ok(MatchPolicy::Exact),
        Some(value) => value
            .as_str()
            .and_then(|name| MatchPolicy::from_name(name))
            .ok_or(Reject::InvalidArgument("match has to be exact, prefix or wildcard")),
    }
}
