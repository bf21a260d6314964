//! Values held against schemas.

use super::{Check, Condition, JsonSchema, Node, Span, Type};
use core::cell::Cell;
use wamplex_shared::value::Value;

impl Check for Node {
    fn check(&self, value: &Value) -> Result<(), String> {
        let steps = Cell::new(JsonSchema::STEPS);
        let checked = self.hold(value, &steps);
        if steps.get() == 0 {
            return Err(": too much to check".to_owned());
        }
        checked.map_err(|Misfit { path, why }| {
            let path: String = path.into_iter().rev().collect();
            format!("{path}: {why}")
        })
    }
}

/// Where a value does not fit, from the inside out, and why.
struct Misfit {
    path: Vec<String>,
    why: String,
}

impl From<String> for Misfit {
    fn from(why: String) -> Self {
        Self { path: Vec::new(), why }
    }
}

impl Misfit {
    fn within(mut self, step: String) -> Self {
        self.path.push(step);
        self
    }
}

impl Node {
    /// Recursion is as deep as the schema.
    fn hold(&self, value: &Value, steps: &Cell<u32>) -> Result<(), Misfit> {
        spend(steps, 1)?;
        self.0.iter().try_for_each(|condition| condition.hold(value, steps))
    }

    /// Whether the value fits. Says no once the steps are used up, which whoever began to count them notices.
    fn fits(&self, value: &Value, steps: &Cell<u32>) -> bool {
        self.hold(value, steps).is_ok()
    }
}

impl Condition {
    fn hold(&self, value: &Value, steps: &Cell<u32>) -> Result<(), Misfit> {
        let must = |holds: bool, why: &str| if holds { Ok(()) } else { Err(why.to_owned().into()) };
        match self {
            Self::Never => must(false, "nothing is allowed here"),
            Self::Types(types) => {
                let names = || types.iter().map(|t| t.name()).collect::<Vec<_>>().join(" or ");
                let fits = types.iter().any(|t| t.is_of(value));
                if fits { Ok(()) } else { Err(format!("expected {}", names()).into()) }
            }
            Self::Enum(values) => {
                spend(steps, values.len())?;
                must(values.iter().any(|v| same(v, value)), "none of the values that are allowed")
            }
            Self::Number(from, to) => match as_f64(value) {
                None => Ok(()),
                Some(n) => {
                    let high = from.is_none_or(|(min, out)| n > min || (!out && n >= min));
                    let low = to.is_none_or(|(max, out)| n < max || (!out && n <= max));
                    must(high, "the number is too small")?;
                    must(low, "the number is too large")
                }
            },
            Self::Length(span) => match length(value, steps)? {
                Some(length) => must(span.has(length), "the length is not allowed"),
                None => Ok(()),
            },
            Self::ItemCount(span) => match value.as_list() {
                Some(list) => must(span.has(list.len()), "the number of items is not allowed"),
                None => Ok(()),
            },
            Self::PropertyCount(span) => match value.as_dict() {
                Some(dict) => must(span.has(dict.len()), "the number of properties is not allowed"),
                None => Ok(()),
            },
            Self::Items { first, rest } => hold_items(first, rest.as_ref(), value, steps),
            Self::Required(names) => hold_required(names, value, steps),
            Self::Properties { named, rest } => hold_properties(named, rest.as_ref(), value, steps),
            Self::All(nodes) => nodes.iter().try_for_each(|node| node.hold(value, steps)),
            Self::Any(nodes) => must(
                nodes.iter().any(|node| node.fits(value, steps)),
                "fits none of the alternatives",
            ),
            Self::One(nodes) => {
                let fitting = nodes.iter().filter(|node| node.fits(value, steps)).count();
                must(fitting == 1, "does not fit exactly one of the alternatives")
            }
            Self::Not(node) => must(!node.fits(value, steps), "fits what is excluded"),
        }
    }
}

/// The number of characters of a string, or of bytes.
fn length(value: &Value, steps: &Cell<u32>) -> Result<Option<usize>, Misfit> {
    if let Value::Bytes(bytes) = value {
        return Ok(Some(bytes.len()));
    }
    let Value::Str(text) = value else { return Ok(None) };
    spend(steps, text.len() / BYTES_PER_STEP)?;
    Ok(Some(text.chars().count()))
}

fn hold_required(names: &[String], value: &Value, steps: &Cell<u32>) -> Result<(), Misfit> {
    let Value::Dict(dict) = value else { return Ok(()) };
    spend(steps, names.len().saturating_mul(dict.len()))?;
    match names.iter().find(|name| dict.get(name).is_none()) {
        Some(name) => Err(format!("{name} is missing").into()),
        None => Ok(()),
    }
}

fn hold_items(
    first: &[Node],
    rest: Option<&Node>,
    value: &Value,
    steps: &Cell<u32>,
) -> Result<(), Misfit> {
    let Value::List(list) = value else { return Ok(()) };
    for (at, item) in list.iter().enumerate() {
        let Some(node) = first.get(at).or(rest) else { break };
        node.hold(item, steps).map_err(|misfit| misfit.within(format!("[{at}]")))?;
    }
    Ok(())
}

fn hold_properties(
    named: &[(String, Node)],
    rest: Option<&Node>,
    value: &Value,
    steps: &Cell<u32>,
) -> Result<(), Misfit> {
    let Value::Dict(dict) = value else { return Ok(()) };
    spend(steps, named.len().saturating_mul(dict.len()))?;
    for (key, property) in dict.iter() {
        let known = named.iter().find(|(name, _)| name == key).map(|(_, node)| node);
        let Some(node) = known.or(rest) else { continue };
        node.hold(property, steps).map_err(|misfit| misfit.within(format!(".{key}")))?;
    }
    Ok(())
}

/// About how many bytes can be counted in the time that a step takes.
const BYTES_PER_STEP: usize = 64;

/// Counts steps down to zero, and fails there.
fn spend(steps: &Cell<u32>, count: usize) -> Result<(), Misfit> {
    let left = u32::try_from(count).ok().and_then(|count| steps.get().checked_sub(count));
    steps.set(left.unwrap_or(0));
    if steps.get() == 0 { Err(String::new().into()) } else { Ok(()) }
}

impl Span {
    fn has(self, count: usize) -> bool {
        u64::try_from(count).is_ok_and(|count| (self.0..=self.1).contains(&count))
    }
}

impl Type {
    pub(super) const ALL: [Self; 7] = [
        Self::Null,
        Self::Boolean,
        Self::Integer,
        Self::Number,
        Self::String,
        Self::Array,
        Self::Object,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    fn is_of(self, value: &Value) -> bool {
        match value {
            Value::Null => self == Self::Null,
            Value::Bool(_) => self == Self::Boolean,
            Value::Int(_) | Value::UInt(_) => matches!(self, Self::Integer | Self::Number),
            // 1.0 is an integer to JSON Schema.
            Value::Float(n) => self == Self::Number || (self == Self::Integer && n.fract() == 0.0),
            Value::Str(_) | Value::Bytes(_) => self == Self::String,
            Value::List(_) => self == Self::Array,
            Value::Dict(_) => self == Self::Object,
        }
    }
}

pub(super) fn as_f64(value: &Value) -> Option<f64> {
    if let Value::Float(n) = value {
        return Some(*n);
    }
    if let Value::UInt(n) = value {
        return Some(*n as f64);
    }
    if let Value::Int(n) = value { Some(*n as f64) } else { None }
}

/// Equality of values, where 1 and 1.0 are the same.
fn same(a: &Value, b: &Value) -> bool {
    a == b || as_f64(a).is_some_and(|a| as_f64(b) == Some(a))
}
