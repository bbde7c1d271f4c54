//! Declined interactions, and resuming a sign-in to an account page.

use porta_core::audit::AuditEventKind;
use porta_core::settings;
use porta_protocol::{ErrorCode, OAuthError};
use porta_session::interaction::{BoundInteraction, CompletedLogin, Interaction};
use porta_session::{AccountPage, BackendError, InteractionPurpose, OperationContext, Tenant};

use super::respond::refuse;
use super::{AuthorizationEndpoint, AuthorizeOutcome, AuthorizeResult, ResumeOutcome};

impl AuthorizationEndpoint {
    /// Declines an anonymous interaction. The answer is given at once, because nothing is stored that a resume address
    /// could find.
    pub async fn cancel(
        &self,
        context: OperationContext<'_>,
        bound: BoundInteraction,
        cookie: Option<&str>,
    ) -> Result<ResumeOutcome, BackendError> {
        self.declined(context, bound.interaction, cookie).await
    }

    pub(super) async fn declined(
        &self,
        context: OperationContext<'_>,
        interaction: Interaction,
        cookie: Option<&str>,
    ) -> Result<ResumeOutcome, BackendError> {
        let tenant = context.tenant;
        let is_anonymous = interaction.is_anonymous();
        let (user, what) = match interaction.consent {
            Some(asked) => (asked.user, AuditEventKind::UserConsentDenied),
            // Not `user.login.…`: event types with this prefix count as a sign-in unless they end in `failed`.
            None => (None, AuditEventKind::AuthLoginCancelled),
        };
        let (event, resumed) = match interaction.purpose {
            InteractionPurpose::Authorize(request) => {
                // The client may have been switched off while the person was reading.
                if self.shared.clients.find(tenant.organization.id, &request.client_id).await?.is_none() {
                    return Ok(ResumeOutcome::Gone);
                }
                let declined = OAuthError::new(ErrorCode::AccessDenied, "the person declined");
                let outcome = AuthorizeOutcome::Respond(refuse(&request, tenant, &declined));
                let authorized = AuthorizeResult { outcome, session_until: None };
                let event = self.decision_event(context, user, &request, what);
                (event, ResumeOutcome::Respond { authorized, ui_locales: request.ui_locales })
            }
            InteractionPurpose::Account(_) => {
                let event = self.shared.audit.event(context, what);
                let is_signed_in = self.shared.browser_sessions.find(tenant, cookie).await?.is_some();
                let resumed = if is_signed_in {
                    ResumeOutcome::Account(AccountPage::Overview)
                } else {
                    ResumeOutcome::Declined
                };
                (event, resumed)
            }
        };
        if is_anonymous {
            let window = tenant.settings.duration(settings::RATE_LIMIT_INTERACTION_WINDOW);
            self.shared.audit.record_once(context, event, window).await?;
        } else {
            self.shared.audit.record(&event).await?;
        }
        Ok(resumed)
    }

    /// Leads to the account page, which checks access itself. `Gone` if the sign-in was in another session.
    pub(super) async fn resume_account(
        &self,
        tenant: &Tenant,
        page: AccountPage,
        login: Option<CompletedLogin>,
        cookie: Option<&str>,
    ) -> Result<ResumeOutcome, BackendError> {
        let session = self.shared.browser_sessions.find(tenant, cookie).await?;
        let is_here = login.is_none_or(|login| session.is_some_and(|s| s.session.key == login.session));
        Ok(if is_here { ResumeOutcome::Account(page) } else { ResumeOutcome::Gone })
    }
}
