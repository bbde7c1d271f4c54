//! Users of all organizations.

use porta_core::OrganizationId;
use porta_store::{Page, PageRequest, Result, SortedCursor, UserEntry, UserFilter, UserSort};

use super::People;
use crate::kernel::{List, Row, Search, uuid};
use crate::users::{COUNT, filtered, next_user, sort_by, user_columns};

/// The name by subquery, and not by join: so every planner reads the users in the order of the page and stops at its end.
const SELECT: &str = concat!(
    "SELECT ",
    user_columns!(list "u."),
    ", (SELECT o.name FROM organizations o WHERE o.id = u.organization_id) FROM users u"
);

fn read(row: &Row) -> Result<UserEntry> {
    let mut r = row.reader("users");
    Ok(UserEntry { user: next_user(&mut r)?, organization_name: r.text()? })
}

impl People<'_> {
    pub(super) async fn list_users(
        &mut self,
        of: Option<OrganizationId>,
        filter: &UserFilter,
        page: &PageRequest<UserSort>,
    ) -> Result<Page<UserEntry, SortedCursor>> {
        let search = filter.search.as_deref().map(Search::of);
        let (sort, dialect) = (sort_by(page.sort), self.0.dialect());
        let list = List::new(concat!(module_path!(), "::LIST"), dialect, SELECT)
            .filter_if_some("u.organization_id = ?", of.map(uuid));
        let list = filtered(list, dialect, filter, search.as_ref())
            .page("u.", (sort, page.direction), page.start.cursor(), page.limit)?
            .skip(page.start.offset());
        sort.page_of(&self.0.list(list).await?, page.limit, read, |entry| entry.user.id)
    }

    pub(super) async fn number_of_users(
        &mut self,
        of: Option<OrganizationId>,
        filter: &UserFilter,
        at_most: u64,
    ) -> Result<u64> {
        let search = filter.search.as_deref().map(Search::of);
        let dialect = self.0.dialect();
        let list = List::new(concat!(module_path!(), "::COUNT"), dialect, COUNT)
            .filter_if_some("u.organization_id = ?", of.map(uuid));
        self.0.count(filtered(list, dialect, filter, search.as_ref()), at_most).await
    }
}
