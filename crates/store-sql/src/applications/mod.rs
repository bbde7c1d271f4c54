//! Applications. An organization sees its own and the platform's shared ones and changes its own; the super-admin
//! organization also changes shared ones.

pub(crate) mod all;
pub(crate) mod children;
mod repository;
pub(crate) mod rights;

use porta_core::application::{Application, ApplicationStatus};
use porta_core::{ApplicationId, OrganizationId, Slug, Timestamp, Version};
use porta_store::{ApplicationFilter, ApplicationSort, Page, PageRequest, Result, SortedCursor};

use self::children::Children;
use self::rights::Assignments;
use crate::kernel::{
    APPLICATIONS, List, Record, Row, Runner, Search, Sort, Value, at, columns, int, opt_text, opt_uuid,
    statements, text, uuid, values_of,
};

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
    ($($form:tt)+) => {
        $crate::kernel::columns! {
            $($form)+; id, organization_id, name, slug, description, status, created_at, updated_at, version
        }
    };
}
pub(super) use application_columns;
application_columns!(enum ApplicationColumn of "applications");

/// The columns that an update writes.
macro_rules! edited_columns {
    ($($form:tt)+) => {
        columns! { $($form)+; name, description, updated_at }
    };
}

macro_rules! select_application {
    () => {
        concat!("SELECT ", application_columns!(list "a."), " FROM applications a")
    };
}
pub(super) use select_application;

statements! {
    // Own ones first: false sorts before true.
    BY_SLUG: Read = concat!(select_application!(), " WHERE a.slug = $2 AND ", visible!(),
         " ORDER BY a.organization_id IS NULL LIMIT 1");
    BY_ID: Read = concat!(select_application!(), " WHERE a.id = $2 AND ", visible!());
    INSERT: Write = concat!("INSERT INTO applications (", application_columns!(list ""), ") \
         SELECT ", application_columns!(arguments 2), " FROM organizations o \
         WHERE o.id = $1 AND (o.id = $3 OR (o.is_super_admin AND $3 IS NULL))");
    UPDATE: Write = concat!("UPDATE applications AS a SET ", edited_columns!(assignments 4), ", version = version + 1 \
         WHERE a.id = $2 AND a.version = $3 AND ", writable!());
    VERSION: Read = concat!("SELECT a.version FROM applications a WHERE a.id = $2 AND ", writable!());
    SET_STATUS: Write = concat!("UPDATE applications AS a SET status = $4, updated_at = $5, version = version + 1 \
         WHERE a.id = $2 AND a.status = $3 AND ", writable!());
}

fn value(a: &Application, column: ApplicationColumn) -> Value<'_> {
    match column {
        ApplicationColumn::id => uuid(a.id),
        ApplicationColumn::organization_id => opt_uuid(a.organization_id),
        ApplicationColumn::name => text(&a.name),
        ApplicationColumn::slug => text(a.slug.as_str()),
        ApplicationColumn::description => opt_text(a.description.as_deref()),
        ApplicationColumn::status => text(a.status.as_str()),
        ApplicationColumn::created_at => at(a.created_at),
        ApplicationColumn::updated_at => at(a.updated_at),
        ApplicationColumn::version => int(a.version.number()),
    }
}

fn read(row: &Row) -> Result<Application> {
    read_record(&row.record())
}

fn read_record(r: &Record<'_, ApplicationColumn>) -> Result<Application> {
    Ok(Application {
        id: r.id(ApplicationColumn::id)?,
        organization_id: r.opt_id(ApplicationColumn::organization_id)?,
        name: r.text(ApplicationColumn::name)?,
        slug: r.parsed(ApplicationColumn::slug, |s| Slug::parse(s).ok())?,
        description: r.opt_text(ApplicationColumn::description)?,
        status: r.parsed(ApplicationColumn::status, ApplicationStatus::parse)?,
        created_at: r.time(ApplicationColumn::created_at)?,
        updated_at: r.time(ApplicationColumn::updated_at)?,
        version: Version::stored(r.int(ApplicationColumn::version)?),
    })
}

fn filtered<'v>(list: List<'v>, filter: &ApplicationFilter, search: Option<&'v Search>) -> List<'v> {
    list.filter_if_some("a.organization_id = ?", filter.owner.map(uuid))
        .filter_if_some("a.status = ?", filter.status.map(|status| text(status.as_str())))
        .among("a.id", filter.ids.as_deref())
        .search(&APPLICATIONS, search)
}

fn sort_by(sort: ApplicationSort) -> Sort<ApplicationColumn> {
    match sort {
        ApplicationSort::Name => Sort::text(ApplicationColumn::name),
        ApplicationSort::CreatedAt => Sort::time(ApplicationColumn::created_at),
    }
}

pub(crate) struct Applications<'a> {
    pub(crate) run: Runner<'a>,
    pub(crate) organization: OrganizationId,
}

impl<'a> Applications<'a> {
    fn children(&mut self) -> Children<'_, 'a> {
        Children { run: &mut self.run, organization: self.organization }
    }

    fn assignments(&mut self) -> Assignments<'_, 'a> {
        Assignments { run: &mut self.run, organization: self.organization }
    }

    async fn find_slug(&mut self, slug: &Slug) -> Result<Option<Application>> {
        let row = self.run.row(&BY_SLUG, &[uuid(self.organization), text(slug.as_str())]).await?;
        row.as_ref().map(read).transpose()
    }

    async fn find(&mut self, id: ApplicationId) -> Result<Option<Application>> {
        self.run.row(&BY_ID, &[uuid(self.organization), uuid(id)]).await?.as_ref().map(read).transpose()
    }

    async fn store(&mut self, a: &Application) -> Result<()> {
        let mut values = vec![uuid(self.organization)];
        values.extend(values_of(|column| value(a, column)));
        self.run.must_affect_row(&INSERT, &values, "organization").await
    }

    async fn rewrite(&mut self, a: &Application) -> Result<bool> {
        let key = [uuid(self.organization), uuid(a.id)];
        let mut values = key.to_vec();
        values.push(int(a.version.number()));
        values.extend(edited_columns!(some ApplicationColumn).map(|column| value(a, column)));
        self.run.update_version(&UPDATE, &values, &VERSION, &key, "application").await
    }

    async fn sorted(
        &mut self,
        filter: &ApplicationFilter,
        page: &PageRequest<ApplicationSort>,
    ) -> Result<Page<Application, SortedCursor>> {
        let search = filter.search.as_deref().map(Search::of);
        let sort = sort_by(page.sort);
        let list = List::new(concat!(module_path!(), "::LIST"), self.run.dialect(), select_application!())
            .filter("(a.organization_id = ? OR a.organization_id IS NULL)", uuid(self.organization));
        let list = filtered(list, filter, search.as_ref())
            .page("a.", (sort, page.direction), page.start.cursor(), page.limit)?
            .skip(page.start.offset());
        sort.page_of(&self.run.list(list).await?, page.limit, read, |a| a.id)
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
