//! The grant of a person, and the code that stands for it.

use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::session::{Grant, TokenFamily};
use porta_core::{BearerKind, GrantId, TokenDigest, TokenFamilyId, UserId, settings};
use porta_kv::{KeyName, KvKey};
use porta_protocol::{ClaimsRequest, scope};
use porta_session::browser_session::PresentedSession;
use porta_session::short_lived::to_bytes;
use porta_session::{AuthorizationRequest, BackendError, OperationContext, ProtocolClient, Tenant};
use porta_store::AuthorizeFacts;

use super::AuthorizationEndpoint;
use crate::token::CodeRecord;

/// A session whose person may continue.
pub(super) struct LiveSession {
    pub(super) session: PresentedSession,
    pub(super) facts: AuthorizeFacts,
}

impl AuthorizationEndpoint {
    /// Returns the grant that covers the request, extended by `more` if necessary; grants only grow
    /// (`docs/security.md`, W06).
    pub(super) async fn ensure_grant(
        &self,
        context: OperationContext<'_>,
        client: &ProtocolClient,
        live: &LiveSession,
        request: &AuthorizationRequest,
        more: Vec<String>,
    ) -> Result<Grant, BackendError> {
        let tenant = context.tenant;
        let LiveSession { session, facts } = live;
        let now = self.shared.now();
        let lifetime = tenant.settings.duration(settings::GRANT_TTL);
        if let Some(grant) = &facts.grant {
            // Renew only in the second half of its lifetime: not every sign-in needs a write.
            if more.is_empty() && (now + lifetime / 2) < grant.expires_at {
                return Ok(grant.clone());
            }
        }
        let wanted = Grant {
            id: GrantId::new(now, self.shared.entropy()),
            organization_id: tenant.organization.id,
            user_id: session.session.user,
            client: client.client.id,
            scopes: more,
            created_at: now,
            expires_at: now + lifetime,
        };
        let user = Some(session.session.user);
        let event = self.decision_event(context, user, request, AuditEventKind::UserConsentGranted);
        let mut repositories = self.shared.store().repositories();
        Ok(repositories
            .sessions(tenant.organization.id)
            .extend_grant(facts.grant.as_ref(), &wanted, Some(&event))
            .await?)
    }

    pub(super) fn decision_event(
        &self,
        context: OperationContext<'_>,
        user: Option<UserId>,
        request: &AuthorizationRequest,
        kind: AuditEventKind,
    ) -> AuditEvent {
        AuditEvent {
            user_id: user,
            actor_id: user,
            metadata: serde_json::json!({ "clientId": request.client_id, "scope": request.scope.to_string() }),
            ..self.shared.audit.event(context, kind)
        }
    }

    pub(super) async fn issue_code(
        &self,
        tenant: &Tenant,
        client: &ProtocolClient,
        request: &AuthorizationRequest,
        session: &PresentedSession,
        grant: &Grant,
    ) -> Result<String, BackendError> {
        let now = self.shared.now();
        let lifetime = tenant.settings.duration(settings::AUTHORIZATION_CODE_TTL);
        let code = BearerKind::AuthorizationCode.generate(self.shared.entropy());
        let family = TokenFamily {
            id: TokenFamilyId::new(now, self.shared.entropy()),
            organization_id: tenant.organization.id,
            client: client.client.id,
            user_id: session.session.user,
            grant_id: grant.id,
            session: session.session.key,
            is_offline: request.scope.contains(scope::OFFLINE_ACCESS),
            scope: request.scope.to_string(),
            nonce: request.nonce.clone(),
            auth_time: session.session.auth_time,
            acr: session.session.acr.clone(),
            amr: session.session.amr.clone(),
            claims: request.claims.as_ref().map(ClaimsRequest::to_value),
            expires_at: grant.expires_at,
            created_at: now,
        };
        let record = CodeRecord {
            family,
            redirect_uri: request.redirect_uri.clone(),
            redirect_uri_sent: request.redirect_uri_sent,
            code_challenge: request.code_challenge.clone(),
            expires_at: now + lifetime,
        };
        let key = CodeRecord::storage_key(tenant.organization.id, &TokenDigest::of(&code));
        // Evict the oldest unredeemed codes of a session and client: a browser that never redeems would fill the store
        // that all organizations share.
        let most = usize::try_from(tenant.settings.number(settings::WAITING_CODES_MAX)).unwrap_or(usize::MAX);
        let group = KvKey::new(KeyName::Codes, tenant.organization.id)
            .with(session.session.key)
            .with(client.client.id);
        self.shared.kv().put_in_group(&group, most, &key, to_bytes(&record)?, lifetime).await?;
        Ok(code)
    }
}
