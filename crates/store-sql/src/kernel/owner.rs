//! The owner of a row.

use porta_core::OrganizationId;
use porta_store::{Result, StoreError};

/// Refuses an entity of another organization than the repository is for, as if that organization did not exist.
pub(crate) fn same_owner(repository: OrganizationId, entity: OrganizationId) -> Result<()> {
    if repository == entity {
        return Ok(());
    }
    Err(StoreError::MissingReference("organization".to_owned()))
}
