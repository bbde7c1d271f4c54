//! `GET /organizations/{orgId}/users/{userId}/claims`, and `PUT` and `DELETE …/{claimId}`.

use axum::extract::State;
use axum::http::StatusCode;
use porta_core::application::ClaimType;
use porta_web::reply::{self, Reply};
use serde_json::Value;

use super::value::no_value;
use super::view::{NewValue, UserClaimView};
use crate::access::{Authorized, ReadClaims, UpdateClaims};
use crate::answer::no_content;
use crate::body::JsonBody;
use crate::error::Result;
use crate::list::{ListAnswer, Query, WholeList, WholeListParameters};
use crate::path::InPath;
use crate::state::AdminState;

/// The value that is meant: the command line sends every value as a string.
fn coerced(claim_type: ClaimType, given: Value) -> Value {
    match (&given, claim_type) {
        (Value::String(text), ClaimType::Number | ClaimType::Boolean | ClaimType::Json) => {
            serde_json::from_str(text).unwrap_or(given)
        }
        _ => given,
    }
}

/// List a user's values of the claims of all applications, by name.
#[utoipa::path(get, path = "/organizations/{orgId}/users/{userId}/claims", tag = "user claims",
    params(WholeListParameters), responses((status = 200, body = ListAnswer<UserClaimView>)))]
pub(crate) async fn list_user_claims(
    _: Authorized<ReadClaims>,
    State(state): State<AdminState>,
    InPath((organization, user)): InPath<(String, String)>,
    query: Query,
) -> Result<Reply> {
    let page = WholeList::of(&query)?;
    let values = state.directory.queries().claims().values_of_user(&organization, &user).await?;
    Ok(reply::json(StatusCode::OK, &page.answer(values, UserClaimView::from)))
}

/// Set a user's value of a claim.
///
/// A string is read as JSON if the claim takes no strings.
#[utoipa::path(put, path = "/organizations/{orgId}/users/{userId}/claims/{claimId}", tag = "user claims",
    request_body = NewValue, responses((status = 204)))]
pub(crate) async fn set_user_claim(
    caller: Authorized<UpdateClaims>,
    State(state): State<AdminState>,
    InPath((organization, user, claim)): InPath<(String, String, String)>,
    JsonBody(body): JsonBody<NewValue>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, user) = unit.users().find(Some(&organization), &user).await?;
    let claim = unit.claims().find_visible(&organization, &claim).await?;
    let value = coerced(claim.claim_type, body.value);
    unit.claims().set_value(&organization, &user, &claim, &value).await?;
    unit.commit().await?;
    Ok(no_content())
}

/// Take the value of a claim from a user.
#[utoipa::path(delete, path = "/organizations/{orgId}/users/{userId}/claims/{claimId}", tag = "user claims",
    responses((status = 204)))]
pub(crate) async fn delete_user_claim(
    caller: Authorized<UpdateClaims>,
    State(state): State<AdminState>,
    InPath((organization, user, claim)): InPath<(String, String, String)>,
) -> Result<Reply> {
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, user) = unit.users().find(Some(&organization), &user).await?;
    let claim = unit.claims().find_visible(&organization, &claim).await?;
    if !unit.claims().delete_value(&organization, &user, &claim).await? {
        return Err(no_value(user.id, claim.id));
    }
    unit.commit().await?;
    Ok(no_content())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_string_is_what_it_says_unless_the_claim_takes_strings() {
        for (claim_type, given, meant) in [
            (ClaimType::String, json!("17"), json!("17")),
            (ClaimType::Number, json!("17"), json!(17)),
            (ClaimType::Number, json!(17), json!(17)),
            (ClaimType::Number, json!("x"), json!("x")),
            (ClaimType::Boolean, json!("true"), json!(true)),
            (ClaimType::Json, json!("{\"a\":[1]}"), json!({ "a": [1] })),
            (ClaimType::Json, json!(""), json!("")),
            (ClaimType::Number, json!(null), json!(null)),
        ] {
            assert_eq!(coerced(claim_type, given.clone()), meant, "{claim_type} {given}");
        }
    }
}
