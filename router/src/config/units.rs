//! Durations, sizes and paths as a configuration writes them: `"10s"`, `"64KiB"`, `"folder/file.pem"`.
//!
//! [`duration`], [`optional_duration`], [`size`] and [`optional_size`] stand in `#[serde(with = "units::duration")]`, which
//! serves the JSON Schema too; [`path`] stands in `#[schemars(with = "units::path")]` and so tells the loader which
//! texts are paths, relative to the folder of the file they are written in.
//!
//! ```
//! use wamplex_router::config::units;
//! use serde::Deserialize;
//! use std::{path::PathBuf, time::Duration};
//!
//! #[derive(Deserialize, schemars::JsonSchema)]
//! struct Limits {
//!     #[serde(with = "units::duration")]
//!     hello: Duration,
//!     #[serde(with = "units::size")]
//!     message: usize,
//!     #[schemars(with = "Option<units::path>")]
//!     folder: Option<PathBuf>,
//! }
//! let limits: Limits = toml::from_str("hello = '1m 30s'\nmessage = '64KiB'").unwrap();
//! assert_eq!((limits.hello, limits.message), (Duration::from_secs(90), 65_536));
//! ```

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserializer, Serializer,
    de::{Error, Visitor},
};
use std::{borrow::Cow, fmt, time::Duration};

/// What the schema calls the kind of a text, for the loader to check it and for the example to show one.
pub(super) const KIND: &str = "x-kind";

/// What is expected of a duration, in error messages.
pub(super) const A_DURATION: &str = "a duration like \"10s\"";

/// What is expected of a duration that can be absent, in error messages.
pub(super) const A_DURATION_OR_OFF: &str = "a duration like \"10s\", or \"off\"";

/// What is expected of a size, in error messages.
pub(super) const A_SIZE: &str = "a size like \"64KiB\", or a number of bytes";

/// What is expected of a size that can be absent, in error messages.
pub(super) const A_SIZE_OR_OFF: &str = "a size like \"64KiB\", a number of bytes, or \"off\"";

/// What is expected of a network, in error messages.
pub(super) const A_NETWORK: &str = "an IP address, or a network such as \"10.0.0.0/8\"";

/// The word for a limit or a time that is not wanted.
const OFF: &str = "off";

const DURATION_PATTERN: &str = "^([0-9]+ ?(ns|us|ms|s|m|h|d) ?)+$";
const OPTIONAL_DURATION_PATTERN: &str = "^(off|([0-9]+ ?(ns|us|ms|s|m|h|d) ?)+)$";
const SIZE_PATTERN: &str = "^[0-9]+ ?(B|kB|MB|GB|KiB|MiB|GiB)$";
const OPTIONAL_SIZE_PATTERN: &str = "^(off|[0-9]+ ?(B|kB|MB|GB|KiB|MiB|GiB))$";

/// The units of durations, the longest first, in nanoseconds.
const DURATION_UNITS: [(&str, u64); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// The units of sizes in bytes; those that sizes are written in come first, the largest first.
const SIZE_UNITS: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
];

/// A [`Duration`], written like `"500ms"`, `"10s"` or `"1h 30m"`.
///
/// The units are `ns`, `us`, `ms`, `s`, `m` (minutes), `h` and `d`, each with a whole number.
#[derive(Clone, Copy, Debug)]
#[allow(non_camel_case_types, reason = "stands where serde expects the name of a module")]
pub struct duration;

/// An `Option<Duration>`: like [`duration`], or `"off"` for `None`.
#[derive(Clone, Copy, Debug)]
#[allow(non_camel_case_types, reason = "stands where serde expects the name of a module")]
pub struct optional_duration;

/// A number of bytes of any unsigned integer type, written like `"512B"`, `"64KiB"`, `"1MiB"`, `"10MB"`, or as a number.
#[derive(Clone, Copy, Debug)]
#[allow(non_camel_case_types, reason = "stands where serde expects the name of a module")]
pub struct size;

