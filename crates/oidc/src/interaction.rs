//! A sign-in in progress: one errand, one browser, one organization.
//!
//! ```text
//! (POST to /auth) ─► Ready ─resume─┐
//! (GET to /auth) ──────────────────┴─► Login ──first factor──┬─────────────────────► Ready ──resume──► Consent
//!                                        │                   └► SecondFactor ──done──► │                  │
//!                                        │                        │                   code ◄── Ready ◄─approve
//!                                        └──── cancel / deny ─────┴───────────────────────────► Denied ──resume──► error
//! ```
//!
//! The record is addressed by its uid *and* a secret only the starting browser has in a cookie, so nobody else can
//! read, finish or burn it. Tenant, client and CSRF secret are inside (repairs W30).

use porta_core::seal::Sealed;
use porta_core::user::{CredentialState, TwoFactorMethod, User};
use porta_core::{BearerKind, OrganizationId, SessionKey, Timestamp, TokenDigest, UserId, secret, settings};
use porta_kv::Write;
use serde::{Deserialize, Serialize};

use crate::errand::Errand;
use crate::session::{remaining, to_bytes};
use crate::throttle::Limited;
use crate::{Caller, Engine, EngineError, Tenant};

/// What the browser must do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Go to the resume address.
    Ready,
    Login,
    /// Show the second factor, or get one: `pending` says which.
    SecondFactor,
    Consent,
    /// The person said no.
    Denied,
}

/// A sign-in that happened inside this interaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginDone {
    pub user: UserId,
    pub session: SessionKey,
}

/// Somebody who showed the first factor and is not signed in yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub user: UserId,
    /// How, in words of RFC 8176 §2.
    pub amr: Vec<String>,
    pub step: SecondStep,
    /// The credentials as the first factor was shown (decision D22); `None` in what a version before this one stored.
    #[serde(default)]
    pub credentials: Option<CredentialState>,
    /// A lock that somebody else's guesses caused does not apply (repairs W19).
    #[serde(default)]
    pub past_lock: bool,
    /// What was shown counts until then.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

impl Pending {
    /// Whether the first factor still counts for this person, as they are at `now`.
    pub fn counts(&self, user: &User, now: Timestamp) -> bool {
        self.credentials.is_none_or(|shown| shown == user.credentials())
            && self.expires_at.is_none_or(|end| now < end)
    }
}

/// What stands between the first factor and the session (repairs W01, W02: it lives here and nowhere else).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecondStep {
    /// Show a code of the factor the person has.
    Verify { method: TwoFactorMethod },
    /// Choose a factor to get.
    Choose { allowed: Vec<TwoFactorMethod> },
    /// Confirm an authenticator whose secret is this one, sealed for this interaction. `known` is the factor that was
    /// shown before: the new one takes its place.
    Authenticator { secret: Sealed, allowed: Vec<TwoFactorMethod>, known: Option<TwoFactorMethod> },
    /// Confirm that mail arrives.
    Email { allowed: Vec<TwoFactorMethod> },
    /// Keep the recovery codes, which are sealed here until the person says that they did.
    Codes { sealed: Sealed },
}

/// What a person is asked to approve, and as whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentAsked {
    pub scopes: Vec<String>,
    /// Whether they began this is all that is asked; what is given is not.
    #[serde(default)]
    pub is_confirmation: bool,
    /// `None` in what a version before this one stored.
    pub user: Option<UserId>,
    pub user_email: String,
    #[serde(default)]
    pub user_locale: Option<String>,
    /// Whose answer it is: an approval counts for this session only.
    pub session: SessionKey,
}

/// A magic link on its way to an address, whether or not that is anybody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkAsked {
    /// Of the value in the link.
    pub digest: TokenDigest,
    /// The address as typed.
    pub email: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interaction {
    pub uid: String,
    pub organization: OrganizationId,
    #[serde(flatten)]
    pub errand: Errand,
    pub stage: Stage,
    /// Secret every form of this interaction carries.
    pub csrf: String,
    /// What the consent page shows.
    pub consent: Option<ConsentAsked>,
    pub login: Option<LoginDone>,
    #[serde(default)]
    pub pending: Option<Pending>,
    /// The link that was mailed last, if one was asked for.
    #[serde(default)]
    pub link: Option<LinkAsked>,
    pub consented: bool,
    pub expires_at: Timestamp,
}

/// A stored interaction together with the way to address it.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundInteraction {
    pub interaction: Interaction,
    key: String,
}

/// What an interaction begins with: everything decided so far travels inside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    pub(crate) errand: Errand,
    pub(crate) stage: Stage,
    pub(crate) login: Option<LoginDone>,
    pub(crate) consent: Option<ConsentAsked>,
}

/// A new interaction and the cookie value that binds it to the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInteraction {
    pub uid: String,
    pub binding: String,
    pub stage: Stage,
    pub expires_at: Timestamp,
}

fn storage_key(organization: OrganizationId, uid: &str, binding: &str) -> String {
    format!("{organization}:interaction:{}", TokenDigest::of(&format!("{uid}.{binding}")).hex())
}

