//! Re-sealing under a new key loses nothing, despite concurrent changes and interruptions.

use std::time::Duration;

use crate::support::{START, World, actor};
use porta_core::mail::{Mail, OutgoingEmail, Recipient, SecurityEvent};
use porta_core::organization::Organization;
use porta_core::outbox::{self, OutboxKind};
use porta_core::seal::{Keyring, SealError};
use porta_core::second_factor::{self, CodeKeys, RecoveryCode, TotpCredential, TotpParameters};
use porta_core::signing_key::{self, SigningKey};
use porta_core::user::User;
use porta_core::{EntityId as _, Entropy, OsEntropy, RecoveryCodeId};
use porta_directory::{KeyList, KindReport, OlderKey, Report, ResealMode, SealingKeys};
use porta_store::SealedKind;

both_stores!(
    everything_moves_to_the_first_key_and_stays_readable,
    a_dry_run_writes_nothing,
    what_no_key_opens_is_named_and_left_alone,
    a_new_authenticator_is_not_overwritten,
    two_runs_at_once_do_each_row_once,
    a_run_that_was_interrupted_is_finished_by_the_next,
    recovery_codes_say_how_long_their_key_is_needed,
    one_key_each_leaves_nothing_to_do,
);

/// The key that the test support seals with.
const OLD: [u8; 32] = [9; 32];
const NEW: [u8; 32] = [10; 32];
const OLD_FACTOR: [u8; 32] = [19; 32];
const NEW_FACTOR: [u8; 32] = [20; 32];

fn before() -> SealingKeys {
    SealingKeys::new(&[OLD], &[OLD_FACTOR])
}

fn both() -> SealingKeys {
    SealingKeys::new(&[NEW, OLD], &[NEW_FACTOR, OLD_FACTOR])
}

fn after() -> SealingKeys {
    SealingKeys::new(&[NEW], &[NEW_FACTOR])
}

async fn outgoing(world: &World, organization: &Organization, event: &str) {
    let keys = Keyring::new(&[OLD], outbox::SEALING_PURPOSE);
    let outgoing = OutgoingEmail {
        organization_id: organization.id,
        recipient: Recipient {
            user_id: None,
            address: porta_core::user::Email::parse("kim@harbor.test").unwrap(),
            full_name: None,
            locale: None,
        },
        mail: Mail::PasswordChanged { event: SecurityEvent { at: START, address: None, user_agent: None } },
    };
    let item = outgoing.into_item(event, &keys, START, &OsEntropy);
    assert!(world.store.repositories().outbox().enqueue(&item).await.unwrap());
}

fn secret_of(user: &User) -> Vec<u8> {
    format!("secret of {}", user.id).into_bytes()
}

fn credential(user: &User, key: [u8; 32], secret: &[u8]) -> TotpCredential {
    let keys = Keyring::new(&[key], second_factor::SEALING_PURPOSE);
    let identity = TotpCredential::seal_identity(user.organization_id, user.id);
    TotpCredential {
        user_id: user.id,
        secret: keys.seal(secret, &identity, &OsEntropy),
        parameters: TotpParameters::default(),
        last_step: 1,
        verified_at: START,
        created_at: START,
    }
}

async fn enrol(world: &World, user: &User, credential: &TotpCredential) {
    let mut all = world.store.repositories();
    assert!(all.second_factors(user.organization_id).enrol_totp(credential, None).await.unwrap());
}

/// Two organizations, each with its signing keys, one message, and `people` users with an authenticator.
async fn filled(world: &World, people: usize) -> Vec<User> {
    let mut users = Vec::new();
    for slug in ["harbor", "lagoon"] {
        let organization = world.organization(slug).await;
        outgoing(world, &organization, slug).await;
        for n in 0..people {
            let user = world.user(&organization, &format!("p{n}@{slug}.test")).await;
            enrol(world, &user, &credential(&user, OLD_FACTOR, &secret_of(&user))).await;
            users.push(user);
        }
    }
    users
}

async fn reseal(world: &World, keys: &SealingKeys, pass: ResealMode) -> Report {
    world.directory.reseal(actor(), keys, pass).await.unwrap()
}

