//! A verification is valid only while the credentials are unchanged (decision D22).

use std::sync::Arc;
use std::time::Duration;

use porta_core::user::{Email, PasswordHash, User, UserStatus};
use porta_core::{OrganizationId, Timestamp, UserId};
use tokio::task::JoinSet;

use super::fixture::{HOUR, MINUTE, NOW, TwoTenants, event, one_round_trip, session, totp};
use crate::{FailureEvents, LockPolicy, Revocation, Store};

/// Rounds of a race. In each, one task wins or none.
const ROUNDS: u32 = 200;

fn hash(text: &str) -> PasswordHash {
    PasswordHash::trusted(format!("$argon2id${text}"))
}

async fn read(w: &TwoTenants) -> User {
    w.repositories().users(w.acme.organization.id).by_id(w.acme.user.id).await.unwrap().unwrap()
}

/// Whether a user read as `user` may sign in; asserts that the sign-in and the step before a second factor agree.
async fn enters(w: &TwoTenants, user: &User) -> bool {
    let mut all = w.repositories();
    let mut users = all.users(w.acme.organization.id);
    let event = w.event("challenged");
    let challenge = users.record_challenge(user, HOUR, &event);
    let challenged = one_round_trip(&w.store, challenge).await.unwrap();
    let new = session(user, &w.entropy);
    let entered = users.record_sign_in(user, HOUR, &new, &w.event("entered")).await.unwrap();
    drop(users);
    assert_eq!(challenged, entered);
    assert_eq!(all.sessions(user.organization_id).by_id(new.id).await.unwrap().is_some(), entered);
    entered
}

/// A change of credentials.
#[derive(Debug, Clone, Copy, PartialEq)]
enum CredentialChange {
    Set,
    Replace,
    Recover,
    Suspend,
    Activate,
    Address,
    EmailFactor,
    NoFactor,
    Authenticator,
}

use CredentialChange::{
    Activate, Address, Authenticator, EmailFactor, NoFactor, Recover, Replace, Set, Suspend,
};

/// In an order in which each is possible.
const CHANGES: [CredentialChange; 9] =
    [Set, Replace, Recover, Suspend, Activate, Address, EmailFactor, NoFactor, Authenticator];

async fn change(w: &TwoTenants, what: CredentialChange) {
    let (org, id) = (w.acme.organization.id, w.acme.user.id);
    let user = read(w).await;
    let mut all = w.repositories();
    let done = match what {
        Set => all.users(org).set_password(id, Some(&hash("set")), false, NOW).await,
        Replace => {
            let (from, to) = (user.password_hash.as_ref(), hash("changed"));
            all.users(org).change_password(id, from, &to, NOW).await
        }
        Recover => all.users(org).recover_password(id, &hash("recovered"), NOW).await,
        Suspend => {
            let (from, to) = (UserStatus::Active, UserStatus::Suspended);
            all.users(org).set_status(id, from, to, None, NOW).await
        }
        Activate => {
            let (from, to) = (UserStatus::Suspended, UserStatus::Active);
            all.users(org).set_status(id, from, to, None, NOW).await
        }
        Address => {
            let email = Email::parse("ana@elsewhere.example").unwrap();
            all.users(org).update(&User { email, ..user }).await
        }
        EmailFactor => all.second_factors(org).enrol_email(id, NOW).await,
        NoFactor => all.second_factors(org).disable(id, NOW).await,
        Authenticator => all.second_factors(org).enrol_totp(&totp(&user, &w.entropy), None).await,
    };
    assert!(done.unwrap(), "{what:?}");
}

pub async fn every_change_voids_what_was_verified(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    for what in CHANGES {
        let before = read(&w).await;
        change(&w, what).await;
        assert!(!enters(&w, &before).await, "{what:?}");
        let after = read(&w).await;
        assert_eq!(after.credential_epoch, before.credential_epoch + 1, "{what:?}");
        assert_eq!(enters(&w, &after).await, what != Suspend, "{what:?}");
    }
}

/// Earlier versions change a password without raising the epoch.
pub async fn the_time_of_a_change_counts_as_well(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let before = read(&w).await;
    assert!(enters(&w, &before).await);
    for password_changed_at in [None, Some(NOW + MINUTE)] {
        assert!(!enters(&w, &User { password_changed_at, ..before.clone() }).await);
    }
    let epochs = [before.credential_epoch - 1, before.credential_epoch + 1];
    for credential_epoch in epochs {
        assert!(!enters(&w, &User { credential_epoch, ..before.clone() }).await);
    }
}

pub async fn what_is_no_change_voids_nothing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, id) = (w.acme.organization.id, w.acme.user.id);
    let before = read(&w).await;
    let mut all = w.repositories();
    let mut users = all.users(org);
    // A rehash of the same password, a verified address, a changed profile, a wrong code.
    let better = hash("better");
    assert!(users.rehash(id, before.password_hash.as_ref().unwrap(), &better).await.unwrap());
    assert!(users.verify_email(id, NOW).await.unwrap());
    let verified = users.by_id(id).await.unwrap().unwrap();
    assert!(users.update(&User { email_verified: false, ..verified }).await.unwrap());
    assert_eq!(users.count_factor_failure(id).await.unwrap(), Some(1));
    drop(users);
    assert!(enters(&w, &before).await);
    // A rehash from the previous hash is refused.
    let mut users = all.users(org);
    assert!(!users.rehash(id, before.password_hash.as_ref().unwrap(), &hash("late")).await.unwrap());
    assert_eq!(users.by_id(id).await.unwrap().unwrap().password_hash, Some(better));
}

