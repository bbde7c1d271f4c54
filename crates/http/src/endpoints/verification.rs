//! Confirming an address, under `/{org}/auth/verify-email`.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use porta_core::one_time::TokenPurpose;
use porta_pages::{EmailVerificationPage, ErrorText};
use porta_signin::DeadLink;

use super::From;
use super::desk::Desk;
use super::done::done;
use super::interaction::form;
use super::links::dead;
use crate::reply::{self, Reply, or_answer};
use crate::state::{AppState, Shared};
use crate::tenancy::Org;
use crate::told::Told;
use crate::visit::Visit;

/// `GET /{org}/auth/verify-email/{token}`: shows the button and uses nothing up.
pub(crate) async fn show(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, token)): Path<(String, String)>,
    from: From,
) -> Reply {
    let purpose = TokenPurpose::EmailVerification;
    let user = match state.sign_in.person_of_link(&tenant, purpose, &token, &from.caller).await {
        Ok(Ok(user)) => user,
        Ok(Err(why)) => return over(&state, &tenant, why),
        Err(error) => return reply::engine_error_page(&state, &tenant.look(), &error),
    };
    tenant.reader.is_person_of(user.profile.locale.as_deref());
    let desk = Desk::of(&state, &tenant, &from.headers, None);
    let page = EmailVerificationPage {
        action_url: &format!("/{}/auth/verify-email/{token}", tenant.organization.slug),
        csrf: &desk.csrf,
        email: user.email.shown(),
    };
    let page = state.pages.verify_email(&tenant.look(), &page);
    desk.answer(reply::page(StatusCode::OK, page))
}

/// `POST /{org}/auth/verify-email/{token}`
pub(crate) async fn verify(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, token)): Path<(String, String)>,
    from: From,
    body: Body,
) -> Reply {
    let params = or_answer!(form(&state, &tenant, &from, body).await);
    let desk = Desk::of(&state, &tenant, &from.headers, None);
    if !desk.csrf_matches(params.get("_csrf")) {
        let (status, text) = (StatusCode::FORBIDDEN, ErrorText::CsrfInvalid);
        return reply::error_page(&state, &tenant.look(), status, text, None);
    }
    match state.sign_in.verify_email(&tenant, &token, &from.caller).await {
        Ok(Ok(user)) => done(&state, &tenant, Told::AddressConfirmed, user.email.shown()),
        Ok(Err(why)) => over(&state, &tenant, why),
        Err(error) => reply::engine_error_page(&state, &tenant.look(), &error),
    }
}

/// Another link comes from the account.
fn over(state: &Shared, tenant: &Visit, why: DeadLink) -> Reply {
    dead(state, tenant, why, &format!("/{}/account", tenant.organization.slug))
}
