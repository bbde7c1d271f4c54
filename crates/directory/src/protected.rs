//! What operators cannot change, because administration itself depends on it.

use porta_core::admin::{ADMIN_SLUG, AdminPermission, AdminRole};
use porta_core::application::Application;
use porta_core::organization::Organization;

use crate::{DirectoryError, Result};

/// Whether an application that the organization sees is that of administration. A tenant's own application of that slug
/// is not.
pub(crate) fn is_admin_application(organization: &Organization, application: &Application) -> bool {
    let is_of_a_tenant = application
        .organization_id
        .is_some_and(|owner| owner != organization.id || !organization.is_super_admin);
    !is_of_a_tenant && application.slug.as_str() == ADMIN_SLUG
}

/// Refuses to change a role or permission that is part of the program.
pub(crate) fn refuse_built_in(
    organization: &Organization,
    application: &Application,
    slug: &str,
) -> Result<()> {
    let is_built_in = AdminRole::parse(slug).is_some() || AdminPermission::parse(slug).is_some();
    if is_built_in && is_admin_application(organization, application) {
        return Err(DirectoryError::Forbidden(format!("`{slug}` is built in and cannot be changed")));
    }
    Ok(())
}
