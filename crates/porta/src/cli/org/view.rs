//! How organizations are shown.

use porta_client::types::Organization;

use crate::cli::report::{Column, Field};
use crate::output::{local, or_dash};

pub(super) const COLUMNS: &[Column<Organization>] = &[
    ("ID", |organization| organization.id.to_string()),
    ("Name", |organization| organization.name.clone()),
    ("Slug", |organization| organization.slug.clone()),
    ("Status", |organization| organization.status.clone()),
    ("Created", |organization| local(&organization.created_at)),
];

pub(super) fn fields(organization: &Organization) -> Vec<Field> {
    vec![
        ("ID", organization.id.to_string()),
        ("Name", organization.name.clone()),
        ("Slug", organization.slug.clone()),
        ("Status", organization.status.clone()),
        ("Super Admin", if organization.is_super_admin { "yes" } else { "no" }.to_owned()),
        ("Default Locale", organization.default_locale.clone()),
        ("Default Login Methods", organization.default_login_methods.join(", ")),
        ("Second Factor", organization.two_factor_policy.clone()),
        ("Company Name", or_dash(organization.branding_company_name.as_ref())),
        ("Logo URL", or_dash(organization.branding_logo_url.as_ref())),
        ("Primary Color", or_dash(organization.branding_primary_color.as_ref())),
        ("Created", local(&organization.created_at)),
        ("Updated", local(&organization.updated_at)),
    ]
}
