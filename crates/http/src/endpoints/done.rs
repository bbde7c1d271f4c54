//! What was done with a form outside of a sign-in: `GET /{org}/auth/done`, where those forms lead.

use std::time::Duration;

use axum::extract::State;
use axum::http::{StatusCode, header};
use porta_core::settings;
use porta_pages::{EmailVerifiedPage, ForgotPasswordSentPage, InviteSuccessPage, ResetSuccessPage};

use super::From;
use super::desk::Desk;
use crate::cookies;
use crate::reply::{self, Reply};
use crate::state::{AppState, Shared};
use crate::tenancy::Org;
use crate::told::{Said, Told};
use crate::visit::Visit;

/// How long the page can be reloaded.
const LIFETIME: Duration = Duration::from_mins(10);

/// Leads to the page that says so.
pub(super) fn done(state: &Shared, tenant: &Visit, told: Told, email: &str) -> Reply {
    let said = Said { told, email: email.to_owned() };
    let path = format!("/{}/auth", tenant.organization.slug);
    let until = state.clock.now() + LIFETIME;
    let said = cookies::set(state, tenant, cookies::SAID, &said.value(), &path, until);
    let reply = reply::redirect(&format!("{}/auth/done", tenant.issuer));
    reply::with_header(reply, header::SET_COOKIE, said)
}

/// Whoever was told nothing, or that long ago, goes to their account.
pub(crate) async fn show(State(state): State<AppState>, Org(tenant): Org, from: From) -> Reply {
    let said = cookies::read(&state, &tenant, &from.headers, cookies::SAID);
    let account = format!("{}/account", tenant.issuer);
    let Some(Said { told, email }) = said.and_then(|said| Said::parse(&said)) else {
        return reply::redirect(&account);
    };
    let desk = Desk::of(&state, &tenant, &from.headers, None);
    let (look, onward) = (tenant.look(), desk.onward(&tenant));
    let page = match told {
        Told::LinkSent => state.pages.forgot_password_sent(
            &look,
            &ForgotPasswordSentPage {
                email: &email,
                expires_in: tenant.settings.number(settings::PASSWORD_RESET_TTL),
                again_url: &format!("/{}/auth/forgot-password", tenant.organization.slug),
                login_url: desk.sign_in_url(&tenant).as_deref(),
            },
        ),
        Told::PasswordSet => state.pages.reset_success(&look, &ResetSuccessPage { login_url: Some(&onward) }),
        Told::InvitationAccepted => state.pages.invite_success(
            &look,
            &InviteSuccessPage {
                organization: tenant.organization.display_name(),
                email: &email,
                login_url: Some(&onward),
            },
        ),
        Told::AddressConfirmed => {
            state.pages.email_verified(&look, &EmailVerifiedPage { email: &email, login_url: Some(&onward) })
        }
        _ => return reply::redirect(&account),
    };
    reply::page(StatusCode::OK, page)
}
