//! The types that a key of options or details can have.
//!
//! One function reads and one writes them all: the tables in [`options`](super::options) only say where a value goes.

use super::{
    allowance,
    head::{Error, Items, Reader, Result, Token, Writer, read_key},
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
use alloc::vec::Vec;
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

impl Slot<'_> {
    /// The type of the value, in words.
    const fn expected(&self) -> &'static str {
        match self {
            Self::Flag(_) | Self::Bool(_) => "true or false",
            Self::Number(_) => "an integer from 0 up",
            Self::Session(_) | Self::Subscription(_) | Self::Registration(_) => ID,
            Self::Text(_)
            | Self::Known(..)
            | Self::Uri(_)
            | Self::Match(_)
            | Self::Invoke(_)
            | Self::Mode(_) => TEXT,
            Self::List(_) | Self::Sessions(_) | Self::Texts(_) | Self::Methods(_) => "a list",
            Self::Dict(_) | Self::Roles(_) => "a dictionary",
        }
    }
}

const ID: &str = "an integer from 1 to 2^53";
const TEXT: &str = "a string";

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
    let (at, expected) = (r.at(), slot.expected());
    // Whether it has the right type. Arms share what they read, since a browser fetches every line of this.
    let is_right = match slot {
        Slot::Flag(to) => read_bool(r)?.map(|value| *to = value).is_some(),
        Slot::Bool(to) => read_bool(r)?.map(|value| *to = Some(value)).is_some(),
        Slot::Number(_) | Slot::Session(_) | Slot::Subscription(_) | Slot::Registration(_) => {
            read_number(r)?.is_some_and(|number| put_number(slot, number))
        }
        Slot::Text(_)
        | Slot::Known(..)
        | Slot::Uri(_)
        | Slot::Match(_)
        | Slot::Invoke(_)
        | Slot::Mode(_) => match r.string()? {
            Some(text) if put_text(slot, &text) => true,
            Some(_) => return Err(r.error_at(at, DecodeErrorKind::InvalidValue(key))),
            None => false,
        },
        Slot::Sessions(_) | Slot::Texts(_) | Slot::Methods(_) | Slot::List(_) => match r.next()? {
            Token::List(items) => return read_items(r, key, slot, items),
            _ => false,
        },
        Slot::Dict(_) | Slot::Roles(_) => match r.next()? {
            Token::Dict(items) => return read_entries(r, key, slot, items),
            _ => false,
        },
    };
    if is_right { Ok(()) } else { Err(error(r, at, key, expected)) }
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

fn read_bool(r: &mut dyn Reader<'_>) -> Result<Option<bool>> {
    Ok(match r.next()? {
        Token::Bool(value) => Some(value),
        _ => None,
    })
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
    if let number @ Some(_) = r.usual_uint() {
        return Ok(number);
    }
    Ok(match r.next()? {
        Token::Uint(number) => Some(number),
        Token::Float(float) => integral(float),
        _ => None,
    })
}

/// Puts a number where one goes; `false` if it is no id where one is wanted.
fn put_number(slot: Slot<'_>, number: u64) -> bool {
    fn put<T: Copy>(to: &mut Option<T>, value: Option<T>) -> bool {
        *to = value;
        value.is_some()
    }
    match slot {
        Slot::Number(to) => put(to, Some(number)),
        Slot::Session(to) => put(to, SessionId::new(number)),
        Slot::Subscription(to) => put(to, SubscriptionId::new(number)),
        Slot::Registration(to) => put(to, RegistrationId::new(number)),
        _ => false,
    }
}

