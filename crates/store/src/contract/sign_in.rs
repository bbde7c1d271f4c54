//! What a right and a wrong password write.

use std::sync::Arc;

use porta_core::session::SessionRecord;
use porta_core::user::{AUTO_LOCKOUT, User, UserStatus};
use porta_core::{EntityId as _, Timestamp, UserId};
use serde_json::json;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::fixture::{HOUR, MINUTE, NOW, TwoTenants, event, one_round_trip, session};
use crate::{FailureEvents, FailureOutcome, LockPolicy, Store};

const POLICY: LockPolicy = LockPolicy { max_failed_logins: 3, lockout: HOUR };

async fn fail(w: &TwoTenants, now: Timestamp) -> FailureOutcome {
    let [failed, locked, unlocked] = ["failed", "locked", "unlocked"].map(|name| w.event(name));
    let events = FailureEvents { failed: &failed, locked: &locked, unlocked: &unlocked };
    let mut all = w.repositories();
    let mut users = all.users(w.acme.organization.id);
    let attempt = users.record_sign_in_failure(w.acme.user.email.key(), POLICY, now, events);
    one_round_trip(&w.store, attempt).await.unwrap().unwrap()
}

/// Metadata of acme's audit rows of a type.
async fn recorded(w: &TwoTenants, event_type: &str) -> Vec<serde_json::Value> {
    let events = w.repositories().audit().recent(Some(w.acme.organization.id), 10_000).await.unwrap();
    events.into_iter().filter(|e| e.event_type == event_type).map(|e| e.metadata).collect()
}

/// A new session that begins at `now`.
fn session_at(w: &TwoTenants, now: Timestamp) -> SessionRecord {
    SessionRecord {
        created_at: now,
        last_activity_at: now,
        expires_at: now + HOUR,
        ..session(&w.acme.user, &w.entropy)
    }
}

async fn succeed(w: &TwoTenants, session: &SessionRecord) -> bool {
    let mut all = w.repositories();
    let mut users = all.users(w.acme.organization.id);
    let signed_in = w.event("signed-in");
    let user = users.by_id(w.acme.user.id).await.unwrap().unwrap();
    users.record_sign_in(&user, POLICY.lockout, session, &signed_in).await.unwrap()
}

pub async fn success(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    fail(&w, NOW).await;
    let new = session_at(&w, NOW + MINUTE);
    let signed_in = w.event("signed-in");
    let mut all = w.repositories();
    let mut users = all.users(w.acme.organization.id);
    let attempt = users.record_sign_in(&w.acme.user, HOUR, &new, &signed_in);
    assert!(one_round_trip(&w.store, attempt).await.unwrap());
    let ana = users.by_id(w.acme.user.id).await.unwrap().unwrap();
    assert_eq!((ana.login_count, ana.failed_login_count), (2, 0));
    assert_eq!((ana.last_login_at, &ana.password_hash), (Some(NOW + MINUTE), &w.acme.user.password_hash));
    drop(users);
    assert_eq!(all.sessions(w.acme.organization.id).by_id(new.id).await.unwrap().as_ref(), Some(&new));
    assert_eq!(w.events("signed-in").await, 1);
    // The same session again is extended, not duplicated.
    let later = SessionRecord { last_activity_at: NOW + HOUR, expires_at: NOW + 9 * HOUR, ..new.clone() };
    assert!(succeed(&w, &later).await);
    assert_eq!(all.sessions(w.acme.organization.id).by_id(new.id).await.unwrap(), Some(later));
    let (from, to) = (UserStatus::Active, UserStatus::Suspended);
    all.users(w.acme.organization.id).set_status(w.acme.user.id, from, to, None, NOW).await.unwrap();
    let refused = session_at(&w, NOW);
    assert!(!succeed(&w, &refused).await);
    assert_eq!(all.sessions(w.acme.organization.id).by_id(refused.id).await.unwrap(), None);
    assert_eq!(w.events("signed-in").await, 2);
}

