//! `porta keys list`.

use porta_client::Client;
use porta_client::queries::{ListOrganizationsQuery, ListSigningKeysQuery};
use porta_client::types::{Organization, SigningKey};
use serde::Serialize;

use super::Owner;
use crate::cli::Global;
use crate::cli::access::Access;
use crate::cli::report::Column;
use crate::failure::Failure;
use crate::output::{local, local_or_dash};

/// A key, and the slug of its organization.
#[derive(Serialize)]
struct OwnedKey {
    organization: String,
    #[serde(flatten)]
    key: SigningKey,
}

const COLUMNS: &[Column<OwnedKey>] = &[
    ("Organization", |owned| owned.organization.clone()),
    ("KID", |owned| owned.key.kid.clone()),
    ("Algorithm", |owned| owned.key.algorithm.clone()),
    ("Status", |owned| owned.key.status.clone()),
    ("Created", |owned| local(&owned.key.created_at)),
    ("Retired", |owned| local_or_dash(owned.key.retired_at.as_ref())),
    ("Until", |owned| local_or_dash(owned.key.verify_until.as_ref())),
];

pub(super) async fn run(global: Global, access: &Access, owner: &Owner) -> Result<(), Failure> {
    let admin = access.admin().await?;
    let mut found = Vec::new();
    for organization in organizations(&admin, owner).await? {
        for key in of(&admin, &organization).await? {
            found.push(OwnedKey { organization: organization.slug.clone(), key });
        }
    }
    global.rows(&found, "keys", COLUMNS)
}

/// One organization, or all of them by slug.
pub(super) async fn organizations(admin: &Client, owner: &Owner) -> Result<Vec<Organization>, Failure> {
    if let Some(name) = &owner.org {
        return Ok(vec![admin.organizations.get_organization(name).await?.into_inner()]);
    }
    let mut items = admin.organizations.list_organizations(&ListOrganizationsQuery::default()).items();
    let mut all = Vec::new();
    while let Some(organization) = items.next().await? {
        all.push(organization);
    }
    all.sort_by(|left, right| left.slug.cmp(&right.slug));
    Ok(all)
}

pub(super) async fn of(admin: &Client, organization: &Organization) -> Result<Vec<SigningKey>, Failure> {
    let query = ListSigningKeysQuery {
        organization_id: Some(organization.id.to_string()),
        ..ListSigningKeysQuery::default()
    };
    Ok(admin.keys.list_signing_keys(&query).await?)
}
