//! The outbox. `attempts` counts claims and identifies the current one: a worker with an older number has lost the
//! item.

use async_trait::async_trait;
use porta_core::outbox::{
    OutboxClaim, OutboxCounts, OutboxItem, OutboxKind, OutboxPayload, OutboxRow, OutboxState,
};
use porta_core::{OrganizationId, OutboxId, Timestamp};
use porta_store::{Cursor, Direction, OutboxRepository, Page, Result, SortedCursor, StoreError};

use crate::kernel::{
    List, Row, Runner, Sort, at, columns, int, json, opt_uuid, page_of, statements, text, uuid,
};

/// What operators see.
macro_rules! outbox_columns {
    ($($form:tt)+) => {
        columns! {
            $($form)+; id, organization_id, kind, payload, state, attempts, next_attempt_at, last_error, created_at,
            updated_at
        }
    };
}
outbox_columns!(enum OutboxColumn of "outbox");

/// What a worker needs.
macro_rules! claim_columns {
    ($($form:tt)+) => {
        columns! { $($form)+; id, organization_id, kind, payload, attempts, created_at }
    };
}
claim_columns!(enum ClaimColumn of "outbox");

/// Claims at most `$3` items that are due at `$1`, until `$2`, of the kinds in the JSON array `$4`.
macro_rules! claim {
    ($is_kind:literal, $lock:literal) => {
        concat!(
            "WITH due AS (SELECT id FROM outbox WHERE state = 'pending' AND ",
            $is_kind,
            " AND next_attempt_at <= $1 ORDER BY next_attempt_at, id LIMIT $3",
            $lock,
            ") UPDATE outbox SET attempts = attempts + 1, next_attempt_at = $2, updated_at = $1 FROM due \
             WHERE outbox.id = due.id \
             RETURNING ",
            claim_columns!(list "outbox.")
        )
    };
}

/// Finishes item `$1` at `$2` and deletes its sealed part.
macro_rules! finish {
    ($payload:literal, $rest:literal) => {
        concat!("UPDATE outbox SET updated_at = $2, payload = ", $payload, ", ", $rest)
    };
}
macro_rules! deliver {
    ($payload:literal) => {
        finish!($payload, "state = 'delivered', last_error = NULL WHERE id = $1 AND state = 'pending'")
    };
}
macro_rules! give_up {
    ($payload:literal) => {
        finish!(
            $payload,
            "state = 'given_up', last_error = $4 WHERE id = $1 AND state = 'pending' AND attempts = $3"
        )
    };
}

statements! {
    ENQUEUE: Write = "INSERT INTO outbox (id, organization_id, kind, payload, idempotency_key, state, attempts, \
         next_attempt_at, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, 'pending', 0, $6, $6, $6) \
         ON CONFLICT (idempotency_key) DO NOTHING";
    // Skips rows that another worker is claiming, instead of waiting for them.
    CLAIM: Write = claim!("kind = ANY (ARRAY(SELECT jsonb_array_elements_text($4)))", " FOR UPDATE SKIP LOCKED"),
        sqlite: claim!("kind IN (SELECT value FROM json_each($4))", "");
    DELIVER: Write = deliver!("payload - 'sealed'"), sqlite: deliver!("json_remove(payload, '$.sealed')");
    GIVE_UP: Write = give_up!("payload - 'sealed'"), sqlite: give_up!("json_remove(payload, '$.sealed')");
    REMOVE: Write = "DELETE FROM outbox WHERE id = $1";
    POSTPONE: Write = "UPDATE outbox SET updated_at = $2, next_attempt_at = $5, last_error = $4 \
         WHERE id = $1 AND state = 'pending' AND attempts = $3";
    // Drops the whole payload: any part of an unreadable one may be what should have been sealed.
    DISCARD: Write = "UPDATE outbox SET state = 'given_up', updated_at = $2, last_error = $3, payload = '{\"about\": null}' \
         WHERE id = $1 AND state = 'pending'";
    COUNTS: Read = "SELECT state, count(*) FROM outbox GROUP BY state";
    COUNTS_OF: Read = "SELECT state, count(*) FROM outbox WHERE organization_id = $1 GROUP BY state";
}

const SELECT: &str = concat!("SELECT ", outbox_columns!(list ""), " FROM outbox");

fn read_claim(row: &Row) -> Result<OutboxClaim> {
    let r = row.record();
    Ok(OutboxClaim {
        id: r.id(ClaimColumn::id)?,
        organization_id: r.opt_id(ClaimColumn::organization_id)?,
        kind: r.parsed(ClaimColumn::kind, OutboxKind::parse)?,
        payload: r.json(ClaimColumn::payload)?,
        attempt: r.int(ClaimColumn::attempts)?,
        created_at: r.time(ClaimColumn::created_at)?,
    })
}

