//! Invitations: an inactive account and a mailed link that activates it.

use porta_core::audit::AuditEventKind;
use porta_core::invitation::{INVITER_LENGTH, Invitation, MESSAGE_LENGTH};
use porta_core::line::{check_line, check_lines};
use porta_core::mail::{Mail, OutgoingEmail, Recipient};
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::organization::Organization;
use porta_core::user::{Email, Profile, User, UserStatus};
use porta_core::{OneTimeTokenId, Timestamp, TokenDigest, settings};
use serde_json::{Value, json};

use crate::claims::require_type;
use crate::error::{changed_concurrently, refuse};
use crate::users::{NewUser, UserOperations};
use crate::{DirectoryError, Result};

/// An invitation to send.
#[derive(Debug, Clone, Default)]
pub struct NewInvitation {
    pub email: String,
    /// Profile of a newly created account; an existing account keeps its own.
    pub profile: Profile,
    /// Name of the person who invites; at most [`INVITER_LENGTH`] characters.
    pub inviter: Option<String>,
    /// Personal message; at most [`MESSAGE_LENGTH`] characters.
    pub message: Option<String>,
    /// Roles to grant: slug of an application that the organization sees, and slug of the role.
    pub roles: Vec<(String, String)>,
    /// Claim values to set: slug of an application, name of the claim, value.
    pub claims: Vec<(String, String, Value)>,
}

/// A sent invitation.
#[derive(Debug, Clone, PartialEq)]
pub struct SentInvitation {
    pub user: User,
    pub created: bool,
    pub expires_at: Timestamp,
}

impl UserOperations<'_> {
    /// Invites somebody by mail. A new account stays inactive until they accept: neither a magic link nor a password
    /// reset activates it. An earlier invitation is revoked. `issuer` is the organization's issuer URL.
    pub async fn invite(
        &mut self,
        organization: &Organization,
        issuer: &str,
        new: NewInvitation,
    ) -> Result<SentInvitation> {
        let message = new.message.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let inviter = new.inviter.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        let unfit = [
            message.as_ref().and_then(|text| check_lines("message", text, MESSAGE_LENGTH).err()),
            inviter.as_ref().and_then(|name| check_line("inviter", name, INVITER_LENGTH).err()),
        ];
        refuse(unfit.into_iter().flatten().collect())?;
        let (mut roles, mut claims) = (Vec::new(), Vec::new());
        for (application, slug) in &new.roles {
            roles.push(self.work.roles().visible(organization, application, slug).await?.id);
        }
        for (application, name, value) in new.claims {
            let claim = self.work.claims().visible(organization, &application, &name).await?;
            require_type(&claim, &value)?;
            claims.push((claim.id, value));
        }
        let email = Email::parse(&new.email)?;
        let found = self.work.unit.users(organization.id).by_email(email.shown()).await?;
        let created = found.is_none();
        let user = if let Some(user) = found {
            may_be_invited(user)?
        } else {
            let profile = new.profile;
            let person = NewUser { email: new.email, profile, is_inactive: true, ..NewUser::default() };
            self.create(organization, person).await?
        };
        let invitation = Invitation { inviter, message, roles, claims };
        let expires_at = self.mail_invitation(organization, issuer, &user, &invitation).await?;
        let metadata = json!({
            "hasPersonalMessage": invitation.message.is_some(),
            "preAssignedRoles": invitation.roles.len(),
            "preAssignedClaims": invitation.claims.len(),
        });
        self.work.audit(AuditEventKind::UserInvited, Some(organization), Some(user.id), metadata).await?;
        Ok(SentInvitation { user, created, expires_at })
    }

    async fn mail_invitation(
        &mut self,
        organization: &Organization,
        issuer: &str,
        user: &User,
        invitation: &Invitation,
    ) -> Result<Timestamp> {
        let settings = self.work.settings().in_force(organization).await?;
        let expires_at = self.work.now + settings.duration(settings::INVITATION_TTL);
        let value = TokenPurpose::Invitation.bearer().generate(&*self.work.deps.entropy);
        let id = OneTimeTokenId::new(self.work.now, &*self.work.deps.entropy);
        let token = OneTimeToken {
            id,
            organization_id: organization.id,
            user_id: user.id,
            purpose: TokenPurpose::Invitation,
            digest: TokenDigest::of(&value),
            interaction: None,
            details: invitation.details(),
            invited_by: self.work.actor.user(),
            expires_at,
            used_at: None,
            created_at: self.work.now,
        };
        if !self.work.unit.one_time_tokens(organization.id).issue(&token, &user.email).await? {
            return Err(changed_concurrently("user"));
        }
        let mail = Mail::Invitation {
            url: format!("{issuer}/auth/accept-invite/{value}"),
            expires_at,
            inviter: invitation.inviter.clone(),
            message: invitation.message.clone(),
        };
        let outgoing =
            OutgoingEmail { organization_id: organization.id, recipient: Recipient::of(user), mail };
        let item = outgoing.into_item(
            &id.to_string(),
            &self.work.deps.outbox,
            self.work.now,
            &*self.work.deps.entropy,
        );
        self.work.unit.outbox().enqueue(&item).await?;
        Ok(expires_at)
    }
}

/// Refuses people whom an operator suspended or locked: an invitation must not reactivate them.
fn may_be_invited(user: User) -> Result<User> {
    match user.status {
        UserStatus::Active | UserStatus::Inactive => Ok(user),
        UserStatus::Locked if user.is_auto_locked() => Ok(user),
        UserStatus::Suspended | UserStatus::Locked => {
            let problem = format!("{} is {}: activate the account first", user.email.shown(), user.status);
            Err(DirectoryError::invalid("email", problem))
        }
    }
}
