//! Tenants.

pub(crate) mod destroy;

use std::collections::HashMap;

use async_trait::async_trait;
use porta_core::organization::{Branding, CascadeCounts, Organization, OrganizationStatus, TwoFactorPolicy};
use porta_core::signing_key::{SigningAlgorithm, SigningKeyStatus};
use porta_core::{OrganizationId, RoleId, SigningKeyId, Slug, Timestamp, UserId, Version};
use porta_store::{
    Cursor, Direction, FoundKey, OrganizationCounts, OrganizationFilter, OrganizationRepository,
    OrganizationSort, Page, PageRequest, Result, SortedCursor,
};

use crate::counts::{count_each, next_count, of_each};
use crate::kernel::{
    List, ORGANIZATIONS, Reader, Row, Runner, Search, Sort, Value, at, columns, flag, int, json, opt_text,
    opt_uuid, page_of, statements, text, uuid, values_of,
};

macro_rules! organization_columns {
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+;
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
            updated_at,
            version
        }
    };
}
pub(crate) use organization_columns;
organization_columns!(enum OrganizationColumn of "organizations");

/// The columns that an update writes.
macro_rules! edited_columns {
    ($($form:tt)+) => {
        columns! {
            $($form)+;
            name,
            is_super_admin,
            branding_logo_url,
            branding_favicon_url,
            branding_primary_color,
            branding_company_name,
            branding_custom_css,
            default_locale,
            two_factor_policy,
            default_login_methods,
            updated_at
        }
    };
}

/// Every column of organization `o`, and the ids of its uploaded pictures.
macro_rules! organization_and_pictures {
    () => {
        concat!(
            $crate::organizations::organization_columns!(list "o."),
            ", (SELECT a.id FROM branding_assets a WHERE a.organization_id = o.id AND a.asset_type = 'logo'), \
             (SELECT a.id FROM branding_assets a WHERE a.organization_id = o.id AND a.asset_type = 'favicon')"
        )
    };
}
pub(crate) use organization_and_pictures;

macro_rules! select_organization {
    () => {
        concat!("SELECT ", organization_and_pictures!(), " FROM organizations o")
    };
}

/// What belongs to organization `p`.
macro_rules! counted {
    () => {
        "(SELECT count(*) FROM users u WHERE u.organization_id = p.id), \
         (SELECT count(*) FROM clients c WHERE c.organization_id = p.id)"
    };
}

statements! {
    BY_SLUG: Read = concat!(select_organization!(), " WHERE o.slug = $1");
    BY_ID: Read = concat!(select_organization!(), " WHERE o.id = $1");
    OF_USER: Read = concat!(select_organization!(), " WHERE o.id = (SELECT u.organization_id FROM users u WHERE u.id = $1)");
    OF_ROLE: Read = concat!(select_organization!(), " WHERE o.id = (SELECT COALESCE(a.organization_id, \
         (SELECT s.id FROM organizations s WHERE s.is_super_admin)) \
         FROM roles r JOIN applications a ON a.id = r.application_id WHERE r.id = $1)");
    INSERT: Write = concat!("INSERT INTO organizations (", organization_columns!(list ""), ") \
         VALUES (", organization_columns!(arguments 1), ")");
    UPDATE: Write = concat!("UPDATE organizations SET ", edited_columns!(assignments 3), ", version = version + 1 \
         WHERE id = $1 AND version = $2");
    VERSION: Read = "SELECT version FROM organizations WHERE id = $1";
    // The importer sets the status that is there, to lock the row; that ends no tokens.
    SET_STATUS: Write = "UPDATE organizations SET status = $3, updated_at = $4, \
         tokens_valid_since = CASE WHEN status = $3 THEN tokens_valid_since ELSE $4 END, \
         version = version + CASE WHEN status = $3 THEN 0 ELSE 1 END WHERE id = $1 AND status = $2";
    COUNTS: Read = of_each!(postgres, counted!()), sqlite: of_each!(sqlite, counted!());
    SIGNING_KEY: Read = "SELECT k.id, k.kid, k.algorithm, k.status, o.id, o.name FROM signing_keys k \
         JOIN organizations o ON o.id = k.organization_id WHERE k.kid = $1 OR k.id = $2 \
         ORDER BY CASE WHEN k.kid = $1 THEN 0 ELSE 1 END LIMIT 1";
}

