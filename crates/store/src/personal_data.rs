//! Everything that is stored about a person beside their account.

use porta_core::Timestamp;
use porta_core::audit::AuditEvent;
use porta_core::session::SessionRecord;
use porta_core::user::User;

use crate::{AssignedClaim, Cursor, GrantWithClient, Repositories, Result, RoleAssignment};

/// Page size of the queries.
const PAGE: u32 = 500;

/// What [`collect_personal_data`] finds. Without secrets and digests of them.
#[derive(Debug)]
pub struct PersonalData {
    /// All that are stored, newest first.
    pub sessions: Vec<SessionRecord>,
    /// Those in force, newest first.
    pub grants: Vec<GrantWithClient>,
    pub roles: Vec<RoleAssignment>,
    pub claims: Vec<AssignedClaim>,
    /// About the person, or caused by them; newest first.
    pub audit: Vec<AuditEvent>,
}

/// Collects every page of a listing.
macro_rules! all_pages {
    ($before:ident => $page:expr) => {{
        let (mut items, mut $before): (Vec<_>, Option<Cursor>) = (Vec::new(), None);
        loop {
            let page = $page.await?;
            items.extend(page.items);
            $before = page.next;
            if $before.is_none() {
                break items;
            }
        }
    }};
}

/// Reads what is stored about a person, with at most so many audit rows.
pub async fn collect_personal_data<R: Repositories + ?Sized>(
    all: &mut R,
    user: &User,
    now: Timestamp,
    most_audit_rows: usize,
) -> Result<PersonalData> {
    let (organization, id) = (user.organization_id, user.id);
    let mut sessions = all.sessions(organization);
    let stored = all_pages!(before => sessions.of_user(id, None, before, PAGE));
    let grants = all_pages!(before => sessions.grants_of(id, now, before, PAGE));
    drop(sessions);
    let roles = all.rights(organization).roles_of_user(id).await?;
    let claims = all.applications(organization).claims_of(id).await?;
    let mut log = all.audit();
    let (mut audit, mut before) = (Vec::new(), None);
    while audit.len() < most_audit_rows {
        let page = log.about(organization, id, before, PAGE).await?;
        audit.extend(page.items);
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    audit.truncate(most_audit_rows);
    Ok(PersonalData { sessions: stored, grants, roles, claims, audit })
}
