//! The types that a key of options or details can have.

use super::{
    allowance,
    head::{Reader, Result, Token, Writer, read_key},
    values,
};
use crate::{
    error::{DecodeError, DecodeErrorKind},
    id::{MAX_ID, RegistrationId, SessionId, SubscriptionId},
    message::{CancelMode, InvocationPolicy},
    roles::{Feature, Features, Role, Roles},
    uri::{MatchPolicy, Uri},
    value::{Dict, List},
};
use bytestring::ByteString;

/// A field of options or details. `key` is the full name for errors, such as `PUBLISH.Options.acknowledge`.
pub(super) trait Field: Sized {
    fn read<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self>;

    /// Whether the key is left out when writing.
    fn is_absent(&self) -> bool;

    fn write(&self, w: &mut dyn Writer);
}

/// The integer from 0 to 2^53 that a float stands for, if it does.
pub(super) fn integral(float: f64) -> Option<u64> {
    // The cast saturates, and NaN becomes 0, so comparing back finds everything that is no such integer.
    let number = float as u64;
    (number as f64 == float && number <= MAX_ID).then_some(number)
}

fn wrong(r: &dyn Reader<'_>, at: usize, key: &'static str, expected: &'static str) -> DecodeError {
    r.error_at(at, DecodeErrorKind::WrongType(key, expected))
}

impl Field for bool {
    fn read<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self> {
        One::take(r, key)
    }

    fn is_absent(&self) -> bool {
        !*self
    }

    fn write(&self, w: &mut dyn Writer) {
        w.bool(*self);
    }
}

impl<T: One> Field for Option<T> {
    fn read<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self> {
        T::take(r, key).map(Some)
    }

    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn write(&self, w: &mut dyn Writer) {
        match self {
            Some(value) => value.put(w),
            None => w.null(),
        }
    }
}

/// The value of a field that may be absent, or of an item of a list.
pub(super) trait One: Sized {
    fn take<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self>;
    fn put(&self, w: &mut dyn Writer);
}

impl One for bool {
    fn take<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self> {
        let at = r.at();
        match r.next()? {
            Token::Bool(value) => Ok(value),
            _ => Err(wrong(r, at, key, "true or false")),
        }
    }

    fn put(&self, w: &mut dyn Writer) {
        w.bool(*self);
    }
}

fn take_number(r: &mut dyn Reader<'_>) -> Result<Option<u64>> {
    Ok(match r.next()? {
        Token::Uint(number) => Some(number),
        Token::Float(float) => integral(float),
        _ => None,
    })
}

impl One for u64 {
    fn take<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self> {
        let at = r.at();
        take_number(r)?.ok_or_else(|| wrong(r, at, key, "an integer from 0 up"))
    }

    fn put(&self, w: &mut dyn Writer) {
        w.uint(*self);
    }
}

macro_rules! ids {
    ($($id:ty)*) => {$(
        impl One for $id {
            fn take<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self> {
                let at = r.at();
                take_number(r)?
                    .and_then(Self::new)
                    .ok_or_else(|| wrong(r, at, key, "an integer from 1 to 2^53"))
            }

            fn put(&self, w: &mut dyn Writer) {
                w.uint(self.get());
            }
        }
    )*};
}

ids! { SessionId SubscriptionId RegistrationId }

impl One for ByteString {
    fn take<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self> {
        let at = r.at();
        r.string()?.ok_or_else(|| wrong(r, at, key, "a string"))
    }

    fn put(&self, w: &mut dyn Writer) {
        w.str(self);
    }
}

impl One for Uri {
    fn take<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self> {
        ByteString::take(r, key).map(Self::from)
    }

    fn put(&self, w: &mut dyn Writer) {
        w.str(self.as_str());
    }
}

impl One for List {
    fn take<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self> {
        let at = r.at();
        match r.next()? {
            Token::List(items) => values::read_list(r, items),
            _ => Err(wrong(r, at, key, "a list")),
        }
    }

    fn put(&self, w: &mut dyn Writer) {
        values::write_list(w, self, 2);
    }
}

macro_rules! lists {
    ($($item:ty)*) => {$(
        impl One for Vec<$item> {
            fn take<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self> {
                take_list(r, key)
            }

            fn put(&self, w: &mut dyn Writer) {
                put_list(self, w);
            }
        }
    )*};
}

lists! { SessionId ByteString }

