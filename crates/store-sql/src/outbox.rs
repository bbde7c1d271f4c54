//! The outbox. `attempts` counts claims and identifies the current one: a worker with an older number has lost the
//! item.

use async_trait::async_trait;
use porta_core::outbox::{OutboxClaim, OutboxCounts, OutboxItem, OutboxKind, OutboxRow, OutboxState};
use porta_core::{OrganizationId, OutboxId, Timestamp};
use porta_store::{
    Cursor, Direction, OutboxEntry, OutboxFilter, OutboxRepository, OutboxSort, Page, PageRequest, Result,
    SortedCursor, StoreError,
};
use serde_json::Value as Json;

use crate::kernel::{
    List, Record, Row, Runner, Sort, Stmt, at, columns, int, json, opt_uuid, page_of, statements, text, uuid,
};

/// What operators see.
macro_rules! outbox_columns {
    ($($form:tt)+) => {
        columns! {
            $($form)+; id, organization_id, kind, payload, state, attempts, next_attempt_at, last_error,
            sendable_until, created_at, updated_at
        }
    };
}
outbox_columns!(enum OutboxColumn of "outbox");

/// What a worker needs.
macro_rules! claim_columns {
    ($($form:tt)+) => {
        columns! { $($form)+; id, organization_id, kind, payload, attempts, created_at, requeued_at }
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

/// What operators see of all organizations. The name by subquery, and not by join: so every planner reads the items in the
/// order of the page and stops at its end.
macro_rules! select_entries {
    () => {
        concat!(
            "SELECT ",
            outbox_columns!(list "o."),
            ", (SELECT g.name FROM organizations g WHERE g.id = o.organization_id) FROM outbox o"
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
/// An operator finishes it: what waits for reason `$3`, and what was given up without another reason.
macro_rules! withdraw {
    ($payload:literal) => {
        finish!(
            $payload,
            "state = 'given_up', sendable_until = NULL, \
             last_error = CASE WHEN state = 'pending' THEN $3 ELSE last_error END \
             WHERE id = $1 AND (state = 'pending' OR sendable_until IS NOT NULL)"
        )
    };
}
/// Deletes the sealed parts of at most `$2` items that cannot be sent again since `$1`. The outer condition is for an item
/// that is sent again at the same moment.
macro_rules! forget {
    ($payload:literal) => {
        concat!(
            "UPDATE outbox SET sendable_until = NULL, payload = ",
            $payload,
            " WHERE sendable_until <= $1 AND id IN (SELECT x.id FROM outbox x WHERE x.sendable_until <= $1 \
             ORDER BY x.sendable_until LIMIT $2)"
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
    // The sealed part stays.
    SET_ASIDE: Write = "UPDATE outbox SET state = 'given_up', updated_at = $2, last_error = $4, sendable_until = $5 \
         WHERE id = $1 AND state = 'pending' AND attempts = $3";
    // `attempts` goes on, so that an earlier claim stays an earlier one.
    REQUEUE: Write = "UPDATE outbox SET state = 'pending', updated_at = $2, requeued_at = $2, next_attempt_at = $2, \
         sendable_until = NULL WHERE id = $1 AND state = 'given_up' AND sendable_until > $2";
    WITHDRAW: Write = withdraw!("payload - 'sealed'"), sqlite: withdraw!("json_remove(payload, '$.sealed')");
    FORGET: Write = forget!("payload - 'sealed'"), sqlite: forget!("json_remove(payload, '$.sealed')");
    REMOVE: Write = "DELETE FROM outbox WHERE id = $1";
    POSTPONE: Write = "UPDATE outbox SET updated_at = $2, next_attempt_at = $5, last_error = $4 \
         WHERE id = $1 AND state = 'pending' AND attempts = $3";
    // Drops the whole payload: any part of an unreadable one may be what should have been sealed.
    DISCARD: Write = "UPDATE outbox SET state = 'given_up', updated_at = $2, last_error = $3, payload = '{\"about\": null}' \
         WHERE id = $1 AND state = 'pending'";
    BY_ID: Read = concat!(select_entries!(), " WHERE o.id = $1");
    COUNTS: Read = "SELECT state, count(*) FROM outbox GROUP BY state";
    COUNTS_OF: Read = "SELECT state, count(*) FROM outbox WHERE organization_id = $1 GROUP BY state";
}

const SELECT: &str = concat!("SELECT ", outbox_columns!(list ""), " FROM outbox");
const SELECT_ENTRIES: &str = select_entries!();
const COUNT: &str = "SELECT 1 FROM outbox o";

/// Deletes what was kept in case that an item is sent again: up to `$2` sealed parts, at time `$1`.
pub(crate) fn forget() -> &'static Stmt {
    &FORGET
}

fn filtered<'v>(list: List<'v>, filter: &OutboxFilter) -> List<'v> {
    let list = list
        .among("o.id", filter.ids.as_deref())
        .filter_if_some("o.organization_id = ?", filter.organization.map(uuid))
        .filter_if_some("o.kind = ?", filter.kind.map(|kind| text(kind.as_str())));
    // In the words of the indexes: for a value, no plan uses them.
    match filter.state {
        Some(OutboxState::Pending) => list.require("o.state = 'pending'"),
        Some(OutboxState::Delivered) => list.require("o.state = 'delivered'"),
        Some(OutboxState::GivenUp) => list.require("o.state = 'given_up'"),
        None => list,
    }
}

fn sort_by(sort: OutboxSort) -> Sort<OutboxColumn> {
    match sort {
        OutboxSort::CreatedAt => Sort::time(OutboxColumn::created_at),
    }
}

fn read_claim(row: &Row) -> Result<OutboxClaim> {
    let r = row.record();
    let created_at = r.time(ClaimColumn::created_at)?;
    Ok(OutboxClaim {
        id: r.id(ClaimColumn::id)?,
        organization_id: r.opt_id(ClaimColumn::organization_id)?,
        kind: r.parsed(ClaimColumn::kind, OutboxKind::parse)?,
        payload: r.json(ClaimColumn::payload)?,
        attempt: r.int(ClaimColumn::attempts)?,
        created_at,
        queued_at: r.opt_time(ClaimColumn::requeued_at)?.unwrap_or(created_at),
    })
}

fn read(row: &Row) -> Result<OutboxRow> {
    read_record(&row.record())
}

fn read_record(r: &Record<'_, OutboxColumn>) -> Result<OutboxRow> {
    // Of a payload that no version can read, operators see the row all the same.
    let mut payload: Json = r.json(OutboxColumn::payload)?;
    Ok(OutboxRow {
        id: r.id(OutboxColumn::id)?,
        organization_id: r.opt_id(OutboxColumn::organization_id)?,
        kind: r.parsed(OutboxColumn::kind, OutboxKind::parse)?,
        about: payload.get_mut("about").map(Json::take).unwrap_or_default(),
        state: r.parsed(OutboxColumn::state, OutboxState::parse)?,
        attempts: r.int(OutboxColumn::attempts)?,
        next_attempt_at: r.time(OutboxColumn::next_attempt_at)?,
        last_error: r.opt_text(OutboxColumn::last_error)?,
        sendable_until: r.opt_time(OutboxColumn::sendable_until)?,
        created_at: r.time(OutboxColumn::created_at)?,
        updated_at: r.time(OutboxColumn::updated_at)?,
    })
}

fn read_entry(row: &Row) -> Result<OutboxEntry> {
    let mut r = row.reader("outbox");
    Ok(OutboxEntry { item: read_record(&r.record())?, organization_name: r.opt_text()? })
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

    async fn give_up(
        &mut self,
        claim: &OutboxClaim,
        error: &str,
        sendable_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool> {
        let mut values = vec![uuid(claim.id), at(now), int(claim.attempt), text(error)];
        let statement = match sendable_until {
            Some(until) => {
                values.push(at(until));
                &SET_ASIDE
            }
            None => &GIVE_UP,
        };
        self.0.affects_row(statement, &values).await
    }

    async fn requeue(&mut self, id: OutboxId, now: Timestamp) -> Result<bool> {
        let is_queued = self.0.affects_row(&REQUEUE, &[uuid(id), at(now)]).await?;
        if is_queued {
            self.0.notify_outbox_waiter();
        }
        Ok(is_queued)
    }

    async fn withdraw(&mut self, id: OutboxId, reason: &str, now: Timestamp) -> Result<bool> {
        self.0.affects_row(&WITHDRAW, &[uuid(id), at(now), text(reason)]).await
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

    async fn list(
        &mut self,
        filter: &OutboxFilter,
        page: &PageRequest<OutboxSort>,
    ) -> Result<Page<OutboxEntry, SortedCursor>> {
        let sort = sort_by(page.sort);
        let list = List::new(concat!(module_path!(), "::LIST"), self.0.dialect(), SELECT_ENTRIES);
        let list = filtered(list, filter)
            .page("o.", (sort, page.direction), page.start.cursor(), page.limit)?
            .skip(page.start.offset());
        sort.page_of(&self.0.list(list).await?, page.limit, read_entry, |entry| entry.item.id)
    }

    async fn count(&mut self, filter: &OutboxFilter, at_most: u64) -> Result<u64> {
        let list = List::new(concat!(module_path!(), "::COUNT"), self.0.dialect(), COUNT);
        self.0.count(filtered(list, filter), at_most).await
    }

    async fn find(&mut self, id: OutboxId) -> Result<Option<OutboxEntry>> {
        self.0.row(&BY_ID, &[uuid(id)]).await?.as_ref().map(read_entry).transpose()
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
