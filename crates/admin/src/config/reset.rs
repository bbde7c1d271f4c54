//! `DELETE /config/{key}`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_web::reply::Reply;

use super::input::{SettingParameters, named};
use super::view::SettingEntry;
use crate::access::{Authorized, UpdateSettings};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::etag::{self, with_etag};
use crate::list::Query;
use crate::path::InPath;
use crate::state::AdminState;

/// Reset a setting of the platform to its default, or of an organization to the platform's value.
#[utoipa::path(delete, path = "/config/{key}", tag = "config",
    params(
        SettingParameters,
        ("If-Match" = Option<String>, Header, description = "Version that the change is based on: the `ETag` of an answer."),
    ),
    responses((status = 200, body = Data<SettingEntry>, headers(("ETag" = String)))))]
pub(crate) async fn reset_setting(
    caller: Authorized<UpdateSettings>,
    State(state): State<AdminState>,
    InPath(key): InPath<String>,
    query: Query,
    headers: HeaderMap,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let organization = match query.text("organizationId") {
        Some(name) => Some(unit.organization(name).await?),
        None => None,
    };
    let organization = organization.as_ref();
    let before = unit.settings().find(organization, &key).await.map_err(named(&key))?;
    etag::check(&headers, &SettingEntry::tag(&before), &SettingEntry::from(before.clone()))?;
    unit.settings().reset(organization, &before).await?;
    let after = unit.settings().find(organization, &key).await?;
    unit.commit().await?;
    let tag = SettingEntry::tag(&after);
    Ok(with_etag(answer::ok(SettingEntry::from(after)), &tag))
}
