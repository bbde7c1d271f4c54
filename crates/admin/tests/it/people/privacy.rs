//! What is stored about a user: handed out, and erased.

use std::time::Duration;

use axum::http::{HeaderName, Method, StatusCode, header};
use porta_core::audit::AuditEvent;
use porta_core::mail::Mail;
use porta_core::user::{Profile, User, UserStatus};
use porta_core::{AuditId, UserId};
use porta_testkit::{Answer, TestApp};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::*;

porta_testkit::on_both_stores!(
    an_export_has_everything_and_is_recorded,
    an_export_has_the_newest_audit_rows,
    a_purge_leaves_nothing_that_tells_who_it_was,
    a_purged_user_is_out_everywhere,
    a_purge_must_be_meant,
    whoever_administers_is_not_purged,
    only_users_of_the_organization_are_found,
    only_who_may_exports_and_purges,
    one_of_many_purges_of_a_version_wins,
);

const CONFIRM: HeaderName = HeaderName::from_static("x-confirm-purge");

fn path(user: &User, action: &str) -> String {
    format!("/organizations/acme/users/{}/{action}", user.id)
}

async fn export(admin: &mut Admin, user: &User) -> Value {
    expect(&admin.get(&path(user, "export")).await, StatusCode::OK)["data"].clone()
}

async fn purge(admin: &mut Admin, path: &str) -> Answer {
    admin.post(path, &json!({ "confirmPurge": true })).await
}

/// The audit rows about or by somebody.
async fn rows_of(admins: &Admins, user: UserId) -> Vec<AuditEvent> {
    let rows = admins.app.store.repositories().audit().recent(None, 10_000).await.unwrap();
    rows.into_iter().filter(|row| row.user_id == Some(user) || row.actor_id == Some(user)).collect()
}

async fn an_export_has_everything_and_is_recorded(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut auditor = admins.sign_in(AUDITOR).await;
    token(&admins.app, "acme", ANA, SPA).await;
    let ana = admins.user("acme", ANA.0).await;
    let answer = auditor.get(&path(&ana, "export")).await;
    assert!(!answer.body.contains("argon2"), "no secrets");
    let data = expect(&answer, StatusCode::OK)["data"].clone();
    let user = expect(&auditor.get(&format!("/users/{}", ana.id)).await, StatusCode::OK);
    assert_eq!(data["user"], user["data"]);
    for (field, value) in [
        ("phoneNumber", "+31 20 123 4567"),
        ("birthdate", "1990-02-28"),
        ("addressStreet", "Quay 1"),
        ("addressCountry", "NL"),
    ] {
        assert_eq!(data["user"][field], value, "{field}");
    }
    let acme = json!({ "id": ana.organization_id, "name": "Acme", "slug": "acme" });
    assert_eq!(data["organization"], acme);
    assert_eq!(data["twoFactor"], json!({ "enabled": false, "method": null }));
    let roles = data["roles"].as_array().unwrap();
    let mut slugs: Vec<_> = roles.iter().map(|role| role["roleSlug"].as_str().unwrap()).collect();
    slugs.sort_unstable();
    assert_eq!(slugs, ["accountant", "planner", "reader"]);
    for field in ["roleId", "roleName", "applicationId", "assignedAt"] {
        assert!(roles.iter().all(|role| role[field].is_string()), "{field}");
    }
    let claims = data["customClaims"].as_array().unwrap();
    let mut values: Vec<_> =
        claims.iter().map(|claim| (claim["claimName"].as_str().unwrap(), claim["value"].clone())).collect();
    values.sort_unstable_by_key(|(name, _)| *name);
    assert_eq!(values, [("badge", json!(17)), ("terminal_code", json!("T4"))]);
    assert_eq!((data["sessions"].as_array().unwrap().len(), &data["oidcSessions"]), (1, &json!(1)));
    assert_eq!(data["sessions"][0]["ipAddress"], "127.0.0.1");
    assert_eq!(data["grants"][0]["clientName"], "Planner SPA");
    assert!(data["exportedAt"].is_string());

    let first = &data["auditLog"][0];
    let row = admins.newest("user.data.exported").await;
    let expected = json!({
        "id": row.id, "eventType": "user.data.exported", "eventCategory": "gdpr",
        "description": "what is stored about somebody was downloaded, by the person or an administrator",
        "createdAt": first["createdAt"],
    });
    assert_eq!(first, &expected);
    assert_eq!((row.user_id, row.actor_label.as_deref()), (Some(ana.id), Some(AUDITOR.0)));
    assert_eq!(row.organization_label.as_deref(), Some("acme"));
    assert_eq!(row.metadata["by"], "administrator");

    // A session that has ended is still stored.
    let mut root = admins.sign_in(ROOT).await;
    expect(&root.delete(&format!("/users/{}/sessions", ana.id)).await, StatusCode::OK);
    let data = export(&mut auditor, &ana).await;
    assert_eq!((data["sessions"].as_array().unwrap().len(), &data["oidcSessions"]), (1, &json!(0)));
    assert!(data["sessions"][0]["revokedAt"].is_string());
    assert_eq!(admins.count("user.data.exported").await, 2);
}

