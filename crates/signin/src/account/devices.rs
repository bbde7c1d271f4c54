//! A person's sessions, and the applications with access.

use std::sync::Arc;

use porta_core::audit::AuditEventKind;
use porta_core::session::SessionRecord;
use porta_core::{GrantId, SessionKey};
use porta_session::{BackendError, OperationContext};
use porta_store::{GrantWithClient, Revocation};
use serde_json::json;

use super::{AccountChange, RecentlyAuthenticated, SignedInUser};
use crate::sign_in_core::SignInCore;

/// Most rows a page shows; nobody reads more.
const MAX_ROWS_SHOWN: u32 = 100;

pub struct AccountDevices {
    pub(crate) core: Arc<SignInCore>,
}

impl AccountDevices {
    /// The person's live sessions, the newest first.
    pub async fn sessions(
        &self,
        cx: OperationContext<'_>,
        signed_in: &SignedInUser,
    ) -> Result<Vec<SessionRecord>, BackendError> {
        let mut repositories = self.core.shared.store().repositories();
        let mut sessions = repositories.sessions(cx.tenant.organization.id);
        Ok(sessions.of_user(signed_in.user.id, Some(cx.now), None, MAX_ROWS_SHOWN).await?.items)
    }

    /// Revokes another session of the person. The current one ends by signing out.
    pub async fn end_session(
        &self,
        cx: OperationContext<'_>,
        recent: RecentlyAuthenticated<'_>,
        session: SessionKey,
    ) -> Result<AccountChange, BackendError> {
        let signed_in = recent.signed_in();
        let mut repositories = self.core.shared.store().repositories();
        let mut sessions = repositories.sessions(cx.tenant.organization.id);
        let found = sessions.by_id(session).await?;
        // Check before ending: the owner of a session never changes.
        if session == signed_in.session.key || found.is_none_or(|found| found.user_id != signed_in.user.id) {
            return Ok(AccountChange::Nothing);
        }
        let metadata = json!({ "session": session.to_string() });
        let event = signed_in.event(&self.core, cx, AuditEventKind::SessionRevoked, metadata);
        let ended = sessions.end(session, cx.now, &event).await?;
        Ok(if ended { AccountChange::Done } else { AccountChange::Nothing })
    }

    /// Revokes every session of the person but the current one.
    pub async fn end_other_sessions(
        &self,
        cx: OperationContext<'_>,
        recent: RecentlyAuthenticated<'_>,
    ) -> Result<AccountChange, BackendError> {
        let signed_in = recent.signed_in();
        let what = Revocation::OtherSessions { user: signed_in.user.id, keep: signed_in.session.key };
        let mut unit = self.core.shared.store().begin().await?;
        let ended = unit.tokens(cx.tenant.organization.id).revoke(what, self.core.shared.now()).await?;
        let what = AuditEventKind::UserSessionsRevoked;
        let metadata = json!({ "kept": signed_in.session.key.to_string(), "tokenFamiliesEnded": ended });
        let event = signed_in.event(&self.core, cx, what, metadata);
        unit.audit().record(&event).await?;
        unit.commit().await?;
        Ok(AccountChange::Done)
    }

    /// Returns the access the person granted, newest first.
    pub async fn list_grants(
        &self,
        cx: OperationContext<'_>,
        signed_in: &SignedInUser,
    ) -> Result<Vec<GrantWithClient>, BackendError> {
        let mut repositories = self.core.shared.store().repositories();
        let mut sessions = repositories.sessions(cx.tenant.organization.id);
        Ok(sessions.grants_of(signed_in.user.id, cx.now, None, MAX_ROWS_SHOWN).await?.items)
    }

    /// Revokes a grant with every token issued under it.
    pub async fn withdraw_grant(
        &self,
        cx: OperationContext<'_>,
        signed_in: &SignedInUser,
        grant: GrantId,
    ) -> Result<AccountChange, BackendError> {
        let metadata = json!({ "grant": grant.to_string() });
        let event = signed_in.event(&self.core, cx, AuditEventKind::UserConsentWithdrawn, metadata);
        let mut repositories = self.core.shared.store().repositories();
        let mut sessions = repositories.sessions(cx.tenant.organization.id);
        let ended = sessions.end_grant(signed_in.user.id, grant, cx.now, &event).await?;
        Ok(if ended { AccountChange::Done } else { AccountChange::Nothing })
    }
}
