//! Decoded values, and the checks of payloads.

use super::{
    MAX_DEPTH, allowance,
    head::{Items, Reader, Result, Token, Writer, own, own_bytes, read_key},
};
use crate::{
    error::DecodeErrorKind,
    payload::PayloadShape,
    value::{Dict, List, Value},
};
use alloc::vec::Vec;
use bytestring::ByteString;

pub(super) const NO_ARGS: DecodeErrorKind = DecodeErrorKind::WrongType("Arguments", "a list");
pub(super) const NO_KWARGS: DecodeErrorKind =
    DecodeErrorKind::WrongType("ArgumentsKw", "a dictionary");

/// Reads the element that holds positional arguments and says what it is.
pub(super) fn check_args<'b>(r: &mut (impl Reader<'b> + ?Sized)) -> Result<PayloadShape> {
    let at = r.at();
    match r.next()? {
        Token::List(mut items) => {
            while r.more(&mut items)? {
                r.skip()?;
            }
            Ok(PayloadShape::Args)
        }
        Token::Bytes(_) => Ok(PayloadShape::Bare),
        _ => Err(r.error_at(at, NO_ARGS)),
    }
}

/// Reads the element that holds keyword arguments.
pub(super) fn check_kwargs<'b>(r: &mut (impl Reader<'b> + ?Sized)) -> Result<()> {
    let at = r.at();
    let Token::Dict(mut items) = r.next()? else {
        return Err(r.error_at(at, NO_KWARGS));
    };
    while r.more(&mut items)? {
        read_key(r)?;
        r.skip()?;
    }
    Ok(())
}

pub(super) fn read_value<'b>(r: &mut dyn Reader<'b>) -> Result<Value> {
    Ok(match r.next()? {
        Token::Null => Value::Null,
        Token::Bool(value) => Value::Bool(value),
        Token::Uint(value) => Value::from(value),
        Token::Nint(n) => match i64::try_from(n) {
            Ok(n) => Value::Int(-1 - n),
            Err(_) => Value::Float(-1.0 - n as f64),
        },
        Token::Float(value) => Value::Float(value),
        Token::Str(text) => Value::Str(own(r, text)),
        Token::Bytes(bytes) => Value::Bytes(own_bytes(r, bytes)),
        Token::List(items) => Value::List(read_list(r, items)?),
        Token::Dict(items) => Value::Dict(read_dict(r, items)?),
    })
}

pub(super) fn read_list<'b>(r: &mut dyn Reader<'b>, mut items: Items) -> Result<List> {
    let mut list = List::new();
    while r.more(&mut items)? {
        let value = read_value(r)?;
        allowance::push(r, &mut list, items.left, value)?;
    }
    Ok(list)
}

pub(super) fn read_dict<'b>(r: &mut dyn Reader<'b>, mut items: Items) -> Result<Dict> {
    let at = r.end();
    let mut entries = Vec::new();
    while r.more(&mut items)? {
        let key = read_key(r)?;
        let key = own(r, key);
        read_entry(r, &mut entries, key, items.left)?;
    }
    unique(r, at, entries)
}

/// Reads the value of an entry and keeps it.
pub(super) fn read_entry<'b>(
    r: &mut dyn Reader<'b>,
    entries: &mut Vec<(ByteString, Value)>,
    key: ByteString,
    left: Option<u64>,
) -> Result<()> {
    if entries.len() >= Dict::MAX_ENTRIES {
        return Err(r.error_at(r.end(), DecodeErrorKind::TooManyEntries));
    }
    let value = read_value(r)?;
    allowance::push(r, entries, left, (key, value))
}

/// Makes a dictionary of entries if no key stands twice.
pub(super) fn unique(
    r: &mut dyn Reader<'_>,
    at: usize,
    entries: Vec<(ByteString, Value)>,
) -> Result<Dict> {
    /// Up to here comparing each with each is quicker than sorting, and allocates nothing.
    const FEW: usize = 12;
    let twice = if entries.len() <= FEW {
        entries.iter().enumerate().any(|(i, (key, _))| entries[..i].iter().any(|(k, _)| k == key))
    } else {
        if !r.allowance().take(entries.len() * size_of::<&str>()) {
            return Err(r.error_at(at, DecodeErrorKind::TooManyEntries));
        }
        // Sorted rather than hashed: no sender can choose keys that make it slow. By insertion, since there are at
        // most a thousand, and the sort of the library is larger than all of this module.
        let mut sorted: Vec<&str> = Vec::with_capacity(entries.len());
        entries.iter().any(|(key, _)| {
            let place = sorted.binary_search(&&**key);
            if let Err(place) = place {
                sorted.insert(place, key);
            }
            place.is_ok()
        })
    };
    if twice {
        return Err(r.error_at(at, DecodeErrorKind::DuplicateKey));
    }
    Ok(Dict::from_unique(entries))
}

/// Writes a value that stands inside `depth` lists and dictionaries. What is nested too deeply for any receiver
/// becomes null.
pub(super) fn write_value(w: &mut dyn Writer, value: &Value, depth: usize) {
    match value {
        Value::Null => w.null(),
        Value::Bool(value) => w.bool(*value),
        Value::Int(value) => match u64::try_from(*value) {
            Ok(value) => w.uint(value),
            Err(_) => w.nint((-1 - *value).unsigned_abs()),
        },
        Value::UInt(value) => w.uint(*value),
        Value::Float(value) => w.float(*value),
        Value::Str(value) => w.str(value),
        Value::Bytes(value) => w.bytes(value),
        Value::List(_) | Value::Dict(_) if depth >= MAX_DEPTH => w.null(),
        Value::List(list) => write_list(w, list, depth),
        Value::Dict(dict) => write_dict(w, dict, depth),
    }
}

pub(super) fn write_list(w: &mut dyn Writer, list: &[Value], depth: usize) {
    w.begin_list(list.len());
    for value in list {
        write_value(w, value, depth + 1);
    }
    w.end_list();
}

pub(super) fn write_dict(w: &mut dyn Writer, dict: &Dict, depth: usize) {
    w.begin_dict(dict.len());
    for (key, value) in dict.iter() {
        w.key(key);
        write_value(w, value, depth + 1);
    }
    w.end_dict();
}