pub async fn wrong_factors_in_a_row(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, id) = (w.acme.organization.id, w.acme.user.id);
    let mut all = w.repositories();
    for expected in 1..=3 {
        let mut users = all.users(org);
        let counted = users.count_factor_failure(id);
        assert_eq!(one_round_trip(&w.store, counted).await.unwrap(), Some(expected));
    }
    assert_eq!(all.users(w.other.organization.id).count_factor_failure(id).await.unwrap(), None);
    all.users(w.other.organization.id).reset_factor_failures(id).await.unwrap();
    assert_eq!(read(&w).await.factor_failures, 3);
    all.users(org).reset_factor_failures(id).await.unwrap();
    assert_eq!(read(&w).await.factor_failures, 0);
    // A change of credentials resets the counter.
    for what in [Set, Authenticator, NoFactor] {
        all.users(org).count_factor_failure(id).await.unwrap();
        change(&w, what).await;
        assert_eq!(read(&w).await.factor_failures, 0, "{what:?}");
    }
}

/// Repeated resets by mail give back no guesses at the second factor (decision 0037).
pub async fn a_recovery_a_day_forgets_wrong_factors(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, id) = (w.acme.organization.id, w.acme.user.id);
    let mut all = w.repositories();
    let mut users = all.users(org);
    let day = 24 * HOUR;
    let almost = Timestamp::from_micros((NOW + day).micros() - 1);
    for (at, left) in [(NOW + HOUR, 1), (almost, 2), (almost + day, 0)] {
        users.count_factor_failure(id).await.unwrap();
        users.recover_password(id, &hash("recovered"), at).await.unwrap();
        let now = users.by_id(id).await.unwrap().unwrap().factor_failures;
        assert_eq!(now, left, "{at:?}");
    }
}

/// Lifting an automatic lock by hand is no change of credentials.
pub async fn lifting_a_lock_of_guessing_voids_nothing(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, id) = (w.acme.organization.id, w.acme.user.id);
    let before = read(&w).await;
    let mut all = w.repositories();
    let mut users = all.users(org);
    let policy = LockPolicy { max_failed_logins: 1, lockout: HOUR };
    let [failed, locked, unlocked] = ["failed", "locked", "unlocked"].map(|name| w.event(name));
    let events = FailureEvents { failed: &failed, locked: &locked, unlocked: &unlocked };
    users.record_sign_in_failure(before.email.key(), policy, NOW, events).await.unwrap();
    let (from, to) = (UserStatus::Locked, UserStatus::Active);
    assert!(users.set_status(id, from, to, None, NOW).await.unwrap());
    drop(users);
    assert!(enters(&w, &before).await);
}

async fn live_sessions(store: &Arc<dyn Store>, org: OrganizationId, user: UserId) -> usize {
    let mut all = store.repositories();
    let live = all.sessions(org).of_user(user, Some(NOW), None, 100).await.unwrap();
    live.items.len()
}

/// An attacker who knows the old password signs in in a loop while the owner resets it: afterwards there is no live
/// session, and the new password is stored.
pub async fn racing_a_reset(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, id) = (w.acme.organization.id, w.acme.user.id);
    for round in 0..ROUNDS {
        let now = Timestamp::from_micros(NOW.micros() + i64::from(round));
        let before = read(&w).await;
        let mut tasks = JoinSet::new();
        for n in 0..4 {
            let (store, user) = (Arc::clone(&w.store), before.clone());
            let new = session(&user, &w.entropy);
            let entered = event(&w.acme.organization, "entered", &w.entropy);
            tasks.spawn(async move {
                tokio::time::sleep(Duration::from_micros(u64::from(round % 8) * 100 * n)).await;
                let mut all = store.repositories();
                let mut users = all.users(org);
                if users.record_sign_in(&user, HOUR, &new, &entered).await.unwrap() {
                    let old = hash("old password, new cost");
                    users.rehash(id, user.password_hash.as_ref().unwrap(), &old).await.unwrap();
                }
            });
        }
        let new = hash(&format!("new{round}"));
        let mut unit = w.store.begin().await.unwrap();
        unit.users(org).recover_password(id, &new, now).await.unwrap();
        unit.tokens(org).revoke(Revocation::User(id), now).await.unwrap();
        unit.commit().await.unwrap();
        tasks.join_all().await;
        assert_eq!(live_sessions(&w.store, org, id).await, 0, "round {round}");
        assert_eq!(read(&w).await.password_hash, Some(new), "round {round}");
    }
}

/// The same for the step before a second factor: it becomes void.
pub async fn racing_a_challenge(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (org, id) = (w.acme.organization.id, w.acme.user.id);
    for round in 0..ROUNDS {
        let before = read(&w).await;
        let (store, user) = (Arc::clone(&w.store), before.clone());
        let challenged = event(&w.acme.organization, "challenged", &w.entropy);
        let challenge = tokio::spawn(async move {
            tokio::time::sleep(Duration::from_micros(u64::from(round % 8) * 100)).await;
            store.repositories().users(org).record_challenge(&user, HOUR, &challenged).await.unwrap()
        });
        let now = Timestamp::from_micros(NOW.micros() + i64::from(round));
        let reset = hash(&format!("reset{round}"));
        w.repositories().users(org).set_password(id, Some(&reset), false, now).await.unwrap();
        // The challenge came first or was refused; either way the credentials it was for are no longer valid.
        challenge.await.unwrap();
        assert_ne!(read(&w).await.credentials(), before.credentials());
        assert!(!enters(&w, &before).await, "round {round}");
    }
}
