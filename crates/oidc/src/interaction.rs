//! An interaction: a sign-in in progress, for one purpose, one browser and one organization.
//!
//! ```text
//! (POST to /auth) ─► Ready ─resume─┐
//! (GET to /auth) ──────────────────┴─► Login ──first factor──┬─────────────────────► Ready ──resume──► Consent
//!                                        │                   └► SecondFactor ──done──► │                  │
//!                                        │                        │                   code ◄── Ready ◄─approve
//!                                        └──── cancel / deny ─────┴───────────────────────────► Denied ──resume──► error
//! ```
//!
//! The storage key is derived from the uid *and* a secret that only the starting browser has in a cookie, so nobody
//! else can read, finish or use up the interaction. Tenant, client and CSRF token are inside (`docs/security.md`, W30).
//!
//! An anonymous interaction is not stored: it travels sealed in a cookie of the browser, bound to the key it would be
//! stored under (decision D21). The first step that proves something stores it under that key. The resume address marks
//! the key as used, so that a sealed copy cannot be replayed.

use std::time::Duration;

use porta_core::seal::Sealed;
use porta_core::user::{CredentialState, TwoFactorMethod, User};
use porta_core::{BearerKind, OrganizationId, SessionKey, Timestamp, TokenDigest, UserId, secret, settings};
use porta_kv::{ValueState, Write};
use serde::{Deserialize, Serialize};

use crate::purpose::InteractionPurpose;
use crate::sealed_state::SealedState;
use crate::session::{remaining, to_bytes};
use crate::throttle::Limited;
use crate::{Caller, Engine, EngineError, Tenant};

/// What the browser must do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Go to the resume address.
    Ready,
    Login,
    /// Verify the second factor or enrol one: `pending` says which.
    SecondFactor,
    Consent,
    /// The person declined.
    Denied,
}

/// A sign-in that happened inside this interaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletedLogin {
    pub user: UserId,
    pub session: SessionKey,
}

/// A person who passed the first factor and is not signed in yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingSecondFactor {
    pub user: UserId,
    /// Authentication methods used (RFC 8176 §2).
    pub amr: Vec<String>,
    pub step: SecondFactorStep,
    /// State of the credentials when the first factor was verified (decision D22); `None` if stored by the previous
    /// version.
    #[serde(default)]
    pub credentials: Option<CredentialState>,
    /// Exempt from the account lock, so that somebody else's guesses do not keep the owner out (`docs/security.md`,
    /// W19).
    #[serde(default)]
    pub past_lock: bool,
    /// The first factor counts until then.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

impl PendingSecondFactor {
    /// Whether the first factor still counts at `now`: the credentials are unchanged and it has not expired.
    pub fn is_valid(&self, user: &User, now: Timestamp) -> bool {
        self.credentials.is_none_or(|shown| shown == user.credentials())
            && self.expires_at.is_none_or(|end| now < end)
    }
}

/// The step between first factor and session. It is kept only here (`docs/security.md`, W01 and W02).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SecondFactorStep {
    /// Enter a code of the enrolled factor.
    Verify { method: TwoFactorMethod },
    /// Choose a factor to enrol.
    Choose { allowed: Vec<TwoFactorMethod> },
    /// Confirm a new authenticator; its secret is sealed for this interaction. `known` is the factor verified before,
    /// which the new one replaces.
    Authenticator { secret: Sealed, allowed: Vec<TwoFactorMethod>, known: Option<TwoFactorMethod> },
    /// Enrol e-mail codes: confirm that mail arrives.
    Email { allowed: Vec<TwoFactorMethod> },
    /// Confirm that the recovery codes were saved; they are sealed here until then.
    Codes { sealed: Sealed },
}

/// What a person is asked to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentRequest {
    pub scopes: Vec<String>,
    /// Only asks whether the person started this; the scopes are not asked about.
    #[serde(default)]
    pub is_confirmation: bool,
    /// `None` if stored by the previous version.
    pub user: Option<UserId>,
    pub user_email: String,
    #[serde(default)]
    pub user_locale: Option<String>,
    /// An approval counts for this session only.
    pub session: SessionKey,
}

