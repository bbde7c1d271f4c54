//! Both databases accept every statement of the registry.

use porta_testkit::database::TestDatabase;

async fn all_prepare(db: TestDatabase) {
    let refused = db.database.refused_statements().await.unwrap();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[tokio::test]
async fn every_statement_prepares_on_sqlite() {
    all_prepare(TestDatabase::sqlite().await).await;
}

#[tokio::test]
async fn every_statement_prepares_on_postgres() {
    all_prepare(TestDatabase::postgres().await).await;
}
