//! Invitations: an inactive account and a mailed link that activates it.

use porta_core::audit::AuditEventKind;
use porta_core::invitation::{INVITER_LENGTH, Invitation, MESSAGE_LENGTH};
use porta_core::line::{check_line, check_lines};
use porta_core::mail::{Mail, OutgoingEmail, Recipient};
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::organization::{Organization, OrganizationStatus};
use porta_core::user::{Email, Profile, User, UserStatus};
use porta_core::{OneTimeTokenId, Timestamp, TokenDigest, settings};
use serde_json::{Value, json};

use crate::claims::require_type;
use crate::error::{changed_concurrently, refuse};
use crate::pre_assignments::{NamedClaim, PreAssignments, check_may_pre_assign, find_pre_assignments};
use crate::protected::check_may_change;
use crate::users::{NewUser, UserOperations};
use crate::{DirectoryError, Result, Transaction};

/// An invitation to send.
#[derive(Debug, Clone, Default)]
pub struct NewInvitation {
    pub email: String,
    /// Profile of a newly created account; an existing account keeps its own. The mail is in the language of the
    /// profile, unless the account has one.
    pub profile: Profile,
    /// Name of the person who invites; at most [`INVITER_LENGTH`] characters.
    pub inviter: Option<String>,
    /// Personal message; at most [`MESSAGE_LENGTH`] characters.
    pub message: Option<String>,
    /// Roles to grant: slug of an application that the organization sees, and slug of the role.
    pub roles: Vec<(String, String)>,
    /// Claim values to set: slug of an application, name of the claim, value.
    pub claims: Vec<(String, String, Value)>,
    /// More roles and claims, from [`InvitationOperations::pre_assignments`].
    pub pre_assigned: PreAssignments,
}

/// A sent invitation.
#[derive(Debug, Clone, PartialEq)]
pub struct SentInvitation {
    pub id: OneTimeTokenId,
    pub user: User,
    pub created: bool,
    pub expires_at: Timestamp,
}

/// Operations on invitations.
pub struct InvitationOperations<'t> {
    pub(crate) work: &'t mut Transaction,
}

impl<'t> UserOperations<'t> {
    pub fn invitations(self) -> InvitationOperations<'t> {
        InvitationOperations { work: self.work }
    }
}

impl InvitationOperations<'_> {
    /// Finds the roles (application and id of the role) and claims that a request names. Applications are named by id or
    /// slug. The error has every problem.
    pub async fn pre_assignments(
        &mut self,
        organization: &Organization,
        roles: &[(String, String)],
        claims: Vec<NamedClaim>,
    ) -> Result<PreAssignments> {
        find_pre_assignments(self.work, organization, roles, claims).await
    }

    /// Invites somebody by mail. A new account stays inactive until they accept: neither a magic link nor a password
    /// reset activates it. An earlier invitation is revoked. `issuer` is the organization's issuer URL.
    pub async fn send(
        &mut self,
        organization: &Organization,
        issuer: &str,
        new: NewInvitation,
    ) -> Result<SentInvitation> {
        check_is_active(organization)?;
        let (inviter, message) = texts(&new)?;
        let PreAssignments { mut roles, mut claims } = new.pre_assigned;
        for (application, slug) in &new.roles {
            roles.push(self.work.roles().visible(organization, application, slug).await?.id);
        }
        for (application, name, value) in new.claims {
            let claim = self.work.claims().visible(organization, &application, &name).await?;
            require_type(&claim, &value)?;
            claims.push((claim.id, value));
        }
        let granted = PreAssignments { roles, claims };
        check_may_pre_assign(self.work, organization, &granted).await?;
        let email = Email::parse(&new.email)?;
        let found = self.work.unit.users(organization.id).by_email(email.shown()).await?;
        let created = found.is_none();
        let locale = new.profile.locale.clone();
        let user = if let Some(user) = found {
            check_may_change(&self.work.actor, organization, &user)?;
            may_be_invited(user)?
        } else {
            let profile = new.profile;
            let person = NewUser { email: new.email, profile, is_inactive: true, ..NewUser::default() };
            self.work.users().create(organization, person).await?
        };
        let PreAssignments { roles, claims } = granted;
        let invitation = Invitation { inviter, message, roles, claims };
        let recipient = reading(Recipient::of(&user), locale.as_deref());
        let (id, expires_at) = self.mail(organization, issuer, (&user, recipient), &invitation).await?;
        let metadata = invited(&invitation, false);
        self.work.audit(AuditEventKind::UserInvited, Some(organization), Some(user.id), metadata).await?;
        Ok(SentInvitation { id, user, created, expires_at })
    }

    /// The mail that [`send`](Self::send) would send, with a link that leads nowhere. Nothing is stored.
    pub async fn preview(
        &mut self,
        organization: &Organization,
        issuer: &str,
        new: NewInvitation,
    ) -> Result<OutgoingEmail> {
        let (inviter, message) = texts(&new)?;
        let settings = self.work.settings().in_force(organization).await?;
        let expires_at = self.work.now + settings.duration(settings::INVITATION_TTL);
        let url = link(issuer, "PREVIEW_TOKEN");
        let recipient = Recipient {
            user_id: None,
            address: Email::parse(&new.email)?,
            full_name: new.profile.full_name(),
            locale: new.profile.locale,
        };
        let mail = Mail::Invitation { url, expires_at, inviter, message };
        Ok(OutgoingEmail { organization_id: organization.id, recipient, mail })
    }

    /// Sends an invitation that was not accepted once more, with a new link; the old one works no more.
    pub async fn resend(
        &mut self,
        organization: &Organization,
        issuer: &str,
        id: &str,
    ) -> Result<SentInvitation> {
        check_is_active(organization)?;
        let (link, user) = self.find(organization, id).await?;
        if link.used_at.is_some() {
            return Err(is_used());
        }
        let user = may_be_invited(user)?;
        let invitation = Invitation::of(link.details.as_ref());
        let granted = PreAssignments { roles: invitation.roles.clone(), claims: invitation.claims.clone() };
        check_may_pre_assign(self.work, organization, &granted).await?;
        let recipient = Recipient::of(&user);
        let (id, expires_at) = self.mail(organization, issuer, (&user, recipient), &invitation).await?;
        let metadata = invited(&invitation, true);
        self.work.audit(AuditEventKind::UserInvited, Some(organization), Some(user.id), metadata).await?;
        Ok(SentInvitation { id, user, created: false, expires_at })
    }

    /// Withdraws an invitation that was not accepted.
    pub async fn withdraw(&mut self, organization: &Organization, id: &str) -> Result<()> {
        let (link, user) = self.find(organization, id).await?;
        let mut links = self.work.unit.one_time_tokens(organization.id);
        if !links.withdraw_invitation(link.id, self.work.now).await? {
            return Err(is_used());
        }
        drop(links);
        let metadata = json!({ "userId": user.id, "invitationId": link.id });
        let event = AuditEventKind::UserInviteWithdrawn;
        self.work.audit(event, Some(organization), Some(user.id), metadata).await
    }

    /// An invitation with the invited person, for somebody who may change that person.
    async fn find(&mut self, organization: &Organization, id: &str) -> Result<(OneTimeToken, User)> {
        let missing = || DirectoryError::not_found("invitation", id);
        let key = OneTimeTokenId::parse(id).ok_or_else(missing)?;
        let found = self.work.unit.one_time_tokens(organization.id).invitation(key).await?;
        let link = found.ok_or_else(missing)?.link;
        let user = self.work.unit.users(organization.id).by_id(link.user_id).await?.ok_or_else(missing)?;
        check_may_change(&self.work.actor, organization, &user)?;
        Ok((link, user))
    }

    async fn mail(
        &mut self,
        organization: &Organization,
        issuer: &str,
        (user, recipient): (&User, Recipient),
        invitation: &Invitation,
    ) -> Result<(OneTimeTokenId, Timestamp)> {
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
            url: link(issuer, &value),
            expires_at,
            inviter: invitation.inviter.clone(),
            message: invitation.message.clone(),
        };
        let outgoing = OutgoingEmail { organization_id: organization.id, recipient, mail };
        let item = outgoing.into_item(
            &id.to_string(),
            &self.work.deps.outbox,
            self.work.now,
            &*self.work.deps.entropy,
        );
        self.work.unit.outbox().enqueue(&item).await?;
        Ok((id, expires_at))
    }
}

