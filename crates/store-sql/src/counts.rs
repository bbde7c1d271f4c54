//! Numbers for every row of a page, by one statement.

use std::collections::HashMap;
use std::hash::Hash;

use porta_core::EntityId;
use porta_store::Result;
use serde::Serialize;

use crate::kernel::{Reader, Runner, Stmt, Value, json};

/// `SELECT` with what is counted for each id `p.id` of the list `$1`.
macro_rules! of_each {
    (postgres, $counted:expr) => {
        concat!(
            "SELECT p.id, ",
            $counted,
            " FROM (SELECT x.id::uuid AS id FROM jsonb_array_elements_text($1) AS x (id)) AS p"
        )
    };
    (sqlite, $counted:expr) => {
        concat!(
            "SELECT p.id, ",
            $counted,
            " FROM (SELECT unhex(replace(x.value, '-', '')) AS id FROM json_each($1) AS x) AS p"
        )
    };
}
pub(crate) use of_each;

/// Runs a statement of [`of_each`]; `read` reads what follows the id. `more` is `$2`.
pub(crate) async fn count_each<I, T>(
    run: &mut Runner<'_>,
    stmt: &Stmt,
    ids: &[I],
    more: Option<Value<'_>>,
    read: impl Fn(&mut Reader<'_>) -> Result<T>,
) -> Result<HashMap<I, T>>
where
    I: EntityId + Eq + Hash + Serialize,
{
    let mut counts = HashMap::with_capacity(ids.len());
    if ids.is_empty() {
        return Ok(counts);
    }
    let mut values = vec![json(ids)];
    values.extend(more);
    for row in &run.rows(stmt, &values).await? {
        let mut r = row.reader(stmt.name);
        counts.insert(r.id()?, read(&mut r)?);
    }
    Ok(counts)
}

/// The next column: a number of rows.
pub(crate) fn next_count(r: &mut Reader<'_>) -> Result<u64> {
    Ok(u64::try_from(r.int()?).unwrap_or(0))
}
