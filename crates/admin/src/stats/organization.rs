//! `GET /stats/organization/{orgId}`.

use axum::extract::State;
use porta_core::EntityId as _;
use porta_web::reply::Reply;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::kept;
use super::view::{Activity, Counts, Users};
use crate::access::{Authorized, ReadStatistics};
use crate::answer::{self, Data, time};
use crate::error::Result;
use crate::path::InPath;
use crate::state::AdminState;

/// Numbers of one organization.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationStatistics {
    organization_id: Uuid,
    users: Users,
    clients: Counts,
    login_activity: Activity,
    generated_at: String,
}

/// Get the numbers of an organization.
///
/// They are about a minute old at most.
#[utoipa::path(get, path = "/stats/organization/{orgId}", tag = "stats",
    responses((status = 200, body = Data<OrganizationStatistics>)))]
pub(crate) async fn get_organization_statistics(
    _: Authorized<ReadStatistics>,
    State(state): State<AdminState>,
    InPath(organization): InPath<String>,
) -> Result<Reply> {
    let queries = state.directory.queries();
    let id = queries.organization(&organization).await?.id;
    let count = async { queries.statistics().overview(Some(id)).await };
    let counted = state.statistics.get(Some(id), state.clock.now(), count).await?;
    Ok(kept(answer::ok(OrganizationStatistics {
        organization_id: id.uuid(),
        users: Users::from(&counted.users),
        clients: Counts::from(&counted.entities.clients),
        login_activity: counted.logins.into(),
        generated_at: time(counted.generated_at),
    })))
}
