//! `/{org}/account/two-factor`

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use porta_core::user::TwoFactorMethod;
use porta_pages::{AccountFlash, FactorKind, SecondFactorsPage};
use porta_session::AccountPage;
use porta_signin::account::AccountChange;

use super::{AccountRequest, redirect_with_session};
use crate::endpoints::ClientInfo;
use crate::error::PageError;
use crate::flash::FlashKind;
use crate::reply::{self, Reply};
use crate::state::AppState;
use crate::tenancy::Org;

const PAGE: AccountPage = AccountPage::TwoFactor;

pub(super) const fn kind(method: TwoFactorMethod) -> FactorKind {
    match method {
        TwoFactorMethod::Email => FactorKind::Email,
        TwoFactorMethod::Totp => FactorKind::Authenticator,
    }
}

pub(crate) async fn show(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
) -> Result<Reply, PageError> {
    let request = AccountRequest::load(&state, &tenant, &client_info, PAGE).await?;
    request.factors_page(StatusCode::OK, request.flash_message.and_then(FlashKind::account)).await
}

/// Changes the second factor: `action` is `enable`, `disable` or `regenerate`; `method` is the factor to enable.
pub(crate) async fn change(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, params) = AccountRequest::from_form(&state, &tenant, &client_info, body, PAGE).await?;
    let recent = request.require_recent()?;
    let (account, cx) = (&state.sign_in.account, request.operation());
    let (outcome, done) = match (params.get("action"), params.get("method")) {
        (Some("enable"), Some("authenticator")) => {
            let begun = account.setup.begin(cx, recent, TwoFactorMethod::Totp).await;
            (begun, (AccountPage::TwoFactorSetup, None))
        }
        (Some("enable"), Some("email")) => {
            let begun = account.setup.begin(cx, recent, TwoFactorMethod::Email).await;
            (begun, (AccountPage::TwoFactorSetup, None))
        }
        (Some("disable"), _) => {
            let disabled = account.factors.disable(cx, recent).await;
            (disabled, (PAGE, Some(FlashKind::FactorDisabled)))
        }
        (Some("regenerate"), _) => {
            let replaced = account.factors.replace_recovery_codes(cx, recent).await;
            (replaced, (AccountPage::TwoFactorSetup, None))
        }
        _ => return Ok(request.redirect_with_flash(PAGE, None)),
    };
    Ok(match outcome.map_err(|error| request.backend_error(&error))? {
        AccountChange::Done => request.redirect_with_flash(done.0, done.1),
        AccountChange::SessionRenewed(entered) => redirect_with_session(&state, &tenant, PAGE, &entered),
        AccountChange::Credentials(credentials) => {
            request.with_known_device(request.redirect_with_flash(done.0, done.1), credentials)
        }
        AccountChange::Required => request.redirect_with_flash(PAGE, Some(FlashKind::FactorRequired)),
        AccountChange::Nothing | AccountChange::Wrong | AccountChange::Exhausted => {
            request.redirect_with_flash(PAGE, None)
        }
        AccountChange::Limited { retry_after } => {
            let flash = AccountFlash::RateLimited { retry_after: reply::seconds_up(retry_after) };
            let page = request.factors_page(StatusCode::TOO_MANY_REQUESTS, Some(flash)).await;
            reply::with_retry_after(page.into_response(), retry_after)
        }
    })
}

impl AccountRequest<'_> {
    async fn factors_page(
        &self,
        status: StatusCode,
        flash: Option<AccountFlash>,
    ) -> Result<Reply, PageError> {
        let held = self.state.sign_in.account.factors.status(self.tenant, &self.signed_in).await;
        let held = held.map_err(|error| self.backend_error(&error))?;
        let offered: Vec<FactorKind> = held.offered.iter().copied().map(kind).collect();
        let page = SecondFactorsPage {
            nav: self.nav(),
            action_url: &self.urls.two_factor,
            csrf: &self.csrf,
            held: held.method.map(kind),
            since: held.since,
            offered: &offered,
            is_required: held.is_required,
            recovery_codes_left: u32::try_from(held.recovery_codes_left).unwrap_or(u32::MAX),
            flash,
        };
        Ok(self.show(status, self.state.pages.render(&self.theme(), &page)))
    }
}
