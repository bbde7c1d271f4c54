//! `GET` and `PUT /organizations/{orgId}/two-factor/policy`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_core::organization::{Organization, TwoFactorPolicy};
use porta_web::reply::Reply;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::access::{Authorized, ReadOrganizations, UpdateOrganizations};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::etag::{self, with_etag};
use crate::organizations::OrganizationView;
use crate::path::InPath;
use crate::state::AdminState;

/// Which second factor an organization requires of its users.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TwoFactorPolicy)]
pub(crate) struct PolicyView {
    /// One of `validPolicies`.
    two_factor_policy: &'static str,
    valid_policies: Vec<&'static str>,
}

impl PolicyView {
    fn of(organization: &Organization) -> Self {
        Self {
            two_factor_policy: organization.two_factor_policy.as_str(),
            valid_policies: TwoFactorPolicy::ALL.iter().map(|policy| policy.as_str()).collect(),
        }
    }
}

/// A new policy.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewTwoFactorPolicy {
    /// `optional`, `required_email`, `required_totp` or `required_any`.
    two_factor_policy: String,
}

fn reply_with(organization: &Organization) -> Reply {
    with_etag(answer::ok(PolicyView::of(organization)), &OrganizationView::tag(organization))
}

/// Get which second factor an organization requires.
///
/// The tag is the organization's.
#[utoipa::path(get, path = "/policy", tag = "two-factor",
    responses((status = 200, body = Data<PolicyView>, headers(("ETag" = String)))))]
pub(crate) async fn get_two_factor_policy(
    _: Authorized<ReadOrganizations>,
    State(state): State<AdminState>,
    InPath(name): InPath<String>,
) -> Result<Reply> {
    Ok(reply_with(&state.directory.queries().organization(&name).await?))
}

/// Set which second factor an organization requires.
///
/// Whoever lacks it sets it up at the next sign-in.
#[utoipa::path(put, path = "/policy", tag = "two-factor", request_body = NewTwoFactorPolicy,
    params(("If-Match" = Option<String>, Header, description = "Version of the organization that the change is based on.")),
    responses((status = 200, body = Data<PolicyView>, headers(("ETag" = String)))))]
pub(crate) async fn set_two_factor_policy(
    caller: Authorized<UpdateOrganizations>,
    State(state): State<AdminState>,
    InPath(name): InPath<String>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<NewTwoFactorPolicy>,
) -> Result<Reply> {
    let policy = TwoFactorPolicy::parse(&body.two_factor_policy).ok_or_else(|| {
        let words: Vec<&str> = TwoFactorPolicy::ALL.iter().map(|policy| policy.as_str()).collect();
        AdminError::invalid("twoFactorPolicy", format!("use one of {}", words.join(", ")))
    })?;
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let before = unit.organization(&name).await?;
    etag::check(&headers, &OrganizationView::tag(&before), &OrganizationView::from(before.clone()))?;
    let after = Organization { two_factor_policy: policy, ..before.clone() };
    let (organization, _) = unit.organizations().update(&before, after).await?;
    unit.commit().await?;
    Ok(reply_with(&organization))
}
