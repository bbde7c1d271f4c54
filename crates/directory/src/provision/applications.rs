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

pub(super) async fn import_applications(importer: &mut Importer<'_>) -> Result<()> {
    for position in importer.application_positions() {
        let slug = position.item.effective_slug();
        let Some(organization) = importer.organizations.get(position.key.0).cloned().flatten() else {
            if !position.item.is_reference {
                let error = importer.without_organization(position.key.0);
                importer.record_orphan(ItemKind::Application, &slug, position.path(), error);
            }
            continue;
        };
        if position.item.is_reference {
            match importer.referenced(&organization, &slug).await {
                Ok(application) => {
                    importer.applications.insert(position.key, application);
                }
                // Reported for the items that name it.
                Err(DirectoryError::NotFound { .. }) => {}
                Err(other) => return Err(other),
            }
            continue;
        }
        importer.work.savepoint().await?;
        let (outcome, application) = split(import_application(importer, &organization, position.item).await);
        let entry =
            Item { kind: ItemKind::Application, slug, name: &position.item.name, path: position.path() };
        let stands = importer.record_outcome(entry, outcome).await?;
        if let Some(application) = application.filter(|_| stands) {
            importer.applications.insert(position.key, application);
        }
    }
    Ok(())
}

async fn import_application(
    importer: &mut Importer<'_>,
    organization: &Organization,
    item: &ApplicationItem,
) -> Result<(ItemOutcome, Application)> {
    let slug = Slug::parse(&item.effective_slug())?;
    let Some(before) = importer.work.applications().owned(organization, &slug).await? else {
        let new = NewApplication {
            name: item.name.clone(),
            slug: Some(slug.to_string()),
            description: item.description.value(),
            is_shared: false,
        };
        return Ok((ItemOutcome::Created, importer.work.applications().create(organization, new).await?));
    };
    if importer.mode == Mode::Merge {
        return Ok((EXISTS, before));
    }
    let mut after = before.clone();
    after.name.clone_from(&item.name);
    item.description.apply(&mut after.description);
    let (after, fields) = importer.work.applications().update(organization, &before, after).await?;
    Ok((updated(fields), after))
}

pub(super) async fn import_roles(importer: &mut Importer<'_>) -> Result<()> {
    for position in importer.application_positions() {
        for (i, item) in position.item.roles.iter().enumerate().filter(|(_, item)| !item.is_reference) {
            let slug = item.effective_slug();
            let path = format!("{}.roles[{i}]", position.path());
            let Some((organization, application)) = importer.at(position) else {
                let error = importer.without_application(position);
                importer.record_orphan(ItemKind::Role, &slug, path, error);
                continue;
            };
            importer.work.savepoint().await?;
            let outcome = import_role(importer, &organization, &application, item).await;
            importer
                .record_outcome(Item { kind: ItemKind::Role, slug, name: &item.name, path }, outcome)
                .await?;
        }
    }
    Ok(())
}

async fn import_role(
    importer: &mut Importer<'_>,
    organization: &Organization,
    application: &Application,
    item: &RoleItem,
) -> Result<ItemOutcome> {
    let slug = item.effective_slug();
    let mode = importer.mode;
    let known = &importer.parts(organization, application).await?.roles;
    let Some(before) = known.iter().find(|r| r.slug.as_str() == slug).cloned() else {
        let new =
            NewRole { name: item.name.clone(), slug: Some(slug), description: item.description.value() };
        let role = importer.work.roles().create(organization, application, new).await?;
        importer.parts(organization, application).await?.roles.push(role);
        return Ok(ItemOutcome::Created);
    };
    if mode == Mode::Merge {
        return Ok(EXISTS);
    }
    let mut after = Role { name: item.name.clone(), ..before.clone() };
    item.description.apply(&mut after.description);
    let (after, fields) = importer.work.roles().update(organization, application, &before, after).await?;
    replace_part(&mut importer.parts(organization, application).await?.roles, &before, after);
    Ok(updated(fields))
}

