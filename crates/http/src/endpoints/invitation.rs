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
    let request =
        InvitationRequest { state: &state, tenant: &tenant, client_info: &client_info, token: &token };
    let invitee = or_answer!(request.invitee().await);
    let form_page = request.form_page();
    let flash = form_page.as_ref().and_then(|page| page.flash(&client_info.headers)?.kind.password(rules()));
    let reply = request.page(&invitee, StatusCode::OK, flash);
    shown(form_page.as_ref(), flash.is_some(), reply)
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
    let request =
        InvitationRequest { state: &state, tenant: &tenant, client_info: &client_info, token: &token };
    let invitee = or_answer!(request.invitee().await);
    if !request.form_session().csrf_matches(params.get("_csrf")) {
        return request.refuse(&invitee, PasswordFault::CsrfInvalid);
    }
    let password = match invitee.needs_password.then(|| parse_new_password(&params)).transpose() {
        Ok(password) => password,
        Err(fault) => return request.refuse(&invitee, fault),
    };
    let cx = client_info.operation(&state, &tenant);
    match state.sign_in.invitations.accept(cx, &token, password).await {
        Ok(SetPasswordOutcome::Done) => {
            redirect_to_result(&state, &tenant, FlashKind::InvitationAccepted, invitee.user.email.shown())
        }
        Ok(SetPasswordOutcome::Refused(refusal)) => request.refuse(&invitee, password_fault(refusal)),
        Ok(SetPasswordOutcome::Busy) => {
            let fault = PasswordFault::RateLimited { retry_after: 1 };
            let page = request.page(&invitee, StatusCode::SERVICE_UNAVAILABLE, Some(fault));
            reply::with_retry_after(page, std::time::Duration::from_secs(1))
        }
        Ok(SetPasswordOutcome::LinkFailed(why)) => dead_invitation_page(&state, &tenant, why),
        Err(error) => reply::backend_error_page(&state, &tenant.theme(), &error),
    }
}

/// A request with the token of an invitation.
struct InvitationRequest<'a> {
    state: &'a StateInner,
    tenant: &'a RequestContext,
    client_info: &'a ClientInfo,
    token: &'a str,
}

impl<'a> InvitationRequest<'a> {
    /// `None` for a malformed token.
    fn form_page(&self) -> Option<FormPage<'a>> {
        FormPage::of_link(self.state, self.tenant, BearerKind::Invitation, "accept-invite", self.token)
    }

    fn form_session(&self) -> FormSession {
        FormSession::of(self.state, self.tenant, &self.client_info.headers, None)
    }

    async fn invitee(&self) -> Result<Invitee, Reply> {
        let (state, tenant) = (self.state, self.tenant);
        let cx = self.client_info.operation(state, tenant);
        match state.sign_in.invitations.invitee(cx, self.token).await {
            Ok(Ok(invitee)) => {
                tenant.languages.add_profile_locale(invitee.user.profile.locale.as_deref());
                Ok(invitee)
            }
            Ok(Err(why)) => Err(dead_invitation_page(state, tenant, why)),
            Err(error) => Err(reply::backend_error_page(state, &tenant.theme(), &error)),
        }
    }

    /// Redirects to the form, which shows the reason; a malformed link is answered by the form itself.
    fn refuse(&self, invitee: &Invitee, fault: PasswordFault) -> Reply {
        match self.form_page().zip(FlashKind::of_password_fault(fault, rules())) {
            Some((page, kind)) => self.form_session().with_cookie(page.redirect_with_flash(kind, "")),
            None => self.page(invitee, StatusCode::OK, Some(fault)),
        }
    }

    fn page(&self, invitee: &Invitee, status: StatusCode, flash: Option<PasswordFault>) -> Reply {
        let organization = &self.tenant.organization;
        let form_session = self.form_session();
        let page = InvitationPage {
            action_url: &format!("/{}/auth/accept-invite/{}", organization.slug, self.token),
            csrf: &form_session.csrf,
            organization: organization.display_name(),
            inviter: invitee.invitation.inviter.as_deref(),
            email: invitee.user.email.shown(),
            message: invitee.invitation.message.as_deref(),
            rules: invitee.needs_password.then(rules),
            flash,
        };
        let page = self.state.pages.invitation(&self.tenant.theme(), &page);
        form_session.with_cookie(reply::page(status, page))
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
