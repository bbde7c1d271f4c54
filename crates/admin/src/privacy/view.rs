//! What is stored about a user, as the API shows it.

use porta_core::audit::{AuditEvent, AuditEventKind};
use porta_core::organization::Organization;
use porta_core::session::SessionRecord;
use porta_core::user::{TwoFactorMethod, User};
use porta_core::{EntityId as _, Timestamp};
use porta_store::{AssignedClaim, PersonalData, RoleAssignment};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{optional_time, time};
use crate::grants::GrantView;
use crate::users::view::UserView;

/// What is stored about a user. Contains no passwords, codes or tokens.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserExport {
    exported_at: String,
    user: UserView,
    organization: ExportedOrganization,
    roles: Vec<ExportedRole>,
    custom_claims: Vec<ExportedClaim>,
    /// What was done by the user or to the user, newest first, at most 500 entries.
    audit_log: Vec<ExportedEvent>,
    two_factor: ExportedTwoFactor,
    sessions: Vec<ExportedSession>,
    /// What the user allowed clients.
    grants: Vec<GrantView>,
    /// Number of sessions that have not ended.
    oidc_sessions: usize,
}

impl UserExport {
    pub(super) fn of(now: Timestamp, organization: Organization, user: User, data: PersonalData) -> Self {
        let is_live = |session: &&SessionRecord| session.revoked_at.is_none() && session.expires_at > now;
        Self {
            exported_at: time(now),
            organization: organization.into(),
            roles: data.roles.into_iter().map(ExportedRole::from).collect(),
            custom_claims: data.claims.into_iter().map(ExportedClaim::from).collect(),
            audit_log: data.audit.into_iter().map(ExportedEvent::from).collect(),
            two_factor: ExportedTwoFactor {
                enabled: user.two_factor_method.is_some(),
                method: user.two_factor_method.map(TwoFactorMethod::as_str),
            },
            oidc_sessions: data.sessions.iter().filter(is_live).count(),
            sessions: data.sessions.into_iter().map(ExportedSession::from).collect(),
            grants: data.grants.into_iter().map(GrantView::from).collect(),
            user: user.into(),
        }
    }
}

/// The organization of the user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportedOrganization {
    id: Uuid,
    name: String,
    slug: String,
}

impl From<Organization> for ExportedOrganization {
    fn from(organization: Organization) -> Self {
        Self { id: organization.id.uuid(), name: organization.name, slug: organization.slug.to_string() }
    }
}

/// A role that the user has.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportedRole {
    role_id: Uuid,
    role_name: String,
    role_slug: String,
    application_id: Uuid,
    assigned_at: String,
}

impl From<RoleAssignment> for ExportedRole {
    fn from(RoleAssignment { role, assigned_at, .. }: RoleAssignment) -> Self {
        Self {
            role_id: role.id.uuid(),
            role_name: role.name,
            role_slug: role.slug.to_string(),
            application_id: role.application_id.uuid(),
            assigned_at: time(assigned_at),
        }
    }
}

/// A custom claim of the user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportedClaim {
    claim_name: String,
    value: serde_json::Value,
    application_id: Uuid,
}

impl From<AssignedClaim> for ExportedClaim {
    fn from(claim: AssignedClaim) -> Self {
        Self { claim_name: claim.name, value: claim.value, application_id: claim.application_id.uuid() }
    }
}

/// Something that was done by the user or to the user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportedEvent {
    id: Uuid,
    event_type: String,
    /// `admin`, `authentication`, `security` or `gdpr`.
    event_category: &'static str,
    description: Option<String>,
    created_at: String,
}

impl From<AuditEvent> for ExportedEvent {
    fn from(event: AuditEvent) -> Self {
        let meaning = || AuditEventKind::parse(&event.event_type).map(|kind| kind.description().to_owned());
        Self {
            id: event.id.uuid(),
            event_category: event.category.as_str(),
            description: event.description.clone().or_else(meaning),
            event_type: event.event_type,
            created_at: time(event.created_at),
        }
    }
}

/// The second factor of the user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ExportedTwoFactor {
    enabled: bool,
    /// `email` or `totp`.
    method: Option<&'static str>,
}

/// A session of a browser in which the user signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExportedSession {
    id: Uuid,
    ip_address: Option<String>,
    user_agent: Option<String>,
    created_at: String,
    last_activity_at: String,
    expires_at: String,
    revoked_at: Option<String>,
}

impl From<SessionRecord> for ExportedSession {
    fn from(session: SessionRecord) -> Self {
        Self {
            id: session.id.uuid(),
            ip_address: session.ip_address,
            user_agent: session.user_agent,
            created_at: time(session.created_at),
            last_activity_at: time(session.last_activity_at),
            expires_at: time(session.expires_at),
            revoked_at: optional_time(session.revoked_at),
        }
    }
}
