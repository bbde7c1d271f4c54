//! The published JSON Schema of provisioning files, for editors (docs/reference/provisioning.schema.json).

use serde_json::{Map, Value, json};

use super::fields::DOCUMENT;
use super::shape::{Field, Kind, Presence, Shape};

/// The schema, made of the same description that files are checked by.
pub fn json_schema() -> Value {
    let mut definitions = Map::new();
    define(&DOCUMENT, &mut definitions);
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Provisioning file of Porta",
    });
    let document = definitions.remove(DOCUMENT.name);
    if let (Value::Object(schema), Some(Value::Object(document))) = (&mut schema, document) {
        schema.extend(document);
        schema.insert("$defs".to_owned(), definitions.into());
    }
    schema
}

fn define(shape: &Shape, definitions: &mut Map<String, Value>) {
    if definitions.contains_key(shape.name) {
        return;
    }
    // A place for it, in case that it contains itself.
    definitions.insert(shape.name.to_owned(), Value::Null);
    let properties: Map<String, Value> =
        shape.fields.iter().map(|field| (field.name.to_owned(), property(field, definitions))).collect();
    let is_required = |field: &&Field| field.presence == Presence::Required;
    let required: Vec<&str> = shape.fields.iter().filter(is_required).map(|field| field.name).collect();
    let mut definition = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        definition["required"] = json!(required);
    }
    definitions.insert(shape.name.to_owned(), definition);
}

fn property(field: &Field, definitions: &mut Map<String, Value>) -> Value {
    let mut schema = value(&field.kind, definitions);
    if field.presence == Presence::Clearable {
        schema = json!({ "anyOf": [schema, { "type": "null" }] });
    }
    schema["description"] = json!(field.about);
    schema
}

fn value(kind: &Kind, definitions: &mut Map<String, Value>) -> Value {
    match kind {
        Kind::Text | Kind::Secret => json!({ "type": "string" }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Any => json!({}),
        Kind::Settings => json!({
            "type": "object",
            "additionalProperties": { "type": ["string", "number", "boolean"] },
        }),
        Kind::Words(words) => json!({ "enum": words() }),
        Kind::List(kind) => json!({ "type": "array", "items": value(kind, definitions) }),
        Kind::Map(shape) => {
            define(shape, definitions);
            json!({ "$ref": format!("#/$defs/{}", shape.name) })
        }
    }
}
