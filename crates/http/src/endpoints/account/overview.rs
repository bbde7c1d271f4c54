//! `/{org}/account`, and the button that mails an e-mail verification link.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use porta_core::mail::Recipient;
use porta_pages::OverviewPage;
use porta_session::AccountPage;

use super::AccountRequest;
use super::factors::kind;
use crate::endpoints::ClientInfo;
use crate::error::PageError;
use crate::flash::FlashKind;
use crate::reply::{self, Reply};
use crate::state::AppState;
use crate::tenancy::Org;

const PAGE: AccountPage = AccountPage::Overview;

pub(crate) async fn show(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
) -> Result<Reply, PageError> {
    let request = AccountRequest::load(&state, &tenant, &client_info, PAGE).await?;
    let held = state.sign_in.account.factors.status(&tenant, &request.signed_in).await;
    let held = held.map_err(|error| request.backend_error(&error))?;
    let user = &request.signed_in.user;
    let recipient = Recipient::of(user);
    let verify_email_url = request.url("/account/verify-email");
    let page = OverviewPage {
        nav: request.nav(),
        csrf: &request.csrf,
        name: recipient.full_name.as_deref(),
        email: user.email.shown(),
        email_verified: user.email_verified,
        verify_email_url: (!user.email_verified).then_some(&*verify_email_url),
        has_password: user.password_hash.is_some(),
        password_changed_at: user.password_changed_at,
        second_factor: held.method.map(kind),
        recovery_codes_left: u32::try_from(held.recovery_codes_left).unwrap_or(u32::MAX),
        flash: request.flash_message.and_then(FlashKind::account),
    };
    Ok(request.show(StatusCode::OK, state.pages.render(&request.theme(), &page)))
}

/// `POST /{org}/account/verify-email`: mails a link that confirms the e-mail address.
pub(crate) async fn verify_email(
    State(state): State<AppState>,
    Org(tenant): Org,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let (request, _) = AccountRequest::from_form(&state, &tenant, &client_info, body, PAGE).await?;
    let verification = &state.sign_in.email_verification;
    let sent = verification.send_link(request.operation(), &request.signed_in.user).await;
    Ok(match sent.map_err(|error| request.backend_error(&error))? {
        None => request.redirect_with_flash(PAGE, Some(FlashKind::VerificationSent)),
        Some(retry_after) => reply::limited_page(&state, &tenant, retry_after),
    })
}
