//! Options and details: one table per message says which key is which field.

use super::{
    fields::{self, Field, Slot, View},
    head::{Items, Reader, Result, Token, Writer, own, read_key},
    values,
};
use crate::{
    error::DecodeErrorKind,
    message::{
        CallOptions, CancelOptions, CloseDetails, ErrorDetails, EventDetails, Filters,
        HelloDetails, InterruptOptions, InvocationDetails, Passthru, PublishOptions,
        RegisterOptions, ResultDetails, SubscribeOptions, UnregisteredDetails, UnsubscribedDetails,
        WelcomeDetails, YieldOptions,
    },
    roles::Role,
    value::Dict,
};
use alloc::vec::Vec;

/// The options or details of a message: implemented for their structs in [`message`](crate::message), and for nothing
/// else.
#[expect(private_bounds, reason = "sealed: only the tables below make something options")]
pub trait Options: Table + Default {}

/// A predefined key.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    /// The key behind the dictionary it stands in, for errors.
    name: &'static str,
    /// How long the part before the key is.
    prefix: usize,
}

impl Key {
    const fn new(name: &'static str, prefix: &'static str) -> Self {
        Self { name, prefix: prefix.len() }
    }

    fn key(&self) -> &'static str {
        self.name.get(self.prefix..).unwrap_or_default()
    }
}

/// Predefined keys and the fields they stand for.
pub(super) trait Group {
    /// The keys, in the order they are written.
    const KEYS: &'static [Key];

    /// Where the value of a key goes; `None` behind the end of the table.
    fn slot(&mut self, index: usize) -> Option<Slot<'_>>;

    /// What is written for a key.
    fn view(&self, index: usize) -> View<'_>;
}

/// A whole dictionary: predefined keys and the rest. Used behind a pointer, so that what reads and writes it is there
/// only once.
pub(super) trait Table {
    /// Its name in errors.
    fn name(&self) -> &'static str;

    /// The keys in the order they are written; those of a group together.
    fn keys(&self) -> &'static [&'static [Key]];

    /// Where the value of a key goes; the keys of all groups are counted through.
    fn slot(&mut self, index: usize) -> Option<Slot<'_>>;

    fn view(&self, index: usize) -> View<'_>;

    /// Whether there is nothing to write.
    fn is_empty(&self) -> bool;

    fn custom(&self) -> &Dict;

    fn set_custom(&mut self, custom: Dict);

    /// A key that must be there and is not.
    fn missing_key(&self) -> Option<&'static str> {
        None
    }
}

/// Reads a dictionary of options.
pub(super) fn read_options<'b, R, O>(r: &mut R) -> Result<O>
where
    R: Reader<'b> + ?Sized,
    O: Options,
{
    let mut options = O::default();
    // No options at all is the rule, so that is found out before anything else.
    if options.missing_key().is_some() || !r.usual_empty_dict() {
        read_into(r.as_dyn(), &mut options)?;
    }
    Ok(options)
}

fn read_into(r: &mut dyn Reader<'_>, options: &mut dyn Table) -> Result<()> {
    let at = r.at();
    let Token::Dict(mut items) = r.next()? else {
        return Err(r.error_at(at, DecodeErrorKind::WrongType(options.name(), "a dictionary")));
    };
    if r.more(&mut items)? {
        read_entries(r, items, options)?;
    }
    match options.missing_key() {
        None => Ok(()),
        Some(key) => Err(r.error_at(at, DecodeErrorKind::MissingKey(key))),
    }
}

/// Reads the entries of options, of which there is at least one.
fn read_entries(r: &mut dyn Reader<'_>, mut items: Items, options: &mut dyn Table) -> Result<()> {
    let at = r.end();
    let (mut custom, mut seen) = (Vec::new(), 0_u64);
    loop {
        let at = r.at();
        let key = read_key(r)?;
        if let Some((index, known)) = find(options, &key) {
            // No table has as many as 64 keys.
            if seen & (1 << index) != 0 {
                return Err(r.error_at(at, DecodeErrorKind::DuplicateKey));
            }
            seen |= 1 << index;
            // Clients in the field write the options that nobody set as null or undefined.
            if !r.skip_nothing()?
                && let Some(slot) = options.slot(index)
            {
                fields::read(r, known.name, slot)?;
            }
        } else {
            let key = own(r, key);
            values::read_entry(r, &mut custom, key, items.left)?;
        }
        if !r.more(&mut items)? {
            break;
        }
    }
    options.set_custom(values::unique(r, at, custom)?);
    Ok(())
}

