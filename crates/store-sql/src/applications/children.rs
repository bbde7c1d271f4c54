//! Modules, roles, permissions and claim definitions of an application.

use porta_core::application::{ClaimDefinition, ClaimType, Module, ModuleStatus, Permission, Role};
use porta_core::{ApplicationId, Slug, Timestamp};
use porta_store::Result;

use super::{Applications, visible, writable};
use crate::kernel::{Reader, Row, at, flag, opt_text, statements, text, uuid};

/// `SELECT … FROM table c` for one visible application, in display order.
macro_rules! list {
    ($columns:literal, $table:literal, $order:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM ",
            $table,
            " c JOIN applications a ON a.id = c.application_id \
             WHERE c.application_id = $2 AND ",
            visible!(),
            " ORDER BY c.",
            $order,
            ", c.id"
        )
    };
}
/// Inserts under application `$2`, provided that it may be changed.
macro_rules! insert {
    ($table:literal, $columns:literal, $values:literal) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (application_id, ",
            $columns,
            ") SELECT a.id, ",
            $values,
            " FROM applications a WHERE a.id = $2 AND ",
            writable!()
        )
    };
}
/// Updates row `$3` of application `$2`, provided that it may be changed.
macro_rules! update {
    ($table:literal, $set:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET ",
            $set,
            " WHERE id = $3 AND application_id = $2 AND EXISTS \
            (SELECT 1 FROM applications a WHERE a.id = $2 AND ",
            writable!(),
            ")"
        )
    };
}

statements! {
    MODULES: Read = list!("c.id, c.application_id, c.name, c.slug, c.description, c.status", "application_modules", "name");
    INSERT_MODULE: Write = insert!("application_modules",
        "id, name, slug, description, status, created_at, updated_at", "$3, $4, $5, $6, $7, $8, $8");
    UPDATE_MODULE: Write = update!("application_modules",
        "name = $4, slug = $5, description = $6, status = $7, updated_at = $8");
    ROLES: Read = list!("c.id, c.application_id, c.name, c.slug, c.description", "roles", "name");
    INSERT_ROLE: Write = insert!("roles", "id, name, slug, description, created_at, updated_at", "$3, $4, $5, $6, $7, $7");
    UPDATE_ROLE: Write = update!("roles", "name = $4, slug = $5, description = $6, updated_at = $7");
    PERMISSIONS: Read = list!("c.id, c.application_id, c.name, c.slug, c.description", "permissions", "slug");
    INSERT_PERMISSION: Write = insert!("permissions", "id, name, slug, description, created_at", "$3, $4, $5, $6, $7");
    UPDATE_PERMISSION: Write = update!("permissions", "name = $4, slug = $5, description = $6");
    CLAIMS: Read = list!("c.id, c.application_id, c.claim_name, c.claim_type, c.description, c.include_in_id_token, \
        c.include_in_access_token, c.include_in_userinfo", "custom_claim_definitions", "claim_name");
    INSERT_CLAIM: Write = insert!("custom_claim_definitions", "id, claim_name, claim_type, description, \
        include_in_id_token, include_in_access_token, include_in_userinfo, created_at, updated_at",
        "$3, $4, $5, $6, $7, $8, $9, $10, $10");
    UPDATE_CLAIM: Write = update!("custom_claim_definitions", "claim_name = $4, claim_type = $5, description = $6, \
        include_in_id_token = $7, include_in_access_token = $8, include_in_userinfo = $9, updated_at = $10");
}

fn read_module(row: &Row) -> Result<Module> {
    let mut r = row.reader("application_modules");
    Ok(Module {
        id: r.id()?,
        application_id: r.id()?,
        name: r.text()?,
        slug: r.parsed("slug", |s| Slug::for_role(s).ok())?,
        description: r.opt_text()?,
        status: r.parsed("status", ModuleStatus::parse)?,
    })
}

pub(super) fn read_role(row: &Row) -> Result<Role> {
    let mut r = row.reader("roles");
    Ok(Role {
        id: r.id()?,
        application_id: r.id()?,
        name: r.text()?,
        slug: r.parsed("slug", |s| Slug::for_role(s).ok())?,
        description: r.opt_text()?,
    })
}

fn read_permission(row: &Row) -> Result<Permission> {
    let mut r: Reader<'_> = row.reader("permissions");
    Ok(Permission {
        id: r.id()?,
        application_id: r.id()?,
        name: r.text()?,
        slug: r.text()?,
        description: r.opt_text()?,
    })
}

