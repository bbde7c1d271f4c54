//! Rows that this program does not write, but another one may have left: an authenticator that was offered and never
//! confirmed is not a second factor (decision 0025); an application that clients of other organizations use outlives its
//! owner.

use porta_core::EntityId as _;
use porta_core::Slug;
use porta_core::organization::CascadeCounts;
use porta_core::user::TwoFactorMethod;
use porta_store::contract::applications::role;
use porta_store::contract::fixture::{NOW, TwoTenants, application, totp};
use porta_store::{Store as _, StoreError};
use porta_store_sql::Target;
use porta_testkit::database::TestDatabase;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use uuid::Uuid;

/// One statement for both databases, which differ only in how they take a time.
macro_rules! leave_behind {
    ($connection:expr, $user:expr, $time:literal) => {
        sqlx::query(concat!(
            "INSERT INTO user_totp (user_id, secret, secret_key_id, algorithm, digits, period, created_at, updated_at) \
             VALUES ($1, $2, 'old', 'SHA1', 6, 30, ", $time, ", ", $time, ")"
        ))
        .bind($user)
        .bind(vec![7_u8; 48])
        .execute(&mut $connection)
        .await
        .unwrap()
    };
}

async fn leave(db: &TestDatabase, user: Uuid) {
    match &db.target {
        Target::Sqlite(path) => {
            let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
            leave_behind!(connection, user, "0");
        }
        Target::Postgres(url) => {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            leave_behind!(connection, user, "now()");
        }
    }
}

async fn an_unconfirmed_authenticator_is_nobodys(db: TestDatabase) {
    let w = TwoTenants::new(db.database.clone()).await;
    let (org, user) = (w.acme.organization.id, w.acme.user.id);
    leave(&db, user.uuid()).await;
    let mut all = db.database.repositories();
    let mut factors = all.second_factors(org);
    assert_eq!(factors.totp(user).await.unwrap(), None, "not to be shown, confirmed or asked for");
    let mine = totp(&w.acme.user, &w.entropy);
    assert!(!factors.accept_step(&mine, 101, NOW).await.unwrap());
    assert!(factors.enrol_totp(&mine, None).await.unwrap(), "nor in the way");
    assert_eq!(factors.totp(user).await.unwrap(), Some(mine));
    // Together with mailed codes as the second factor.
    assert!(factors.disable(user, NOW).await.unwrap());
    leave(&db, user.uuid()).await;
    assert!(factors.enrol_email(user, NOW).await.unwrap());
    assert_eq!(factors.totp(user).await.unwrap(), None);
    let mine = totp(&w.acme.user, &w.entropy);
    assert!(!factors.enrol_totp(&mine, None).await.unwrap(), "their factor is mail");
    assert!(factors.enrol_totp(&mine, Some(TwoFactorMethod::Email)).await.unwrap());
}

/// Runs a statement about two rows.
async fn run(db: &TestDatabase, sql: &'static str, one: Uuid, two: Uuid) {
    match &db.target {
        Target::Sqlite(path) => {
            let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
            sqlx::query(sql).bind(one).bind(two).execute(&mut connection).await.unwrap();
        }
        Target::Postgres(url) => {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            sqlx::query(sql).bind(one).bind(two).execute(&mut connection).await.unwrap();
        }
    }
}

async fn an_application_that_others_use_outlives_its_owner(db: TestDatabase) {
    let w = TwoTenants::new(db.database.clone()).await;
    let (acme, product) = (w.acme.organization.id, w.acme.application.id);
    let lend = "UPDATE clients SET application_id = $1 WHERE id = $2";
    run(&db, lend, product.uuid(), w.other.client.id.uuid()).await;
    let mut all = db.database.repositories();
    all.applications(acme).insert_role(&role(product, "reader", "Reader", &w.entropy)).await.unwrap();
    let expected = CascadeCounts { clients: 1, users: 1, ..CascadeCounts::default() };
    assert_eq!(all.organizations().cascade_counts(acme).await.unwrap(), expected);

    // There is a shared one of its slug: nothing is deleted, and nothing is changed.
    let admin = Slug::parse("porta-admin").unwrap();
    let admin = all.organizations().by_slug(&admin).await.unwrap().unwrap().id;
    let shared = application(None, w.acme.application.slug.as_str(), &w.entropy);
    all.applications(admin).insert(&shared).await.unwrap();
    let refused = all.organizations().destroy(acme, NOW).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    assert!(all.users(acme).by_id(w.acme.user.id).await.unwrap().is_some());
    drop(all);
    let rename = "UPDATE applications SET slug = 'another' WHERE id IN ($1, $2)";
    run(&db, rename, shared.id.uuid(), shared.id.uuid()).await;

    let mut all = db.database.repositories();
    assert_eq!(all.organizations().destroy(acme, NOW).await.unwrap(), Some(expected));
    let kept = all.all_applications().by_id(product).await.unwrap().unwrap();
    assert_eq!((kept.organization_id, kept.version), (None, w.acme.application.version.next()));
    let other = w.other.organization.id;
    assert_eq!(all.applications(other).roles(product).await.unwrap().len(), 1);
    assert!(all.clients(other).by_key(w.other.client.id).await.unwrap().is_some());
}

mod sqlite {
    use super::*;

    #[tokio::test]
    async fn an_unconfirmed_authenticator_is_nobodys() {
        super::an_unconfirmed_authenticator_is_nobodys(TestDatabase::sqlite().await).await;
    }

    #[tokio::test]
    async fn an_application_that_others_use_outlives_its_owner() {
        super::an_application_that_others_use_outlives_its_owner(TestDatabase::sqlite().await).await;
    }
}

mod postgres {
    use super::*;

    #[tokio::test]
    async fn an_unconfirmed_authenticator_is_nobodys() {
        super::an_unconfirmed_authenticator_is_nobodys(TestDatabase::postgres().await).await;
    }

    #[tokio::test]
    async fn an_application_that_others_use_outlives_its_owner() {
        super::an_application_that_others_use_outlives_its_owner(TestDatabase::postgres().await).await;
    }
}
