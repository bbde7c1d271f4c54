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
//!
//! Until somebody proves something it is no record: it travels sealed in a cookie of that browser, for the place where
//! it would be stored (decision D21). The first step that proves something stores it there; the resume address leaves
//! the place used, so that nothing sealed comes back to life.

use std::time::Duration;

use porta_core::seal::Sealed;
use porta_core::user::{CredentialState, TwoFactorMethod, User};
use porta_core::{BearerKind, OrganizationId, SessionKey, Timestamp, TokenDigest, UserId, secret, settings};
use porta_kv::{Place, Write};
use serde::{Deserialize, Serialize};

use crate::purpose::InteractionPurpose;
use crate::session::{remaining, to_bytes};
use crate::throttle::Limited;
use crate::travel::Travelling;
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
    /// How long the link works. A version before this one did not say.
    #[serde(default)]
    pub until: Option<Timestamp>,
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
    pub purpose: InteractionPurpose,
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
    /// The password that was refused last, while nothing is stored (decision 0044).
    #[serde(default)]
    pub refused: Option<TokenDigest>,
    pub consented: bool,
    pub expires_at: Timestamp,
}

/// An interaction together with the way to address it.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundInteraction {
    pub interaction: Interaction,
    pub(crate) key: String,
    /// It came with the browser, and is stored by its next write; `None`: it is stored.
    pub(crate) travels_until: Option<Timestamp>,
}

/// What a browser shows of the interaction that an address names.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shown<'a> {
    pub binding: Option<&'a str>,
    pub travelling: Option<&'a str>,
}

/// What a resume address leads to.
pub(crate) enum Taken {
    Stored(Interaction),
    /// It needed no page, and travelled.
    Ready(Interaction),
    /// Nothing happened in it yet, or nothing that is known here: its page is next.
    Begun,
    Gone,
}

/// What an interaction begins with: everything decided so far travels inside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Draft {
    pub(crate) purpose: InteractionPurpose,
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
    /// The interaction itself, unless it is stored.
    pub travelling: Option<Travelling>,
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
        self.write_for(Duration::MAX, now)
    }

    /// The same, to be kept for so long at most: nobody proved anything yet.
    pub fn write_for(&self, longest: Duration, now: Timestamp) -> Result<Write, EngineError> {
        let ttl = remaining(self.interaction.expires_at, now).min(longest);
        let (key, value) = (self.key.clone(), to_bytes(&self.interaction)?);
        Ok(match self.travels_until {
            None => Write::Replace { key, value, ttl },
            Some(_) => Write::PutUnlessUsed { key, value, ttl },
        })
    }

    pub fn is_stored(&self) -> bool {
        self.travels_until.is_none()
    }
}

impl Interaction {
    /// Nobody proved anything in it.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.login.is_none() && self.consent.is_none() && self.pending.is_none()
    }

    /// The session it goes on in, once somebody is signed in.
    fn session(&self) -> Option<SessionKey> {
        let asked = self.consent.as_ref().map(|asked| asked.session);
        self.login.map(|login| login.session).or(asked)
    }
}

impl Engine {
    /// Begins an interaction for whoever asks. One of a signed-in person is stored; a network may begin so many.
    pub(crate) async fn begin_interaction(
        &self,
        tenant: &Tenant,
        draft: Draft,
        caller: &Caller,
    ) -> Result<Result<NewInteraction, Limited>, EngineError> {
        let (new, bound) = self.new_interaction(tenant, draft);
        if bound.interaction.is_anonymous() {
            return Ok(Ok(self.send_along(tenant, new, &bound)?));
        }
        let (value, lifetime) = (to_bytes(&bound.interaction)?, remaining(new.expires_at, self.now()));
        let whose = (caller, bound.interaction.session());
        Ok(self.store_begun(tenant, whose, &bound.key, value, lifetime).await?.map(|()| new))
    }

    /// Goes on in another interaction: the one before was taken, so there is none more than before.
    pub(crate) async fn continue_interaction(
        &self,
        tenant: &Tenant,
        draft: Draft,
    ) -> Result<NewInteraction, EngineError> {
        let (new, bound) = self.new_interaction(tenant, draft);
        if bound.interaction.is_anonymous() {
            return self.send_along(tenant, new, &bound);
        }
        let (value, lifetime) = (to_bytes(&bound.interaction)?, remaining(new.expires_at, self.now()));
        self.kv.put(&bound.key, value, lifetime).await?;
        Ok(new)
    }

    pub(crate) fn new_interaction(
        &self,
        tenant: &Tenant,
        draft: Draft,
    ) -> (NewInteraction, BoundInteraction) {
        let Draft { purpose, stage, login, consent } = draft;
        let uid = BearerKind::Interaction.generate(&*self.entropy);
        let binding = BearerKind::Interaction.generate(&*self.entropy);
        let key = storage_key(tenant.organization.id, &uid, &binding);
        let expires_at = self.now() + tenant.settings.duration(settings::INTERACTION_TTL);
        let interaction = Interaction {
            uid: uid.clone(),
            organization: tenant.organization.id,
            purpose,
            stage,
            csrf: BearerKind::Interaction.generate(&*self.entropy),
            consent,
            login,
            pending: None,
            link: None,
            refused: None,
            consented: false,
            expires_at,
        };
        let bound = BoundInteraction { interaction, key, travels_until: None };
        (NewInteraction { uid, binding, stage, expires_at, travelling: None }, bound)
    }

    /// The interaction of this browser, if it still runs.
    pub async fn interaction(
        &self,
        tenant: &Tenant,
        uid: &str,
        shown: Shown<'_>,
    ) -> Result<Option<BoundInteraction>, EngineError> {
        let Some(key) = addressed(tenant, uid, shown.binding) else { return Ok(None) };
        match self.kv.look(&key).await? {
            Place::Live(bytes) => {
                let found = self.read_interaction(tenant, &bytes)?;
                Ok(found.map(|interaction| BoundInteraction { interaction, key, travels_until: None }))
            }
            Place::Free => Ok(self.arrived(tenant, uid, key, shown.travelling)),
            Place::Used => Ok(None),
        }
    }

    /// Takes the interaction out: the resume address works once. What never was stored is not remembered either: it
    /// leads to a page of its own, or to what the same request would lead to again.
    pub(crate) async fn take_interaction(
        &self,
        tenant: &Tenant,
        uid: &str,
        shown: Shown<'_>,
    ) -> Result<Taken, EngineError> {
        let Some(key) = addressed(tenant, uid, shown.binding) else { return Ok(Taken::Gone) };
        // Nothing of it travels for longer.
        let remember = tenant.settings.duration(settings::INTERACTION_TTL);
        Ok(match self.kv.retire(&key, remember).await? {
            Place::Live(bytes) => self.read_interaction(tenant, &bytes)?.map_or(Taken::Gone, Taken::Stored),
            Place::Used => Taken::Gone,
            Place::Free => match self.arrived(tenant, uid, key, shown.travelling) {
                Some(bound) if bound.interaction.stage == Stage::Ready => Taken::Ready(bound.interaction),
                Some(_) | None => Taken::Begun,
            },
        })
    }

    fn read_interaction(&self, tenant: &Tenant, bytes: &[u8]) -> Result<Option<Interaction>, EngineError> {
        let interaction: Interaction =
            serde_json::from_slice(bytes).map_err(|e| EngineError::Unreadable(e.to_string()))?;
        let is_live =
            interaction.organization == tenant.organization.id && self.now() < interaction.expires_at;
        Ok(is_live.then_some(interaction))
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
