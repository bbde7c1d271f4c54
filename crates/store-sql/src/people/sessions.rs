//! Sessions of all organizations.

use porta_core::{EntityId as _, SessionKey, Timestamp};
use porta_store::{
    EndedSessions, Page, PageRequest, Result, SessionClient, SessionEntry, SessionFilter, SessionSort,
    SessionsOf, SortedCursor,
};
use uuid::Uuid;

use super::People;
use crate::kernel::{List, Row, Runner, Sort, Stmt, Value, at, int, statements, text, uuid};
use crate::sessions::{SessionColumn, session_columns, session_of};

/// A column of the newest token family of session `s`, or of its client `c`.
macro_rules! of_newest_family {
    ($column:literal) => {
        concat!(
            "(SELECT ",
            $column,
            " FROM token_families f JOIN clients c ON c.id = f.client_id \
             WHERE f.session_id = s.id AND (f.organization_id = s.organization_id) IS TRUE \
             ORDER BY f.created_at DESC, f.id DESC LIMIT 1)"
        )
    };
}

/// Names by subquery, and not by join: so every planner reads the sessions in the order of the page and stops at its end.
macro_rules! select_sessions {
    () => {
        concat!(
            "SELECT ",
            session_columns!(list "s."),
            ", (SELECT u.email FROM users u WHERE u.id = s.user_id), \
             (SELECT o.name FROM organizations o WHERE o.id = s.organization_id), ",
            of_newest_family!("f.client_id"),
            ", ",
            of_newest_family!("f.grant_id"),
            ", ",
            of_newest_family!("c.client_name"),
            " FROM sessions s"
        )
    };
}

/// Ends at most `$4` live sessions after id `$2` at `$1`, but not `$3`. The lock makes whoever ends the same ones wait,
/// and always in the order of the ids.
macro_rules! end_sessions {
    ($of:expr, $lock:literal) => {
        concat!(
            "UPDATE sessions SET revoked_at = $1 WHERE id IN (SELECT s.id FROM sessions s \
             WHERE s.id > $2 AND s.id <> $3 AND s.revoked_at IS NULL AND s.expires_at > $1",
            $of,
            " ORDER BY s.id LIMIT $4",
            $lock,
            ") RETURNING id"
        )
    };
}

/// The same for token families, but not those of session `$3`.
macro_rules! end_families {
    ($of:expr, $lock:literal) => {
        concat!(
            "UPDATE token_families SET revoked_at = $1 WHERE id IN (SELECT f.id FROM token_families f \
             WHERE f.id > $2 AND f.session_id <> $3 AND f.revoked_at IS NULL AND f.expires_at > $1",
            $of,
            " ORDER BY f.id LIMIT $4",
            $lock,
            ") RETURNING id"
        )
    };
}

/// Rows of user `$5`. With the organization of the user, the index on both columns is used.
macro_rules! of_user {
    ($prefix:literal) => {
        concat!(
            " AND ",
            $prefix,
            "organization_id = (SELECT u.organization_id FROM users u WHERE u.id = $5) AND ",
            $prefix,
            "user_id = $5"
        )
    };
}

/// Sessions in which client `$5` got tokens.
macro_rules! with_client {
    () => {
        " AND EXISTS (SELECT 1 FROM token_families f WHERE f.session_id = s.id AND f.client_id = $5)"
    };
}

statements! {
    BY_ID: Read = concat!(select_sessions!(), " WHERE s.id = $1");
    END_OF_USER: Write = end_sessions!(of_user!("s."), " FOR UPDATE"), sqlite: end_sessions!(of_user!("s."), "");
    END_OF_ORGANIZATION: Write = end_sessions!(" AND s.organization_id = $5", " FOR UPDATE"),
        sqlite: end_sessions!(" AND s.organization_id = $5", "");
    END_OF_CLIENT: Write = end_sessions!(with_client!(), " FOR UPDATE"), sqlite: end_sessions!(with_client!(), "");
    END_OF_EVERYBODY: Write = end_sessions!("", " FOR UPDATE"), sqlite: end_sessions!("", "");
    END_FAMILIES_OF_USER: Write = end_families!(of_user!("f."), " FOR UPDATE"),
        sqlite: end_families!(of_user!("f."), "");
    END_FAMILIES_OF_ORGANIZATION: Write = end_families!(" AND f.organization_id = $5", " FOR UPDATE"),
        sqlite: end_families!(" AND f.organization_id = $5", "");
    END_FAMILIES_OF_CLIENT: Write = end_families!(" AND f.client_id = $5", " FOR UPDATE"),
        sqlite: end_families!(" AND f.client_id = $5", "");
    END_FAMILIES_OF_EVERYBODY: Write = end_families!("", " FOR UPDATE"), sqlite: end_families!("", "");
}

const SELECT: &str = select_sessions!();
const COUNT: &str = "SELECT 1 FROM sessions s";

/// Rows that one statement ends, so that none takes long.
const BATCH: i64 = 5_000;

