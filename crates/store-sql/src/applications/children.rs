//! Modules, roles, permissions and claim definitions of an application.

use porta_core::application::{ClaimDefinition, ClaimType, Module, ModuleStatus, Permission, Role};
use porta_core::{ApplicationId, EntityId, OrganizationId, Slug, Version};
use porta_store::Result;

use super::{visible, writable};
use crate::kernel::{
    Record, Row, Runner, Stmt, Value, at, columns, flag, int, opt_text, opt_uuid, statements, text, uuid,
    values_of,
};

macro_rules! module_columns {
    ($($form:tt)+) => {
        columns! {
            $($form)+; id, application_id, name, slug, description, status, created_at, updated_at, version
        }
    };
}
module_columns!(enum ModuleColumn of "application_modules");
macro_rules! module_edits {
    ($($form:tt)+) => {
        columns! { $($form)+; name, slug, description, status, updated_at }
    };
}

macro_rules! role_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+; id, application_id, name, slug, description, created_at, updated_at, version
        }
    };
}
pub(crate) use role_columns;
role_columns!(enum RoleColumn of "roles");
macro_rules! role_edits {
    ($($form:tt)+) => {
        columns! { $($form)+; name, slug, description, updated_at }
    };
}

macro_rules! permission_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+; id, application_id, module_id, name, slug, description, created_at, version
        }
    };
}
pub(crate) use permission_columns;
permission_columns!(enum PermissionColumn of "permissions");
macro_rules! permission_edits {
    ($($form:tt)+) => {
        columns! { $($form)+; name, slug, description }
    };
}

macro_rules! claim_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+; id, application_id, claim_name, display_name, claim_type, description, include_in_id_token,
            include_in_access_token, include_in_userinfo, created_at, updated_at, version
        }
    };
}
pub(crate) use claim_columns;
claim_columns!(enum ClaimColumn of "custom_claim_definitions");
macro_rules! claim_edits {
    ($($form:tt)+) => {
        columns! {
            $($form)+; claim_name, display_name, claim_type, description, include_in_id_token,
            include_in_access_token, include_in_userinfo, updated_at
        }
    };
}

/// `SELECT … FROM table c` for one visible application, in display order.
macro_rules! list {
    ($columns:expr, $table:literal, $order:literal) => {
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
/// Inserts under application `$3`, provided that `$1` may change it.
macro_rules! insert {
    ($table:literal, $columns:expr, $arguments:expr) => {
        concat!(
            "INSERT INTO ",
            $table,
            " (",
            $columns,
            ") SELECT ",
            $arguments,
            " FROM applications a WHERE a.id = $3 AND ",
            writable!()
        )
    };
}
/// Row `$3` of application `$2`, which `$1` may change.
macro_rules! changeable {
    () => {
        concat!(
            "id = $3 AND application_id = $2 AND EXISTS (SELECT 1 FROM applications a WHERE a.id = $2 AND ",
            $crate::applications::writable!(),
            ")"
        )
    };
}
pub(crate) use changeable;
/// Updates a changeable row, provided that its version is `$4`.
macro_rules! update {
    ($table:literal, $assignments:expr) => {
        concat!(
            "UPDATE ",
            $table,
            " SET ",
            $assignments,
            ", version = version + 1 WHERE version = $4 AND ",
            changeable!()
        )
    };
}
macro_rules! version {
    ($table:literal) => {
        concat!("SELECT version FROM ", $table, " WHERE ", changeable!())
    };
}

statements! {
    MODULES: Read = list!(module_columns!(list "c."), "application_modules", "name");
    INSERT_MODULE: Write = insert!("application_modules", module_columns!(list ""), module_columns!(arguments 2));
    UPDATE_MODULE: Write = update!("application_modules", module_edits!(assignments 5));
    MODULE_VERSION: Read = version!("application_modules");
    ROLES: Read = list!(role_columns!(list "c."), "roles", "name");
    INSERT_ROLE: Write = insert!("roles", role_columns!(list ""), role_columns!(arguments 2));
    UPDATE_ROLE: Write = update!("roles", role_edits!(assignments 5));
    ROLE_VERSION: Read = version!("roles");
    PERMISSIONS: Read = list!(permission_columns!(list "c."), "permissions", "slug");
    INSERT_PERMISSION: Write = insert!("permissions", permission_columns!(list ""), permission_columns!(arguments 2));
    UPDATE_PERMISSION: Write = update!("permissions", permission_edits!(assignments 5));
    PERMISSION_VERSION: Read = version!("permissions");
    CLAIMS: Read = list!(claim_columns!(list "c."), "custom_claim_definitions", "claim_name");
    INSERT_CLAIM: Write = insert!("custom_claim_definitions", claim_columns!(list ""), claim_columns!(arguments 2));
    UPDATE_CLAIM: Write = update!("custom_claim_definitions", claim_edits!(assignments 5));
    CLAIM_VERSION: Read = version!("custom_claim_definitions");
}

fn module_value(m: &Module, column: ModuleColumn) -> Value<'_> {
    match column {
        ModuleColumn::id => uuid(m.id),
        ModuleColumn::application_id => uuid(m.application_id),
        ModuleColumn::name => text(&m.name),
        ModuleColumn::slug => text(m.slug.as_str()),
        ModuleColumn::description => opt_text(m.description.as_deref()),
        ModuleColumn::status => text(m.status.as_str()),
        ModuleColumn::created_at => at(m.created_at),
        ModuleColumn::updated_at => at(m.updated_at),
        ModuleColumn::version => int(m.version.number()),
    }
}

fn read_module(row: &Row) -> Result<Module> {
    let r: Record<'_, ModuleColumn> = row.record();
    Ok(Module {
        id: r.id(ModuleColumn::id)?,
        application_id: r.id(ModuleColumn::application_id)?,
        name: r.text(ModuleColumn::name)?,
        slug: r.parsed(ModuleColumn::slug, |s| Slug::for_role(s).ok())?,
        description: r.opt_text(ModuleColumn::description)?,
        status: r.parsed(ModuleColumn::status, ModuleStatus::parse)?,
        created_at: r.time(ModuleColumn::created_at)?,
        updated_at: r.time(ModuleColumn::updated_at)?,
        version: Version::stored(r.int(ModuleColumn::version)?),
    })
}

fn role_value(r: &Role, column: RoleColumn) -> Value<'_> {
    match column {
        RoleColumn::id => uuid(r.id),
        RoleColumn::application_id => uuid(r.application_id),
        RoleColumn::name => text(&r.name),
        RoleColumn::slug => text(r.slug.as_str()),
        RoleColumn::description => opt_text(r.description.as_deref()),
        RoleColumn::created_at => at(r.created_at),
        RoleColumn::updated_at => at(r.updated_at),
        RoleColumn::version => int(r.version.number()),
    }
}