/// A predefined key and its place.
fn find(options: &dyn Table, key: &str) -> Option<(usize, &'static Key)> {
    let has_length = |known: &Key| known.name.len() - known.prefix == key.len();
    let mut keys = options.keys().iter().copied().flatten().enumerate();
    keys.find(|(_, known)| has_length(known) && known.key() == key)
}

/// Writes a dictionary of options.
pub(super) fn write_options<O: Options>(w: &mut (impl Writer + ?Sized), options: &O) {
    // No options at all is the rule, so that is found out before anything else.
    if options.is_empty() {
        w.begin_dict(0);
        w.end_dict();
    } else {
        write_entries(w.as_dyn(), options);
    }
}

fn write_entries(w: &mut dyn Writer, options: &dyn Table) {
    let keys = || options.keys().iter().copied().flatten();
    let views = || keys().enumerate().map(|(index, known)| (known, options.view(index)));
    // An application's own key may not stand in for a predefined one, which has a field.
    let custom = || options.custom().iter().filter(|(key, _)| find(options, key).is_none());
    let known = views().filter(|(_, view)| !matches!(view, View::Absent)).count();
    w.begin_dict(known + custom().count());
    for (known, view) in views() {
        if !matches!(view, View::Absent) {
            w.key(known.key());
            fields::write(w, &view);
        }
    }
    for (key, value) in custom() {
        w.key(key);
        values::write_value(w, value, 2);
    }
    w.end_dict();
}

/// The places of keys in the order of the table. `one` is a key with a field of its own, `word` one with a few
/// predefined values, `all` a boxed group of keys.
macro_rules! places {
    (@keys $prefix:literal one($key:literal, $field:ident)) => {
        Key::new(concat!($prefix, $key), $prefix)
    };
    (@keys $prefix:literal word($key:literal, $field:ident, $words:ident)) => {
        Key::new(concat!($prefix, $key), $prefix)
    };
    (@list $prefix:literal one $args:tt) => { &[places!(@keys $prefix one $args)] };
    (@list $prefix:literal all($field:ident, $group:ty)) => { <$group>::KEYS };

    (@slot one($key:literal, $field:ident) $self:ident $left:ident) => {
        if $left == 0 {
            return Some(Field::slot(&mut $self.$field));
        }
        $left -= 1;
    };
    (@slot word($key:literal, $field:ident, $words:ident) $self:ident $left:ident) => {
        if $left == 0 {
            return Some(Slot::Known(&mut $self.$field, $words));
        }
        $left -= 1;
    };
    (@slot all($field:ident, $group:ty) $self:ident $left:ident) => {
        if $left < <$group>::KEYS.len() {
            return $self.$field.get_or_insert_default().slot($left);
        }
        $left -= <$group>::KEYS.len();
    };

    (@absent one($key:literal, $field:ident) $self:ident) => {
        matches!(Field::view(&$self.$field), View::Absent)
    };
    (@absent all($field:ident, $group:ty) $self:ident) => { $self.$field.is_none() };

    (@view one($key:literal, $field:ident) $self:ident $left:ident) => {
        if $left == 0 {
            return Field::view(&$self.$field);
        }
        $left -= 1;
    };
    (@view word($key:literal, $field:ident, $words:ident) $self:ident $left:ident) => {
        places!(@view one($key, $field) $self $left);
    };
    (@view all($field:ident, $group:ty) $self:ident $left:ident) => {
        if $left < <$group>::KEYS.len() {
            return $self.$field.as_deref().map_or(View::Absent, |group| group.view($left));
        }
        $left -= <$group>::KEYS.len();
    };
}

/// What is the same for groups and for whole dictionaries.
macro_rules! accessors {
    ($($kind:ident $args:tt;)*) => {
        fn slot(&mut self, index: usize) -> Option<Slot<'_>> {
            let mut left = index;
            $(places!(@slot $kind $args self left);)*
            let _ = left;
            None
        }

        fn view(&self, index: usize) -> View<'_> {
            let mut left = index;
            $(places!(@view $kind $args self left);)*
            let _ = left;
            View::Absent
        }
    };
}

