//! Numbers of entities and sign-ins.

use std::sync::Arc;
use std::time::Duration;

use porta_core::OrganizationId;
use porta_core::audit::AuditEvent;
use porta_core::client::{ClientSecret, SecretStatus};
use porta_core::one_time::TokenPurpose;
use porta_core::organization::OrganizationStatus;
use porta_core::user::{User, UserStatus};
use porta_core::{ClientSecretId, Timestamp};

use super::fixture::{HOUR, MINUTE, NOW, TwoTenants, one_round_trip, user};
use crate::{
    EntityCounts, LoginActivity, LoginBucket, LoginCounts, Pending, StatusCounts, Store, UserCounts,
};

const DAY: Duration = Duration::from_hours(24);

fn counts(numbers: &[(&str, u64)]) -> StatusCounts {
    numbers.iter().map(|(status, number)| ((*status).to_owned(), *number)).collect()
}

pub async fn entities(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let mut all = w.repositories();
    let (active, suspended) = (OrganizationStatus::Active, OrganizationStatus::Suspended);
    assert!(all.organizations().set_status(w.other.organization.id, active, suspended, NOW).await.unwrap());
    let found = one_round_trip(&w.store, all.statistics().entities(None)).await.unwrap();
    // The migrations made the super-admin organization.
    let expected = EntityCounts {
        organizations: counts(&[("active", 2), ("suspended", 1)]),
        applications: counts(&[("active", 2)]),
        clients: counts(&[("active", 2)]),
    };
    assert_eq!(found, expected);
    let own = Some(w.acme.organization.id);
    let found = one_round_trip(&w.store, all.statistics().entities(own)).await.unwrap();
    assert_eq!(found, EntityCounts { clients: counts(&[("active", 1)]), ..EntityCounts::default() });
}

pub async fn users(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let org = w.acme.organization.id;
    let mut all = w.repositories();
    for (n, (status, age, seen)) in [
        (UserStatus::Active, 7 * DAY, Some(30 * DAY)),
        (UserStatus::Active, 7 * DAY + MINUTE, None),
        (UserStatus::Locked, 30 * DAY, Some(30 * DAY + MINUTE)),
        (UserStatus::Suspended, 30 * DAY + MINUTE, Some(MINUTE)),
    ]
    .into_iter()
    .enumerate()
    {
        let person = User {
            status,
            created_at: NOW - age,
            last_login_at: seen.map(|ago| NOW - ago),
            ..user(org, &format!("u{n}@example.com"), &w.entropy)
        };
        all.users(org).insert(&person).await.unwrap();
    }
    // The tenant's own user was created now and has just signed in.
    let expected = UserCounts {
        by_status: counts(&[("active", 3), ("locked", 1), ("suspended", 1)]),
        new_last_7d: 2,
        new_last_30d: 4,
        active_last_30d: 3,
    };
    let found = one_round_trip(&w.store, all.statistics().users(Some(org), NOW)).await.unwrap();
    assert_eq!(found, expected);
    // The other tenant has one user as well.
    let expected = UserCounts {
        by_status: counts(&[("active", 4), ("locked", 1), ("suspended", 1)]),
        new_last_7d: 3,
        new_last_30d: 5,
        active_last_30d: 4,
    };
    let found = one_round_trip(&w.store, all.statistics().users(None, NOW)).await.unwrap();
    assert_eq!(found, expected);
}

async fn signed_in(w: &TwoTenants, event: &str, organization: Option<OrganizationId>, at: Timestamp) {
    let event = AuditEvent { organization_id: organization, created_at: at, ..w.event(event) };
    w.repositories().audit().record(&event).await.unwrap();
}

const PASSWORD: &str = "user.login.password";
const FAILED: &str = "user.login.password.failed";
const LINK: &str = "user.login.magic_link";