fn read(row: &Row) -> Result<OutboxRow> {
    let r = row.record();
    Ok(OutboxRow {
        id: r.id(OutboxColumn::id)?,
        organization_id: r.opt_id(OutboxColumn::organization_id)?,
        kind: r.parsed(OutboxColumn::kind, OutboxKind::parse)?,
        about: r.json::<OutboxPayload>(OutboxColumn::payload)?.about,
        state: r.parsed(OutboxColumn::state, OutboxState::parse)?,
        attempts: r.int(OutboxColumn::attempts)?,
        next_attempt_at: r.time(OutboxColumn::next_attempt_at)?,
        last_error: r.opt_text(OutboxColumn::last_error)?,
        created_at: r.time(OutboxColumn::created_at)?,
        updated_at: r.time(OutboxColumn::updated_at)?,
    })
}

/// Scopes the idempotency key to the organization: two tenants may use the same key.
fn name_of(item: &OutboxItem) -> String {
    let owner = item.organization_id.map_or_else(|| "platform".to_owned(), |id| id.to_string());
    format!("{owner}/{}", item.idempotency_key)
}

pub(crate) struct Outbox<'a>(pub(crate) Runner<'a>);

impl Outbox<'_> {
    /// Gives up a row that cannot be read. If that fails, the row is due again when its claim expires, and given up
    /// then.
    async fn discard(&mut self, row: &Row, unreadable: &StoreError, now: Timestamp) {
        let item: OutboxId = match row.record().id(ClaimColumn::id) {
            Ok(id) => id,
            Err(error) => {
                tracing::error!(%error, "an outbox item has no readable id");
                return;
            }
        };
        tracing::error!(error = %unreadable, %item, "an outbox item cannot be read and is given up");
        let values = [uuid(item), at(now), text("the item cannot be read")];
        if let Err(error) = self.0.execute(&DISCARD, &values).await {
            tracing::error!(%error, %item, "an outbox item could not be marked as given up");
        }
    }
}

#[async_trait]
impl OutboxRepository for Outbox<'_> {
    async fn enqueue(&mut self, item: &OutboxItem) -> Result<bool> {
        let name = name_of(item);
        let values = [
            uuid(item.id),
            opt_uuid(item.organization_id),
            text(item.kind.as_str()),
            json(&item.payload),
            text(&name),
            at(item.created_at),
        ];
        let added = self.0.affects_row(&ENQUEUE, &values).await?;
        if added {
            self.0.notify_outbox_waiter();
        }
        Ok(added)
    }

    async fn claim(
        &mut self,
        kinds: &[OutboxKind],
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<OutboxClaim>> {
        let values = [at(now), at(until), int(i64::from(limit)), json(kinds)];
        let mut claims = Vec::new();
        for row in self.0.rows(&CLAIM, &values).await? {
            match read_claim(&row) {
                Ok(claim) => claims.push(claim),
                // The other rows are claimed already. An error would delay them too, now and after every later claim.
                Err(error) => self.discard(&row, &error, now).await,
            }
        }
        Ok(claims)
    }

    async fn deliver(&mut self, id: OutboxId, now: Timestamp) -> Result<bool> {
        self.0.affects_row(&DELIVER, &[uuid(id), at(now)]).await
    }

    async fn remove(&mut self, id: OutboxId) -> Result<bool> {
        self.0.affects_row(&REMOVE, &[uuid(id)]).await
    }

    async fn postpone(
        &mut self,
        claim: &OutboxClaim,
        retry_at: Timestamp,
        error: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let values = [uuid(claim.id), at(now), int(claim.attempt), text(error), at(retry_at)];
        self.0.affects_row(&POSTPONE, &values).await
    }

    async fn give_up(&mut self, claim: &OutboxClaim, error: &str, now: Timestamp) -> Result<bool> {
        self.0.affects_row(&GIVE_UP, &[uuid(claim.id), at(now), int(claim.attempt), text(error)]).await
    }

    async fn page_for(
        &mut self,
        organization: OrganizationId,
        after: Option<Cursor>,
        limit: u32,
    ) -> Result<Page<OutboxRow>> {
        let after = after.map(SortedCursor::from);
        let order = (Sort::time(OutboxColumn::created_at), Direction::Ascending);
        let list = List::new(concat!(module_path!(), "::PAGE"), self.0.dialect(), SELECT)
            .filter("organization_id = ?", uuid(organization))
            .page("", order, after.as_ref(), limit)?;
        page_of(&self.0.list(list).await?, limit, read, |row| (row.created_at, row.id))
    }

    async fn counts(&mut self, organization: Option<OrganizationId>) -> Result<OutboxCounts> {
        let rows = match organization {
            Some(id) => self.0.rows(&COUNTS_OF, &[uuid(id)]).await?,
            None => self.0.rows(&COUNTS, &[]).await?,
        };
        let mut counts = OutboxCounts::default();
        for row in &rows {
            let mut r = row.reader("outbox");
            let state = r.parsed("state", OutboxState::parse)?;
            let count = u64::try_from(r.int()?).unwrap_or(0);
            match state {
                OutboxState::Pending => counts.pending = count,
                OutboxState::Delivered => counts.delivered = count,
                OutboxState::GivenUp => counts.given_up = count,
            }
        }
        Ok(counts)
    }
}
