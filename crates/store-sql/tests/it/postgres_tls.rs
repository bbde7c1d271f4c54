//! PostgreSQL over TLS, with a private certificate authority.

use std::path::Path;

use porta_store::{Store as _, StoreError};
use porta_store_sql::{Database, DatabaseOptions, Target};
use porta_testkit::database::TestDatabase;
use porta_testkit::relay::CertificateAuthority;
use porta_trust::{Certificates, Roots};
use url::Url;

fn ours() -> Certificates {
    let file = std::env::var("TEST_CA_FILE")
        .expect("TEST_CA_FILE is not set: run through scripts/with-services.sh, or leave this out with --skip postgres");
    Certificates::of_file(Path::new(&file)).unwrap().certificates
}

/// Options for the server of `TEST_DATABASE_URL` with another host name and TLS mode.
fn options(database: &TestDatabase, host: &str, query: &str, roots: Roots) -> DatabaseOptions {
    let Target::Postgres(url) = &database.target else { unreachable!("a PostgreSQL database was asked for") };
    let mut url = Url::parse(url).unwrap();
    url.set_host(Some(host)).unwrap();
    url.set_query(Some(query));
    DatabaseOptions { roots, ..DatabaseOptions::new(Target::Postgres(url.to_string())) }
}

async fn refusal(options: DatabaseOptions) -> String {
    match Database::connect(&options).await.unwrap_err() {
        StoreError::Unavailable(source) | StoreError::Failed(source) => source.to_string(),
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn the_named_authority_is_believed_and_no_other() {
    let db = TestDatabase::postgres().await;
    let others = CertificateAuthority::make().roots();
    for mode in ["sslmode=verify-full", "sslmode=verify-ca"] {
        for unknown in [Roots::system(), others.clone()] {
            let text = refusal(options(&db, "localhost", mode, unknown)).await;
            assert!(text.contains("UnknownIssuer") || text.contains("BadSignature"), "{mode}: {text}");
        }
        let nobody = Roots::only(Certificates::default());
        let text = refusal(options(&db, "localhost", mode, nobody)).await;
        assert!(text.contains("PORTA_CA_FILE"), "{mode}: {text}");
        for known in [Roots::only(ours()), Roots::new(None, ours())] {
            let database = Database::connect(&options(&db, "localhost", mode, known)).await.unwrap();
            database.ping().await.unwrap();
        }
    }
}

#[tokio::test]
async fn the_name_must_be_right_where_it_is_verified() {
    let db = TestDatabase::postgres().await;
    let known = Roots::only(ours());
    // Issued for `localhost` alone.
    let text = refusal(options(&db, "127.0.0.1", "sslmode=verify-full", known.clone())).await;
    assert!(text.contains("NotValidForName") || text.contains("not valid for name"), "{text}");
    let by_authority = options(&db, "127.0.0.1", "sslmode=verify-ca", known);
    Database::connect(&by_authority).await.unwrap().ping().await.unwrap();
}

#[tokio::test]
async fn who_is_named_in_the_url_is_believed_for_this_server_alone() {
    let db = TestDatabase::postgres().await;
    let file = std::env::var("TEST_CA_FILE").expect("run through scripts/with-services.sh");
    let own = format!("sslmode=verify-full&sslrootcert={file}");
    Database::connect(&options(&db, "localhost", &own, Roots::system())).await.unwrap().ping().await.unwrap();
    let other = CertificateAuthority::make();
    let own = format!("sslmode=verify-full&sslrootcert={}", other.file());
    let text = refusal(options(&db, "localhost", &own, Roots::only(ours()))).await;
    assert!(text.contains("UnknownIssuer") || text.contains("BadSignature"), "{text}");
    let system = "sslmode=verify-full&sslrootcert=system";
    let believed = options(&db, "localhost", system, Roots::only(ours()));
    Database::connect(&believed).await.unwrap().ping().await.unwrap();
}