/// A requested magic link, whether or not the address belongs to an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestedMagicLink {
    /// When the link expires; `None` if stored by the previous version.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// Digest of the token in the link.
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
    /// CSRF token that every form of this interaction carries.
    pub csrf: String,
    /// What the consent page shows.
    pub consent: Option<ConsentRequest>,
    pub login: Option<CompletedLogin>,
    #[serde(default)]
    pub pending: Option<PendingSecondFactor>,
    /// The magic link requested last.
    #[serde(default)]
    pub link: Option<RequestedMagicLink>,
    /// Digest of the password refused last, while the interaction is not stored (decision 0044).
    #[serde(default)]
    pub refused: Option<TokenDigest>,
    pub consented: bool,
    pub expires_at: Timestamp,
}

/// An interaction with its storage key.
#[derive(Debug, Clone, PartialEq)]
pub struct BoundInteraction {
    pub interaction: Interaction,
    pub(crate) key: String,
    /// End of the sealed copy that the browser sent; the next write stores the interaction. `None`: it is stored.
    pub(crate) sealed_until: Option<Timestamp>,
}

/// What a browser sends to open an interaction: the binding secret and the sealed copy.
#[derive(Debug, Clone, Copy, Default)]
pub struct InteractionCookies<'a> {
    pub binding: Option<&'a str>,
    pub sealed_state: Option<&'a str>,
}

/// What taking an interaction at its resume address found.
pub(crate) enum TakeOutcome {
    Stored(Interaction),
    /// Not stored: it came sealed with the browser and needs no page.
    Ready(Interaction),
    /// Nothing stored and nothing ready: its page is next.
    Unanswered,
    Gone,
}

/// The initial content of an interaction.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InteractionDraft {
    pub(crate) purpose: InteractionPurpose,
    pub(crate) stage: Stage,
    pub(crate) login: Option<CompletedLogin>,
    pub(crate) consent: Option<ConsentRequest>,
}

/// A new interaction and the cookie value that binds it to the browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInteraction {
    pub uid: String,
    pub binding: String,
    pub stage: Stage,
    pub expires_at: Timestamp,
    /// The sealed interaction, unless it is stored.
    pub sealed_state: Option<SealedState>,
}

fn storage_key(organization: OrganizationId, uid: &str, binding: &str) -> String {
    format!("{organization}:interaction:{}", TokenDigest::of(&format!("{uid}.{binding}")).hex())
}

impl BoundInteraction {
    /// Whether a form's CSRF token is this interaction's; compares in constant time.
    pub fn csrf_matches(&self, presented: Option<&str>) -> bool {
        presented.is_some_and(|p| secret::constant_time_eq(p, &self.interaction.csrf))
    }

    /// Builds the write that stores the interaction, unless the resume address has taken it meanwhile: a form still in
    /// progress must not make it usable again.
    pub fn write(&self, now: Timestamp) -> Result<Write, EngineError> {
        self.write_for(Duration::MAX, now)
    }

    /// Like [`Self::write`], but kept for `longest` at most, because nothing is proven yet.
    pub fn write_for(&self, longest: Duration, now: Timestamp) -> Result<Write, EngineError> {
        let ttl = remaining(self.interaction.expires_at, now).min(longest);
        let (key, value) = (self.key.clone(), to_bytes(&self.interaction)?);
        Ok(match self.sealed_until {
            None => Write::Replace { key, value, ttl },
            Some(_) => Write::PutUnlessUsed { key, value, ttl },
        })
    }

    pub fn is_stored(&self) -> bool {
        self.sealed_until.is_none()
    }
}

impl Interaction {
    /// Whether nothing is proven in it: no login, no consent, no pending second factor.
    pub(crate) fn is_anonymous(&self) -> bool {
        self.login.is_none() && self.consent.is_none() && self.pending.is_none()
    }