/// Like [`size`] in an `Option`, or `"off"` for `None`.
#[derive(Clone, Copy, Debug)]
#[allow(non_camel_case_types, reason = "stands where serde expects the name of a module")]
pub struct optional_size;

/// The schema of a path of the file system: the loader makes it relative to the folder of the configuration file.
#[derive(Clone, Copy, Debug)]
#[allow(non_camel_case_types, reason = "stands beside the units, which are named as modules are")]
pub struct path;

/// The schema of an IP address, or of a network such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug)]
#[allow(non_camel_case_types, reason = "stands beside the units, which are named as modules are")]
pub struct network;

impl duration {
    /// Writes a duration as this module reads it.
    ///
    /// # Errors
    /// The serializer refuses text.
    pub fn serialize<S: Serializer>(value: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&write_duration(*value))
    }

    /// Reads a duration.
    ///
    /// # Errors
    /// It is no text, or no duration.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let read = Read { expected: A_DURATION, parse: parse_duration, number: |_| None };
        deserializer.deserialize_str(read)
    }
}

impl optional_duration {
    /// Writes a duration as this module reads it.
    ///
    /// # Errors
    /// The serializer refuses text.
    #[allow(clippy::ref_option, reason = "the signature that serde calls")]
    pub fn serialize<S: Serializer>(
        value: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => duration::serialize(value, serializer),
            None => serializer.serialize_str(OFF),
        }
    }

    /// Reads a duration, or `"off"`.
    ///
    /// # Errors
    /// It is no text, or neither.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        let parse = |text: &str| or_off(text, parse_duration);
        deserializer.deserialize_str(Read { expected: A_DURATION_OR_OFF, parse, number: |_| None })
    }
}

impl size {
    /// Writes a size as this module reads it.
    ///
    /// # Errors
    /// The serializer refuses text.
    pub fn serialize<T, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Copy + TryInto<u64>,
    {
        // A size that does not fit is larger than all memory: it says the same as the largest one.
        serializer.collect_str(&write_size((*value).try_into().unwrap_or(u64::MAX)))
    }

    /// Reads a size.
    ///
    /// # Errors
    /// It is no size, or does not fit.
    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: TryFrom<u64>,
        D: Deserializer<'de>,
    {
        let parse = |text: &str| parse_size(text)?.try_into().ok();
        deserializer.deserialize_any(Read {
            expected: A_SIZE,
            parse,
            number: |n: u64| n.try_into().ok(),
        })
    }
}

impl optional_size {
    /// Writes a size as this module reads it.
    ///
    /// # Errors
    /// The serializer refuses text.
    #[allow(clippy::ref_option, reason = "the signature that serde calls")]
    pub fn serialize<T, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: Copy + TryInto<u64>,
    {
        match value {
            Some(value) => size::serialize(value, serializer),
            None => serializer.serialize_str(OFF),
        }
    }

    /// Reads a size, or `"off"`.
    ///
    /// # Errors
    /// It is neither, or does not fit.
    pub fn deserialize<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
    where
        T: TryFrom<u64>,
        D: Deserializer<'de>,
    {
        let parse = |text: &str| or_off(text, |text| parse_size(text)?.try_into().ok());
        let number = |n: u64| Some(Some(n.try_into().ok()?));
        deserializer.deserialize_any(Read { expected: A_SIZE_OR_OFF, parse, number })
    }
}

/// Reads a duration; `None` if it is none.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut nanos: u64 = 0;
    loop {
        let (number, after) = number(rest)?;
        let end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        nanos = nanos.checked_add(number.checked_mul(unit_of(&DURATION_UNITS, unit)?)?)?;
        rest = after.trim_start();
        if rest.is_empty() {
            return Some(Duration::from_nanos(nanos));
        }
    }
}

/// Reads a size in bytes; `None` if it is none.
pub(super) fn parse_size(text: &str) -> Option<u64> {
    let (number, unit) = number(text.trim())?;
    number.checked_mul(unit_of(&SIZE_UNITS, unit)?)
}

