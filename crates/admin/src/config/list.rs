//! `GET /config`.

use axum::extract::State;
use porta_web::reply::Reply;

use super::input::SettingParameters;
use super::view::SettingEntry;
use crate::access::{Authorized, ReadSettings};
use crate::answer::{self, Data};
use crate::error::Result;
use crate::list::Query;
use crate::state::AdminState;

/// List all settings with the values in force; of an organization, those that it may override.
#[utoipa::path(get, path = "/config", tag = "config", params(SettingParameters),
    responses((status = 200, body = Data<Vec<SettingEntry>>)))]
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
    Ok(answer::ok(settings.into_iter().map(SettingEntry::from).collect::<Vec<_>>()))
}
