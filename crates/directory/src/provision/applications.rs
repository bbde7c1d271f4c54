//! Phases 2 and 4–8: applications, roles, permissions, claim definitions, links, modules.

use porta_core::Slug;
use porta_core::application::{Application, ClaimDefinition, Module, ModuleStatus, Permission, Role};
use porta_core::organization::Organization;

use super::Mode;
use super::document::{ApplicationItem, ClaimItem, ModuleItem, PermissionItem, RoleItem};
use super::importer::{Importer, Item, updated};
use super::organizations::split;
use super::patch::replace;
use super::report::{ItemKind, ItemOutcome};
use crate::{DirectoryError, NewApplication, NewClaim, NewModule, NewPermission, NewRole, Result};

const EXISTS: ItemOutcome = ItemOutcome::Skipped("Already exists");

impl Importer<'_> {
    pub(super) async fn applications(&mut self) -> Result<()> {
        for position in self.application_positions() {
            let slug = position.item.effective_slug();
            let Some(organization) = self.organizations.get(position.key.0).cloned().flatten() else {
                self.record_orphan(ItemKind::Application, &slug, position.path(), "organization");
                continue;
            };
            self.work.savepoint().await?;
            let (outcome, application) = split(self.application(&organization, position.item).await);
            let entry =
                Item { kind: ItemKind::Application, slug, name: &position.item.name, path: position.path() };
            let stands = self.record_outcome(entry, outcome).await?;
            if let Some(application) = application.filter(|_| stands) {
                self.applications.insert(position.key, application);
            }
        }
        Ok(())
    }

    async fn application(
        &mut self,
        organization: &Organization,
        item: &ApplicationItem,
    ) -> Result<(ItemOutcome, Application)> {
        let slug = Slug::parse(&item.effective_slug())?;
        let Some(before) = self.work.applications().own(organization, &slug).await? else {
            let new = NewApplication {
                name: item.name.clone(),
                slug: Some(slug.to_string()),
                description: item.description.value(),
                is_shared: false,
            };
            return Ok((ItemOutcome::Created, self.work.applications().create(organization, new).await?));
        };
        if self.mode == Mode::Merge {
            return Ok((EXISTS, before));
        }
        let mut after = before.clone();
        after.name.clone_from(&item.name);
        item.description.apply(&mut after.description);
        let (after, fields) = self.work.applications().update(organization, &before, after).await?;
        Ok((updated(fields), after))
    }

    pub(super) async fn roles(&mut self) -> Result<()> {
        for position in self.application_positions() {
            for (i, item) in position.item.roles.iter().enumerate() {
                let slug = item.effective_slug();
                let path = format!("{}.roles[{i}]", position.path());
                let Some((organization, application)) = self.at(position) else {
                    self.record_orphan(ItemKind::Role, &slug, path, "application");
                    continue;
                };
                self.work.savepoint().await?;
                let outcome = self.role(&organization, &application, item).await;
                self.record_outcome(Item { kind: ItemKind::Role, slug, name: &item.name, path }, outcome)
                    .await?;
            }
        }
        Ok(())
    }

    async fn role(
        &mut self,
        organization: &Organization,
        application: &Application,
        item: &RoleItem,
    ) -> Result<ItemOutcome> {
        let slug = item.effective_slug();
        let mode = self.mode;
        let known = &self.parts(organization, application).await?.roles;
        let Some(before) = known.iter().find(|r| r.slug.as_str() == slug).cloned() else {
            let new =
                NewRole { name: item.name.clone(), slug: Some(slug), description: item.description.value() };
            let role = self.work.roles().create(organization, application, new).await?;
            self.parts(organization, application).await?.roles.push(role);
            return Ok(ItemOutcome::Created);
        };
        if mode == Mode::Merge {
            return Ok(EXISTS);
        }
        let mut after = Role { name: item.name.clone(), ..before.clone() };
        item.description.apply(&mut after.description);
        let (after, fields) = self.work.roles().update(organization, application, &before, after).await?;
        replace_part(&mut self.parts(organization, application).await?.roles, &before, after);
        Ok(updated(fields))
    }

    pub(super) async fn permissions(&mut self) -> Result<()> {
        for position in self.application_positions() {
            for (i, item) in position.item.permissions.iter().enumerate() {
                let path = format!("{}.permissions[{i}]", position.path());
                let Some((organization, application)) = self.at(position) else {
                    self.record_orphan(ItemKind::Permission, &item.slug, path, "application");
                    continue;
                };
                self.work.savepoint().await?;
                let outcome = self.permission(&organization, &application, item).await;
                let entry =
                    Item { kind: ItemKind::Permission, slug: item.slug.clone(), name: &item.name, path };
                self.record_outcome(entry, outcome).await?;
            }
        }
        Ok(())
    }

    async fn permission(
        &mut self,
        organization: &Organization,
        application: &Application,
        item: &PermissionItem,
    ) -> Result<ItemOutcome> {
        let mode = self.mode;
        let known = &self.parts(organization, application).await?.permissions;
        let Some(before) = known.iter().find(|p| p.slug == item.slug).cloned() else {
            let new = NewPermission {
                name: item.name.clone(),
                slug: item.slug.clone(),
                description: item.description.value(),
            };
            let permission = self.work.roles().create_permission(organization, application, new).await?;
            self.parts(organization, application).await?.permissions.push(permission);
            return Ok(ItemOutcome::Created);
        };
        if mode == Mode::Merge {
            return Ok(EXISTS);
        }
        let mut after = Permission { name: item.name.clone(), ..before.clone() };
        item.description.apply(&mut after.description);
        let (after, fields) =
            self.work.roles().update_permission(organization, application, &before, after).await?;
        replace_part(&mut self.parts(organization, application).await?.permissions, &before, after);
        Ok(updated(fields))
    }

    pub(super) async fn claim_definitions(&mut self) -> Result<()> {
        for position in self.application_positions() {
            for (i, item) in position.item.claim_definitions.iter().enumerate() {
                let path = format!("{}.claim_definitions[{i}]", position.path());
                let Some((organization, application)) = self.at(position) else {
                    self.record_orphan(ItemKind::ClaimDefinition, &item.slug, path, "application");
                    continue;
                };
                self.work.savepoint().await?;
                let outcome = self.claim_definition(&organization, &application, item).await;
                let entry =
                    Item { kind: ItemKind::ClaimDefinition, slug: item.slug.clone(), name: &item.name, path };
                self.record_outcome(entry, outcome).await?;
            }
        }
        Ok(())
    }

    async fn claim_definition(
        &mut self,
        organization: &Organization,
        application: &Application,
        item: &ClaimItem,
    ) -> Result<ItemOutcome> {
        let mode = self.mode;
        let known = &self.parts(organization, application).await?.claims;
        let Some(before) = known.iter().find(|c| c.claim_name == item.slug).cloned() else {
            let new = NewClaim {
                claim_name: item.slug.clone(),
                claim_type: item.claim_type,
                description: item.description.value().or_else(|| Some(item.name.clone())),
                include_in_id_token: item.include_in_id_token,
                include_in_access_token: item.include_in_access_token,
                include_in_userinfo: item.include_in_userinfo,
            };
            let claim = self.work.claims().define(organization, application, new).await?;
            self.parts(organization, application).await?.claims.push(claim);
            return Ok(ItemOutcome::Created);
        };
        if mode == Mode::Merge {
            return Ok(EXISTS);
        }
        let mut after = ClaimDefinition { claim_type: item.claim_type, ..before.clone() };
        item.description.apply(&mut after.description);
        replace(&mut after.include_in_id_token, item.include_in_id_token.as_ref());
        replace(&mut after.include_in_access_token, item.include_in_access_token.as_ref());
        replace(&mut after.include_in_userinfo, item.include_in_userinfo.as_ref());
        let (after, fields) = self.work.claims().update(organization, application, &before, after).await?;
        replace_part(&mut self.parts(organization, application).await?.claims, &before, after);
        Ok(updated(fields))
    }

    /// Adds links and never removes any, in either mode.
    pub(super) async fn role_permissions(&mut self) -> Result<()> {
        for position in self.application_positions() {
            for (r, role) in position.item.roles.iter().enumerate() {
                for (p, permission) in role.permissions.iter().enumerate() {
                    let path = format!("{}.roles[{r}].permissions[{p}]", position.path());
                    let slug = format!("{}→{permission}", role.effective_slug());
                    let Some((organization, application)) = self.at(position) else {
                        self.record_orphan(ItemKind::RolePermission, &slug, path, "application");
                        continue;
                    };
                    self.work.savepoint().await?;
                    let outcome = self.link(&organization, &application, role, permission).await;
                    let entry = Item { kind: ItemKind::RolePermission, name: &slug.clone(), slug, path };
                    self.record_outcome(entry, outcome).await?;
                }
            }
        }
        Ok(())
    }

    async fn link(
        &mut self,
        organization: &Organization,
        application: &Application,
        role: &RoleItem,
        permission: &str,
    ) -> Result<ItemOutcome> {
        let slug = role.effective_slug();
        let parts = self.parts(organization, application).await?;
        let role = parts.roles.iter().find(|r| r.slug.as_str() == slug).cloned();
        let role = role.ok_or_else(|| DirectoryError::not_found("role", slug))?;
        let found = parts.permissions.iter().find(|p| p.slug == permission).cloned();
        let found = found.ok_or_else(|| DirectoryError::not_found("permission", permission))?;
        let added = self.work.roles().link_permission(organization, application, &role, &found).await?;
        Ok(if added { ItemOutcome::Created } else { EXISTS })
    }

    pub(super) async fn modules(&mut self) -> Result<()> {
        for position in self.application_positions() {
            for (i, item) in position.item.modules.iter().enumerate() {
                let path = format!("{}.modules[{i}]", position.path());
                let Some((organization, application)) = self.at(position) else {
                    self.record_orphan(ItemKind::Module, &item.slug, path, "application");
                    continue;
                };
                self.work.savepoint().await?;
                let outcome = self.module(&organization, &application, item).await;
                let entry = Item { kind: ItemKind::Module, slug: item.slug.clone(), name: &item.name, path };
                self.record_outcome(entry, outcome).await?;
            }
        }
        Ok(())
    }

    async fn module(
        &mut self,
        organization: &Organization,
        application: &Application,
        item: &ModuleItem,
    ) -> Result<ItemOutcome> {
        let known = self.work.unit.applications(organization.id).modules(application.id).await?;
        let Some(before) = known.into_iter().find(|m| m.slug.as_str() == item.slug) else {
            let new = NewModule {
                name: item.name.clone(),
                slug: item.slug.clone(),
                description: item.description.value(),
                status: item.status.unwrap_or(ModuleStatus::Active),
            };
            self.work.applications().create_module(organization, application, new).await?;
            return Ok(ItemOutcome::Created);
        };
        if self.mode == Mode::Merge {
            return Ok(EXISTS);
        }
        let mut after = Module { name: item.name.clone(), ..before.clone() };
        item.description.apply(&mut after.description);
        replace(&mut after.status, item.status.as_ref());
        Ok(updated(self.work.applications().update_module(organization, application, &before, after).await?))
    }
}

/// Puts an updated part into the cache: the file may name the same part again.
fn replace_part<T: PartialEq>(known: &mut [T], before: &T, after: T) {
    if let Some(part) = known.iter_mut().find(|part| **part == *before) {
        *part = after;
    }
}
