//! Accepting an invitation, under `/{org}/auth/accept-invite`.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use porta_core::BearerKind;
use porta_pages::{InvitationPage, InviteExpiredPage, PasswordFault};
use porta_signin::{Invitee, LinkError, SetPasswordOutcome};

use super::ClientInfo;
use super::form_flash::{FormPage, shown};
use super::form_result::redirect_to_result;
use super::form_session::FormSession;
use super::interaction::form;
use super::mailed_links::dead_link_page;
use super::new_password::{parse_new_password, password_fault, rules};
use crate::context::RequestContext;
use crate::flash::FlashKind;
use crate::reply::{self, Reply, or_answer};
use crate::state::{AppState, StateInner};
use crate::tenancy::Org;

/// `GET /{org}/auth/accept-invite/{token}`: shows the form and does not use the invitation up.
pub(crate) async fn show(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, token)): Path<(String, String)>,
    client_info: ClientInfo,
) -> Reply {
    match invitee(&state, &tenant, &token, &client_info).await {
        Ok(invitee) => {
            let form_page = form_page(&state, &tenant, &token);
            let flash =
                form_page.as_ref().and_then(|page| page.flash(&client_info.headers)?.kind.password(rules()));
            let reply = page(&state, &tenant, &token, &client_info, &invitee, StatusCode::OK, flash);
            shown(form_page.as_ref(), flash.is_some(), reply)
        }
        Err(reply) => reply,
    }
}

/// `POST /{org}/auth/accept-invite/{token}`
pub(crate) async fn accept(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, token)): Path<(String, String)>,
    client_info: ClientInfo,
    body: Body,
) -> Reply {
    let params = or_answer!(form(&state, &tenant, &client_info, body).await);
    let invitee = or_answer!(invitee(&state, &tenant, &token, &client_info).await);
    let again = |status, fault| page(&state, &tenant, &token, &client_info, &invitee, status, Some(fault));
    let refuse = |fault| {
        let kind = FlashKind::of_password_fault(fault, rules());
        match form_page(&state, &tenant, &token).zip(kind) {
            Some((form_page, kind)) => {
                let form_session = FormSession::of(&state, &tenant, &client_info.headers, None);
                form_session.with_cookie(form_page.redirect_with_flash(kind, ""))
            }
            None => again(StatusCode::OK, fault),
        }
    };
    let form_session = FormSession::of(&state, &tenant, &client_info.headers, None);
    if !form_session.csrf_matches(params.get("_csrf")) {
        return refuse(PasswordFault::CsrfInvalid);
    }
    let password = match invitee.needs_password.then(|| parse_new_password(&params)).transpose() {
        Ok(password) => password,
        Err(fault) => return refuse(fault),
    };
    match state.sign_in.accept_invitation(&tenant, &token, password, &client_info.caller).await {
        Ok(SetPasswordOutcome::Done) => {
            redirect_to_result(&state, &tenant, FlashKind::InvitationAccepted, invitee.user.email.shown())
        }
        Ok(SetPasswordOutcome::Refused(refusal)) => refuse(password_fault(refusal)),
        Ok(SetPasswordOutcome::Busy) => {
            let page = again(StatusCode::SERVICE_UNAVAILABLE, PasswordFault::RateLimited { retry_after: 1 });
            reply::with_retry_after(page, std::time::Duration::from_secs(1))
        }
        Ok(SetPasswordOutcome::LinkFailed(why)) => dead_invitation_page(&state, &tenant, why),
        Err(error) => reply::engine_error_page(&state, &tenant.theme(), &error),
    }
}

fn form_page<'a>(state: &'a StateInner, tenant: &'a RequestContext, token: &str) -> Option<FormPage<'a>> {
    FormPage::of_link(state, tenant, BearerKind::Invitation, "accept-invite", token)
}

async fn invitee(
    state: &StateInner,
    tenant: &RequestContext,
    token: &str,
    client_info: &ClientInfo,
) -> Result<Invitee, Reply> {
    match state.sign_in.invitee(tenant, token, &client_info.caller).await {
        Ok(Ok(invitee)) => {
            tenant.languages.add_profile_locale(invitee.user.profile.locale.as_deref());
            Ok(invitee)
        }
        Ok(Err(why)) => Err(dead_invitation_page(state, tenant, why)),
        Err(error) => Err(reply::engine_error_page(state, &tenant.theme(), &error)),
    }
}

/// The response to a dead invitation: only the inviter can send another. A rate limit has its own page.
fn dead_invitation_page(state: &StateInner, tenant: &RequestContext, why: LinkError) -> Reply {
    if let LinkError::Limited { .. } = why {
        return dead_link_page(state, tenant, why, &format!("/{}/account", tenant.organization.slug));
    }
    let page = InviteExpiredPage { organization: tenant.organization.display_name(), inviter: None };
    reply::page(StatusCode::BAD_REQUEST, state.pages.invite_expired(&tenant.theme(), &page))
}

fn page(
    state: &StateInner,
    tenant: &RequestContext,
    token: &str,
    client_info: &ClientInfo,
    invitee: &Invitee,
    status: StatusCode,
    flash: Option<PasswordFault>,
) -> Reply {
    let form_session = FormSession::of(state, tenant, &client_info.headers, None);
    let page = InvitationPage {
        action_url: &format!("/{}/auth/accept-invite/{token}", tenant.organization.slug),
        csrf: &form_session.csrf,
        organization: tenant.organization.display_name(),
        inviter: invitee.invitation.inviter.as_deref(),
        email: invitee.user.email.shown(),
        message: invitee.invitation.message.as_deref(),
        rules: invitee.needs_password.then(rules),
        flash,
    };
    let page = state.pages.invitation(&tenant.theme(), &page);
    form_session.with_cookie(reply::page(status, page))
}