fn link(issuer: &str, value: &str) -> String {
    format!("{issuer}/auth/accept-invite/{value}")
}

fn is_used() -> DirectoryError {
    DirectoryError::Conflict("the invitation was accepted or withdrawn".to_owned())
}

/// Checks what people write, and returns the inviter and the message.
fn texts(new: &NewInvitation) -> Result<(Option<String>, Option<String>)> {
    let given = |text: &Option<String>| {
        text.as_ref().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    };
    let (inviter, message) = (given(&new.inviter), given(&new.message));
    let unfit = [
        message.as_ref().and_then(|text| check_lines("message", text, MESSAGE_LENGTH).err()),
        inviter.as_ref().and_then(|name| check_line("inviter", name, INVITER_LENGTH).err()),
        new.profile.validate().err(),
    ];
    refuse(unfit.into_iter().flatten().collect())?;
    Ok((inviter, message))
}

fn reading(recipient: Recipient, locale: Option<&str>) -> Recipient {
    match locale {
        Some(locale) => recipient.reading(locale),
        None => recipient,
    }
}

fn invited(invitation: &Invitation, is_resent: bool) -> Value {
    let mut metadata = json!({
        "hasPersonalMessage": invitation.message.is_some(),
        "preAssignedRoles": invitation.roles.len(),
        "preAssignedClaims": invitation.claims.len(),
    });
    if is_resent {
        metadata["resent"] = json!(true);
    }
    metadata
}

/// Nobody could accept it, and its mail would not be sent.
fn check_is_active(organization: &Organization) -> Result<()> {
    if organization.status == OrganizationStatus::Active {
        return Ok(());
    }
    let problem = format!("{} is {}: activate it first", organization.slug, organization.status);
    Err(DirectoryError::invalid("organization", problem))
}

/// Refuses people whom an operator suspended, locked or deactivated: an invitation must not reactivate them. An inactive
/// account that was never in use is one that was invited before.
fn may_be_invited(user: User) -> Result<User> {
    let was_in_use = user.password_hash.is_some() || user.last_login_at.is_some();
    match user.status {
        UserStatus::Active => Ok(user),
        UserStatus::Inactive if !was_in_use => Ok(user),
        UserStatus::Locked if user.is_auto_locked() => Ok(user),
        UserStatus::Inactive | UserStatus::Suspended | UserStatus::Locked => {
            let problem = format!("{} is {}: activate the account first", user.email.shown(), user.status);
            Err(DirectoryError::invalid("email", problem))
        }
    }
}
