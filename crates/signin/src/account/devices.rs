//! A person's sessions, and the applications with access.

use porta_core::audit::{AuditCategory, AuditEvent};
use porta_core::session::SessionRecord;
use porta_core::{GrantId, SessionKey};
use porta_oidc::{Caller, EngineError, Tenant};
use porta_store::{GivenAccess, Revocation};
use serde_json::json;

use super::{Changed, Member, Recent};
use crate::SignIn;

/// Most rows a page shows; nobody reads more.
const SHOWN: u32 = 100;

impl SignIn {
    /// The person's live sessions, the newest first.
    pub async fn sessions(
        &self,
        tenant: &Tenant,
        member: &Member,
    ) -> Result<Vec<SessionRecord>, EngineError> {
        let now = Some(self.engine.now());
        let mut repositories = self.engine.store().repositories();
        let mut sessions = repositories.sessions(tenant.organization.id);
        Ok(sessions.of_user(member.user.id, now, None, SHOWN).await?.items)
    }

    /// Revokes another session of the person. The current one ends by signing out.
    pub async fn end_session(
        &self,
        tenant: &Tenant,
        recent: Recent<'_>,
        session: SessionKey,
        caller: &Caller,
    ) -> Result<Changed, EngineError> {
        let member = recent.member();
        let mut repositories = self.engine.store().repositories();
        let mut sessions = repositories.sessions(tenant.organization.id);
        let found = sessions.by_id(session).await?;
        // Check before ending: the owner of a session never changes.
        if session == member.session.key || found.is_none_or(|found| found.user_id != member.user.id) {
            return Ok(Changed::Nothing);
        }
        let metadata = json!({ "session": session.to_string() });
        let event =
            self.own_event(tenant, member, "session.revoked", AuditCategory::Security, metadata, caller);
        let ended = sessions.end(session, self.engine.now(), &event).await?;
        Ok(if ended { Changed::Done } else { Changed::Nothing })
    }

    /// Revokes every session of the person but the current one.
    pub async fn end_other_sessions(
        &self,
        tenant: &Tenant,
        recent: Recent<'_>,
        caller: &Caller,
    ) -> Result<Changed, EngineError> {
        let member = recent.member();
        let what = Revocation::OtherSessions { user: member.user.id, keep: member.session.key };
        let mut unit = self.engine.store().begin().await?;
        let ended = unit.tokens(tenant.organization.id).revoke(what, self.engine.now()).await?;
        let event = self.own_event(
            tenant,
            member,
            "user.sessions.revoked",
            AuditCategory::Security,
            json!({ "kept": member.session.key.to_string(), "tokenFamiliesEnded": ended }),
            caller,
        );
        unit.audit().record(&event).await?;
        unit.commit().await?;
        Ok(Changed::Done)
    }

    /// Returns the access the person granted, newest first.
    pub async fn given_access(
        &self,
        tenant: &Tenant,
        member: &Member,
    ) -> Result<Vec<GivenAccess>, EngineError> {
        let now = self.engine.now();
        let mut repositories = self.engine.store().repositories();
        let mut sessions = repositories.sessions(tenant.organization.id);
        Ok(sessions.grants_of(member.user.id, now, None, SHOWN).await?.items)
    }

    /// Revokes a grant with every token issued under it.
    pub async fn withdraw_access(
        &self,
        tenant: &Tenant,
        member: &Member,
        grant: GrantId,
        caller: &Caller,
    ) -> Result<Changed, EngineError> {
        let metadata = json!({ "grant": grant.to_string() });
        let event: AuditEvent = self.own_event(
            tenant,
            member,
            "user.consent.withdrawn",
            AuditCategory::Authentication,
            metadata,
            caller,
        );
        let mut repositories = self.engine.store().repositories();
        let mut sessions = repositories.sessions(tenant.organization.id);
        let ended = sessions.end_grant(member.user.id, grant, self.engine.now(), &event).await?;
        Ok(if ended { Changed::Done } else { Changed::Nothing })
    }
}