macro_rules! group {
    ($type:ty, $prefix:literal: $($kind:ident $args:tt;)*) => {
        impl Group for $type {
            const KEYS: &'static [Key] = &[$(places!(@keys $prefix $kind $args),)*];

            accessors! { $($kind $args;)* }
        }
    };
}

macro_rules! options {
    ($type:ty, $name:literal, $prefix:literal $(, requires $missing:ident)?: $($kind:ident $args:tt;)*) => {
        impl Table for $type {
            fn name(&self) -> &'static str {
                $name
            }

            fn keys(&self) -> &'static [&'static [Key]] {
                const { &[$(places!(@list $prefix $kind $args),)*] }
            }

            accessors! { $($kind $args;)* }

            #[inline]
            fn is_empty(&self) -> bool {
                $(places!(@absent $kind $args self) &&)* self.custom.is_empty()
            }

            fn custom(&self) -> &Dict {
                &self.custom
            }

            fn set_custom(&mut self, custom: Dict) {
                self.custom = custom;
            }

            $(fn missing_key(&self) -> Option<&'static str> {
                $missing(self)
            })?
        }

        impl Options for $type {}
    };
}

const ALGORITHMS: &[&str] = &["cryptobox", "mqtt", "xbr"];
const SERIALIZERS: &[&str] = &["json", "msgpack", "cbor", "ubjson", "opaque", "flatbuffers"];

group! { Passthru, "":
    one("ppt_scheme", scheme);
    one("ppt_serializer", serializer);
    one("ppt_cipher", cipher);
    one("ppt_keyid", keyid);
    word("enc_algo", enc_algo, ALGORITHMS);
    word("enc_serializer", enc_serializer, SERIALIZERS);
    one("enc_key", enc_key);
}

group! { Filters, "PUBLISH.Options.":
    one("exclude", exclude);
    one("exclude_authid", exclude_authid);
    one("exclude_authrole", exclude_authrole);
    one("eligible", eligible);
    one("eligible_authid", eligible_authid);
    one("eligible_authrole", eligible_authrole);
}

options! { HelloDetails, "HELLO.Details", "HELLO.Details.", requires client_roles:
    one("roles", roles);
    one("agent", agent);
    one("authmethods", authmethods);
    one("authid", authid);
    one("authrole", authrole);
    one("authextra", authextra);
}

fn client_roles(details: &HelloDetails) -> Option<&'static str> {
    let roles = [Role::Publisher, Role::Subscriber, Role::Caller, Role::Callee];
    (!roles.into_iter().any(|role| details.roles.has(role))).then_some("HELLO.Details.roles")
}

options! { WelcomeDetails, "WELCOME.Details", "WELCOME.Details.", requires router_roles:
    one("roles", roles);
    one("agent", agent);
    one("realm", realm);
    one("authid", authid);
    one("authrole", authrole);
    one("authmethod", authmethod);
    one("authprovider", authprovider);
    one("authextra", authextra);
}

fn router_roles(details: &WelcomeDetails) -> Option<&'static str> {
    let roles = [Role::Broker, Role::Dealer];
    (!roles.into_iter().any(|role| details.roles.has(role))).then_some("WELCOME.Details.roles")
}

options! { CloseDetails, "Details", "Details.":
    one("message", message);
}

options! { ErrorDetails, "ERROR.Details", "ERROR.Details.":
    all(passthru, Passthru);
}

options! { PublishOptions, "PUBLISH.Options", "PUBLISH.Options.":
    one("acknowledge", acknowledge);
    one("exclude_me", exclude_me);
    all(filters, Filters);
    one("disclose_me", disclose_me);
    one("retain", retain);
    one("rkey", rkey);
    one("transaction_hash", transaction_hash);
    all(passthru, Passthru);
    one("forward_for", forward_for);
}

options! { SubscribeOptions, "SUBSCRIBE.Options", "SUBSCRIBE.Options.":
    one("match", match_policy);
    one("get_retained", get_retained);
    one("nkey", nkey);
    one("forward_for", forward_for);
}