fn read_claim(row: &Row) -> Result<ClaimDefinition> {
    let mut r = row.reader("custom_claim_definitions");
    Ok(ClaimDefinition {
        id: r.id()?,
        application_id: r.id()?,
        claim_name: r.text()?,
        claim_type: r.parsed("claim_type", ClaimType::parse)?,
        description: r.opt_text()?,
        include_in_id_token: r.flag()?,
        include_in_access_token: r.flag()?,
        include_in_userinfo: r.flag()?,
    })
}

impl Applications<'_> {
    pub(super) async fn list_modules(&mut self, application: ApplicationId) -> Result<Vec<Module>> {
        let rows = self.run.rows(&MODULES, &[uuid(self.organization), uuid(application)]).await?;
        rows.iter().map(read_module).collect()
    }

    /// `true`: written. `MissingReference`: an insert found no application that it may change.
    pub(super) async fn write_module(&mut self, m: &Module, now: Timestamp, is_new: bool) -> Result<bool> {
        let values = [
            uuid(self.organization),
            uuid(m.application_id),
            uuid(m.id),
            text(&m.name),
            text(m.slug.as_str()),
            opt_text(m.description.as_deref()),
            text(m.status.as_str()),
            at(now),
        ];
        if !is_new {
            return self.run.affects_row(&UPDATE_MODULE, &values).await;
        }
        self.run.must_affect_row(&INSERT_MODULE, &values, "application").await.map(|()| true)
    }

    pub(super) async fn list_roles(&mut self, application: ApplicationId) -> Result<Vec<Role>> {
        let rows = self.run.rows(&ROLES, &[uuid(self.organization), uuid(application)]).await?;
        rows.iter().map(read_role).collect()
    }

    pub(super) async fn write_role(&mut self, role: &Role, now: Timestamp, is_new: bool) -> Result<bool> {
        let values = [
            uuid(self.organization),
            uuid(role.application_id),
            uuid(role.id),
            text(&role.name),
            text(role.slug.as_str()),
            opt_text(role.description.as_deref()),
            at(now),
        ];
        if !is_new {
            return self.run.affects_row(&UPDATE_ROLE, &values).await;
        }
        self.run.must_affect_row(&INSERT_ROLE, &values, "application").await.map(|()| true)
    }

    pub(super) async fn list_permissions(&mut self, application: ApplicationId) -> Result<Vec<Permission>> {
        let rows = self.run.rows(&PERMISSIONS, &[uuid(self.organization), uuid(application)]).await?;
        rows.iter().map(read_permission).collect()
    }

    /// Inserts with creation time `created`; `None` updates.
    pub(super) async fn write_permission(
        &mut self,
        p: &Permission,
        created: Option<Timestamp>,
    ) -> Result<bool> {
        let mut values = vec![
            uuid(self.organization),
            uuid(p.application_id),
            uuid(p.id),
            text(&p.name),
            text(&p.slug),
            opt_text(p.description.as_deref()),
        ];
        let Some(created) = created else {
            return self.run.affects_row(&UPDATE_PERMISSION, &values).await;
        };
        values.push(at(created));
        self.run.must_affect_row(&INSERT_PERMISSION, &values, "application").await.map(|()| true)
    }

    pub(super) async fn list_claims(&mut self, application: ApplicationId) -> Result<Vec<ClaimDefinition>> {
        let rows = self.run.rows(&CLAIMS, &[uuid(self.organization), uuid(application)]).await?;
        rows.iter().map(read_claim).collect()
    }

    pub(super) async fn write_claim(
        &mut self,
        claim: &ClaimDefinition,
        now: Timestamp,
        is_new: bool,
    ) -> Result<bool> {
        let values = [
            uuid(self.organization),
            uuid(claim.application_id),
            uuid(claim.id),
            text(&claim.claim_name),
            text(claim.claim_type.as_str()),
            opt_text(claim.description.as_deref()),
            flag(claim.include_in_id_token),
            flag(claim.include_in_access_token),
            flag(claim.include_in_userinfo),
            at(now),
        ];
        if !is_new {
            return self.run.affects_row(&UPDATE_CLAIM, &values).await;
        }
        self.run.must_affect_row(&INSERT_CLAIM, &values, "application").await.map(|()| true)
    }
}
