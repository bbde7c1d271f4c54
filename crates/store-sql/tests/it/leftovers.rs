//! Rows that this program does not write, but another one may have left: an authenticator that was offered and never
//! confirmed is not a second factor (decision 0025).

use porta_core::EntityId as _;
use porta_core::user::TwoFactorMethod;
use porta_store::Store as _;
use porta_store::contract::fixture::{NOW, TwoTenants, totp};
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

#[tokio::test]
async fn sqlite() {
    an_unconfirmed_authenticator_is_nobodys(TestDatabase::sqlite().await).await;
}

#[tokio::test]
async fn postgres() {
    an_unconfirmed_authenticator_is_nobodys(TestDatabase::postgres().await).await;
}
