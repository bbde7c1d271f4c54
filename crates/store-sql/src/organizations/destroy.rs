//! Deletes an organization.
//!
//! The rows of the organization, its applications and its clients are locked first: adding anything to them waits, and
//! then fails because the row it refers to is gone. Rows that may be very many are deleted in batches, so that no
//! statement takes longer than statements may.

use porta_core::organization::CascadeCounts;
use porta_core::{OrganizationId, Timestamp};
use porta_store::{Result, StoreError};
use uuid::Uuid;

use crate::kernel::{Runner, Stmt, Value, at, statements, uuid};

/// Clients of other organizations than `$1` use application `a`.
macro_rules! used_elsewhere {
    () => {
        "EXISTS (SELECT 1 FROM clients c WHERE c.application_id = a.id AND c.organization_id <> $1)"
    };
}
/// Number of rows of a table that belong to an application which is deleted with organization `$1`.
macro_rules! parts {
    ($table:literal) => {
        concat!(
            "(SELECT count(*) FROM ",
            $table,
            " p JOIN applications a ON a.id = p.application_id WHERE a.organization_id = $1 AND NOT ",
            used_elsewhere!(),
            ")"
        )
    };
}
macro_rules! delete_parts {
    ($table:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE application_id IN (SELECT a.id FROM applications a WHERE a.organization_id = $1)"
        )
    };
}
/// A batch of the rows that people of any organization have for the clients of organization `$1`.
macro_rules! delete_of_clients {
    ($table:literal) => {
        concat!(
            "DELETE FROM ",
            $table,
            " WHERE id IN (SELECT t.id FROM ",
            $table,
            " t JOIN clients c ON c.id = t.client_id WHERE c.organization_id = $1 LIMIT 1000)"
        )
    };
}

statements! {
    COUNTS: Read = concat!("SELECT (SELECT count(*) FROM applications a WHERE a.organization_id = $1 AND NOT ",
         used_elsewhere!(), "), \
         (SELECT count(*) FROM clients c WHERE c.organization_id = $1), \
         (SELECT count(*) FROM users u WHERE u.organization_id = $1), ",
         parts!("roles"), ", ", parts!("permissions"), ", ", parts!("custom_claim_definitions"));
    LOCK: Read = "SELECT o.id FROM organizations o WHERE o.id = $1 AND NOT o.is_super_admin FOR UPDATE",
        sqlite: "SELECT o.id FROM organizations o WHERE o.id = $1 AND NOT o.is_super_admin";
    LOCK_APPLICATIONS: Read = "SELECT a.id FROM applications a WHERE a.organization_id = $1 ORDER BY a.id FOR UPDATE",
        sqlite: "SELECT a.id FROM applications a WHERE a.organization_id = $1 ORDER BY a.id";
    LOCK_CLIENTS: Read = "SELECT c.id FROM clients c WHERE c.organization_id = $1 ORDER BY c.id FOR UPDATE",
        sqlite: "SELECT c.id FROM clients c WHERE c.organization_id = $1 ORDER BY c.id";
    SHARE: Write = concat!("UPDATE applications AS a SET organization_id = NULL, updated_at = $2, version = version + 1 \
         WHERE a.organization_id = $1 AND ", used_elsewhere!());
    FAMILIES: Write = delete_of_clients!("token_families");
    GRANTS: Write = delete_of_clients!("grants");
    // After person $2, so that no batch reads again what was deleted before it.
    USERS: Write = "DELETE FROM users WHERE id IN (SELECT u.id FROM users u WHERE u.organization_id = $1 AND u.id > $2 \
         ORDER BY u.id LIMIT 1000) RETURNING id";
    OUTBOX: Write = "DELETE FROM outbox WHERE id IN (SELECT x.id FROM outbox x WHERE x.organization_id = $1 LIMIT 1000)";
    CLIENTS: Write = "DELETE FROM clients WHERE organization_id = $1";
    ROLES: Write = delete_parts!("roles");
    PERMISSIONS: Write = delete_parts!("permissions");
    CLAIMS: Write = delete_parts!("custom_claim_definitions");
    APPLICATIONS: Write = "DELETE FROM applications WHERE organization_id = $1";
    ORGANIZATION: Write = "DELETE FROM organizations WHERE id = $1";
}

pub(super) async fn counts(run: &mut Runner<'_>, id: OrganizationId) -> Result<CascadeCounts> {
    let Some(row) = run.row(&COUNTS, &[uuid(id)]).await? else { return Ok(CascadeCounts::default()) };
    let mut r = row.reader("organizations");
    let mut next = || Ok::<_, StoreError>(u64::try_from(r.int()?).unwrap_or(0));
    Ok(CascadeCounts {
        applications: next()?,
        clients: next()?,
        users: next()?,
        roles: next()?,
        permissions: next()?,
        claim_definitions: next()?,
    })
}

/// Runs in a transaction. `None`: there is no such organization that may be deleted.
pub(super) async fn destroy(
    run: &mut Runner<'_>,
    id: OrganizationId,
    now: Timestamp,
) -> Result<Option<CascadeCounts>> {
    if run.row(&LOCK, &[uuid(id)]).await?.is_none() {
        return Ok(None);
    }
    // Applications before clients, and clients before people: the order in which others lock them.
    for lock in [&LOCK_APPLICATIONS, &LOCK_CLIENTS] {
        run.execute(lock, &[uuid(id)]).await?;
    }
    run.execute(&SHARE, &[uuid(id), at(now)]).await?;
    for batch in [&FAMILIES, &GRANTS, &OUTBOX] {
        while delete(run, batch, id).await? > 0 {}
    }
    let counts = CascadeCounts {
        users: delete_users(run, id).await?,
        clients: delete(run, &CLIENTS, id).await?,
        roles: delete(run, &ROLES, id).await?,
        permissions: delete(run, &PERMISSIONS, id).await?,
        claim_definitions: delete(run, &CLAIMS, id).await?,
        applications: delete(run, &APPLICATIONS, id).await?,
    };
    delete(run, &ORGANIZATION, id).await?;
    Ok(Some(counts))
}

/// Number of deleted rows.
async fn delete(run: &mut Runner<'_>, stmt: &Stmt, id: OrganizationId) -> Result<u64> {
    Ok(run.execute(stmt, &[uuid(id)]).await?.affected)
}

async fn delete_users(run: &mut Runner<'_>, id: OrganizationId) -> Result<u64> {
    let (mut deleted, mut after) = (0, Uuid::nil());
    loop {
        let rows = run.rows(&USERS, &[uuid(id), Value::Uuid(Some(after))]).await?;
        let ids = rows.iter().map(|row| row.reader("users").raw_uuid()).collect::<Result<Vec<Uuid>>>()?;
        let Some(last) = ids.iter().max() else { return Ok(deleted) };
        deleted += u64::try_from(ids.len()).unwrap_or(0);
        after = *last;
    }
}
