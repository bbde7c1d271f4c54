//! Second factors of users, and what organizations require.

use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use porta_core::mail::{Mail, SecondFactorChange};
use porta_core::second_factor::CodeKeys;
use porta_core::user::{TwoFactorMethod, User};
use porta_testkit::TestApp;
use porta_testkit::app::ENCRYPTION_KEY;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::*;

porta_testkit::on_both_stores!(
    the_status_tells_the_factor,
    a_factor_is_taken_away_with_everything_it_guarded,
    recovery_codes_are_replaced_and_shown_once,
    whoever_has_no_factor_is_refused,
    only_users_of_the_organization_are_found,
    a_policy_is_read_and_set,
    a_policy_based_on_an_older_version_is_refused,
    the_admin_organizations_policy_is_for_super_admins,
    a_summary_counts_factors,
    only_who_may_manages_factors,
    one_of_many_removals_wins,
);

/// Gives a user of acme mailed codes as second factor.
async fn enrol(admins: &Admins, email: &str) -> User {
    let user = admins.user("acme", email).await;
    let mut all = admins.app.store.repositories();
    let mut factors = all.second_factors(user.organization_id);
    assert!(factors.enrol_email(user.id, admins.app.now()).await.unwrap());
    drop(factors);
    drop(all);
    admins.user("acme", email).await
}

fn path(user: &User) -> String {
    format!("/organizations/acme/users/{}/two-factor", user.id)
}

/// What the mails tell of second factors, oldest first.
async fn changes(admins: &Admins) -> Vec<SecondFactorChange> {
    let emails = admins.app.emails().await;
    let change = |mail: &Mail| match mail {
        Mail::SecondFactorChanged { change, .. } => Some(*change),
        _ => None,
    };
    emails.iter().filter_map(|outgoing| change(&outgoing.mail)).collect()
}

async fn status(admin: &mut Admin, user: &User) -> Value {
    expect(&admin.get(&format!("{}/status", path(user))).await, StatusCode::OK)["data"].clone()
}

async fn the_status_tells_the_factor(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = admins.user("acme", BOB.0).await;
    let none = json!({
        "enabled": false, "method": null, "totpConfigured": false, "recoveryCodesRemaining": 0,
    });
    assert_eq!(status(&mut root, &bob).await, none);
    let bob = enrol(&admins, BOB.0).await;
    let answer = root.post(&format!("{}/recovery-codes/regenerate", path(&bob)), &json!({})).await;
    expect(&answer, StatusCode::OK);
    let email = json!({
        "enabled": true, "method": "email", "totpConfigured": false, "recoveryCodesRemaining": 10,
    });
    assert_eq!(status(&mut root, &bob).await, email);
}

async fn a_factor_is_taken_away_with_everything_it_guarded(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    for (action, event) in [("disable", "user.2fa.disabled"), ("reset", "user.2fa.reset")] {
        let browser = signed_in(&admins.app, &at_spa(), BOB).await;
        let access = token(&admins.app, "acme", BOB, SPA).await;
        admins.app.advance(Duration::from_secs(1));
        let bob = enrol(&admins, BOB.0).await;
        expect(&root.post(&format!("{}/{action}", path(&bob)), &json!({})).await, StatusCode::NO_CONTENT);
        assert_eq!(status(&mut root, &bob).await["enabled"], false);
        assert!(!works(&admins.app, &access).await && !is_signed_in(&browser, &at_spa()).await, "{action}");
        let row = admins.newest(event).await;
        assert_eq!((row.user_id, row.actor_label.as_deref()), (Some(bob.id), Some(ROOT.0)));
        assert_eq!(row.organization_label.as_deref(), Some("acme"));
        assert_eq!((&row.metadata["previousMethod"], admins.count(event).await), (&json!("email"), 1));
        let row = admins.newest("2fa.disabled").await;
        assert_eq!((row.user_id, &row.metadata["previousMethod"]), (Some(bob.id), &json!("email")));
        let shown = expect(&root.get(&format!("/users/{}", bob.id)).await, StatusCode::OK);
        assert_eq!(shown["data"]["twoFactorEnabled"], false);
    }
    assert_eq!(admins.count("2fa.disabled").await, 2);
    assert_eq!(changes(&admins).await, [SecondFactorChange::Disabled; 2]);
}