impl BoundInteraction {
    /// Whether a form's CSRF field is this interaction's.
    pub fn csrf_matches(&self, presented: Option<&str>) -> bool {
        presented.is_some_and(|p| secret::constant_time_eq(p, &self.interaction.csrf))
    }

    /// The write that stores the interaction as it now is, unless the resume address took it meanwhile: a form that
    /// was still under way must not open that address again.
    pub fn write(&self, now: Timestamp) -> Result<Write, EngineError> {
        let ttl = remaining(self.interaction.expires_at, now);
        Ok(Write::Replace { key: self.key.clone(), value: to_bytes(&self.interaction)?, ttl })
    }
}

impl Engine {
    /// Begins an interaction for whoever asks; a network may begin so many.
    pub(crate) async fn begin_interaction(
        &self,
        tenant: &Tenant,
        draft: Draft,
        caller: &Caller,
    ) -> Result<Result<NewInteraction, Limited>, EngineError> {
        let (new, bound) = self.new_interaction(tenant, draft);
        let (value, lifetime) = (to_bytes(&bound.interaction)?, remaining(new.expires_at, self.now()));
        Ok(self.store_begun(tenant, caller, &bound.key, value, lifetime).await?.map(|()| new))
    }

    /// Goes on in another interaction: the one before was taken, so there is none more than before.
    pub(crate) async fn continue_interaction(
        &self,
        tenant: &Tenant,
        draft: Draft,
    ) -> Result<NewInteraction, EngineError> {
        let (new, bound) = self.new_interaction(tenant, draft);
        let (value, lifetime) = (to_bytes(&bound.interaction)?, remaining(new.expires_at, self.now()));
        self.kv.put(&bound.key, value, lifetime).await?;
        Ok(new)
    }

    fn new_interaction(&self, tenant: &Tenant, draft: Draft) -> (NewInteraction, BoundInteraction) {
        let Draft { errand, stage, login, consent } = draft;
        let uid = BearerKind::Interaction.generate(&*self.entropy);
        let binding = BearerKind::Interaction.generate(&*self.entropy);
        let key = storage_key(tenant.organization.id, &uid, &binding);
        let expires_at = self.now() + tenant.settings.duration(settings::INTERACTION_TTL);
        let interaction = Interaction {
            uid: uid.clone(),
            organization: tenant.organization.id,
            errand,
            stage,
            csrf: BearerKind::Interaction.generate(&*self.entropy),
            consent,
            login,
            pending: None,
            link: None,
            consented: false,
            expires_at,
        };
        (NewInteraction { uid, binding, stage, expires_at }, BoundInteraction { interaction, key })
    }

    /// The interaction of this browser, if it still runs.
    pub async fn interaction(
        &self,
        tenant: &Tenant,
        uid: &str,
        binding: Option<&str>,
    ) -> Result<Option<BoundInteraction>, EngineError> {
        let Some(key) = addressed(tenant, uid, binding) else { return Ok(None) };
        let found = self.kv.get(&key).await?;
        self.read_interaction(tenant, key, found)
    }

    /// Takes the interaction out: the resume address works once.
    pub(crate) async fn take_interaction(
        &self,
        tenant: &Tenant,
        uid: &str,
        binding: Option<&str>,
    ) -> Result<Option<BoundInteraction>, EngineError> {
        let Some(key) = addressed(tenant, uid, binding) else { return Ok(None) };
        let found = self.kv.take(&key).await?;
        self.read_interaction(tenant, key, found)
    }

    fn read_interaction(
        &self,
        tenant: &Tenant,
        key: String,
        found: Option<bytes::Bytes>,
    ) -> Result<Option<BoundInteraction>, EngineError> {
        let Some(bytes) = found else { return Ok(None) };
        let interaction: Interaction =
            serde_json::from_slice(&bytes).map_err(|e| EngineError::Unreadable(e.to_string()))?;
        let is_live =
            interaction.organization == tenant.organization.id && self.now() < interaction.expires_at;
        Ok(is_live.then_some(BoundInteraction { interaction, key }))
    }

    /// Marks the interaction as declined; the resume address then answers the client. `false`: it is gone.
    pub async fn deny(&self, mut bound: BoundInteraction) -> Result<bool, EngineError> {
        bound.interaction.stage = Stage::Denied;
        Ok(self.kv.write(vec![bound.write(self.now())?]).await?)
    }

    /// Marks consent as given; the grant itself is written at the resume address. `false`: it is gone.
    pub async fn approve(&self, mut bound: BoundInteraction) -> Result<bool, EngineError> {
        bound.interaction.stage = Stage::Ready;
        bound.interaction.consented = true;
        Ok(self.kv.write(vec![bound.write(self.now())?]).await?)
    }
}

fn addressed(tenant: &Tenant, uid: &str, binding: Option<&str>) -> Option<String> {
    let binding = binding.filter(|b| BearerKind::Interaction.matches(b))?;
    BearerKind::Interaction.matches(uid).then(|| storage_key(tenant.organization.id, uid, binding))
}
