//! `DELETE /organizations/{orgId}`.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use porta_core::organization::{CascadeCounts, Organization};
use porta_web::reply::{self, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::OrganizationView;
use crate::access::{ArchiveOrganizations, Authorized};
use crate::error::{AdminError, Result};
use crate::etag;
use crate::list::Query;
use crate::path::InPath;
use crate::state::AdminState;

/// What is deleted together with an organization.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = CascadeCounts)]
pub(crate) struct CascadeCountsView {
    applications: u64,
    clients: u64,
    users: u64,
    roles: u64,
    permissions: u64,
    claim_definitions: u64,
}

impl From<CascadeCounts> for CascadeCountsView {
    fn from(counts: CascadeCounts) -> Self {
        let CascadeCounts { applications, clients, users, roles, permissions, claim_definitions } = counts;
        Self { applications, clients, users, roles, permissions, claim_definitions }
    }
}

/// A deletion, or its preview.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Destruction {
    /// Of a preview only: `true`.
    #[serde(skip_serializing_if = "Option::is_none")]
    dry_run: Option<bool>,
    deleted: bool,
    organization: OrganizationView,
    cascade_counts: CascadeCountsView,
    /// The same as `cascadeCounts`.
    counts: CascadeCountsView,
}

impl Destruction {
    fn answer(organization: Organization, counts: CascadeCounts, is_preview: bool) -> Reply {
        let destruction = Self {
            dry_run: is_preview.then_some(true),
            deleted: !is_preview,
            organization: organization.into(),
            cascade_counts: counts.into(),
            counts: counts.into(),
        };
        reply::json(StatusCode::OK, &destruction)
    }
}

/// The words for a preview. The command line uses the second one.
const PREVIEW: [&str; 2] = ["dry-run", "dryRun"];

/// Whether only a preview is asked for. Anything that is not understood is refused.
fn is_preview(query: &Query) -> Result<bool> {
    query.only(&PREVIEW)?;
    let mut is_preview = false;
    for name in PREVIEW {
        is_preview |= query.word(name, &[("true", true), ("false", false)])?.unwrap_or(false);
    }
    Ok(is_preview)
}

/// Delete an organization with everything it owns.
///
/// Applications, clients, users, sessions and tokens cannot be brought back. Audit rows stay. An application that clients
/// of other organizations use becomes a shared one.
#[utoipa::path(delete, path = "/organizations/{orgId}", tag = "organizations",
    params(
        ("dry-run" = Option<bool>, Query, description = "`true`: tells what would be deleted, and deletes nothing."),
        ("dryRun" = Option<bool>, Query, description = "The same as `dry-run`."),
        ("If-Match" = Option<String>, Header, description = "Version that is to be deleted: the `ETag` of an answer."),
    ),
    responses((status = 200, body = Destruction)))]
pub(crate) async fn destroy_organization(
    caller: Authorized<ArchiveOrganizations>,
    State(state): State<AdminState>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
    query: Query,
) -> Result<Reply> {
    let protected = || AdminError::Protected("Cannot destroy the super-admin organization".to_owned());
    if is_preview(&query)? {
        let queries = state.directory.queries();
        let organization = queries.organization(&name).await?;
        if organization.is_super_admin {
            return Err(protected());
        }
        let counts = queries.organizations().cascade_counts(organization.id).await?;
        return Ok(Destruction::answer(organization, counts, true));
    }
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let organization = unit.organization(&name).await?;
    if organization.is_super_admin {
        return Err(protected());
    }
    let tag = OrganizationView::tag(&organization);
    etag::check(&headers, &tag, &OrganizationView::from(organization.clone()))?;
    let counts = unit.organizations().destroy(&organization).await?;
    unit.commit().await?;
    Ok(Destruction::answer(organization, counts, false))
}
