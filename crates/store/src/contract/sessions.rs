//! Sessions and grants.

use std::collections::BTreeSet;
use std::sync::Arc;

use porta_core::Timestamp;
use porta_core::session::{Grant, SessionRecord, TokenFamily};
use tokio::task::JoinSet;

use super::fixture::{HOUR, NOW, TwoTenants, grant, one_round_trip};
use crate::{AuthorizeFacts, Store, StoreError};

pub async fn facts(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let (session, client) = (w.acme.session.id, w.acme.client.id);
    let mut acme = all.sessions(w.acme.organization.id);
    let expected = AuthorizeFacts {
        user_id: w.acme.user.id,
        user_may_continue: true,
        user_email: w.acme.user.email.shown().to_owned(),
        user_locale: w.acme.user.profile.locale.clone(),
        session_expires_at: w.acme.session.expires_at,
        session_revoked: false,
        grant: Some(w.acme.grant.clone()),
    };
    let seen = one_round_trip(&w.store, acme.authorize_facts(session, client, NOW)).await.unwrap();
    assert_eq!(seen, Some(expected.clone()));
    let end = w.acme.grant.expires_at;
    let just_before = Timestamp::from_micros(end.micros() - 1);
    assert!(acme.authorize_facts(session, client, just_before).await.unwrap().unwrap().grant.is_some());
    let at_the_end = acme.authorize_facts(session, client, end).await.unwrap();
    assert_eq!(at_the_end, Some(AuthorizeFacts { grant: None, ..expected.clone() }));
    let another = acme.authorize_facts(session, w.other.client.id, NOW).await.unwrap();
    assert_eq!(another, Some(AuthorizeFacts { grant: None, ..expected.clone() }));
    assert!(acme.end(session, NOW, &w.event("ended")).await.unwrap());
    let ended = acme.authorize_facts(session, client, NOW).await.unwrap();
    assert_eq!(ended, Some(AuthorizeFacts { session_revoked: true, ..expected }));
    assert_eq!(acme.authorize_facts(w.other.session.id, client, NOW).await.unwrap(), None);
}

pub async fn lifetime(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let s = &w.acme.session;
    let mut acme = all.sessions(w.acme.organization.id);
    assert_eq!(acme.by_id(s.id).await.unwrap().as_ref(), Some(s));
    let longest = 31 * HOUR;
    assert!(acme.extend(s.id, NOW + 30 * HOUR, longest, NOW + HOUR).await.unwrap());
    let extended = SessionRecord { expires_at: NOW + 30 * HOUR, last_activity_at: NOW + HOUR, ..s.clone() };
    assert_eq!(acme.by_id(s.id).await.unwrap(), Some(extended));
    assert!(!acme.extend(s.id, NOW + 31 * HOUR, longest, NOW + 30 * HOUR).await.unwrap(), "it is over");
    assert!(acme.end(s.id, NOW, &w.event("ended")).await.unwrap());
    assert!(!acme.extend(s.id, NOW + 31 * HOUR, longest, NOW + HOUR).await.unwrap(), "it was ended");
}

/// A session ends a fixed time after its last sign-in; a new sign-in restarts that time.
pub async fn absolute_lifetime(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let (s, org, longest) = (&w.acme.session, w.acme.organization.id, 30 * HOUR);
    let beyond = Timestamp::from_micros((NOW + longest).micros() + 1);
    assert!(!all.sessions(org).extend(s.id, beyond, longest, NOW + HOUR).await.unwrap());
    assert_eq!(all.sessions(org).by_id(s.id).await.unwrap().as_ref(), Some(s));
    assert!(all.sessions(org).extend(s.id, NOW + longest, longest, NOW + HOUR).await.unwrap());
    let again =
        SessionRecord { last_activity_at: NOW + HOUR, expires_at: NOW + 20 * HOUR, ..w.acme.session.clone() };
    let event = w.event("again");
    assert!(all.users(org).record_sign_in(&w.acme.user, HOUR, &again, &event).await.unwrap());
    assert!(all.sessions(org).extend(s.id, beyond, longest, NOW + 2 * HOUR).await.unwrap());
    let last = beyond + HOUR;
    assert!(!all.sessions(org).extend(s.id, last, longest, NOW + 2 * HOUR).await.unwrap());
}

pub async fn ending(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let org = w.acme.organization.id;
    let family = w.family();
    let (access, offline) = (w.access(family.id), TokenFamily { is_offline: true, ..w.family() });
    let offline_access = w.access(offline.id);
    assert!(all.tokens(org).issue(&family, &access, None).await.unwrap());
    assert!(all.tokens(org).issue(&offline, &offline_access, None).await.unwrap());
    let ended = w.event("ended");
    let mut sessions = all.sessions(org);
    assert!(one_round_trip(&w.store, sessions.end(w.acme.session.id, NOW, &ended)).await.unwrap());
    assert!(!sessions.end(w.acme.session.id, NOW, &w.event("ended")).await.unwrap());
    assert_eq!(sessions.by_id(w.acme.session.id).await.unwrap().unwrap().revoked_at, Some(NOW));
    drop(sessions);
    assert_eq!(w.events("ended").await, 1);
    for token in [access, offline_access] {
        let facts = all.tokens(org).access_facts(&token.digest, NOW).await.unwrap().unwrap();
        assert!(facts.validity.family_revoked && !facts.validity.is_live(NOW));
    }
    // The same for an offline family that was being issued at that moment.
    let late = TokenFamily { is_offline: true, ..w.family() };
    let token = w.access(late.id);
    assert!(all.tokens(org).issue(&late, &token, None).await.unwrap());
    let facts = all.tokens(org).access_facts(&token.digest, NOW).await.unwrap().unwrap();
    assert!(!facts.validity.is_live(NOW));
}

