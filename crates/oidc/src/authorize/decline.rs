//! Declined interactions, and resuming a sign-in to an account page.

use porta_core::audit::AuditCategory;
use porta_core::settings;
use porta_protocol::{ErrorCode, OAuthError};

use super::{AuthorizeOutcome, AuthorizeResult, ResumeOutcome};
use crate::interaction::{BoundInteraction, CompletedLogin, Interaction};
use crate::purpose::{AccountPage, InteractionPurpose};
use crate::{Caller, Engine, EngineError, Tenant};

impl Engine {
    /// Declines an anonymous interaction. The answer is given at once, because nothing is stored that a resume address
    /// could find.
    pub async fn cancel(
        &self,
        tenant: &Tenant,
        bound: BoundInteraction,
        cookie: Option<&str>,
        caller: &Caller,
    ) -> Result<ResumeOutcome, EngineError> {
        self.declined(tenant, bound.interaction, cookie, caller).await
    }

    pub(super) async fn declined(
        &self,
        tenant: &Tenant,
        interaction: Interaction,
        cookie: Option<&str>,
        caller: &Caller,
    ) -> Result<ResumeOutcome, EngineError> {
        let is_anonymous = interaction.is_anonymous();
        let (user, what) = match interaction.consent {
            Some(asked) => (asked.user, "user.consent.denied"),
            // Not `user.login.…`: event types with this prefix count as a sign-in unless they end in `failed`.
            None => (None, "auth.login.cancelled"),
        };
        let (event, resumed) = match interaction.purpose {
            InteractionPurpose::Authorize(request) => {
                // The client may have been switched off while the person was reading.
                if self.client(tenant.organization.id, &request.client_id).await?.is_none() {
                    return Ok(ResumeOutcome::Gone);
                }
                let declined = OAuthError::new(ErrorCode::AccessDenied, "the person declined");
                let outcome = AuthorizeOutcome::Respond(request.refuse(tenant, &declined));
                let authorized = AuthorizeResult { outcome, session_until: None };
                let event = self.decision_event(tenant, user, &request, caller, what);
                (event, ResumeOutcome::Respond { authorized, ui_locales: request.ui_locales })
            }
            InteractionPurpose::Account(_) => {
                let event = self.event(tenant, what, AuditCategory::Authentication, caller);
                let is_signed_in = self.session(tenant, cookie).await?.is_some();
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
            self.audit_once(tenant, event, caller, window).await?;
        } else {
            self.store.repositories().audit().record(&event).await?;
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
    ) -> Result<ResumeOutcome, EngineError> {
        let session = self.session(tenant, cookie).await?;
        let is_here = login.is_none_or(|login| session.is_some_and(|s| s.session.key == login.session));
        Ok(if is_here { ResumeOutcome::Account(page) } else { ResumeOutcome::Gone })
    }
}
