//! Sessions, grants, second factors, invitations and personal data.

mod grants;
mod invitations;
mod privacy;
mod protected;
mod sessions;
mod two_factor;

use axum::http::{Method, StatusCode, header};
use porta_core::ClientKey;
use porta_directory::Actor;
use porta_testkit::{Authorize, Browser, TestApp};

use crate::support::*;

pub(super) const ANA: Person = ("ana@acme.test", "lantern-Quay-41");
pub(super) const BOB: Person = ("bob@acme.test", "lantern-Quay-42");
/// Of the organization beta.
pub(super) const OTHER_ANA: Person = ("ana@acme.test", "other-Harbor-77");
pub(super) const SPA: (&str, &str) = ("spa", "https://spa.test/cb");

pub(super) fn at_spa() -> Authorize {
    Authorize::new("acme", SPA.0, SPA.1)
}

pub(super) fn at_beta() -> Authorize {
    Authorize::new("beta", "partner", "https://partner.test/cb")
}

/// A browser in which somebody is signed in.
pub(super) async fn signed_in(app: &TestApp, request: &Authorize, person: Person) -> Browser {
    let mut browser = app.browser();
    let answer = browser.sign_in(request, person.0, person.1).await;
    assert!(answer.query("code").is_some(), "{} {}", answer.status, answer.body);
    browser
}

/// Whether the browser gets a code without a question.
pub(super) async fn is_signed_in(browser: &Browser, request: &Authorize) -> bool {
    let answer = browser.clone().get(&request.clone().with("prompt", "none").url()).await;
    answer.query("code").is_some()
}

/// Whether a token of a user of acme is accepted.
pub(super) async fn works(app: &TestApp, token: &str) -> bool {
    let authorization = format!("Bearer {token}");
    let headers = [(header::AUTHORIZATION, authorization.as_str())];
    app.browser().send(Method::GET, "/acme/me", &headers, "".into()).await.status == StatusCode::OK
}

pub(super) async fn client(app: &TestApp, id: &str) -> ClientKey {
    let mut unit = app.directory.begin(Actor::System).await.unwrap();
    unit.client(id).await.unwrap().1.id
}
