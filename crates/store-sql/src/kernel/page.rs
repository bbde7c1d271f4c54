//! Pages of lists in the order of their creation.

use porta_core::{EntityId, Timestamp};
use porta_store::{Cursor, Page, Result};

use super::Row;

/// Makes a page from up to `limit + 1` rows; the extra row only says that there is a next page.
pub(crate) fn page_of<T, I: EntityId>(
    rows: &[Row],
    limit: u32,
    read: impl Fn(&Row) -> Result<T>,
    position: impl Fn(&T) -> (Timestamp, I),
) -> Result<Page<T>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let items = rows.iter().take(limit).map(read).collect::<Result<Vec<T>>>()?;
    let next = items.last().filter(|_| rows.len() > limit).map(|last| {
        let (created_at, id) = position(last);
        Cursor { created_at, id: id.uuid() }
    });
    Ok(Page { items, next })
}
