//! What a finished item leaves in the database: nothing usable from a stolen backup (decision 0023).

use porta_core::mail::{Mail, OutgoingEmail, Recipient};
use porta_core::outbox::{OutboxKind, SEALING_PURPOSE};
use porta_core::seal::Keyring;
use porta_core::user::Email;
use porta_core::{OrganizationId, SeededEntropy, Slug, Timestamp};
use porta_store::Store as _;
use porta_store_sql::Target;
use porta_testkit::database::TestDatabase;
use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

const NOW: Timestamp = Timestamp::from_seconds(1_750_000_000);

async fn payloads(database: &TestDatabase) -> Vec<String> {
    query(database, "SELECT CAST(payload AS text) FROM outbox ORDER BY id").await
}

async fn query(database: &TestDatabase, sql: &'static str) -> Vec<String> {
    match &database.target {
        Target::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
        }
        Target::Sqlite(path) => {
            let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
            sqlx::query_scalar(sql).fetch_all(&mut connection).await.unwrap()
        }
    }
}

/// Enqueues messages of the built-in organization, one per event.
async fn enqueue(database: &TestDatabase, events: &[&str]) -> OrganizationId {
    let entropy = SeededEntropy::new(1);
    let keyring = Keyring::new(&[[1; 32]], SEALING_PURPOSE);
    let mut all = database.database.repositories();
    let admin = Slug::parse("porta-admin").unwrap();
    let organization = all.organizations().by_slug(&admin).await.unwrap().unwrap().id;
    for event in events {
        let outgoing = OutgoingEmail {
            organization_id: organization,
            recipient: Recipient {
                user_id: None,
                address: Email::parse("ana@example.com").unwrap(),
                full_name: None,
                locale: None,
            },
            mail: Mail::EmailCode { code: "417023".to_owned(), expires_at: NOW },
        };
        let item = outgoing.into_item(event, &keyring, NOW, &entropy);
        assert!(all.outbox().enqueue(&item).await.unwrap());
    }
    organization
}

async fn finished_items_keep_no_secret(database: TestDatabase) {
    enqueue(&database, &["1", "2", "3"]).await;
    let mut all = database.database.repositories();
    let claims = all.outbox().claim(OutboxKind::ALL, NOW, NOW, 2).await.unwrap();
    assert!(all.outbox().deliver(claims[0].id, NOW).await.unwrap());
    assert!(all.outbox().give_up(&claims[1], "550", None, NOW).await.unwrap());
    let payloads = payloads(&database).await;
    assert_eq!(payloads.iter().filter(|p| p.contains("sealed")).count(), 1, "{payloads:?}");
    for payload in payloads {
        assert!(payload.contains("otp_code"), "operators still see what it was: {payload}");
        assert!(!payload.contains("ana@example.com") && !payload.contains("417023"), "{payload}");
    }
}

#[tokio::test]
async fn finished_items_keep_no_secret_on_sqlite() {
    finished_items_keep_no_secret(TestDatabase::sqlite().await).await;
}

#[tokio::test]
async fn finished_items_keep_no_secret_on_postgres() {
    finished_items_keep_no_secret(TestDatabase::postgres().await).await;
}

/// Unreadable items are given up once, without affecting others.
async fn an_unreadable_item_takes_no_other_along(database: TestDatabase) {
    let organization = enqueue(&database, &["1", "2", "3", "4"]).await;
    for damage in [
        r#"UPDATE outbox SET payload = '{"about": {}, "sealed": {"key_id": "417023", "bytes": "%"}}'
           WHERE idempotency_key LIKE '%:1' RETURNING 'damaged'"#,
        "UPDATE outbox SET payload = '417023' WHERE idempotency_key LIKE '%:3' RETURNING 'damaged'",
    ] {
        assert_eq!(query(&database, damage).await.len(), 1);
    }
    let mut all = database.database.repositories();
    let claims = all.outbox().claim(OutboxKind::ALL, NOW, NOW, 10).await.unwrap();
    assert_eq!(claims.len(), 2);
    let counts = all.outbox().counts(None).await.unwrap();
    assert_eq!((counts.pending, counts.given_up), (2, 2));
    assert_eq!(
        all.outbox().claim(OutboxKind::ALL, NOW, NOW, 10).await.unwrap().len(),
        2,
        "the claims have ended"
    );
    let rows = all.outbox().page_for(organization, None, 10).await.unwrap().items;
    assert_eq!(rows.len(), 4, "operators can read them all");
    assert_eq!(rows.iter().filter(|row| row.last_error.is_some()).count(), 2);
    assert!(
        !payloads(&database).await.iter().any(|payload| payload.contains("417023")),
        "nothing of it is kept"
    );
}

#[tokio::test]
async fn an_unreadable_item_takes_no_other_along_on_sqlite() {
    an_unreadable_item_takes_no_other_along(TestDatabase::sqlite().await).await;
}

#[tokio::test]
async fn an_unreadable_item_takes_no_other_along_on_postgres() {
    an_unreadable_item_takes_no_other_along(TestDatabase::postgres().await).await;
}
