//! What users see and change of their own account.

use std::sync::Arc;

use porta_core::audit::AuditEvent;
use porta_core::session::{Grant, SessionRecord, TokenFamily};
use porta_core::user::{PasswordHash, User};
use porta_core::{SessionKey, Timestamp};
use serde_json::json;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::applications::claim;
use super::fixture::{HOUR, MINUTE, NOW, TwoTenants, client, grant, one_round_trip, session};
use crate::{AssignedClaim, Revocation, Store};

impl TwoTenants {
    /// Acme's user signs in once more.
    async fn another_session(&self, created_at: Timestamp) -> SessionRecord {
        let record = SessionRecord { created_at, ..session(&self.acme.user, &self.entropy) };
        let mut all = self.repositories();
        let mut users = all.users(self.acme.organization.id);
        let event = self.event("signed in");
        assert!(users.record_sign_in(&self.acme.user, HOUR, &record, &event).await.unwrap());
        record
    }

    /// Issues a family of acme's user in a session; returns the digest of its token.
    async fn issued(&self, session: SessionKey, grant: &Grant) -> porta_core::TokenDigest {
        let family = TokenFamily { session, grant_id: grant.id, is_offline: true, ..self.family() };
        let token = self.access(family.id);
        let mut all = self.repositories();
        assert!(all.tokens(self.acme.organization.id).issue(&family, &token, None).await.unwrap());
        token.digest
    }

    async fn is_live(&self, token: &porta_core::TokenDigest) -> bool {
        let mut all = self.repositories();
        let facts = all.tokens(self.acme.organization.id).access_facts(token, NOW).await.unwrap();
        facts.unwrap().validity.is_live(NOW)
    }
}

pub async fn sessions(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut expected = vec![w.acme.session.clone()];
    for n in 0..5 {
        // Two per time: the id breaks the tie.
        expected.push(w.another_session(NOW + (n / 2) * MINUTE).await);
    }
    expected.sort_by_key(|s| std::cmp::Reverse((s.created_at, s.id)));
    let mut all = w.repositories();
    let mut acme = all.sessions(w.acme.organization.id);
    let user = w.acme.user.id;
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = acme.of_user(user, Some(NOW), before, 2);
        let page = one_round_trip(&w.store, page).await.unwrap();
        assert!(page.items.len() <= 2);
        seen.extend(page.items);
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, expected);
    assert!(acme.end(expected[0].id, NOW, &w.event("ended")).await.unwrap());
    let live = acme.of_user(user, Some(NOW), None, 100).await.unwrap();
    assert_eq!((live.items.as_slice(), live.next), (&expected[1..], None));
    assert_eq!(acme.of_user(user, None, None, 100).await.unwrap().items.len(), 6, "stored is more than live");
    let end = w.acme.session.expires_at;
    assert!(acme.of_user(user, Some(end), None, 100).await.unwrap().items.is_empty(), "all are over");
    assert!(acme.of_user(w.other.user.id, None, None, 100).await.unwrap().items.is_empty());
    drop(acme);
    let mut other = all.sessions(w.other.organization.id);
    assert!(other.of_user(user, None, None, 100).await.unwrap().items.is_empty());
}

pub async fn other_sessions(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, user) = (w.acme.organization.id, w.acme.user.id);
    let (keep, ended) = (w.acme.session.id, w.another_session(NOW).await.id);
    let (here, there) = (w.issued(keep, &w.acme.grant).await, w.issued(ended, &w.acme.grant).await);
    let what = Revocation::OtherSessions { user, keep };
    let mut all = w.repositories();
    assert_eq!(all.tokens(w.other.organization.id).revoke(what, NOW).await.unwrap(), 0);
    assert!(w.is_live(&here).await && w.is_live(&there).await, "another organization's hand");
    let mut tokens = all.tokens(org);
    assert_eq!(one_round_trip(&w.store, tokens.revoke(what, NOW)).await.unwrap(), 1);
    assert_eq!(tokens.revoke(what, NOW).await.unwrap(), 0);
    drop(tokens);
    assert!(w.is_live(&here).await && !w.is_live(&there).await);
    assert_eq!(all.sessions(org).by_id(keep).await.unwrap().unwrap().revoked_at, None);
    assert_eq!(all.sessions(org).by_id(ended).await.unwrap().unwrap().revoked_at, Some(NOW));
    let what = Revocation::TokensOf(user);
    assert_eq!(all.tokens(w.other.organization.id).revoke(what, NOW).await.unwrap(), 0);
    assert_eq!(all.tokens(org).revoke(what, NOW).await.unwrap(), 1);
    assert!(!w.is_live(&here).await);
    assert_eq!(all.sessions(org).by_id(keep).await.unwrap().unwrap().revoked_at, None, "no session ends");
}

