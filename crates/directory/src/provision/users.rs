//! Phases 9–11: people, their roles, their claim values.

use porta_core::organization::Organization;
use porta_core::user::{Email, Profile, User, UserStatus};

use super::Mode;
use super::document::{ClaimValueItem, RoleReference, UserItem, UserItemStatus};
use super::importer::{Importer, Item, updated};
use super::organizations::split;
use super::patch::replace;
use super::report::{ItemKind, ItemOutcome};
use crate::{DirectoryError, NewUser, Result};

pub(super) async fn import_users(importer: &mut Importer<'_>) -> Result<()> {
    for (o, organization_item) in importer.organization_items() {
        for (u, item) in organization_item.users.iter().enumerate() {
            let path = format!("organizations[{o}].users[{u}]");
            let Some(organization) = importer.organizations.get(o).cloned().flatten() else {
                if !item.is_reference {
                    let error = importer.without_organization(o);
                    importer.record_orphan(ItemKind::User, &item.email, path, error);
                }
                continue;
            };
            if item.is_reference {
                if let Some(user) = referenced(importer, &organization, &item.email).await? {
                    importer.users.insert((o, u), user);
                }
                continue;
            }
            importer.work.savepoint().await?;
            let (outcome, user) = split(import_user(importer, &organization, (o, u), item).await);
            let entry = Item { kind: ItemKind::User, slug: item.email.clone(), name: &item.email, path };
            let stands = importer.record_outcome(entry, outcome).await?;
            if let Some(user) = user.filter(|_| stands) {
                importer.users.insert((o, u), user);
            }
        }
    }
    Ok(())
}

/// A person whom only assignments name. `None`: nobody, which is reported for those assignments.
async fn referenced(
    importer: &mut Importer<'_>,
    organization: &Organization,
    address: &str,
) -> Result<Option<User>> {
    let Ok(email) = Email::parse(address) else { return Ok(None) };
    Ok(importer.work.unit.users(organization.id).by_email(email.shown()).await?)
}

async fn import_user(
    importer: &mut Importer<'_>,
    organization: &Organization,
    key: (usize, usize),
    item: &UserItem,
) -> Result<(ItemOutcome, User)> {
    let email = Email::parse(&item.email)?;
    let known = importer.work.unit.users(organization.id).by_email(email.shown()).await?;
    let Some(before) = known else {
        let password = match importer.hashes.remove(&key) {
            Some(Ok(hash)) => Some(hash),
            Some(Err(problems)) => return Err(DirectoryError::Invalid(problems)),
            None => None,
        };
        let new = NewUser {
            email: item.email.clone(),
            email_verified: item.email_verified.unwrap_or(false),
            password,
            is_password_temporary: item.password_change_required.unwrap_or(false),
            profile: profile(Profile::default(), item),
            is_inactive: item.status == Some(UserItemStatus::Inactive),
        };
        return Ok((ItemOutcome::Created, importer.work.users().create(organization, new).await?));
    };
    if importer.mode == Mode::Merge {
        return Ok((ItemOutcome::Skipped("Already exists"), before));
    }
    let mut after = User { profile: profile(before.profile.clone(), item), ..before.clone() };
    replace(&mut after.email_verified, item.email_verified.as_ref());
    let (mut user, mut fields) = importer.work.users().update(organization, &before, after).await?;
    if let Some(wanted) = item.status.map(status)
        && wanted != user.status
    {
        user = importer.work.users().set_status(organization, &user, wanted, None).await?;
        fields.push("status");
    }
    Ok((updated(fields), user))
}

/// Adds roles and never removes any, in either mode.
pub(super) async fn import_user_roles(importer: &mut Importer<'_>) -> Result<()> {
    for (o, organization_item) in importer.organization_items() {
        for (u, item) in organization_item.users.iter().enumerate() {
            for (r, reference) in item.roles.iter().enumerate() {
                let path = format!("organizations[{o}].users[{u}].roles[{r}]");
                let slug = format!("{}→{}", item.email, reference.role);
                let Some((organization, user)) = importer.person((o, u)) else {
                    let error = importer.without_person(o, &item.email);
                    importer.record_orphan(ItemKind::UserRole, &slug, path, error);
                    continue;
                };
                importer.work.savepoint().await?;
                let outcome = import_user_role(importer, &organization, &user, reference).await;
                let entry = Item { kind: ItemKind::UserRole, name: &slug.clone(), slug, path };
                importer.record_outcome(entry, outcome).await?;
            }
        }
    }
    Ok(())
}

