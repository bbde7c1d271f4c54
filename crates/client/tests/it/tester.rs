//! A server that answers every operation with a sample of its answer, and compares requests with samples of the document.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};

use porta_client::{Client, ETag, Error};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::server::{Received, Server, json as answered, reply};

/// A path parameter. It would be several segments, or a query, if it were not encoded.
pub(crate) const ID: &str = "a b/..?c=%2e#d";
const ENCODED_ID: &str = "a%20b%2F..%3Fc%3D%252e%23d";
const BASE: &str = "/api/admin";
const VERSION: &str = "W/\"x-1\"";

/// How much of a schema a sample has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything.
    Whole,
    /// What is required.
    Sparse,
}

type Spoil = Box<dyn Fn(&mut Value) + Send + Sync>;

pub(crate) struct Tester {
    pub(crate) client: Client,
    document: Arc<Document>,
    server: Server,
    extent: Extent,
    version: ETag,
    called: Mutex<BTreeSet<String>>,
    spoil: Arc<Mutex<Option<Spoil>>>,
}

/// One operation under test.
pub(crate) struct Test<'t> {
    tester: &'t Tester,
    id: &'static str,
}

impl Tester {
    pub(crate) async fn start(extent: Extent) -> Self {
        let document = Arc::new(Document::read());
        let spoil = Arc::<Mutex<Option<Spoil>>>::default();
        let (read, change) = (Arc::clone(&document), Arc::clone(&spoil));
        let server = Server::start(move |request| {
            let Some(operation) = read.find(request) else { return reply("404 Not Found", &[], "{}") };
            let Some(mut answer) = read.answer(operation, extent) else {
                return reply("204 No Content", &[], "");
            };
            if let Some(spoil) = &*change.lock().unwrap() {
                spoil(&mut answer);
            }
            answered(&answer.to_string())
        })
        .await;
        let client = server.client();
        let version = ETag::new(VERSION);
        Self { client, document, server, extent, version, called: Mutex::default(), spoil }
    }

    pub(crate) fn of(&self, id: &'static str) -> Test<'_> {
        Test { tester: self, id }
    }

    /// Changes the answers that follow.
    pub(crate) fn spoil(&self, change: impl Fn(&mut Value) + Send + Sync + 'static) {
        *self.spoil.lock().unwrap() = Some(Box::new(change));
    }

    /// Each operation was called.
    pub(crate) fn finish(&self) {
        let all: BTreeSet<String> = self.document.operations.keys().cloned().collect();
        assert_eq!(*self.called.lock().unwrap(), all);
    }
}

impl Test<'_> {
    /// The parameters that may be left out.
    pub(crate) fn query<T: DeserializeOwned>(&self) -> T {
        serde_json::from_value(Value::Object(self.sample_query())).unwrap()
    }

    /// A parameter that is demanded.
    pub(crate) fn demanded(&self, name: &str) -> String {
        let parameters = self.operation().parameters("query");
        let parameter = parameters.into_iter().find(|parameter| parameter["name"] == name).unwrap();
        text(&self.tester.document.sample(&parameter["schema"], self.tester.extent))
    }

    pub(crate) fn body<T: DeserializeOwned>(&self) -> T {
        serde_json::from_value(self.sample_body().unwrap())
            .unwrap_or_else(|e| unreachable!("{}: {e}", self.id))
    }

    pub(crate) fn version(&self) -> Option<&ETag> {
        (self.tester.extent == Extent::Whole).then_some(&self.tester.version)
    }

    /// Sends a call and compares what arrived.
    pub(crate) async fn check<A>(&self, call: impl IntoFuture<Output = Result<A, Error>>) {
        let before = self.tester.server.received().len();
        if let Err(error) = call.await {
            unreachable!("{}: {error:?}", self.id);
        }
        let received = self.tester.server.received();
        let [request] = &received[before..] else {
            unreachable!("{}: sent {}", self.id, received.len() - before)
        };
        self.compare(request);
        assert!(
            self.tester.called.lock().unwrap().insert(self.id.to_owned()),
            "{} was called before",
            self.id
        );
    }

    fn compare(&self, request: &Received) {
        let (id, operation) = (self.id, self.operation());
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        assert_eq!(request.method, operation.method, "{id}");
        assert_eq!(path, format!("{BASE}{}", fill(&operation.template)), "{id}");
        let mut expected: Vec<String> = self.sample_query().iter().map(pair).collect();
        let demanded =
            operation.parameters("query").into_iter().filter(|parameter| parameter["required"] == true);
        expected.extend(demanded.map(|parameter| {
            let name = parameter["name"].as_str().unwrap();
            pair((&name.to_owned(), &Value::String(self.demanded(name))))
        }));
        expected.sort();
        let mut found: Vec<&str> = query.split('&').filter(|pair| !pair.is_empty()).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{id}");
        let body =
            (!request.body.is_empty()).then(|| serde_json::from_slice::<Value>(&request.body).unwrap());
        assert_eq!(body, self.sample_body(), "{id}");
        self.compare_headers(request);
    }

