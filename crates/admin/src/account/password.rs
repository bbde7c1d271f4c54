//! `POST /me/password`.

use axum::extract::State;
use porta_core::user::PasswordRefusal;
use porta_core::{Password, TypedPassword};
use porta_directory::password_problem;
use porta_signin::account::{NewPassword, PasswordOutcome};
use porta_web::reply::Reply;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use super::caller::OwnAccount;
use crate::answer::no_content;
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::state::AdminState;

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct PasswordChange {
    /// Left out by whoever has no password yet.
    #[schema(value_type = Option<String>)]
    current: Option<SecretString>,
    /// Guessable passwords are refused.
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    new: SecretString,
}

/// Change the password of the caller.
///
/// Needs a recent sign-in. Every other session and every token of the caller end, the token of this request included;
/// the session from which it comes stays, so that the client gets a new token without a question. A wrong current
/// password is counted with those typed on the account page.
#[utoipa::path(post, path = "/password", tag = "me", request_body = PasswordChange, responses((status = 204)))]
pub(crate) async fn change_own_password(
    account: OwnAccount,
    State(state): State<AdminState>,
    JsonBody(body): JsonBody<PasswordChange>,
) -> Result<Reply> {
    if account.user().password_hash.is_none() && !account.tenant().offers_passwords() {
        return Err(AdminError::Rule("The organization does not use passwords".to_owned()));
    }
    let new = Password::parse(body.new.expose_secret()).map_err(refused)?;
    let current = TypedPassword::new(body.current.as_ref().map_or("", ExposeSecret::expose_secret));
    let (cx, recent) = account.sensitive_change(&state).await?;
    match state.account()?.password.change(cx, recent, NewPassword { current, new }).await? {
        PasswordOutcome::Changed(_) => Ok(no_content()),
        PasswordOutcome::WrongCurrent => {
            Err(AdminError::invalid("current", "this is not the current password"))
        }
        PasswordOutcome::Unchanged => {
            Err(AdminError::invalid("new", "use another one than the current password"))
        }
        PasswordOutcome::Refused(refusal) => Err(refused(refusal)),
        PasswordOutcome::Limited { retry_after } => Err(AdminError::TooManyAttempts { retry_after }),
        PasswordOutcome::Busy => Err(AdminError::Unavailable),
    }
}

fn refused(refusal: PasswordRefusal) -> AdminError {
    AdminError::invalid("new", password_problem(refusal).problem)
}
