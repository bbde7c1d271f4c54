//! The sweeper.

use std::sync::Arc;

use porta_core::Timestamp;
use porta_core::audit::AuditEvent;
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::session::{AccessToken, TokenFamily};

use super::fixture::{HOUR, MINUTE, NOW, TwoTenants};
use crate::{Store, StoreError, SweepOutcome};

pub async fn expired_rows_go_in_batches(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let org = w.acme.organization.id;
    let family = TokenFamily { is_offline: true, ..w.family() };
    let kept = AccessToken { expires_at: NOW + 100 * HOUR, ..w.access(family.id) };
    assert!(all.tokens(org).issue(&family, &kept, None).await.unwrap());
    let mut expired = Vec::new();
    for n in 0..5 {
        let token = AccessToken { expires_at: NOW + n * HOUR, ..w.access(family.id) };
        all.tokens(org).add_access_token(&token).await.unwrap();
        expired.push(token);
    }
    // A row is swept at its expiry, not before.
    let first = w.store.sweep(NOW, NOW, 100).await.unwrap();
    assert_eq!(first, SweepOutcome { held_lease: true, rows: 1 });
    assert_eq!(all.tokens(org).access_facts(&expired[0].digest, NOW).await.unwrap(), None);
    // Oldest first, no more than the batch.
    let now = NOW + 10 * HOUR;
    assert_eq!(w.store.sweep(now, NOW, 2).await.unwrap().rows, 2);
    for (n, token) in expired.iter().enumerate() {
        assert_eq!(all.tokens(org).access_facts(&token.digest, NOW).await.unwrap().is_some(), n > 2, "{n}");
    }
    assert_eq!(w.store.sweep(now, NOW, 100).await.unwrap().rows, 2);
    assert_eq!(w.store.sweep(now, NOW, 100).await.unwrap().rows, 0);
    // Audit rows have their own time limit.
    let old = AuditEvent { created_at: NOW, ..w.event("old") };
    all.audit().record(&old).await.unwrap();
    let young = AuditEvent { created_at: now, ..w.event("young") };
    all.audit().record(&young).await.unwrap();
    w.store.sweep(now, now, 100).await.unwrap();
    assert_eq!((w.events("old").await, w.events("young").await), (0, 1));
    // A revoked session is kept as long as an offline family of it would still be valid.
    all.sessions(org).end(w.acme.session.id, NOW, &w.event("ended")).await.unwrap();
    let late = TokenFamily { is_offline: true, expires_at: NOW + 90 * HOUR, ..w.family() };
    let token = AccessToken { expires_at: NOW + 90 * HOUR, ..w.access(late.id) };
    assert!(all.tokens(org).issue(&late, &token, None).await.unwrap());
    w.store.sweep(NOW + 60 * HOUR, NOW, 100).await.unwrap();
    let facts = all.tokens(org).access_facts(&token.digest, NOW).await.unwrap().unwrap();
    assert!(facts.validity.family_revoked);
    assert_eq!(all.sessions(w.other.organization.id).by_id(w.other.session.id).await.unwrap(), None);
    w.store.sweep(NOW + 90 * HOUR, NOW, 100).await.unwrap();
    w.store.sweep(NOW + 90 * HOUR, NOW, 100).await.unwrap();
    assert_eq!(all.sessions(org).by_id(w.acme.session.id).await.unwrap(), None);
    assert_eq!(all.sessions(org).grant(w.acme.user.id, w.acme.client.id).await.unwrap(), None);
}

/// A family without tokens cannot get new ones: it is deleted long before it expires, but not while it is so young that
/// its code may still be in use. With any batch size, every family is reached.
pub async fn families_without_tokens_go(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let org = w.acme.organization.id;
    let live = TokenFamily { is_offline: true, expires_at: NOW + 1000 * HOUR, ..w.family() };
    let token = AccessToken { expires_at: NOW + 500 * HOUR, ..w.access(live.id) };
    assert!(all.tokens(org).issue(&live, &token, None).await.unwrap());
    let mut empty = Vec::new();
    for _ in 0..7 {
        let family = TokenFamily { is_offline: true, expires_at: NOW + 1000 * HOUR, ..w.family() };
        let token = AccessToken { expires_at: NOW + MINUTE, ..w.access(family.id) };
        assert!(all.tokens(org).issue(&family, &token, None).await.unwrap());
        empty.push(family.id);
    }
    let tokens = w.store.sweep(NOW + 10 * MINUTE, NOW, 100).await.unwrap();
    assert_eq!(tokens.rows, 7, "their tokens, but none of the families: they are still in their beginning");
    let mut families = 0;
    for _ in 0..10 {
        families += w.store.sweep(NOW + 16 * MINUTE, NOW, 1).await.unwrap().rows;
    }
    assert_eq!(families, 7);
    for family in empty {
        let late = all.tokens(org).add_access_token(&w.access(family)).await;
        assert!(matches!(late, Err(StoreError::MissingReference(_))), "{late:?}");
    }
    assert!(all.tokens(org).access_facts(&token.digest, NOW).await.unwrap().is_some(), "it has a token");
}

/// Used or not, links and mailed codes are deleted at their expiry and not before.
pub async fn expired_links_and_codes_go(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, user) = (w.acme.organization.id, w.acme.user.id);
    let mut all = w.repositories();
    let (short, spent) = (w.link(TokenPurpose::MagicLink), w.link(TokenPurpose::PasswordReset));
    let long = OneTimeToken { expires_at: NOW + 20 * HOUR, ..w.link(TokenPurpose::Invitation) };
    for token in [&short, &spent, &long] {
        assert!(all.one_time_tokens(org).issue(token, &w.acme.user.email).await.unwrap());
    }
    assert!(all.one_time_tokens(org).consume(&spent.digest, spent.purpose, NOW).await.unwrap().is_some());
    let code = w.email_code();
    all.second_factors(org).issue_email_code(&code).await.unwrap();
    assert!(all.second_factors(org).replace_recovery_codes(user, &w.recovery_codes(), NOW).await.unwrap());
    let ended = SweepOutcome { held_lease: true, rows: 1 };
    assert_eq!(w.store.sweep(NOW + 10 * MINUTE, NOW, 100).await.unwrap(), ended, "the code");
    let last = Timestamp::from_micros((NOW + HOUR).micros() - 1);
    assert_eq!(w.store.sweep(last, NOW, 100).await.unwrap().rows, 0);
    assert_eq!(w.store.sweep(NOW + HOUR, NOW, 100).await.unwrap().rows, 2, "the used one too");
    let found = all.one_time_tokens(org).find(&short.digest, short.purpose).await.unwrap();
    assert_eq!(found, None);
    assert!(all.one_time_tokens(org).find(&long.digest, long.purpose).await.unwrap().is_some());
    assert_eq!(all.second_factors(org).unused_recovery_codes(user).await.unwrap(), 10, "these do not end");
}

/// Two concurrent sweeps of one instance delete as many rows as one.
pub async fn one_sweeper_at_a_time(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (a, b) = (Arc::clone(&w.store), Arc::clone(&w.store));
    let now = NOW + 1000 * HOUR;
    let (a, b) = tokio::join!(a.sweep(now, NOW, 1000), b.sweep(now, NOW, 1000));
    let (a, b) = (a.unwrap(), b.unwrap());
    assert!(a.held_lease || b.held_lease);
    // Two sessions and two grants have expired.
    assert_eq!(a.rows + b.rows, 4);
    assert!(w.store.sweep(now, NOW, 1000).await.unwrap().held_lease, "the lease was given back");
}