pub(super) async fn import_permissions(importer: &mut Importer<'_>) -> Result<()> {
    for position in importer.application_positions() {
        for (i, item) in position.item.permissions.iter().enumerate() {
            let path = format!("{}.permissions[{i}]", position.path());
            let Some((organization, application)) = importer.at(position) else {
                let error = importer.without_application(position);
                importer.record_orphan(ItemKind::Permission, &item.slug, path, error);
                continue;
            };
            importer.work.savepoint().await?;
            let outcome = import_permission(importer, &organization, &application, item).await;
            let entry = Item { kind: ItemKind::Permission, slug: item.slug.clone(), name: &item.name, path };
            importer.record_outcome(entry, outcome).await?;
        }
    }
    Ok(())
}

async fn import_permission(
    importer: &mut Importer<'_>,
    organization: &Organization,
    application: &Application,
    item: &PermissionItem,
) -> Result<ItemOutcome> {
    let mode = importer.mode;
    let known = &importer.parts(organization, application).await?.permissions;
    let Some(before) = known.iter().find(|p| p.slug == item.slug).cloned() else {
        let new = NewPermission {
            name: item.name.clone(),
            slug: item.slug.clone(),
            module: None,
            description: item.description.value(),
        };
        let mut roles = importer.work.roles();
        let permission = if importer.document.is_manifest {
            roles.adopt_permission(organization, application, new).await?
        } else {
            roles.create_permission(organization, application, new).await?
        };
        importer.parts(organization, application).await?.permissions.push(permission);
        return Ok(ItemOutcome::Created);
    };
    if mode == Mode::Merge {
        return Ok(EXISTS);
    }
    let mut after = Permission { name: item.name.clone(), ..before.clone() };
    item.description.apply(&mut after.description);
    let (after, fields) =
        importer.work.roles().update_permission(organization, application, &before, after).await?;
    replace_part(&mut importer.parts(organization, application).await?.permissions, &before, after);
    Ok(updated(fields))
}

pub(super) async fn import_claim_definitions(importer: &mut Importer<'_>) -> Result<()> {
    for position in importer.application_positions() {
        for (i, item) in position.item.claim_definitions.iter().enumerate() {
            let path = format!("{}.claim_definitions[{i}]", position.path());
            let Some((organization, application)) = importer.at(position) else {
                let error = importer.without_application(position);
                importer.record_orphan(ItemKind::ClaimDefinition, &item.slug, path, error);
                continue;
            };
            importer.work.savepoint().await?;
            let outcome = import_claim_definition(importer, &organization, &application, item).await;
            let entry =
                Item { kind: ItemKind::ClaimDefinition, slug: item.slug.clone(), name: &item.name, path };
            importer.record_outcome(entry, outcome).await?;
        }
    }
    Ok(())
}

async fn import_claim_definition(
    importer: &mut Importer<'_>,
    organization: &Organization,
    application: &Application,
    item: &ClaimItem,
) -> Result<ItemOutcome> {
    let mode = importer.mode;
    let known = &importer.parts(organization, application).await?.claims;
    let Some(before) = known.iter().find(|c| c.claim_name == item.slug).cloned() else {
        let new = NewClaim {
            claim_name: item.slug.clone(),
            display_name: importer.document.is_manifest.then(|| item.name.clone()),
            claim_type: item.claim_type,
            description: match item.description.value() {
                None if !importer.document.is_manifest => Some(item.name.clone()),
                given => given,
            },
            include_in_id_token: item.include_in_id_token,
            include_in_access_token: item.include_in_access_token,
            include_in_userinfo: item.include_in_userinfo,
        };
        let mut claims = importer.work.claims();
        let claim = if importer.document.is_manifest {
            claims.adopt(organization, application, new).await?
        } else {
            claims.define(organization, application, new).await?
        };
        importer.parts(organization, application).await?.claims.push(claim);
        return Ok(ItemOutcome::Created);
    };
    if mode == Mode::Merge {
        return Ok(EXISTS);
    }
    let mut after = ClaimDefinition { claim_type: item.claim_type, ..before.clone() };
    if importer.document.is_manifest {
        after.display_name = Some(item.name.clone());
    }
    item.description.apply(&mut after.description);
    replace(&mut after.include_in_id_token, item.include_in_id_token.as_ref());
    replace(&mut after.include_in_access_token, item.include_in_access_token.as_ref());
    replace(&mut after.include_in_userinfo, item.include_in_userinfo.as_ref());
    let (after, fields) = importer.work.claims().update(organization, application, &before, after).await?;
    replace_part(&mut importer.parts(organization, application).await?.claims, &before, after);
    Ok(updated(fields))
}

