//! Mailed links: asking for one, and opening one.
//!
//! ```text
//! form ─► limits ─► outbox (sealed request) ─► "if the address is known, mail is on its way"
//!                      └─► worker: nobody's? nothing : token + letter + audit row, one transaction
//! link ─► GET shows what it is for ─► POST uses it up          (a mail scanner's GET changes nothing, repairs W17)
//! ```

use std::time::Duration;

use porta_core::link_request::{LinkRequest, LinkWish};
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::user::Email;
use porta_core::{TokenDigest, settings};
use porta_oidc::{Caller, EngineError, Tenant};

use crate::SignIn;
use crate::limits::{link_limits, network_link_limit, waiting};

/// What came of asking for a link. It says nothing about whose address it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Sent,
    Limited {
        retry_after: Duration,
    },
    MethodDisabled,
    /// The interaction ended while the form was under way.
    Gone,
}

/// Why a link does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeadLink {
    Expired,
    Used,
    /// Never issued here, replaced by a newer one, or another organization's: one answer.
    Unknown,
    /// Too many links from this network did not work.
    Limited {
        retry_after: Duration,
    },
}

impl SignIn {
    /// Counts the wish; how long the person must wait, if so. A store that does not answer is an error: limits fail
    /// closed.
    pub(crate) async fn count_link(
        &self,
        tenant: &Tenant,
        wish: LinkWish,
        address: &str,
        caller: &Caller,
    ) -> Result<Option<Duration>, EngineError> {
        let limits = link_limits(tenant, wish, &Email::key_of(address), caller);
        let Some(retry_after) = waiting(self.engine.kv().hit(&limits).await?) else { return Ok(None) };
        let event = self.event(tenant, None, &format!("rate_limit.{wish}"), caller);
        self.engine.note_once(tenant, event, caller, retry_after).await?;
        Ok(Some(retry_after))
    }

    /// One statement, the same for every address.
    pub(crate) async fn want_link(&self, tenant: &Tenant, request: LinkRequest) -> Result<(), EngineError> {
        let (now, entropy) = (self.engine.now(), self.engine.entropy());
        let item = request.into_item(tenant.organization.id, self.factors.outbox(), now, entropy);
        self.engine.store().repositories().outbox().enqueue(&item).await?;
        Ok(())
    }

    /// The live link behind a value; nothing is used up. One that does not work is counted and audited.
    pub async fn open_link(
        &self,
        tenant: &Tenant,
        purpose: TokenPurpose,
        value: &str,
        caller: &Caller,
    ) -> Result<Result<OneTimeToken, DeadLink>, EngineError> {
        let network = [network_link_limit(tenant, caller)];
        if let Some(retry_after) = waiting(self.engine.kv().check(&network).await?) {
            return Ok(Err(DeadLink::Limited { retry_after }));
        }
        let found = if purpose.bearer().matches(value) {
            let mut repositories = self.engine.store().repositories();
            let mut tokens = repositories.one_time_tokens(tenant.organization.id);
            tokens.find(&TokenDigest::of(value), purpose).await?
        } else {
            None
        };
        let dead = match found {
            Some(link) if link.is_live(self.engine.now()) => return Ok(Ok(link)),
            Some(link) if link.used_at.is_some() => DeadLink::Used,
            Some(_) => DeadLink::Expired,
            None => DeadLink::Unknown,
        };
        self.engine.kv().hit(&network).await?;
        let what = match purpose {
            TokenPurpose::MagicLink => "user.magic_link.failed",
            TokenPurpose::PasswordReset => "user.password_reset.failed",
            TokenPurpose::Invitation => "user.invite.failed",
            TokenPurpose::EmailVerification => "user.email_verification.failed",
        };
        let window = tenant.settings.duration(settings::RATE_LIMIT_LINK_WINDOW);
        let event = self.event(tenant, None, what, caller);
        self.engine.note_once(tenant, event, caller, window).await?;
        Ok(Err(dead))
    }
}