/// Reads a text that is no configuration key but an argument: a size with its unit, or a number of bytes.
///
/// ```
/// use wamplex_router::config::units::size_from_text;
/// assert_eq!(size_from_text("64KiB"), Some(65_536));
/// assert_eq!(size_from_text("1000"), Some(1000));
/// assert_eq!(size_from_text("many"), None);
/// ```
#[must_use]
pub fn size_from_text(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| parse_size(text))
}

pub(super) fn is_network(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok() || text.parse::<ipnet::IpNet>().is_ok()
}

pub(super) fn or_off<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<Option<T>> {
    if text.trim() == OFF { Some(None) } else { parse(text).map(Some) }
}

/// The number a text begins with, and what comes after it and its space.
fn number(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, after) = text.split_at(end);
    Some((digits.parse().ok()?, after.strip_prefix(' ').unwrap_or(after)))
}

fn unit_of(units: &[(&str, u64)], name: &str) -> Option<u64> {
    units.iter().find(|(unit, _)| *unit == name).map(|(_, worth)| *worth)
}

pub(super) fn write_duration(value: Duration) -> String {
    let mut rest = u64::try_from(value.as_nanos()).unwrap_or(u64::MAX);
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut parts = Vec::new();
    for (unit, worth) in DURATION_UNITS {
        if rest >= worth {
            parts.push(format!("{}{unit}", rest / worth));
            rest %= worth;
        }
    }
    parts.join(" ")
}

pub(super) fn write_size(value: u64) -> String {
    let exact =
        SIZE_UNITS.iter().find(|(_, worth)| value >= *worth && value.is_multiple_of(*worth));
    exact.map_or_else(|| format!("{value}B"), |(unit, worth)| format!("{}{unit}", value / worth))
}

/// Reads a text, or a number if `number` takes it.
struct Read<P, N> {
    expected: &'static str,
    parse: P,
    number: N,
}

impl<T, P: Fn(&str) -> Option<T>, N: Fn(u64) -> Option<T>> Visitor<'_> for Read<P, N> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text)
            .ok_or_else(|| E::custom(format_args!("expected {}, found {text:?}", self.expected)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        (self.number)(value)
            .ok_or_else(|| E::custom(format_args!("expected {}, found {value}", self.expected)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        let found = u64::try_from(value).ok().and_then(self.number);
        found.ok_or_else(|| E::custom(format_args!("expected {}, found {value}", self.expected)))
    }
}

/// Implements [`JsonSchema`] for a kind of text, in place and not by reference.
macro_rules! kind {
    ($name:ident, $kind:literal, $schema:tt) => {
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let mut schema = json_schema!($schema);
                schema.insert(KIND.to_owned(), $kind.into());
                schema
            }
        }
    };
}