fn filtered<'v>(list: List<'v>, filter: &'v SessionFilter) -> List<'v> {
    let list = list
        .among("s.id", filter.ids.as_deref())
        .filter_if_some("s.organization_id = ?", filter.organization.map(uuid))
        .filter_if_some(
            "s.organization_id = (SELECT u.organization_id FROM users u WHERE u.id = ?)",
            filter.user.map(uuid),
        )
        .filter_if_some("s.user_id = ?", filter.user.map(uuid))
        .filter_if_some(
            "EXISTS (SELECT 1 FROM token_families f WHERE f.session_id = s.id AND f.client_id = ?)",
            filter.client.map(uuid),
        )
        .filter_if_some("s.ip_address = ?", filter.ip_address.as_deref().map(text));
    match filter.live_at {
        Some(live_at) => list.require("s.revoked_at IS NULL").filter("s.expires_at > ?", at(live_at)),
        None => list,
    }
}

fn sort_by(sort: SessionSort) -> Sort<SessionColumn> {
    match sort {
        SessionSort::CreatedAt => Sort::time(SessionColumn::created_at),
        SessionSort::LastActivityAt => Sort::time(SessionColumn::last_activity_at),
    }
}

fn read(row: &Row) -> Result<SessionEntry> {
    let mut r = row.reader("sessions");
    let session = session_of(&r.record())?;
    let (user_email, organization_name) = (r.text()?, r.text()?);
    let client = match (r.opt_id()?, r.opt_id()?, r.opt_text()?) {
        (Some(key), Some(grant), Some(name)) => Some(SessionClient { key, name, grant }),
        // They come from one row, so one is missing only if all are.
        _ => None,
    };
    Ok(SessionEntry { session, user_email, organization_name, client })
}

/// Runs a statement until it ends no more rows, each time after the last id of the time before; returns the number of
/// rows. It must end none twice in a row: once may be because others ended the same rows while it waited for them.
async fn in_batches(
    run: &mut Runner<'_>,
    stmt: &Stmt,
    values: impl Fn(Uuid) -> Vec<Value<'static>>,
) -> Result<u64> {
    let (mut ended, mut after, mut times_empty) = (0, Uuid::nil(), 0);
    while times_empty < 2 {
        let rows = run.rows(stmt, &values(after)).await?;
        times_empty = if rows.is_empty() { times_empty + 1 } else { 0 };
        for row in &rows {
            after = after.max(row.reader("sessions").raw_uuid()?);
            ended += 1;
        }
    }
    Ok(ended)
}

impl People<'_> {
    pub(super) async fn list_sessions(
        &mut self,
        filter: &SessionFilter,
        page: &PageRequest<SessionSort>,
    ) -> Result<Page<SessionEntry, SortedCursor>> {
        let sort = sort_by(page.sort);
        let list = List::new(concat!(module_path!(), "::LIST"), self.0.dialect(), SELECT);
        let list = filtered(list, filter)
            .page("s.", (sort, page.direction), page.start.cursor(), page.limit)?
            .skip(page.start.offset());
        sort.page_of(&self.0.list(list).await?, page.limit, read, |entry| entry.session.id)
    }

    pub(super) async fn number_of_sessions(&mut self, filter: &SessionFilter, at_most: u64) -> Result<u64> {
        let list = List::new(concat!(module_path!(), "::COUNT"), self.0.dialect(), COUNT);
        self.0.count(filtered(list, filter), at_most).await
    }

    pub(super) async fn find_session(&mut self, session: SessionKey) -> Result<Option<SessionEntry>> {
        self.0.row(&BY_ID, &[uuid(session)]).await?.as_ref().map(read).transpose()
    }

    pub(super) async fn revoke_sessions(
        &mut self,
        of: SessionsOf,
        keep: Option<SessionKey>,
        now: Timestamp,
    ) -> Result<EndedSessions> {
        let (sessions, families, owner) = match of {
            SessionsOf::User(id) => (&END_OF_USER, &END_FAMILIES_OF_USER, Some(uuid(id))),
            SessionsOf::Organization(id) => {
                (&END_OF_ORGANIZATION, &END_FAMILIES_OF_ORGANIZATION, Some(uuid(id)))
            }
            SessionsOf::Client(id) => (&END_OF_CLIENT, &END_FAMILIES_OF_CLIENT, Some(uuid(id))),
            SessionsOf::Everybody => (&END_OF_EVERYBODY, &END_FAMILIES_OF_EVERYBODY, None),
        };
        // No session has the nil id.
        let keep = keep.map_or(Uuid::nil(), SessionKey::uuid);
        let values = |after: Uuid| {
            let mut values = vec![at(now), Value::Uuid(Some(after)), Value::Uuid(Some(keep)), int(BATCH)];
            values.extend(owner.clone());
            values
        };
        let mut scope = self.0.scope().await?;
        let mut run = scope.run();
        // Sessions first, so that a family issued meanwhile is invalid through its session.
        let ended = EndedSessions {
            sessions: in_batches(&mut run, sessions, values).await?,
            token_families: in_batches(&mut run, families, values).await?,
        };
        scope.finish().await?;
        Ok(ended)
    }
}
