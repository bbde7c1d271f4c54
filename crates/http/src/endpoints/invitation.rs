//! Accepting an invitation, under `/{org}/auth/accept-invite`.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use porta_core::BearerKind;
use porta_pages::{InvitationPage, InviteExpiredPage, PasswordFault};
use porta_signin::{Invitee, LinkError, SetPasswordOutcome};

use super::ClientInfo;
use super::form::{FormOwner, checked_form};
use super::form_flash::{FormPage, shown};
use super::form_result::redirect_to_result;
use super::form_session::FormSession;
use super::mailed_links::dead_link_page;
use super::new_password::{parse_new_password, password_fault, rules};
use crate::context::RequestContext;
use crate::error::PageError;
use crate::flash::FlashKind;
use crate::reply::{self, Reply};
use crate::state::{AppState, StateInner};
use crate::tenancy::Org;

/// `GET /{org}/auth/accept-invite/{token}`: shows the form and does not use the invitation up.
pub(crate) async fn show(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, token)): Path<(String, String)>,
    client_info: ClientInfo,
) -> Result<Reply, PageError> {
    let request = InvitationRequest::load(&state, &tenant, &client_info, &token).await?;
    let form_page = request.form_page();
    let flash = form_page.as_ref().and_then(|page| page.flash(&client_info.headers)?.kind.password(rules()));
    let reply = request.page(StatusCode::OK, flash);
    Ok(shown(form_page.as_ref(), flash.is_some(), reply))
}

/// `POST /{org}/auth/accept-invite/{token}`
pub(crate) async fn accept(
    State(state): State<AppState>,
    Org(tenant): Org,
    Path((_, token)): Path<(String, String)>,
    client_info: ClientInfo,
    body: Body,
) -> Result<Reply, PageError> {
    let load = || InvitationRequest::load(&state, &tenant, &client_info, &token);
    let form = checked_form(&state, &tenant, &client_info, body, load).await?;
    let (request, params) = form.map_err(|(request, _)| request.refuse(PasswordFault::CsrfInvalid))?;
    let invitee = &request.invitee;
    let password = invitee.needs_password.then(|| parse_new_password(&params)).transpose();
    let password = password.map_err(|fault| request.refuse(fault))?;
    let cx = client_info.operation(&state, &tenant);
    let outcome = state.sign_in.invitations.accept(cx, &token, password).await;
    Ok(match outcome.map_err(|error| PageError::backend(&state, &tenant, &error))? {
        SetPasswordOutcome::Done => {
            redirect_to_result(&state, &tenant, FlashKind::InvitationAccepted, invitee.user.email.shown())
        }
        SetPasswordOutcome::Refused(refusal) => request.refuse(password_fault(refusal)),
        SetPasswordOutcome::Busy => {
            let fault = PasswordFault::RateLimited { retry_after: 1 };
            let page = request.page(StatusCode::SERVICE_UNAVAILABLE, Some(fault));
            reply::with_retry_after(page, std::time::Duration::from_secs(1))
        }
        SetPasswordOutcome::LinkFailed(why) => dead_invitation_page(&state, &tenant, why),
    })
}

/// A request with the token of a live invitation.
struct InvitationRequest<'a> {
    state: &'a StateInner,
    tenant: &'a RequestContext,
    client_info: &'a ClientInfo,
    token: &'a str,
    invitee: Invitee,
}

impl<'a> InvitationRequest<'a> {
    async fn load(
        state: &'a StateInner,
        tenant: &'a RequestContext,
        client_info: &'a ClientInfo,
        token: &'a str,
    ) -> Result<Self, PageError> {
        let invitee = state.sign_in.invitations.invitee(client_info.operation(state, tenant), token).await;
        let invitee = invitee
            .map_err(|error| PageError::backend(state, tenant, &error))?
            .map_err(|why| dead_invitation_page(state, tenant, why))?;
        tenant.languages.add_profile_locale(invitee.user.profile.locale.as_deref());
        Ok(Self { state, tenant, client_info, token, invitee })
    }

    /// `None` for a malformed token.
    fn form_page(&self) -> Option<FormPage<'a>> {
        FormPage::of_link(self.state, self.tenant, BearerKind::Invitation, "accept-invite", self.token)
    }

    fn form_session(&self) -> FormSession {
        FormSession::of(self.state, self.tenant, &self.client_info.headers, None)
    }

    /// Redirects to the form, which shows the reason; a malformed link is answered by the form itself.
    fn refuse(&self, fault: PasswordFault) -> Reply {
        match self.form_page().zip(FlashKind::of_password_fault(fault, rules())) {
            Some((page, kind)) => self.form_session().with_cookie(page.redirect_with_flash(kind, "")),
            None => self.page(StatusCode::OK, Some(fault)),
        }
    }

    fn page(&self, status: StatusCode, flash: Option<PasswordFault>) -> Reply {
        let (organization, invitee) = (&self.tenant.organization, &self.invitee);
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
        let page = self.state.pages.render(&self.tenant.theme(), &page);
        form_session.with_cookie(reply::page(status, page))
    }
}

impl FormOwner for InvitationRequest<'_> {
    fn csrf_matches(&self, presented: Option<&str>) -> bool {
        self.form_session().csrf_matches(presented)
    }
}

/// The response to a dead invitation: only the inviter can send another. A rate limit has its own page.
fn dead_invitation_page(state: &StateInner, tenant: &RequestContext, why: LinkError) -> Reply {
    if let LinkError::Limited { .. } = why {
        return dead_link_page(state, tenant, why, &format!("/{}/account", tenant.organization.slug));
    }
    let page = InviteExpiredPage { organization: tenant.organization.display_name(), inviter: None };
    reply::page(StatusCode::BAD_REQUEST, state.pages.render(&tenant.theme(), &page))
}