/// Counts (resealed, current, closed) of signing keys, messages and authenticators.
fn counts(report: &Report) -> Vec<(u64, u64, usize)> {
    let kinds: Vec<_> = report.kinds.iter().map(|kind| kind.kind).collect();
    assert_eq!(kinds, [SealedKind::SigningKey, SealedKind::OutgoingEmail, SealedKind::Authenticator]);
    report
        .kinds
        .iter()
        .map(|KindReport { resealed, current, unopened, .. }| (*resealed, *current, unopened.len()))
        .collect()
}

/// Asserts that everything opens with `signing` and `factor` alone, with its original content.
async fn assert_opens(world: &World, users: &[User], signing: [u8; 32], factor: [u8; 32]) {
    let mut all = world.store.repositories();
    for organization in users.iter().map(|user| user.organization_id) {
        let keys = Keyring::new(&[signing], signing_key::SEALING_PURPOSE);
        let rows = all.signing_keys(organization).all().await.unwrap();
        assert!(!rows.is_empty());
        for row in rows {
            let identity = SigningKey::seal_identity(organization, &row.kid);
            keys.open(&row.private_key, &identity).unwrap();
        }
    }
    let keys = Keyring::new(&[factor], second_factor::SEALING_PURPOSE);
    for user in users {
        let stored = all.second_factors(user.organization_id).totp(user.id).await.unwrap().unwrap();
        let identity = TotpCredential::seal_identity(user.organization_id, user.id);
        assert_eq!(keys.open(&stored.secret, &identity).unwrap(), secret_of(user));
    }
    let keys = Keyring::new(&[signing], outbox::SEALING_PURPOSE);
    let claims = all.outbox().claim(&[OutboxKind::Mail], START, START, 10).await.unwrap();
    assert_eq!(claims.len(), 2);
    for claim in claims {
        assert_eq!(OutgoingEmail::open(&claim, &keys).unwrap().recipient.address.shown(), "kim@harbor.test");
    }
}

async fn everything_moves_to_the_first_key_and_stays_readable(world: World) {
    let users = filled(&world, 60).await;
    assert_opens(&world, &users, OLD, OLD_FACTOR).await;
    let report = reseal(&world, &both(), ResealMode::Reseal).await;
    assert_eq!(counts(&report), [(4, 0, 0), (2, 0, 0), (120, 0, 0)]);
    assert!(report.older.len() == 2 && report.older.iter().all(OlderKey::is_removable), "{report:?}");
    assert_opens(&world, &users, NEW, NEW_FACTOR).await;
    let again = reseal(&world, &both(), ResealMode::Reseal).await;
    assert_eq!(counts(&again), [(0, 4, 0), (0, 2, 0), (0, 120, 0)]);
    let alone = reseal(&world, &after(), ResealMode::Reseal).await;
    assert_eq!((counts(&alone), alone.older.len()), (vec![(0, 4, 0), (0, 2, 0), (0, 120, 0)], 0));
    let events = world.audit().await;
    let of = |name: &str| events.iter().filter(|e| e.event_type == name).collect::<Vec<_>>();
    assert_eq!((of("key.reseal.started").len(), of("key.resealed").len()), (3, 3));
    let first =
        of("key.resealed").into_iter().find(|e| e.metadata["authenticator"]["resealed"] == 120).unwrap();
    assert_eq!(first.actor_label.as_deref(), Some("cli:tester"));
    assert_eq!(first.metadata["email"], serde_json::json!({"resealed": 2, "current": 0, "notOpened": 0}));
}

async fn a_dry_run_writes_nothing(world: World) {
    let users = filled(&world, 2).await;
    let report = reseal(&world, &both(), ResealMode::DryRun).await;
    assert_eq!(counts(&report), [(4, 0, 0), (2, 0, 0), (4, 0, 0)]);
    let [signing, factor] = report.older[..] else { panic!("{report:?}") };
    assert_eq!(
        (signing.list, signing.place, signing.signing_keys, signing.emails),
        (KeyList::Signing, 2, 4, 2)
    );
    assert_eq!((factor.list, factor.place, factor.authenticators), (KeyList::TwoFactor, 2, 4));
    assert!(!signing.is_removable() && !factor.is_removable());
    assert_opens(&world, &users, OLD, OLD_FACTOR).await;
    assert!(!world.audit_names().await.iter().any(|name| name.starts_with("key.reseal")));
}