/// Adds links and never removes any, in either mode.
pub(super) async fn import_role_permissions(importer: &mut Importer<'_>) -> Result<()> {
    for position in importer.application_positions() {
        for (r, role) in position.item.roles.iter().enumerate() {
            for (p, permission) in role.permissions.iter().enumerate() {
                let path = format!("{}.roles[{r}].permissions[{p}]", position.path());
                let slug = format!("{}→{permission}", role.effective_slug());
                let Some((organization, application)) = importer.at(position) else {
                    let error = importer.without_application(position);
                    importer.record_orphan(ItemKind::RolePermission, &slug, path, error);
                    continue;
                };
                importer.work.savepoint().await?;
                let outcome =
                    import_role_permission(importer, &organization, &application, role, permission).await;
                let entry = Item { kind: ItemKind::RolePermission, name: &slug.clone(), slug, path };
                importer.record_outcome(entry, outcome).await?;
            }
        }
    }
    Ok(())
}

async fn import_role_permission(
    importer: &mut Importer<'_>,
    organization: &Organization,
    application: &Application,
    role: &RoleItem,
    permission: &str,
) -> Result<ItemOutcome> {
    let slug = role.effective_slug();
    let parts = importer.parts(organization, application).await?;
    let role = parts.roles.iter().find(|r| r.slug.as_str() == slug).cloned();
    let role = role.ok_or_else(|| DirectoryError::not_found("role", slug))?;
    let found = parts.permissions.iter().find(|p| p.slug == permission).cloned();
    let found = found.ok_or_else(|| DirectoryError::not_found("permission", permission))?;
    let added = importer.work.roles().link_permission(organization, application, &role, &found).await?;
    Ok(if added { ItemOutcome::Created } else { EXISTS })
}

pub(super) async fn import_modules(importer: &mut Importer<'_>) -> Result<()> {
    for position in importer.application_positions() {
        for (i, item) in position.item.modules.iter().enumerate() {
            let path = format!("{}.modules[{i}]", position.path());
            let Some((organization, application)) = importer.at(position) else {
                let error = importer.without_application(position);
                importer.record_orphan(ItemKind::Module, &item.slug, path, error);
                continue;
            };
            importer.work.savepoint().await?;
            let outcome = import_module(importer, &organization, &application, item).await;
            let entry = Item { kind: ItemKind::Module, slug: item.slug.clone(), name: &item.name, path };
            importer.record_outcome(entry, outcome).await?;
        }
    }
    Ok(())
}

async fn import_module(
    importer: &mut Importer<'_>,
    organization: &Organization,
    application: &Application,
    item: &ModuleItem,
) -> Result<ItemOutcome> {
    let known = importer.work.unit.applications(organization.id).modules(application.id).await?;
    let Some(before) = known.into_iter().find(|m| m.slug.as_str() == item.slug) else {
        let new = NewModule {
            name: item.name.clone(),
            slug: Some(item.slug.clone()),
            description: item.description.value(),
            status: item.status.unwrap_or(ModuleStatus::Active),
        };
        importer.work.applications().create_module(organization, application, new).await?;
        return Ok(ItemOutcome::Created);
    };
    if importer.mode == Mode::Merge {
        return Ok(EXISTS);
    }
    let mut after = Module { name: item.name.clone(), ..before.clone() };
    item.description.apply(&mut after.description);
    replace(&mut after.status, item.status.as_ref());
    let mut applications = importer.work.applications();
    let (_, fields) = applications.update_module(organization, application, &before, after).await?;
    Ok(updated(fields))
}

/// Puts an updated part into the cache: the file may name the same part again.
fn replace_part<T: PartialEq>(known: &mut [T], before: &T, after: T) {
    if let Some(part) = known.iter_mut().find(|part| **part == *before) {
        *part = after;
    }
}
