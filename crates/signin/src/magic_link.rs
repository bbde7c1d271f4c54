//! Sign-in with a mailed link (magic link; decision 0026).
//!
//! The link belongs to one interaction of one organization. In the browser that began the interaction, a button
//! completes the sign-in; any other browser shows a code to type where the sign-in began. So possession of the link
//! alone signs nobody in, and the link never signs in another browser.

use std::sync::Arc;

use porta_core::audit::AuditEventKind;
use porta_core::link_request::{LinkKind, LinkRequest};
use porta_core::mail::SecurityEvent;
use porta_core::one_time::TokenPurpose;
use porta_core::organization::LoginMethod;
use porta_core::user::User;
use porta_core::{TokenDigest, settings};
use porta_kv::{KeyName, KvKey, RateLimit};
use porta_session::interaction::{BoundInteraction, RequestedMagicLink, Stage};
use porta_session::{BackendError, OperationContext, Tenant};
use serde_json::json;

use crate::account_status::{StatusCheck, check_status};
use crate::amr;
use crate::browser::Browser;
use crate::challenge::SecondFactorChallenge;
use crate::limits::time_to_wait;
use crate::links::{LinkError, LinkQuota, LinkRequestOutcome, MailedLinks};
use crate::login_methods::LoginMethods;
use crate::login_metric::count_sign_in;
use crate::new_session::AuthenticatedUser;
use crate::outcome::{FactorOutcome, SignInOutcome};
use crate::second_factor::LinkCode;
use crate::sign_in_core::SignInCore;
use crate::sign_in_steps::masked;

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

pub struct MagicLinks {
    pub(crate) core: Arc<SignInCore>,
    pub(crate) challenge: Arc<SecondFactorChallenge>,
    pub(crate) links: Arc<MailedLinks>,
    pub(crate) login_methods: Arc<LoginMethods>,
}

impl MagicLinks {
    /// Requests a link to be mailed to an address, if the address is known.
    pub async fn request_link(
        &self,
        cx: OperationContext<'_>,
        mut bound: BoundInteraction,
        address: &str,
        locale: &str,
        browser: Browser<'_>,
    ) -> Result<LinkRequestOutcome, BackendError> {
        let OperationContext { tenant, caller, now } = cx;
        if !self.is_offered(cx, &bound).await? {
            return Ok(LinkRequestOutcome::MethodDisabled);
        }
        let counted = self.links.count_request(cx, LinkKind::MagicLink, address, browser).await?;
        let only_if_none_live = match counted {
            LinkQuota::Refused(asked) => return Ok(asked),
            may => matches!(may, LinkQuota::OnlyIfNoneLive),
        };
        let client = match bound.interaction.purpose.client_id() {
            Some(id) => self.core.shared.clients.find(tenant.organization.id, id).await?,
            None => None,
        };
        let value = TokenPurpose::MagicLink.bearer().generate(self.core.shared.entropy());
        let (digest, uid) = (TokenDigest::of(&value), bound.interaction.uid.clone());
        let lifetime = tenant.settings.duration(settings::MAGIC_LINK_TTL);
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
        if !self.core.shared.kv().write(vec![bound.write_for(lifetime, now)?]).await? {
            return Ok(LinkRequestOutcome::Gone);
        }
        self.links.enqueue_request(cx, wanted).await?;
        Ok(LinkRequestOutcome::Sent)
    }

