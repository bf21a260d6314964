//! What the procedure of an authorizer is called with, and what its result means.

use super::cache::Word;
use bytes::Bytes;
use bytestring::ByteString;
use wamplex_realm::{Joining, Need};
use wamplex_shared::{
    codec,
    message::Message,
    payload::{Payload, PayloadShape},
    serializer::Serializer,
    uri::Uri,
    value::{Dict, List, Value},
};

/// What an authorizer has said, and whether that may be remembered.
pub(super) type Said = (Word, bool);

/// The arguments: who, what, which action, and how.
pub(super) fn arguments(realm: &Uri, who: &Joining, need: &Need<'_>, message: &Message) -> List {
    vec![
        details(realm, who).into(),
        need.uri.clone().into(),
        Value::from(need.action.name()),
        options(need, message).into(),
    ]
}

/// Reads a result.
///
/// # Errors
/// It is none that an authorizer gives; why not.
pub(super) fn read(result: &Value) -> Result<Said, String> {
    if let Some(allow) = result.as_bool() {
        return Ok((Word { allow, disclose: None }, false));
    }
    let dict = result.as_dict().ok_or("its result is neither true nor false nor a dictionary")?;
    let flag = |key: &str| match dict.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(flag)) => Ok(Some(*flag)),
        Some(_) => Err(format!("`{key}` in its result is neither true nor false")),
    };
    let allow = flag("allow")?.ok_or("its result does not have `allow`")?;
    let word = Word { allow, disclose: flag("disclose")? };
    Ok((word, flag("cache")?.unwrap_or(false)))
}

fn details(realm: &Uri, who: &Joining) -> Dict {
    let or_null = |text: &Option<ByteString>| text.clone().map_or(Value::Null, Value::from);
    let mut details = Dict::new();
    details.insert("realm", realm.clone());
    details.insert("session", who.session);
    details.insert("authid", or_null(&who.authid));
    details.insert("authrole", or_null(&who.authrole));
    details.insert("authmethod", or_null(&who.authmethod));
    details.insert("authprovider", or_null(&who.authprovider));
    details
}

/// The options as the client sent them, and `match` in any case where a pattern could stand.
fn options(need: &Need<'_>, message: &Message) -> Dict {
    let json = Serializer::Json;
    let written = if let Message::Publish(m) = message {
        codec::write_options(json, &m.options)
    } else if let Message::Call(m) = message {
        codec::write_options(json, &m.options)
    } else if let Message::Subscribe(m) = message {
        codec::write_options(json, &m.options)
    } else if let Message::Register(m) = message {
        codec::write_options(json, &m.options)
    } else {
        Bytes::from_static(b"{}")
    };
    let list = Bytes::from([b"[", &*written, b"]"].concat());
    let payload = Payload::from_encoded(json, PayloadShape::Args, list);
    let read = codec::read_values(&payload).ok().and_then(|(args, _)| args.into_iter().next());
    let mut options = if let Some(Value::Dict(options)) = read { options } else { Dict::new() };
    match need.action {
        wamplex_realm::Action::Register | wamplex_realm::Action::Subscribe => {
            options.insert("match", need.policy.name());
        }
        wamplex_realm::Action::Call | wamplex_realm::Action::Publish => {}
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use wamplex_shared::{
        id::{RequestId, SessionId},
        message::{Publish, PublishOptions, Register, RegisterOptions},
        roles::Roles,
        uri::MatchPolicy,
    };

    fn dict(entries: &[(&'static str, Value)]) -> Dict {
        entries.iter().map(|(key, value)| (*key, value.clone())).collect()
    }

    #[test]
    fn an_authorizer_is_told_who_wants_to_do_what_and_how() {
        let mut who = Joining::new(SessionId::new(7).unwrap(), Roles::NONE);
        (who.authid, who.authrole) = (Some("alice".into()), Some("guest".into()));
        let options = RegisterOptions {
            match_policy: MatchPolicy::Prefix,
            force_reregister: true,
            ..RegisterOptions::default()
        };
        let (request, procedure) = (RequestId::FIRST, Uri::from_static("com.p."));
        let message = Message::from(Register { request, options, procedure });
        let need = Need::of(&message).unwrap();
        let [details, uri, action, options] =
            &arguments(&Uri::from_static("realm1"), &who, &need, &message)[..]
        else {
            panic!()
        };
        let expected = dict(&[
            ("realm", "realm1".into()),
            ("session", 7_u64.into()),
            ("authid", "alice".into()),
            ("authrole", "guest".into()),
            ("authmethod", Value::Null),
            ("authprovider", Value::Null),
        ]);
        assert_eq!(*details, expected.into());
        assert_eq!((uri, action), (&"com.p.".into(), &"register".into()));
        let expected = dict(&[("match", "prefix".into()), ("force_reregister", true.into())]);
        assert_eq!(*options, expected.into());
    }

    #[test]
    fn the_options_are_those_of_the_message() {
        let options = PublishOptions { acknowledge: true, ..PublishOptions::default() };
        let message = Message::from(Publish {
            request: RequestId::FIRST,
            options,
            topic: Uri::from_static("com.t"),
            payload: Payload::NONE,
        });
        let need = Need::of(&message).unwrap();
        assert_eq!(super::options(&need, &message), dict(&[("acknowledge", true.into())]));
    }

    #[test]
    fn a_result_is_yes_or_no_or_a_dictionary_that_says_so() {
        let word = |allow, disclose, cache| Ok((Word { allow, disclose }, cache));
        let yes = ("allow", Value::Bool(true));
        let table: Vec<(Value, Result<Said, &str>)> = vec![
            (true.into(), word(true, None, false)),
            (false.into(), word(false, None, false)),
            (dict(std::slice::from_ref(&yes)).into(), word(true, None, false)),
            (
                dict(&[("allow", false.into()), ("cache", true.into())]).into(),
                word(false, None, true),
            ),
            (dict(&[yes.clone(), ("disclose", true.into())]).into(), word(true, Some(true), false)),
            (
                dict(&[yes.clone(), ("disclose", false.into())]).into(),
                word(true, Some(false), false),
            ),
            (dict(&[yes.clone(), ("disclose", Value::Null)]).into(), word(true, None, false)),
            (dict(&[yes.clone(), ("validate", "x".into())]).into(), word(true, None, false)),
            (Value::Null, Err("its result is neither true nor false nor a dictionary")),
            ("true".into(), Err("its result is neither true nor false nor a dictionary")),
            (1_u64.into(), Err("its result is neither true nor false nor a dictionary")),
            (
                Value::List(vec![true.into()]),
                Err("its result is neither true nor false nor a dictionary"),
            ),
            (Dict::new().into(), Err("its result does not have `allow`")),
            (dict(&[("allow", Value::Null)]).into(), Err("its result does not have `allow`")),
            (
                dict(&[("allow", 1_u64.into())]).into(),
                Err("`allow` in its result is neither true nor false"),
            ),
            (
                dict(&[yes.clone(), ("cache", "yes".into())]).into(),
                Err("`cache` in its result is neither true nor false"),
            ),
            (
                dict(&[yes, ("disclose", 1_u64.into())]).into(),
                Err("`disclose` in its result is neither true nor false"),
            ),
        ];
        for (result, expected) in table {
            assert_eq!(read(&result), expected.map_err(str::to_owned), "{result:?}");
        }
    }
}
