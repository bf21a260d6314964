//! A part of JSON Schema that is safe to check on schemas from strangers.

mod hold;

use super::{Check, Validator};
use hold::as_f64;
use wamplex_shared::value::{Dict, Value};

/// JSON Schema (draft 2020-12) without what follows references or runs regular expressions: no check takes longer than
/// [`JsonSchema::STEPS`] allow, whatever the schema.
///
/// Understood are `type`, `enum`, `const`, `minimum`, `maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `minLength`,
/// `maxLength`, `items`, `prefixItems`, `minItems`, `maxItems`, `properties`, `required`, `additionalProperties`,
/// `minProperties`, `maxProperties`, `allOf`, `anyOf`, `oneOf`, `not`, and schemas that are `true` or `false`. The
/// other keywords that JSON Schema has for checking are refused, so that nobody relies on what is not done; keywords
/// that only describe, and unknown ones, mean nothing here. Binary data counts as a string, since that is what JSON
/// makes of it.
///
/// ```
/// use wamplex_realm::{Check, JsonSchema, Validator};
/// use wamplex_shared::value::{Dict, Value};
///
/// let schema: Dict = [("type", "integer")].into_iter().collect();
/// let check = JsonSchema.compile(&schema.into()).unwrap();
/// assert_eq!(check.check(&Value::from(7)), Ok(()));
/// assert_eq!(check.check(&Value::from("7")), Err(": expected integer".to_owned()));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JsonSchema;

impl JsonSchema {
    /// How many pairs of a part of the value and a part of the schema one check looks at: some tens of milliseconds.
    pub const STEPS: u32 = 1_000_000;

    /// How deeply schemas may be nested.
    pub const DEPTH: usize = 32;
}

impl Validator for JsonSchema {
    fn compile(&self, schema: &Value) -> Result<Box<dyn Check>, String> {
        Ok(Box::new(node(schema, Self::DEPTH)?))
    }
}

/// One schema: all of its conditions have to hold.
#[derive(Debug)]
struct Node(Vec<Condition>);

#[derive(Debug)]
enum Condition {
    Never,
    Types(Vec<Type>),
    Enum(Vec<Value>),
    /// From, to; the flags exclude the bound itself.
    Number(Option<(f64, bool)>, Option<(f64, bool)>),
    Length(Span),
    ItemCount(Span),
    PropertyCount(Span),
    Items {
        first: Vec<Node>,
        rest: Option<Node>,
    },
    Required(Vec<String>),
    Properties {
        named: Vec<(String, Node)>,
        rest: Option<Node>,
    },
    All(Vec<Node>),
    Any(Vec<Node>),
    One(Vec<Node>),
    Not(Node),
}

