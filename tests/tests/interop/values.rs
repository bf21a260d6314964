//! Values that have to survive, in the notation of the line protocol, and how they compare.

use crate::peer::Peer;
use serde_json::{Map, Value, json};

/// What may be asked of a value between two peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Any,
    /// An integer beyond 2^53.
    Wide,
    /// A float without a fraction.
    Whole,
}

fn all() -> Vec<(Kind, Value)> {
    let text = "grüße 你好 🎉 \"quoted\" \\ / \n\t\u{7f} \u{1} \u{2028}";
    let deep = (0..24).fold(json!("bottom"), |inside, _| json!({"down": [inside]}));
    let any = [
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(-1),
        json!(23),
        json!(24),
        json!(127),
        json!(128),
        json!(255),
        json!(256),
        json!(-32),
        json!(-33),
        json!(-128),
        json!(-129),
        json!(65_535),
        json!(65_536),
        json!(-32_769),
        json!(4_294_967_295_u64),
        json!(4_294_967_296_u64),
        json!(-4_294_967_297_i64),
        json!(9_007_199_254_740_991_i64),
        json!(-9_007_199_254_740_991_i64),
        json!(0.5),
        json!(-1.5),
        json!(1.1),
        json!(std::f64::consts::PI),
        json!(1e300),
        json!(5e-324),
        json!(""),
        json!("ascii"),
        json!(text),
        json!("x".repeat(300)),
        json!("ü".repeat(40_000)),
        json!({"$bytes": ""}),
        json!({"$bytes": "AAECf4D+/w=="}),
        json!({"$bytes": "QUJD".repeat(20_000)}),
        json!([]),
        json!({}),
        json!([[], {}, [[1, [-2, [3.5]]]], {"a": {"b": [null, {"c": {"$bytes": "/w=="}}]}}]),
        json!({"": 1, "schlüssel 鍵": text, "a.b": {"c d": []}}),
        json!(vec![7; 1_000]),
        deep,
    ];
    let wide = [
        "9007199254740993",
        "-9007199254740993",
        "9223372036854775807",
        "-9223372036854775808",
        "18446744073709551615",
    ];
    let whole = [json!(1.0), json!(-3.0), json!(1e21)];
    any.into_iter()
        .map(|value| (Kind::Any, value))
        .chain(wide.into_iter().map(|digits| (Kind::Wide, json!({"$int": digits}))))
        .chain(whole.into_iter().map(|value| (Kind::Whole, value)))
        .collect()
}

/// The values that `from` can send.
pub(crate) fn sendable(from: &Peer) -> Vec<Value> {
    let wide = from.library.writes_wide.contains(&from.serializer);
    all()
        .into_iter()
        .filter(|(kind, _)| *kind != Kind::Wide || wide)
        .map(|(_, value)| value)
        .collect()
}

/// Says what is wrong with `got`, if it is not `sent` as far as the peers it went through allow.
///
/// `path` is the peers that read and perhaps wrote it, the sender first.
pub(crate) fn differences(path: &[&Peer], sent: &[Value], got: &[Value]) -> Vec<String> {
    let readers = &path[1..];
    let exact = readers.iter().all(|peer| peer.library.reads_wide.contains(&peer.serializer));
    let kinds = path.iter().all(|peer| peer.library.has_whole_floats);
    let compare = Compare { exact, kinds };
    let mut differences: Vec<_> = sent
        .iter()
        .zip(got)
        .filter(|(sent, got)| !compare.same(sent, got))
        .map(|(sent, got)| format!("{} became {}", short(sent), short(got)))
        .collect();
    if sent.len() != got.len() {
        differences.push(format!("{} values became {}", sent.len(), got.len()));
    }
    differences
}

struct Compare {
    /// Integers beyond 2^53 keep every digit.
    exact: bool,
    /// A float stays a float when it has no fraction.
    kinds: bool,
}

impl Compare {
    fn same(&self, sent: &Value, got: &Value) -> bool {
        match (sent, got) {
            (Value::Array(sent), Value::Array(got)) => {
                sent.len() == got.len()
                    && sent.iter().zip(got).all(|(sent, got)| self.same(sent, got))
            }
            (Value::Object(a), Value::Object(b)) if !is_tagged(a) && !is_tagged(b) => {
                a.len() == b.len()
                    && a.iter()
                        .all(|(key, sent)| b.get(key).is_some_and(|got| self.same(sent, got)))
            }
            _ => match (Number::of(sent), Number::of(got)) {
                (Some(sent), Some(got)) => self.same_number(sent, got),
                _ => sent == got,
            },
        }
    }

    fn same_number(&self, sent: Number, got: Number) -> bool {
        match (sent, got) {
            (Number::Float(sent), Number::Float(got)) => sent == got,
            (Number::Integer(sent), Number::Integer(got)) if self.exact => sent == got,
            (Number::Float(_), Number::Integer(_)) if self.kinds => false,
            (sent, got) => sent.rounded() == got.rounded(),
        }
    }
}

#[derive(Clone, Copy)]
enum Number {
    Integer(i128),
    Float(f64),
}

impl Number {
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => {
                let integer =
                    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
                integer.map(Self::Integer).or_else(|| number.as_f64().map(Self::Float))
            }
            Value::Object(tagged) => tagged.get("$int")?.as_str()?.parse().ok().map(Self::Integer),
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) => None,
        }
    }

    fn rounded(self) -> f64 {
        match self {
            // Rounding is what this is for.
            #[expect(clippy::cast_precision_loss)]
            Self::Integer(integer) => integer as f64,
            Self::Float(float) => float,
        }
    }
}

fn is_tagged(map: &Map<String, Value>) -> bool {
    map.contains_key("$int") || map.contains_key("$bytes")
}

/// A value for people.
fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 80 { text } else { text.chars().take(80).chain(['…']).collect() }
}
