//! The store contract on both databases.

use std::sync::Arc;

use porta_store::Store;
use porta_testkit::database::TestDatabase;

struct FreshStore {
    store: Arc<dyn Store>,
    _database: TestDatabase,
}

impl FreshStore {
    fn new(database: TestDatabase) -> Self {
        Self { store: database.database.clone(), _database: database }
    }
}

mod sqlite {
    use super::{FreshStore, TestDatabase};
    porta_store::contract_tests!(FreshStore::new(TestDatabase::sqlite().await));
}

mod postgres {
    use super::{FreshStore, TestDatabase};
    porta_store::contract_tests!(FreshStore::new(TestDatabase::postgres().await));
}
