//! E-mail verification, under `/{org}/auth/verify-email`.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use porta_core::BearerKind;
use porta_pages::{EmailVerificationPage, ErrorText};
use porta_signin::LinkError;

use super::ClientInfo;
use super::form_flash::{FormPage, shown};
use super::form_result::redirect_to_result;
use super::form_session::FormSession;
use super::mailed_links::dead_link_page;
use crate::context::RequestContext;
use crate::error::PageError;
use crate::flash::FlashKind;
use crate::reply::{self, Reply};
use crate::state::{AppState, StateInner};
use crate::tenancy::Org;

/// `GET /{org}/auth/verify-email/{token}`: shows the button and does not use the link up.
pub(crate) async fn show(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, token)): Path<(String, String)>,
    client_info: ClientInfo,
) -> Result<Reply, PageError> {
    let cx = client_info.operation(&state, &tenant);
    let user = state.sign_in.email_verification.person_of_link(cx, &token).await;
    let user = user
        .map_err(|error| PageError::backend(&state, &tenant, &error))?
        .map_err(|why| dead_verification_page(&state, &tenant, why))?;
    tenant.languages.add_profile_locale(user.profile.locale.as_deref());
    let form_session = FormSession::of(&state, &tenant, &client_info.headers, None);
    let form_page = form_page(&state, &tenant, &token);
    let flash = form_page.as_ref().and_then(|page| page.flash(&client_info.headers)?.kind.email());
    let page = EmailVerificationPage {
        action_url: &format!("/{}/auth/verify-email/{token}", tenant.organization.slug),
        csrf: &form_session.csrf,
        email: user.email.shown(),
        flash,
    };
    let page = state.pages.render(&tenant.theme(), &page);
    let reply = form_session.with_cookie(reply::page(StatusCode::OK, page));
    Ok(shown(form_page.as_ref(), flash.is_some(), reply))
}

/// `POST /{org}/auth/verify-email/{token}`
pub(crate) async fn verify(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, token)): Path<(String, String)>,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let form = FormSession::of_form(&state, &tenant, &client_info, body).await?;
    form.map_err(|(form_session, _)| {
        if let Some(page) = form_page(&state, &tenant, &token) {
            form_session.with_cookie(page.redirect_with_flash(FlashKind::CsrfInvalid, ""))
        } else {
            let (status, text) = (StatusCode::FORBIDDEN, ErrorText::CsrfInvalid);
            reply::error_page(&state, &tenant.theme(), status, text, None)
        }
    })?;
    let cx = client_info.operation(&state, &tenant);
    let confirmed = state.sign_in.email_verification.confirm(cx, &token).await;
    Ok(match confirmed.map_err(|error| PageError::backend(&state, &tenant, &error))? {
        Ok(user) => redirect_to_result(&state, &tenant, FlashKind::AddressConfirmed, user.email.shown()),
        Err(why) => dead_verification_page(&state, &tenant, why),
    })
}

fn form_page<'a>(state: &'a StateInner, tenant: &'a RequestContext, token: &str) -> Option<FormPage<'a>> {
    FormPage::of_link(state, tenant, BearerKind::EmailVerification, "verify-email", token)
}

/// The response to a dead link; another can be requested in the account.
fn dead_verification_page(state: &StateInner, tenant: &RequestContext, why: LinkError) -> Reply {
    dead_link_page(state, tenant, why, &format!("/{}/account", tenant.organization.slug))
}