pub(crate) fn read_role(r: &Record<'_, RoleColumn>) -> Result<Role> {
    Ok(Role {
        id: r.id(RoleColumn::id)?,
        application_id: r.id(RoleColumn::application_id)?,
        name: r.text(RoleColumn::name)?,
        slug: r.parsed(RoleColumn::slug, |s| Slug::for_role(s).ok())?,
        description: r.opt_text(RoleColumn::description)?,
        created_at: r.time(RoleColumn::created_at)?,
        updated_at: r.time(RoleColumn::updated_at)?,
        version: Version::stored(r.int(RoleColumn::version)?),
    })
}

fn permission_value(p: &Permission, column: PermissionColumn) -> Value<'_> {
    match column {
        PermissionColumn::id => uuid(p.id),
        PermissionColumn::application_id => uuid(p.application_id),
        PermissionColumn::module_id => opt_uuid(p.module_id),
        PermissionColumn::name => text(&p.name),
        PermissionColumn::slug => text(&p.slug),
        PermissionColumn::description => opt_text(p.description.as_deref()),
        PermissionColumn::created_at => at(p.created_at),
        PermissionColumn::version => int(p.version.number()),
    }
}

pub(crate) fn read_permission(r: &Record<'_, PermissionColumn>) -> Result<Permission> {
    Ok(Permission {
        id: r.id(PermissionColumn::id)?,
        application_id: r.id(PermissionColumn::application_id)?,
        module_id: r.opt_id(PermissionColumn::module_id)?,
        name: r.text(PermissionColumn::name)?,
        slug: r.text(PermissionColumn::slug)?,
        description: r.opt_text(PermissionColumn::description)?,
        created_at: r.time(PermissionColumn::created_at)?,
        version: Version::stored(r.int(PermissionColumn::version)?),
    })
}

fn claim_value(c: &ClaimDefinition, column: ClaimColumn) -> Value<'_> {
    match column {
        ClaimColumn::id => uuid(c.id),
        ClaimColumn::application_id => uuid(c.application_id),
        ClaimColumn::claim_name => text(&c.claim_name),
        ClaimColumn::display_name => opt_text(c.display_name.as_deref()),
        ClaimColumn::claim_type => text(c.claim_type.as_str()),
        ClaimColumn::description => opt_text(c.description.as_deref()),
        ClaimColumn::include_in_id_token => flag(c.include_in_id_token),
        ClaimColumn::include_in_access_token => flag(c.include_in_access_token),
        ClaimColumn::include_in_userinfo => flag(c.include_in_userinfo),
        ClaimColumn::created_at => at(c.created_at),
        ClaimColumn::updated_at => at(c.updated_at),
        ClaimColumn::version => int(c.version.number()),
    }
}

