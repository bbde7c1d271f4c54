//! The OpenAPI document against the server: every example is sent, everything that can be read is read, and each answer is
//! as the document describes it.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use porta_testkit::{Answer, TestApp};
use serde_json::{Value, json};

use crate::newcomers::Newcomer;
use crate::schema::problems;
use crate::support::*;

porta_testkit::on_both_stores!(
    every_example_does_what_the_document_says,
    everything_that_is_read_is_as_described,
    what_is_refused_is_as_described,
);

const JSON: &str = "application/json";
/// Nothing has this id.
const NOBODY: &str = "0197c5a0-ffff-7fff-bfff-ffffffffffff";

/// An operation of the document.
struct Operation<'d> {
    method: Method,
    path: &'d str,
    id: &'d str,
    described: &'d Value,
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, described) in item.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            let id = described["operationId"].as_str().unwrap();
            found.push(Operation { method, path, id, described });
        }
    }
    found
}

impl Operation<'_> {
    /// Whether one of the query parameters is called so.
    fn takes(&self, name: &str) -> bool {
        let parameters = self.described["parameters"].as_array();
        parameters.into_iter().flatten().any(|p| p["in"] == "query" && p["name"] == name)
    }

    /// Expects an answer that the document describes.
    fn check(&self, document: &Value, answer: &Answer) {
        let described = &self.described["responses"][answer.status.as_str()];
        assert!(described.is_object(), "{} answers {}: {}", self.id, answer.status, answer.body);
        let contents = described["content"].as_object();
        let Some(contents) = contents else {
            assert!(answer.body.is_empty(), "{}: {}", self.id, answer.body);
            return;
        };
        let kind = answer.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
        let content = contents.get(kind).unwrap_or_else(|| unreachable!("{} answers with {kind}", self.id));
        if kind == JSON {
            let found = problems(document, &content["schema"], &answer.json());
            assert!(found.is_empty(), "{} {}: {found:#?}\n{}", self.id, answer.status, answer.body);
        }
    }
}

/// An organization with one of everything, and the names that examples and paths have for it.
struct World {
    examples: Vec<(&'static str, String)>,
    parameters: BTreeMap<&'static str, String>,
}

async fn made(root: &mut Admin, path: &str, body: &Value) -> Value {
    expect(&root.post(path, body).await, StatusCode::CREATED)["data"].clone()
}

fn id(entity: &Value) -> String {
    entity["id"].as_str().unwrap().to_owned()
}

impl World {
    async fn new(root: &mut Admin, n: usize) -> Self {
        let (slug, planner) = (format!("harbor-{n}"), format!("dock-planner-{n}"));
        let organization = made(root, "/organizations", &json!({ "name": "Harbor", "slug": slug })).await;
        let body = json!({ "name": "Dock Planner", "slug": planner, "organizationId": slug });
        made(root, "/applications", &body).await;
        let below = format!("/applications/{planner}");
        let module = made(root, &format!("{below}/modules"), &json!({ "name": "Berths" })).await;
        let body = json!({ "name": "Read berths", "slug": "dock:berths:read" });
        let permission = made(root, &format!("{below}/permissions"), &body).await;
        let role = made(root, &format!("{below}/roles"), &json!({ "name": "Clerk", "slug": "clerk" })).await;
        let body = json!({ "claimName": "terminal_code", "name": "Terminal", "claimType": "string" });
        let claim = made(root, &format!("{below}/claims"), &body).await;
        let client = json!({
            "applicationId": planner, "organizationId": slug, "clientName": "Web",
            "redirectUris": ["https://planner.example.com/callback"], "idTokenSignedResponseAlg": "ES256",
        });
        let client = made(root, "/clients", &client).await;
        let body = json!({ "email": format!("kim@{slug}.example"), "givenName": "Kim" });
        let user = made(root, &format!("/organizations/{slug}/users"), &body).await;
        made(root, "/keys/generate", &json!({ "organizationId": slug, "algorithm": "ES256" })).await;
        let keys = expect(&root.get(&format!("/keys?organizationId={slug}")).await, StatusCode::OK);
        let keys = keys["data"].as_array().unwrap();
        let active = keys.iter().find(|key| key["status"] == "active").unwrap();
        let parameters = [
            ("orgId", slug.clone()),
            ("appId", planner.clone()),
            ("moduleId", id(&module)),
            ("permId", id(&permission)),
            ("roleId", id(&role)),
            ("claimId", id(&claim)),
            ("clientId", id(&client)),
            ("secretId", id(&client["secret"])),
            ("userId", id(&user)),
            ("keyId", id(active)),
            ("type", "logo".to_owned()),
            ("key", "access_token_ttl".to_owned()),
        ];
        let examples = vec![
            ("\"harbor\"", format!("\"{slug}\"")),
            ("\"dock-planner\"", format!("\"{planner}\"")),
            ("0197c5a0-0000-7000-8000-000000000001", id(&role)),
            ("0197c5a0-0000-7000-8000-000000000002", id(&permission)),
            ("0197c5a0-0000-7000-8000-000000000003", id(&user)),
            ("0197c5a0-0000-7000-8000-000000000004", id(&organization)),
        ];
        Self { examples, parameters: parameters.into() }
    }

