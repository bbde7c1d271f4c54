//! Attempts to get more than one has. Each file is a table: what is tried, and the refusal. An attempt of somebody who is
//! known leaves one row in the audit log and nothing else; what the table is about is the same after it.

mod applications;
mod bodies;
mod credentials;
mod denials;
mod lost_rights;
mod programs;
mod races;
mod requests;
mod rights;

use axum::http::{HeaderName, Method, StatusCode};
use porta_core::audit::AuditEvent;
use porta_core::user::User;
use serde_json::{Value, json};

use crate::support::*;

const DENIED: &str = "admin.access_denied";
const LIST: &str = "/organizations/acme/users";
/// An id that nothing has.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";
/// A password that attempts set. It is in no audit row.
const PASSWORD: &str = "harbour-Quay-5311";

const ONLY_A_SUPER_ADMIN_ASSIGNS: &str =
    "Only a super-admin may assign or remove roles of the application `porta-admin`";
const OTHER_MEMBER: &str = "Only a super-admin may change another member of the admin organization";
const ADMIN_CLIENTS: &str = "Only a super-admin may change the clients of the admin application";

/// How an attempt ends. The text is in the answer, and the reason of the audit row.
#[derive(Clone, Copy)]
enum Refusal {
    /// 403.
    Forbidden(&'static str),
    /// 403: the permission is missing.
    Lacks(&'static str),
    /// 401: the token is known, and does not count any more.
    Ended(&'static str),
    /// 200: an item of many is refused.
    Item(&'static str),
    /// 401: nobody is behind the token, so there is no row.
    Stranger,
    /// 404, as for what does not exist, but something elsewhere has the id.
    Elsewhere(&'static str),
    /// 404, and nothing has the id: no row, because it is a mistake.
    Missing(&'static str),
    /// 400: what is built in stays as it is.
    Protected(&'static str),
    /// 400, and something elsewhere has an id of the body.
    Unplaced(&'static str),
    /// 400: a rule for values. No row, because it is a mistake.
    Unfit(&'static str),
}

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::Forbidden(_) | Self::Lacks(_) => StatusCode::FORBIDDEN,
            Self::Ended(_) | Self::Stranger => StatusCode::UNAUTHORIZED,
            Self::Item(_) => StatusCode::OK,
            Self::Elsewhere(_) | Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::Protected(_) | Self::Unplaced(_) | Self::Unfit(_) => StatusCode::BAD_REQUEST,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Forbidden(text)
            | Self::Lacks(text)
            | Self::Ended(text)
            | Self::Item(text)
            | Self::Elsewhere(text)
            | Self::Missing(text)
            | Self::Protected(text)
            | Self::Unplaced(text)
            | Self::Unfit(text) => text,
            Self::Stranger => "Invalid token",
        }
    }

    fn is_audited(self) -> bool {
        !matches!(self, Self::Stranger | Self::Missing(_) | Self::Unfit(_))
    }
}

struct Attempt {
    what: &'static str,
    method: Method,
    path: String,
    body: Value,
    headers: Vec<(HeaderName, &'static str)>,
    refusal: Refusal,
}

fn get(what: &'static str, path: &str, refusal: Refusal) -> Attempt {
    attempt(what, Method::GET, path, refusal)
}

fn post(what: &'static str, path: &str, body: Value, refusal: Refusal) -> Attempt {
    Attempt { body, ..attempt(what, Method::POST, path, refusal) }
}

fn put(what: &'static str, path: &str, body: Value, refusal: Refusal) -> Attempt {
    Attempt { body, ..attempt(what, Method::PUT, path, refusal) }
}

fn delete(what: &'static str, path: &str, refusal: Refusal) -> Attempt {
    attempt(what, Method::DELETE, path, refusal)
}

fn attempt(what: &'static str, method: Method, path: &str, refusal: Refusal) -> Attempt {
    Attempt { what, method, path: path.to_owned(), body: Value::Null, headers: Vec::new(), refusal }
}

impl Attempt {
    fn carrying(mut self, body: Value) -> Self {
        self.body = body;
        self
    }

    fn with(mut self, header: &'static str, value: &'static str) -> Self {
        self.headers.push((HeaderName::from_static(header), value));
        self
    }
}

/// Somebody who tries.
struct Culprit {
    /// As the audit log names the actor.
    label: String,
    admin: Admin,
}

impl Culprit {
    /// Whoever sends a token of somebody.
    fn with_token(admins: &Admins, label: &str, token: &str) -> Self {
        Self { label: label.to_owned(), admin: admins.bearer(token) }
    }

    async fn person(admins: &Admins, person: Person) -> Self {
        Self { label: person.0.to_owned(), admin: admins.sign_in(person).await }
    }

    /// Makes an attempt and expects its refusal, the row, and no other row: every change has one.
    async fn is_refused(&mut self, admins: &Admins, attempt: Attempt) {
        let Attempt { what, method, path, body, headers, refusal } = attempt;
        let before = admins.audit().await;
        let sent = (!body.is_null()).then_some(&body);
        let answer = self.admin.send_with(method.clone(), &path, sent, &headers).await;
        assert_eq!(answer.status, refusal.status(), "{what}: {}", answer.body);
        assert!(answer.body.contains(refusal.text()), "{what}: {}", answer.body);
        let rows = new_rows(admins, &before).await;
        if !refusal.is_audited() {
            assert!(rows.is_empty(), "{what}: {rows:?}");
            return;
        }
        let [row] = rows.as_slice() else { unreachable!("{what}: {rows:?}") };
        assert_eq!((row.event_type.as_str(), row.category.as_str()), (DENIED, "security"), "{what}");
        assert_eq!(row.actor_label.as_deref(), Some(self.label.as_str()), "{what}");
        assert_eq!(row.request_id.as_deref(), answer.header("x-request-id"), "{what}");
        assert_eq!(row.ip_address.as_deref(), Some("127.0.0.1"), "{what}");
        let metadata = &row.metadata;
        assert!(metadata["operation"].as_str().unwrap().starts_with(method.as_str()), "{what}: {metadata}");
        assert_eq!(metadata["path"], path.split('?').next().unwrap(), "{what}");
        assert_eq!(metadata["status"], answer.status.as_u16(), "{what}");
        let reason = metadata["reason"].as_str().unwrap();
        assert!(reason.contains(refusal.text()), "{what}: {metadata}");
        if matches!(refusal, Refusal::Elsewhere(_) | Refusal::Unplaced(_)) {
            assert!(reason.ends_with(", which exists elsewhere"), "{what}: {metadata}");
        }
        let text = format!("{row:?}");
        assert!(!text.contains(&self.admin.token) && !text.contains(PASSWORD), "{what}: {text}");
    }

    async fn all_are_refused(&mut self, admins: &Admins, attempts: Vec<Attempt>) {
        for attempt in attempts {
            self.is_refused(admins, attempt).await;
        }
    }
}

/// The audit rows that were not there before, newest first.
async fn new_rows(admins: &Admins, before: &[AuditEvent]) -> Vec<AuditEvent> {
    let rows = admins.audit().await;
    rows.into_iter().filter(|row| before.iter().all(|known| known.id != row.id)).collect()
}

/// What attempts are about.
#[derive(Debug, PartialEq)]
struct State {
    people: Vec<User>,
    shown: Vec<Value>,
}

const PLACES: [&str; 10] = [
    "/organizations?pageSize=100",
    "/organizations/porta-admin/users?pageSize=100",
    "/organizations/acme/users?pageSize=100",
    "/applications?pageSize=100",
    "/applications/porta-admin/roles",
    "/applications/porta-admin/permissions",
    "/clients?pageSize=100",
    "/clients/robot/secrets",
    "/config",
    "/keys",
];

impl State {
    /// Nobody may sign in between two of these: sign-ins change users.
    async fn of(admins: &Admins, root: &mut Admin) -> Self {
        let mut people = Vec::new();
        let mut shown = Vec::new();
        for place in PLACES {
            shown.push(expect(&root.get(place).await, StatusCode::OK));
        }
        for person in [ROOT, ORGS, USERS, APPS, AUDITOR, HELPER, WIKI] {
            let user = admins.user("porta-admin", person.0).await;
            let roles = format!("/organizations/porta-admin/users/{}/roles", user.id);
            shown.push(expect(&root.get(&roles).await, StatusCode::OK));
            people.push(user);
        }
        Self { people, shown }
    }
}

async fn id(admins: &Admins, person: Person) -> String {
    admins.user("porta-admin", person.0).await.id.to_string()
}

/// Id of a role of an application.
async fn role(root: &mut Admin, application: &str, slug: &str) -> String {
    let list = expect(&root.get(&format!("/applications/{application}/roles")).await, StatusCode::OK);
    let roles = list["data"].as_array().unwrap();
    let role = roles.iter().find(|role| role["slug"] == slug).unwrap();
    role["id"].as_str().unwrap().to_owned()
}

/// An import that stores everything or nothing.
fn import(mode: &str, items: Value) -> Value {
    let mut manifest = items;
    manifest["version"] = json!("1.0");
    json!({ "mode": mode, "keepGoing": false, "manifest": manifest })
}

/// Items of an import that make somebody a super-admin.
fn super_admin_role() -> Value {
    json!({ "user_role_assignments": [{
        "email": WIKI.0, "organization_slug": "porta-admin", "application_slug": "porta-admin",
        "role_slug": "porta-super-admin",
    }] })
}