async fn what_no_key_opens_is_named_and_left_alone(world: World) {
    let users = filled(&world, 3).await;
    let stranger = world.user(&world.organization("cove").await, "x@cove.test").await;
    enrol(&world, &stranger, &credential(&stranger, [77; 32], b"sealed with a key that is gone")).await;
    let moved = world.user(&world.organization("reef").await, "y@reef.test").await;
    // A secret sealed for a different user.
    let stolen =
        TotpCredential { user_id: moved.id, ..credential(&users[0], OLD_FACTOR, &secret_of(&users[0])) };
    enrol(&world, &moved, &stolen).await;
    let mut unopened = Vec::new();
    for _ in 0..2 {
        let report = reseal(&world, &both(), ResealMode::Reseal).await;
        let found: Vec<_> = report.unopened().cloned().collect();
        assert_eq!(found.len(), 2);
        assert_eq!(counts(&report)[2].2, 2);
        let of = |user: &User| found.iter().find(|one| one.id == user.id.uuid()).unwrap();
        assert!(matches!(of(&stranger).why, SealError::UnknownKey(_)));
        assert_eq!(of(&moved).why, SealError::Refused);
        assert!(found.iter().all(|one| one.kind == SealedKind::Authenticator));
        // The one that does not open still counts as using the key it names.
        assert_eq!(report.older[1].authenticators, 1);
        unopened = found;
    }
    assert!(!format!("{unopened:?}").contains("sealed with a key that is gone"));
    let mut all = world.store.repositories();
    let kept = all.second_factors(moved.organization_id).totp(moved.id).await.unwrap();
    assert_eq!(kept, Some(stolen));
    let gone = Keyring::new(&[[77; 32]], second_factor::SEALING_PURPOSE);
    let kept = all.second_factors(stranger.organization_id).totp(stranger.id).await.unwrap().unwrap();
    let identity = TotpCredential::seal_identity(stranger.organization_id, stranger.id);
    assert_eq!(gone.open(&kept.secret, &identity).unwrap(), b"sealed with a key that is gone");
    // Without the old key nothing can be opened: every value is reported, and nothing is written.
    let lost = SealingKeys::new(&[[55; 32]], &[[56; 32]]);
    let report = reseal(&world, &lost, ResealMode::Reseal).await;
    assert!(report.kinds.iter().all(|kind| kind.resealed == 0 && kind.current == 0), "{report:?}");
    assert_eq!(
        report.unopened().filter(|one| one.kind == SealedKind::Authenticator).count(),
        users.len() + 2
    );
}