kind!(duration, "duration", { "type": "string", "pattern": DURATION_PATTERN });
kind!(optional_duration, "optional duration", {
    "type": "string",
    "pattern": OPTIONAL_DURATION_PATTERN,
});
kind!(size, "size", { "type": ["string", "integer"], "pattern": SIZE_PATTERN, "minimum": 0 });
kind!(optional_size, "optional size", {
    "type": ["string", "integer"],
    "pattern": OPTIONAL_SIZE_PATTERN,
    "minimum": 0,
});
kind!(network, "network", { "type": "string", "examples": ["10.0.0.0/8"] });
kind!(path, "path", { "type": "string", "minLength": 1 });

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
    #[serde(default, deny_unknown_fields)]
    struct Units {
        #[serde(with = "duration")]
        time: Duration,
        #[serde(with = "optional_duration")]
        pause: Option<Duration>,
        #[serde(with = "size")]
        size: u16,
        #[serde(with = "optional_size")]
        limit: Option<usize>,
    }

    impl Default for Units {
        fn default() -> Self {
            Self { time: Duration::from_secs(90), pause: None, size: 1024, limit: Some(1 << 20) }
        }
    }

    fn read(text: &str) -> Result<Units, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
    }

    #[test]
    fn durations_have_a_unit() {
        for (text, expected) in [
            ("0s", Some(0)),
            ("1us", Some(1)),
            ("500ms", Some(500_000)),
            ("10s", Some(10_000_000)),
            ("10 s", Some(10_000_000)),
            ("1h 30m", Some(5_400_000_000)),
            ("1h30m", Some(5_400_000_000)),
            ("2d", Some(172_800_000_000)),
            ("10", None),
            ("s", None),
            ("", None),
            ("1.5s", None),
            ("-1s", None),
            ("1M", None),
            ("10 seconds", None),
            ("10s,", None),
            ("99999999999999999999s", None),
            ("9999999999999h", None),
        ] {
            assert_eq!(parse_duration(text), expected.map(Duration::from_micros), "{text}");
        }
    }

    #[test]
    fn sizes_have_a_unit_or_are_bytes() {
        for (text, expected) in [
            ("0B", Some(0)),
            ("512B", Some(512)),
            ("64KiB", Some(65_536)),
            ("64 KiB", Some(65_536)),
            ("1MiB", Some(1 << 20)),
            ("2GiB", Some(2 << 30)),
            ("10kB", Some(10_000)),
            ("1MB", Some(1_000_000)),
            ("1GB", Some(1_000_000_000)),
            ("64", None),
            ("64K", None),
            ("64kib", None),
            ("-1B", None),
            ("18446744073709551615GiB", None),
        ] {
            assert_eq!(parse_size(text), expected, "{text}");
        }
        assert_eq!(read("size = 12").unwrap().size, 12);
    }

    #[test]
    fn what_is_written_reads_the_same() {
        for nanos in [0, 1, 999, 1_000, 1_500_000_000, 90_000_000_000, 86_400_000_000_001] {
            let value = Duration::from_nanos(nanos);
            assert_eq!(parse_duration(&write_duration(value)), Some(value));
        }
        for bytes in [0, 1, 1000, 1023, 1024, 1025, 65_536, 1 << 20, 3 << 30, u64::MAX] {
            assert_eq!(parse_size(&write_size(bytes)), Some(bytes));
        }
        let text = toml::to_string(&Units::default()).unwrap();
        let expected = "time = \"1m 30s\"\npause = \"off\"\nsize = \"1KiB\"\nlimit = \"1MiB\"\n";
        assert_eq!(text, expected);
        assert_eq!(read(&text).unwrap(), Units::default());
        assert_eq!(read("limit = 'off'").unwrap().limit, None);
        assert_eq!(read("pause = '5s'").unwrap().pause, Some(Duration::from_secs(5)));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, expected) in [
            ("time = 'soon'", r#"expected a duration like "10s", found "soon""#),
            ("time = 10", r#"expected a duration like "10s", found 10"#),
            ("pause = 'never'", r#"expected a duration like "10s", or "off", found "never""#),
            (
                "size = '1MiB'",
                r#"expected a size like "64KiB", or a number of bytes, found "1MiB""#,
            ),
            ("size = -1", r#"expected a size like "64KiB", or a number of bytes, found -1"#),
            (
                "limit = 'x'",
                r#"expected a size like "64KiB", a number of bytes, or "off", found "x""#,
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), expected, "{text}");
        }
    }

    #[test]
    fn the_schema_has_pattern_kind_and_default() {
        let schema = schemars::schema_for!(Units);
        let time = &schema.as_value()["properties"]["time"];
        assert_eq!(time["type"], "string");
        assert_eq!(time[KIND], "duration");
        assert_eq!(time["default"], "1m 30s");
        assert_eq!(schema.as_value()["properties"]["pause"]["default"], "off");
        assert_eq!(schema.as_value()["properties"]["limit"]["default"], "1MiB");
    }
}
