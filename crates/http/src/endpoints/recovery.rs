//! A forgotten password, under `/{org}/auth` (oidc-and-login §6.7).

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::http::{StatusCode, header};
use porta_core::one_time::TokenPurpose;
use porta_pages::{EmailFlash, ErrorText, ForgotPasswordPage, PasswordFault, ResetPasswordPage};
use porta_protocol::Params;
use porta_signin::{Asked, Chosen, DeadLink};

use super::From;
use super::desk::Desk;
use super::done::done;
use super::interaction::{form, pause_cookie};
use super::links::{dead, typed_address};
use super::new_password::{chosen, fault, rules};
use crate::reply::{self, Reply, or_answer};
use crate::state::{AppState, Shared};
use crate::tenancy::Org;
use crate::told::Told;
use crate::visit::Visit;

/// `GET /{org}/auth/forgot-password`; `interaction` names the sign-in the person comes from.
pub(crate) async fn forgot(
    State(state): State<AppState>,
    Org(tenant): Org,
    RawQuery(query): RawQuery,
    from: From,
) -> Reply {
    if !tenant.offers_passwords() {
        return no_passwords(&state, &tenant);
    }
    let query = Params::parse(query.unwrap_or_default().as_bytes()).unwrap_or_default();
    let desk = Desk::of(&state, &tenant, &from.headers, query.get("interaction"));
    forgot_page(&state, &tenant, desk, StatusCode::OK, "", None)
}

/// `POST /{org}/auth/forgot-password`: the same answer for every address (repairs W18).
pub(crate) async fn ask(State(state): State<AppState>, Org(tenant): Org, from: From, body: Body) -> Reply {
    if !tenant.offers_passwords() {
        return no_passwords(&state, &tenant);
    }
    let params = or_answer!(form(&state, &tenant, &from, body).await);
    let desk = Desk::of(&state, &tenant, &from.headers, None);
    let email = typed_address(params.get("email"));
    if !desk.csrf_matches(params.get("_csrf")) {
        let flash = Some(EmailFlash::CsrfInvalid);
        return forgot_page(&state, &tenant, desk, StatusCode::FORBIDDEN, &email, flash);
    }
    if email.is_empty() {
        return forgot_page(&state, &tenant, desk, StatusCode::OK, "", Some(EmailFlash::EmailMissing));
    }
    let locale = tenant.look().locale;
    let known = from.known(&state, &tenant);
    let browser = from.browser(&known);
    let asked = state.sign_in.ask_for_reset(&tenant, &email, desk.interaction(), locale, browser).await;
    match asked {
        Ok(Asked::Sent) => desk.answer(done(&state, &tenant, Told::LinkSent, &email)),
        Ok(Asked::Limited { retry_after }) => limited(&state, &tenant, desk, &email, retry_after),
        Ok(Asked::Paused(pause)) => {
            let page = limited(&state, &tenant, desk, &email, pause.wait);
            reply::with_header(page, header::SET_COOKIE, pause_cookie(&state, &tenant, &pause))
        }
        Ok(Asked::MethodDisabled | Asked::Gone) => no_passwords(&state, &tenant),
        Err(error) => reply::engine_error_page(&state, &tenant.look(), &error),
    }
}

fn limited(state: &Shared, tenant: &Visit, desk: Desk, email: &str, retry_after: Duration) -> Reply {
    let flash = EmailFlash::RateLimited { retry_after: reply::seconds_up(retry_after) };
    let page = forgot_page(state, tenant, desk, StatusCode::TOO_MANY_REQUESTS, email, Some(flash));
    reply::with_retry_after(page, retry_after)
}

/// `GET /{org}/auth/reset-password/{token}`: shows the form and uses nothing up.
pub(crate) async fn reset_form(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, token)): Path<(String, String)>,
    from: From,
) -> Reply {
    let desk = Desk::of(&state, &tenant, &from.headers, None);
    reset_page(&state, &tenant, desk, &token, &from, StatusCode::OK, None).await
}

