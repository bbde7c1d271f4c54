//! `PUT /applications/{appId}/claims/{claimId}`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_core::application::ClaimDefinition;
use porta_web::reply::Reply;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

use super::view::ClaimView;
use crate::access::{Authorized, UpdateClaims};
use crate::answer::{self, Data};
use crate::body::{JsonBody, double_option};
use crate::error::{AdminError, Result};
use crate::etag::{self, with_etag};
use crate::path::InPath;
use crate::state::AdminState;

/// Whether a field is there, whatever its value.
fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// What changes. A field that is left out stays as it is; the name in tokens and the type cannot change.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClaimChange {
    /// The name for operators. `null`: the one in tokens.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 255)]
    name: Option<Option<String>>,
    /// `null` clears it.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(max_length = 2000)]
    description: Option<Option<String>>,
    include_in_id_token: Option<bool>,
    include_in_access_token: Option<bool>,
    include_in_userinfo: Option<bool>,
    /// Accepted and ignored.
    #[serde(default, deserialize_with = "is_there")]
    #[schema(value_type = Option<serde_json::Value>)]
    is_required: bool,
    /// Accepted and ignored.
    #[serde(default, deserialize_with = "is_there")]
    #[schema(value_type = Option<serde_json::Value>)]
    default_value: bool,
    /// Accepted and ignored.
    #[serde(default, deserialize_with = "is_there")]
    #[schema(value_type = Option<serde_json::Value>)]
    validation_rules: bool,
    /// Accepted and ignored.
    #[serde(default, deserialize_with = "is_there")]
    #[schema(value_type = Option<serde_json::Value>)]
    application_id: bool,
}

impl ClaimChange {
    /// Whether the request names no field at all, not even one that is ignored.
    fn is_empty(&self) -> bool {
        let includes = [self.include_in_id_token, self.include_in_access_token, self.include_in_userinfo];
        let ignored = [self.is_required, self.default_value, self.validation_rules, self.application_id];
        self.name.is_none()
            && self.description.is_none()
            && includes.iter().all(Option::is_none)
            && !ignored.contains(&true)
    }

    /// The claim after the change.
    fn applied_to(self, before: &ClaimDefinition) -> ClaimDefinition {
        ClaimDefinition {
            display_name: self.name.unwrap_or_else(|| before.display_name.clone()),
            description: self.description.unwrap_or_else(|| before.description.clone()),
            include_in_id_token: self.include_in_id_token.unwrap_or(before.include_in_id_token),
            include_in_access_token: self.include_in_access_token.unwrap_or(before.include_in_access_token),
            include_in_userinfo: self.include_in_userinfo.unwrap_or(before.include_in_userinfo),
            ..before.clone()
        }
    }
}

/// Change a claim.
#[utoipa::path(put, path = "/applications/{appId}/claims/{claimId}", tag = "claims", request_body = ClaimChange,
    params(("If-Match" = Option<String>, Header, description = "Version that the change is based on: the `ETag` of an answer.")),
    responses((status = 200, body = Data<ClaimView>, headers(("ETag" = String)))))]
pub(crate) async fn update_claim(
    caller: Authorized<UpdateClaims>,
    State(state): State<AdminState>,
    InPath((application, claim)): InPath<(String, String)>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<ClaimChange>,
) -> Result<Reply> {
    if body.is_empty() {
        return Err(AdminError::Rule("No fields to update".to_owned()));
    }
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, application) = unit.applications().find(&application).await?;
    let before = unit.claims().find(&organization, &application, &claim).await?;
    etag::check(&headers, &ClaimView::tag(&before), &ClaimView::from(before.clone()))?;
    let after = body.applied_to(&before);
    let (claim, _) = unit.claims().update(&organization, &application, &before, after).await?;
    unit.commit().await?;
    let tag = ClaimView::tag(&claim);
    Ok(with_etag(answer::ok(ClaimView::from(claim)), &tag))
}
