//! What is left in the database of a finished item: nothing that a stolen backup could use (decision 0023).
#![expect(clippy::unwrap_used, reason = "helpers of tests, outside of test functions")]

use porta_core::mail::{Letter, Mail, Recipient};
use porta_core::outbox::SEALING_PURPOSE;
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
    let sql = "SELECT CAST(payload AS text) FROM outbox ORDER BY id";
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

async fn finished_items_keep_no_secret(database: TestDatabase) {
    let entropy = SeededEntropy::new(1);
    let keyring = Keyring::new(&[[1; 32]], SEALING_PURPOSE);
    let store = &database.database;
    let mut all = store.repositories();
    let admin = Slug::parse("porta-admin").unwrap();
    let organization: OrganizationId = all.organizations().by_slug(&admin).await.unwrap().unwrap().id;
    for event in ["1", "2", "3"] {
        let letter = Letter {
            organization_id: organization,
            recipient: Recipient {
                user_id: None,
                address: Email::parse("ana@example.com").unwrap(),
                full_name: None,
                locale: None,
            },
            mail: Mail::EmailCode { code: "417023".to_owned(), expires_at: NOW },
        };
        let item = letter.into_item(event, &keyring, NOW, &entropy);
        assert!(all.outbox().enqueue(&item).await.unwrap());
    }
    let claims = all.outbox().claim(NOW, NOW, 2).await.unwrap();
    assert!(all.outbox().deliver(claims[0].id, NOW).await.unwrap());
    assert!(all.outbox().give_up(&claims[1], "550", NOW).await.unwrap());
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
