//! Lists of ids in request bodies.

use porta_core::EntityId;
use uuid::Uuid;

use crate::error::{AdminError, Result};

/// Most ids of one request.
const MOST: usize = 500;

/// The ids of a field; at least one.
pub(crate) fn checked<I: EntityId>(field: &str, given: &[Uuid]) -> Result<Vec<I>> {
    if given.is_empty() || given.len() > MOST {
        return Err(AdminError::invalid(field, format!("use 1 to {MOST} ids")));
    }
    Ok(given.iter().copied().map(I::from_uuid).collect())
}
