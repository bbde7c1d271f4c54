//! Checks JSON against the schemas of the OpenAPI document, by the keywords that it uses.

use serde_json::{Value, json};
use uuid::Uuid;

/// Everything in which a value differs from a schema of the document.
pub(crate) fn problems(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    Check { document, found: &mut found }.value(schema, value, "");
    found
}

struct Check<'c> {
    document: &'c Value,
    found: &'c mut Vec<String>,
}

impl Check<'_> {
    fn value(&mut self, schema: &Value, value: &Value, place: &str) {
        if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
            let document = self.document;
            let target = &document["components"]["schemas"][name];
            assert!(target.is_object(), "no schema {name}");
            self.value(target, value, place);
        }
        for part in list(schema, "allOf") {
            self.value(part, value, place);
        }
        for (word, most) in [("oneOf", 1), ("anyOf", usize::MAX)] {
            let choices = list(schema, word);
            let document = self.document;
            let count = choices.iter().filter(|part| problems(document, part, value).is_empty()).count();
            if !choices.is_empty() && !(1..=most).contains(&count) {
                self.found.push(format!("{place}: {count} of {word} fit {value}"));
            }
        }
        self.simple(schema, value, place);
        if let Some(fields) = value.as_object() {
            for name in list(schema, "required").iter().filter_map(Value::as_str) {
                if !fields.contains_key(name) {
                    self.found.push(format!("{place}: {name} is missing"));
                }
            }
            for (name, field) in fields {
                self.value(&schema["properties"][name], field, &format!("{place}.{name}"));
            }
        }
        for item in value.as_array().into_iter().flatten() {
            self.value(&schema["items"], item, &format!("{place}[]"));
        }
    }

    /// The keywords for values that have no parts.
    fn simple(&mut self, schema: &Value, value: &Value, place: &str) {
        let types: Vec<&str> = match &schema["type"] {
            Value::String(name) => vec![name.as_str()],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut refuse = |what: &str| self.found.push(format!("{place}: {what}: {value}"));
        if !types.is_empty() && !types.iter().any(|name| is_of_type(value, name)) {
            refuse(&format!("is none of {types:?}"));
        }
        let known = list(schema, "enum");
        if !known.is_empty() && !known.contains(value) {
            refuse("is an unknown word");
        }
        if let Some(text) = value.as_str() {
            let length = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
            let least = schema["minLength"].as_u64().unwrap_or(0);
            let most = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
            if !(least..=most).contains(&length) {
                refuse("has an unfit length");
            }
            if schema["format"] == "uuid" && Uuid::try_parse(text).is_err() {
                refuse("is no id");
            }
        }
        if let Some(number) = value.as_f64() {
            let least = schema["minimum"].as_f64().unwrap_or(f64::MIN);
            let most = schema["maximum"].as_f64().unwrap_or(f64::MAX);
            if !(least..=most).contains(&number) {
                refuse("is out of bounds");
            }
        }
    }
}

fn list<'s>(schema: &'s Value, word: &str) -> &'s [Value] {
    schema[word].as_array().map(Vec::as_slice).unwrap_or_default()
}

fn is_of_type(value: &Value, name: &str) -> bool {
    match name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => unreachable!("type {other}"),
    }
}

#[test]
fn what_differs_is_found() {
    let document = json!({ "components": { "schemas": {
        "Id": { "type": "string", "format": "uuid" },
        "Row": { "type": "object", "required": ["id"], "properties": {
            "id": { "$ref": "#/components/schemas/Id" },
            "name": { "type": ["string", "null"], "minLength": 1, "maxLength": 3 },
            "count": { "type": "integer", "minimum": 0 },
            "word": { "enum": ["a", "b"] },
            "tags": { "type": "array", "items": { "type": "string" } },
            "either": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Id" }] },
        } },
    } } });
    let row = json!({ "allOf": [{ "$ref": "#/components/schemas/Row" }] });
    let id = "0197c5a0-0000-7000-8000-000000000001";
    for fit in [
        json!({ "id": id }),
        json!({ "id": id, "name": null, "count": 0, "word": "a", "tags": ["x"], "either": null, "more": 1 }),
        json!({ "id": id, "name": "abc", "either": id }),
    ] {
        assert_eq!(problems(&document, &row, &fit), Vec::<String>::new(), "{fit}");
    }
    for unfit in [
        json!([]),
        json!({}),
        json!({ "id": "x" }),
        json!({ "id": id, "name": "" }),
        json!({ "id": id, "name": "abcd" }),
        json!({ "id": id, "name": 1 }),
        json!({ "id": id, "count": -1 }),
        json!({ "id": id, "count": 1.5 }),
        json!({ "id": id, "word": "c" }),
        json!({ "id": id, "tags": [1] }),
        json!({ "id": id, "either": "x" }),
    ] {
        assert!(!problems(&document, &row, &unfit).is_empty(), "{unfit}");
    }
}