async fn an_export_has_the_newest_audit_rows(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let ana = admins.user("acme", ANA.0).await;
    let template = rows_of(&admins, ana.id).await.remove(0);
    let mut unit = admins.app.store.begin().await.unwrap();
    for _ in 0..505 {
        let row = AuditEvent {
            id: AuditId::new(admins.app.now(), admins.app.entropy()),
            event_type: "of.an.older.version".to_owned(),
            created_at: admins.app.now(),
            ..template.clone()
        };
        unit.audit().record(&row).await.unwrap();
    }
    unit.commit().await.unwrap();
    admins.app.advance(Duration::from_secs(1));
    let data = export(&mut root, &ana).await;
    let log = data["auditLog"].as_array().unwrap();
    assert_eq!((log.len(), &log[0]["eventType"]), (500, &json!("user.data.exported")));
    assert_eq!(
        (&log[499]["eventType"], &log[499]["description"]),
        (&json!("of.an.older.version"), &Value::Null)
    );
}

async fn a_purge_leaves_nothing_that_tells_who_it_was(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut users = admins.sign_in(USERS).await;
    token(&admins.app, "acme", ANA, SPA).await;
    admins.app.browser().sign_in(&at_spa(), ANA.0, "not the password").await;
    let before = admins.user("acme", ANA.0).await;
    let reason = json!({ "reason": "Ana Li asked for it" });
    for action in ["suspend", "unsuspend"] {
        expect(&users.post(&path(&before, action), &reason).await, StatusCode::NO_CONTENT);
    }
    let mut all = admins.app.store.repositories();
    let mut factors = all.second_factors(before.organization_id);
    assert!(factors.enrol_email(before.id, admins.app.now()).await.unwrap());
    drop(factors);
    drop(all);
    let answer = users.post(&path(&before, "two-factor/recovery-codes/regenerate"), &json!({})).await;
    expect(&answer, StatusCode::OK);
    let rows = rows_of(&admins, before.id).await;

    let data = expect(&purge(&mut users, &path(&before, "purge")).await, StatusCode::OK);
    let address = format!("purged-{}@purged.local", before.id);
    let expected = json!({ "data": {
        "userId": before.id, "anonymizedEmail": address, "deletedRoles": 3, "deletedClaims": 2,
        "deletedTwoFactor": 10, "deletedOidcPayloads": 3, "anonymizedAuditEntries": rows.len(),
    } });
    assert_eq!(data, expected);
    let after = admins.user("acme", &address).await;
    assert_eq!((after.id, after.status, after.email_verified), (before.id, UserStatus::Inactive, false));
    assert_eq!((&after.profile, &after.password_hash), (&Profile::default(), &None));
    assert_eq!((after.two_factor_method, after.login_count, after.last_login_at), (None, 0, None));
    assert_eq!((after.failed_login_count, after.last_failed_login_at), (0, None));
    let left = export(&mut users, &after).await;
    for field in ["roles", "customClaims", "sessions", "grants"] {
        assert_eq!(left[field], json!([]), "{field}");
    }
    let pending = admins.app.emails().await;
    assert!(pending.iter().all(|outgoing| outgoing.recipient.user_id != Some(before.id)));

    let now = rows_of(&admins, before.id).await;
    assert_eq!(now.len(), rows.len() + 2, "none is deleted; the purge and the export are new");
    for row in &now {
        let text = format!("{row:?}").to_lowercase();
        assert!(!text.contains(ANA.0) && !text.contains("ana li"), "{text}");
        let is_own = row.actor_id.is_none_or(|actor| actor == before.id);
        assert!(!is_own || (row.ip_address.is_none() && row.user_agent.is_none()), "{row:?}");
    }
    let row = admins.newest("user.purged").await;
    assert_eq!((row.user_id, row.actor_label.as_deref()), (Some(before.id), Some(USERS.0)));
    assert_eq!((row.category.as_str(), row.organization_label.as_deref()), ("gdpr", Some("acme")));
    assert_eq!(row.metadata["userId"], json!(before.id));
    let suspended = admins.newest("user.suspended").await;
    assert_eq!(
        (suspended.actor_label.as_deref(), &suspended.metadata["reason"]),
        (Some(USERS.0), &Value::Null)
    );
    assert!(suspended.ip_address.is_some(), "the address of the administrator");
}

