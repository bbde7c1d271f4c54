//! Result page of forms outside a sign-in: they redirect to `GET /{org}/auth/done`.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use porta_core::settings;
use porta_pages::{EmailVerifiedPage, ForgotPasswordSentPage, InviteSuccessPage, ResetSuccessPage};

use super::ClientInfo;
use super::form_session::FormSession;
use crate::context::RequestContext;
use crate::cookies;
use crate::flash::{FlashKind, FlashMessage};
use crate::reply::{self, Reply};
use crate::state::{AppState, StateInner};
use crate::tenancy::Org;

/// How long the page can be reloaded.
const LIFETIME: Duration = Duration::from_mins(10);

/// Redirects to the result page, with the result as a flash message.
pub(super) fn redirect_to_result(
    state: &StateInner,
    tenant: &RequestContext,
    kind: FlashKind,
    email: &str,
) -> Reply {
    let flash_message = FlashMessage { kind, email: email.to_owned() };
    let path = format!("/{}/auth", tenant.organization.slug);
    let until = state.clock.now() + LIFETIME;
    let flash_message = state.cookies.set(tenant, cookies::FLASH, &flash_message.value(), &path, until);
    let reply = reply::redirect(&format!("{}/auth/done", tenant.issuer));
    reply::with_header(reply, header::SET_COOKIE, flash_message)
}

/// Shows the result. Without a flash message, or after it expired, redirects to the account.
pub(crate) async fn show(State(state): State<AppState>, Org(tenant): Org, client_info: ClientInfo) -> Reply {
    let flash_message = state.cookies.read(&tenant, &client_info.headers, cookies::FLASH);
    let account = format!("{}/account", tenant.issuer);
    let Some(FlashMessage { kind, email }) =
        flash_message.and_then(|flash_message| FlashMessage::parse(&flash_message))
    else {
        return reply::redirect(&account);
    };
    let form_session = FormSession::of(&state, &tenant, &client_info.headers, None);
    let (theme, continue_url) = (tenant.theme(), form_session.continue_url(&tenant));
    let page = match kind {
        FlashKind::LinkSent => state.pages.render(
            &theme,
            &ForgotPasswordSentPage {
                email: &email,
                expires_in: tenant.settings.number(settings::PASSWORD_RESET_TTL),
                again_url: &format!("/{}/auth/forgot-password", tenant.organization.slug),
                login_url: form_session.sign_in_url(&tenant).as_deref(),
            },
        ),
        FlashKind::PasswordSet => {
            state.pages.render(&theme, &ResetSuccessPage { login_url: Some(&continue_url) })
        }
        FlashKind::InvitationAccepted => state.pages.render(
            &theme,
            &InviteSuccessPage {
                organization: tenant.organization.display_name(),
                email: &email,
                login_url: Some(&continue_url),
            },
        ),
        FlashKind::AddressConfirmed => {
            state.pages.render(&theme, &EmailVerifiedPage { email: &email, login_url: Some(&continue_url) })
        }
        _ => return reply::redirect(&account),
    };
    reply::page(StatusCode::OK, page)
}
