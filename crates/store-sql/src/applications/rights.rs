//! Role assignments, permissions of roles, and claim values of users.

use porta_core::application::Role;
use porta_core::{ClaimDefinitionId, OrganizationId, PermissionId, RoleId, Timestamp, UserId};
use porta_store::{AssignedClaim, Result, StoreError, UpsertOutcome};
use serde_json::Value as Json;

use super::children::{read_role, role_columns};
use super::{visible, writable};
use crate::kernel::{Row, Runner, Stmt, Value, at, json, opt_uuid, statements, uuid};

/// A role and a permission of one application that `$1` may change.
macro_rules! role_and_permission {
    () => {
        concat!(
            "FROM roles r JOIN permissions p ON p.application_id = r.application_id \
            JOIN applications a ON a.id = r.application_id WHERE r.id = $2 AND p.id = $3 AND ",
            writable!()
        )
    };
}
/// A user of `$1` and a role of an application that `$1` sees.
macro_rules! user_and_role {
    () => {
        concat!(
            "FROM users u, roles r JOIN applications a ON a.id = r.application_id \
            WHERE u.id = $2 AND u.organization_id = $1 AND r.id = $3 AND ",
            visible!()
        )
    };
}
/// A user of `$1` and a claim of an application that `$1` sees.
macro_rules! user_and_claim {
    () => {
        concat!(
            "FROM users u, custom_claim_definitions d JOIN applications a ON a.id = d.application_id \
            WHERE u.id = $2 AND u.organization_id = $1 AND d.id = $3 AND ",
            visible!()
        )
    };
}

statements! {
    // A returned row means that both ends exist; its number is 1 if the link is new.
    LINK_PERMISSION: Script = concat!("WITH pair AS (SELECT r.id AS role_id, p.id AS permission_id ", role_and_permission!(), "), \
         link AS (INSERT INTO role_permissions (role_id, permission_id, created_at) \
         SELECT role_id, permission_id, $4 FROM pair ON CONFLICT DO NOTHING RETURNING 1) \
         SELECT (SELECT count(*) FROM link) FROM pair"),
        sqlite: concat!("INSERT INTO role_permissions (role_id, permission_id, created_at) SELECT r.id, p.id, $4 ",
         role_and_permission!(), " ON CONFLICT DO NOTHING; SELECT changes() ", role_and_permission!());
    ASSIGN_ROLE: Script = concat!("WITH pair AS (SELECT u.id AS user_id, r.id AS role_id ", user_and_role!(), "), \
         link AS (INSERT INTO user_roles (user_id, role_id, assigned_by, created_at) \
         SELECT user_id, role_id, $4, $5 FROM pair ON CONFLICT DO NOTHING RETURNING 1) \
         SELECT (SELECT count(*) FROM link) FROM pair"),
        sqlite: concat!("INSERT INTO user_roles (user_id, role_id, assigned_by, created_at) SELECT u.id, r.id, $4, $5 ",
         user_and_role!(), " ON CONFLICT DO NOTHING; SELECT changes() ", user_and_role!());
    REMOVE_ROLE: Write = "DELETE FROM user_roles WHERE user_id = $2 AND role_id = $3 \
         AND EXISTS (SELECT 1 FROM users u WHERE u.id = $2 AND u.organization_id = $1)";
    ROLES_OF: Read = concat!("SELECT ", role_columns!(list "r."), " FROM user_roles ur \
         JOIN users u ON u.id = ur.user_id JOIN roles r ON r.id = ur.role_id \
         WHERE ur.user_id = $2 AND u.organization_id = $1 ORDER BY r.name, r.id");
    CLAIMS_OF: Read = "SELECT d.application_id, d.claim_name, v.value FROM custom_claim_values v \
         JOIN users u ON u.id = v.user_id JOIN custom_claim_definitions d ON d.id = v.claim_id \
         WHERE v.user_id = $2 AND u.organization_id = $1 ORDER BY d.claim_name, d.id";
    SET_CLAIM: Script = concat!("WITH pair AS (SELECT u.id AS user_id, d.id AS claim_id ", user_and_claim!(), "), \
         previous AS (SELECT 1 FROM custom_claim_values WHERE user_id = $2 AND claim_id = $3), \
         written AS (INSERT INTO custom_claim_values (user_id, claim_id, value, created_at, updated_at) \
         SELECT user_id, claim_id, $4, $5, $5 FROM pair \
         ON CONFLICT (user_id, claim_id) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at) \
         SELECT CASE WHEN EXISTS (SELECT 1 FROM previous) THEN 0 ELSE 1 END::bigint FROM pair"),
        sqlite: concat!("SELECT NOT EXISTS (SELECT 1 FROM custom_claim_values v WHERE v.user_id = $2 AND v.claim_id = $3) ",
         user_and_claim!(), "; INSERT INTO custom_claim_values (user_id, claim_id, value, created_at, updated_at) \
         SELECT u.id, d.id, $4, $5, $5 ", user_and_claim!(),
         " ON CONFLICT (user_id, claim_id) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at");
    CLAIM_VALUE: Read = concat!("SELECT (SELECT v.value FROM custom_claim_values v WHERE v.user_id = u.id AND v.claim_id = d.id) ",
         user_and_claim!());
}

