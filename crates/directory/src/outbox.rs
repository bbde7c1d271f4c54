//! What operators do with the outbox: they have given-up messages sent again, and withdraw messages. What a message says,
//! and to which address it goes, nobody reads (decision 0023).

use porta_core::OutboxId;
use porta_core::audit::AuditEventKind;
use porta_core::mail::EmailSummary;
use porta_core::organization::{Organization, OrganizationStatus};
use porta_core::outbox::{OutboxRow, OutboxState};
use porta_store::OutboxEntry;
use serde_json::{Value, json};

use crate::{DirectoryError, OrganizationOperations, Result, Transaction};

/// The error of an item that was withdrawn while it waited.
const WITHDRAWN: &str = "withdrawn by an administrator";

/// Operations on the outbox.
pub struct OutboxOperations<'t> {
    work: &'t mut Transaction,
}

impl<'t> OrganizationOperations<'t> {
    /// The outbox of all organizations.
    pub fn outbox(self) -> OutboxOperations<'t> {
        OutboxOperations { work: self.work }
    }
}

impl OutboxOperations<'_> {
    /// Makes a given-up item due at once. It goes to whom it was for and says what it said, so nobody gets by it what the
    /// actor could not give.
    pub async fn send_again(&mut self, id: &str) -> Result<OutboxEntry> {
        let item = self.find(id).await?.item;
        let organization = self.organization_of(&item).await?;
        if organization.as_ref().is_some_and(|owner| owner.status != OrganizationStatus::Active) {
            let text = "no mail is sent for an organization that is not active";
            return Err(DirectoryError::NotPossible(text.to_owned()));
        }
        let now = self.work.now;
        if !self.work.unit.outbox().requeue(item.id, now).await? {
            return Err(self.refusal(id).await?);
        }
        let event = AuditEventKind::EmailSendRequeued;
        self.audit(event, organization.as_ref(), &item, metadata_of(&item)).await?;
        self.find(id).await
    }

    /// Keeps an item from being sent: one that waits, and one that could be sent again. A worker that is about to send it
    /// may do so all the same.
    pub async fn withdraw(&mut self, id: &str) -> Result<()> {
        let item = self.find(id).await?.item;
        let now = self.work.now;
        if !self.work.unit.outbox().withdraw(item.id, WITHDRAWN, now).await? {
            return Err(self.refusal(id).await?);
        }
        let organization = self.organization_of(&item).await?;
        let mut metadata = metadata_of(&item);
        metadata["wasWaiting"] = json!(item.state == OutboxState::Pending);
        let event = AuditEventKind::EmailSendWithdrawn;
        self.audit(event, organization.as_ref(), &item, metadata).await
    }

    async fn find(&mut self, id: &str) -> Result<OutboxEntry> {
        let missing = || DirectoryError::not_found("outbox item", id);
        let key = OutboxId::parse(id).ok_or_else(missing)?;
        self.work.unit.outbox().find(key).await?.ok_or_else(missing)
    }

    async fn organization_of(&mut self, item: &OutboxRow) -> Result<Option<Organization>> {
        match item.organization_id {
            Some(id) => Ok(self.work.unit.organizations().by_id(id).await?),
            None => Ok(None),
        }
    }

    /// Why an item did not change. It is read again, because somebody else may have changed it meanwhile.
    async fn refusal(&mut self, id: &str) -> Result<DirectoryError> {
        let text = match self.find(id).await?.item.state {
            OutboxState::Pending => "the message is waiting to be sent",
            OutboxState::Delivered => "the message was delivered",
            OutboxState::GivenUp => "the message cannot be sent any more, because what it said is deleted",
        };
        Ok(DirectoryError::NotPossible(text.to_owned()))
    }

    async fn audit(
        &mut self,
        event: AuditEventKind,
        organization: Option<&Organization>,
        item: &OutboxRow,
        metadata: Value,
    ) -> Result<()> {
        let user = EmailSummary::of_row(item).and_then(|summary| summary.user_id);
        self.work.audit(event, organization, user, metadata).await
    }
}

fn metadata_of(item: &OutboxRow) -> Value {
    let template = EmailSummary::of_row(item).map(|summary| summary.template);
    json!({ "outboxId": item.id, "kind": item.kind, "template": template })
}
