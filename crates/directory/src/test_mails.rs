//! Test mails: whether mail arrives, and how it looks.

use porta_core::Invalid;
use porta_core::admin::AdminPermission;
use porta_core::audit::AuditEventKind;
use porta_core::mail::{Mail, OutgoingEmail, Recipient};
use porta_core::organization::{Organization, OrganizationStatus};
use porta_core::user::Email;
use serde_json::json;

use crate::{Actor, DirectoryError, OrganizationOperations, Result};

impl OrganizationOperations<'_> {
    /// Queues a test mail in the organization's name to `to`, or to the actor. Returns the address.
    ///
    /// Administrators may always write to themselves. Mail to others is for whoever may invite users, since an
    /// invitation goes to any address as well.
    pub async fn queue_test_mail(&mut self, organization: &Organization, to: Option<&str>) -> Result<Email> {
        if organization.status != OrganizationStatus::Active {
            return Err(Invalid::new("organization", "no mail is sent for one that is not active").into());
        }
        let recipient = recipient_for(&self.work.actor, to)?;
        let address = recipient.address.clone();
        let is_own = recipient.user_id.is_some();
        let outgoing = OutgoingEmail { organization_id: organization.id, recipient, mail: Mail::Test };
        let now = self.work.now;
        let about = format!("{}:{}", organization.id, now.micros());
        let item = outgoing.into_item(&about, &self.work.deps.outbox, now, &*self.work.deps.entropy);
        self.work.unit.outbox().enqueue(&item).await?;
        // The address of somebody else is personal data that nobody could erase from the log.
        let metadata = json!({ "toOwnAddress": is_own });
        self.work.audit(AuditEventKind::OrgTestEmailQueued, Some(organization), None, metadata).await?;
        Ok(address)
    }
}

fn recipient_for(actor: &Actor, to: Option<&str>) -> Result<Recipient> {
    let own = match actor {
        Actor::Admin(admin) => Some(Recipient {
            user_id: Some(admin.user),
            address: Email::parse(&admin.email)?,
            full_name: admin.name.clone(),
            locale: None,
        }),
        Actor::System | Actor::Cli { .. } | Actor::Service(_) => None,
    };
    let Some(to) = to else {
        return own
            .ok_or_else(|| Invalid::new("to", "name an address: a program has none of its own").into());
    };
    let address = Email::parse(to).map_err(|invalid| Invalid::new("to", invalid.problem))?;
    if let Some(own) = own.filter(|own| own.address.key() == address.key()) {
        return Ok(own);
    }
    if actor.may(AdminPermission::UserInvite) {
        return Ok(Recipient { user_id: None, address, full_name: None, locale: None });
    }
    let needed = AdminPermission::UserInvite.as_str();
    Err(DirectoryError::Forbidden(format!("Test mails to other addresses need the permission {needed}")))
}
