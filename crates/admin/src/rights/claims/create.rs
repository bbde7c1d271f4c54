//! `POST /applications/{appId}/claims`.

use axum::extract::State;
use porta_directory::NewClaim;
use porta_web::reply::Reply;
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::{ClaimTypeWord, ClaimView};
use crate::access::{Authorized, CreateClaims};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::etag::with_etag;
use crate::path::InPath;
use crate::state::AdminState;

/// A new claim. It needs a name in tokens and a type.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewClaimBody {
    /// The name in tokens; it cannot change.
    #[schema(max_length = 100)]
    claim_name: Option<String>,
    /// The same as `claimName`, which comes first.
    #[schema(max_length = 100)]
    slug: Option<String>,
    /// The name for operators. Without `claimName` and `slug` the name in tokens.
    #[schema(max_length = 255)]
    name: Option<String>,
    /// It cannot change.
    claim_type: Option<ClaimTypeWord>,
    /// The same as `claimType`, which comes first.
    value_type: Option<ClaimTypeWord>,
    #[schema(max_length = 2000)]
    description: Option<String>,
    /// `false` if left out.
    include_in_id_token: Option<bool>,
    /// `true` if left out.
    include_in_access_token: Option<bool>,
    /// `true` if left out.
    include_in_userinfo: Option<bool>,
}

impl NewClaimBody {
    fn into_new(self) -> Result<NewClaim> {
        let named = self.claim_name.or(self.slug);
        let (claim_name, display_name) = match (named, self.name) {
            (Some(claim_name), name) => (claim_name, name),
            (None, Some(name)) => (name, None),
            (None, None) => return Err(AdminError::invalid("claimName", "name the claim")),
        };
        let claim_type = self.claim_type.or(self.value_type);
        let claim_type =
            claim_type.ok_or_else(|| AdminError::invalid("claimType", "give the claim a type"))?;
        Ok(NewClaim {
            claim_name,
            display_name,
            claim_type: claim_type.into(),
            description: self.description,
            include_in_id_token: self.include_in_id_token,
            include_in_access_token: self.include_in_access_token,
            include_in_userinfo: self.include_in_userinfo,
        })
    }
}

/// Define a claim.
#[utoipa::path(post, path = "/applications/{appId}/claims", tag = "claims", request_body = NewClaimBody,
    responses((status = 201, body = Data<ClaimView>, headers(("ETag" = String)))))]
pub(crate) async fn create_claim(
    caller: Authorized<CreateClaims>,
    State(state): State<AdminState>,
    InPath(application): InPath<String>,
    JsonBody(body): JsonBody<NewClaimBody>,
) -> Result<Reply> {
    let new = body.into_new()?;
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, application) = unit.applications().find(&application).await?;
    let claim = unit.claims().define(&organization, &application, new).await?;
    unit.commit().await?;
    let tag = ClaimView::tag(&claim);
    Ok(with_etag(answer::created(ClaimView::from(claim)), &tag))
}
