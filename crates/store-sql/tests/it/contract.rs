//! The store contract on both databases.

use std::sync::Arc;

use porta_store::Store;
use porta_testkit::database::TestDatabase;

struct Fresh {
    store: Arc<dyn Store>,
    _database: TestDatabase,
}

impl Fresh {
    fn new(database: TestDatabase) -> Self {
        Self { store: database.database.clone(), _database: database }
    }
}

mod sqlite {
    use super::{Fresh, TestDatabase};
    porta_store::contract_tests!(Fresh::new(TestDatabase::sqlite().await));
}

mod postgres {
    use super::{Fresh, TestDatabase};
    porta_store::contract_tests!(Fresh::new(TestDatabase::postgres().await));
}
