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
use crate::error::PageError;
use crate::flash::FlashKind;
use crate::reply::{self, Reply};
use crate::state::AppState;
use crate::tenancy::Org;

const PAGE: AccountPage = AccountPage::Password;

/// Requires a recent sign-in before the form is shown.
pub(crate) async fn show(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
) -> Result<Reply, PageError> {
    let request = AccountRequest::load(&state, &tenant, &client_info, PAGE).await?;
    request.require_recent()?;
    let flash = request.flash_message.and_then(|kind| kind.password(rules()));
    Ok(request.password_page(StatusCode::OK, flash))
}

pub(crate) async fn change(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, params) = AccountRequest::from_form(&state, &tenant, &client_info, body, PAGE).await?;
    let recent = request.require_recent()?;
    if request.urls.password.is_none() {
        return Ok(request.redirect_with_flash(AccountPage::Overview, None));
    }
    let field = |name| params.get(name).unwrap_or_default();
    let new = parse_new_password(&params).map_err(|fault| request.refuse_password(fault))?;
    let form = NewPassword { current: TypedPassword::new(field("currentPassword")), new };
    let password = &state.sign_in.account.password;
    let outcome = password.change(request.operation(), recent, form).await;
    Ok(match outcome.map_err(|error| request.backend_error(&error))? {
        PasswordOutcome::Changed(credentials) => {
            let back = request.redirect_with_flash(AccountPage::Overview, Some(FlashKind::PasswordChanged));
            request.with_known_device(back, credentials)
        }
        PasswordOutcome::Limited { retry_after } => {
            let fault = PasswordFault::RateLimited { retry_after: reply::seconds_up(retry_after) };
            let page = request.password_page(StatusCode::TOO_MANY_REQUESTS, Some(fault));
            reply::with_retry_after(page, retry_after)
        }
        PasswordOutcome::Busy => {
            let fault = PasswordFault::RateLimited { retry_after: 1 };
            let page = request.password_page(StatusCode::SERVICE_UNAVAILABLE, Some(fault));
            reply::with_retry_after(page, std::time::Duration::from_secs(1))
        }
        PasswordOutcome::WrongCurrent => request.refuse_password(PasswordFault::WrongCurrent),
        PasswordOutcome::Unchanged => request.refuse_password(PasswordFault::Unchanged),
        PasswordOutcome::Refused(refusal) => request.refuse_password(password_fault(refusal)),
    })
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
        self.show(status, self.state.pages.render(&self.theme(), &page))
    }
}