async fn recovery_codes_are_replaced_and_shown_once(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = enrol(&admins, BOB.0).await;
    let place = format!("{}/recovery-codes/regenerate", path(&bob));
    let mut shown = Vec::new();
    for _ in 0..2 {
        admins.app.advance(Duration::from_secs(1));
        let data = expect(&root.post(&place, &json!({})).await, StatusCode::OK)["data"].clone();
        assert_eq!(data["count"], 10);
        assert!(data["warning"].as_str().unwrap().contains("not be shown again"));
        let codes = data["recoveryCodes"].as_array().unwrap().clone();
        assert_eq!(codes.len(), 10);
        for code in &codes {
            let code = code.as_str().unwrap();
            assert!(code.len() == 9 && code.as_bytes()[4] == b'-', "{code}");
        }
        shown.extend(codes);
    }
    let distinct: std::collections::BTreeSet<String> = shown.iter().map(Value::to_string).collect();
    assert_eq!(distinct.len(), 20, "the second set is another one");
    assert_eq!(status(&mut root, &bob).await["recoveryCodesRemaining"], 10);
    for event in ["2fa.recovery.regenerated", "user.2fa.codesRegenerated"] {
        let row = admins.newest(event).await;
        assert_eq!((row.user_id, row.actor_label.as_deref()), (Some(bob.id), Some(ROOT.0)), "{event}");
        let told = row.metadata.to_string();
        assert!(shown.iter().all(|code| !told.contains(code.as_str().unwrap())), "{told}");
    }
    assert_eq!(changes(&admins).await, [SecondFactorChange::RecoveryCodesReplaced; 2]);
    // What was shown is what a sign-in accepts: the new set only, and each code once.
    let keys = CodeKeys::new(&[ENCRYPTION_KEY]);
    let mut all = admins.app.store.repositories();
    let mut factors = all.second_factors(bob.organization_id);
    let mut is_accepted = async |code: &Value| {
        let typed = code.as_str().unwrap().replace('-', "");
        let macs = [keys.current().recovery(bob.id, &typed)];
        factors.use_recovery_code(bob.id, &macs, admins.app.now()).await.unwrap().is_some()
    };
    assert!(!is_accepted(&shown[0]).await && is_accepted(&shown[10]).await && !is_accepted(&shown[10]).await);
}

async fn whoever_has_no_factor_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = admins.user("acme", BOB.0).await;
    for action in ["disable", "reset", "recovery-codes/regenerate"] {
        let answer = root.post(&format!("{}/{action}", path(&bob)), &json!({})).await;
        let text = "Two-factor authentication is not enabled for this user";
        refused(&answer, StatusCode::BAD_REQUEST, text);
    }
    assert!(changes(&admins).await.is_empty());
    assert_eq!(admins.user("acme", BOB.0).await, bob);
}

async fn only_users_of_the_organization_are_found(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let bob = enrol(&admins, BOB.0).await;
    let nobody = "00000000-0000-0000-0000-000000000000";
    for (organization, id, text) in [
        ("beta", bob.id.to_string(), format!("User not found: {}", bob.id)),
        ("acme", nobody.to_owned(), format!("User not found: {nobody}")),
        ("acme", "x".to_owned(), "User not found: x".to_owned()),
        ("none", bob.id.to_string(), "Organization not found: none".to_owned()),
    ] {
        let base = format!("/organizations/{organization}/users/{id}/two-factor");
        refused(&root.get(&format!("{base}/status")).await, StatusCode::NOT_FOUND, &text);
        for action in ["disable", "reset", "recovery-codes/regenerate"] {
            let answer = root.post(&format!("{base}/{action}"), &json!({})).await;
            refused(&answer, StatusCode::NOT_FOUND, &text);
        }
    }
    for place in ["policy", "summary"] {
        let answer = root.get(&format!("/organizations/none/two-factor/{place}")).await;
        refused(&answer, StatusCode::NOT_FOUND, "Organization not found: none");
    }
    let policy = json!({ "twoFactorPolicy": "optional" });
    let answer = root.put("/organizations/none/two-factor/policy", &policy).await;
    refused(&answer, StatusCode::NOT_FOUND, "Organization not found: none");
    assert_eq!(admins.user("acme", BOB.0).await.two_factor_method, Some(TwoFactorMethod::Email));
}

