//! Opening the relational store for commands.

use std::sync::Arc;

use porta_config::StorageConfig;
use porta_store::Store;

use super::Failure;

pub(crate) async fn open_current(_config: &StorageConfig) -> Result<Arc<dyn Store>, Failure> {
    Err(Failure::general("not wired yet"))
}

pub(crate) async fn ping(_config: &StorageConfig) -> Result<(), Failure> {
    Err(Failure::general("not wired yet"))
}
