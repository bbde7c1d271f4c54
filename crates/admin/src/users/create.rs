//! `POST /organizations/{orgId}/users`.

use axum::extract::State;
use porta_core::password_rules::ContextWords;
use porta_core::user::Profile;
use porta_directory::NewUser;
use porta_web::reply::Reply;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::input::{ProfileInput, parse_email};
use super::view::UserView;
use crate::access::{Authorized, CreateUsers};
use crate::answer::{self, Data};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::etag::with_etag;
use crate::path::InPath;
use crate::state::AdminState;

/// A new user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewUserBody {
    #[schema(max_length = 255)]
    email: String,
    /// At least 8 characters; guessable passwords are refused. Without one the user signs in by mailed link or sets one
    /// by recovery.
    #[schema(value_type = Option<String>, min_length = 8, max_length = 128)]
    password: Option<SecretString>,
    /// Whether a sign-in with the password asks for a new one before it goes on. Needs a password; without it: yes.
    temporary: Option<bool>,
    #[serde(flatten)]
    profile: ProfileInput,
}

/// Create a user. The address is not verified, and no email is sent.
#[utoipa::path(post, path = "/", tag = "users", request_body = NewUserBody,
    responses((status = 201, body = Data<UserView>, headers(("ETag" = String)))))]
pub(crate) async fn create_user(
    caller: Authorized<CreateUsers>,
    State(state): State<AdminState>,
    InPath(organization): InPath<String>,
    JsonBody(body): JsonBody<NewUserBody>,
) -> Result<Reply> {
    let email = parse_email(&body.email)?;
    let profile = body.profile.applied_to(&Profile::default())?;
    let organization = state.directory.queries().organization(&organization).await?;
    let password = match &body.password {
        None if body.temporary == Some(true) => {
            return Err(AdminError::invalid("temporary", "send the password that is temporary"));
        }
        None => None,
        Some(password) => {
            let context = ContextWords::of_new(&email, &profile, &organization);
            Some(state.directory.hash_password(password, context).await?)
        }
    };
    let is_password_temporary = body.temporary.unwrap_or(true);
    let new = NewUser { email: body.email, password, is_password_temporary, profile, ..NewUser::default() };
    let mut unit = state.directory.begin(caller.into_actor()).await?;
    let user = unit.users().create(&organization, new).await?;
    unit.commit().await?;
    let tag = UserView::tag(&user);
    Ok(with_etag(answer::created(UserView::from(user)), &tag))
}
