//! `GET /config/{key}`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::input::{SettingParameters, named};
use super::view::SettingEntry;
use crate::access::{Authorized, ReadSettings};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::etag::with_etag;
use crate::list::Query;
use crate::path::InPath;
use crate::state::AdminState;

/// Get a setting with its value in force.
#[utoipa::path(get, path = "/config/{key}", tag = "config", params(SettingParameters),
    responses((status = 200, body = Data<SettingEntry>, headers(("ETag" = String, description = "Version of what is set, for `If-Match`.")))))]
pub(crate) async fn get_setting(
    _: Authorized<ReadSettings>,
    State(state): State<AdminState>,
    InPath(key): InPath<String>,
    query: Query,
) -> Result<Reply> {
    let queries = state.directory.queries();
    let organization = match query.text("organizationId") {
        Some(name) => Some(queries.organization(name).await?),
        None => None,
    };
    let setting = queries.setting(organization.as_ref(), &key).await.map_err(named(&key))?;
    let tag = SettingEntry::tag(&setting);
    Ok(with_etag(answer::ok(SettingEntry::from(setting)), &tag))
}
