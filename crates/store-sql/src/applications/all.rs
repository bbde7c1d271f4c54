//! The applications of all owners, for operators.

use async_trait::async_trait;
use porta_core::application::Application;
use porta_core::{ApplicationId, Slug};
use porta_store::{AllApplicationRepository, Result};

use super::{application_columns, read, read_record, select_application};
use crate::kernel::{Runner, statements, text, uuid};

statements! {
    BY_ID: Read = concat!(select_application!(), " WHERE a.id = $1");
    BY_SLUG: Read = concat!("SELECT ", application_columns!(list "a."), ", COALESCE(o.is_super_admin, TRUE) \
         FROM applications a LEFT JOIN organizations o ON o.id = a.organization_id WHERE a.slug = $1 ORDER BY CASE WHEN o.is_super_admin THEN 0 WHEN a.organization_id IS NULL THEN 1 ELSE 2 END, \
         a.created_at, a.id LIMIT 2");
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
}