    fn compare_headers(&self, request: &Received) {
        let (id, operation) = (self.id, self.operation());
        let header = |name: &str| request.headers.get(name).map(String::as_str);
        let takes =
            |name: &str| operation.parameters("header").iter().any(|parameter| parameter["name"] == name);
        assert_eq!(
            header("if-match"),
            takes("If-Match").then(|| self.version()).flatten().map(ETag::as_str),
            "{id}"
        );
        assert_eq!(header("idempotency-key").is_some(), takes("Idempotency-Key"), "{id}");
        let json = (!request.body.is_empty()).then_some("application/json");
        assert_eq!(header("content-type"), json, "{id}");
        let token = operation.found.get("security").map(|_| "Bearer porta_at_x");
        assert_eq!(header("authorization"), token, "{id}");
    }

    fn operation(&self) -> &Operation {
        &self.tester.document.operations[self.id]
    }

    fn sample_query(&self) -> Map<String, Value> {
        if self.tester.extent == Extent::Sparse {
            return Map::new();
        }
        let parameters = self.operation().parameters("query");
        let optional = parameters.into_iter().filter(|parameter| parameter["required"] != true);
        // `dry-run` is another spelling of `dryRun`.
        let named = optional.filter(|parameter| parameter["name"] != "dry-run");
        let sample = |parameter: &Value| {
            let name = parameter["name"].as_str().unwrap().to_owned();
            (name, self.tester.document.sample(&parameter["schema"], Extent::Whole))
        };
        named.map(sample).collect()
    }

    fn sample_body(&self) -> Option<Value> {
        let content = self.operation().found.get("requestBody")?;
        let schema = &content["content"]["application/json"]["schema"];
        Some(self.tester.document.sample(schema, self.tester.extent))
    }
}

fn fill(template: &str) -> String {
    let filled = template.split('/').map(|part| if part.starts_with('{') { ENCODED_ID } else { part });
    filled.collect::<Vec<_>>().join("/")
}

fn pair((name, value): (&String, &Value)) -> String {
    format!("{name}={}", text(value))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

struct Document {
    schemas: Value,
    operations: BTreeMap<String, Operation>,
}

struct Operation {
    method: String,
    template: String,
    found: Value,
}

impl Operation {
    fn parameters(&self, place: &str) -> Vec<&Value> {
        let all = self.found["parameters"].as_array().unwrap();
        all.iter().filter(|parameter| parameter["in"] == place).collect()
    }
}

impl Document {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/openapi.json");
        let whole: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let mut operations = BTreeMap::new();
        for (template, methods) in whole["paths"].as_object().unwrap() {
            for (method, found) in methods.as_object().unwrap() {
                let id = found["operationId"].as_str().unwrap().to_owned();
                let (method, template) = (method.to_uppercase(), template.clone());
                operations.insert(id, Operation { method, template, found: found.clone() });
            }
        }
        Self { schemas: whole["components"]["schemas"].clone(), operations }
    }

    fn find(&self, request: &Received) -> Option<&Operation> {
        let path = request.target.split('?').next()?.strip_prefix(BASE)?;
        let fits =
            |operation: &&Operation| operation.method == request.method && fill(&operation.template) == path;
        self.operations.values().find(fits)
    }

    /// A sample of the successful answer, if it has a body.
    fn answer(&self, operation: &Operation, extent: Extent) -> Option<Value> {
        let responses = operation.found["responses"].as_object()?;
        let (_, success) = responses.iter().find(|(status, _)| status.starts_with('2'))?;
        let schema = &success.get("content")?.get("application/json").unwrap_or(&Value::Null)["schema"];
        Some(self.sample(schema, extent))
    }

    fn sample(&self, schema: &Value, extent: Extent) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            return self.sample(&self.schemas[reference.rsplit('/').next().unwrap()], extent);
        }
        if let Some(all) = schema["allOf"].as_array() {
            let objects = all.iter().map(|one| self.sample(one, extent));
            return objects.fold(json!({}), merged);
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            return match extent {
                Extent::Whole => {
                    self.sample(choices.iter().find(|one| one["type"] != "null").unwrap(), extent)
                }
                Extent::Sparse => Value::Null,
            };
        }
        if let Some(values) = schema["enum"].as_array() {
            return values[0].clone();
        }
        let kind = schema["type"].as_array().map_or(&schema["type"], |kinds| &kinds[0]);
        match kind.as_str() {
            Some("object") => self.object(schema, extent),
            Some("array") => json!([self.sample(&schema["items"], extent)]),
            Some("string") if schema["format"] == "uuid" => json!("0198c0de-0000-7000-8000-000000000001"),
            Some("string") => json!("text"),
            Some("boolean") => json!(true),
            Some("integer") => json!(7),
            Some("number") => json!(0.5),
            _ => json!({ "any": [1, null] }),
        }
    }

    fn object(&self, schema: &Value, extent: Extent) -> Value {
        let Some(properties) = schema["properties"].as_object() else { return json!({}) };
        let none = Vec::new();
        let required = schema["required"].as_array().unwrap_or(&none);
        let is_there = |name: &String, property: &Value| match extent {
            // The client does not send what the server drops.
            Extent::Whole => property["description"] != "Accepted and ignored.",
            Extent::Sparse => required.iter().any(|one| one == name),
        };
        let present = properties.iter().filter(|(name, property)| is_there(name, property));
        present.map(|(name, property)| (name.clone(), self.sample(property, extent))).collect()
    }
}

/// Fields of both. What is not there, because an object may be `null`, adds nothing.
fn merged(mut whole: Value, one: Value) -> Value {
    if let (Value::Object(whole), Value::Object(one)) = (&mut whole, one) {
        whole.extend(one);
    }
    whole
}
