//! Invitations as the API shows them.

use porta_core::invitation::{Invitation, InvitationState};
use porta_core::{ClaimDefinitionId, EntityId as _, RoleId, Timestamp, UserId};
use porta_directory::SentInvitation;
use porta_store::InvitationEntry;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::answer::{optional_time, time};

/// An invitation. Never contains its link.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Invitation)]
pub(crate) struct InvitationView {
    id: Uuid,
    organization_id: Uuid,
    user_id: Uuid,
    email: String,
    /// `open`, `expired`, or `used`: accepted or withdrawn.
    state: &'static str,
    /// The inviter's name as the mail has it.
    inviter: Option<String>,
    inviter_id: Option<Uuid>,
    inviter_email: Option<String>,
    personal_message: Option<String>,
    /// Ids of the roles that the user gets on accepting.
    roles: Vec<Uuid>,
    claims: Vec<ClaimView>,
    created_at: String,
    expires_at: String,
    used_at: Option<String>,
}

/// A claim value that the user gets on accepting.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InvitedClaim)]
pub(crate) struct ClaimView {
    claim_definition_id: Uuid,
    value: serde_json::Value,
}

impl InvitationView {
    /// The invitation as it is at `now`.
    pub(super) fn at(now: Timestamp, entry: InvitationEntry) -> Self {
        let InvitationEntry { link, email, inviter_email } = entry;
        let invitation = Invitation::of(link.details.as_ref());
        let claim = |(id, value): (ClaimDefinitionId, serde_json::Value)| ClaimView {
            claim_definition_id: id.uuid(),
            value,
        };
        Self {
            id: link.id.uuid(),
            organization_id: link.organization_id.uuid(),
            user_id: link.user_id.uuid(),
            email,
            state: InvitationState::of(&link, now).as_str(),
            inviter: invitation.inviter,
            inviter_id: link.invited_by.map(UserId::uuid),
            inviter_email,
            personal_message: invitation.message,
            roles: invitation.roles.into_iter().map(RoleId::uuid).collect(),
            claims: invitation.claims.into_iter().map(claim).collect(),
            created_at: time(link.created_at),
            expires_at: time(link.expires_at),
            used_at: optional_time(link.used_at),
        }
    }
}

/// An invitation whose mail waits to be sent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitationSent {
    invitation_id: Uuid,
    user_id: Uuid,
    email: String,
    /// An account was created for the user.
    created: bool,
    /// The mail was handed over for delivery, which is tried for a day.
    #[serde(rename = "invitationSent")]
    is_sent: bool,
    expires_at: String,
}

impl From<SentInvitation> for InvitationSent {
    fn from(sent: SentInvitation) -> Self {
        Self {
            invitation_id: sent.id.uuid(),
            user_id: sent.user.id.uuid(),
            email: sent.user.email.shown().to_owned(),
            created: sent.created,
            is_sent: true,
            expires_at: time(sent.expires_at),
        }
    }
}
