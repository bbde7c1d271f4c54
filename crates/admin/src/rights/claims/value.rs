//! `GET`, `PUT` and `DELETE /applications/{appId}/claims/{claimId}/users/{userId}`.

use axum::extract::State;
use porta_core::{ClaimDefinitionId, UserId};
use porta_web::reply::Reply;

use super::view::{ClaimValueView, NewValue};
use crate::access::{Authorized, ReadClaims, UpdateClaims};
use crate::answer::{self, Data, no_content};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::path::InPath;
use crate::state::AdminState;

/// The user has no value of the claim.
pub(super) fn no_value(user: UserId, claim: ClaimDefinitionId) -> AdminError {
    AdminError::not_found("Custom claim", &format!("value for user {user}, claim {claim}"))
}

/// Get a user's value of a claim.
#[utoipa::path(get, path = "/applications/{appId}/claims/{claimId}/users/{userId}", tag = "claims",
    responses((status = 200, body = Data<ClaimValueView>)))]
pub(crate) async fn get_claim_value(
    _: Authorized<ReadClaims>,
    State(state): State<AdminState>,
    InPath((application, claim, user)): InPath<(String, String, String)>,
) -> Result<Reply> {
    let found = state.directory.queries().claims().value(&application, &claim, &user).await?;
    let value = found.ok_or_else(|| AdminError::NotFound("Claim value not found".to_owned()))?;
    Ok(answer::ok(ClaimValueView::from(value)))
}

/// Set a user's value of a claim.
#[utoipa::path(put, path = "/applications/{appId}/claims/{claimId}/users/{userId}", tag = "claims",
    request_body = NewValue, responses((status = 200, body = Data<ClaimValueView>)))]
pub(crate) async fn set_claim_value(
    caller: Authorized<UpdateClaims>,
    State(state): State<AdminState>,
    InPath((application, claim, user)): InPath<(String, String, String)>,
    JsonBody(body): JsonBody<NewValue>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (owner, application) = unit.applications().find(&application).await?;
    let claim = unit.claims().find(&owner, &application, &claim).await?;
    let (organization, user) = unit.claims().person(&application, &user).await?;
    unit.claims().set_value(&organization, &user, &claim, &body.value).await?;
    let stored = unit.claims().value(&organization, &user, &claim).await?;
    let stored = stored.ok_or_else(|| no_value(user.id, claim.id))?;
    unit.commit().await?;
    Ok(answer::ok(ClaimValueView::from(stored)))
}

/// Take the value of a claim from a user.
#[utoipa::path(delete, path = "/applications/{appId}/claims/{claimId}/users/{userId}", tag = "claims",
    responses((status = 204)))]
pub(crate) async fn delete_claim_value(
    caller: Authorized<UpdateClaims>,
    State(state): State<AdminState>,
    InPath((application, claim, user)): InPath<(String, String, String)>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (owner, application) = unit.applications().find(&application).await?;
    let claim = unit.claims().find(&owner, &application, &claim).await?;
    let (organization, user) = unit.claims().person(&application, &user).await?;
    if !unit.claims().delete_value(&organization, &user, &claim).await? {
        return Err(no_value(user.id, claim.id));
    }
    unit.commit().await?;
    Ok(no_content())
}
