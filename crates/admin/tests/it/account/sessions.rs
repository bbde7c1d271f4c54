//! The own sessions.

use super::*;

porta_testkit::on_both_stores!(
    the_live_sessions_are_listed,
    another_session_ends_with_its_tokens,
    all_others_end_at_once,
    only_own_sessions_are_ended,
);

const PATH: &str = "/me/sessions";

async fn list(admin: &mut Admin) -> Vec<Value> {
    let body = expect(&admin.get(PATH).await, StatusCode::OK);
    assert_eq!(body["total"], body["data"].as_array().unwrap().len());
    body["data"].as_array().unwrap().clone()
}

/// Id of the session of a token.
async fn current(admin: &mut Admin) -> String {
    let sessions = list(admin).await;
    let mut current = sessions.iter().filter(|session| session["isCurrent"] == true);
    let id = current.next().unwrap()["sessionId"].as_str().unwrap().to_owned();
    assert_eq!(current.next(), None);
    id
}

async fn the_live_sessions_are_listed(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut first = admins.sign_in(AUDITOR).await;
    admins.sign_in(USERS).await;
    admins.app.advance(Duration::from_secs(1));
    let mut second = admins.sign_in(AUDITOR).await;
    let sessions = list(&mut first).await;
    assert_eq!(sessions.len(), 2);
    assert_eq!((&sessions[0]["isCurrent"], &sessions[1]["isCurrent"]), (&json!(false), &json!(true)));
    assert_eq!((&sessions[1]["ipAddress"], &sessions[1]["userAgent"]), (&json!("127.0.0.1"), &Value::Null));
    for field in ["sessionId", "createdAt", "lastActivityAt", "expiresAt"] {
        assert!(sessions[1][field].is_string(), "{field}");
    }
    assert_ne!(current(&mut first).await, current(&mut second).await);
}

async fn another_session_ends_with_its_tokens(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut here = admins.sign_in(AUDITOR).await;
    let mut there = admins.sign_in(AUDITOR).await;
    let id = current(&mut there).await;
    let path = format!("{PATH}/{id}");
    expect(&here.delete(&path).await, StatusCode::NO_CONTENT);
    refused(&there.get("/me").await, StatusCode::UNAUTHORIZED, "Invalid token");
    assert_eq!(list(&mut here).await.len(), 1);
    let row = admins.newest("session.revoked").await;
    let auditor = stored(&admins, AUDITOR).await.id;
    assert_eq!((row.actor_id, &row.metadata["session"]), (Some(auditor), &json!(id)));
    refused(&here.delete(&path).await, StatusCode::NOT_FOUND, &format!("Session not found: {id}"));
    assert_eq!(admins.count("session.revoked").await, 1);
}

async fn all_others_end_at_once(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut here = admins.sign_in(AUDITOR).await;
    let (mut there, mut colleague) = (admins.sign_in(AUDITOR).await, admins.sign_in(USERS).await);
    expect(&here.delete(PATH).await, StatusCode::NO_CONTENT);
    refused(&there.get("/me").await, StatusCode::UNAUTHORIZED, "Invalid token");
    expect(&colleague.get("/me").await, StatusCode::OK);
    assert_eq!(list(&mut here).await.len(), 1);
    assert_eq!(admins.count("user.sessions.revoked").await, 1);
}

async fn only_own_sessions_are_ended(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let mut root = admins.sign_in(ROOT).await;
    let own = current(&mut auditor).await;
    let answer = auditor.delete(&format!("{PATH}/{own}")).await;
    let error = "The request comes from this session; sign out to end it";
    refused(&answer, StatusCode::BAD_REQUEST, error);
    for id in [current(&mut root).await.as_str(), "x", "00000000-0000-0000-0000-000000000000"] {
        let text = format!("Session not found: {id}");
        refused(&auditor.delete(&format!("{PATH}/{id}")).await, StatusCode::NOT_FOUND, &text);
    }
    expect(&root.get("/me").await, StatusCode::OK);
    expect(&auditor.get("/me").await, StatusCode::OK);
}