/// How many of something there may be.
#[derive(Clone, Copy, Debug)]
struct Span(u64, u64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

/// Keywords that restrict values in ways that are not implemented.
const REFUSED: [&str; 18] = [
    "$ref",
    "$dynamicRef",
    "pattern",
    "patternProperties",
    "propertyNames",
    "multipleOf",
    "uniqueItems",
    "contains",
    "minContains",
    "maxContains",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Reads a schema that may contain others this deep.
fn node(schema: &Value, depth: usize) -> Result<Node, String> {
    let depth = depth.checked_sub(1).ok_or("the schema is nested too deeply")?;
    if let Value::Bool(everything) = schema {
        return Ok(Node(if *everything { Vec::new() } else { vec![Condition::Never] }));
    }
    let dict = schema.as_dict().ok_or("a schema has to be a dictionary or a boolean")?;
    if let Some(keyword) = REFUSED.iter().find(|keyword| dict.get(keyword).is_some()) {
        return Err(format!("the keyword {keyword} is not supported"));
    }
    let mut conditions = Vec::new();
    if let Some(types) = dict.get("type") {
        conditions.push(Condition::Types(types_of(types)?));
    }
    if let Some(values) = dict.get("enum") {
        let values = values.as_list().ok_or("enum has to be a list")?;
        conditions.push(Condition::Enum(values.to_vec()));
    }
    if let Some(value) = dict.get("const") {
        conditions.push(Condition::Enum(vec![value.clone()]));
    }
    conditions.extend(number(dict)?);
    conditions.extend(span(dict, "minLength", "maxLength")?.map(Condition::Length));
    conditions.extend(span(dict, "minItems", "maxItems")?.map(Condition::ItemCount));
    conditions.extend(span(dict, "minProperties", "maxProperties")?.map(Condition::PropertyCount));
    conditions.extend(items(dict, depth)?);
    conditions.extend(properties(dict, depth)?);
    for (keyword, condition) in [
        ("allOf", Condition::All as fn(Vec<Node>) -> Condition),
        ("anyOf", Condition::Any),
        ("oneOf", Condition::One),
    ] {
        conditions.extend(nodes(dict, keyword, depth)?.map(condition));
    }
    if let Some(schema) = dict.get("not") {
        conditions.push(Condition::Not(node(schema, depth)?));
    }
    Ok(Node(conditions))
}

fn types_of(value: &Value) -> Result<Vec<Type>, String> {
    let one = |value: &Value| {
        let name = value.as_str().ok_or("type has to be a string or a list of strings")?;
        let known = Type::ALL.into_iter().find(|known| *known.name() == **name);
        known.ok_or_else(|| format!("{name} is no type"))
    };
    match value.as_list() {
        Some(list) => list.iter().map(one).collect(),
        None => Ok(vec![one(value)?]),
    }
}

fn number(dict: &Dict) -> Result<Option<Condition>, String> {
    let bound = |keyword: &str, excluded| match dict.get(keyword) {
        None => Ok(None),
        Some(value) => match as_f64(value) {
            Some(number) => Ok(Some((number, excluded))),
            None => Err(format!("{keyword} has to be a number")),
        },
    };
    let (min, above) = (bound("minimum", false)?, bound("exclusiveMinimum", true)?);
    let (max, below) = (bound("maximum", false)?, bound("exclusiveMaximum", true)?);
    // Of two bounds on one side the tighter one counts; at the same number, the one that excludes it.
    let from = [min, above].into_iter().flatten().max_by(|a, b| a.0.total_cmp(&b.0));
    let to = [below, max].into_iter().flatten().min_by(|a, b| a.0.total_cmp(&b.0));
    Ok((from.is_some() || to.is_some()).then_some(Condition::Number(from, to)))
}

fn span(dict: &Dict, min: &str, max: &str) -> Result<Option<Span>, String> {
    let bound = |keyword: &str| match dict.get(keyword) {
        None => Ok(None),
        Some(value) => match value.as_u64() {
            Some(count) => Ok(Some(count)),
            None => Err(format!("{keyword} has to be a whole number that is not negative")),
        },
    };
    let (min, max) = (bound(min)?, bound(max)?);
    let span = Span(min.unwrap_or(0), max.unwrap_or(u64::MAX));
    Ok((min.is_some() || max.is_some()).then_some(span))
}

fn items(dict: &Dict, depth: usize) -> Result<Option<Condition>, String> {
    let first = nodes(dict, "prefixItems", depth)?;
    let rest = dict.get("items").map(|schema| node(schema, depth)).transpose()?;
    if first.is_none() && rest.is_none() {
        return Ok(None);
    }
    Ok(Some(Condition::Items { first: first.unwrap_or_default(), rest }))
}

fn properties(dict: &Dict, depth: usize) -> Result<Vec<Condition>, String> {
    let mut conditions = Vec::new();
    if let Some(required) = dict.get("required") {
        const WRONG: &str = "required has to be a list of strings";
        let name = |value: &Value| Ok(value.as_str().ok_or(WRONG)?.to_string());
        let names = required.as_list().ok_or(WRONG)?.iter().map(name);
        conditions.push(Condition::Required(names.collect::<Result<_, String>>()?));
    }
    let named = match dict.get("properties") {
        None => Vec::new(),
        Some(Value::Dict(properties)) => properties
            .iter()
            .map(|(name, schema)| Ok((name.to_owned(), node(schema, depth)?)))
            .collect::<Result<_, String>>()?,
        Some(_) => return Err("properties has to be a dictionary".to_owned()),
    };
    let rest = dict.get("additionalProperties").map(|schema| node(schema, depth)).transpose()?;
    if !named.is_empty() || rest.is_some() {
        conditions.push(Condition::Properties { named, rest });
    }
    Ok(conditions)
}

fn nodes(dict: &Dict, keyword: &str, depth: usize) -> Result<Option<Vec<Node>>, String> {
    let Some(value) = dict.get(keyword) else { return Ok(None) };
    let list = value.as_list().ok_or_else(|| format!("{keyword} has to be a list"))?;
    list.iter().map(|schema| node(schema, depth)).collect::<Result<_, _>>().map(Some)
}

#[cfg(test)]
mod tests;
