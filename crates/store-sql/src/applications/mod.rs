//! Applications. An organization sees its own and the platform's shared ones and changes its own; the super-admin
//! organization also changes shared ones.

pub(crate) mod children;
mod repository;
pub(crate) mod rights;

use porta_core::application::{Application, ApplicationStatus};
use porta_core::{ApplicationId, OrganizationId, Slug, Timestamp};
use porta_store::Result;

use crate::kernel::{Row, Runner, at, columns, opt_text, opt_uuid, statements, text, uuid};

/// Organization `$1` may see application `a`.
macro_rules! visible {
    () => {
        "(a.organization_id = $1 OR a.organization_id IS NULL)"
    };
}
pub(crate) use visible;

/// Organization `$1` may change application `a`.
macro_rules! writable {
    () => {
        "(a.organization_id = $1 OR (a.organization_id IS NULL \
          AND EXISTS (SELECT 1 FROM organizations o WHERE o.id = $1 AND o.is_super_admin)))"
    };
}
pub(crate) use writable;

macro_rules! application_columns {
    ($prefix:literal) => {
        columns!($prefix, id, organization_id, name, slug, description, status, created_at, updated_at)
    };
}

statements! {
    // Own ones first: false sorts before true.
    BY_SLUG: Read = concat!("SELECT ", application_columns!("a."), " FROM applications a WHERE a.slug = $2 AND ",
        visible!(), " ORDER BY a.organization_id IS NULL LIMIT 1");
    BY_ID: Read = concat!("SELECT ", application_columns!("a."), " FROM applications a WHERE a.id = $2 AND ", visible!());
    INSERT: Write = concat!("INSERT INTO applications (", application_columns!(""), ") \
         SELECT $2, $3, $4, $5, $6, $7, $8, $9 FROM organizations o \
         WHERE o.id = $1 AND (o.id = $3 OR (o.is_super_admin AND $3 IS NULL))");
    UPDATE: Write = concat!("UPDATE applications AS a SET name = $3, description = $4, updated_at = $5 \
         WHERE a.id = $2 AND ", writable!());
    SET_STATUS: Write = concat!("UPDATE applications AS a SET status = $4, updated_at = $5 \
         WHERE a.id = $2 AND a.status = $3 AND ", writable!());
}

fn read(row: &Row) -> Result<Application> {
    let mut r = row.reader("applications");
    Ok(Application {
        id: r.id()?,
        organization_id: r.opt_id()?,
        name: r.text()?,
        slug: r.parsed("slug", |s| Slug::parse(s).ok())?,
        description: r.opt_text()?,
        status: r.parsed("status", ApplicationStatus::parse)?,
        created_at: r.time("created_at")?,
        updated_at: r.time("updated_at")?,
    })
}

pub(crate) struct Applications<'a> {
    pub(crate) run: Runner<'a>,
    pub(crate) organization: OrganizationId,
}

impl Applications<'_> {
    async fn find_slug(&mut self, slug: &Slug) -> Result<Option<Application>> {
        let row = self.run.row(&BY_SLUG, &[uuid(self.organization), text(slug.as_str())]).await?;
        row.as_ref().map(read).transpose()
    }

    async fn find(&mut self, id: ApplicationId) -> Result<Option<Application>> {
        self.run.row(&BY_ID, &[uuid(self.organization), uuid(id)]).await?.as_ref().map(read).transpose()
    }

    async fn store(&mut self, a: &Application) -> Result<()> {
        let values = [
            uuid(self.organization),
            uuid(a.id),
            opt_uuid(a.organization_id),
            text(&a.name),
            text(a.slug.as_str()),
            opt_text(a.description.as_deref()),
            text(a.status.as_str()),
            at(a.created_at),
            at(a.updated_at),
        ];
        self.run.must_affect_row(&INSERT, &values, "organization").await
    }

    async fn rewrite(&mut self, a: &Application) -> Result<bool> {
        let values = [
            uuid(self.organization),
            uuid(a.id),
            text(&a.name),
            opt_text(a.description.as_deref()),
            at(a.updated_at),
        ];
        self.run.affects_row(&UPDATE, &values).await
    }

    async fn change_status(
        &mut self,
        id: ApplicationId,
        from: ApplicationStatus,
        to: ApplicationStatus,
        now: Timestamp,
    ) -> Result<bool> {
        let values = [uuid(self.organization), uuid(id), text(from.as_str()), text(to.as_str()), at(now)];
        self.run.affects_row(&SET_STATUS, &values).await
    }
}