pub async fn grants_grow(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let (user, client) = (&w.acme.user, w.acme.client.id);
    let known = &w.acme.grant;
    let mut acme = all.sessions(w.acme.organization.id);
    let wanted = grant(user, client, &["profile", "openid"], &w.entropy);
    let consent = w.event("consent");
    let grow = acme.extend_grant(Some(known), &wanted, Some(&consent));
    let grown = one_round_trip(&w.store, grow).await.unwrap();
    assert_eq!(grown.id, known.id);
    assert_eq!(grown.scopes, ["openid", "email", "profile"]);
    assert_eq!(acme.grant(user.id, client).await.unwrap().as_ref(), Some(&grown));
    // The caller has an old version of the grant: scopes added since are kept.
    let wanted = grant(user, client, &["address"], &w.entropy);
    let again = acme.extend_grant(Some(known), &wanted, None).await.unwrap();
    assert_eq!(again.scopes, ["openid", "email", "profile", "address"]);
    let unknown = acme.extend_grant(None, &grant(user, client, &["phone"], &w.entropy), None).await.unwrap();
    assert_eq!(unknown.scopes, ["openid", "email", "profile", "address", "phone"]);
    assert_eq!(w.events("consent").await, 1);
    // An expired grant starts anew.
    let later = NOW + 100 * HOUR;
    let fresh =
        Grant { created_at: later, expires_at: later + HOUR, ..grant(user, client, &["openid"], &w.entropy) };
    assert_eq!(acme.extend_grant(Some(&unknown), &fresh, None).await.unwrap(), fresh);
    assert_eq!(acme.grant(user.id, client).await.unwrap(), Some(fresh));
}

/// Sixteen concurrent consents, half of them with an old version of the grant: every scope is kept.
pub async fn racing_consents(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut tasks = JoinSet::new();
    for n in 0..16 {
        let store = Arc::clone(&w.store);
        let known = (n % 2 == 0).then(|| w.acme.grant.clone());
        let scope = format!("scope-{n}");
        let wanted = grant(&w.acme.user, w.acme.client.id, &[&scope], &w.entropy);
        let consent = w.event("consent");
        tasks.spawn(async move {
            let mut all = store.repositories();
            let mut sessions = all.sessions(wanted.organization_id);
            sessions.extend_grant(known.as_ref(), &wanted, Some(&consent)).await.unwrap()
        });
    }
    tasks.join_all().await;
    let mut all = w.repositories();
    let stored =
        all.sessions(w.acme.organization.id).grant(w.acme.user.id, w.acme.client.id).await.unwrap().unwrap();
    assert_eq!(stored.scopes.iter().collect::<BTreeSet<_>>().len(), 18);
    assert_eq!(stored.scopes.len(), 18);
    assert_eq!(w.events("consent").await, 16, "one row per consent, however often it was retried");
}

pub async fn another_organization_sees_nothing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let (session, user, client) = (w.acme.session.id, w.acme.user.id, w.acme.client.id);
    let mut other = all.sessions(w.other.organization.id);
    assert_eq!(other.authorize_facts(session, client, NOW).await.unwrap(), None);
    assert_eq!(other.by_id(session).await.unwrap(), None);
    assert!(!other.extend(session, NOW + 99 * HOUR, 99 * HOUR, NOW).await.unwrap());
    assert!(!other.end(session, NOW, &w.event("ended")).await.unwrap());
    assert_eq!(other.grant(user, client).await.unwrap(), None);
    let foreign = grant(&w.acme.user, client, &["all"], &w.entropy);
    assert!(matches!(other.extend_grant(None, &foreign, None).await, Err(StoreError::MissingReference(_))));
    let disguised = Grant { organization_id: w.other.organization.id, ..foreign };
    assert!(matches!(other.extend_grant(None, &disguised, None).await, Err(StoreError::MissingReference(_))));
    let known = Some(&w.acme.grant);
    assert!(matches!(
        other.extend_grant(known, &disguised, None).await,
        Err(StoreError::MissingReference(_))
    ));
    drop(other);
    let mut acme = all.sessions(w.acme.organization.id);
    assert_eq!(acme.by_id(session).await.unwrap().as_ref(), Some(&w.acme.session));
    assert_eq!(acme.grant(user, client).await.unwrap().as_ref(), Some(&w.acme.grant));
    assert_eq!(w.events("ended").await, 0);
}
