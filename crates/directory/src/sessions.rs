//! Ends sessions, and what people allowed clients.
//!
//! A session ends in the database. Its entry in the short-lived store is found by the cookie alone, so it stays until it
//! expires; nobody gets in with it, because every use of it looks at the database.
//!
//! Sessions of administrators are not protected: whoever notices a stolen one must be able to end it.

use porta_core::audit::AuditEventKind;
use porta_core::client::Client;
use porta_core::organization::Organization;
use porta_core::user::User;
use porta_core::{GrantId, SessionKey};
use porta_store::{EndedSessions, SessionsOf};
use serde_json::json;

use crate::transaction::audit_row;
use crate::users::UserOperations;
use crate::{DirectoryError, Result, Transaction};

/// Which sessions to end.
#[derive(Debug, Clone, Copy)]
pub enum SessionsToEnd<'a> {
    User(&'a Organization, &'a User),
    Organization(&'a Organization),
    /// Those in which the client got tokens.
    Client(&'a Client),
    Everybody,
}

/// Operations on sessions and grants.
pub struct SessionOperations<'t> {
    work: &'t mut Transaction,
}

impl<'t> UserOperations<'t> {
    pub fn sessions(self) -> SessionOperations<'t> {
        SessionOperations { work: self.work }
    }
}

impl SessionOperations<'_> {
    /// Ends a session with its tokens. `false`: it had ended before.
    pub async fn end(&mut self, id: &str) -> Result<bool> {
        let missing = || DirectoryError::not_found("session", id);
        let key = SessionKey::parse(id).ok_or_else(missing)?;
        let session = self.work.unit.people().session(key).await?.ok_or_else(missing)?.session;
        let organization = self.work.unit.organizations().by_id(session.organization_id).await?;
        let organization = organization.ok_or_else(missing)?;
        let (kind, metadata) = (AuditEventKind::SessionRevoked, json!({ "session": key.to_string() }));
        let event = audit_row(self.work, kind, Some(&organization), Some(session.user_id), metadata);
        let now = self.work.now;
        Ok(self.work.unit.sessions(organization.id).end(key, now, &event).await?)
    }

    /// Ends many sessions with their tokens, but not `keep`.
    pub async fn end_many(
        &mut self,
        which: SessionsToEnd<'_>,
        keep: Option<SessionKey>,
    ) -> Result<EndedSessions> {
        let (of, kind, organization, user) = match which {
            SessionsToEnd::User(organization, user) => {
                let kind = AuditEventKind::UserSessionsRevoked;
                (SessionsOf::User(user.id), kind, Some(organization), Some(user.id))
            }
            SessionsToEnd::Organization(organization) => {
                let kind = AuditEventKind::SessionsBulkRevoked;
                (SessionsOf::Organization(organization.id), kind, Some(organization), None)
            }
            SessionsToEnd::Client(client) => {
                (SessionsOf::Client(client.id), AuditEventKind::SessionsBulkRevoked, None, None)
            }
            SessionsToEnd::Everybody => {
                (SessionsOf::Everybody, AuditEventKind::SessionsBulkRevoked, None, None)
            }
        };
        let ended = self.work.unit.people().end_sessions(of, keep, self.work.now).await?;
        let mut metadata = json!({ "count": ended.sessions, "tokenFamiliesEnded": ended.token_families });
        if let Some(keep) = keep {
            metadata["kept"] = json!(keep.to_string());
        }
        if let SessionsToEnd::Client(client) = which {
            metadata["clientDbId"] = json!(client.id);
            metadata["clientId"] = json!(client.client_id);
        }
        self.work.audit(kind, organization, user, metadata).await?;
        Ok(ended)
    }

    /// Withdraws what a person allowed a client, and ends the tokens that the client got by it.
    pub async fn withdraw_grant(
        &mut self,
        organization: &Organization,
        user: &User,
        grant: &str,
    ) -> Result<()> {
        let missing = || DirectoryError::not_found("grant", grant);
        let id = GrantId::parse(grant).ok_or_else(missing)?;
        let (kind, metadata) = (AuditEventKind::UserConsentWithdrawn, json!({ "grant": id.to_string() }));
        let event = audit_row(self.work, kind, Some(organization), Some(user.id), metadata);
        let now = self.work.now;
        let is_withdrawn =
            self.work.unit.sessions(organization.id).end_grant(user.id, id, now, &event).await?;
        if is_withdrawn { Ok(()) } else { Err(missing()) }
    }
}