fn value(o: &Organization, column: OrganizationColumn) -> Value<'_> {
    match column {
        OrganizationColumn::id => uuid(o.id),
        OrganizationColumn::name => text(&o.name),
        OrganizationColumn::slug => text(o.slug.as_str()),
        OrganizationColumn::status => text(o.status.as_str()),
        OrganizationColumn::is_super_admin => flag(o.is_super_admin),
        OrganizationColumn::branding_logo_url => opt_text(o.branding.logo_url.as_deref()),
        OrganizationColumn::branding_favicon_url => opt_text(o.branding.favicon_url.as_deref()),
        OrganizationColumn::branding_primary_color => opt_text(o.branding.primary_color.as_deref()),
        OrganizationColumn::branding_company_name => opt_text(o.branding.company_name.as_deref()),
        OrganizationColumn::branding_custom_css => opt_text(o.branding.custom_css.as_deref()),
        OrganizationColumn::default_locale => text(&o.default_locale),
        OrganizationColumn::two_factor_policy => text(o.two_factor_policy.as_str()),
        OrganizationColumn::default_login_methods => json(&o.default_login_methods),
        OrganizationColumn::created_at => at(o.created_at),
        OrganizationColumn::updated_at => at(o.updated_at),
        OrganizationColumn::version => int(o.version.number()),
    }
}

fn read(row: &Row) -> Result<Organization> {
    next_organization(&mut row.reader("branding_assets"))
}

/// An organization from here on, which [`organization_and_pictures`] selected.
pub(crate) fn next_organization(reader: &mut Reader<'_>) -> Result<Organization> {
    let r = reader.record();
    Ok(Organization {
        id: r.id(OrganizationColumn::id)?,
        name: r.text(OrganizationColumn::name)?,
        slug: r.parsed(OrganizationColumn::slug, |s| Slug::parse(s).ok())?,
        status: r.parsed(OrganizationColumn::status, OrganizationStatus::parse)?,
        is_super_admin: r.flag(OrganizationColumn::is_super_admin)?,
        branding: Branding {
            logo_url: r.opt_text(OrganizationColumn::branding_logo_url)?,
            favicon_url: r.opt_text(OrganizationColumn::branding_favicon_url)?,
            primary_color: r.opt_text(OrganizationColumn::branding_primary_color)?,
            company_name: r.opt_text(OrganizationColumn::branding_company_name)?,
            custom_css: r.opt_text(OrganizationColumn::branding_custom_css)?,
            logo_asset: reader.opt_id()?,
            favicon_asset: reader.opt_id()?,
        },
        default_locale: r.text(OrganizationColumn::default_locale)?,
        two_factor_policy: r.parsed(OrganizationColumn::two_factor_policy, TwoFactorPolicy::parse)?,
        default_login_methods: r.json(OrganizationColumn::default_login_methods)?,
        created_at: r.time(OrganizationColumn::created_at)?,
        updated_at: r.time(OrganizationColumn::updated_at)?,
        version: Version::stored(r.int(OrganizationColumn::version)?),
    })
}

fn read_key(row: &Row) -> Result<FoundKey> {
    let mut r = row.reader("signing_keys");
    Ok(FoundKey {
        id: r.id()?,
        kid: r.text()?,
        algorithm: r.parsed("algorithm", SigningAlgorithm::parse)?,
        status: r.parsed("status", SigningKeyStatus::parse)?,
        organization_id: r.id()?,
        organization_name: r.text()?,
    })
}

const COUNT: &str = "SELECT 1 FROM organizations o";

fn filtered<'v>(list: List<'v>, filter: &OrganizationFilter, search: Option<&'v Search>) -> List<'v> {
    list.filter_if_some("o.status = ?", filter.status.map(|status| text(status.as_str())))
        .among("o.id", filter.ids.as_deref())
        .search(&ORGANIZATIONS, search)
}