pub async fn grants(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, user) = (w.acme.organization.id, w.acme.user.id);
    let mut all = w.repositories();
    // A client of another organization: its name is included.
    let foreign = client(w.other.organization.id, w.other.application.id, "foreign", &w.entropy);
    all.clients(w.other.organization.id).insert(&foreign).await.unwrap();
    let later = Grant { created_at: NOW + MINUTE, ..grant(&w.acme.user, foreign.id, &["email"], &w.entropy) };
    let mut acme = all.sessions(org);
    acme.extend_grant(None, &later, None).await.unwrap();
    let first = one_round_trip(&w.store, acme.grants_of(user, NOW, None, 1)).await.unwrap();
    assert_eq!((&first.items[0].grant, first.items[0].client_name.as_str()), (&later, "Client foreign"));
    let second = acme.grants_of(user, NOW, first.next, 1).await.unwrap();
    assert_eq!((&second.items[0].grant, second.next), (&w.acme.grant, None));
    assert_eq!(second.items[0].client_name, w.acme.client.client_name);
    assert!(acme.grants_of(user, later.expires_at, None, 9).await.unwrap().items.is_empty(), "expired");
    assert!(acme.grants_of(w.other.user.id, NOW, None, 9).await.unwrap().items.is_empty());
    drop(acme);
    let mut other = all.sessions(w.other.organization.id);
    assert!(other.grants_of(user, NOW, None, 9).await.unwrap().items.is_empty());
}

pub async fn ending_grants(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, user, given) = (w.acme.organization.id, w.acme.user.id, w.acme.grant.id);
    let partner = client(org, w.acme.application.id, "second", &w.entropy);
    let mut all = w.repositories();
    all.clients(org).insert(&partner).await.unwrap();
    let kept = grant(&w.acme.user, partner.id, &["email"], &w.entropy);
    let kept = all.sessions(org).extend_grant(None, &kept, None).await.unwrap();
    let (gone, stays) =
        (w.issued(w.acme.session.id, &w.acme.grant).await, w.issued(w.acme.session.id, &kept).await);
    let event = w.event("withdrawn");
    assert!(!all.sessions(w.other.organization.id).end_grant(user, given, NOW, &event).await.unwrap());
    let mut acme = all.sessions(org);
    assert!(!acme.end_grant(w.other.user.id, given, NOW, &event).await.unwrap(), "somebody else's");
    assert!(!acme.end_grant(user, w.other.grant.id, NOW, &event).await.unwrap());
    assert!(w.is_live(&gone).await);
    assert!(one_round_trip(&w.store, acme.end_grant(user, given, NOW, &event)).await.unwrap());
    assert!(!acme.end_grant(user, given, NOW, &w.event("withdrawn")).await.unwrap());
    assert_eq!(acme.grant(user, w.acme.client.id).await.unwrap(), None);
    assert_eq!(acme.grant(user, partner.id).await.unwrap(), Some(kept));
    drop(acme);
    assert!(!w.is_live(&gone).await && w.is_live(&stays).await);
    assert_eq!(w.events("withdrawn").await, 1);
}

pub async fn audit_rows(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, user) = (w.acme.organization.id, w.acme.user.id);
    let mut all = w.repositories();
    let mut audit = all.audit();
    let (about, by, others) = (
        AuditEvent { user_id: Some(user), created_at: NOW + MINUTE, ..w.event("about") },
        AuditEvent { actor_id: Some(user), created_at: NOW + 2 * MINUTE, ..w.event("by") },
        AuditEvent { created_at: NOW + 3 * MINUTE, ..w.event("of somebody else") },
    );
    let elsewhere = AuditEvent {
        organization_id: Some(w.other.organization.id),
        user_id: Some(user),
        ..w.event("in another organization")
    };
    for event in [&about, &by, &others, &elsewhere] {
        audit.record(event).await.unwrap();
    }
    let first = one_round_trip(&w.store, audit.about(org, user, None, 1)).await.unwrap();
    assert_eq!(first.items, [by]);
    let second = audit.about(org, user, first.next, 1).await.unwrap();
    assert_eq!((second.items, second.next), (vec![about], None));
    let there = audit.about(w.other.organization.id, user, None, 9).await.unwrap();
    assert_eq!(there.items, [elsewhere]);
}

