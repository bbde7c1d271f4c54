//! The OpenAPI document as a page for people. It needs no script and nothing from other servers.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::{HeaderValue, StatusCode, header};
use porta_pages::{API_REFERENCE_STYLE, api_reference};
use porta_web::reply::{self, Reply};
use serde::Serialize;
use serde_json::Value;

use crate::openapi::BASE;
use crate::operations::document;

const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'");

static PAGE: LazyLock<Bytes> = LazyLock::new(|| match render() {
    Ok(html) => html.into(),
    Err(error) => {
        tracing::error!(%error, "the reference page of the Admin API cannot be rendered");
        Bytes::new()
    }
});

pub(crate) async fn page() -> Reply {
    asset(PAGE.clone(), HeaderValue::from_static("text/html; charset=utf-8"))
}

pub(crate) async fn style() -> Reply {
    asset(
        Bytes::from_static(API_REFERENCE_STYLE.as_bytes()),
        HeaderValue::from_static("text/css; charset=utf-8"),
    )
}

fn asset(bytes: Bytes, content_type: HeaderValue) -> Reply {
    let mut reply = reply::json_bytes(StatusCode::OK, bytes);
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    reply
}

#[derive(Serialize)]
struct Context {
    title: String,
    version: String,
    description: String,
    base: &'static str,
    groups: Vec<Group>,
    schemas: Vec<Schema>,
}

/// Operations with the same tag.
#[derive(Serialize)]
struct Group {
    tag: String,
    operations: Vec<Operation>,
}

#[derive(Serialize)]
struct Operation {
    id: String,
    method: String,
    path: String,
    summary: String,
    parameters: Vec<Parameter>,
    /// Name of the schema of the body.
    body: Option<String>,
    answers: Vec<Answer>,
}

#[derive(Serialize)]
struct Parameter {
    name: String,
    place: String,
    required: bool,
    description: String,
}

#[derive(Serialize)]
struct Answer {
    status: String,
    description: String,
    body: Option<String>,
}

#[derive(Serialize)]
struct Schema {
    name: String,
    description: String,
    fields: Vec<Field>,
}

#[derive(Serialize)]
struct Field {
    name: String,
    #[serde(rename = "type")]
    value_type: String,
    required: bool,
    description: String,
}

fn render() -> Result<String, Box<dyn std::error::Error>> {
    let document = serde_json::to_value(document())?;
    Ok(api_reference(context(&document))?)
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

fn context(document: &Value) -> Context {
    let mut groups: BTreeMap<String, Vec<Operation>> = BTreeMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let tag = operation["tags"][0].as_str().unwrap_or("other").to_owned();
            groups.entry(tag).or_default().push(read_operation(path, method, operation));
        }
    }
    let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
    Context {
        title: text(&document["info"], "title"),
        version: text(&document["info"], "version"),
        description: text(&document["info"], "description"),
        base: BASE,
        groups: groups.into_iter().map(|(tag, operations)| Group { tag, operations }).collect(),
        schemas: schemas.map(|(name, schema)| read_schema(name, schema)).collect(),
    }
}

fn read_operation(path: &str, method: &str, operation: &Value) -> Operation {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let answers = operation["responses"].as_object().into_iter().flatten();
    Operation {
        id: text(operation, "operationId"),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(operation, "summary"),
        parameters: parameters
            .map(|parameter| Parameter {
                name: text(parameter, "name"),
                place: text(parameter, "in"),
                required: parameter["required"] == true,
                description: text(parameter, "description"),
            })
            .collect(),
        body: schema_name(&operation["requestBody"]),
        answers: answers
            .map(|(status, answer)| Answer {
                status: status.clone(),
                description: text(answer, "description"),
                body: schema_name(answer),
            })
            .collect(),
    }
}

/// Name of the schema of a JSON body.
fn schema_name(described: &Value) -> Option<String> {
    reference(&described["content"]["application/json"]["schema"])
}

fn reference(schema: &Value) -> Option<String> {
    Some(schema["$ref"].as_str()?.rsplit('/').next()?.to_owned())
}

fn read_schema(name: &str, schema: &Value) -> Schema {
    // Flattened parts are the members of `allOf`.
    let parts = schema["allOf"].as_array().map_or_else(|| vec![schema], |parts| parts.iter().collect());
    let mut fields = Vec::new();
    for part in parts {
        let required: Vec<&str> =
            part["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        for (field, described) in part["properties"].as_object().into_iter().flatten() {
            fields.push(Field {
                name: field.clone(),
                value_type: type_of(described),
                required: required.contains(&field.as_str()),
                description: text(described, "description"),
            });
        }
    }
    Schema { name: name.to_owned(), description: text(schema, "description"), fields }
}

/// The type of a field in a few words.
fn type_of(schema: &Value) -> String {
    if let Some(name) = reference(schema) {
        return name;
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        return choices.iter().map(type_of).collect::<Vec<_>>().join(" or ");
    }
    match &schema["type"] {
        Value::String(name) if name == "array" => format!("array of {}", type_of(&schema["items"])),
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "any".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_and_object_is_on_the_page() {
        let html = render().unwrap();
        let document = serde_json::to_value(document()).unwrap();
        for item in document["paths"].as_object().unwrap().values() {
            for operation in item.as_object().unwrap().values() {
                let id = operation["operationId"].as_str().unwrap();
                assert!(html.contains(&format!("<article id=\"{id}\">")), "{id}");
            }
        }
        for name in document["components"]["schemas"].as_object().unwrap().keys() {
            assert!(html.contains(&format!("<article id=\"{name}\">")), "{name}");
        }
        for foreign in ["<script", "style=", "src=", "href=\"http"] {
            assert!(!html.contains(foreign), "{foreign}");
        }
    }

    #[test]
    fn types_are_told_in_words() {
        for (schema, expected) in [
            (r##"{"$ref":"#/components/schemas/User"}"##, "User"),
            (r#"{"type":"array","items":{"type":"string"}}"#, "array of string"),
            (r#"{"type":["string","null"]}"#, "string or null"),
            (r##"{"oneOf":[{"type":"null"},{"$ref":"#/x/A"}]}"##, "null or A"),
            ("{}", "any"),
        ] {
            assert_eq!(type_of(&serde_json::from_str(schema).unwrap()), expected, "{schema}");
        }
    }
}
