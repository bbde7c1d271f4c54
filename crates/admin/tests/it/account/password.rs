//! Changing the password.

use porta_core::settings::RATE_LIMIT_LOGIN_MAX;
use tokio::task::JoinSet;

use super::*;

porta_testkit::on_both_stores!(
    a_new_password_ends_every_token_and_other_session,
    a_wrong_current_password_is_counted,
    unfit_passwords_are_refused,
    one_of_many_changes_wins,
);

const PATH: &str = "/me/password";
const NEW: &str = "brisk-Walnut-Harbor-9";

fn body(current: &str, new: &str) -> Value {
    json!({ "current": current, "new": new })
}

async fn notices(admins: &Admins) -> usize {
    let emails = admins.app.emails().await;
    emails.iter().filter(|outgoing| matches!(outgoing.mail, Mail::PasswordChanged { .. })).count()
}

async fn session_ids(admin: &mut Admin) -> Vec<String> {
    let body = expect(&admin.get("/me/sessions").await, StatusCode::OK);
    let rows = body["data"].as_array().unwrap();
    rows.iter().map(|row| row["sessionId"].as_str().unwrap().to_owned()).collect()
}

async fn a_new_password_ends_every_token_and_other_session(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut here = admins.sign_in(AUDITOR).await;
    let kept = session_ids(&mut here).await;
    let mut elsewhere = admins.sign_in(AUDITOR).await;
    assert_eq!(session_ids(&mut elsewhere).await.len(), 2);
    let answer = here.post(PATH, &body(AUDITOR.1, NEW)).await;
    expect(&answer, StatusCode::NO_CONTENT);
    for ended in [&mut here, &mut elsewhere] {
        refused(&ended.get("/me").await, StatusCode::UNAUTHORIZED, "Invalid token");
    }
    let mut again = admins.sign_in((AUDITOR.0, NEW)).await;
    let live = session_ids(&mut again).await;
    assert!(live.len() == 2 && live.contains(&kept[0]), "the session of the change stays: {live:?}");
    assert_eq!(notices(&admins).await, 1);
    let row = admins.newest("user.password.changed").await;
    let auditor = stored(&admins, AUDITOR).await;
    assert_eq!((row.user_id, row.actor_id), (Some(auditor.id), Some(auditor.id)));
    assert_eq!(
        (row.ip_address.as_deref(), row.request_id.as_deref()),
        (Some("127.0.0.1"), answer.header("x-request-id"))
    );
    assert_eq!(row.metadata["tokenFamiliesEnded"], 2);
    assert!(!row.metadata.to_string().contains(NEW));
}

async fn a_wrong_current_password_is_counted(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let most = admins.app.tenant("porta-admin").await.settings.number(RATE_LIMIT_LOGIN_MAX);
    for _ in 0..most {
        let answer = auditor.post(PATH, &body("wrong-Password-1", NEW)).await;
        let refusal = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(refusal["details"][0]["path"], json!(["current"]));
    }
    assert_eq!(u64::try_from(admins.count("user.password.change.failed").await).unwrap(), most);
    let answer = auditor.post(PATH, &body(AUDITOR.1, NEW)).await;
    refused(&answer, StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(notices(&admins).await, 0);
    // The guesses of one session do not keep the owner out.
    let mut elsewhere = admins.sign_in(AUDITOR).await;
    expect(&elsewhere.post(PATH, &body(AUDITOR.1, NEW)).await, StatusCode::NO_CONTENT);
}

async fn unfit_passwords_are_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let before = stored(&admins, AUDITOR).await;
    for (new, text) in [
        ("short", "use at least"),
        ("1q2w3e4r5t", "use one that is not among"),
        ("tab\tulator-Quay", "leave out tabs"),
        (AUDITOR.1, "use another one than the current password"),
    ] {
        let answer = auditor.post(PATH, &body(AUDITOR.1, new)).await;
        let refusal = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
        let detail = &refusal["details"][0];
        assert_eq!(detail["path"], json!(["new"]), "{new}");
        assert!(detail["message"].as_str().unwrap().starts_with(text), "{new}: {detail}");
    }
    for unfit in [json!({ "current": AUDITOR.1 }), json!({ "new": 7 }), json!({})] {
        refused(&auditor.post(PATH, &unfit).await, StatusCode::BAD_REQUEST, "Validation failed");
    }
    let answer = auditor.post(PATH, &json!({ "new": NEW })).await;
    let refusal = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
    assert_eq!(refusal["details"][0]["path"], json!(["current"]));
    assert_eq!(stored(&admins, AUDITOR).await, before);
}

async fn one_of_many_changes_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let token = admins.sign_in(AUDITOR).await.token;
    let mut changes = JoinSet::new();
    for n in 0..8 {
        let mut auditor = admins.bearer(&token);
        let change = body(AUDITOR.1, &format!("{NEW}{n}"));
        changes.spawn(async move { auditor.post(PATH, &change).await.status });
    }
    let statuses = changes.join_all().await;
    let won = statuses.iter().filter(|status| **status == StatusCode::NO_CONTENT).count();
    assert_eq!((won, notices(&admins).await), (1, 1), "{statuses:?}");
    assert!(statuses.iter().all(|status| !status.is_server_error()), "{statuses:?}");
}
