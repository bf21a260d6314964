//! Options and details: one table per message says which key is which field.

use super::{
    fields::{Field, read_known},
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

/// The options or details of a message: implemented for their structs in [`message`](crate::message), and for nothing
/// else.
#[expect(private_bounds, reason = "sealed: only the tables below make something options")]
pub trait Options: Table {}

/// Predefined keys and the fields they stand for.
pub(super) trait Group: Default {
    /// How many keys there are.
    const LEN: usize;

    /// The place of a key in the table; `None` if it is not predefined.
    fn position(key: &str) -> Option<usize>;

    /// Reads the value of a key into its field; `false` without reading if the key is not predefined.
    fn read_key<'b>(&mut self, key: &str, r: &mut dyn Reader<'b>) -> Result<bool>;

    /// How many keys are written.
    fn count(&self) -> usize;

    fn write(&self, w: &mut dyn Writer);
}

/// A whole dictionary: predefined keys and the rest.
pub(super) trait Table: Group {
    /// Its name in errors.
    const NAME: &'static str;

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
    let at = r.at();
    let Token::Dict(mut items) = r.next()? else {
        return Err(r.error_at(at, DecodeErrorKind::WrongType(O::NAME, "a dictionary")));
    };
    // No options at all is the rule, so that is found out before anything else.
    let options = if r.more(&mut items)? { read_entries(r.as_dyn(), items)? } else { O::default() };
    match options.missing_key() {
        None => Ok(options),
        Some(key) => Err(r.error_at(at, DecodeErrorKind::MissingKey(key))),
    }
}

/// Reads the entries of options, of which there is at least one.
fn read_entries<'b, O: Options>(r: &mut dyn Reader<'b>, mut items: Items) -> Result<O> {
    let at = r.end();
    let (mut options, mut custom, mut seen) = (O::default(), Vec::new(), 0_u64);
    loop {
        let at = r.at();
        let key = read_key(r)?;
        if let Some(index) = O::position(&key) {
            // No table has as many as 64 keys.
            if seen & (1 << index) != 0 {
                return Err(r.error_at(at, DecodeErrorKind::DuplicateKey));
            }
            seen |= 1 << index;
            // Clients in the field write the options that nobody set as null or undefined.
            if !r.skip_nothing()? {
                options.read_key(&key, r)?;
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
    Ok(options)
}

/// Writes a dictionary of options.
pub(super) fn write_options<O: Options>(w: &mut dyn Writer, options: &O) {
    // An application's own key may not stand in for a predefined one, which has a field.
    let custom = || options.custom().iter().filter(|(key, _)| O::position(key).is_none());
    w.begin_dict(options.count() + custom().count());
    options.write(w);
    for (key, value) in custom() {
        w.key(key);
        values::write_value(w, value, 2);
    }
    w.end_dict();
}

/// `one` is a key with a field of its own, `word` one with a few predefined values, `all` a boxed group of keys.
macro_rules! group {
    ($type:ty, $prefix:literal: $($kind:ident $args:tt;)*) => {
        impl Group for $type {
            const LEN: usize = 0 $(+ group!(@len $kind $args))*;

            fn position(key: &str) -> Option<usize> {
                let mut place = 0;
                $(group!(@position $kind $args key place);)*
                let _ = place;
                None
            }

            fn read_key<'b>(&mut self, key: &str, r: &mut dyn Reader<'b>) -> Result<bool> {
                $(group!(@read $kind $args self key r $prefix);)*
                Ok(false)
            }

            fn count(&self) -> usize {
                0 $(+ group!(@count $kind $args self))*
            }

            fn write(&self, w: &mut dyn Writer) {
                $(group!(@write $kind $args self w);)*
            }
        }
    };

    (@len one $args:tt) => { 1 };
    (@len word $args:tt) => { 1 };
    (@len all($field:ident, $group:ty)) => { <$group>::LEN };

    (@position one($key:literal, $field:ident) $k:ident $place:ident) => {
        if $k == $key {
            return Some($place);
        }
        $place += 1;
    };
    (@position word($key:literal, $field:ident, $words:ident) $k:ident $place:ident) => {
        group!(@position one($key, $field) $k $place)
    };
    (@position all($field:ident, $group:ty) $k:ident $place:ident) => {
        if let Some(inner) = <$group>::position($k) {
            return Some($place + inner);
        }
        $place += <$group>::LEN;
    };

    (@read one($key:literal, $field:ident) $self:ident $k:ident $r:ident $prefix:literal) => {
        if $k == $key {
            $self.$field = Field::read($r, concat!($prefix, $key))?;
            return Ok(true);
        }
    };
    (@read word($key:literal, $field:ident, $words:ident) $self:ident $k:ident $r:ident $prefix:literal) => {
        if $k == $key {
            $self.$field = read_known($r, concat!($prefix, $key), $words)?;
            return Ok(true);
        }
    };
    (@read all($field:ident, $group:ty) $self:ident $k:ident $r:ident $prefix:literal) => {
        if <$group>::position($k).is_some() {
            return $self.$field.get_or_insert_default().read_key($k, $r);
        }
    };

    (@count one($key:literal, $field:ident) $self:ident) => {
        usize::from(!$self.$field.is_absent())
    };
    (@count word($key:literal, $field:ident, $words:ident) $self:ident) => {
        usize::from(!$self.$field.is_absent())
    };
    (@count all($field:ident, $group:ty) $self:ident) => {
        $self.$field.as_deref().map_or(0, Group::count)
    };

    (@write one($key:literal, $field:ident) $self:ident $w:ident) => {
        if !$self.$field.is_absent() {
            $w.key($key);
            $self.$field.write($w);
        }
    };
    (@write word($key:literal, $field:ident, $words:ident) $self:ident $w:ident) => {
        group!(@write one($key, $field) $self $w)
    };
    (@write all($field:ident, $group:ty) $self:ident $w:ident) => {
        if let Some(group) = &$self.$field {
            group.write($w);
        }
    };
}

macro_rules! options {
    ($type:ty, $name:literal, $prefix:literal $(, requires $missing:ident)?: $($kind:ident $args:tt;)*) => {
        group! { $type, $prefix: $($kind $args;)* }

        impl Table for $type {
            const NAME: &'static str = $name;

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