/// `POST /{org}/auth/reset-password/{token}`
pub(crate) async fn reset(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, token)): Path<(String, String)>,
    from: From,
    body: Body,
) -> Reply {
    let params = or_answer!(form(&state, &tenant, &from, body).await);
    let desk = Desk::of(&state, &tenant, &from.headers, None);
    if !desk.csrf_matches(params.get("_csrf")) {
        let flash = Some(PasswordFault::CsrfInvalid);
        return reset_page(&state, &tenant, desk, &token, &from, StatusCode::FORBIDDEN, flash).await;
    }
    let password = match chosen(&params) {
        Ok(password) => password,
        Err(flash) => {
            return reset_page(&state, &tenant, desk, &token, &from, StatusCode::OK, Some(flash)).await;
        }
    };
    if !tenant.offers_passwords() {
        return no_passwords(&state, &tenant);
    }
    match state.sign_in.reset_password(&tenant, &token, password, &from.caller).await {
        Ok(Chosen::Done) => done(&state, &tenant, Told::PasswordSet, ""),
        Ok(Chosen::Refused(refusal)) => {
            let flash = Some(fault(refusal));
            reset_page(&state, &tenant, desk, &token, &from, StatusCode::OK, flash).await
        }
        Ok(Chosen::Busy) => {
            let (status, flash) =
                (StatusCode::SERVICE_UNAVAILABLE, Some(PasswordFault::RateLimited { retry_after: 1 }));
            let page = reset_page(&state, &tenant, desk, &token, &from, status, flash).await;
            reply::with_retry_after(page, std::time::Duration::from_secs(1))
        }
        Ok(Chosen::Dead(why)) => dead_reset(&state, &tenant, why),
        Err(error) => reply::engine_error_page(&state, &tenant.look(), &error),
    }
}

fn no_passwords(state: &Shared, tenant: &Visit) -> Reply {
    let text = ErrorText::LoginMethodDisabled;
    reply::error_page(state, &tenant.look(), StatusCode::BAD_REQUEST, text, None)
}

/// Another link is a form away.
fn dead_reset(state: &Shared, tenant: &Visit, why: DeadLink) -> Reply {
    dead(state, tenant, why, &format!("/{}/auth/forgot-password", tenant.organization.slug))
}

fn forgot_page(
    state: &Shared,
    tenant: &Visit,
    desk: Desk,
    status: StatusCode,
    email: &str,
    flash: Option<EmailFlash>,
) -> Reply {
    let sign_in_url = desk.sign_in_url(tenant);
    let page = ForgotPasswordPage {
        action_url: &format!("/{}/auth/forgot-password", tenant.organization.slug),
        csrf: &desk.csrf,
        email,
        login_url: sign_in_url.as_deref(),
        flash,
    };
    let page = state.pages.forgot_password(&tenant.look(), &page);
    desk.answer(reply::page(status, page))
}

async fn reset_page(
    state: &Shared,
    tenant: &Visit,
    desk: Desk,
    token: &str,
    from: &From,
    status: StatusCode,
    flash: Option<PasswordFault>,
) -> Reply {
    if !tenant.offers_passwords() {
        return no_passwords(state, tenant);
    }
    let purpose = TokenPurpose::PasswordReset;
    let user = match state.sign_in.person_of_link(tenant, purpose, token, &from.caller).await {
        Ok(Ok(user)) => user,
        Ok(Err(why)) => return dead_reset(state, tenant, why),
        Err(error) => return reply::engine_error_page(state, &tenant.look(), &error),
    };
    tenant.reader.is_person_of(user.profile.locale.as_deref());
    let page = ResetPasswordPage {
        action_url: &format!("/{}/auth/reset-password/{token}", tenant.organization.slug),
        csrf: &desk.csrf,
        email: user.email.shown(),
        rules: rules(),
        flash,
    };
    let page = state.pages.reset_password(&tenant.look(), &page);
    desk.answer(reply::page(status, page))
}