async fn a_purged_user_is_out_everywhere(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let access = token(&admins.app, "acme", ANA, SPA).await;
    let browser = signed_in(&admins.app, &at_spa(), ANA).await;
    let invited = root.post("/organizations/acme/users/invite", &json!({ "email": ANA.0 })).await;
    expect(&invited, StatusCode::OK);
    let emails = admins.app.emails().await;
    let link = emails.iter().find_map(|outgoing| match &outgoing.mail {
        Mail::Invitation { url, .. } => Some(url.clone()),
        _ => None,
    });
    let (bob, twin) =
        (token(&admins.app, "acme", BOB, SPA).await, signed_in(&admins.app, &at_beta(), OTHER_ANA).await);
    let ana = admins.user("acme", ANA.0).await;
    admins.app.advance(Duration::from_secs(1));
    expect(&purge(&mut root, &path(&ana, "purge")).await, StatusCode::OK);

    assert!(!works(&admins.app, &access).await && !is_signed_in(&browser, &at_spa()).await);
    assert_eq!(admins.app.browser().get(&link.unwrap()).await.status, StatusCode::BAD_REQUEST);
    let answer = admins.app.browser().sign_in(&at_spa(), ANA.0, ANA.1).await;
    assert_eq!(answer.header("location"), None, "{}", answer.body);
    let search = expect(&root.get("/users?search=ana").await, StatusCode::OK);
    assert_eq!(search["total"], 1, "of beta");
    // Nobody else is out.
    assert!(works(&admins.app, &bob).await && is_signed_in(&twin, &at_beta()).await);
    assert_eq!(admins.user("beta", OTHER_ANA.0).await.status, UserStatus::Active);
    // The address may be used again; whoever has it now is another user.
    let new = root.post("/organizations/acme/users", &json!({ "email": ANA.0 })).await;
    assert_ne!(expect(&new, StatusCode::CREATED)["data"]["id"], json!(ana.id));
    // Once more erases nothing more.
    let again = expect(&purge(&mut root, &path(&ana, "purge")).await, StatusCode::OK);
    assert_eq!(
        (&again["data"]["deletedRoles"], &again["data"]["deletedOidcPayloads"]),
        (&json!(0), &json!(0))
    );
}

