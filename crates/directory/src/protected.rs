//! What operators cannot change, because administration itself depends on it.

use porta_core::UserId;
use porta_core::admin::{ADMIN_SLUG, AdminPermission, AdminRole, SUPER_ADMIN_USER_KEY};
use porta_core::application::Application;
use porta_core::organization::Organization;
use porta_core::user::User;
use porta_store::StoredSetting;

use crate::{Actor, DirectoryError, Result, Transaction};

/// The super-admin user, from the setting that holds the id.
pub(crate) fn super_admin_user(setting: Option<StoredSetting>) -> Option<UserId> {
    setting.and_then(|setting| setting.value.as_str().and_then(UserId::parse))
}

/// The id of the super-admin user; `None`: nothing was installed yet.
pub(crate) async fn find_super_admin_user(work: &mut Transaction) -> Result<Option<UserId>> {
    Ok(super_admin_user(work.unit.settings(None).find(SUPER_ADMIN_USER_KEY).await?))
}

/// Refuses what would take the super-admin user out of action; `verb` says what. Whoever has shell access may do it: they
/// could write to the database as well.
pub(crate) async fn refuse_super_admin_user(
    work: &mut Transaction,
    organization: &Organization,
    user: &User,
    verb: &str,
) -> Result<()> {
    let is_bound = organization.is_super_admin && work.actor.origin().is_some();
    if is_bound && find_super_admin_user(work).await? == Some(user.id) {
        return Err(DirectoryError::Forbidden(format!("Cannot {verb} the super-admin user")));
    }
    Ok(())
}

/// Refuses to change a member of the super-admin organization for somebody who is neither that member nor has every
/// permission: otherwise a lesser administrator could take over the account of a higher one.
pub(crate) fn check_may_change(actor: &Actor, organization: &Organization, user: &User) -> Result<()> {
    let is_self = actor.user() == Some(user.id);
    if !organization.is_super_admin || is_self || actor.is_super_admin() {
        return Ok(());
    }
    let text = "Only a super-admin may change another member of the admin organization";
    Err(DirectoryError::Forbidden(text.to_owned()))
}

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
