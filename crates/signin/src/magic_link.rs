//! Sign-in with a mailed link (magic link; decision 0026).
//!
//! The link belongs to one interaction of one organization. In the browser that began the interaction, a button
//! completes the sign-in; any other browser shows a code to type where the sign-in began. So possession of the link
//! alone signs nobody in, and the link never signs in another browser.

use porta_core::audit::AuditEvent;
use porta_core::link_request::{LinkKind, LinkRequest};
use porta_core::mail::SecurityEvent;
use porta_core::one_time::TokenPurpose;
use porta_core::organization::LoginMethod;
use porta_core::user::User;
use porta_core::{TokenDigest, settings};
use porta_kv::RateLimit;
use porta_session::interaction::{BoundInteraction, RequestedMagicLink, Stage};
use porta_session::{Caller, EngineError, Tenant};
use serde_json::json;

use crate::challenge::ONE_TIME_PASSWORD;
use crate::limits::time_to_wait;
use crate::links::{LinkError, LinkQuota, LinkRequestOutcome};
use crate::new_session::AuthenticatedUser;
use crate::second_factor::LinkCode;
use crate::sign_in::{StatusCheck, count_sign_in};
use crate::sign_in_steps::masked;
use crate::{Browser, FactorOutcome, SignIn, SignInOutcome};

/// Content of a link's landing page.
#[derive(Clone, PartialEq, Eq)]
pub struct MagicLanding {
    pub masked_email: String,
    /// The client the sign-in is for.
    pub client_id: Option<String>,
    /// Code to type in the window that began the sign-in.
    pub code: String,
    /// When and from where the link was requested.
    pub origin: Option<SecurityEvent>,
}

/// Result of pressing the button on the landing page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MagicLinkOutcome {
    Passed(SignInOutcome),
    LinkFailed(LinkError),
}

impl SignIn {
    /// Requests a link to be mailed to an address, if the address is known.
    pub async fn ask_for_magic_link(
        &self,
        tenant: &Tenant,
        mut bound: BoundInteraction,
        address: &str,
        locale: &str,
        browser: Browser<'_>,
    ) -> Result<LinkRequestOutcome, EngineError> {
        let caller = browser.caller;
        if !self.offers_links(tenant, &bound, caller).await? {
            return Ok(LinkRequestOutcome::MethodDisabled);
        }
        let only_if_none_live = match self.count_link(tenant, LinkKind::MagicLink, address, &browser).await? {
            LinkQuota::Refused(asked) => return Ok(asked),
            may => matches!(may, LinkQuota::OnlyIfNoneLive),
        };
        let client = match bound.interaction.purpose.client_id() {
            Some(id) => self.engine.clients.find(tenant.organization.id, id).await?,
            None => None,
        };
        let value = TokenPurpose::MagicLink.bearer().generate(self.engine.entropy());
        let (digest, uid) = (TokenDigest::of(&value), bound.interaction.uid.clone());
        let lifetime = tenant.settings.duration(settings::MAGIC_LINK_TTL);
        let now = self.engine.now();
        let expires_at = (now + lifetime).min(bound.interaction.expires_at);
        let wanted = LinkRequest {
            kind: LinkKind::MagicLink,
            address: address.to_owned(),
            digest,
            url: format!("{}/interaction/{uid}/magic-link/{value}", tenant.issuer),
            code: self.link_code(tenant, &uid, &digest).map(|code| code.expose().to_string()),
            interaction: Some(uid),
            application: client.map(|client| client.client.client_name.clone()),
            details: Some(json!({ "client_id": bound.interaction.purpose.client_id() })),
            locale: locale.to_owned(),
            only_if_none_live,
            expires_at,
            ip_address: caller.address_text(),
            user_agent: caller.user_agent.clone(),
        };
        // While the earlier link works the worker sends no other, so the code of that one stays valid.
        let works =
            |link: &RequestedMagicLink| link.email == address && link.until.is_some_and(|until| now < until);
        if !(only_if_none_live && bound.interaction.link.as_ref().is_some_and(works)) {
            let email = address.to_owned();
            bound.interaction.link = Some(RequestedMagicLink { digest, email, until: Some(expires_at) });
        }
        if !self.engine.kv().write(vec![bound.write_for(lifetime, now)?]).await? {
            return Ok(LinkRequestOutcome::Gone);
        }
        self.enqueue_link_request(tenant, wanted).await?;
        Ok(LinkRequestOutcome::Sent)
    }

