//! The applications of all owners, for operators.

use std::collections::HashMap;

use async_trait::async_trait;
use porta_core::application::Application;
use porta_core::{ApplicationId, ClaimDefinitionId, PermissionId, RoleId, Slug};
use porta_store::{
    AllApplicationRepository, ApplicationCounts, ApplicationFilter, ApplicationSort, ListedRole, Page,
    PageRequest, Result, RoleCounts, RoleFilter, RoleSort, SortedCursor,
};

use super::children::{RoleColumn, read_role, role_columns};
use super::{application_columns, filtered, read, read_record, select_application, sort_by};
use crate::counts::{count_each, next_count, of_each};
use crate::kernel::{List, Reader, Row, Runner, Search, Sort, search_pattern, statements, text, uuid};

/// What belongs to application `p`.
macro_rules! parts {
    () => {
        "(SELECT count(*) FROM application_modules m WHERE m.application_id = p.id), \
         (SELECT count(*) FROM clients c WHERE c.application_id = p.id), \
         (SELECT count(*) FROM roles r WHERE r.application_id = p.id)"
    };
}
/// What role `p` confers, and who has it.
macro_rules! of_role {
    () => {
        "(SELECT count(*) FROM role_permissions rp WHERE rp.role_id = p.id), \
         (SELECT count(*) FROM user_roles ur WHERE ur.role_id = p.id)"
    };
}
/// The roles that have permission `p`.
macro_rules! of_permission {
    () => {
        "(SELECT count(*) FROM role_permissions rp WHERE rp.permission_id = p.id)"
    };
}
/// The values of claim `p`, at most one of each user.
macro_rules! of_claim {
    () => {
        "(SELECT count(*) FROM custom_claim_values v WHERE v.claim_id = p.id)"
    };
}

statements! {
    BY_ID: Read = concat!(select_application!(), " WHERE a.id = $1");
    BY_SLUG: Read = concat!("SELECT ", application_columns!(list "a."), ", COALESCE(o.is_super_admin, TRUE) \
         FROM applications a LEFT JOIN organizations o ON o.id = a.organization_id WHERE a.slug = $1 ORDER BY CASE WHEN o.is_super_admin THEN 0 WHEN a.organization_id IS NULL THEN 1 ELSE 2 END, \
         a.created_at, a.id LIMIT 2");
    COUNTS: Read = of_each!(postgres, parts!()), sqlite: of_each!(sqlite, parts!());
    ROLE_COUNTS: Read = of_each!(postgres, of_role!()), sqlite: of_each!(sqlite, of_role!());
    PERMISSION_COUNTS: Read = of_each!(postgres, of_permission!()), sqlite: of_each!(sqlite, of_permission!());
    CLAIM_COUNTS: Read = of_each!(postgres, of_claim!()), sqlite: of_each!(sqlite, of_claim!());
}

const COUNT: &str = "SELECT 1 FROM applications a";

/// The name by subquery, and not by join: so every planner reads the roles in the order of the page and stops at its end.
const SELECT_ROLES: &str = concat!(
    "SELECT ",
    role_columns!(list "r."),
    ", (SELECT a.name FROM applications a WHERE a.id = r.application_id) FROM roles r"
);

fn sort_roles_by(sort: RoleSort) -> Sort<RoleColumn> {
    match sort {
        RoleSort::Name => Sort::text(RoleColumn::name),
    }
}

fn read_listed_role(row: &Row) -> Result<ListedRole> {
    let mut r = row.reader("roles");
    Ok(ListedRole { role: read_role(&r.record())?, application_name: r.text()? })
}

pub(crate) struct AllApplications<'a>(pub(crate) Runner<'a>);

#[async_trait]
impl AllApplicationRepository for AllApplications<'_> {
    async fn by_id(&mut self, id: ApplicationId) -> Result<Option<Application>> {
        self.0.row(&BY_ID, &[uuid(id)]).await?.as_ref().map(read).transpose()
    }

    async fn by_slug(&mut self, slug: &Slug) -> Result<Vec<Application>> {
        let mut found = Vec::new();
        for row in self.0.rows(&BY_SLUG, &[text(slug.as_str())]).await? {
            let mut r = row.reader("applications");
            found.push(read_record(&r.record())?);
            let is_of_the_platform = r.flag()?;
            if is_of_the_platform {
                break;
            }
        }
        Ok(found)
    }

    async fn list(
        &mut self,
        filter: &ApplicationFilter,
        page: &PageRequest<ApplicationSort>,
    ) -> Result<Page<Application, SortedCursor>> {
        let search = filter.search.as_deref().map(Search::of);
        let sort = sort_by(page.sort);
        let list = List::new(concat!(module_path!(), "::LIST"), self.0.dialect(), select_application!());
        let list = filtered(list, filter, search.as_ref())
            .page("a.", (sort, page.direction), page.start.cursor(), page.limit)?
            .skip(page.start.offset());
        sort.page_of(&self.0.list(list).await?, page.limit, read, |a| a.id)
    }

    async fn count(&mut self, filter: &ApplicationFilter, at_most: u64) -> Result<u64> {
        let search = filter.search.as_deref().map(Search::of);
        let list = List::new(concat!(module_path!(), "::COUNT"), self.0.dialect(), COUNT);
        self.0.count(filtered(list, filter, search.as_ref()), at_most).await
    }

    async fn roles(
        &mut self,
        filter: &RoleFilter,
        page: &PageRequest<RoleSort>,
    ) -> Result<Page<ListedRole, SortedCursor>> {
        let search = filter.search.as_deref().map(search_pattern);
        let sort = sort_roles_by(page.sort);
        let list = List::new(concat!(module_path!(), "::ROLES"), self.0.dialect(), SELECT_ROLES)
            .among("r.id", filter.ids.as_deref())
            .filter_if_some("r.application_id = ?", filter.application.map(uuid))
            .contains(&["r.name", "r.slug"], search.as_deref())
            .page("r.", (sort, page.direction), page.start.cursor(), page.limit)?
            .skip(page.start.offset());
        sort.page_of(&self.0.list(list).await?, page.limit, read_listed_role, |listed| listed.role.id)
    }

    async fn counts(&mut self, ids: &[ApplicationId]) -> Result<HashMap<ApplicationId, ApplicationCounts>> {
        let read = |r: &mut Reader<'_>| {
            Ok(ApplicationCounts { modules: next_count(r)?, clients: next_count(r)?, roles: next_count(r)? })
        };
        count_each(&mut self.0, &COUNTS, ids, None, read).await
    }

    async fn role_counts(&mut self, ids: &[RoleId]) -> Result<HashMap<RoleId, RoleCounts>> {
        let read = |r: &mut Reader<'_>| Ok(RoleCounts { permissions: next_count(r)?, users: next_count(r)? });
        count_each(&mut self.0, &ROLE_COUNTS, ids, None, read).await
    }

    async fn permission_counts(&mut self, ids: &[PermissionId]) -> Result<HashMap<PermissionId, u64>> {
        count_each(&mut self.0, &PERMISSION_COUNTS, ids, None, next_count).await
    }

    async fn claim_counts(&mut self, ids: &[ClaimDefinitionId]) -> Result<HashMap<ClaimDefinitionId, u64>> {
        count_each(&mut self.0, &CLAIM_COUNTS, ids, None, next_count).await
    }
}