pub async fn claims(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (user, app) = (w.acme.user.id, w.acme.application.id);
    let mut all = w.repositories();
    let mut acme = all.applications(w.acme.organization.id);
    for (name, value) in [("size", json!({ "cm": 180 })), ("department", json!("Sales"))] {
        let c = claim(app, name, &w.entropy);
        acme.insert_claim(&c).await.unwrap();
        acme.set_claim_value(user, c.id, &value, NOW).await.unwrap();
    }
    let held = |name: &str, value| AssignedClaim { application_id: app, name: name.to_owned(), value };
    let claims = one_round_trip(&w.store, acme.claims_of(user)).await.unwrap();
    assert_eq!(claims, [held("department", json!("Sales")), held("size", json!({ "cm": 180 }))]);
    assert!(acme.claims_of(w.other.user.id).await.unwrap().is_empty());
    drop(acme);
    assert!(all.applications(w.other.organization.id).claims_of(user).await.unwrap().is_empty());
}

pub async fn passwords(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, user) = (w.acme.organization.id, w.acme.user.id);
    let hash = |text: &str| PasswordHash::trusted(format!("$argon2id${text}"));
    let old = w.acme.user.password_hash.clone().unwrap();
    let mut all = w.repositories();
    let mut other = all.users(w.other.organization.id);
    assert!(!other.change_password(user, Some(&old), &hash("theirs"), NOW).await.unwrap());
    drop(other);
    let mut acme = all.users(org);
    assert!(!acme.change_password(user, None, &hash("first"), NOW).await.unwrap(), "there is one already");
    assert!(!acme.change_password(user, Some(&hash("wrong")), &hash("new"), NOW).await.unwrap());
    assert_eq!(acme.by_id(user).await.unwrap().as_ref(), Some(&w.acme.user));
    let change = hash("new");
    let change = acme.change_password(user, Some(&old), &change, NOW + HOUR);
    assert!(one_round_trip(&w.store, change).await.unwrap());
    let changed = acme.by_id(user).await.unwrap().unwrap();
    assert_eq!((changed.password_hash, changed.password_changed_at), (Some(hash("new")), Some(NOW + HOUR)));
    assert!(acme.set_password(user, None, false, NOW).await.unwrap());
    assert!(acme.change_password(user, None, &hash("first"), NOW).await.unwrap());
    assert!(!acme.change_password(user, None, &hash("second"), NOW).await.unwrap());
}

/// A temporary password stays temporary until there is another one, whoever sets that.
pub async fn temporary_passwords(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, user) = (w.acme.organization.id, w.acme.user.id);
    let hash = |text: &str| PasswordHash::trusted(format!("$argon2id${text}"));
    let mut all = w.repositories();
    let mut acme = all.users(org);
    let (temporary, rehashed) = (hash("temporary"), hash("rehashed"));
    for replace in 0..4 {
        assert!(acme.set_password(user, Some(&temporary), true, NOW).await.unwrap());
        assert!(acme.rehash(user, &temporary, &rehashed).await.unwrap());
        assert!(acme.verify_email(user, NOW).await.unwrap());
        assert!(!acme.change_password(user, Some(&temporary), &hash("late"), NOW).await.unwrap());
        let read = acme.by_id(user).await.unwrap().unwrap();
        assert!(read.password_change_required, "{replace}");
        assert!(acme.update(&User { password_change_required: false, ..read }).await.unwrap());
        assert!(acme.by_id(user).await.unwrap().unwrap().password_change_required, "{replace}");
        let replaced = match replace {
            0 => acme.change_password(user, Some(&rehashed), &hash("own"), NOW + HOUR).await,
            1 => acme.recover_password(user, &hash("mailed"), NOW + HOUR).await,
            2 => acme.set_password(user, Some(&hash("set")), false, NOW + HOUR).await,
            _ => acme.set_password(user, None, false, NOW + HOUR).await,
        };
        assert!(replaced.unwrap(), "{replace}");
        assert!(!acme.by_id(user).await.unwrap().unwrap().password_change_required, "{replace}");
    }
}

/// Eight changes from the same password at once: one succeeds.
pub async fn racing_passwords(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, user) = (w.acme.organization.id, w.acme.user.id);
    let mut current = w.acme.user.password_hash.clone().unwrap();
    for round in 0..20 {
        let start = Arc::new(Barrier::new(8));
        let mut tasks = JoinSet::new();
        for n in 0..8 {
            let (store, start, from) = (Arc::clone(&w.store), Arc::clone(&start), current.clone());
            let to = PasswordHash::trusted(format!("$argon2id${round}-{n}"));
            tasks.spawn(async move {
                start.wait().await;
                let mut all = store.repositories();
                let won = all.users(org).change_password(user, Some(&from), &to, NOW).await.unwrap();
                won.then_some(to)
            });
        }
        let winners: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
        assert_eq!(winners.len(), 1);
        current = winners[0].clone();
    }
    let mut all = w.repositories();
    assert_eq!(all.users(org).by_id(user).await.unwrap().unwrap().password_hash, Some(current));
}
