//! Erasing a person: everything about them goes, and nothing of anybody else.

use std::sync::Arc;

use porta_core::audit::AuditEvent;
use porta_core::one_time::TokenPurpose;
use porta_core::outbox::{OutboxItem, OutboxKind, OutboxPayload};
use porta_core::second_factor::EmailCode;
use porta_core::user::{Email, PasswordHash, Profile, User, UserStatus};
use porta_core::{AuditId, EmailCodeId, OutboxId, TokenDigest, UserId};
use serde_json::{Value, json};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::applications::{claim, role};
use super::fixture::{HOUR, MINUTE, NOW, Tenant, TwoTenants, event, family, link, session, totp, user};
use crate::{Purged, Store, StoreError};

const ANONYMOUS: &str = "purged-1@purged.local";

fn anonymous() -> Email {
    Email::parse(ANONYMOUS).unwrap()
}

/// Gives the tenant's user one of everything; returns an access token and the token of a link.
async fn furnish(w: &TwoTenants, of: &Tenant) -> (TokenDigest, TokenDigest) {
    let (org, person) = (of.organization.id, of.user.id);
    let mut all = w.repositories();
    let (role, claim) = (
        role(of.application.id, "reader", "Reader", &w.entropy),
        claim(of.application.id, "department", &w.entropy),
    );
    let mut applications = all.applications(org);
    applications.insert_role(&role).await.unwrap();
    assert!(applications.assign_role(person, role.id, None, NOW).await.unwrap());
    applications.insert_claim(&claim).await.unwrap();
    applications.set_claim_value(person, claim.id, &json!("x"), NOW).await.unwrap();
    drop(applications);
    let mut factors = all.second_factors(org);
    assert!(factors.enrol_totp(&totp(&of.user, &w.entropy), None).await.unwrap());
    assert!(factors.replace_recovery_codes(person, &w.recovery_codes(), NOW).await.unwrap());
    let id = EmailCodeId::new(NOW, &w.entropy);
    factors.issue_email_code(&EmailCode { id, user_id: person, ..w.email_code() }).await.unwrap();
    drop(factors);
    let family = family(of, &w.entropy);
    let access = w.access(family.id);
    assert!(all.tokens(org).issue(&family, &access, Some(&w.refresh(family.id))).await.unwrap());
    let link = link(of, TokenPurpose::PasswordReset, &w.entropy);
    assert!(all.one_time_tokens(org).issue(&link, &of.user.email).await.unwrap());
    all.outbox().enqueue(&unsent(w, of, Some(person))).await.unwrap();
    (access.digest, link.digest)
}

/// An email of the tenant that is not sent yet.
fn unsent(w: &TwoTenants, of: &Tenant, to: Option<UserId>) -> OutboxItem {
    OutboxItem {
        id: OutboxId::new(NOW, &w.entropy),
        organization_id: Some(of.organization.id),
        kind: OutboxKind::Mail,
        payload: OutboxPayload { about: json!({ "template": "welcome", "user_id": to }), sealed: None },
        idempotency_key: format!("{to:?}"),
        created_at: NOW,
    }
}

/// A row about `user` that `actor` caused.
fn row(w: &TwoTenants, user: Option<UserId>, actor: Option<UserId>, metadata: Value) -> AuditEvent {
    AuditEvent {
        user_id: user,
        actor_id: actor,
        actor_label: Some("Ana@Example.com".to_owned()),
        description: Some("Ana@Example.com was here".to_owned()),
        metadata,
        ip_address: Some("192.0.2.7".to_owned()),
        user_agent: Some("browser".to_owned()),
        ..event(&w.acme.organization, "user.test", &w.entropy)
    }
}

async fn stored(w: &TwoTenants, id: AuditId) -> AuditEvent {
    let rows = w.repositories().audit().recent(None, 10_000).await.unwrap();
    rows.into_iter().find(|row| row.id == id).unwrap()
}

