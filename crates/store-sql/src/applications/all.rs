//! The applications of all owners, for operators.

use async_trait::async_trait;
use porta_core::application::Application;
use porta_core::{ApplicationId, Slug};
use porta_store::{
    AllApplicationRepository, ApplicationFilter, ApplicationSort, Page, PageRequest, Result, SortedCursor,
};

use super::{application_columns, filtered, read, read_record, select_application, sort_by};
use crate::kernel::{List, Runner, Search, statements, text, uuid};

statements! {
    BY_ID: Read = concat!(select_application!(), " WHERE a.id = $1");
    BY_SLUG: Read = concat!("SELECT ", application_columns!(list "a."), ", COALESCE(o.is_super_admin, TRUE) \
         FROM applications a LEFT JOIN organizations o ON o.id = a.organization_id WHERE a.slug = $1 ORDER BY CASE WHEN o.is_super_admin THEN 0 WHEN a.organization_id IS NULL THEN 1 ELSE 2 END, \
         a.created_at, a.id LIMIT 2");
}

const COUNT: &str = "SELECT 1 FROM applications a";

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
}