const POLICY: &str = "/organizations/acme/two-factor/policy";

async fn a_policy_is_read_and_set(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let id = admins.organization("acme").await.id;
    let valid = json!(["optional", "required_email", "required_totp", "required_any"]);
    for policy in ["required_any", "required_totp", "required_email", "optional"] {
        let answer = root.put(POLICY, &json!({ "twoFactorPolicy": policy })).await;
        let body = expect(&answer, StatusCode::OK);
        assert_eq!(body, json!({ "data": { "twoFactorPolicy": policy, "validPolicies": valid } }));
        let read = root.get(&format!("/organizations/{id}/two-factor/policy")).await;
        assert_eq!(expect(&read, StatusCode::OK), body);
        assert_eq!(read.header("etag"), answer.header("etag"));
        let row = admins.newest("org.2fa.policyChanged").await;
        assert_eq!((row.actor_label.as_deref(), &row.metadata["newPolicy"]), (Some(ROOT.0), &json!(policy)));
        assert_eq!(admins.newest("org.updated").await.metadata["fields"], json!(["two_factor_policy"]));
    }
    assert_eq!(admins.newest("org.2fa.policyChanged").await.metadata["previousPolicy"], "required_email");
    // The same again changes nothing.
    expect(&root.put(POLICY, &json!({ "twoFactorPolicy": "optional" })).await, StatusCode::OK);
    assert_eq!(admins.count("org.2fa.policyChanged").await, 4);
    for body in [json!({}), json!({ "twoFactorPolicy": "required" }), json!({ "twoFactorPolicy": 1 })] {
        refused(&root.put(POLICY, &body).await, StatusCode::BAD_REQUEST, "Validation failed");
    }
}

async fn a_policy_based_on_an_older_version_is_refused(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let first = root.get(POLICY).await.header("etag").unwrap().to_owned();
    let mut change = async |policy: &str, etag: &str| {
        let body = json!({ "twoFactorPolicy": policy });
        root.send_with(Method::PUT, POLICY, Some(&body), &[(header::IF_MATCH, etag)]).await
    };
    let second = change("required_any", &first).await;
    expect(&second, StatusCode::OK);
    let body = refused(&change("optional", &first).await, StatusCode::CONFLICT, "Conflict");
    assert_eq!(body["currentETag"].as_str(), second.header("etag"));
    assert_eq!(body["currentEntity"]["twoFactorPolicy"], "required_any");
    assert_eq!(body["currentEntity"]["slug"], "acme");
    // At the same moment: one of them wins.
    let etag = second.header("etag").unwrap().to_owned();
    let mut all = JoinSet::new();
    for n in 0..12 {
        let (mut admin, etag) = (admins.sign_in(ROOT).await, etag.clone());
        let policy = ["optional", "required_totp", "required_email"][n % 3];
        all.spawn(async move {
            let body = json!({ "twoFactorPolicy": policy });
            admin.send_with(Method::PUT, POLICY, Some(&body), &[(header::IF_MATCH, &etag)]).await.status
        });
    }
    let statuses = all.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::OK).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CONFLICT).count(), 11, "{statuses:?}");
}