pub async fn the_session_must_be_ones_own(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let foreign = SessionRecord { id: w.other.session.id, ..session_at(&w, NOW) };
    assert!(!succeed(&w, &foreign).await);
    let ended = w.acme.session.clone();
    all.sessions(w.acme.organization.id).end(ended.id, NOW, &w.event("ended")).await.unwrap();
    assert!(!succeed(&w, &ended).await);
    let ana = all.users(w.acme.organization.id).by_id(w.acme.user.id).await.unwrap().unwrap();
    assert_eq!(ana.login_count, 1, "nothing was written");
    let theirs = all.sessions(w.other.organization.id).by_id(w.other.session.id).await.unwrap();
    assert_eq!(theirs.as_ref(), Some(&w.other.session));
    // A user of another organization.
    let mut users = all.users(w.other.organization.id);
    let stray = SessionRecord { organization_id: w.other.organization.id, ..session_at(&w, NOW) };
    assert!(!users.record_sign_in(&w.acme.user, HOUR, &stray, &w.event("stray")).await.unwrap());
    assert_eq!(w.events("stray").await, 0);
}

pub async fn failures_lock(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let status = async || {
        let mut all = w.repositories();
        all.users(w.acme.organization.id).by_id(w.acme.user.id).await.unwrap().unwrap()
    };
    let outcome = |failed_login_count, locked_now| FailureOutcome { failed_login_count, locked_now };
    assert_eq!(fail(&w, NOW).await, outcome(1, false));
    assert_eq!(fail(&w, NOW).await, outcome(2, false));
    assert_eq!(fail(&w, NOW).await, outcome(3, true));
    assert_eq!(fail(&w, NOW).await, outcome(4, false), "locked once, also at the same moment");
    assert_eq!(fail(&w, NOW + MINUTE).await, outcome(5, false));
    let ana = status().await;
    assert_eq!((ana.status, ana.locked_reason.as_deref()), (UserStatus::Locked, Some(AUTO_LOCKOUT)));
    assert_eq!((ana.locked_at, ana.last_failed_login_at), (Some(NOW), Some(NOW + MINUTE)), "not prolonged");
    assert_eq!((w.events("failed").await, w.events("locked").await), (5, 1));
    assert_eq!(recorded(&w, "locked").await, [json!({ "n": 1, "failedCount": 3, "threshold": 3 })]);
    // One microsecond before the end of the lock, and at its end.
    let almost = Timestamp::from_micros((NOW + HOUR).micros() - 1);
    assert!(!succeed(&w, &session_at(&w, almost)).await);
    assert_eq!(fail(&w, NOW + HOUR).await, outcome(1, false), "counts from one again");
    assert_eq!(status().await.status, UserStatus::Active);
    assert_eq!(recorded(&w, "unlocked").await, [json!({ "n": 1 })]);
    assert!(!fail(&w, NOW + HOUR).await.locked_now);
    assert!(fail(&w, NOW + HOUR).await.locked_now);
    assert_eq!((w.events("locked").await, w.events("unlocked").await), (2, 1));
    assert!(succeed(&w, &session_at(&w, NOW + 2 * HOUR)).await, "the lock is over");
    let ana = status().await;
    assert_eq!((ana.status, ana.locked_at, ana.failed_login_count), (UserStatus::Active, None, 0));
    // A lock set by hand does not end by itself.
    let mut all = w.repositories();
    let (active, locked) = (UserStatus::Active, UserStatus::Locked);
    all.users(w.acme.organization.id).set_status(ana.id, active, locked, Some("by hand"), NOW).await.unwrap();
    assert!(!succeed(&w, &session_at(&w, NOW + 9 * HOUR)).await);
    assert!(!fail(&w, NOW + 9 * HOUR).await.locked_now);
    assert_eq!((w.events("locked").await, w.events("unlocked").await), (2, 1));
}