/// Puts text where some goes; `false` if it is not one of the words wanted there.
fn put_text(slot: Slot<'_>, text: &ByteString) -> bool {
    fn put<T>(to: &mut T, value: Option<T>) -> bool {
        let is_known = value.is_some();
        if let Some(value) = value {
            *to = value;
        }
        is_known
    }
    match slot {
        Slot::Known(_, words) if !words.contains(&&**text) && !text.starts_with("x_") => false,
        Slot::Text(to) | Slot::Known(to, _) => put(to, Some(Some(text.clone()))),
        Slot::Uri(to) => put(to, Some(Some(text.clone().into()))),
        Slot::Match(to) => put(to, MatchPolicy::from_name(text)),
        Slot::Invoke(to) => put(to, InvocationPolicy::from_name(text)),
        Slot::Mode(to) => put(to, cancel_mode(text).map(Some)),
        _ => false,
    }
}

fn cancel_mode(word: &str) -> Option<CancelMode> {
    match word {
        // Old versions of Autobahn say so for what is now our default.
        "abort" => Some(CancelMode::KillNoWait),
        word => CancelMode::from_name(word),
    }
}

/// Reads the items of a list.
fn read_items(
    r: &mut dyn Reader<'_>,
    key: &'static str,
    slot: Slot<'_>,
    items: Items,
) -> Result<()> {
    match slot {
        Slot::List(to) => *to = Some(values::read_list(r, items)?),
        Slot::Sessions(to) => {
            let id = |r: &mut dyn Reader<'_>| Ok(read_number(r)?.and_then(SessionId::new));
            *to = Some(read_each(r, key, ID, items, id)?);
        }
        Slot::Texts(to) => *to = Some(read_texts(r, key, items)?),
        Slot::Methods(to) => *to = read_texts(r, key, items)?,
        _ => {}
    }
    Ok(())
}

fn read_texts(r: &mut dyn Reader<'_>, key: &'static str, items: Items) -> Result<Vec<ByteString>> {
    read_each(r, key, TEXT, items, |r| r.string())
}

fn read_each<'b, T>(
    r: &mut dyn Reader<'b>,
    key: &'static str,
    expected: &'static str,
    mut items: Items,
    read: impl Fn(&mut dyn Reader<'b>) -> Result<Option<T>>,
) -> Result<Vec<T>> {
    let mut list = Vec::new();
    while r.more(&mut items)? {
        let at = r.at();
        match read(r)? {
            Some(item) => allowance::push(r, &mut list, items.left, item)?,
            None => return Err(error(r, at, key, expected)),
        }
    }
    Ok(list)
}

/// Reads the entries of a dictionary.
fn read_entries(
    r: &mut dyn Reader<'_>,
    key: &'static str,
    slot: Slot<'_>,
    items: Items,
) -> Result<()> {
    match slot {
        Slot::Dict(to) => *to = values::read_dict(r, items)?,
        Slot::Roles(to) => *to = read_roles(r, key, items)?,
        _ => {}
    }
    Ok(())
}

fn read_roles(r: &mut dyn Reader<'_>, key: &'static str, mut items: Items) -> Result<Roles> {
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
    let (mut features, mut reflection) = (None, false);
    while r.more(&mut items)? {
        let at = r.at();
        let found = read_key(r)?;
        if found == Feature::Reflection.name() {
            reflection = read_is_true(r)?;
        } else if found != "features" {
            r.skip()?;
        } else if features.is_some() {
            return Err(r.error_at(at, DecodeErrorKind::DuplicateKey));
        } else {
            features = Some(read_features(r, key)?);
        }
    }
    let mut features = features.unwrap_or_default();
    if reflection {
        features.insert(Feature::Reflection);
    }
    Ok(features)
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
    let listed = || features.iter().filter(|feature| *feature != Feature::Reflection);
    let (count, reflection) = (listed().count(), features.has(Feature::Reflection));
    w.begin_dict(usize::from(count > 0) + usize::from(reflection));
    if count > 0 {
        w.key("features");
        w.begin_dict(count);
        for feature in listed() {
            w.key(feature.name());
            w.bool(true);
        }
        w.end_dict();
    }
    if reflection {
        w.key(Feature::Reflection.name());
        w.bool(true);
    }
    w.end_dict();
}