/// Users replace their authenticators while re-sealing runs.
async fn a_new_authenticator_is_not_overwritten(world: World) {
    let users = filled(&world, 40).await;
    world.warm().await;
    let (directory, store, people) = (world.directory.clone(), world.store.clone(), users.clone());
    let changing = tokio::spawn(async move {
        for user in people {
            let credential = credential(&user, OLD_FACTOR, format!("newer {}", user.id).as_bytes());
            let mut unit = store.begin().await.unwrap();
            let mut factors = unit.second_factors(user.organization_id);
            assert!(factors.disable(user.id, START).await.unwrap());
            assert!(factors.enrol_totp(&credential, None).await.unwrap());
            drop(factors);
            unit.commit().await.unwrap();
        }
    });
    let resealing = tokio::spawn(async move {
        for _ in 0..20 {
            directory.reseal(actor(), &both(), ResealMode::Reseal).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    changing.await.unwrap();
    resealing.await.unwrap();
    reseal(&world, &both(), ResealMode::Reseal).await;
    let keys = Keyring::new(&[NEW_FACTOR], second_factor::SEALING_PURPOSE);
    for user in users {
        let mut all = world.store.repositories();
        let stored = all.second_factors(user.organization_id).totp(user.id).await.unwrap().unwrap();
        let identity = TotpCredential::seal_identity(user.organization_id, user.id);
        assert_eq!(keys.open(&stored.secret, &identity).unwrap(), format!("newer {}", user.id).into_bytes());
    }
}

async fn two_runs_at_once_do_each_row_once(world: World) {
    let users = filled(&world, 60).await;
    world.warm().await;
    let runs: Vec<_> = (0..2)
        .map(|_| {
            let directory = world.directory.clone();
            tokio::spawn(async move { directory.reseal(actor(), &both(), ResealMode::Reseal).await.unwrap() })
        })
        .collect();
    let mut resealed = [0; 3];
    for run in runs {
        let report = run.await.unwrap();
        assert_eq!(report.unopened().count(), 0);
        for (sum, (own, ..)) in resealed.iter_mut().zip(counts(&report)) {
            *sum += own;
        }
    }
    assert_eq!(resealed, [4, 2, 120]);
    assert_opens(&world, &users, NEW, NEW_FACTOR).await;
}

async fn a_run_that_was_interrupted_is_finished_by_the_next(world: World) {
    let users = filled(&world, 60).await;
    for patience in [1, 3, 5, 10, 15, 20] {
        let directory = world.directory.clone();
        let run = tokio::spawn(async move { directory.reseal(actor(), &both(), ResealMode::Reseal).await });
        drop(
            tokio::time::timeout(Duration::from_millis(patience), async {
                while !run.is_finished() {
                    tokio::task::yield_now().await;
                }
            })
            .await,
        );
        run.abort();
        drop(run.await);
        // However far the run got, everything opens with both keys.
        let report = settled_report(&world).await;
        for ((stale, current, unopened), all) in counts(&report).into_iter().zip([4, 2, 120]) {
            assert_eq!((stale + current, unopened), (all, 0));
        }
    }
    let report = reseal(&world, &both(), ResealMode::Reseal).await;
    assert!(report.older.iter().all(OlderKey::is_removable), "{report:?}");
    assert_opens(&world, &users, NEW, NEW_FACTOR).await;
}

/// A dry run while nothing is written. The database may still be committing statements of an aborted run; a dry run
/// counts stale values before current ones, so such a commit in between would be counted twice.
async fn settled_report(world: &World) -> Report {
    let mut report = reseal(world, &both(), ResealMode::DryRun).await;
    loop {
        let next = reseal(world, &both(), ResealMode::DryRun).await;
        if next == report {
            return report;
        }
        report = next;
    }
}

async fn recovery_codes_say_how_long_their_key_is_needed(world: World) {
    let users = filled(&world, 2).await;
    let entropy: &dyn Entropy = &OsEntropy;
    let code = |user: &User, key: [u8; 32]| {
        let keys = CodeKeys::new(&[key]);
        RecoveryCode {
            id: RecoveryCodeId::new(START, entropy),
            mac: keys.current().recovery(user.id, "ABCDEFGH"),
            key_id: keys.current().id().to_owned(),
        }
    };
    let store = |user: &User, codes: Vec<RecoveryCode>| {
        let (store, user) = (world.store.clone(), user.clone());
        async move {
            let mut all = store.repositories();
            assert!(
                all.second_factors(user.organization_id)
                    .replace_recovery_codes(user.id, &codes, START)
                    .await
                    .unwrap()
            );
        }
    };
    store(&users[0], vec![code(&users[0], OLD_FACTOR)]).await;
    store(&users[1], vec![code(&users[1], NEW_FACTOR)]).await;
    store(&users[2], vec![code(&users[2], [77; 32])]).await;
    let report = reseal(&world, &both(), ResealMode::Reseal).await;
    let factor = report.older[1];
    assert_eq!((factor.authenticators, factor.recovery_codes, factor.codes_without_key_id), (0, 1, 0));
    assert!(!factor.is_removable() && report.older[0].is_removable());
    assert_eq!(report.lost_codes, 1);
    // A used code needs no key.
    let mut all = world.store.repositories();
    let macs: Vec<_> = CodeKeys::new(&[NEW_FACTOR, OLD_FACTOR])
        .all()
        .map(|key| key.recovery(users[0].id, "ABCDEFGH"))
        .collect();
    let used = all
        .second_factors(users[0].organization_id)
        .use_recovery_code(users[0].id, &macs, START)
        .await
        .unwrap();
    assert_eq!(used, Some(0));
    assert!(reseal(&world, &both(), ResealMode::DryRun).await.older[1].is_removable());
}

async fn one_key_each_leaves_nothing_to_do(world: World) {
    let users = filled(&world, 1).await;
    let report = reseal(&world, &before(), ResealMode::Reseal).await;
    assert_eq!(counts(&report), [(0, 4, 0), (0, 2, 0), (0, 2, 0)]);
    assert!(report.older.is_empty());
    assert_opens(&world, &users, OLD, OLD_FACTOR).await;
}