fn sort_by(sort: OrganizationSort) -> Sort<OrganizationColumn> {
    match sort {
        OrganizationSort::Name => Sort::text(OrganizationColumn::name),
        OrganizationSort::CreatedAt => Sort::time(OrganizationColumn::created_at),
    }
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

    async fn of_user(&mut self, user: UserId) -> Result<Option<Organization>> {
        self.0.row(&OF_USER, &[uuid(user)]).await?.as_ref().map(read).transpose()
    }

    async fn of_role(&mut self, role: RoleId) -> Result<Option<Organization>> {
        self.0.row(&OF_ROLE, &[uuid(role)]).await?.as_ref().map(read).transpose()
    }

    async fn insert(&mut self, o: &Organization) -> Result<()> {
        self.0.execute(&INSERT, &values_of(|column| value(o, column))).await.map(|_| ())
    }

    async fn update(&mut self, o: &Organization) -> Result<bool> {
        let mut values = vec![uuid(o.id), int(o.version.number())];
        values.extend(edited_columns!(some OrganizationColumn).map(|column| value(o, column)));
        self.0.update_version(&UPDATE, &values, &VERSION, &[uuid(o.id)], "organization").await
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
        let after = after.map(SortedCursor::from);
        let list = List::new(concat!(module_path!(), "::PAGE"), self.0.dialect(), select_organization!())
            .page(
                "o.",
                (sort_by(OrganizationSort::CreatedAt), Direction::Ascending),
                after.as_ref(),
                limit,
            )?;
        page_of(&self.0.list(list).await?, limit, read, |o| (o.created_at, o.id))
    }

    async fn list(
        &mut self,
        filter: &OrganizationFilter,
        page: &PageRequest<OrganizationSort>,
    ) -> Result<Page<Organization, SortedCursor>> {
        let search = filter.search.as_deref().map(Search::of);
        let sort = sort_by(page.sort);
        let list = List::new(concat!(module_path!(), "::LIST"), self.0.dialect(), select_organization!());
        let list = filtered(list, filter, search.as_ref())
            .page("o.", (sort, page.direction), page.start.cursor(), page.limit)?
            .skip(page.start.offset());
        sort.page_of(&self.0.list(list).await?, page.limit, read, |o| o.id)
    }

    async fn count(&mut self, filter: &OrganizationFilter, at_most: u64) -> Result<u64> {
        let search = filter.search.as_deref().map(Search::of);
        let list = List::new(concat!(module_path!(), "::COUNT"), self.0.dialect(), COUNT);
        self.0.count(filtered(list, filter, search.as_ref()), at_most).await
    }

    async fn counts(
        &mut self,
        ids: &[OrganizationId],
    ) -> Result<HashMap<OrganizationId, OrganizationCounts>> {
        let read =
            |r: &mut Reader<'_>| Ok(OrganizationCounts { users: next_count(r)?, clients: next_count(r)? });
        count_each(&mut self.0, &COUNTS, ids, None, read).await
    }

    async fn signing_key(&mut self, kid: &str, id: Option<SigningKeyId>) -> Result<Option<FoundKey>> {
        // PostgreSQL refuses a zero byte as an argument, and no key has one.
        if kid.contains('\0') {
            return Ok(None);
        }
        let row = self.0.row(&SIGNING_KEY, &[text(kid), opt_uuid(id)]).await?;
        row.as_ref().map(read_key).transpose()
    }

    async fn cascade_counts(&mut self, id: OrganizationId) -> Result<CascadeCounts> {
        destroy::counts(&mut self.0, id).await
    }

    async fn destroy(&mut self, id: OrganizationId, now: Timestamp) -> Result<Option<CascadeCounts>> {
        let mut scope = self.0.scope().await?;
        let counts = destroy::destroy(&mut scope.run(), id, now).await?;
        scope.finish().await?;
        Ok(counts)
    }
}
