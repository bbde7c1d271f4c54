//! People: creating, changing and stopping accounts.

use porta_core::audit::AuditEventKind;
use porta_core::line::check_line;
use porta_core::mail::{Mail, OutgoingEmail, Recipient, SecurityEvent};
use porta_core::organization::Organization;
use porta_core::user::{Email, PasswordHash, Profile, User, UserStatus};
use porta_core::{UserId, Version};
use porta_store::{Revocation, StoreError};
use serde_json::json;

use crate::error::{already_taken, changed_concurrently, refuse, stale};
use crate::protected::{check_may_change, refuse_super_admin_user};
use crate::transaction::changed;
use crate::{DirectoryError, Result, Transaction};

/// Maximum length of the reason for a status change, in characters.
const REASON_LENGTH: usize = 500;

/// A person to create.
#[derive(Debug, Clone, Default)]
pub struct NewUser {
    pub email: String,
    pub email_verified: bool,
    /// From [`crate::Directory::hash_password`]; `None`: no sign-in with a password.
    pub password: Option<PasswordHash>,
    /// A sign-in with the password asks for a new one.
    pub is_password_temporary: bool,
    pub profile: Profile,
    /// Created inactive: cannot sign in yet.
    pub is_inactive: bool,
}

/// Operations on people.
pub struct UserOperations<'t> {
    pub(crate) work: &'t mut Transaction,
}

impl Transaction {
    pub fn users(&mut self) -> UserOperations<'_> {
        UserOperations { work: self }
    }
}

