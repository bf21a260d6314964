//! Schemas: what callees and publishers say about the arguments of what they offer. [`Validator`] says how.

mod json;
mod topics;

pub use json::JsonSchema;
pub(crate) use topics::TopicSchemas;

use crate::config::RealmConfig;
use core::fmt;
use wamplex_shared::{
    codec,
    id::RequestId,
    message::{Error, ErrorDetails, MessageCode},
    payload::{Payload, PayloadShape},
    serializer::Serializer,
    uri::{MatchPolicy, Uri},
    uris::{self, error},
    value::{Dict, Value},
};

/// The option that carries a schema.
pub(crate) const OPTION: &str = "x_schema";

/// Understands the schemas of a realm, of whatever kind they are. [`JsonSchema`] is one.
///
/// The specification names the procedures of reflection and leaves everything else open ("WAMP: Procedure Reflection",
/// "WAMP: Topic Reflection"). Here, a schema is a dictionary in the option `x_schema`: of REGISTER, for the procedure or
/// pattern, and of PUBLISH, for the topic. These keys of it mean something to the realm:
///
/// | key | value |
/// |---|---|
/// | `args`, `kwargs` | what the list of positional arguments and the dictionary of keyword arguments are held against |
/// | `errors` | of a procedure: a dictionary of error URIs, each with a dictionary like this one |
///
/// Everything else (`description`, `result`, …) is for people and is handed out as it came, by the procedures of
/// reflection: see [`Realm::call_meta`](crate::Realm::call_meta). The schema of a registration lasts as long as the
/// registration, that of a topic as long as one of the sessions that attached it is here. Another schema for the same
/// thing is refused meanwhile.
///
/// If the realm [has a validator](RealmConfig::validator), calls and events that do not fit are refused with
/// `wamp.error.invalid_argument`. Results are not looked at, nor are payloads in passthru mode, nor the second and later
/// parts of a progressive call.
pub trait Validator: fmt::Debug + Send + Sync {
    /// Prepares a schema for many checks.
    ///
    /// # Errors
    /// What is wrong with the schema, in words for its author.
    fn compile(&self, schema: &Value) -> Result<Box<dyn Check>, String>;
}

/// A schema that values can be held against.
///
/// Checks run while the realm is guarded, on schemas and values that clients have written: an implementation bounds
/// what they cost.
pub trait Check: fmt::Debug + Send + Sync {
    /// Whether the value fits.
    ///
    /// # Errors
    /// Where it does not and why, in words for its author.
    fn check(&self, value: &Value) -> Result<(), String>;
}

/// What a session has attached to a procedure or topic.
#[derive(Debug)]
pub(crate) struct Schema {
    /// As it came, in JSON: values take up far more memory.
    source: Payload,
    /// The errors it names, in order.
    pub(crate) errors: Vec<Uri>,
    args: Option<Box<dyn Check>>,
    kwargs: Option<Box<dyn Check>>,
}

/// Why a request is refused on account of a schema.
#[derive(Debug, PartialEq)]
pub(crate) struct Objection {
    uri: &'static str,
    words: String,
}

impl Objection {
    pub(crate) fn invalid(words: impl Into<String>) -> Self {
        Self { uri: error::INVALID_ARGUMENT, words: words.into() }
    }

    pub(crate) fn too_many(words: impl Into<String>) -> Self {
        Self { uri: uris::wamplex::LIMIT_EXCEEDED, words: words.into() }
    }

    /// The ERROR that answers a request of this kind.
    pub(crate) fn to_error(&self, request_type: MessageCode, request: RequestId) -> Error {
        let words = [Value::from(self.words.as_str())];
        Error {
            request_type,
            request,
            details: ErrorDetails::default(),
            error: Uri::from_static(self.uri),
            payload: codec::write_values(Serializer::Json, &words, &Dict::new()),
        }
    }
}

impl Schema {
    /// Reads what stands in the option; `None` if it is not there.
    pub(crate) fn read(custom: &Dict, config: &RealmConfig) -> Result<Option<Self>, Objection> {
        let dict = match custom.get(OPTION) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Dict(dict)) => dict,
            Some(_) => return Err(Objection::invalid("x_schema has to be a dictionary")),
        };
        let source = [Value::Dict(dict.clone())];
        let source = codec::write_values(Serializer::Json, &source, &Dict::new());
        if source.bytes().len() > config.limits.schema_bytes {
            let limit = config.limits.schema_bytes;
            return Err(Objection::too_many(format!("x_schema takes up more than {limit} bytes")));
        }
        let compile = |key: &str| compile(config, key, dict.get(key)?).transpose();
        let (args, kwargs) = (compile("args").transpose()?, compile("kwargs").transpose()?);
        Ok(Some(Self { source, errors: errors(dict, config)?, args, kwargs }))
    }

    /// The dictionary that was attached.
    pub(crate) fn to_dict(&self) -> Dict {
        // We have written it ourselves, with values that were read within the same bounds.
        let (list, _) = codec::read_values(&self.source).unwrap_or_default();
        match list.into_iter().next() {
            Some(Value::Dict(dict)) => dict,
            _ => Dict::new(),
        }
    }

    /// Whether the two say the same.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.source == other.source || self.to_dict() == other.to_dict()
    }

    /// Holds arguments against it.
    pub(crate) fn check(&self, payload: &Payload) -> Result<(), Objection> {
        if (self.args.is_none() && self.kwargs.is_none()) || payload.shape() == PayloadShape::Bare {
            return Ok(());
        }
        let (args, kwargs) = codec::read_values(payload)
            .map_err(|e| Objection::invalid(format!("the arguments cannot be looked at: {e}")))?;
        let hold = |check: &Option<Box<dyn Check>>, what: &str, value: Value| {
            let Some(check) = check else { return Ok(()) };
            check.check(&value).map_err(|why| Objection::invalid(format!("{what}{why}")))
        };
        hold(&self.args, "args", args.into())?;
        hold(&self.kwargs, "kwargs", kwargs.into())
    }
}

/// The errors that a schema names.
fn errors(dict: &Dict, config: &RealmConfig) -> Result<Vec<Uri>, Objection> {
    let invalid = |words: &str| Err(Objection::invalid(format!("x_schema.errors {words}")));
    let mut found = Vec::new();
    match dict.get("errors") {
        None => {}
        Some(Value::Dict(errors)) => {
            for (uri, details) in errors.iter() {
                let uri = Uri::from(uri);
                if details.as_dict().is_none() {
                    return invalid("has to have a dictionary for each error");
                }
                if uri.check(config.uri_rule, MatchPolicy::Exact).is_err() {
                    return invalid("names an error whose URI is none");
                }
                found.push(uri);
            }
        }
        Some(_) => return invalid("has to be a dictionary"),
    }
    Ok(found)
}

fn compile(
    config: &RealmConfig,
    key: &str,
    schema: &Value,
) -> Result<Option<Box<dyn Check>>, Objection> {
    let Some(validator) = &config.validator else { return Ok(None) };
    let check = validator.compile(schema);
    check.map(Some).map_err(|why| Objection::invalid(format!("x_schema.{key}: {why}")))
}