    /// Looks at a link without using it up.
    pub async fn landing(
        &self,
        cx: OperationContext<'_>,
        uid: &str,
        value: &str,
    ) -> Result<Result<MagicLanding, LinkError>, BackendError> {
        let link = match self.links.open(cx, TokenPurpose::MagicLink, value).await? {
            Ok(link) if link.interaction.as_deref() == Some(uid) => link,
            Ok(_) => return Ok(Err(LinkError::Unknown)),
            Err(dead) => return Ok(Err(dead)),
        };
        let mut repositories = self.core.shared.store().repositories();
        let user = repositories.users(cx.tenant.organization.id).by_id(link.user_id).await?;
        let Some((user, code)) = user.zip(self.link_code(cx.tenant, uid, &link.digest)) else {
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
    pub async fn follow(
        &self,
        cx: OperationContext<'_>,
        bound: BoundInteraction,
        value: &str,
        browser: Browser<'_>,
    ) -> Result<MagicLinkOutcome, BackendError> {
        if !self.is_offered(cx, &bound).await? {
            return Ok(MagicLinkOutcome::Passed(SignInOutcome::MethodDisabled));
        }
        if let Err(dead) = self.links.open(cx, TokenPurpose::MagicLink, value).await? {
            return Ok(MagicLinkOutcome::LinkFailed(dead));
        }
        let Some(user) = self.use_link(cx, &bound, &TokenDigest::of(value)).await? else {
            return Ok(MagicLinkOutcome::LinkFailed(LinkError::Unknown));
        };
        Ok(MagicLinkOutcome::Passed(self.continue_after_link(cx, bound, &user, browser).await?))
    }

    /// Completes the sign-in by the code, typed in the window in which it began.
    #[tracing::instrument(target = "porta::trace", level = "trace", name = "signin.type_link_code", skip_all)]
    pub async fn verify_code(
        &self,
        cx: OperationContext<'_>,
        bound: BoundInteraction,
        typed: &str,
        browser: Browser<'_>,
    ) -> Result<FactorOutcome, BackendError> {
        let Some(RequestedMagicLink { digest, .. }) = bound.interaction.link else {
            return Ok(FactorOutcome::Moved);
        };
        if !self.is_offered(cx, &bound).await? {
            return Ok(FactorOutcome::Gone);
        }
        let (tenant, organization) = (cx.tenant, cx.tenant.organization.id);
        let uid = bound.interaction.uid.as_str();
        let limit = RateLimit {
            key: KvKey::new(KeyName::LimitMagicCode, organization).with(TokenDigest::of(uid).hex()),
            maximum: tenant.settings.number(settings::RATE_LIMIT_MAGIC_CODE_MAX),
            window: tenant.settings.duration(settings::RATE_LIMIT_LINK_WINDOW),
        };
        // Counted before it is verified, so that parallel attempts cannot exceed the limit.
        if let Some(retry_after) = time_to_wait(self.core.shared.kv().hit(&[limit]).await?) {
            let event = self.core.event(cx, None, AuditEventKind::RateLimitMagicCode);
            self.core.shared.audit.record_once(cx, event, retry_after).await?;
            return Ok(FactorOutcome::Limited { retry_after });
        }
        let is_right = self.core.factors.is_link_code(organization, uid, &digest, typed);
        let user = if is_right { self.use_link(cx, &bound, &digest).await? } else { None };
        let Some(user) = user else {
            count_sign_in(LoginMethod::MagicLink.as_str(), "failure");
            let event = self.core.event(cx, None, AuditEventKind::UserMagicLinkFailed);
            let window = tenant.settings.duration(settings::RATE_LIMIT_LINK_WINDOW);
            self.core.shared.audit.record_once(cx, event, window).await?;
            return Ok(FactorOutcome::Wrong);
        };
        Ok(self.continue_after_link(cx, bound, &user, browser).await?.into())
    }

    /// Uses the link up and returns its person, if it belongs to this interaction and the person may sign in. Otherwise
    /// the link stays as it was.
    async fn use_link(
        &self,
        cx: OperationContext<'_>,
        bound: &BoundInteraction,
        digest: &TokenDigest,
    ) -> Result<Option<User>, BackendError> {
        if bound.interaction.stage != Stage::Login {
            return Ok(None);
        }
        let (organization, now) = (cx.tenant.organization.id, cx.now);
        let mut unit = self.core.shared.store().begin().await?;
        let link = unit.one_time_tokens(organization).consume(digest, TokenPurpose::MagicLink, now).await?;
        let Some(link) = link.filter(|link| link.interaction.as_ref() == Some(&bound.interaction.uid)) else {
            return Ok(None);
        };
        let Some(before) = unit.users(organization).by_id(link.user_id).await? else { return Ok(None) };
        unit.users(organization).verify_email(before.id, now).await?;
        let user = unit.users(organization).by_id(before.id).await?;
        let is_allowed = |user: &User| matches!(check_status(cx.tenant, user, now), StatusCheck::Allowed);
        let Some(user) = user.filter(is_allowed) else { return Ok(None) };
        for event in self.links.mail_received_events(cx, &before, &user) {
            unit.audit().record(&event).await?;
        }
        unit.commit().await?;
        Ok(Some(user))
    }

    async fn continue_after_link(
        &self,
        cx: OperationContext<'_>,
        bound: BoundInteraction,
        user: &User,
        browser: Browser<'_>,
    ) -> Result<SignInOutcome, BackendError> {
        let amr = amr::of_first_factor(LoginMethod::MagicLink);
        let authenticated = AuthenticatedUser {
            user,
            amr,
            event: AuditEventKind::UserLoginMagicLink,
            rehash: None,
            past_lock: true,
        };
        self.challenge.continue_after_first_factor(cx, bound, authenticated, browser).await
    }

    /// Checks whether the client offers magic links; audits a refusal.
    async fn is_offered(
        &self,
        cx: OperationContext<'_>,
        bound: &BoundInteraction,
    ) -> Result<bool, BackendError> {
        self.login_methods.check(cx, &bound.interaction.purpose, LoginMethod::MagicLink).await
    }

    fn link_code(&self, tenant: &Tenant, uid: &str, link: &TokenDigest) -> Option<LinkCode> {
        self.core.factors.link_code(tenant.organization.id, uid, link)
    }
}