type Headers<'a> = &'a [(HeaderName, &'a str)];

async fn a_purge_must_be_meant(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let ana = admins.user("acme", ANA.0).await;
    let place = path(&ana, "purge");
    let unconfirmed: [(Option<Value>, Headers<'_>); 4] = [
        (None, &[]),
        (Some(json!({})), &[]),
        (Some(json!({ "confirmPurge": false })), &[(CONFIRM, "yes")]),
        (Some(json!({ "confirm": true })), &[(CONFIRM, "false")]),
    ];
    for (body, headers) in unconfirmed {
        let answer = root.send_with(Method::POST, &place, body.as_ref(), headers).await;
        let told = refused(&answer, StatusCode::BAD_REQUEST, "Purge requires confirmation");
        let text = "Set X-Confirm-Purge: true header or send { \"confirmPurge\": true } in body";
        assert_eq!((&told["message"], &told["status"]), (&json!(text), &json!(400)));
    }
    let answer = root.post(&place, &json!({ "confirmPurge": "true" })).await;
    let told = refused(&answer, StatusCode::BAD_REQUEST, "Validation failed");
    assert_eq!(told["details"][0]["path"], json!(["confirmPurge"]));
    let stale = [(CONFIRM, "true"), (header::IF_MATCH, "W/\"of-another-version\"")];
    let answer = root.send_with(Method::POST, &place, None, &stale).await;
    let told = refused(&answer, StatusCode::CONFLICT, "Conflict");
    assert_eq!(told["currentEntity"]["email"], ANA.0);
    assert_eq!(admins.user("acme", ANA.0).await, ana);
    assert_eq!(admins.count("user.purged").await, 0);
    // The header alone will do.
    expect(&root.send_with(Method::POST, &place, None, &[(CONFIRM, "true")]).await, StatusCode::OK);
}

async fn whoever_administers_is_not_purged(app: TestApp) {
    let admins = Admins::of(app).await;
    let root = admins.user("porta-admin", ROOT.0).await;
    let wiki = admins.user("porta-admin", WIKI.0).await;
    for person in [ROOT, USERS] {
        let mut admin = admins.sign_in(person).await;
        for (user, text) in [
            (&root, "Cannot delete the super-admin user"),
            (&wiki, "Cannot purge users belonging to the super-admin organization"),
        ] {
            let place = format!("/organizations/porta-admin/users/{}/purge", user.id);
            let told = refused(&purge(&mut admin, &place).await, StatusCode::FORBIDDEN, "Forbidden");
            assert_eq!(told["message"], text, "{}", person.0);
        }
    }
    assert_eq!(admins.user("porta-admin", WIKI.0).await, wiki);
    assert_eq!(admins.count("user.purged").await, 0);
}

async fn only_users_of_the_organization_are_found(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let ana = admins.user("acme", ANA.0).await;
    for (base, text) in [
        (format!("/organizations/beta/users/{}", ana.id), format!("User not found: {}", ana.id)),
        (format!("/organizations/none/users/{}", ana.id), "Organization not found: none".to_owned()),
        ("/organizations/acme/users/x".to_owned(), "User not found: x".to_owned()),
    ] {
        refused(&root.get(&format!("{base}/export")).await, StatusCode::NOT_FOUND, &text);
        refused(&purge(&mut root, &format!("{base}/purge")).await, StatusCode::NOT_FOUND, &text);
    }
    // Not without the organization.
    expect(&root.get(&format!("/users/{}/export", ana.id)).await, StatusCode::NOT_FOUND);
    expect(&purge(&mut root, &format!("/users/{}/purge", ana.id)).await, StatusCode::NOT_FOUND);
    assert_eq!(admins.user("acme", ANA.0).await, ana);
    assert_eq!(admins.count("user.data.exported").await, 0);
}

async fn only_who_may_exports_and_purges(app: TestApp) {
    let admins = Admins::of(app).await;
    let ana = admins.user("acme", ANA.0).await;
    for (person, reads, purges) in [
        (ORGS, false, false),
        (APPS, false, false),
        (HELPER, false, false),
        (AUDITOR, true, false),
        (USERS, true, true),
    ] {
        let mut admin = admins.sign_in(person).await;
        let status = |may: bool| if may { StatusCode::OK } else { StatusCode::FORBIDDEN };
        expect(&admin.get(&path(&ana, "export")).await, status(reads));
        expect(&purge(&mut admin, &path(&ana, "purge")).await, status(purges));
    }
    let mut stranger = admins.bearer("x");
    expect(&stranger.get(&path(&ana, "export")).await, StatusCode::UNAUTHORIZED);
    expect(&purge(&mut stranger, &path(&ana, "purge")).await, StatusCode::UNAUTHORIZED);
    assert_eq!((admins.count("user.data.exported").await, admins.count("user.purged").await), (2, 1));
}

async fn one_of_many_purges_of_a_version_wins(app: TestApp) {
    let admins = Admins::of(app).await;
    let mut root = admins.sign_in(ROOT).await;
    let ana = admins.user("acme", ANA.0).await;
    let etag = root.get(&format!("/users/{}", ana.id)).await.header("etag").unwrap().to_owned();
    let mut all = JoinSet::new();
    for _ in 0..12 {
        let (mut admin, place, etag) = (admins.bearer(&root.token), path(&ana, "purge"), etag.clone());
        all.spawn(async move {
            let headers = [(CONFIRM, "true"), (header::IF_MATCH, etag.as_str())];
            admin.send_with(Method::POST, &place, None, &headers).await.status
        });
    }
    let statuses = all.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::OK).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == StatusCode::CONFLICT).count(), 11, "{statuses:?}");
    assert_eq!(admins.count("user.purged").await, 1);
}
