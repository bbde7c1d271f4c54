//! Deletes roles, permissions and claims, and with them whatever refers to them.
//!
//! The row is locked before those who refer to it are counted: who is about to refer to it waits, and then finds it gone.
//! Without the lock, somebody who is given a role at that moment would lose it again unseen.

use porta_core::Version;
use porta_core::application::{ClaimDefinition, Permission, Role};
use porta_store::{DeleteOutcome, Result, StoreError};

use super::AdministeredRights;
use crate::applications::children::changeable;
use crate::kernel::{Stmt, Value, statements};

/// Locks a changeable row and reads its version. SQLite has one writer at a time.
macro_rules! lock {
    (postgres $table:literal) => {
        concat!("SELECT version FROM ", $table, " WHERE ", changeable!(), " FOR UPDATE")
    };
    (sqlite $table:literal) => {
        concat!("SELECT version FROM ", $table, " WHERE ", changeable!())
    };
}

statements! {
    LOCK_ROLE: Read = lock!(postgres "roles"), sqlite: lock!(sqlite "roles");
    USES_OF_ROLE: Read = "SELECT count(*) FROM user_roles WHERE role_id = $1";
    DELETE_ROLE: Write = "DELETE FROM roles WHERE id = $1";
    LOCK_PERMISSION: Read = lock!(postgres "permissions"), sqlite: lock!(sqlite "permissions");
    USES_OF_PERMISSION: Read = "SELECT count(*) FROM role_permissions WHERE permission_id = $1";
    DELETE_PERMISSION: Write = "DELETE FROM permissions WHERE id = $1";
    LOCK_CLAIM: Read = lock!(postgres "custom_claim_definitions"), sqlite: lock!(sqlite "custom_claim_definitions");
    DELETE_CLAIM: Write = "DELETE FROM custom_claim_definitions WHERE id = $1";
}

/// How to delete a kind of entity.
struct Deletable {
    kind: &'static str,
    lock: &'static Stmt,
    /// Counts those that refer to it. `None`: they are deleted in any case.
    uses: Option<&'static Stmt>,
    delete: &'static Stmt,
}

impl AdministeredRights<'_> {
    pub(super) async fn remove_role(&mut self, role: &Role, force: bool) -> Result<DeleteOutcome> {
        let uses = if force { None } else { Some(&USES_OF_ROLE) };
        let rows = Deletable { kind: "role", lock: &LOCK_ROLE, uses, delete: &DELETE_ROLE };
        self.remove(&rows, self.key(role.application_id, role.id), role.version).await
    }

    pub(super) async fn remove_permission(
        &mut self,
        permission: &Permission,
        force: bool,
    ) -> Result<DeleteOutcome> {
        let uses = if force { None } else { Some(&USES_OF_PERMISSION) };
        let rows = Deletable { kind: "permission", lock: &LOCK_PERMISSION, uses, delete: &DELETE_PERMISSION };
        self.remove(&rows, self.key(permission.application_id, permission.id), permission.version).await
    }

    pub(super) async fn remove_claim(&mut self, claim: &ClaimDefinition) -> Result<DeleteOutcome> {
        let rows = Deletable { kind: "claim", lock: &LOCK_CLAIM, uses: None, delete: &DELETE_CLAIM };
        self.remove(&rows, self.key(claim.application_id, claim.id), claim.version).await
    }

    async fn remove(
        &mut self,
        rows: &Deletable,
        key: [Value<'static>; 3],
        version: Version,
    ) -> Result<DeleteOutcome> {
        let mut scope = self.run.scope().await?;
        let Some(row) = scope.run().row(rows.lock, &key).await? else { return Ok(DeleteOutcome::Missing) };
        if row.reader(rows.lock.name).int()? != version.number() {
            return Err(StoreError::Stale(rows.kind));
        }
        let [_, _, id] = key;
        let id = [id];
        if let Some(uses) = rows.uses {
            let counted = scope.run().row(uses, &id).await?;
            let counted = counted.map(|row| row.reader(uses.name).int()).transpose()?.unwrap_or(0);
            if counted > 0 {
                return Ok(DeleteOutcome::InUse(u64::try_from(counted).unwrap_or(0)));
            }
        }
        scope.run().execute(rows.delete, &id).await?;
        scope.finish().await?;
        Ok(DeleteOutcome::Deleted)
    }
}
