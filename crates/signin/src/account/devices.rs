//! A person's sessions, and the applications with access.

use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::session::SessionRecord;
use porta_core::{GrantId, SessionKey};
use porta_session::{Caller, EngineError, Tenant};
use porta_store::{GrantWithClient, Revocation};
use serde_json::json;

use super::{AccountChange, RecentlyAuthenticated, SignedInUser};
use crate::SignIn;

/// Most rows a page shows; nobody reads more.
const MAX_ROWS_SHOWN: u32 = 100;

impl SignIn {
    /// The person's live sessions, the newest first.
    pub async fn sessions(
        &self,
        tenant: &Tenant,
        signed_in: &SignedInUser,
    ) -> Result<Vec<SessionRecord>, EngineError> {
        let now = Some(self.engine.now());
        let mut repositories = self.engine.store().repositories();
        let mut sessions = repositories.sessions(tenant.organization.id);
        Ok(sessions.of_user(signed_in.user.id, now, None, MAX_ROWS_SHOWN).await?.items)
    }

    /// Revokes another session of the person. The current one ends by signing out.
    pub async fn end_session(
        &self,
        tenant: &Tenant,
        recent: RecentlyAuthenticated<'_>,
        session: SessionKey,
        caller: &Caller,
    ) -> Result<AccountChange, EngineError> {
        let signed_in = recent.signed_in();
        let mut repositories = self.engine.store().repositories();
        let mut sessions = repositories.sessions(tenant.organization.id);
        let found = sessions.by_id(session).await?;
        // Check before ending: the owner of a session never changes.
        if session == signed_in.session.key || found.is_none_or(|found| found.user_id != signed_in.user.id) {
            return Ok(AccountChange::Nothing);
        }
        let metadata = json!({ "session": session.to_string() });
        let event = self.account_event(
            tenant,
            signed_in,
            "session.revoked",
            AuditCategory::Security,
            metadata,
            caller,
        );
        let ended = sessions.end(session, self.engine.now(), &event).await?;
        Ok(if ended { AccountChange::Done } else { AccountChange::Nothing })
    }

    /// Revokes every session of the person but the current one.
    pub async fn end_other_sessions(
        &self,
        tenant: &Tenant,
        recent: RecentlyAuthenticated<'_>,
        caller: &Caller,
    ) -> Result<AccountChange, EngineError> {
        let signed_in = recent.signed_in();
        let what = Revocation::OtherSessions { user: signed_in.user.id, keep: signed_in.session.key };
        let mut unit = self.engine.store().begin().await?;
        let ended = unit.tokens(tenant.organization.id).revoke(what, self.engine.now()).await?;
        let event = self.account_event(
            tenant,
            signed_in,
            "user.sessions.revoked",
            AuditCategory::Security,
            json!({ "kept": signed_in.session.key.to_string(), "tokenFamiliesEnded": ended }),
            caller,
        );
        unit.audit().record(&event).await?;
        unit.commit().await?;
        Ok(AccountChange::Done)
    }

    /// Returns the access the person granted, newest first.
    pub async fn list_grants(
        &self,
        tenant: &Tenant,
        signed_in: &SignedInUser,
    ) -> Result<Vec<GrantWithClient>, EngineError> {
        let now = self.engine.now();
        let mut repositories = self.engine.store().repositories();
        let mut sessions = repositories.sessions(tenant.organization.id);
        Ok(sessions.grants_of(signed_in.user.id, now, None, MAX_ROWS_SHOWN).await?.items)
    }

    /// Revokes a grant with every token issued under it.
    pub async fn withdraw_grant(
        &self,
        tenant: &Tenant,
        signed_in: &SignedInUser,
        grant: GrantId,
        caller: &Caller,
    ) -> Result<AccountChange, EngineError> {
        let metadata = json!({ "grant": grant.to_string() });
        let event: AuditEvent = self.account_event(
            tenant,
            signed_in,
            "user.consent.withdrawn",
            AuditCategory::Authentication,
            metadata,
            caller,
        );
        let mut repositories = self.engine.store().repositories();
        let mut sessions = repositories.sessions(tenant.organization.id);
        let ended = sessions.end_grant(signed_in.user.id, grant, self.engine.now(), &event).await?;
        Ok(if ended { AccountChange::Done } else { AccountChange::Nothing })
    }
}
