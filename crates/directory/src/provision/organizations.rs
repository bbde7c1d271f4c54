//! Phase 1: organizations.

use porta_core::Slug;
use porta_core::organization::{Branding, Organization};

use super::Mode;
use super::document::{BrandingItem, OrganizationItem};
use super::importer::{Importer, Item, updated};
use super::patch::{Patch, replace};
use super::report::{ItemKind, ItemOutcome};
use crate::organizations::DEFAULT_LOCALE;
use crate::{NewOrganization, Result};

pub(super) async fn import_organizations(importer: &mut Importer<'_>) -> Result<()> {
    for (o, item) in importer.organization_items() {
        if item.is_reference {
            let referenced = referenced(importer, &item.effective_slug()).await?;
            importer.organizations.push(referenced);
            continue;
        }
        importer.work.savepoint().await?;
        let (outcome, organization) = split(import_organization(importer, item).await);
        let entry = Item {
            kind: ItemKind::Organization,
            slug: item.effective_slug(),
            name: &item.name,
            path: format!("organizations[{o}]"),
        };
        let stands = importer.record_outcome(entry, outcome).await?;
        importer.organizations.push(organization.filter(|_| stands));
    }
    Ok(())
}

/// An organization that only other items name. `None`: it is not there, which is reported for those items.
async fn referenced(importer: &mut Importer<'_>, slug: &str) -> Result<Option<Organization>> {
    let Ok(slug) = Slug::parse(slug) else { return Ok(None) };
    Ok(importer.work.unit.organizations().by_slug(&slug).await?)
}

async fn import_organization(
    importer: &mut Importer<'_>,
    item: &OrganizationItem,
) -> Result<(ItemOutcome, Organization)> {
    let slug = Slug::parse(&item.effective_slug())?;
    let Some(before) = importer.work.unit.organizations().by_slug(&slug).await? else {
        let new = NewOrganization {
            name: item.name.clone(),
            slug: Some(slug.to_string()),
            default_locale: item.default_locale.value(),
            default_login_methods: item.default_login_methods.clone(),
            two_factor_policy: item.two_factor_policy,
            branding: branding(Branding::default(), &item.branding),
        };
        return Ok((ItemOutcome::Created, importer.work.organizations().create(new).await?));
    };
    if importer.mode == Mode::Merge {
        return Ok((ItemOutcome::Skipped("Already exists (merge mode)"), before));
    }
    let mut after = before.clone();
    after.name.clone_from(&item.name);
    match &item.default_locale {
        Patch::Keep => {}
        Patch::Clear => DEFAULT_LOCALE.clone_into(&mut after.default_locale),
        Patch::Set(locale) => after.default_locale.clone_from(locale),
    }
    replace(&mut after.default_login_methods, item.default_login_methods.as_ref());
    replace(&mut after.two_factor_policy, item.two_factor_policy.as_ref());
    after.branding = branding(after.branding, &item.branding);
    let (after, fields) = importer.work.organizations().update(&before, after).await?;
    Ok((updated(fields), after))
}

fn branding(mut branding: Branding, item: &BrandingItem) -> Branding {
    item.primary_color.apply(&mut branding.primary_color);
    item.company_name.apply(&mut branding.company_name);
    item.custom_css.apply(&mut branding.custom_css);
    item.logo_url.apply(&mut branding.logo_url);
    item.favicon_url.apply(&mut branding.favicon_url);
    branding
}

/// Splits a result into the outcome for the report and the entity for its children.
pub(super) fn split<T>(outcome: Result<(ItemOutcome, T)>) -> (Result<ItemOutcome>, Option<T>) {
    match outcome {
        Ok((done, entity)) => (Ok(done), Some(entity)),
        Err(error) => (Err(error), None),
    }
}