async fn import_user_role(
    importer: &mut Importer<'_>,
    organization: &Organization,
    user: &User,
    reference: &RoleReference,
) -> Result<ItemOutcome> {
    let application = importer.referenced(organization, &reference.app).await?;
    let roles = &importer.parts(organization, &application).await?.roles;
    let role = roles.iter().find(|r| r.slug.as_str() == reference.role).cloned();
    let role = role.ok_or_else(|| DirectoryError::not_found("role", &reference.role))?;
    let added = importer.work.roles().assign(organization, user, &role).await?;
    Ok(if added { ItemOutcome::Created } else { ItemOutcome::Skipped("Already exists") })
}

/// Sets values in either mode.
pub(super) async fn import_user_claims(importer: &mut Importer<'_>) -> Result<()> {
    for (o, organization_item) in importer.organization_items() {
        for (u, item) in organization_item.users.iter().enumerate() {
            for (c, value) in item.claims.iter().enumerate() {
                let path = format!("organizations[{o}].users[{u}].claims[{c}]");
                let slug = format!("{}:{}", item.email, value.claim);
                let Some((organization, user)) = importer.person((o, u)) else {
                    let error = importer.without_person(o, &item.email);
                    importer.record_orphan(ItemKind::UserClaim, &slug, path, error);
                    continue;
                };
                importer.work.savepoint().await?;
                let outcome = import_user_claim(importer, &organization, &user, value).await;
                let entry = Item { kind: ItemKind::UserClaim, name: &slug.clone(), slug, path };
                importer.record_outcome(entry, outcome).await?;
            }
        }
    }
    Ok(())
}

async fn import_user_claim(
    importer: &mut Importer<'_>,
    organization: &Organization,
    user: &User,
    item: &ClaimValueItem,
) -> Result<ItemOutcome> {
    let application = importer.referenced(organization, &item.app).await?;
    let claims = &importer.parts(organization, &application).await?.claims;
    let claim = claims.iter().find(|c| c.claim_name == item.claim).cloned();
    let claim = claim.ok_or_else(|| DirectoryError::not_found("claim", &item.claim))?;
    let changed = importer.work.claims().set_value(organization, user, &claim, &item.value).await?;
    Ok(if changed { ItemOutcome::Created } else { ItemOutcome::Skipped("Unchanged") })
}

fn status(item: UserItemStatus) -> UserStatus {
    match item {
        UserItemStatus::Active => UserStatus::Active,
        UserItemStatus::Inactive => UserStatus::Inactive,
    }
}

pub(super) fn profile(mut profile: Profile, item: &UserItem) -> Profile {
    item.given_name.apply(&mut profile.given_name);
    item.family_name.apply(&mut profile.family_name);
    item.middle_name.apply(&mut profile.middle_name);
    item.nickname.apply(&mut profile.nickname);
    item.preferred_username.apply(&mut profile.preferred_username);
    item.profile.apply(&mut profile.profile_url);
    item.picture.apply(&mut profile.picture_url);
    item.website.apply(&mut profile.website_url);
    item.gender.apply(&mut profile.gender);
    item.birthdate.apply(&mut profile.birthdate);
    item.zoneinfo.apply(&mut profile.zoneinfo);
    item.locale.apply(&mut profile.locale);
    item.phone_number.apply(&mut profile.phone_number);
    replace(&mut profile.phone_number_verified, item.phone_number_verified.as_ref());
    item.address.street_address.apply(&mut profile.address.street);
    item.address.locality.apply(&mut profile.address.locality);
    item.address.region.apply(&mut profile.address.region);
    item.address.postal_code.apply(&mut profile.address.postal_code);
    item.address.country.apply(&mut profile.address.country);
    profile
}
