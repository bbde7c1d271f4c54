//! The sweeper (decision D16): deletes expired rows and sealed values, oldest first, a bounded number per table, in one
//! instance at a time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use porta_core::Timestamp;
use porta_core::ids::first_of;
use porta_store::{Result, SweepOutcome};
use uuid::Uuid;

use crate::kernel::{Kernel, Runner, Stmt, Value, at, int, statements, text};
use crate::outbox;

/// Deletes up to `$2` rows of `$table` that match `$condition` at time `$1`, in the order of column `$order`.
macro_rules! sweep {
    ($table:literal, $key:literal, $order:literal, $condition:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE ",
            $key,
            " IN (SELECT x.",
            $key,
            " FROM ",
            $table,
            " x WHERE ",
            $condition,
            " ORDER BY x.",
            $order,
            " LIMIT $2)"
        )
    };
}

statements! {
    ACCESS_TOKENS: Write = sweep!("access_tokens", "digest", "expires_at", "x.expires_at <= $1");
    REFRESH_TOKENS: Write = sweep!("refresh_tokens", "digest", "expires_at", "x.expires_at <= $1");
    // The tokens of a family expire before it does, so that few rows are left to cascade to.
    TOKEN_FAMILIES: Write = sweep!("token_families", "id", "expires_at", "x.expires_at <= $1");
    // A revoked session also marks its families as revoked (see `tokens::facts`): keep it while any of them would still
    // be valid.
    SESSIONS: Write = sweep!("sessions", "id", "expires_at", "x.expires_at <= $1 AND (x.revoked_at IS NULL OR NOT EXISTS \
         (SELECT 1 FROM token_families f WHERE f.session_id = x.id AND f.revoked_at IS NULL AND f.expires_at > $1))");
    GRANTS: Write = sweep!("grants", "id", "expires_at", "x.expires_at <= $1");
    ONE_TIME_TOKENS: Write = sweep!("one_time_tokens", "id", "expires_at", "x.expires_at <= $1");
    EMAIL_CODES: Write = sweep!("two_factor_email_codes", "id", "expires_at", "x.expires_at <= $1");
    OUTBOX: Write = sweep!("outbox", "id", "updated_at", "x.state <> 'pending' AND x.updated_at < $1");
    AUDIT_LOG: Write = sweep!("audit_log", "id", "created_at", "x.created_at < $1");
    // Id of the last family of a page, in order of id; no row if the page is not full.
    PAGE_END: Read = "SELECT id FROM token_families WHERE id > $1 AND id < $2 ORDER BY id LIMIT 1 OFFSET $3";
    EMPTY_FAMILIES: Write = "DELETE FROM token_families WHERE id > $1 AND id <= $2 \
         AND NOT EXISTS (SELECT 1 FROM access_tokens a WHERE a.family_id = token_families.id) \
         AND NOT EXISTS (SELECT 1 FROM refresh_tokens r WHERE r.family_id = token_families.id)";
    TAKE_LEASE: Write = "INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3) \
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until \
         WHERE leases.until <= $4 OR leases.holder = excluded.holder";
    RETURN_LEASE: Write = "DELETE FROM leases WHERE name = $1 AND holder = $2";
}

/// Longer than any sweep takes. A crashed sweeper blocks the others for at most this long.
const LEASE: Duration = Duration::from_mins(5);
const NAME: &str = "sweeper";

/// Minimum age of a family that is deleted because it has no tokens. Such a family never gets another token, but might
/// stay for a month until it expires. The first token comes within the lifetime of the code; this minimum is longer
/// than a used code is remembered.
const MIN_FAMILY_AGE: Duration = Duration::from_mins(15);
/// Families examined in one sweep, as a multiple of the batch size: examining one costs two index reads, far less than
/// deleting.
const SCAN_FACTOR: u32 = 5;

/// Position of the search for families without tokens. Each sweep examines one page, so that its work does not grow
/// with the table; after the last page the search starts over.
#[derive(Debug, Default)]
pub(crate) struct EmptyFamilyScan(Mutex<Uuid>);

impl EmptyFamilyScan {
    async fn empty_families(&self, run: &mut Runner<'_>, now: Timestamp, page: u32) -> Result<u64> {
        let from = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let until = first_of(now - MIN_FAMILY_AGE);
        let bounds = [Value::Uuid(Some(from)), Value::Uuid(Some(until)), int(i64::from(page))];
        let end = match run.row(&PAGE_END, &bounds).await? {
            Some(row) => Some(row.reader("token_families").raw_uuid()?),
            None => None,
        };
        let last = Value::Uuid(Some(end.unwrap_or(until)));
        let removed = run.execute(&EMPTY_FAMILIES, &[Value::Uuid(Some(from)), last]).await?.affected;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = end.unwrap_or(Uuid::nil());
        Ok(removed)
    }
}

pub(crate) async fn sweep(
    kernel: &Kernel,
    empty_family_scan: &EmptyFamilyScan,
    holder: Uuid,
    now: Timestamp,
    audit_before: Timestamp,
    batch: u32,
) -> Result<SweepOutcome> {
    let mut run = Runner::Auto(kernel);
    let holder = || Value::Uuid(Some(holder));
    if !run.affects_row(&TAKE_LEASE, &[text(NAME), holder(), at(now + LEASE), at(now)]).await? {
        return Ok(SweepOutcome::default());
    }
    let expired: [(&'static Stmt, Timestamp); 10] = [
        (&ACCESS_TOKENS, now),
        (&REFRESH_TOKENS, now),
        (&TOKEN_FAMILIES, now),
        (&SESSIONS, now),
        (&GRANTS, now),
        (&ONE_TIME_TOKENS, now),
        (&EMAIL_CODES, now),
        (outbox::forget(), now),
        (&OUTBOX, audit_before),
        (&AUDIT_LOG, audit_before),
    ];
    let mut rows = 0;
    for (stmt, before) in expired {
        rows += run.execute(stmt, &[at(before), int(i64::from(batch))]).await?.affected;
    }
    rows += empty_family_scan.empty_families(&mut run, now, batch.saturating_mul(SCAN_FACTOR)).await?;
    run.execute(&RETURN_LEASE, &[text(NAME), holder()]).await?;
    Ok(SweepOutcome { held_lease: true, rows })
}
