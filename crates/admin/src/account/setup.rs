//! `POST` and `DELETE /me/two-factor/setup`, `POST …/resend` and `POST …/verify`.

use axum::extract::State;
use porta_core::user::TwoFactorMethod;
use porta_signin::account::{AccountChange, SetupStep};
use porta_signin::sign_in_steps::masked;
use porta_web::reply::Reply;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::caller::OwnAccount;
use super::factors::{OwnRecoveryCodes, take_recovery_codes};
use super::{changed_meanwhile, done};
use crate::answer::{self, Data, no_content};
use crate::body::JsonBody;
use crate::error::{AdminError, Result};
use crate::state::AdminState;

/// Longest code that is compared; longer ones are wrong.
const LONGEST_CODE: usize = 64;

#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct FactorToSetUp {
    /// One of `offered`: `totp` or `email`.
    method: String,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct FactorCode {
    /// First code of the authenticator, or the mailed code.
    code: String,
}

/// A factor that works once its first code was verified.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PendingFactor {
    method: &'static str,
    /// Key of the authenticator in Base32, for typing. `null`: a code was mailed.
    secret: Option<String>,
    /// The same as a QR code: an `<svg>` element.
    qr_code: Option<String>,
    /// Where the code was mailed to, in part.
    sent_to: Option<String>,
}

/// Begin to set up a second factor of the caller.
///
/// Needs a recent sign-in. Replaces a setup that was begun before.
#[utoipa::path(post, path = "/setup", tag = "me", request_body = FactorToSetUp,
    responses((status = 200, body = Data<PendingFactor>)))]
pub(crate) async fn begin_own_two_factor(
    account: OwnAccount,
    State(state): State<AdminState>,
    JsonBody(body): JsonBody<FactorToSetUp>,
) -> Result<Reply> {
    let method = TwoFactorMethod::parse(&body.method);
    let method = method.ok_or_else(|| AdminError::invalid("method", "use totp or email"))?;
    let (cx, recent) = account.sensitive_change(&state).await?;
    let setups = &state.account()?.setup;
    match setups.begin(cx, recent, method).await? {
        AccountChange::Nothing => {
            return Err(AdminError::Rule(format!("{method} is not offered: see `offered` of the status")));
        }
        change => done(&change)?,
    }
    let (signed_in, user) = (account.signed_in(), account.user());
    let setup = setups.load(cx, signed_in).await?.ok_or_else(changed_meanwhile)?;
    let pending = PendingFactor { method: method.as_str(), secret: None, qr_code: None, sent_to: None };
    let pending = match &setup.step {
        SetupStep::Authenticator { secret, .. } => {
            let issuer = account.tenant().organization.display_name();
            let offer = setups.authenticator(secret, issuer, user).ok_or(AdminError::Failed)?;
            PendingFactor { secret: Some(offer.key), qr_code: Some(offer.qr), ..pending }
        }
        SetupStep::Email => PendingFactor { sent_to: Some(masked(user.email.shown())), ..pending },
        SetupStep::Codes { .. } => return Err(changed_meanwhile()),
    };
    Ok(answer::ok(pending))
}

/// Stop setting up a second factor.
#[utoipa::path(delete, path = "/setup", tag = "me", responses((status = 204)))]
pub(crate) async fn cancel_own_two_factor(
    account: OwnAccount,
    State(state): State<AdminState>,
) -> Result<Reply> {
    state.account()?.setup.forget(account.operation(&state), account.signed_in()).await?;
    Ok(no_content())
}

/// Mail another code for the second factor that is being set up.
///
/// Needs a recent sign-in.
#[utoipa::path(post, path = "/resend", tag = "me", responses((status = 204)))]
pub(crate) async fn resend_own_two_factor_code(
    account: OwnAccount,
    State(state): State<AdminState>,
) -> Result<Reply> {
    let (cx, recent) = account.sensitive_change(&state).await?;
    match state.account()?.setup.resend_code(cx, recent).await? {
        AccountChange::Nothing => Err(AdminError::Rule("No mailed code is being set up".to_owned())),
        change => done(&change).map(|()| no_content()),
    }
}

/// Confirm a second factor of the caller by its first code.
///
/// Needs a recent sign-in. Answers with recovery codes. Every other session and every token of the caller end, the token
/// of this request included, because no factor was asked for when they began.
#[utoipa::path(post, path = "/verify", tag = "me", request_body = FactorCode,
    responses((status = 200, body = Data<OwnRecoveryCodes>)))]
pub(crate) async fn verify_own_two_factor(
    account: OwnAccount,
    State(state): State<AdminState>,
    JsonBody(body): JsonBody<FactorCode>,
) -> Result<Reply> {
    let code = body.code.trim();
    if code.is_empty() || code.len() > LONGEST_CODE {
        return Err(AdminError::invalid("code", "this code is wrong"));
    }
    let (cx, recent) = account.sensitive_change(&state).await?;
    done(&state.account()?.setup.confirm(cx, recent, code).await?)?;
    Ok(answer::ok(take_recovery_codes(&state, &account, cx).await?))
}
