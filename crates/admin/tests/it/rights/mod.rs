//! Roles, permissions, claims, and who has them.

mod claims;
mod deletion;
mod escalation;
mod permissions;
mod races;
mod roles;
mod user_roles;

use axum::http::{Method, StatusCode};
use porta_directory::Actor;
use porta_testkit::Answer;
use serde_json::Value;

use crate::support::*;

/// An id of nothing.
const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// Id of an application that has its slug alone, or is the platform's.
async fn application(admins: &Admins, slug: &str) -> String {
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    unit.applications().find(slug).await.unwrap().1.id.to_string()
}

/// Id of the role, permission or claim of this slug in a list.
async fn id_of(admin: &mut Admin, list: &str, slug: &str) -> String {
    let body = expect(&admin.get(list).await, StatusCode::OK);
    let rows = body["data"].as_array().unwrap();
    let row = rows.iter().find(|row| row["slug"] == slug);
    row.unwrap_or_else(|| unreachable!("{slug} is not in {body}"))["id"].as_str().unwrap().to_owned()
}

/// The values of a field of a list, in its order.
fn each(body: &Value, field: &str) -> Vec<String> {
    let rows = body["data"].as_array().unwrap();
    rows.iter().map(|row| row[field].as_str().unwrap().to_owned()).collect()
}

/// Expects a refusal because of one field.
fn invalid(answer: &Answer, field: &Value) {
    let body = refused(answer, StatusCode::BAD_REQUEST, "Validation failed");
    assert_eq!(&body["details"][0]["path"], field, "{body}");
}

/// Expects a refusal because something is protected.
fn forbidden(answer: &Answer, message: &str) {
    let body = refused(answer, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(body["message"], message);
}

/// One administrator of each built-in role but the super-admin, and somebody without a token.
struct Lesser {
    administrators: Vec<(Person, Admin)>,
    nobody: Admin,
}

impl Lesser {
    async fn of(admins: &Admins) -> Self {
        let mut administrators = Vec::new();
        for person in [ORGS, USERS, APPS, AUDITOR] {
            administrators.push((person, admins.sign_in(person).await));
        }
        Self { administrators, nobody: admins.bearer("none") }
    }

    /// Sends a request as each of them, and expects that all but some lack the permission.
    async fn only(&mut self, may: &[Person], permission: &str, request: (Method, &str, Value)) {
        let (method, path, body) = request;
        for (person, admin) in &mut self.administrators {
            let answer = admin.send(method.clone(), path, Some(&body)).await;
            if may.contains(person) {
                assert_ne!(answer.status, StatusCode::FORBIDDEN, "{} {method} {path}", person.0);
            } else {
                forbidden(&answer, &format!("Insufficient permissions. Required: {permission}"));
            }
        }
        let answer = self.nobody.send(method.clone(), path, Some(&body)).await;
        refused(&answer, StatusCode::UNAUTHORIZED, "Invalid token");
    }
}