    /// Looks at a link without using it up.
    pub async fn magic_landing(
        &self,
        tenant: &Tenant,
        uid: &str,
        value: &str,
        caller: &Caller,
    ) -> Result<Result<MagicLanding, LinkError>, EngineError> {
        let link = match self.open_link(tenant, TokenPurpose::MagicLink, value, caller).await? {
            Ok(link) if link.interaction.as_deref() == Some(uid) => link,
            Ok(_) => return Ok(Err(LinkError::Unknown)),
            Err(dead) => return Ok(Err(dead)),
        };
        let mut repositories = self.engine.store().repositories();
        let user = repositories.users(tenant.organization.id).by_id(link.user_id).await?;
        let Some((user, code)) = user.zip(self.link_code(tenant, uid, &link.digest)) else {
            return Ok(Err(LinkError::Unknown));
        };
        let client_id = link.details.as_ref().and_then(|details| details["client_id"].as_str());
        Ok(Ok(MagicLanding {
            masked_email: masked(user.email.shown()),
            client_id: client_id.map(str::to_owned),
            code: code.expose().to_string(),
            origin: link.origin(),
        }))
    }

    /// Completes the sign-in by the button, in the browser in which it began.
    #[tracing::instrument(
        target = "porta::trace",
        level = "trace",
        name = "signin.follow_magic_link",
        skip_all
    )]
    pub async fn follow_magic_link(
        &self,
        tenant: &Tenant,
        bound: BoundInteraction,
        value: &str,
        browser: Browser<'_>,
    ) -> Result<MagicLinkOutcome, EngineError> {
        let caller = browser.caller;
        if !self.offers_links(tenant, &bound, caller).await? {
            return Ok(MagicLinkOutcome::Passed(SignInOutcome::MethodDisabled));
        }
        if let Err(dead) = self.open_link(tenant, TokenPurpose::MagicLink, value, caller).await? {
            return Ok(MagicLinkOutcome::LinkFailed(dead));
        }
        let Some(user) = self.use_magic_link(tenant, &bound, &TokenDigest::of(value), caller).await? else {
            return Ok(MagicLinkOutcome::LinkFailed(LinkError::Unknown));
        };
        Ok(MagicLinkOutcome::Passed(self.continue_after_link(tenant, bound, &user, browser).await?))
    }

    /// Completes the sign-in by the code, typed in the window in which it began.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "signin.type_link_code", skip_all)]
    pub async fn type_link_code(
        &self,
        tenant: &Tenant,
        bound: BoundInteraction,
        typed: &str,
        browser: Browser<'_>,
    ) -> Result<FactorOutcome, EngineError> {
        let caller = browser.caller;
        let Some(RequestedMagicLink { digest, .. }) = bound.interaction.link else {
            return Ok(FactorOutcome::Moved);
        };
        if !self.offers_links(tenant, &bound, caller).await? {
            return Ok(FactorOutcome::Gone);
        }
        let uid = bound.interaction.uid.as_str();
        let limit = RateLimit {
            key: format!("{}:limit:magic-code:{}", tenant.organization.id, TokenDigest::of(uid).hex()),
            maximum: tenant.settings.number(settings::RATE_LIMIT_MAGIC_CODE_MAX),
            window: tenant.settings.duration(settings::RATE_LIMIT_LINK_WINDOW),
        };
        // Counted before it is verified, so that parallel attempts cannot exceed the limit.
        if let Some(retry_after) = time_to_wait(self.engine.kv().hit(&[limit]).await?) {
            let event = self.event(tenant, None, "rate_limit.magic_code", caller);
            self.engine.audit.record_once(self.engine.context(tenant, caller), event, retry_after).await?;
            return Ok(FactorOutcome::Limited { retry_after });
        }
        let is_right = self.factors.is_link_code(tenant.organization.id, uid, &digest, typed);
        let user = if is_right { self.use_magic_link(tenant, &bound, &digest, caller).await? } else { None };
        let Some(user) = user else {
            count_sign_in("magic_link", "failure");
            let event = self.event(tenant, None, "user.magic_link.failed", caller);
            let window = tenant.settings.duration(settings::RATE_LIMIT_LINK_WINDOW);
            self.engine.audit.record_once(self.engine.context(tenant, caller), event, window).await?;
            return Ok(FactorOutcome::Wrong);
        };
        Ok(self.continue_after_link(tenant, bound, &user, browser).await?.into())
    }

    /// Uses the link up and returns its person, if it belongs to this interaction and the person may sign in. Otherwise
    /// the link stays as it was.
    async fn use_magic_link(
        &self,
        tenant: &Tenant,
        bound: &BoundInteraction,
        digest: &TokenDigest,
        caller: &Caller,
    ) -> Result<Option<User>, EngineError> {
        if bound.interaction.stage != Stage::Login {
            return Ok(None);
        }
        let (organization, now) = (tenant.organization.id, self.engine.now());
        let mut unit = self.engine.store().begin().await?;
        let link = unit.one_time_tokens(organization).consume(digest, TokenPurpose::MagicLink, now).await?;
        let Some(link) = link.filter(|link| link.interaction.as_ref() == Some(&bound.interaction.uid)) else {
            return Ok(None);
        };
        let Some(before) = unit.users(organization).by_id(link.user_id).await? else { return Ok(None) };
        unit.users(organization).verify_email(before.id, now).await?;
        let user = unit.users(organization).by_id(before.id).await?;
        let Some(user) = user.filter(|user| matches!(self.check_status(tenant, user), StatusCheck::Allowed))
        else {
            return Ok(None);
        };
        for event in self.mail_received_events(tenant, &before, &user, caller) {
            unit.audit().record(&event).await?;
        }
        unit.commit().await?;
        Ok(Some(user))
    }

    /// Audit rows for what a received mail proved or lifted: a verified address, an automatic lock.
    pub(crate) fn mail_received_events(
        &self,
        tenant: &Tenant,
        before: &User,
        after: &User,
        caller: &Caller,
    ) -> Vec<AuditEvent> {
        let mut events = Vec::new();
        if !before.email_verified {
            events.push(self.event(tenant, Some(before.id), "user.email.verified", caller));
        }
        if before.status != after.status {
            events.push(self.event(tenant, Some(before.id), "user.auto_unlocked", caller));
        }
        events
    }

    async fn continue_after_link(
        &self,
        tenant: &Tenant,
        bound: BoundInteraction,
        user: &User,
        browser: Browser<'_>,
    ) -> Result<SignInOutcome, EngineError> {
        let amr = vec![ONE_TIME_PASSWORD.to_owned()];
        let authenticated =
            AuthenticatedUser { user, amr, event: "user.login.magic_link", rehash: None, past_lock: true };
        self.continue_after_first_factor(tenant, bound, authenticated, browser).await
    }

    /// Checks whether the client offers magic links; audits a refusal.
    async fn offers_links(
        &self,
        tenant: &Tenant,
        bound: &BoundInteraction,
        caller: &Caller,
    ) -> Result<bool, EngineError> {
        let method = LoginMethod::MagicLink;
        self.offers(tenant, &bound.interaction.purpose, method, caller).await
    }

    fn link_code(&self, tenant: &Tenant, uid: &str, link: &TokenDigest) -> Option<LinkCode> {
        self.factors.link_code(tenant.organization.id, uid, link)
    }
}
