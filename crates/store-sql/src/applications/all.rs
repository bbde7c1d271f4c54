//! Applications of all owners.

use async_trait::async_trait;
use porta_core::application::Application;
use porta_core::{ApplicationId, Slug};
use porta_store::{AllApplicationRepository, Result};

use super::{read, select_application};
use crate::kernel::{Runner, statements, text, uuid};

statements! {
    BY_ID: Read = concat!(select_application!(), " WHERE a.id = $1");
    // False sorts before true.
    BY_SLUG: Read = concat!(select_application!(), " WHERE a.slug = $1 ORDER BY NOT EXISTS (SELECT 1 FROM organizations o \
         WHERE o.id = a.organization_id AND o.is_super_admin), a.organization_id IS NOT NULL, a.created_at, a.id LIMIT 2");
}

pub(crate) struct AllApplications<'a>(pub(crate) Runner<'a>);

#[async_trait]
impl AllApplicationRepository for AllApplications<'_> {
    async fn by_id(&mut self, id: ApplicationId) -> Result<Option<Application>> {
        self.0.row(&BY_ID, &[uuid(id)]).await?.as_ref().map(read).transpose()
    }

    async fn by_slug(&mut self, slug: &Slug) -> Result<Vec<Application>> {
        self.0.rows(&BY_SLUG, &[text(slug.as_str())]).await?.iter().map(read).collect()
    }
}
