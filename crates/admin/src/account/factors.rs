//! `GET /me/two-factor`, `POST …/disable` and `POST …/recovery-codes/regenerate`.

use axum::extract::State;
use porta_core::user::TwoFactorMethod;
use porta_session::OperationContext;
use porta_signin::account::{FactorStatus, SetupStep};
use porta_web::reply::Reply;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::OwnAccount;
use super::{changed_meanwhile, done};
use crate::answer::{self, Data, no_content, optional_time};
use crate::error::{AdminError, Result};
use crate::state::AdminState;

const NOT_ENABLED: &str = "You have no second factor";
const WARNING: &str = "These codes will not be shown again. Store them securely.";

/// The second factor of the caller.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnTwoFactor {
    enabled: bool,
    /// `email` or `totp`.
    method: Option<&'static str>,
    /// When the authenticator was confirmed.
    since: Option<String>,
    recovery_codes_remaining: u64,
    /// What may be set up, in addition or as a replacement: of `totp` and `email`.
    offered: Vec<&'static str>,
    /// The organization requires a second factor, so that it cannot be switched off.
    required: bool,
}

impl From<FactorStatus> for OwnTwoFactor {
    fn from(status: FactorStatus) -> Self {
        Self {
            enabled: status.method.is_some(),
            method: status.method.map(TwoFactorMethod::as_str),
            since: optional_time(status.since),
            recovery_codes_remaining: status.recovery_codes_left,
            offered: status.offered.into_iter().map(TwoFactorMethod::as_str).collect(),
            required: status.is_required,
        }
    }
}

/// Recovery codes of the caller, shown once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OwnRecoveryCodes {
    /// `XXXX-XXXX`, each usable once.
    recovery_codes: Vec<String>,
    count: usize,
    warning: &'static str,
}

/// Takes the recovery codes that a change has made. After that nobody sees them again.
pub(super) async fn take_recovery_codes(
    state: &AdminState,
    account: &OwnAccount,
    cx: OperationContext<'_>,
) -> Result<OwnRecoveryCodes> {
    let (setups, signed_in) = (&state.account()?.setup, account.signed_in());
    let setup = setups.load(cx, signed_in).await?.ok_or_else(changed_meanwhile)?;
    let SetupStep::Codes { sealed, .. } = &setup.step else { return Err(changed_meanwhile()) };
    let recovery_codes = setups.recovery_codes(signed_in, sealed).ok_or_else(changed_meanwhile)?;
    setups.forget(cx, signed_in).await?;
    Ok(OwnRecoveryCodes { count: recovery_codes.len(), recovery_codes, warning: WARNING })
}

fn refuse_without_factor(account: &OwnAccount) -> Result<()> {
    match account.user().two_factor_method {
        Some(_) => Ok(()),
        None => Err(AdminError::Rule(NOT_ENABLED.to_owned())),
    }
}

/// Get the second factor of the caller.
#[utoipa::path(get, path = "/", tag = "me", responses((status = 200, body = Data<OwnTwoFactor>)))]
pub(crate) async fn get_own_two_factor(
    account: OwnAccount,
    State(state): State<AdminState>,
) -> Result<Reply> {
    let status = state.account()?.factors.status(account.tenant(), account.signed_in()).await?;
    Ok(answer::ok(OwnTwoFactor::from(status)))
}

/// Switch the second factor of the caller off.
///
/// Needs a recent sign-in with that factor. Every other session and every token of the caller end, the token of this
/// request included.
#[utoipa::path(post, path = "/disable", tag = "me", responses((status = 204)))]
pub(crate) async fn disable_own_two_factor(
    account: OwnAccount,
    State(state): State<AdminState>,
) -> Result<Reply> {
    refuse_without_factor(&account)?;
    let (cx, recent) = account.sensitive_change(&state).await?;
    done(&state.account()?.factors.disable(cx, recent).await?)?;
    Ok(no_content())
}

/// Replace the recovery codes of the caller.
///
/// Needs a recent sign-in. The old codes do not work any more.
#[utoipa::path(post, path = "/recovery-codes/regenerate", tag = "me",
    responses((status = 200, body = Data<OwnRecoveryCodes>)))]
pub(crate) async fn regenerate_own_recovery_codes(
    account: OwnAccount,
    State(state): State<AdminState>,
) -> Result<Reply> {
    refuse_without_factor(&account)?;
    let (cx, recent) = account.sensitive_change(&state).await?;
    done(&state.account()?.factors.replace_recovery_codes(cx, recent).await?)?;
    Ok(answer::ok(take_recovery_codes(&state, &account, cx).await?))
}