pub async fn everything_about_a_person_goes(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, id) = (w.acme.organization.id, w.acme.user.id);
    let (access, link) = furnish(&w, &w.acme).await;
    let mut all = w.repositories();
    all.outbox().enqueue(&unsent(&w, &w.acme, None)).await.unwrap();
    let set_aside = OutboxItem { idempotency_key: "again".to_owned(), ..unsent(&w, &w.acme, Some(id)) };
    all.outbox().enqueue(&set_aside).await.unwrap();
    let claims = all.outbox().claim(OutboxKind::ALL, NOW, NOW, 9).await.unwrap();
    let claim = claims.iter().find(|claim| claim.id == set_aside.id).unwrap();
    assert!(all.outbox().give_up(claim, "no", Some(NOW + HOUR), NOW).await.unwrap());
    let temporary = PasswordHash::trusted("$argon2id$temporary".to_owned());
    assert!(all.users(org).set_password(id, Some(&temporary), true, NOW).await.unwrap());
    let before = all.users(org).by_id(id).await.unwrap().unwrap();
    let now = NOW + MINUTE;
    let purged = all.users(org).purge(&before, &anonymous(), now).await.unwrap().unwrap();
    // An authenticator, ten recovery codes and a mailed code; a session, a family and a grant.
    let expected = Purged { roles: 1, claims: 1, second_factors: 12, sign_in_data: 3, audit_rows: 0 };
    assert_eq!(purged, expected);

    let after = User {
        email: anonymous(),
        email_verified: false,
        password_hash: None,
        password_changed_at: None,
        password_change_required: false,
        profile: Profile::default(),
        status: UserStatus::Inactive,
        last_login_at: None,
        login_count: 0,
        two_factor_method: None,
        credential_epoch: before.credential_epoch + 1,
        updated_at: now,
        version: before.version.next(),
        ..before
    };
    let mut users = all.users(org);
    assert_eq!(users.by_id(id).await.unwrap(), Some(after.clone()));
    assert_eq!(users.by_email("ana@example.com").await.unwrap(), None);
    drop(users);
    let mut applications = all.applications(org);
    assert!(applications.roles_of(id).await.unwrap().is_empty());
    assert!(applications.claims_of(id).await.unwrap().is_empty());
    drop(applications);
    let mut factors = all.second_factors(org);
    assert_eq!(factors.totp(id).await.unwrap(), None);
    assert_eq!(factors.unused_recovery_codes(id).await.unwrap(), 0);
    drop(factors);
    let mut sessions = all.sessions(org);
    assert!(sessions.of_user(id, None, None, 9).await.unwrap().items.is_empty());
    assert!(sessions.grants_of(id, NOW, None, 9).await.unwrap().items.is_empty());
    drop(sessions);
    assert_eq!(all.tokens(org).access_facts(&access, now).await.unwrap(), None);
    let links = all.one_time_tokens(org).find(&link, TokenPurpose::PasswordReset).await.unwrap();
    assert_eq!(links, None);
    let left = all.outbox().page_for(org, None, 9).await.unwrap().items;
    assert_eq!(left.len(), 1, "the email to nobody in particular");

    // Whoever was about to get tokens has none that work, and whoever was about to sign in does not.
    let late = family(&w.acme, &w.entropy);
    let tokens = w.access(late.id);
    all.tokens(org).issue(&late, &tokens, None).await.ok();
    let facts = all.tokens(org).access_facts(&tokens.digest, now).await.unwrap();
    assert!(facts.is_none_or(|facts| !facts.validity.is_live(now)));
    let again = session(&w.acme.user, &w.entropy);
    let mut users = all.users(org);
    assert!(!users.record_sign_in(&w.acme.user, MINUTE, &again, &w.event("in")).await.unwrap());

    // Once more finds nothing.
    let purged = users.purge(&after, &anonymous(), now).await.unwrap();
    assert_eq!(purged, Some(Purged { sign_in_data: purged.unwrap().sign_in_data, ..Purged::default() }));
}

pub async fn nobody_else_is_touched(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (acme, other) = (w.acme.organization.id, w.other.organization.id);
    furnish(&w, &w.acme).await;
    let (access, link) = furnish(&w, &w.other).await;
    let mut all = w.repositories();
    let bystander = user(acme, "bo@example.com", &w.entropy);
    all.users(acme).insert(&bystander).await.unwrap();
    let before = all.users(acme).by_id(w.acme.user.id).await.unwrap().unwrap();
    let theirs = all.users(other).by_id(w.other.user.id).await.unwrap().unwrap();

    // From the wrong organization, of an older version, and with somebody's address.
    assert_eq!(all.users(other).purge(&before, &anonymous(), NOW).await.unwrap(), None);
    let older = all.users(acme).purge(&w.acme.user, &anonymous(), NOW).await;
    assert!(matches!(older, Err(StoreError::Stale("user"))), "{older:?}");
    let taken = all.users(acme).purge(&before, &bystander.email, NOW).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))), "{taken:?}");
    drop(all);
    // A unit of work that is given up has erased nothing.
    let mut unit = w.store.begin().await.unwrap();
    assert!(unit.users(acme).purge(&before, &anonymous(), NOW).await.unwrap().is_some());
    drop(unit);
    let mut all = w.repositories();
    assert_eq!(all.users(acme).by_id(before.id).await.unwrap().as_ref(), Some(&before));
    assert_eq!(all.applications(acme).roles_of(before.id).await.unwrap().len(), 1);
    assert!(all.second_factors(acme).totp(before.id).await.unwrap().is_some());

    assert!(all.users(acme).purge(&before, &anonymous(), NOW).await.unwrap().is_some());
    assert_eq!(all.users(acme).by_id(bystander.id).await.unwrap(), Some(bystander));
    let person = theirs.id;
    assert_eq!(all.users(other).by_id(person).await.unwrap(), Some(theirs));
    assert_eq!(all.applications(other).roles_of(person).await.unwrap().len(), 1);
    assert_eq!(all.applications(other).claims_of(person).await.unwrap().len(), 1);
    assert!(all.second_factors(other).totp(person).await.unwrap().is_some());
    assert_eq!(all.second_factors(other).unused_recovery_codes(person).await.unwrap(), 10);
    let mut sessions = all.sessions(other);
    assert_eq!(sessions.of_user(person, Some(NOW), None, 9).await.unwrap().items.len(), 1);
    assert_eq!(sessions.grants_of(person, NOW, None, 9).await.unwrap().items.len(), 1);
    drop(sessions);
    let facts = all.tokens(other).access_facts(&access, NOW).await.unwrap().unwrap();
    assert!(facts.validity.is_live(NOW));
    assert!(all.one_time_tokens(other).find(&link, TokenPurpose::PasswordReset).await.unwrap().is_some());
    assert_eq!(all.outbox().page_for(other, None, 9).await.unwrap().items.len(), 1);
}