/// What the organization assigned to its users, and to the roles of its applications.
pub(super) struct Assignments<'r, 'a> {
    pub(super) run: &'r mut Runner<'a>,
    pub(super) organization: OrganizationId,
}

impl Assignments<'_, '_> {
    /// `true`: the statement added something. `MissingReference`: it returned no row, so one end does not exist.
    async fn added(&mut self, stmt: &'static Stmt, values: &[Value<'_>], reference: &str) -> Result<bool> {
        let Some(row) = self.run.row(stmt, values).await? else {
            return Err(StoreError::MissingReference(reference.to_owned()));
        };
        Ok(row.reader(stmt.name).int()? > 0)
    }

    pub(super) async fn link(
        &mut self,
        role: RoleId,
        permission: PermissionId,
        now: Timestamp,
    ) -> Result<bool> {
        let values = [uuid(self.organization), uuid(role), uuid(permission), at(now)];
        self.added(&LINK_PERMISSION, &values, "role or permission").await
    }

    pub(super) async fn assign(
        &mut self,
        user: UserId,
        role: RoleId,
        by: Option<UserId>,
        now: Timestamp,
    ) -> Result<bool> {
        let values = [uuid(self.organization), uuid(user), uuid(role), opt_uuid(by), at(now)];
        self.added(&ASSIGN_ROLE, &values, "user or role").await
    }

    pub(super) async fn unassign(&mut self, user: UserId, role: RoleId) -> Result<bool> {
        self.run.affects_row(&REMOVE_ROLE, &[uuid(self.organization), uuid(user), uuid(role)]).await
    }

    pub(super) async fn roles_held(&mut self, user: UserId) -> Result<Vec<Role>> {
        let rows = self.run.rows(&ROLES_OF, &[uuid(self.organization), uuid(user)]).await?;
        rows.iter().map(|row| read_role(&row.record())).collect()
    }

    pub(super) async fn claims_held(&mut self, user: UserId) -> Result<Vec<AssignedClaim>> {
        let rows = self.run.rows(&CLAIMS_OF, &[uuid(self.organization), uuid(user)]).await?;
        let read = |row: &Row| {
            let mut r = row.reader("custom_claim_values");
            Ok(AssignedClaim { application_id: r.id()?, name: r.text()?, value: r.json("value")? })
        };
        rows.iter().map(read).collect()
    }

    pub(super) async fn set_value(
        &mut self,
        user: UserId,
        claim: ClaimDefinitionId,
        value: &Json,
        now: Timestamp,
    ) -> Result<UpsertOutcome> {
        let values = [uuid(self.organization), uuid(user), uuid(claim), json(value), at(now)];
        let is_new = self.added(&SET_CLAIM, &values, "user or claim").await?;
        Ok(if is_new { UpsertOutcome::Created } else { UpsertOutcome::Updated })
    }

    pub(super) async fn value(&mut self, user: UserId, claim: ClaimDefinitionId) -> Result<Option<Json>> {
        let row = self.run.row(&CLAIM_VALUE, &[uuid(self.organization), uuid(user), uuid(claim)]).await?;
        row.map_or(Ok(None), |row| row.reader("custom_claim_values").opt_json())
    }
}
