//! Whom a request invites, and with what.

use axum::http::StatusCode;
use porta_core::user::Profile;
use porta_directory::{Actor, DirectoryError, NamedClaim, NewInvitation, Problem};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::AdminError;

/// Whom to invite, and what the mail says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Invitee {
    #[schema(max_length = 255)]
    email: String,
    /// Of a new account; an existing one keeps its own.
    #[schema(max_length = 255)]
    given_name: Option<String>,
    /// Of a new account; an existing one keeps its own.
    #[schema(max_length = 255)]
    family_name: Option<String>,
    #[schema(max_length = 500)]
    personal_message: Option<String>,
    /// Language of the mail and of a new account; an account that has one keeps its own. The default is the
    /// organization's.
    #[schema(max_length = 10)]
    locale: Option<String>,
}

/// An invitation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitationBody {
    #[serde(flatten)]
    invitee: Invitee,
    /// Roles that the user gets on accepting.
    roles: Option<Vec<RoleInput>>,
    /// Claim values that the user gets on accepting.
    claims: Option<Vec<ClaimInput>>,
}

/// A role to assign.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InvitationRole)]
pub(crate) struct RoleInput {
    /// Id or slug.
    application_id: String,
    role_id: String,
}

/// A claim value to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InvitationClaim)]
pub(crate) struct ClaimInput {
    /// Id or slug.
    application_id: String,
    claim_definition_id: String,
    /// A value of the claim's type.
    value: serde_json::Value,
}

impl Invitee {
    /// The invitation without roles and claims, in the name of an administrator. One of a program names nobody.
    pub(super) fn invited_by(self, actor: &Actor) -> NewInvitation {
        let inviter = match actor {
            Actor::Admin(admin) => Some(admin.name.clone().unwrap_or_else(|| admin.email.clone())),
            Actor::System | Actor::Cli { .. } | Actor::Service(_) => None,
        };
        NewInvitation {
            email: self.email,
            profile: Profile {
                given_name: self.given_name,
                family_name: self.family_name,
                locale: self.locale,
                ..Profile::default()
            },
            inviter,
            message: self.personal_message,
            ..NewInvitation::default()
        }
    }
}

impl InvitationBody {
    /// Whom to invite, and the names of roles and claims.
    pub(super) fn into_parts(self) -> (Invitee, Vec<(String, String)>, Vec<NamedClaim>) {
        let roles = self.roles.unwrap_or_default().into_iter();
        let claims = self.claims.unwrap_or_default().into_iter();
        (
            self.invitee,
            roles.map(|role| (role.application_id, role.role_id)).collect(),
            claims.map(|claim| (claim.application_id, claim.claim_definition_id, claim.value)).collect(),
        )
    }
}

/// The refusal of roles and claims that cannot be given.
pub(super) fn refused_pre_assignments(error: DirectoryError) -> AdminError {
    match error {
        DirectoryError::Invalid(problems) => {
            let ids: Vec<Uuid> = problems.iter().filter_map(|problem| problem.missing).collect();
            let messages: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
            let text = format!("Pre-assignment validation failed: {}", messages.join("; "));
            AdminError::Misplaced { status: StatusCode::BAD_REQUEST, text, ids }
        }
        other => other.into(),
    }
}

/// The refusal of an invitation, with the fields as the request names them.
pub(super) fn refused(error: DirectoryError) -> AdminError {
    match error {
        DirectoryError::Invalid(problems) => {
            let named = |problem: Problem| match problem.path.as_str() {
                "message" => Problem::new("personalMessage", problem.message),
                _ => problem,
            };
            DirectoryError::Invalid(problems.into_iter().map(named).collect()).into()
        }
        other => other.into(),
    }
}
