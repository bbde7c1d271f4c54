//! Who has a role: newest assignment first, or oldest.

use porta_core::{OrganizationId, RoleId};
use porta_store::{HolderSort, Page, PageRequest, Result, RoleHolder, SortedCursor};

use super::AdministeredRights;
use crate::kernel::{List, Row, Sort, columns, uuid};

/// Columns of `user_roles` as [`SELECT`] names them: pages need the user as `id`.
macro_rules! holder_columns {
    ($($form:tt)+) => {
        columns! { $($form)+; id, role_id, assigned_by, created_at }
    };
}
holder_columns!(enum HolderColumn of "user_roles");

/// The application of the role, to see whether the organization sees it.
macro_rules! application {
    () => {
        " JOIN roles r ON r.id = h.role_id JOIN applications a ON a.id = r.application_id"
    };
}

const SELECT: &str = concat!(
    "SELECT ",
    holder_columns!(list "h."),
    ", u.email, u.given_name, u.family_name, o.id, o.name \
     FROM (SELECT user_id AS id, role_id, assigned_by, created_at FROM user_roles) h \
     JOIN users u ON u.id = h.id JOIN organizations o ON o.id = u.organization_id",
    application!()
);
const COUNT: &str = concat!("SELECT 1 FROM user_roles h", application!());
const COUNT_OF_ORGANIZATION: &str =
    concat!("SELECT 1 FROM user_roles h JOIN users u ON u.id = h.user_id", application!());

fn sort_by(sort: HolderSort) -> Sort<HolderColumn> {
    match sort {
        HolderSort::AssignedAt => Sort::time(HolderColumn::created_at),
    }
}

fn read(row: &Row) -> Result<RoleHolder> {
    let mut reader = row.reader("user_roles");
    let r = reader.record();
    Ok(RoleHolder {
        user_id: r.id(HolderColumn::id)?,
        role_id: r.id(HolderColumn::role_id)?,
        assigned_by: r.opt_id(HolderColumn::assigned_by)?,
        assigned_at: r.time(HolderColumn::created_at)?,
        email: reader.text()?,
        given_name: reader.opt_text()?,
        family_name: reader.opt_text()?,
        organization_id: reader.id()?,
        organization_name: reader.text()?,
    })
}

impl AdministeredRights<'_> {
    fn filtered<'v>(&self, list: List<'v>, role: RoleId, of: Option<OrganizationId>) -> List<'v> {
        list.filter("h.role_id = ?", uuid(role))
            .filter("(a.organization_id = ? OR a.organization_id IS NULL)", uuid(self.organization))
            .filter_if_some("u.organization_id = ?", of.map(uuid))
    }

    pub(super) async fn page_of_holders(
        &mut self,
        role: RoleId,
        of: Option<OrganizationId>,
        page: &PageRequest<HolderSort>,
    ) -> Result<Page<RoleHolder, SortedCursor>> {
        let sort = sort_by(page.sort);
        let list = List::new(concat!(module_path!(), "::LIST"), self.run.dialect(), SELECT);
        let list = self
            .filtered(list, role, of)
            .page("h.", (sort, page.direction), page.start.cursor(), page.limit)?
            .skip(page.start.offset());
        sort.page_of(&self.run.list(list).await?, page.limit, read, |holder| holder.user_id)
    }

    pub(super) async fn number_of_holders(
        &mut self,
        role: RoleId,
        of: Option<OrganizationId>,
        at_most: u64,
    ) -> Result<u64> {
        let select = if of.is_some() { COUNT_OF_ORGANIZATION } else { COUNT };
        let list = List::new(concat!(module_path!(), "::COUNT"), self.run.dialect(), select);
        let list = self.filtered(list, role, of);
        self.run.count(list, at_most).await
    }
}