options! { UnsubscribedDetails, "UNSUBSCRIBED.Details", "UNSUBSCRIBED.Details.":
    one("subscription", subscription);
    one("reason", reason);
}

options! { EventDetails, "EVENT.Details", "EVENT.Details.":
    one("topic", topic);
    one("publisher", publisher);
    one("publisher_authid", publisher_authid);
    one("publisher_authrole", publisher_authrole);
    one("trustlevel", trustlevel);
    one("retained", retained);
    one("transaction_hash", transaction_hash);
    one("x_acknowledged_delivery", acknowledged_delivery);
    one("forward_for", forward_for);
    all(passthru, Passthru);
}

options! { CallOptions, "CALL.Options", "CALL.Options.":
    one("receive_progress", receive_progress);
    one("progress", progress);
    one("timeout", timeout);
    one("disclose_me", disclose_me);
    one("rkey", rkey);
    one("runmode", runmode);
    one("transaction_hash", transaction_hash);
    all(passthru, Passthru);
    one("forward_for", forward_for);
}

options! { CancelOptions, "CANCEL.Options", "CANCEL.Options.":
    one("mode", mode);
}

options! { ResultDetails, "RESULT.Details", "RESULT.Details.":
    one("progress", progress);
    all(passthru, Passthru);
}

options! { RegisterOptions, "REGISTER.Options", "REGISTER.Options.":
    one("match", match_policy);
    one("invoke", invoke);
    one("disclose_caller", disclose_caller);
    one("forward_timeout", forward_timeout);
    one("concurrency", concurrency);
    one("force_reregister", force_reregister);
    one("forward_for", forward_for);
}

options! { UnregisteredDetails, "UNREGISTERED.Details", "UNREGISTERED.Details.":
    one("registration", registration);
    one("reason", reason);
}

options! { InvocationDetails, "INVOCATION.Details", "INVOCATION.Details.":
    one("procedure", procedure);
    one("receive_progress", receive_progress);
    one("progress", progress);
    one("timeout", timeout);
    one("caller", caller);
    one("caller_authid", caller_authid);
    one("caller_authrole", caller_authrole);
    one("trustlevel", trustlevel);
    one("transaction_hash", transaction_hash);
    one("forward_for", forward_for);
    all(passthru, Passthru);
}

options! { InterruptOptions, "INTERRUPT.Options", "INTERRUPT.Options.":
    one("mode", mode);
    one("reason", reason);
}

options! { YieldOptions, "YIELD.Options", "YIELD.Options.":
    one("progress", progress);
    all(passthru, Passthru);
}

#[cfg(test)]
mod tests {
    use crate::{
        codec::decode,
        message::{Message, SubscribeOptions},
        serializer::Serializer,
        uri::Uri,
    };

    #[test]
    fn an_option_that_is_null_or_undefined_counts_as_absent() {
        // [32, 7, {"match": ‹nothing›, "get_retained": ‹nothing›}, "com.x"]
        let in_msgpack = |nothing: &[u8]| {
            [b"\x94\x20\x07\x82\xa5match", nothing, b"\xacget_retained", nothing, b"\xa5com.x"]
                .concat()
        };
        let in_cbor = |nothing: &[u8]| {
            [b"\x84\x18\x20\x07\xa2\x65match", nothing, b"\x6cget_retained", nothing, b"\x65com.x"]
                .concat()
        };
        let cases = [
            (Serializer::Json, br#"[32,7,{"match" : null,"get_retained":null},"com.x"]"#.to_vec()),
            (Serializer::MsgPack, in_msgpack(&[0xc0])),
            (Serializer::MsgPack, in_msgpack(&[0xd4, 0, 0])),
            (Serializer::Cbor, in_cbor(&[0xf6])),
            (Serializer::Cbor, in_cbor(&[0xf7])),
        ];
        for (serializer, bytes) in cases {
            let Message::Subscribe(subscribe) = decode(serializer, &bytes.into()).unwrap() else {
                panic!("{serializer}")
            };
            assert_eq!(subscribe.options, SubscribeOptions::default(), "{serializer}");
            assert_eq!(subscribe.topic, Uri::new("com.x"), "{serializer}");
        }
    }
}