fn take_list<T: One>(r: &mut dyn Reader<'_>, key: &'static str) -> Result<Vec<T>> {
    let at = r.at();
    let Token::List(mut items) = r.next()? else {
        return Err(wrong(r, at, key, "a list"));
    };
    let mut list = Vec::new();
    while r.more(&mut items)? {
        let item = T::take(r, key)?;
        allowance::push(r, &mut list, items.left, item)?;
    }
    Ok(list)
}

fn put_list<T: One>(list: &[T], w: &mut dyn Writer) {
    w.begin_list(list.len());
    for item in list {
        item.put(w);
    }
    w.end_list();
}

impl Field for Vec<ByteString> {
    fn read<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self> {
        take_list(r, key)
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn write(&self, w: &mut dyn Writer) {
        put_list(self, w);
    }
}

impl Field for Dict {
    fn read<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self> {
        let at = r.at();
        match r.next()? {
            Token::Dict(items) => values::read_dict(r, items),
            _ => Err(wrong(r, at, key, "a dictionary")),
        }
    }

    fn is_absent(&self) -> bool {
        self.is_empty()
    }

    fn write(&self, w: &mut dyn Writer) {
        values::write_dict(w, self, 2);
    }
}

/// One of a few words.
fn take_word<'b, T>(
    r: &mut dyn Reader<'b>,
    key: &'static str,
    from_name: impl FnOnce(&str) -> Option<T>,
) -> Result<T> {
    let at = r.at();
    let word = ByteString::take(r, key)?;
    from_name(&word).ok_or_else(|| r.error_at(at, DecodeErrorKind::InvalidValue(key)))
}

impl Field for MatchPolicy {
    fn read<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self> {
        take_word(r, key, Self::from_name)
    }

    fn is_absent(&self) -> bool {
        *self == Self::default()
    }

    fn write(&self, w: &mut dyn Writer) {
        w.str(self.name());
    }
}

impl Field for InvocationPolicy {
    fn read<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self> {
        take_word(r, key, Self::from_name)
    }

    fn is_absent(&self) -> bool {
        *self == Self::default()
    }

    fn write(&self, w: &mut dyn Writer) {
        w.str(self.name());
    }
}

impl One for CancelMode {
    fn take<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self> {
        take_word(r, key, |word| match word {
            // Old versions of Autobahn say so for what is now our default.
            "abort" => Some(Self::KillNoWait),
            word => Self::from_name(word),
        })
    }

    fn put(&self, w: &mut dyn Writer) {
        w.str(self.name());
    }
}

/// Text that has to be one of these words, or to begin with `x_`.
pub(super) fn read_known(
    r: &mut dyn Reader<'_>,
    key: &'static str,
    words: &[&str],
) -> Result<Option<ByteString>> {
    let at = r.at();
    let word = ByteString::take(r, key)?;
    if words.contains(&&*word) || word.starts_with("x_") {
        Ok(Some(word))
    } else {
        Err(r.error_at(at, DecodeErrorKind::InvalidValue(key)))
    }
}

impl Field for Roles {
    fn read<'b>(r: &mut dyn Reader<'b>, key: &'static str) -> Result<Self> {
        let at = r.at();
        let Token::Dict(mut items) = r.next()? else {
            return Err(wrong(r, at, key, "a dictionary"));
        };
        let mut roles = Self::NONE;
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

    fn is_absent(&self) -> bool {
        *self == Self::NONE
    }

    fn write(&self, w: &mut dyn Writer) {
        /// Subscriber before publisher, as in the examples of the specification.
        const WRITTEN: [Role; Role::COUNT] = [
            Role::Subscriber,
            Role::Publisher,
            Role::Caller,
            Role::Callee,
            Role::Broker,
            Role::Dealer,
        ];
        w.begin_dict(self.iter().count());
        for role in WRITTEN {
            if let Some(features) = self.get(role) {
                w.key(role.name());
                write_role(w, features);
            }
        }
        w.end_dict();
    }
}

/// The dictionary of one role: `features`, and whatever else some put beside it.
fn read_role(r: &mut dyn Reader<'_>, key: &'static str) -> Result<Features> {
    let at = r.at();
    let Token::Dict(mut items) = r.next()? else {
        return Err(wrong(r, at, key, "a dictionary of dictionaries"));
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
        return Err(wrong(r, at, key, "dictionaries with a dictionary of features"));
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
