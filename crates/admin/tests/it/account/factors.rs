//! The own second factor.

use porta_core::mail::SecondFactorChange;
use porta_core::organization::TwoFactorPolicy;
use porta_core::user::TwoFactorMethod;
use porta_directory::Actor;
use totp_rs::{Builder, Secret};

use super::*;

porta_testkit::on_both_stores!(
    mailed_codes_are_set_up,
    an_authenticator_is_set_up,
    a_wrong_code_confirms_nothing,
    guesses_at_a_code_are_limited,
    a_setup_is_cancelled,
    a_factor_is_switched_off_by_whoever_proved_it,
    recovery_codes_are_replaced,
    what_is_not_there_or_not_offered_is_refused,
    a_required_factor_stays,
);

const PATH: &str = "/me/two-factor";

async fn status(admin: &mut Admin) -> Value {
    expect(&admin.get(PATH).await, StatusCode::OK)["data"].clone()
}

async fn begin(admin: &mut Admin, method: &str) -> Value {
    let answer = admin.post(&format!("{PATH}/setup"), &json!({ "method": method })).await;
    expect(&answer, StatusCode::OK)["data"].clone()
}

async fn verify(admin: &mut Admin, code: &str) -> porta_testkit::Answer {
    admin.post(&format!("{PATH}/verify"), &json!({ "code": code })).await
}

async fn method(admins: &Admins) -> Option<TwoFactorMethod> {
    stored(admins, AUDITOR).await.two_factor_method
}

async fn count(admins: &Admins, wanted: SecondFactorChange) -> usize {
    let is_wanted =
        |mail: &Mail| matches!(mail, Mail::SecondFactorChanged { change, .. } if *change == wanted);
    admins.app.emails().await.iter().filter(|outgoing| is_wanted(&outgoing.mail)).count()
}

/// The auditor, whose second factor are mailed codes, signed in with one.
async fn with_mailed_codes(admins: &Admins) -> Admin {
    let mut auditor = admins.sign_in(AUDITOR).await;
    begin(&mut auditor, "email").await;
    let code = mailed_code(&admins.app, AUDITOR.0).await;
    expect(&verify(&mut auditor, &code).await, StatusCode::OK);
    admins.app.advance(Duration::from_secs(1));
    admins.sign_in_with_code(AUDITOR).await
}

async fn mailed_codes_are_set_up(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let none = json!({
        "enabled": false, "method": null, "since": null, "recoveryCodesRemaining": 0,
        "offered": ["totp", "email"], "required": false,
    });
    assert_eq!(status(&mut auditor).await, none);
    let pending = begin(&mut auditor, "email").await;
    let expected = json!({ "method": "email", "secret": null, "qrCode": null, "sentTo": "a***r@porta.test" });
    assert_eq!(pending, expected);
    assert_eq!((status(&mut auditor).await, method(&admins).await), (none, None));
    let code = mailed_code(&admins.app, AUDITOR.0).await;
    let data = expect(&verify(&mut auditor, &code).await, StatusCode::OK)["data"].clone();
    assert_eq!((&data["count"], data["recoveryCodes"].as_array().unwrap().len()), (&json!(10), 10));
    assert!(data["warning"].as_str().unwrap().contains("not be shown again"));
    assert_eq!(method(&admins).await, Some(TwoFactorMethod::Email));
    refused(&auditor.get("/me").await, StatusCode::UNAUTHORIZED, "Invalid token");
    assert_eq!(count(&admins, SecondFactorChange::EmailEnabled).await, 1);
    let row = admins.newest("2fa.setup.email").await;
    assert_eq!(row.user_id, Some(stored(&admins, AUDITOR).await.id));
}

async fn an_authenticator_is_set_up(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    let pending = begin(&mut auditor, "totp").await;
    let key = pending["secret"].as_str().unwrap();
    assert!(key.len() == 32 && pending["qrCode"].as_str().unwrap().starts_with("<svg"), "{pending}");
    assert_eq!(pending["sentTo"], Value::Null);
    let secret = Secret::try_from_base32(key).unwrap();
    let authenticator = Builder::new().with_secret(secret).build().unwrap();
    let seconds = u64::try_from(admins.app.now().seconds()).unwrap();
    let code = authenticator.generate(seconds).to_string();
    let data = expect(&verify(&mut auditor, &code).await, StatusCode::OK)["data"].clone();
    assert_eq!(data["count"], 10);
    assert_eq!(method(&admins).await, Some(TwoFactorMethod::Totp));
    assert_eq!(count(&admins, SecondFactorChange::TotpEnabled).await, 1);
}

async fn a_wrong_code_confirms_nothing(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    refused(&verify(&mut auditor, "000000").await, StatusCode::CONFLICT, CHANGED);
    begin(&mut auditor, "totp").await;
    for wrong in ["", " ", "abc", "1".repeat(65).as_str()] {
        let refusal =
            refused(&verify(&mut auditor, wrong).await, StatusCode::BAD_REQUEST, "Validation failed");
        assert_eq!(refusal["details"][0]["path"], json!(["code"]), "{wrong}");
    }
    assert_eq!((method(&admins).await, admins.count("2fa.setup.totp.failed").await), (None, 1));
    // A setup belongs to its session.
    let mut elsewhere = admins.sign_in(AUDITOR).await;
    refused(&verify(&mut elsewhere, "000000").await, StatusCode::CONFLICT, CHANGED);
}