    /// The session of the signed-in person, if there is one.
    fn session(&self) -> Option<SessionKey> {
        let asked = self.consent.as_ref().map(|asked| asked.session);
        self.login.map(|login| login.session).or(asked)
    }
}

impl Engine {
    /// Begins an interaction. An anonymous one travels with the browser; one of a signed-in person is stored, rate
    /// limited per network.
    pub(crate) async fn begin_interaction(
        &self,
        tenant: &Tenant,
        draft: InteractionDraft,
        caller: &Caller,
    ) -> Result<Result<NewInteraction, Limited>, EngineError> {
        let (new, bound) = self.new_interaction(tenant, draft);
        if bound.interaction.is_anonymous() {
            return Ok(Ok(self.attach_sealed_state(tenant, new, &bound)?));
        }
        let (value, lifetime) = (to_bytes(&bound.interaction)?, remaining(new.expires_at, self.now()));
        let whose = (caller, bound.interaction.session());
        Ok(self.store_limited(tenant, whose, &bound.key, value, lifetime).await?.map(|()| new))
    }

    /// Continues in a new interaction. No rate limit: the previous one was taken, so the number of stored ones does not
    /// grow.
    pub(crate) async fn continue_interaction(
        &self,
        tenant: &Tenant,
        draft: InteractionDraft,
    ) -> Result<NewInteraction, EngineError> {
        let (new, bound) = self.new_interaction(tenant, draft);
        if bound.interaction.is_anonymous() {
            return self.attach_sealed_state(tenant, new, &bound);
        }
        let (value, lifetime) = (to_bytes(&bound.interaction)?, remaining(new.expires_at, self.now()));
        self.kv.put(&bound.key, value, lifetime).await?;
        Ok(new)
    }

    pub(crate) fn new_interaction(
        &self,
        tenant: &Tenant,
        draft: InteractionDraft,
    ) -> (NewInteraction, BoundInteraction) {
        let InteractionDraft { purpose, stage, login, consent } = draft;
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
        let bound = BoundInteraction { interaction, key, sealed_until: None };
        (NewInteraction { uid, binding, stage, expires_at, sealed_state: None }, bound)
    }

    /// Returns the interaction of this browser; `None` if it is unknown, expired or used.
    pub async fn interaction(
        &self,
        tenant: &Tenant,
        uid: &str,
        presented: InteractionCookies<'_>,
    ) -> Result<Option<BoundInteraction>, EngineError> {
        let Some(key) = addressed(tenant, uid, presented.binding) else { return Ok(None) };
        match self.kv.peek(&key).await? {
            ValueState::Live(bytes) => {
                let found = self.read_interaction(tenant, &bytes)?;
                Ok(found.map(|interaction| BoundInteraction { interaction, key, sealed_until: None }))
            }
            ValueState::Absent => Ok(self.unseal_interaction(tenant, uid, key, presented.sealed_state)),
            ValueState::Used => Ok(None),
        }
    }

    /// Takes the interaction: the resume address works once. One that was never stored leaves no mark: presented again
    /// it leads to its page, or to what the same request would lead to again.
    pub(crate) async fn take_interaction(
        &self,
        tenant: &Tenant,
        uid: &str,
        presented: InteractionCookies<'_>,
    ) -> Result<TakeOutcome, EngineError> {
        let Some(key) = addressed(tenant, uid, presented.binding) else { return Ok(TakeOutcome::Gone) };
        // No sealed copy lives longer.
        let remember = tenant.settings.duration(settings::INTERACTION_TTL);
        Ok(match self.kv.mark_used(&key, remember).await? {
            ValueState::Live(bytes) => {
                self.read_interaction(tenant, &bytes)?.map_or(TakeOutcome::Gone, TakeOutcome::Stored)
            }
            ValueState::Used => TakeOutcome::Gone,
            ValueState::Absent => match self.unseal_interaction(tenant, uid, key, presented.sealed_state) {
                Some(bound) if bound.interaction.stage == Stage::Ready => {
                    TakeOutcome::Ready(bound.interaction)
                }
                Some(_) | None => TakeOutcome::Unanswered,
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
