//! `GET /clients/{clientId}/preview-token`.

use axum::extract::State;
use porta_core::UserId;
use porta_oidc::preview::{ClaimReason, PreviewError, TokenPreview};
use porta_session::TenantLookup;
use porta_web::reply::Reply;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::ClientPath;
use crate::access::{Authorized, PreviewTokens};
use crate::answer::{self, Data};
use crate::error::{AdminError, Result};
use crate::list::Query;
use crate::state::AdminState;

/// What a client would be told about a user who signs in now, with the password alone and without a `claims` parameter.
/// `sid` and `at_hash` are made up.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TokenPreview)]
pub(crate) struct TokenPreviewView {
    /// The scope that would be granted.
    scope: String,
    /// Claims of the ID token. `null`: `openid` is not granted.
    #[schema(value_type = Option<Object>)]
    id_token: Option<Map<String, Value>>,
    /// Answer of the `UserInfo` endpoint. `null`: `openid` is not granted.
    #[schema(value_type = Option<Object>)]
    userinfo: Option<Map<String, Value>>,
    /// What introspection tells of the access token, which itself is opaque.
    #[schema(value_type = Object)]
    access_token: Value,
    /// Where each claim is told, and if not, why.
    claims: Vec<ClaimReasonView>,
}

/// Where a claim is told: `included`, or why not: `scope_missing`, `no_value`, or `switched_off` by its definition or by
/// a setting of the client.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClaimReason)]
pub(crate) struct ClaimReasonView {
    name: String,
    /// The scope that the claim comes with. `null`: a claim of the application, which comes with `openid`.
    scope: Option<&'static str>,
    id_token: &'static str,
    userinfo: &'static str,
}

impl From<ClaimReason> for ClaimReasonView {
    fn from(reason: ClaimReason) -> Self {
        Self {
            name: reason.name,
            scope: reason.scope,
            id_token: reason.id_token.as_str(),
            userinfo: reason.userinfo.as_str(),
        }
    }
}

impl TokenPreviewView {
    fn of(preview: TokenPreview) -> Result<Self> {
        let access_token = serde_json::to_value(&preview.access_token);
        Ok(Self {
            scope: preview.scope,
            id_token: preview.id_token,
            userinfo: preview.userinfo,
            access_token: access_token.map_err(|error| AdminError::failed(&error))?,
            claims: preview.claims.into_iter().map(ClaimReasonView::from).collect(),
        })
    }
}

impl From<PreviewError> for AdminError {
    fn from(error: PreviewError) -> Self {
        match error {
            PreviewError::UnusableClient => {
                Self::Rule("The client is not active, or does not serve the user's organization".to_owned())
            }
            PreviewError::NoSignIn => Self::Rule("The client cannot sign anybody in".to_owned()),
            PreviewError::NobodySignsIn => Self::Rule("The user may not sign in".to_owned()),
            PreviewError::Scope(text) => Self::invalid("scope", text),
            PreviewError::Backend(error) => Self::from(error),
        }
    }
}

/// Preview the tokens that a client would get for a user.
///
/// Nothing is signed, stored or recorded.
#[utoipa::path(get, path = "/preview-token", tag = "clients",
    params(
        ("userId" = String, Query, description = "Id of the user."),
        ("scope" = Option<String>, Query, description = "Requested scopes, separated by spaces; left out: all that the client may ask for."),
    ),
    responses((status = 200, body = Data<TokenPreviewView>)))]
pub(crate) async fn preview_client_tokens(
    _: Authorized<PreviewTokens>,
    State(state): State<AdminState>,
    path: ClientPath,
    query: Query,
) -> Result<Reply> {
    let user = query.id("userId", UserId::parse)?;
    let user = user.ok_or_else(|| AdminError::invalid("userId", "name a user"))?;
    let queries = state.directory.queries();
    let client = queries.clients().find(&path.client).await?.client;
    let (organization, user) = queries.users().find(None, &user.to_string()).await?;
    let TenantLookup::Active(tenant) = state.shared.tenants.find(organization.slug.as_str()).await? else {
        return Err(AdminError::Rule("The organization of the user is not active".to_owned()));
    };
    let previews = &state.provider()?.previews;
    let preview = previews.of(&tenant, client.client_id.as_str(), user.id, query.text("scope")).await?;
    Ok(answer::ok(TokenPreviewView::of(preview)?))
}
