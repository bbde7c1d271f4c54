//! `GET /config`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_web::reply::{self, Reply};
use serde::Serialize;
use utoipa::ToSchema;

use super::input::SettingParameters;
use super::view::SettingEntry;
use crate::access::{Authorized, ReadSettings};
use crate::error::Result;
use crate::list::Query;
use crate::state::AdminState;

/// Settings by key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SettingList {
    data: Vec<SettingEntry>,
}

/// List all settings with the values in force; of an organization, those that it may override.
#[utoipa::path(get, path = "/config", tag = "config", params(SettingParameters),
    responses((status = 200, body = SettingList)))]
pub(crate) async fn list_settings(
    _: Authorized<ReadSettings>,
    State(state): State<AdminState>,
    query: Query,
) -> Result<Reply> {
    let organization = match query.text("organizationId") {
        Some(name) => Some(state.directory.queries().organization(name).await?),
        None => None,
    };
    let mut settings = state.directory.settings(organization.as_ref()).await?;
    settings.sort_by_key(|setting| setting.definition.key);
    let answer = SettingList { data: settings.into_iter().map(SettingEntry::from).collect() };
    Ok(reply::json(StatusCode::OK, &answer))
}
