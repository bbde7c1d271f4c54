//! What happens if the server refuses, breaks off or says nothing.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use porta_client::queries::{DestroyOrganizationQuery, ExportUsersQuery};
use porta_client::{ETag, Error, ErrorKind, TokenError, TokenSource, types};
use secrecy::{ExposeSecret as _, SecretString};

use crate::server::{Received, Server, json, reply};

const ME: &str = r#"{"data":{"clientId":"cli","organization":{"id":"0198c0de-0000-7000-8000-000000000001",
    "name":"Admin","slug":"porta-admin","isSuperAdmin":true},"roles":[],"permissions":[],"isProtected":false}}"#;
const INVITED: &str = r#"{"data":{"invitationId":"0198c0de-0000-7000-8000-000000000001",
    "userId":"0198c0de-0000-7000-8000-000000000002","email":"a@b.test","created":true,"invitationSent":true,
    "expiresAt":"2026-01-01T00:00:00Z"}}"#;

fn header<'r>(request: &'r Received, name: &str) -> Option<&'r str> {
    request.headers.get(name).map(String::as_str)
}

#[tokio::test]
async fn a_refusal_is_told_with_all_it_says() {
    let headers = [("x-request-id", "r-1"), ("retry-after", "120")];
    let body = r#"{"error":"Too Many Requests","message":"Try later","status":429}"#;
    let server = Server::with(vec![reply("429 Too Many Requests", &headers, body)]).await;
    let error = server.client().me.get_me().await.unwrap_err();
    let refusal = error.api().unwrap();
    assert_eq!((refusal.kind(), refusal.status), (ErrorKind::Limited, 429));
    assert_eq!(refusal.request_id.as_deref(), Some("r-1"));
    assert_eq!(refusal.retry_after, Some(Duration::from_mins(2)));
    assert_eq!(error.to_string(), "Too Many Requests: Try later");
    assert_eq!(server.received().len(), 1, "two minutes are longer than anybody waits");
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_key() {
    let server = Server::with(vec![Vec::new(), Vec::new(), json(INVITED)]).await;
    let body = types::InvitationBody { email: "a@b.test".to_owned(), ..Default::default() };
    server.client().invitations.invite_user("acme", &body).await.unwrap();
    let received = server.received();
    let keys: Vec<_> = received.iter().map(|request| header(request, "idempotency-key").unwrap()).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    // Another call is another request.
    server.client().invitations.invite_user("acme", &body).await.unwrap();
    assert_ne!(header(&server.received()[3], "idempotency-key"), Some(keys[0]));
}

#[tokio::test]
async fn a_caller_may_choose_the_key() {
    let server = Server::with(vec![json(INVITED)]).await;
    let body = types::InvitationBody { email: "a@b.test".to_owned(), ..Default::default() };
    server.client().invitations.invite_user("acme", &body).idempotency_key("mine").await.unwrap();
    assert_eq!(header(&server.received()[0], "idempotency-key"), Some("mine"));
    let unfit = server.client().invitations.invite_user("acme", &body).idempotency_key("a\nb").await;
    assert!(matches!(unfit.unwrap_err(), Error::Usage(_)));
}

#[tokio::test]
async fn what_may_have_happened_is_not_done_again() {
    let server = Server::with(vec![Vec::new()]).await;
    let client = server.client();
    let error = client.sessions.revoke_session("s").await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
    let change = types::RoleChange::default();
    let tag = ETag::new("W/\"r-1\"");
    client.roles.update_role("app", "r", &change, Some(&tag)).await.unwrap_err();
    assert_eq!(server.received().len(), 2);
    // Without a version the change is the same the second time.
    client.roles.update_role("app", "r", &change, None).await.unwrap_err();
    assert_eq!(server.received().len(), 5);
}

#[tokio::test]
async fn a_store_that_is_away_for_a_moment_is_not_noticed() {
    let away =
        reply("503 Service Unavailable", &[("retry-after", "0")], r#"{"error":"Temporarily unavailable"}"#);
    let server = Server::with(vec![away.clone(), away.clone(), json(ME)]).await;
    server.client().me.get_me().await.unwrap();
    let gone = Server::with(vec![away]).await;
    let error = gone.client().me.get_me().await.unwrap_err();
    assert_eq!((error.kind(), gone.received().len()), (Some(ErrorKind::Unavailable), 3));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = Server::with(vec![json(ME)]).await;
    let location = format!("http://{}/api/admin/me", elsewhere.address());
    let server = Server::with(vec![reply("307 Temporary Redirect", &[("location", &location)], "")]).await;
    let error = server.client().me.get_me().await.unwrap_err();
    assert_eq!(error.api().unwrap().status, 307);
    assert_eq!(elsewhere.received().len(), 0, "the token would go to another server");
}

#[tokio::test]
async fn what_is_no_answer_is_an_error() {
    let server = Server::with(vec![json("<html>")]).await;
    assert!(matches!(server.client().me.get_me().await.unwrap_err(), Error::Decoding(_)));
    let long = Server::with(vec![json(&" ".repeat(200))]).await;
    let client = long.builder(porta_client::FixedToken::new("t")).largest_answer(199).build().unwrap();
    let error = client.me.get_me().await.unwrap_err();
    assert!(matches!(error, Error::TooLong { limit: 199 }), "{error:?}");
}

#[tokio::test]
async fn an_id_that_is_another_path_is_not_sent() {
    let server = Server::with(vec![json(ME)]).await;
    for id in ["", ".", ".."] {
        let error = server
            .client()
            .organizations
            .destroy_organization(id, &DestroyOrganizationQuery::default(), None)
            .await;
        assert!(matches!(error.unwrap_err(), Error::Usage(_)), "{id:?}");
    }
    assert_eq!(server.received().len(), 0);
}

#[tokio::test]
async fn a_file_that_breaks_off_is_no_shorter_file() {
    let mut broken = reply("200 OK", &[("content-type", "text/csv")], "id,email\r\n1,a@b.test\r\n");
    broken.truncate(broken.len() - 5);
    let server = Server::with(vec![broken]).await;
    let mut file = server.client().exports.export_users("acme", &ExportUsersQuery::default()).await.unwrap();
    assert_eq!(file.content_type(), Some("text/csv"));
    let error = loop {
        match file.chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => unreachable!("the file is whole"),
            Err(error) => break error,
        }
    };
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
}

/// A source whose first token has expired.
struct Expired {
    newest: Mutex<Option<&'static str>>,
}

#[async_trait]
impl TokenSource for Expired {
    async fn token(&self) -> Result<SecretString, TokenError> {
        Ok(SecretString::from("old"))
    }

    async fn renewed(&self, refused: &SecretString) -> Result<Option<SecretString>, TokenError> {
        assert_eq!(refused.expose_secret(), "old");
        Ok(self.newest.lock().unwrap().take().map(SecretString::from))
    }
}

#[tokio::test]
async fn an_expired_token_is_renewed_once() {
    let refused = reply("401 Unauthorized", &[], r#"{"error":"Authentication required"}"#);
    let server = Server::with(vec![refused.clone(), json(ME)]).await;
    let tokens = Expired { newest: Mutex::new(Some("new")) };
    server.builder(tokens).build().unwrap().me.get_me().await.unwrap();
    let sent: Vec<_> =
        server.received().iter().map(|r| header(r, "authorization").map(str::to_owned)).collect();
    assert_eq!(sent, [Some("Bearer old".to_owned()), Some("Bearer new".to_owned())]);

    for (newest, requests) in [(None, 1), (Some("new"), 2)] {
        let server = Server::with(vec![refused.clone()]).await;
        let client = server.builder(Expired { newest: Mutex::new(newest) }).build().unwrap();
        assert_eq!(client.me.get_me().await.unwrap_err().kind(), Some(ErrorKind::Unauthenticated));
        assert_eq!(server.received().len(), requests);
    }
}

#[test]
fn nothing_shows_a_secret() {
    let body = types::NewPassword { password: "lantern-Quay-51".into(), ..types::NewPassword::default() };
    let builder =
        porta_client::Builder::new("https://porta.test", porta_client::FixedToken::new("porta_at_y"));
    let shown = format!("{body:?} {builder:?} {:?}", porta_client::FixedToken::new("porta_at_x"));
    assert!(!shown.contains("lantern") && !shown.contains("porta_at_"), "{shown}");
}
