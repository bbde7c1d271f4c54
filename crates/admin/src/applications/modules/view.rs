//! A module as the API shows it.

use porta_core::EntityId as _;
use porta_core::application::{Module, ModuleStatus};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::time;
use crate::etag;

/// A module of an application.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Module)]
pub(crate) struct ModuleView {
    id: Uuid,
    application_id: Uuid,
    name: String,
    slug: String,
    description: Option<String>,
    /// `active` or `inactive`.
    status: &'static str,
    /// Whether the status is `active`.
    is_active: bool,
    created_at: String,
    updated_at: String,
}

impl ModuleView {
    /// The tag of the module's version.
    pub(crate) fn tag(module: &Module) -> String {
        etag::tag(module.id.uuid(), module.version, &Self::from(module.clone()))
    }
}

impl From<Module> for ModuleView {
    fn from(module: Module) -> Self {
        Self {
            id: module.id.uuid(),
            application_id: module.application_id.uuid(),
            name: module.name,
            slug: module.slug.to_string(),
            description: module.description,
            status: module.status.as_str(),
            is_active: module.status == ModuleStatus::Active,
            created_at: time(module.created_at),
            updated_at: time(module.updated_at),
        }
    }
}
