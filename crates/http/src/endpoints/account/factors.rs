//! `/{org}/account/two-factor`

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use porta_core::user::TwoFactorMethod;
use porta_pages::{AccountFlash, FactorKind, SecondFactorsPage};
use porta_session::AccountPage;
use porta_signin::account::AccountChange;

use super::{AccountRequest, redirect_with_session};
use crate::endpoints::ClientInfo;
use crate::flash::FlashKind;
use crate::reply::{self, Reply, or_answer};
use crate::state::AppState;
use crate::tenancy::Org;

const PAGE: AccountPage = AccountPage::TwoFactor;

pub(super) const fn kind(method: TwoFactorMethod) -> FactorKind {
    match method {
        TwoFactorMethod::Email => FactorKind::Email,
        TwoFactorMethod::Totp => FactorKind::Authenticator,
    }
}

pub(crate) async fn show(State(state): State<AppState>, Org(tenant): Org, client_info: ClientInfo) -> Reply {
    let request = or_answer!(AccountRequest::load(&state, &tenant, &client_info, PAGE).await);
    request.factors_page(StatusCode::OK, request.flash_message.and_then(FlashKind::account)).await
}

/// Changes the second factor: `action` is `enable`, `disable` or `regenerate`; `method` is the factor to enable.
pub(crate) async fn change(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Reply {
    let (request, params) =
        or_answer!(AccountRequest::from_form(&state, &tenant, &client_info, body, PAGE).await);
    let recent = or_answer!(request.require_recent());
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
        _ => return request.redirect_with_flash(PAGE, None),
    };
    match outcome {
        Ok(AccountChange::Done) => request.redirect_with_flash(done.0, done.1),
        Ok(AccountChange::SessionRenewed(entered)) => redirect_with_session(&state, &tenant, PAGE, &entered),
        Ok(AccountChange::Credentials(credentials)) => {
            request.with_known_device(request.redirect_with_flash(done.0, done.1), credentials)
        }
        Ok(AccountChange::Required) => request.redirect_with_flash(PAGE, Some(FlashKind::FactorRequired)),
        Ok(AccountChange::Nothing | AccountChange::Wrong | AccountChange::Exhausted) => {
            request.redirect_with_flash(PAGE, None)
        }
        Ok(AccountChange::Limited { retry_after }) => {
            let flash = AccountFlash::RateLimited { retry_after: reply::seconds_up(retry_after) };
            let page = request.factors_page(StatusCode::TOO_MANY_REQUESTS, Some(flash)).await;
            reply::with_retry_after(page, retry_after)
        }
        Err(error) => request.error_page(&error),
    }
}

impl AccountRequest<'_> {
    async fn factors_page(&self, status: StatusCode, flash: Option<AccountFlash>) -> Reply {
        let held = match self.state.sign_in.account.factors.status(self.tenant, &self.signed_in).await {
            Ok(held) => held,
            Err(error) => return self.error_page(&error),
        };
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
        self.show(status, self.state.pages.account_two_factor(&self.theme(), &page))
    }
}