pub(crate) fn read_claim(r: &Record<'_, ClaimColumn>) -> Result<ClaimDefinition> {
    Ok(ClaimDefinition {
        id: r.id(ClaimColumn::id)?,
        application_id: r.id(ClaimColumn::application_id)?,
        claim_name: r.text(ClaimColumn::claim_name)?,
        display_name: r.opt_text(ClaimColumn::display_name)?,
        claim_type: r.parsed(ClaimColumn::claim_type, ClaimType::parse)?,
        description: r.opt_text(ClaimColumn::description)?,
        include_in_id_token: r.flag(ClaimColumn::include_in_id_token)?,
        include_in_access_token: r.flag(ClaimColumn::include_in_access_token)?,
        include_in_userinfo: r.flag(ClaimColumn::include_in_userinfo)?,
        created_at: r.time(ClaimColumn::created_at)?,
        updated_at: r.time(ClaimColumn::updated_at)?,
        version: Version::stored(r.int(ClaimColumn::version)?),
    })
}

/// The children of applications that the organization sees.
pub(super) struct Children<'r, 'a> {
    pub(super) run: &'r mut Runner<'a>,
    pub(super) organization: OrganizationId,
}

impl Children<'_, '_> {
    /// The first values of an update.
    fn key(&self, application: ApplicationId, id: impl EntityId) -> [Value<'static>; 3] {
        [uuid(self.organization), uuid(application), uuid(id)]
    }

    /// `MissingReference`: there is no application that the organization may change.
    async fn add(&mut self, insert: &Stmt, values: Vec<Value<'_>>) -> Result<()> {
        let mut all = vec![uuid(self.organization)];
        all.extend(values);
        self.run.must_affect_row(insert, &all, "application").await
    }

    pub(super) async fn list_modules(&mut self, application: ApplicationId) -> Result<Vec<Module>> {
        let rows = self.run.rows(&MODULES, &[uuid(self.organization), uuid(application)]).await?;
        rows.iter().map(read_module).collect()
    }

    pub(super) async fn add_module(&mut self, m: &Module) -> Result<()> {
        self.add(&INSERT_MODULE, values_of(|column| module_value(m, column))).await
    }

    pub(super) async fn rewrite_module(&mut self, m: &Module) -> Result<bool> {
        let key = self.key(m.application_id, m.id);
        let mut values = key.to_vec();
        values.push(int(m.version.number()));
        values.extend(module_edits!(some ModuleColumn).map(|column| module_value(m, column)));
        self.run.update_version(&UPDATE_MODULE, &values, &MODULE_VERSION, &key, "module").await
    }

    pub(super) async fn list_roles(&mut self, application: ApplicationId) -> Result<Vec<Role>> {
        let rows = self.run.rows(&ROLES, &[uuid(self.organization), uuid(application)]).await?;
        rows.iter().map(|row| read_role(&row.record())).collect()
    }

    pub(super) async fn add_role(&mut self, r: &Role) -> Result<()> {
        self.add(&INSERT_ROLE, values_of(|column| role_value(r, column))).await
    }

    pub(super) async fn rewrite_role(&mut self, r: &Role) -> Result<bool> {
        let key = self.key(r.application_id, r.id);
        let mut values = key.to_vec();
        values.push(int(r.version.number()));
        values.extend(role_edits!(some RoleColumn).map(|column| role_value(r, column)));
        self.run.update_version(&UPDATE_ROLE, &values, &ROLE_VERSION, &key, "role").await
    }

    pub(super) async fn list_permissions(&mut self, application: ApplicationId) -> Result<Vec<Permission>> {
        let rows = self.run.rows(&PERMISSIONS, &[uuid(self.organization), uuid(application)]).await?;
        rows.iter().map(|row| read_permission(&row.record())).collect()
    }

    pub(super) async fn add_permission(&mut self, p: &Permission) -> Result<()> {
        self.add(&INSERT_PERMISSION, values_of(|column| permission_value(p, column))).await
    }

    pub(super) async fn rewrite_permission(&mut self, p: &Permission) -> Result<bool> {
        let key = self.key(p.application_id, p.id);
        let mut values = key.to_vec();
        values.push(int(p.version.number()));
        values.extend(permission_edits!(some PermissionColumn).map(|column| permission_value(p, column)));
        self.run.update_version(&UPDATE_PERMISSION, &values, &PERMISSION_VERSION, &key, "permission").await
    }

    pub(super) async fn list_claims(&mut self, application: ApplicationId) -> Result<Vec<ClaimDefinition>> {
        let rows = self.run.rows(&CLAIMS, &[uuid(self.organization), uuid(application)]).await?;
        rows.iter().map(|row| read_claim(&row.record())).collect()
    }

    pub(super) async fn add_claim(&mut self, c: &ClaimDefinition) -> Result<()> {
        self.add(&INSERT_CLAIM, values_of(|column| claim_value(c, column))).await
    }

    pub(super) async fn rewrite_claim(&mut self, c: &ClaimDefinition) -> Result<bool> {
        let key = self.key(c.application_id, c.id);
        let mut values = key.to_vec();
        values.push(int(c.version.number()));
        values.extend(claim_edits!(some ClaimColumn).map(|column| claim_value(c, column)));
        self.run.update_version(&UPDATE_CLAIM, &values, &CLAIM_VERSION, &key, "claim").await
    }
}