const CHANGED: &str = "Nothing is being set up, or another change was faster; look at the status again";

async fn guesses_at_a_code_are_limited(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    begin(&mut auditor, "totp").await;
    let most = admins
        .app
        .tenant("porta-admin")
        .await
        .settings
        .number(porta_core::settings::RATE_LIMIT_2FA_VERIFY_MAX);
    for _ in 0..most {
        expect(&verify(&mut auditor, "abc").await, StatusCode::BAD_REQUEST);
    }
    let answer = verify(&mut auditor, "abc").await;
    refused(&answer, StatusCode::TOO_MANY_REQUESTS, "Too Many Requests");
    assert!(answer.header("retry-after").is_some());
}

async fn a_setup_is_cancelled(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    begin(&mut auditor, "email").await;
    let code = mailed_code(&admins.app, AUDITOR.0).await;
    expect(&auditor.delete(&format!("{PATH}/setup")).await, StatusCode::NO_CONTENT);
    refused(&verify(&mut auditor, &code).await, StatusCode::CONFLICT, CHANGED);
    assert_eq!(method(&admins).await, None);
}

async fn a_factor_is_switched_off_by_whoever_proved_it(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = with_mailed_codes(&admins).await;
    expect(&auditor.post(&format!("{PATH}/disable"), &json!({})).await, StatusCode::NO_CONTENT);
    assert_eq!((method(&admins).await, count(&admins, SecondFactorChange::Disabled).await), (None, 1));
    refused(&auditor.get("/me").await, StatusCode::UNAUTHORIZED, "Invalid token");
    let row = admins.newest("2fa.disabled").await;
    assert_eq!(row.actor_id, Some(stored(&admins, AUDITOR).await.id));
    // A token that comes from the password alone does not do.
    let mut weak = admins.sign_in(AUDITOR).await;
    let user = stored(&admins, AUDITOR).await;
    let mut all = admins.app.store.repositories();
    let mut factors = all.second_factors(user.organization_id);
    assert!(factors.enrol_email(user.id, admins.app.now()).await.unwrap());
    drop(factors);
    drop(all);
    for path in ["disable", "recovery-codes/regenerate"] {
        let answer = weak.post(&format!("{PATH}/{path}"), &json!({})).await;
        refused(&answer, StatusCode::UNAUTHORIZED, "Recent sign-in required");
    }
    assert_eq!(method(&admins).await, Some(TwoFactorMethod::Email));
}

async fn recovery_codes_are_replaced(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = with_mailed_codes(&admins).await;
    let path = format!("{PATH}/recovery-codes/regenerate");
    let first = expect(&auditor.post(&path, &json!({})).await, StatusCode::OK)["data"].clone();
    let second = expect(&auditor.post(&path, &json!({})).await, StatusCode::OK)["data"].clone();
    assert_eq!((&first["count"], &second["count"]), (&json!(10), &json!(10)));
    assert_ne!(first["recoveryCodes"], second["recoveryCodes"]);
    assert_eq!(status(&mut auditor).await["recoveryCodesRemaining"], 10);
    assert_eq!(count(&admins, SecondFactorChange::RecoveryCodesReplaced).await, 2);
    assert_eq!(admins.count("2fa.recovery.regenerated").await, 2);
}

async fn what_is_not_there_or_not_offered_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    for path in ["disable", "recovery-codes/regenerate"] {
        let answer = auditor.post(&format!("{PATH}/{path}"), &json!({})).await;
        refused(&answer, StatusCode::BAD_REQUEST, "You have no second factor");
    }
    let answer = auditor.post(&format!("{PATH}/resend"), &json!({})).await;
    refused(&answer, StatusCode::BAD_REQUEST, "No mailed code is being set up");
    let answer = auditor.post(&format!("{PATH}/setup"), &json!({ "method": "sms" })).await;
    let refusal = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
    assert_eq!(refusal["details"][0]["path"], json!(["method"]));
    let mut strong = with_mailed_codes(&admins).await;
    let answer = strong.post(&format!("{PATH}/setup"), &json!({ "method": "email" })).await;
    refused(&answer, StatusCode::BAD_REQUEST, "email is not offered: see `offered` of the status");
}

async fn a_required_factor_stays(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = with_mailed_codes(&admins).await;
    let mut unit = admins.app.directory.begin(Actor::System).await.unwrap();
    let before = unit.organization("porta-admin").await.unwrap();
    let mut after = before.clone();
    after.two_factor_policy = TwoFactorPolicy::RequiredAny;
    unit.organizations().update(&before, after).await.unwrap();
    unit.commit().await.unwrap();
    admins.app.wait_for_notices().await;
    assert_eq!(status(&mut auditor).await["required"], true);
    let answer = auditor.post(&format!("{PATH}/disable"), &json!({})).await;
    refused(&answer, StatusCode::BAD_REQUEST, "The organization requires a second factor");
    assert_eq!(method(&admins).await, Some(TwoFactorMethod::Email));
}
