//! Accepts an invitation: password, verified address, roles and claims in one transaction.

use std::sync::Arc;

use porta_core::audit::{AuditCategory, AuditEvent, AuditEventKind};
use porta_core::invitation::Invitation;
use porta_core::mail::Mail;
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::user::{PasswordHash, User, UserStatus};
use porta_core::{Password, TokenDigest, UserId};
use porta_session::{BackendError, OperationContext};
use porta_store::{StoreError, UnitOfWork};
use serde_json::json;

use crate::links::{LinkError, MailedLinks};
use crate::password_rules::check_password_rules;
use crate::recovery::SetPasswordOutcome;
use crate::sign_in_core::SignInCore;

/// Content of an invitation's page.
#[derive(Debug, Clone, PartialEq)]
pub struct Invitee {
    pub user: User,
    pub invitation: Invitation,
    /// Whether to choose a password. An existing password is never replaced by an invitation.
    pub needs_password: bool,
}

/// Roles and claims assigned, and those that no longer exist.
#[derive(Default)]
struct AssignedFromInvitation {
    roles: Vec<String>,
    claims: Vec<String>,
    gone: Vec<String>,
}

pub struct Invitations {
    pub(crate) core: Arc<SignInCore>,
    pub(crate) links: Arc<MailedLinks>,
}

impl Invitations {
    /// Returns the person a link invites, and the invitation, without using the link up.
    pub async fn invitee(
        &self,
        cx: OperationContext<'_>,
        value: &str,
    ) -> Result<Result<Invitee, LinkError>, BackendError> {
        let link = match self.links.open(cx, TokenPurpose::Invitation, value).await? {
            Ok(link) => link,
            Err(dead) => return Ok(Err(dead)),
        };
        let mut repositories = self.core.shared.store().repositories();
        let user = repositories.users(cx.tenant.organization.id).by_id(link.user_id).await?;
        let Some(user) = user.filter(may_accept) else { return Ok(Err(LinkError::Unknown)) };
        Ok(Ok(Invitee {
            needs_password: cx.tenant.offers_passwords() && user.password_hash.is_none(),
            invitation: Invitation::of(link.details.as_ref()),
            user,
        }))
    }

    /// Accepts an invitation, with the chosen password if one is needed.
    pub async fn accept(
        &self,
        cx: OperationContext<'_>,
        value: &str,
        password: Option<Password>,
    ) -> Result<SetPasswordOutcome, BackendError> {
        let invitee = match self.invitee(cx, value).await? {
            Ok(invitee) => invitee,
            Err(dead) => return Ok(SetPasswordOutcome::LinkFailed(dead)),
        };
        let mut hash = None;
        if let Some(password) = password.filter(|_| invitee.needs_password) {
            if let Err(refusal) = check_password_rules(&password, &invitee.user, cx.tenant).await? {
                return Ok(SetPasswordOutcome::Refused(refusal));
            }
            match self.core.hasher.hash(password).await {
                Ok(hashed) => hash = Some(hashed),
                Err(_) => return Ok(SetPasswordOutcome::Busy),
            }
        }
        // The hash took a while, and the link may have expired.
        let cx = OperationContext { now: self.core.shared.now(), ..cx };
        let mut unit = self.core.shared.store().begin().await?;
        let mut tokens = unit.one_time_tokens(cx.tenant.organization.id);
        let link = tokens.consume(&TokenDigest::of(value), TokenPurpose::Invitation, cx.now).await?;
        drop(tokens);
        let Some(link) = link else { return Ok(SetPasswordOutcome::LinkFailed(LinkError::Used)) };
        if !self.open_account(&mut *unit, cx, &invitee.user, hash.as_ref()).await? {
            return Ok(SetPasswordOutcome::LinkFailed(LinkError::Unknown));
        }
        let invitation = Invitation::of(link.details.as_ref());
        let assigned = assign(&mut *unit, cx, invitee.user.id, &link, &invitation).await?;
        let event = self.core.event(cx, Some(invitee.user.id), AuditEventKind::UserInviteAccepted);
        let metadata = json!({ "roles": assigned.roles.len(), "claims": assigned.claims.len() });
        unit.audit().record(&AuditEvent { metadata, ..event }).await?;
        if !invitation.roles.is_empty() || !invitation.claims.is_empty() {
            let event =
                self.core.event(cx, Some(invitee.user.id), AuditEventKind::UserInvitePreAssignmentsApplied);
            let metadata =
                json!({ "roles": assigned.roles, "claims": assigned.claims, "gone": assigned.gone });
            unit.audit().record(&AuditEvent { metadata, ..event }).await?;
        }
        self.core.enqueue(&mut *unit, cx, &invitee.user, Mail::Welcome, &link.id.to_string()).await?;
        unit.commit().await?;
        Ok(SetPasswordOutcome::Done)
    }

    /// Activates the account: verified address, password if one was chosen. `false`: the account may not be used.
    async fn open_account(
        &self,
        unit: &mut dyn UnitOfWork,
        cx: OperationContext<'_>,
        user: &User,
        hash: Option<&PasswordHash>,
    ) -> Result<bool, BackendError> {
        let now = cx.now;
        let mut users = unit.users(cx.tenant.organization.id);
        match hash {
            Some(hash) => users.recover_password(user.id, hash, now).await?,
            None => users.verify_email(user.id, now).await?,
        };
        let after = match users.by_id(user.id).await? {
            Some(after) if after.status == UserStatus::Inactive => {
                let to = UserStatus::Active;
                users.set_status(user.id, UserStatus::Inactive, to, None, now).await?;
                users.by_id(user.id).await?
            }
            after => after,
        };
        drop(users);
        let Some(after) = after.filter(User::may_continue) else { return Ok(false) };
        if !user.email_verified {
            let event = self.core.event(cx, Some(after.id), AuditEventKind::UserEmailVerified);
            unit.audit().record(&event).await?;
        }
        if hash.is_some() {
            let event = self.core.event(cx, Some(after.id), AuditEventKind::UserPasswordSet);
            // Not `Admin`, the category of the event: no administrator set this password.
            unit.audit().record(&AuditEvent { category: AuditCategory::Security, ..event }).await?;
        }
        Ok(true)
    }
}

/// Assigns roles and claims. One that was deleted in the meantime is named in the audit row and does not stop the
/// acceptance.
async fn assign(
    unit: &mut dyn UnitOfWork,
    cx: OperationContext<'_>,
    user: UserId,
    link: &OneTimeToken,
    invitation: &Invitation,
) -> Result<AssignedFromInvitation, BackendError> {
    let mut applications = unit.applications(cx.tenant.organization.id);
    let mut assigned = AssignedFromInvitation::default();
    for role in &invitation.roles {
        match applications.assign_role(user, *role, link.invited_by, cx.now).await {
            Ok(_) => assigned.roles.push(role.to_string()),
            Err(StoreError::MissingReference(_)) => assigned.gone.push(role.to_string()),
            Err(error) => return Err(error.into()),
        }
    }
    for (claim, value) in &invitation.claims {
        match applications.set_claim_value(user, *claim, value, cx.now).await {
            Ok(_) => assigned.claims.push(claim.to_string()),
            Err(StoreError::MissingReference(_)) => assigned.gone.push(claim.to_string()),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(assigned)
}

/// Invited people who have not accepted yet (inactive), and people with a usable account.
fn may_accept(user: &User) -> bool {
    user.status == UserStatus::Inactive || user.may_continue()
}