/// With a threshold of one, a failure after the end of a lock locks again.
pub async fn a_lock_may_follow_a_lock(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let policy = LockPolicy { max_failed_logins: 1, lockout: HOUR };
    let mut all = w.repositories();
    let mut users = all.users(w.acme.organization.id);
    for (now, expected) in [(NOW, (1, 0)), (NOW + HOUR, (2, 1)), (NOW + 2 * HOUR, (3, 2))] {
        let [failed, locked, unlocked] = ["failed", "locked", "unlocked"].map(|name| w.event(name));
        let events = FailureEvents { failed: &failed, locked: &locked, unlocked: &unlocked };
        let key = w.acme.user.email.key();
        let outcome = users.record_sign_in_failure(key, policy, now, events).await.unwrap().unwrap();
        assert_eq!(outcome, FailureOutcome { failed_login_count: 1, locked_now: true });
        assert_eq!((w.events("locked").await, w.events("unlocked").await), expected);
    }
    assert_eq!(users.by_id(w.acme.user.id).await.unwrap().unwrap().locked_at, Some(NOW + 2 * HOUR));
}

pub async fn nobody_there(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let [failed, locked, unlocked] = ["nobody", "nobody-locked", "nobody-unlocked"].map(|name| w.event(name));
    let events = FailureEvents { failed: &failed, locked: &locked, unlocked: &unlocked };
    let mut users = all.users(w.acme.organization.id);
    let attempt = users.record_sign_in_failure("nobody@example.com", POLICY, NOW, events);
    assert_eq!(one_round_trip(&w.store, attempt).await.unwrap(), None);
    drop(users);
    fail(&w, NOW).await;
    let events = all.audit().recent(Some(w.acme.organization.id), 100).await.unwrap();
    let user_of = |event: &str| events.iter().find(|e| e.event_type == event).map(|e| e.user_id);
    assert_eq!(user_of("nobody"), Some(None));
    assert_eq!(user_of("failed"), Some(Some(w.acme.user.id)), "filled in");
    assert_eq!((user_of("nobody-locked"), user_of("nobody-unlocked")), (None, None));
    let nobodys = events.iter().find(|e| e.event_type == "nobody").unwrap();
    assert_eq!(nobodys.metadata, json!({ "n": 1 }), "there is nothing to count");
    let nobody = User { id: UserId::from_uuid(Uuid::nil()), ..w.acme.user.clone() };
    let mut users = all.users(w.acme.organization.id);
    let stray = session_at(&w, NOW);
    assert!(!users.record_sign_in(&nobody, HOUR, &stray, &w.event("x")).await.unwrap());
}

/// Forty concurrent wrong passwords count as forty and lock once.
pub async fn racing_failures(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let policy = LockPolicy { max_failed_logins: 20, lockout: HOUR };
    let mut tasks = JoinSet::new();
    for _ in 0..40 {
        let store = Arc::clone(&w.store);
        let (o, key) = (w.acme.organization.clone(), w.acme.user.email.key().to_owned());
        let [failed, locked, unlocked] =
            ["failed", "locked", "unlocked"].map(|name| event(&o, name, &w.entropy));
        tasks.spawn(async move {
            let mut all = store.repositories();
            let mut users = all.users(o.id);
            let events = FailureEvents { failed: &failed, locked: &locked, unlocked: &unlocked };
            users.record_sign_in_failure(&key, policy, NOW, events).await.unwrap().unwrap()
        });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|o| o.locked_now).count(), 1);
    let mut counts: Vec<i64> = outcomes.iter().map(|o| o.failed_login_count).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=40).collect::<Vec<i64>>());
    assert_eq!((w.events("failed").await, w.events("locked").await, w.events("unlocked").await), (40, 1, 0));
    let mut told: Vec<(i64, bool)> = recorded(&w, "failed")
        .await
        .iter()
        .map(|m| (m["failedCount"].as_i64().unwrap(), m["autoLocked"].as_bool().unwrap()))
        .collect();
    told.sort_unstable();
    assert_eq!(told, (1..=40).map(|n| (n, n == 20)).collect::<Vec<_>>());
}
