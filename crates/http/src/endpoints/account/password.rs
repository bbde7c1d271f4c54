//! `/{org}/account/password`

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use porta_core::TypedPassword;
use porta_pages::{ChangePasswordPage, PasswordFault};
use porta_session::AccountPage;
use porta_signin::account::{NewPassword, PasswordOutcome};

use super::AccountRequest;
use crate::endpoints::ClientInfo;
use crate::endpoints::new_password::{parse_new_password, password_fault, rules};
use crate::flash::FlashKind;
use crate::reply::{self, Reply, or_answer};
use crate::state::AppState;
use crate::tenancy::Org;

const PAGE: AccountPage = AccountPage::Password;

/// Requires a recent sign-in before the form is shown.
pub(crate) async fn show(State(state): State<AppState>, Org(tenant): Org, client_info: ClientInfo) -> Reply {
    let request = or_answer!(AccountRequest::load(&state, &tenant, &client_info, PAGE).await);
    if let Err(reply) = request.require_recent() {
        return reply;
    }
    let flash = request.flash_message.and_then(|kind| kind.password(rules()));
    request.password_page(StatusCode::OK, flash)
}

pub(crate) async fn change(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Reply {
    let (request, params) =
        or_answer!(AccountRequest::from_form(&state, &tenant, &client_info, body, PAGE).await);
    let recent = or_answer!(request.require_recent());
    if request.urls.password.is_none() {
        return request.redirect_with_flash(AccountPage::Overview, None);
    }
    let field = |name| params.get(name).unwrap_or_default();
    let new = match parse_new_password(&params) {
        Ok(new) => new,
        Err(fault) => return request.refuse_password(fault),
    };
    let form = NewPassword { current: TypedPassword::new(field("currentPassword")), new };
    let password = &state.sign_in.account.password;
    let outcome = match password.change(request.operation(), recent, form).await {
        Ok(outcome) => outcome,
        Err(error) => return request.error_page(&error),
    };
    let fault = match outcome {
        PasswordOutcome::Changed(credentials) => {
            let back = request.redirect_with_flash(AccountPage::Overview, Some(FlashKind::PasswordChanged));
            return request.with_known_device(back, credentials);
        }
        PasswordOutcome::Limited { retry_after } => {
            let fault = PasswordFault::RateLimited { retry_after: reply::seconds_up(retry_after) };
            let page = request.password_page(StatusCode::TOO_MANY_REQUESTS, Some(fault));
            return reply::with_retry_after(page, retry_after);
        }
        PasswordOutcome::Busy => {
            let fault = PasswordFault::RateLimited { retry_after: 1 };
            let page = request.password_page(StatusCode::SERVICE_UNAVAILABLE, Some(fault));
            return reply::with_retry_after(page, std::time::Duration::from_secs(1));
        }
        PasswordOutcome::WrongCurrent => PasswordFault::WrongCurrent,
        PasswordOutcome::Unchanged => PasswordFault::Unchanged,
        PasswordOutcome::Refused(refusal) => password_fault(refusal),
    };
    request.refuse_password(fault)
}

impl AccountRequest<'_> {
    /// Redirects to the form, which shows the reason: reloading it is not another guess at the current password.
    fn refuse_password(&self, fault: PasswordFault) -> Reply {
        self.redirect_with_flash(PAGE, FlashKind::of_password_fault(fault, rules()))
    }

    fn password_page(&self, status: StatusCode, flash: Option<PasswordFault>) -> Reply {
        let Some(action_url) = &self.urls.password else {
            return self.redirect_with_flash(AccountPage::Overview, None);
        };
        let page = ChangePasswordPage {
            nav: self.nav(),
            action_url,
            csrf: &self.csrf,
            email: self.signed_in.user.email.shown(),
            has_password: self.signed_in.user.password_hash.is_some(),
            rules: rules(),
            flash,
        };
        self.show(status, self.state.pages.account_password(&self.theme(), &page))
    }
}
