//! `PUT /config/{key}`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_web::reply::Reply;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::input::{SettingParameters, named};
use super::view::SettingEntry;
use crate::access::{Authorized, UpdateSettings};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::etag::{self, with_etag};
use crate::list::Query;
use crate::path::InPath;
use crate::state::AdminState;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewSetting {
    /// A number, or a duration such as `900`, `15m` or `12h`; as text or as a number.
    #[schema(value_type = Value, required)]
    value: Option<Value>,
    /// As in the query; this one counts.
    organization_id: Option<String>,
}

/// Set a setting of the platform or of an organization.
///
/// It is in force at once.
#[utoipa::path(put, path = "/config/{key}", tag = "config", request_body = NewSetting,
    params(
        SettingParameters,
        ("If-Match" = Option<String>, Header, description = "Version that the change is based on: the `ETag` of an answer."),
    ),
    responses((status = 200, body = Data<SettingEntry>, headers(("ETag" = String)))))]
pub(crate) async fn set_setting(
    caller: Authorized<UpdateSettings>,
    State(state): State<AdminState>,
    InPath(key): InPath<String>,
    query: Query,
    headers: HeaderMap,
    JsonBody(body): JsonBody<NewSetting>,
) -> Result<Reply> {
    let value = match body.value {
        None => return Err(AdminError::invalid("value", "name a value")),
        Some(Value::String(text)) if text.is_empty() => {
            return Err(AdminError::invalid("value", "Value must not be empty"));
        }
        Some(value) => value,
    };
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let organization = match body.organization_id.as_deref().or_else(|| query.text("organizationId")) {
        Some(name) => Some(unit.organization(name).await?),
        None => None,
    };
    let organization = organization.as_ref();
    let before = unit.settings().find(organization, &key).await.map_err(named(&key))?;
    etag::check(&headers, &SettingEntry::tag(&before), &SettingEntry::from(before.clone()))?;
    unit.settings().replace(organization, &before, &value).await?;
    let after = unit.settings().find(organization, &key).await?;
    unit.commit().await?;
    let tag = SettingEntry::tag(&after);
    Ok(with_etag(answer::ok(SettingEntry::from(after)), &tag))
}