    /// Somebody with the account that examples are about: with the password of all newcomers, and a mailed code.
    async fn account(&mut self, admins: &Admins, root: &mut Admin) -> Admin {
        let email = format!("kim@{}.test", self.parameters["orgId"]);
        let newcomer = Newcomer::make(admins, root, &email, "porta-auditor").await;
        let mut owner = newcomer.sign_in(admins).await;
        let method = json!({ "method": "email" });
        expect(&owner.post("/me/two-factor/setup", &method).await, StatusCode::OK);
        self.examples.push(("492817", mailed_code(&admins.app, &email).await));
        owner
    }

    /// A path with the names of this world. What it has not is named by an id that nothing has.
    fn path(&self, path: &str) -> String {
        let part = |part: &str| match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => self.parameters.get(name).cloned().unwrap_or_else(|| NOBODY.to_owned()),
            None => part.to_owned(),
        };
        path.split('/').map(part).collect::<Vec<_>>().join("/")
    }

    /// An example with the names of this world.
    fn body(&self, example: &Value) -> Value {
        let text = self.examples.iter().fold(example.to_string(), |text, (from, to)| text.replace(from, to));
        serde_json::from_str(&text).unwrap()
    }
}

async fn document(root: &mut Admin) -> Value {
    expect(&root.get("/openapi.json").await, StatusCode::OK)
}

async fn every_example_does_what_the_document_says(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let document = document(&mut root).await;
    let mut count = 0;
    for operation in operations(&document) {
        let content = &operation.described["requestBody"]["content"][JSON];
        if !content.is_object() {
            continue;
        }
        let example = &content["example"];
        assert!(example.is_object(), "{} has no example", operation.id);
        assert_eq!(
            problems(&document, &content["schema"], example),
            Vec::<String>::new(),
            "{}",
            operation.id
        );
        // So that the limit of changes is not reached.
        admins.app.advance(Duration::from_secs(10));
        let mut world = World::new(&mut root, count).await;
        let mut owner = None;
        if operation.path.starts_with("/me/") {
            owner = Some(world.account(&admins, &mut root).await);
        }
        let (path, body) = (world.path(operation.path), world.body(example));
        let sender = owner.as_mut().unwrap_or(&mut root);
        if operation.id.starts_with("remove_") {
            expect(&sender.put(&path, &body).await, StatusCode::OK);
        }
        let answer = sender.send(operation.method.clone(), &path, Some(&body)).await;
        assert!(answer.status.is_success(), "{}: {} {}", operation.id, answer.status, answer.body);
        operation.check(&document, &answer);
        count += 1;
    }
    assert!(count > 40, "{count} examples");
}

async fn everything_that_is_read_is_as_described(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let document = document(&mut root).await;
    let world = World::new(&mut root, 0).await;
    let (mut read, mut missing) = (0, 0);
    for operation in operations(&document).into_iter().filter(|operation| operation.method == Method::GET) {
        let path = world.path(operation.path);
        let pages = ["page", "limit"].into_iter().filter(|name| operation.takes(name));
        let queries = std::iter::once(String::new()).chain(pages.map(|name| format!("?{name}=1")));
        for query in queries {
            let answer = root.get(&format!("{path}{query}")).await;
            operation.check(&document, &answer);
            if answer.status == StatusCode::OK { read += 1 } else { missing += 1 }
        }
    }
    assert!(read > 60 && missing < 25, "{read} were read, {missing} not");
}

async fn what_is_refused_is_as_described(app: TestApp) {
    let admins = Admins::of(app).await;
    let (mut nobody, mut helper) = (admins.bearer("x"), admins.sign_in(HELPER).await);
    let mut root = admins.sign_in(ROOT).await;
    let document = document(&mut root).await;
    let nowhere = World { examples: Vec::new(), parameters: BTreeMap::new() };
    for operation in operations(&document) {
        if operation.described.get("security").is_none() {
            continue;
        }
        let path = nowhere.path(operation.path);
        for (admin, status) in [(&mut nobody, StatusCode::UNAUTHORIZED), (&mut helper, StatusCode::FORBIDDEN)]
        {
            let answer = admin.send(operation.method.clone(), &path, None).await;
            assert_eq!(answer.status, status, "{}: {}", operation.id, answer.body);
            operation.check(&document, &answer);
        }
        if operation.path.contains('{') && operation.method == Method::GET {
            operation.check(&document, &root.get(&path).await);
        }
    }
}
