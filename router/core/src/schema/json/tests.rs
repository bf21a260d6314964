use super::*;
use bytes::Bytes;

fn dict<const N: usize>(entries: [(&'static str, Value); N]) -> Value {
    Value::Dict(entries.into_iter().collect())
}

fn list<const N: usize>(items: [Value; N]) -> Value {
    Value::List(items.into())
}

fn text(text: &'static str) -> Value {
    Value::from(text)
}

fn check(schema: &Value, value: &Value) -> Result<(), String> {
    JsonSchema.compile(schema).unwrap().check(value)
}

/// A schema with one keyword.
fn only(keyword: &'static str, value: impl Into<Value>) -> Value {
    dict([(keyword, value.into())])
}

#[test]
fn every_keyword_admits_what_it_should_and_nothing_else() {
    let integer = || only("type", "integer");
    let string = || only("type", "string");
    let table = [
        // schema, values that fit, values that do not
        (Value::Bool(true), vec![Value::Null, text("x")], vec![]),
        (Value::Bool(false), vec![], vec![Value::Null, text("x")]),
        (dict([]), vec![Value::Null, 1.into(), dict([])], vec![]),
        (only("description", 7), vec![Value::Null], vec![]),
        (only("x_own", "anything"), vec![Value::Null], vec![]),
        (only("type", "null"), vec![Value::Null], vec![false.into(), 0.into(), dict([])]),
        (only("type", "boolean"), vec![true.into()], vec![1.into(), Value::Null]),
        (
            integer(),
            vec![1.into(), (-1).into(), u64::MAX.into(), 2.0.into()],
            vec![1.5.into(), text("1"), true.into(), f64::NAN.into(), f64::INFINITY.into()],
        ),
        (only("type", "number"), vec![1.into(), 1.5.into()], vec![text("1")]),
        (string(), vec![text(""), Bytes::from_static(b"x").into()], vec![1.into(), list([])]),
        (only("type", "array"), vec![list([])], vec![dict([]), text("")]),
        (only("type", "object"), vec![dict([])], vec![list([]), Value::Null]),
        (
            only("type", list([text("string"), text("null")])),
            vec![text("x"), Value::Null],
            vec![1.into()],
        ),
        (only("enum", list([text("a"), 1.into()])), vec![text("a"), 1.0.into()], vec![text("b")]),
        (only("const", list([1.into()])), vec![list([1.into()])], vec![list([]), 1.into()]),
        (only("minimum", 3), vec![3.into(), 3.5.into(), text("1")], vec![2.into(), 2.9.into()]),
        (only("maximum", 3), vec![3.into(), (-9).into()], vec![4.into(), 3.1.into()]),
        (only("exclusiveMinimum", 3), vec![3.1.into()], vec![3.into(), 3.0.into()]),
        (only("exclusiveMaximum", 3), vec![2.into()], vec![3.into()]),
        (
            dict([("minimum", 1.into()), ("exclusiveMinimum", 1.into())]),
            vec![2.into()],
            vec![1.into()],
        ),
        (
            dict([("minimum", 5.into()), ("exclusiveMinimum", 1.into())]),
            vec![5.into()],
            vec![4.into()],
        ),
        (only("minLength", 2), vec![text("ab"), text("äö"), 1.into()], vec![text("a"), text("ä")]),
        (only("maxLength", 2), vec![text("ab"), text("äö")], vec![text("abc")]),
        (
            only("items", integer()),
            vec![list([]), list([1.into()]), 1.into()],
            vec![list([text("1")])],
        ),
        (
            dict([("prefixItems", list([integer(), string()])), ("items", false.into())]),
            vec![list([]), list([1.into()]), list([1.into(), text("x")])],
            vec![list([text("x")]), list([1.into(), text("x"), 1.into()])],
        ),
        (only("minItems", 1), vec![list([Value::Null]), text("")], vec![list([])]),
        (only("maxItems", 0), vec![list([])], vec![list([Value::Null])]),
        (
            only("required", list([text("a")])),
            vec![dict([("a", Value::Null)]), list([])],
            vec![dict([("b", Value::Null)])],
        ),
        (
            only("properties", dict([("a", integer())])),
            vec![dict([]), dict([("a", 1.into())]), dict([("b", text("x"))])],
            vec![dict([("a", text("x"))])],
        ),
        (
            dict([("properties", dict([("a", integer())])), ("additionalProperties", string())]),
            vec![dict([("a", 1.into()), ("b", text("x"))])],
            vec![dict([("b", 1.into())])],
        ),
        (only("additionalProperties", false), vec![dict([])], vec![dict([("a", 1.into())])]),
        (only("minProperties", 1), vec![dict([("a", 1.into())])], vec![dict([])]),
        (only("maxProperties", 0), vec![dict([])], vec![dict([("a", 1.into())])]),
        (
            only("allOf", list([integer(), only("minimum", 2)])),
            vec![2.into()],
            vec![1.into(), 2.5.into()],
        ),
        (only("anyOf", list([integer(), string()])), vec![1.into(), text("")], vec![Value::Null]),
        (
            only("oneOf", list([integer(), only("minimum", 2)])),
            vec![1.into(), 2.5.into(), text("x")],
            vec![2.into(), 1.5.into()],
        ),
        (only("not", integer()), vec![text("x")], vec![1.into()]),
    ];
    for (schema, fitting, misfits) in table {
        for value in fitting {
            assert_eq!(check(&schema, &value), Ok(()), "{schema:?} {value:?}");
        }
        for value in misfits {
            assert!(check(&schema, &value).is_err(), "{schema:?} {value:?}");
        }
    }
}

#[test]
fn a_misfit_is_reported_with_its_place() {
    let person = dict([
        ("properties", dict([("age", only("type", list([text("integer"), text("null")])))])),
        ("required", list([text("name")])),
    ]);
    let people = only("items", person);
    let table = [
        (
            list([dict([("name", 1.into()), ("age", text("x"))])]),
            "[0].age: expected integer or null",
        ),
        (list([dict([("name", 1.into())]), dict([])]), "[1]: name is missing"),
    ];
    for (value, expected) in table {
        assert_eq!(check(&people, &value), Err(expected.to_owned()));
    }
}

#[test]
fn what_is_no_schema_or_cannot_be_checked_is_refused_in_words() {
    let mut deep = Value::Bool(true);
    for _ in 0..JsonSchema::DEPTH {
        deep = only("not", deep);
    }
    let table = [
        (Value::Null, "a schema has to be a dictionary or a boolean"),
        (only("type", "text"), "text is no type"),
        (only("type", 1), "type has to be a string or a list of strings"),
        (only("enum", 1), "enum has to be a list"),
        (only("minimum", "1"), "minimum has to be a number"),
        (only("minLength", -1), "minLength has to be a whole number that is not negative"),
        (only("items", list([])), "a schema has to be a dictionary or a boolean"),
        (only("anyOf", dict([])), "anyOf has to be a list"),
        (only("required", list([1.into()])), "required has to be a list of strings"),
        (only("properties", list([])), "properties has to be a dictionary"),
        (only("not", only("$ref", "#")), "the keyword $ref is not supported"),
        (only("pattern", "(a+)+$"), "the keyword pattern is not supported"),
        (deep, "the schema is nested too deeply"),
    ];
    for (schema, expected) in table {
        assert_eq!(JsonSchema.compile(&schema).map(|_| ()), Err(expected.to_owned()), "{schema:?}");
    }
}

#[test]
fn no_check_takes_more_than_its_steps() {
    // Every item is held against every alternative, and fits the last.
    let mut alternatives = vec![only("minLength", 2); 1_000];
    alternatives.push(Value::Bool(true));
    let schema = only("items", only("anyOf", alternatives));
    let value = Value::List(vec![text("x"); 10_000]);
    assert_eq!(check(&schema, &value), Err(": too much to check".to_owned()));
    // Not even when what is left unchecked would turn a no into a yes.
    let schema = only("not", schema);
    assert_eq!(check(&schema, &value), Err(": too much to check".to_owned()));
}