pub async fn audit_rows_no_longer_tell_who(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let (person, admin) = (w.acme.user.id, w.other.user.id);
    let written = json!({
        "userId": person, "email": "earlier@example.com", "reason": "Ana asked", "to": "Ana@Example.com", "n": 1,
    });
    let rows = [
        row(&w, Some(person), None, written.clone()),
        row(&w, Some(person), Some(admin), json!(null)),
        row(&w, Some(admin), Some(person), json!({ "reason": "theirs", "list": ["Ana@Example.com"] })),
        row(&w, Some(admin), Some(admin), written.clone()),
    ];
    for row in &rows {
        all.audit().record(row).await.unwrap();
    }
    // More than one statement changes.
    let mut unit = w.store.begin().await.unwrap();
    for n in 0..1_000 {
        let many = AuditEvent { id: AuditId::new(NOW, &w.entropy), ..row(&w, Some(person), None, json!(n)) };
        unit.audit().record(&many).await.unwrap();
    }
    unit.commit().await.unwrap();
    let purged = all.users(w.acme.organization.id).purge(&w.acme.user, &anonymous(), NOW).await.unwrap();
    assert_eq!(purged.unwrap().audit_rows, 1_003);

    let erased = |row: &AuditEvent| AuditEvent {
        actor_label: Some(ANONYMOUS.to_owned()),
        description: Some(format!("{ANONYMOUS} was here")),
        ..row.clone()
    };
    let of_nobody = AuditEvent {
        metadata: json!({ "userId": person, "to": ANONYMOUS, "n": 1 }),
        ip_address: None,
        user_agent: None,
        ..erased(&rows[0])
    };
    assert_eq!(stored(&w, rows[0].id).await, of_nobody);
    assert_eq!(stored(&w, rows[1].id).await, erased(&rows[1]), "where the administrator was stays known");
    let about_another = AuditEvent {
        metadata: json!({ "reason": "theirs", "list": [ANONYMOUS] }),
        ip_address: None,
        user_agent: None,
        ..erased(&rows[2])
    };
    assert_eq!(stored(&w, rows[2].id).await, about_another);
    assert_eq!(stored(&w, rows[3].id).await, rows[3]);
    let all_rows = w.repositories().audit().recent(None, 10_000).await.unwrap();
    let told = all_rows.iter().filter(|row| row.description.as_deref() == Some("Ana@Example.com was here"));
    assert_eq!(told.count(), 1);
}

pub async fn racing_to_purge(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    furnish(&w, &w.acme).await;
    let org = w.acme.organization.id;
    let before = w.repositories().users(org).by_id(w.acme.user.id).await.unwrap().unwrap();
    let (start, mut tasks) = (Arc::new(Barrier::new(6)), JoinSet::new());
    for _ in 0..6 {
        let (store, start, before) = (Arc::clone(&w.store), Arc::clone(&start), before.clone());
        tasks.spawn(async move {
            start.wait().await;
            store.repositories().users(org).purge(&before, &anonymous(), NOW).await
        });
    }
    let outcomes = tasks.join_all().await;
    let won: Vec<_> = outcomes.iter().flatten().flatten().collect();
    assert_eq!(won.len(), 1, "{outcomes:?}");
    assert_eq!((won[0].roles, won[0].second_factors), (1, 12));
    let stale = outcomes.iter().filter(|outcome| matches!(outcome, Err(StoreError::Stale("user"))));
    assert_eq!(stale.count(), 5, "{outcomes:?}");
}
