//! The types that a key of options or details can have.
//!
//! One function reads and one writes them all: the tables in [`options`](super::options) only say where a value goes.

use super::{
    allowance,
    head::{Error, Reader, Result, Token, Writer, read_key},
    values,
};
use crate::{
    error::DecodeErrorKind,
    id::{MAX_ID, RegistrationId, SessionId, SubscriptionId},
    message::{CancelMode, InvocationPolicy},
    roles::{Feature, Features, Role, Roles},
    uri::{MatchPolicy, Uri},
    value::{Dict, List, Value},
};
use bytestring::ByteString;

/// Where the value of a key goes.
pub(super) enum Slot<'a> {
    Flag(&'a mut bool),
    Bool(&'a mut Option<bool>),
    Number(&'a mut Option<u64>),
    Text(&'a mut Option<ByteString>),
    /// Text that is one of these words or begins with `x_`.
    Known(&'a mut Option<ByteString>, &'static [&'static str]),
    Uri(&'a mut Option<Uri>),
    Session(&'a mut Option<SessionId>),
    Subscription(&'a mut Option<SubscriptionId>),
    Registration(&'a mut Option<RegistrationId>),
    List(&'a mut Option<List>),
    Sessions(&'a mut Option<Vec<SessionId>>),
    Texts(&'a mut Option<Vec<ByteString>>),
    Methods(&'a mut Vec<ByteString>),
    Dict(&'a mut Dict),
    Roles(&'a mut Roles),
    Match(&'a mut MatchPolicy),
    Invoke(&'a mut InvocationPolicy),
    Mode(&'a mut Option<CancelMode>),
}

/// What is written for a key.
pub(super) enum View<'a> {
    /// Nothing: the key is left out.
    Absent,
    Bool(bool),
    Number(u64),
    Text(&'a str),
    List(&'a [Value]),
    Sessions(&'a [SessionId]),
    Texts(&'a [ByteString]),
    Dict(&'a Dict),
    Roles(&'a Roles),
}

/// A field of options or details.
pub(super) trait Field {
    fn slot(&mut self) -> Slot<'_>;
    fn view(&self) -> View<'_>;
}

macro_rules! fields {
    ($($type:ty => $slot:ident, |$v:ident| $view:expr;)*) => {$(
        impl Field for $type {
            fn slot(&mut self) -> Slot<'_> {
                Slot::$slot(self)
            }

            fn view(&self) -> View<'_> {
                let $v = self;
                $view
            }
        }
    )*};
}

fields! {
    bool => Flag, |v| if *v { View::Bool(true) } else { View::Absent };
    Option<bool> => Bool, |v| v.map_or(View::Absent, View::Bool);
    Option<u64> => Number, |v| v.map_or(View::Absent, View::Number);
    Option<ByteString> => Text, |v| v.as_deref().map_or(View::Absent, View::Text);
    Option<Uri> => Uri, |v| v.as_ref().map_or(View::Absent, |v| View::Text(v.as_str()));
    Option<SessionId> => Session, |v| v.map_or(View::Absent, |v| View::Number(v.get()));
    Option<SubscriptionId> => Subscription, |v| v.map_or(View::Absent, |v| View::Number(v.get()));
    Option<RegistrationId> => Registration, |v| v.map_or(View::Absent, |v| View::Number(v.get()));
    Option<List> => List, |v| v.as_deref().map_or(View::Absent, View::List);
    Option<Vec<SessionId>> => Sessions, |v| v.as_deref().map_or(View::Absent, View::Sessions);
    Option<Vec<ByteString>> => Texts, |v| v.as_deref().map_or(View::Absent, View::Texts);
    Vec<ByteString> => Methods, |v| if v.is_empty() { View::Absent } else { View::Texts(v) };
    Dict => Dict, |v| if v.is_empty() { View::Absent } else { View::Dict(v) };
    Roles => Roles, |v| if *v == Self::NONE { View::Absent } else { View::Roles(v) };
    MatchPolicy => Match, |v| word(v.name(), *v == Self::default());
    InvocationPolicy => Invoke, |v| word(v.name(), *v == Self::default());
    Option<CancelMode> => Mode, |v| v.map_or(View::Absent, |v| View::Text(v.name()));
}

const fn word(name: &'static str, is_default: bool) -> View<'static> {
    if is_default { View::Absent } else { View::Text(name) }
}

/// Reads a value into its place. `key` is the full name for errors, such as `PUBLISH.Options.acknowledge`.
pub(super) fn read(r: &mut dyn Reader<'_>, key: &'static str, slot: Slot<'_>) -> Result<()> {
    let at = r.at();
    match slot {
        Slot::Flag(to) => *to = read_bool(r, key)?,
        Slot::Bool(to) => *to = Some(read_bool(r, key)?),
        Slot::Number(to) => match read_number(r)? {
            Some(number) => *to = Some(number),
            None => return Err(error(r, at, key, "an integer from 0 up")),
        },
        Slot::Text(to) => *to = Some(read_text(r, key)?),
        Slot::Known(to, words) => {
            *to = Some(read_word(r, key, |word| {
                (words.contains(&&**word) || word.starts_with("x_")).then(|| word.clone())
            })?);
        }
        Slot::Uri(to) => *to = Some(read_text(r, key)?.into()),
        Slot::Session(to) => *to = Some(read_id(r, key, SessionId::new)?),
        Slot::Subscription(to) => *to = Some(read_id(r, key, SubscriptionId::new)?),
        Slot::Registration(to) => *to = Some(read_id(r, key, RegistrationId::new)?),
        Slot::List(to) => match r.next()? {
            Token::List(items) => *to = Some(values::read_list(r, items)?),
            _ => return Err(error(r, at, key, "a list")),
        },
        Slot::Sessions(to) => {
            *to = Some(read_list(r, key, |r| read_id(r, key, SessionId::new))?);
        }
        Slot::Texts(to) => *to = Some(read_list(r, key, |r| read_text(r, key))?),
        Slot::Methods(to) => *to = read_list(r, key, |r| read_text(r, key))?,
        Slot::Dict(to) => match r.next()? {
            Token::Dict(items) => *to = values::read_dict(r, items)?,
            _ => return Err(error(r, at, key, "a dictionary")),
        },
        Slot::Roles(to) => *to = read_roles(r, key)?,
        Slot::Match(to) => *to = read_word(r, key, |word| MatchPolicy::from_name(word))?,
        Slot::Invoke(to) => *to = read_word(r, key, |word| InvocationPolicy::from_name(word))?,
        Slot::Mode(to) => *to = Some(read_word(r, key, |word| cancel_mode(word))?),
    }
    Ok(())
}

/// Writes what is there.
pub(super) fn write(w: &mut dyn Writer, view: &View<'_>) {
    match *view {
        View::Absent => {}
        View::Bool(value) => w.bool(value),
        View::Number(value) => w.uint(value),
        View::Text(value) => w.str(value),
        View::List(list) => values::write_list(w, list, 2),
        View::Sessions(list) => {
            w.begin_list(list.len());
            list.iter().for_each(|id| w.uint(id.get()));
            w.end_list();
        }
        View::Texts(list) => {
            w.begin_list(list.len());
            list.iter().for_each(|text| w.str(text));
            w.end_list();
        }
        View::Dict(dict) => values::write_dict(w, dict, 2),
        View::Roles(roles) => write_roles(w, roles),
    }
}

fn error(r: &dyn Reader<'_>, at: usize, key: &'static str, expected: &'static str) -> Error {
    r.error_at(at, DecodeErrorKind::WrongType(key, expected))
}

fn read_bool(r: &mut dyn Reader<'_>, key: &'static str) -> Result<bool> {
    let at = r.at();
    match r.next()? {
        Token::Bool(value) => Ok(value),
        _ => Err(error(r, at, key, "true or false")),
    }
}

/// The integer from 0 to 2^53 that a float stands for, if it does.
pub(super) fn integral(float: f64) -> Option<u64> {
    // The cast saturates, and NaN becomes 0, so comparing back finds everything that is no such integer.
    let number = float as u64;
    (number as f64 == float && number <= MAX_ID).then_some(number)
}

/// An integer from 0 up; `None` if there is something else. Integral floats count, since some encoders write large
/// integers that way.
pub(super) fn read_number<'b>(r: &mut (impl Reader<'b> + ?Sized)) -> Result<Option<u64>> {
    Ok(match r.next()? {
        Token::Uint(number) => Some(number),
        Token::Float(float) => integral(float),
        _ => None,
    })
}

fn read_id<T>(r: &mut dyn Reader<'_>, key: &'static str, new: fn(u64) -> Option<T>) -> Result<T> {
    let at = r.at();
    read_number(r)?.and_then(new).ok_or_else(|| error(r, at, key, "an integer from 1 to 2^53"))
}

fn read_text(r: &mut dyn Reader<'_>, key: &'static str) -> Result<ByteString> {
    let at = r.at();
    r.string()?.ok_or_else(|| error(r, at, key, "a string"))
}

/// One of a few words.
fn read_word<T>(
    r: &mut dyn Reader<'_>,
    key: &'static str,
    from_name: impl FnOnce(&ByteString) -> Option<T>,
) -> Result<T> {
    let at = r.at();
    let word = read_text(r, key)?;
    from_name(&word).ok_or_else(|| r.error_at(at, DecodeErrorKind::InvalidValue(key)))
}

fn cancel_mode(word: &str) -> Option<CancelMode> {
    match word {
        // Old versions of Autobahn say so for what is now our default.
        "abort" => Some(CancelMode::KillNoWait),
        word => CancelMode::from_name(word),
    }
}

fn read_list<'b, T>(
    r: &mut dyn Reader<'b>,
    key: &'static str,
    mut read: impl FnMut(&mut dyn Reader<'b>) -> Result<T>,
) -> Result<Vec<T>> {
    let at = r.at();
    let Token::List(mut items) = r.next()? else {
        return Err(error(r, at, key, "a list"));
    };
    let mut list = Vec::new();
    while r.more(&mut items)? {
        let item = read(r)?;
        allowance::push(r, &mut list, items.left, item)?;
    }
    Ok(list)
}

fn read_roles(r: &mut dyn Reader<'_>, key: &'static str) -> Result<Roles> {
    let at = r.at();
    let Token::Dict(mut items) = r.next()? else {
        return Err(error(r, at, key, "a dictionary"));
    };
    let mut roles = Roles::NONE;
    while r.more(&mut items)? {
        let at = r.at();
        match Role::from_name(&read_key(r)?) {
            Some(role) if roles.has(role) => {
                return Err(r.error_at(at, DecodeErrorKind::DuplicateKey));
            }
            Some(role) => roles.insert(role, read_role(r, key)?),
            None => r.skip()?,
        }
    }
    Ok(roles)
}

/// The dictionary of one role: `features`, and whatever else some put beside it.
fn read_role(r: &mut dyn Reader<'_>, key: &'static str) -> Result<Features> {
    let at = r.at();
    let Token::Dict(mut items) = r.next()? else {
        return Err(error(r, at, key, "a dictionary of dictionaries"));
    };
    let mut features = None;
    while r.more(&mut items)? {
        let at = r.at();
        if read_key(r)? != "features" {
            r.skip()?;
        } else if features.is_some() {
            return Err(r.error_at(at, DecodeErrorKind::DuplicateKey));
        } else {
            features = Some(read_features(r, key)?);
        }
    }
    Ok(features.unwrap_or_default())
}

/// The dictionary of features. Only `true` announces one, whatever else a value may be.
fn read_features(r: &mut dyn Reader<'_>, key: &'static str) -> Result<Features> {
    let at = r.at();
    let Token::Dict(mut items) = r.next()? else {
        return Err(error(r, at, key, "dictionaries with a dictionary of features"));
    };
    let mut features = Features::NONE;
    while r.more(&mut items)? {
        let feature = Feature::from_name(&read_key(r)?);
        let announced = read_is_true(r)?;
        if let Some(feature) = feature.filter(|_| announced) {
            features.insert(feature);
        }
    }
    Ok(features)
}

/// Reads a value of any type and says whether it is `true`.
fn read_is_true(r: &mut dyn Reader<'_>) -> Result<bool> {
    match r.next()? {
        Token::Bool(value) => return Ok(value),
        Token::List(mut items) | Token::Dict(mut items) => {
            while r.more(&mut items)? {
                if items.is_dict {
                    r.skip_key()?;
                }
                r.skip()?;
            }
        }
        _ => {}
    }
    Ok(false)
}

fn write_roles(w: &mut dyn Writer, roles: &Roles) {
    /// Subscriber before publisher, as in the examples of the specification.
    const WRITTEN: [Role; Role::COUNT] =
        [Role::Subscriber, Role::Publisher, Role::Caller, Role::Callee, Role::Broker, Role::Dealer];
    w.begin_dict(roles.iter().count());
    for role in WRITTEN {
        if let Some(features) = roles.get(role) {
            w.key(role.name());
            write_role(w, features);
        }
    }
    w.end_dict();
}

fn write_role(w: &mut dyn Writer, features: Features) {
    if features == Features::NONE {
        w.begin_dict(0);
        return w.end_dict();
    }
    w.begin_dict(1);
    w.key("features");
    w.begin_dict(features.iter().count());
    for feature in features.iter() {
        w.key(feature.name());
        w.bool(true);
    }
    w.end_dict();
    w.end_dict();
}
