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

impl Importer<'_> {
    pub(super) async fn users(&mut self) -> Result<()> {
        for (o, organization_item) in self.organization_items() {
            for (u, item) in organization_item.users.iter().enumerate() {
                let path = format!("organizations[{o}].users[{u}]");
                let Some(organization) = self.organizations.get(o).cloned().flatten() else {
                    self.record_orphan(ItemKind::User, &item.email, path, "organization");
                    continue;
                };
                self.work.savepoint().await?;
                let (outcome, user) = split(self.user(&organization, (o, u), item).await);
                let entry = Item { kind: ItemKind::User, slug: item.email.clone(), name: &item.email, path };
                let stands = self.record_outcome(entry, outcome).await?;
                if let Some(user) = user.filter(|_| stands) {
                    self.users.insert((o, u), user);
                }
            }
        }
        Ok(())
    }

    async fn user(
        &mut self,
        organization: &Organization,
        key: (usize, usize),
        item: &UserItem,
    ) -> Result<(ItemOutcome, User)> {
        let email = Email::parse(&item.email)?;
        let known = self.work.unit.users(organization.id).by_email(email.shown()).await?;
        let Some(before) = known else {
            let password = match self.hashes.remove(&key) {
                Some(Ok(hash)) => Some(hash),
                Some(Err(problems)) => return Err(DirectoryError::Invalid(problems)),
                None => None,
            };
            let new = NewUser {
                email: item.email.clone(),
                email_verified: item.email_verified.unwrap_or(false),
                password,
                profile: profile(Profile::default(), item),
                is_inactive: item.status == Some(UserItemStatus::Inactive),
            };
            return Ok((ItemOutcome::Created, self.work.users().create(organization, new).await?));
        };
        if self.mode == Mode::Merge {
            return Ok((ItemOutcome::Skipped("Already exists"), before));
        }
        let mut after = User { profile: profile(before.profile.clone(), item), ..before.clone() };
        replace(&mut after.email_verified, item.email_verified.as_ref());
        let (mut user, mut fields) = self.work.users().update(organization, &before, after).await?;
        if let Some(wanted) = item.status.map(status)
            && wanted != user.status
        {
            user = self.work.users().set_status(organization, &user, wanted, None).await?;
            fields.push("status");
        }
        Ok((updated(fields), user))
    }

    /// Adds roles and never removes any, in either mode.
    pub(super) async fn user_roles(&mut self) -> Result<()> {
        for (o, organization_item) in self.organization_items() {
            for (u, item) in organization_item.users.iter().enumerate() {
                for (r, reference) in item.roles.iter().enumerate() {
                    let path = format!("organizations[{o}].users[{u}].roles[{r}]");
                    let slug = format!("{}→{}", item.email, reference.role);
                    let Some((organization, user)) = self.person((o, u)) else {
                        self.record_orphan(ItemKind::UserRole, &slug, path, "user");
                        continue;
                    };
                    self.work.savepoint().await?;
                    let outcome = self.user_role(&organization, &user, reference).await;
                    let entry = Item { kind: ItemKind::UserRole, name: &slug.clone(), slug, path };
                    self.record_outcome(entry, outcome).await?;
                }
            }
        }
        Ok(())
    }

    async fn user_role(
        &mut self,
        organization: &Organization,
        user: &User,
        reference: &RoleReference,
    ) -> Result<ItemOutcome> {
        let application = self.referenced(organization, &reference.app).await?;
        let roles = &self.parts(organization, &application).await?.roles;
        let role = roles.iter().find(|r| r.slug.as_str() == reference.role).cloned();
        let role = role.ok_or_else(|| DirectoryError::not_found("role", &reference.role))?;
        let added = self.work.roles().assign(organization, user, &role).await?;
        Ok(if added { ItemOutcome::Created } else { ItemOutcome::Skipped("Already exists") })
    }

    /// Sets values in either mode.
    pub(super) async fn user_claims(&mut self) -> Result<()> {
        for (o, organization_item) in self.organization_items() {
            for (u, item) in organization_item.users.iter().enumerate() {
                for (c, value) in item.claims.iter().enumerate() {
                    let path = format!("organizations[{o}].users[{u}].claims[{c}]");
                    let slug = format!("{}:{}", item.email, value.claim);
                    let Some((organization, user)) = self.person((o, u)) else {
                        self.record_orphan(ItemKind::UserClaim, &slug, path, "user");
                        continue;
                    };
                    self.work.savepoint().await?;
                    let outcome = self.user_claim(&organization, &user, value).await;
                    let entry = Item { kind: ItemKind::UserClaim, name: &slug.clone(), slug, path };
                    self.record_outcome(entry, outcome).await?;
                }
            }
        }
        Ok(())
    }

    async fn user_claim(
        &mut self,
        organization: &Organization,
        user: &User,
        item: &ClaimValueItem,
    ) -> Result<ItemOutcome> {
        let application = self.referenced(organization, &item.app).await?;
        let claims = &self.parts(organization, &application).await?.claims;
        let claim = claims.iter().find(|c| c.claim_name == item.claim).cloned();
        let claim = claim.ok_or_else(|| DirectoryError::not_found("claim", &item.claim))?;
        let changed = self.work.claims().set_value(organization, user, &claim, &item.value).await?;
        Ok(if changed { ItemOutcome::Created } else { ItemOutcome::Skipped("Unchanged") })
    }

    fn person(&self, key: (usize, usize)) -> Option<(Organization, User)> {
        let organization = self.organizations.get(key.0)?.clone()?;
        Some((organization, self.users.get(&key)?.clone()))
    }
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