pub async fn logins(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let (acme, other) = (Some(w.acme.organization.id), Some(w.other.organization.id));
    // Each tenant's user has signed in now.
    for (event, ago) in [
        (FAILED, DAY),
        (FAILED, DAY + MINUTE),
        (LINK, 7 * DAY),
        (PASSWORD, 7 * DAY + MINUTE),
        (FAILED, 30 * DAY),
        (PASSWORD, 30 * DAY + MINUTE),
        ("user.login.cancelled", MINUTE),
        ("user.logout", MINUTE),
    ] {
        signed_in(&w, event, acme, NOW - ago).await;
    }
    signed_in(&w, FAILED, other, NOW - MINUTE).await;
    let mut all = w.repositories();
    let activity = |day, week, month| {
        let counts = |(successful, failed)| LoginCounts { successful, failed };
        LoginActivity { last_24h: counts(day), last_7d: counts(week), last_30d: counts(month) }
    };
    let found = one_round_trip(&w.store, all.statistics().logins(acme, NOW)).await.unwrap();
    assert_eq!(found, activity((1, 1), (2, 2), (3, 3)));
    let found = one_round_trip(&w.store, all.statistics().logins(None, NOW)).await.unwrap();
    assert_eq!(found, activity((2, 2), (3, 3), (4, 4)));
}

pub async fn series(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let acme = Some(w.acme.organization.id);
    let midnight = Timestamp::from_seconds(1_749_945_600);
    for (event, at) in [
        (PASSWORD, midnight),
        (PASSWORD, midnight + MINUTE),
        (FAILED, midnight + HOUR),
        (LINK, midnight + DAY),
        (PASSWORD, midnight + 2 * DAY),
    ] {
        signed_in(&w, event, acme, at).await;
    }
    signed_in(&w, FAILED, None, midnight).await;
    let bucket = |number, event: &str, count| LoginBucket { number, event_type: event.to_owned(), count };
    let mut all = w.repositories();
    let mut statistics = all.statistics();
    let (to, first) = (midnight + 2 * DAY, midnight.seconds() / 86_400);
    let days = statistics.login_series(acme, midnight, to, DAY);
    let days = one_round_trip(&w.store, days).await.unwrap();
    // The last one is at the end, which is excluded. The tenant's own user signed in at NOW, on the first day.
    let expected = [bucket(first, PASSWORD, 3), bucket(first, FAILED, 1), bucket(first + 1, LINK, 1)];
    assert_eq!(days, expected);
    let hours = statistics.login_series(acme, midnight, midnight + 2 * HOUR, HOUR).await.unwrap();
    let hour = midnight.seconds() / 3_600;
    assert_eq!(hours, [bucket(hour, PASSWORD, 2), bucket(hour + 1, FAILED, 1)]);
    let everybody = statistics.login_series(None, midnight, midnight + MINUTE, HOUR).await.unwrap();
    assert_eq!(everybody, [bucket(hour, PASSWORD, 1), bucket(hour, FAILED, 1)]);
}

pub async fn pending(store: Arc<dyn Store>) {
    let w = TwoTenants::new(store).await;
    let org = w.acme.organization.id;
    let mut all = w.repositories();
    for (status, expires_at) in [
        (SecretStatus::Active, Some(NOW + 30 * DAY)),
        (SecretStatus::Active, Some(NOW + 30 * DAY + MINUTE)),
        (SecretStatus::Active, Some(NOW)),
        (SecretStatus::Active, None),
        (SecretStatus::Revoked, Some(NOW + DAY)),
    ] {
        let secret = ClientSecret {
            id: ClientSecretId::new(NOW, &w.entropy),
            client: w.acme.client.id,
            digest: w.digest(),
            label: None,
            expires_at,
            status,
            last_used_at: None,
            created_at: NOW,
        };
        all.clients(org).insert_secret(&secret).await.unwrap();
    }
    for purpose in [TokenPurpose::Invitation, TokenPurpose::PasswordReset] {
        let link = w.link(purpose);
        assert!(all.one_time_tokens(org).issue(&link, &w.acme.user.email).await.unwrap());
    }
    let mut statistics = all.statistics();
    let found = one_round_trip(&w.store, statistics.pending(NOW)).await.unwrap();
    assert_eq!(found, Pending { active_sessions: 2, expiring_secrets: 1, pending_invitations: 1 });
    let later = statistics.pending(w.acme.session.expires_at.max(NOW + DAY)).await.unwrap();
    assert_eq!((later.active_sessions, later.pending_invitations), (0, 0));
}