async fn the_admin_organizations_policy_is_for_super_admins(app: TestApp) {
    let admins = Admins::of(app).await;
    let path = "/organizations/porta-admin/two-factor/policy";
    let policy = json!({ "twoFactorPolicy": "required_any" });
    let mut orgs = admins.sign_in(ORGS).await;
    let body = refused(&orgs.put(path, &policy).await, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(body["message"], "Cannot modify the super-admin organization policy");
    expect(&orgs.put(POLICY, &policy).await, StatusCode::OK);
    // What changes nothing is nobody's privilege.
    expect(&orgs.put(path, &json!({ "twoFactorPolicy": "optional" })).await, StatusCode::OK);
    let mut root = admins.sign_in(ROOT).await;
    expect(&root.put(path, &policy).await, StatusCode::OK);
}

async fn a_summary_counts_factors(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let path = "/organizations/acme/two-factor/summary";
    let answer = root.get(path).await;
    assert_eq!(answer.header("cache-control"), Some("private, max-age=30"));
    let expected = |enabled: u64, rate: f64| {
        json!({ "data": {
            "totalUsers": 3, "enabledCount": enabled, "disabledCount": 3 - enabled, "totpCount": 0,
            "emailCount": enabled, "complianceRate": rate,
        } })
    };
    assert_eq!(expect(&answer, StatusCode::OK), expected(0, 0.0));
    enrol(&admins, BOB.0).await;
    assert_eq!(expect(&root.get(path).await, StatusCode::OK), expected(1, 0.3333));
    enrol(&admins, ANA.0).await;
    assert_eq!(expect(&root.get(path).await, StatusCode::OK), expected(2, 0.6667));
}

async fn only_who_may_manages_factors(app: TestApp) {
    let admins = Admins::of(app).await;
    let summary = "/organizations/acme/two-factor/summary";
    let policy = json!({ "twoFactorPolicy": "optional" });
    // Reads users, manages factors, reads organizations, changes organizations, both reads.
    for (person, reads, manages, sees, sets, sums) in [
        (ORGS, false, false, true, true, false),
        (APPS, false, false, false, false, false),
        (AUDITOR, true, false, true, false, true),
        (USERS, true, true, false, false, false),
    ] {
        let bob = admins.user("acme", BOB.0).await;
        let bob = if bob.two_factor_method.is_none() { enrol(&admins, BOB.0).await } else { bob };
        let mut admin = admins.sign_in(person).await;
        let status = |may: bool, status| if may { status } else { StatusCode::FORBIDDEN };
        expect(&admin.get(&format!("{}/status", path(&bob))).await, status(reads, StatusCode::OK));
        let answer = admin.post(&format!("{}/recovery-codes/regenerate", path(&bob)), &json!({})).await;
        expect(&answer, status(manages, StatusCode::OK));
        let answer = admin.post(&format!("{}/disable", path(&bob)), &json!({})).await;
        expect(&answer, status(manages, StatusCode::NO_CONTENT));
        if manages {
            enrol(&admins, BOB.0).await;
        }
        let answer = admin.post(&format!("{}/reset", path(&bob)), &json!({})).await;
        expect(&answer, status(manages, StatusCode::NO_CONTENT));
        expect(&admin.get(POLICY).await, status(sees, StatusCode::OK));
        expect(&admin.put(POLICY, &policy).await, status(sets, StatusCode::OK));
        expect(&admin.get(summary).await, status(sums, StatusCode::OK));
    }
    let mut users = admins.sign_in(USERS).await;
    let body = refused(&users.get(summary).await, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(body["message"], "Insufficient permissions. Required: admin:org:read, admin:user:read");
    // A lesser administrator cannot take over another by the second factor.
    let orgs = admins.user("porta-admin", ORGS.0).await.id;
    let place = format!("/organizations/porta-admin/users/{orgs}/two-factor/reset");
    let body = refused(&users.post(&place, &json!({})).await, StatusCode::FORBIDDEN, "Forbidden");
    assert_eq!(body["message"], "Only a super-admin may change another member of the admin organization");
}

async fn one_of_many_removals_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let root = admins.sign_in(ROOT).await;
    let bob = enrol(&admins, BOB.0).await;
    let mut all = JoinSet::new();
    for _ in 0..12 {
        let (mut admin, place) = (admins.bearer(&root.token), format!("{}/disable", path(&bob)));
        all.spawn(async move { admin.post(&place, &json!({})).await.status });
    }
    let statuses = all.join_all().await;
    let won = statuses.iter().filter(|status| **status == StatusCode::NO_CONTENT).count();
    assert_eq!(won, 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| status.is_success() || status.is_client_error()), "{statuses:?}");
    assert_eq!((admins.count("user.2fa.disabled").await, changes(&admins).await.len()), (1, 1));
}
