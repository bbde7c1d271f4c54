//! How applications and their parts are shown.

use porta_client::types::{Application, ClaimDefinition, ClaimType, Module, Permission, Role};

use crate::cli::report::{Column, Field};
use crate::output::{local, or_dash};

pub(super) const COLUMNS: &[Column<Application>] = &[
    ("ID", |application| application.id.to_string()),
    ("Name", |application| application.name.clone()),
    ("Slug", |application| application.slug.clone()),
    ("Status", |application| application.status.clone()),
    ("Created", |application| local(&application.created_at)),
];

pub(super) fn fields(application: &Application) -> Vec<Field> {
    vec![
        ("ID", application.id.to_string()),
        ("Organization ID", or_dash(application.organization_id)),
        ("Name", application.name.clone()),
        ("Slug", application.slug.clone()),
        ("Description", or_dash(application.description.as_ref())),
        ("Status", application.status.clone()),
        ("Created", local(&application.created_at)),
        ("Updated", local(&application.updated_at)),
    ]
}

pub(super) const MODULES: &[Column<Module>] = &[
    ("ID", |module| module.id.to_string()),
    ("Name", |module| module.name.clone()),
    ("Slug", |module| module.slug.clone()),
    ("Status", |module| module.status.clone()),
    ("Description", |module| or_dash(module.description.as_ref())),
];

pub(super) const ROLES: &[Column<Role>] = &[
    ("ID", |role| role.id.to_string()),
    ("Name", |role| role.name.clone()),
    ("Slug", |role| role.slug.clone()),
    ("Description", |role| or_dash(role.description.as_ref())),
];

pub(super) fn role_fields(role: &Role) -> Vec<Field> {
    vec![
        ("ID", role.id.to_string()),
        ("Name", role.name.clone()),
        ("Slug", role.slug.clone()),
        ("Description", or_dash(role.description.as_ref())),
        ("Created", local(&role.created_at)),
        ("Updated", local(&role.updated_at)),
    ]
}

pub(super) const PERMISSIONS: &[Column<Permission>] = &[
    ("ID", |permission| permission.id.to_string()),
    ("Name", |permission| permission.name.clone()),
    ("Slug", |permission| permission.slug.clone()),
    ("Description", |permission| or_dash(permission.description.as_ref())),
];

pub(super) fn permission_fields(permission: &Permission) -> Vec<Field> {
    vec![
        ("ID", permission.id.to_string()),
        ("Name", permission.name.clone()),
        ("Slug", permission.slug.clone()),
        ("Module ID", or_dash(permission.module_id)),
        ("Description", or_dash(permission.description.as_ref())),
        ("Created", local(&permission.created_at)),
    ]
}

pub(super) const CLAIMS: &[Column<ClaimDefinition>] = &[
    ("ID", |claim| claim.id.to_string()),
    ("Claim", |claim| claim.claim_name.clone()),
    ("Name", |claim| claim.name.clone()),
    ("Type", |claim| claim_type(&claim.claim_type)),
    ("In", in_tokens),
];

pub(super) fn claim_fields(claim: &ClaimDefinition) -> Vec<Field> {
    vec![
        ("ID", claim.id.to_string()),
        ("Claim", claim.claim_name.clone()),
        ("Name", claim.name.clone()),
        ("Type", claim_type(&claim.claim_type)),
        ("In", in_tokens(claim)),
        ("Description", or_dash(claim.description.as_ref())),
        ("Created", local(&claim.created_at)),
        ("Updated", local(&claim.updated_at)),
    ]
}

fn claim_type(claim_type: &ClaimType) -> String {
    match claim_type {
        ClaimType::String => "string",
        ClaimType::Number => "number",
        ClaimType::Boolean => "boolean",
        ClaimType::Json => "json",
        ClaimType::Unknown(other) => other,
    }
    .to_owned()
}

fn in_tokens(claim: &ClaimDefinition) -> String {
    let places = [
        (claim.include_in_id_token, "ID token"),
        (claim.include_in_access_token, "access token"),
        (claim.include_in_userinfo, "UserInfo"),
    ];
    let places: Vec<&str> = places.into_iter().filter(|(is_in, _)| *is_in).map(|(_, place)| place).collect();
    or_dash((!places.is_empty()).then(|| places.join(", ")))
}
