//! `POST /organizations/{orgId}/users/{userId}/purge`.

use axum::extract::State;
use axum::http::HeaderMap;
use porta_core::EntityId as _;
use porta_core::user::{Email, User};
use porta_store::Purged;
use porta_web::reply::Reply;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{Authorized, PurgeUsers};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::etag;
use crate::state::AdminState;
use crate::users::UserPath;
use crate::users::view::UserView;

/// Says that the purge is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PurgeConfirmation {
    /// `true`, unless the header `X-Confirm-Purge` says so.
    #[serde(default)]
    confirm_purge: bool,
}

/// How much was erased.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PurgedUser {
    user_id: Uuid,
    /// The address that the account has now.
    anonymized_email: String,
    deleted_roles: u64,
    deleted_claims: u64,
    /// Authenticators, recovery codes and mailed codes.
    deleted_two_factor: u64,
    /// Sessions, token families and grants.
    deleted_oidc_payloads: u64,
    anonymized_audit_entries: u64,
}

impl PurgedUser {
    fn of(user: &User, anonymous: &Email, purged: Purged) -> Self {
        Self {
            user_id: user.id.uuid(),
            anonymized_email: anonymous.shown().to_owned(),
            deleted_roles: purged.roles,
            deleted_claims: purged.claims,
            deleted_two_factor: purged.second_factors,
            deleted_oidc_payloads: purged.sign_in_data,
            anonymized_audit_entries: purged.audit_rows,
        }
    }
}

/// Erase what is stored about a user.
///
/// An inactive account without a name stays, and audit rows that no longer tell whose it was. Profile, password, second
/// factors, roles, claims, sessions, tokens, grants and links cannot be brought back.
#[utoipa::path(post, path = "/organizations/{orgId}/users/{userId}/purge", tag = "privacy",
    request_body = PurgeConfirmation,
    params(
        ("X-Confirm-Purge" = Option<String>, Header, description = "`true`, unless the body says so."),
        ("If-Match" = Option<String>, Header, description = "Version that is to be erased: the `ETag` of an answer."),
    ),
    responses((status = 200, body = Data<PurgedUser>)))]
pub(crate) async fn purge_user(
    caller: Authorized<PurgeUsers>,
    State(state): State<AdminState>,
    path: UserPath,
    headers: HeaderMap,
    JsonBody(body): JsonBody<PurgeConfirmation>,
) -> Result<Reply> {
    let is_confirmed = headers.get("x-confirm-purge").is_some_and(|value| value == "true");
    if !is_confirmed && !body.confirm_purge {
        return Err(AdminError::Unconfirmed {
            error: "Purge requires confirmation",
            message: "Set X-Confirm-Purge: true header or send { \"confirmPurge\": true } in body",
        });
    }
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let (organization, user) = unit.users().find(path.organization.as_deref(), &path.user).await?;
    etag::check(&headers, &UserView::tag(&user), &UserView::from(user.clone()))?;
    let (anonymous, purged) = unit.users().personal_data().purge(&organization, &user).await?;
    unit.commit().await?;
    Ok(answer::ok(PurgedUser::of(&user, &anonymous, purged)))
}