impl UserOperations<'_> {
    /// Finds a person by id, in a named organization or in whichever has the person.
    pub async fn find(&mut self, organization: Option<&str>, id: &str) -> Result<(Organization, User)> {
        let missing = || DirectoryError::not_found("user", id);
        let user = UserId::parse(id).ok_or_else(missing)?;
        let organization = match organization {
            Some(name) => self.work.organization(name).await?,
            None => self.work.unit.organizations().of_user(user).await?.ok_or_else(missing)?,
        };
        let found = self.work.unit.users(organization.id).by_id(user).await?.ok_or_else(missing)?;
        Ok((organization, found))
    }

    pub async fn create(&mut self, organization: &Organization, new: NewUser) -> Result<User> {
        let email = self.free_address(organization, &new.email).await?;
        refuse(new.profile.validate().err().into_iter().collect())?;
        let user = User {
            id: UserId::new(self.work.now, &*self.work.deps.entropy),
            organization_id: organization.id,
            email,
            email_verified: new.email_verified,
            password_changed_at: new.password.as_ref().map(|_| self.work.now),
            password_change_required: new.is_password_temporary && new.password.is_some(),
            password_hash: new.password,
            profile: new.profile,
            status: if new.is_inactive { UserStatus::Inactive } else { UserStatus::Active },
            locked_at: None,
            locked_reason: None,
            last_login_at: None,
            login_count: 0,
            failed_login_count: 0,
            last_failed_login_at: None,
            two_factor_method: None,
            credential_epoch: 0,
            factor_failures: 0,
            created_at: self.work.now,
            updated_at: self.work.now,
            version: Version::FIRST,
        };
        self.work
            .unit
            .users(organization.id)
            .insert(&user)
            .await
            .map_err(already_taken("user", user.email.shown()))?;
        let metadata = json!({ "userId": user.id, "email": user.email.shown() });
        self.work.audit(AuditEventKind::UserCreated, Some(organization), Some(user.id), metadata).await?;
        Ok(user)
    }

    /// Updates address, verification and profile. A new address is unverified, and links mailed to the previous one are
    /// revoked. Returns the names of changed fields.
    pub async fn update(
        &mut self,
        organization: &Organization,
        before: &User,
        after: User,
    ) -> Result<(User, Vec<&'static str>)> {
        check_may_change(&self.work.actor, organization, before)?;
        let email = self.address_of(organization, before, after.email.shown()).await?;
        let after = User {
            email_verified: after.email_verified && email.key() == before.email.key(),
            email,
            profile: after.profile,
            updated_at: self.work.now,
            ..before.clone()
        };
        refuse(after.profile.validate().err().into_iter().collect())?;
        let mut fields = changed!(before, after, [email, email_verified]);
        fields.extend(changed_profile(&before.profile, &after.profile));
        if fields.is_empty() {
            return Ok((before.clone(), fields));
        }
        let updated = self.work.unit.users(organization.id).update(&after).await;
        if !updated.map_err(already_taken("user", after.email.shown()))? {
            return Err(DirectoryError::not_found("user", before.id));
        }
        let after = User { version: before.version.next(), ..after };
        if after.email.key() != before.email.key() {
            self.work.unit.one_time_tokens(organization.id).withdraw(after.id, self.work.now).await?;
        }
        let metadata = json!({ "userId": after.id, "fields": fields });
        self.work.audit(AuditEventKind::UserUpdated, Some(organization), Some(after.id), metadata).await?;
        Ok((after, fields))
    }

    /// The address to store for somebody whose address is now `shown`. Another spelling of the same mailbox keeps the
    /// stored key, so that references to that key stay valid, also for an earlier version.
    async fn address_of(&mut self, organization: &Organization, before: &User, shown: &str) -> Result<Email> {
        let present = &before.email;
        if shown == present.shown() {
            return Ok(present.clone());
        }
        let email = Email::parse(shown)?;
        if email.key() == Email::key_of(present.shown()) {
            return Ok(Email::trusted(email.shown().to_owned(), present.key().to_owned()));
        }
        self.free_address(organization, shown).await
    }

    /// Checks that nobody has the address. The unique constraint compares keys, so addresses that an earlier version
    /// stored under another key are looked up (decision 0043).
    async fn free_address(&mut self, organization: &Organization, shown: &str) -> Result<Email> {
        let email = Email::parse(shown)?;
        let has_one_form = Email::spellings(shown).iter().all(|form| form == email.key());
        if !has_one_form && self.work.unit.users(organization.id).by_email(shown).await?.is_some() {
            let conflict = StoreError::Conflict("users_email".to_owned());
            return Err(already_taken("user", email.shown())(conflict));
        }
        Ok(email)
    }

    /// Sets the status: active ⇄ inactive, suspended or locked. Leaving `active` revokes every session, token and
    /// mailed link of the person.
    pub async fn set_status(
        &mut self,
        organization: &Organization,
        user: &User,
        to: UserStatus,
        reason: Option<&str>,
    ) -> Result<User> {
        let verb = match to {
            UserStatus::Active => None,
            UserStatus::Inactive => Some("deactivate"),
            UserStatus::Suspended => Some("suspend"),
            UserStatus::Locked => Some("lock"),
        };
        if let Some(verb) = verb {
            refuse_super_admin_user(self.work, organization, user, verb).await?;
        }
        check_may_change(&self.work.actor, organization, user)?;
        let from = user.status;
        user.may_become(to)?;
        if let Some(reason) = reason {
            check_line("reason", reason, REASON_LENGTH)?;
        }
        if !self.work.unit.users(organization.id).set_status(user.id, from, to, reason, self.work.now).await?
        {
            return Err(changed_concurrently("user"));
        }
        let mut ended = 0;
        if to != UserStatus::Active {
            ended = self
                .work
                .unit
                .tokens(organization.id)
                .revoke(Revocation::User(user.id), self.work.now)
                .await?;
            // Mailed links, invitations included, stay invalid when the account is reactivated.
            self.work.unit.one_time_tokens(organization.id).withdraw(user.id, self.work.now).await?;
        }
        let event = match (from, to) {
            (_, UserStatus::Inactive) => AuditEventKind::UserDeactivated,
            (_, UserStatus::Suspended) => AuditEventKind::UserSuspended,
            (_, UserStatus::Locked) => AuditEventKind::UserLocked,
            (UserStatus::Inactive, UserStatus::Active) => AuditEventKind::UserReactivated,
            (UserStatus::Locked, UserStatus::Active) => AuditEventKind::UserUnlocked,
            (UserStatus::Active | UserStatus::Suspended, UserStatus::Active) => AuditEventKind::UserActivated,
        };
        let metadata = json!({ "userId": user.id, "reason": reason, "tokenFamiliesEnded": ended });
        self.work.audit(event, Some(organization), Some(user.id), metadata).await?;
        let after = self.work.unit.users(organization.id).by_id(user.id).await?;
        after.ok_or_else(|| DirectoryError::not_found("user", user.id))
    }

    /// Marks the address as verified, for a person who proved it to the operator.
    pub async fn verify_email(&mut self, organization: &Organization, user: &User) -> Result<()> {
        check_may_change(&self.work.actor, organization, user)?;
        if user.email_verified {
            return Ok(());
        }
        let verified = User { email_verified: true, updated_at: self.work.now, ..user.clone() };
        let updated = self.work.unit.users(organization.id).update(&verified).await;
        if !updated.map_err(stale("user"))? {
            return Err(DirectoryError::not_found("user", user.id));
        }
        let metadata = json!({ "userId": user.id });
        self.work.audit(AuditEventKind::UserEmailVerified, Some(organization), Some(user.id), metadata).await
    }

    /// Sets or removes the password. Revokes every session, token and mailed link of the person, so that somebody who
    /// knew the old password loses access. The person hears by mail of a password that somebody else knows.
    pub async fn set_password(
        &mut self,
        organization: &Organization,
        user: &User,
        password: Option<&PasswordHash>,
    ) -> Result<()> {
        self.replace_password(organization, user, password, false).await
    }

    /// The same with a password for one sign-in, which asks for a new one.
    pub async fn set_temporary_password(
        &mut self,
        organization: &Organization,
        user: &User,
        password: &PasswordHash,
    ) -> Result<()> {
        self.replace_password(organization, user, Some(password), true).await
    }

    async fn replace_password(
        &mut self,
        organization: &Organization,
        user: &User,
        password: Option<&PasswordHash>,
        is_temporary: bool,
    ) -> Result<()> {
        check_may_change(&self.work.actor, organization, user)?;
        let mut users = self.work.unit.users(organization.id);
        if !users.set_password(user.id, password, is_temporary, self.work.now).await? {
            return Err(DirectoryError::not_found("user", user.id));
        }
        drop(users);
        let event = if password.is_some() {
            tell_of_new_password(self.work, organization, user).await?;
            AuditEventKind::UserPasswordSet
        } else {
            AuditEventKind::UserPasswordCleared
        };
        self.work.unit.one_time_tokens(organization.id).withdraw(user.id, self.work.now).await?;
        let ended =
            self.work.unit.tokens(organization.id).revoke(Revocation::User(user.id), self.work.now).await?;
        let mut metadata = json!({ "userId": user.id, "tokenFamiliesEnded": ended });
        if password.is_some() {
            metadata["temporary"] = is_temporary.into();
        }
        self.work.audit(event, Some(organization), Some(user.id), metadata).await
    }
}

/// The mail does not reveal the operator's IP address.
async fn tell_of_new_password(
    work: &mut Transaction,
    organization: &Organization,
    user: &User,
) -> Result<()> {
    let event = SecurityEvent { at: work.now, address: None, user_agent: None };
    let outgoing = OutgoingEmail {
        organization_id: organization.id,
        recipient: Recipient::of(user),
        mail: Mail::PasswordChanged { event },
    };
    let about = format!("{}:{}", user.id, work.now.micros());
    let item = outgoing.into_item(&about, &work.deps.outbox, work.now, &*work.deps.entropy);
    work.unit.outbox().enqueue(&item).await?;
    Ok(())
}

fn changed_profile(before: &Profile, after: &Profile) -> Vec<&'static str> {
    changed!(
        before,
        after,
        [
            given_name,
            family_name,
            middle_name,
            nickname,
            preferred_username,
            profile_url,
            picture_url,
            website_url,
            gender,
            birthdate,
            zoneinfo,
            locale,
            phone_number,
            phone_number_verified,
            address,
        ]
    )
}
