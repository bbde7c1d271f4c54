//! Tenants.

use async_trait::async_trait;
use porta_core::organization::{Branding, Organization, OrganizationStatus, TwoFactorPolicy};
use porta_core::{OrganizationId, Slug, Timestamp};
use porta_store::{Cursor, OrganizationRepository, Page, Result};

use crate::kernel::{Row, Runner, at, columns, flag, int, json, opt_text, statements, text, uuid};
use crate::unit::{cursor_values, page_of};

macro_rules! organization_columns {
    ($prefix:literal) => {
        columns!(
            $prefix,
            id,
            name,
            slug,
            status,
            is_super_admin,
            branding_logo_url,
            branding_favicon_url,
            branding_primary_color,
            branding_company_name,
            branding_custom_css,
            default_locale,
            two_factor_policy,
            default_login_methods,
            created_at,
            updated_at
        )
    };
}

/// An organization with the ids of its uploaded pictures.
macro_rules! select_organization {
    () => {
        concat!(
            "SELECT ",
            organization_columns!("o."),
            ", (SELECT a.id FROM branding_assets a WHERE a.organization_id = o.id AND a.asset_type = 'logo'), \
             (SELECT a.id FROM branding_assets a WHERE a.organization_id = o.id AND a.asset_type = 'favicon') \
             FROM organizations o "
        )
    };
}

statements! {
    BY_SLUG: Read = concat!(select_organization!(), "WHERE o.slug = $1");
    BY_ID: Read = concat!(select_organization!(), "WHERE o.id = $1");
    INSERT: Write = concat!("INSERT INTO organizations (", organization_columns!(""), ") \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)");
    UPDATE: Write = "UPDATE organizations SET name = $2, is_super_admin = $3, branding_logo_url = $4, \
         branding_favicon_url = $5, branding_primary_color = $6, branding_company_name = $7, \
         branding_custom_css = $8, default_locale = $9, two_factor_policy = $10, default_login_methods = $11, \
         updated_at = $12 WHERE id = $1";
    SET_STATUS: Write =
        "UPDATE organizations SET status = $3, updated_at = $4, tokens_valid_since = $4 WHERE id = $1 AND status = $2";
    PAGE: Read = concat!(select_organization!(), "WHERE (o.created_at, o.id) > ($1, $2) \
         ORDER BY o.created_at, o.id LIMIT $3");
}

fn read(row: &Row) -> Result<Organization> {
    let mut r = row.reader("organizations");
    let mut organization = Organization {
        id: r.id()?,
        name: r.text()?,
        slug: r.parsed("slug", |s| Slug::parse(s).ok())?,
        status: r.parsed("status", OrganizationStatus::parse)?,
        is_super_admin: r.flag()?,
        branding: Branding {
            logo_url: r.opt_text()?,
            favicon_url: r.opt_text()?,
            primary_color: r.opt_text()?,
            company_name: r.opt_text()?,
            custom_css: r.opt_text()?,
            logo_asset: None,
            favicon_asset: None,
        },
        default_locale: r.text()?,
        two_factor_policy: r.parsed("two_factor_policy", TwoFactorPolicy::parse)?,
        default_login_methods: r.json("default_login_methods")?,
        created_at: r.time("created_at")?,
        updated_at: r.time("updated_at")?,
    };
    r.in_table("branding_assets");
    organization.branding.logo_asset = r.opt_id()?;
    organization.branding.favicon_asset = r.opt_id()?;
    Ok(organization)
}

pub(crate) struct Organizations<'a>(pub(crate) Runner<'a>);

#[async_trait]
impl OrganizationRepository for Organizations<'_> {
    async fn by_slug(&mut self, slug: &Slug) -> Result<Option<Organization>> {
        self.0.row(&BY_SLUG, &[text(slug.as_str())]).await?.as_ref().map(read).transpose()
    }

    async fn by_id(&mut self, id: OrganizationId) -> Result<Option<Organization>> {
        self.0.row(&BY_ID, &[uuid(id)]).await?.as_ref().map(read).transpose()
    }

    async fn insert(&mut self, o: &Organization) -> Result<()> {
        let values = [
            uuid(o.id),
            text(&o.name),
            text(o.slug.as_str()),
            text(o.status.as_str()),
            flag(o.is_super_admin),
            opt_text(o.branding.logo_url.as_deref()),
            opt_text(o.branding.favicon_url.as_deref()),
            opt_text(o.branding.primary_color.as_deref()),
            opt_text(o.branding.company_name.as_deref()),
            opt_text(o.branding.custom_css.as_deref()),
            text(&o.default_locale),
            text(o.two_factor_policy.as_str()),
            json(&o.default_login_methods),
            at(o.created_at),
            at(o.updated_at),
        ];
        self.0.execute(&INSERT, &values).await.map(|_| ())
    }

    async fn update(&mut self, o: &Organization) -> Result<bool> {
        let values = [
            uuid(o.id),
            text(&o.name),
            flag(o.is_super_admin),
            opt_text(o.branding.logo_url.as_deref()),
            opt_text(o.branding.favicon_url.as_deref()),
            opt_text(o.branding.primary_color.as_deref()),
            opt_text(o.branding.company_name.as_deref()),
            opt_text(o.branding.custom_css.as_deref()),
            text(&o.default_locale),
            text(o.two_factor_policy.as_str()),
            json(&o.default_login_methods),
            at(o.updated_at),
        ];
        self.0.affects_row(&UPDATE, &values).await
    }

    async fn set_status(
        &mut self,
        id: OrganizationId,
        from: OrganizationStatus,
        to: OrganizationStatus,
        now: Timestamp,
    ) -> Result<bool> {
        self.0.affects_row(&SET_STATUS, &[uuid(id), text(from.as_str()), text(to.as_str()), at(now)]).await
    }

    async fn page(&mut self, after: Option<Cursor>, limit: u32) -> Result<Page<Organization>> {
        let [time, id] = cursor_values(after);
        let rows = self.0.rows(&PAGE, &[time, id, int(i64::from(limit) + 1)]).await?;
        page_of(&rows, limit, read, |o| (o.created_at, o.id))
    }
}
