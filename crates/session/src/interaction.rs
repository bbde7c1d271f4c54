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
//! With a temporary password `NewPassword` comes last before `Ready`.
//!
//! The storage key is derived from the uid *and* a secret that only the starting browser has in a cookie, so nobody
//! else can read, finish or use up the interaction. Tenant, client and CSRF token are inside (`docs/security.md`, W30).
//!
//! An anonymous interaction is not stored: it travels sealed in a cookie of the browser, bound to the key it would be
//! stored under (decision D21). The first step that proves something stores it under that key. The resume address marks
//! the key as used, so that a sealed copy cannot be replayed.

use std::time::Duration;

use porta_core::audit::AuditEventKind;
use porta_core::seal::Sealed;
use porta_core::user::{CredentialState, TwoFactorMethod, User};
use porta_core::{OrganizationId, SessionKey, Timestamp, TokenDigest, UserId, secret};
use porta_kv::{KvKey, Write};
use serde::{Deserialize, Serialize};

use crate::error::BackendError;
use crate::purpose::InteractionPurpose;
use crate::sealed_state::SealedState;
use crate::short_lived::{remaining, to_bytes};

/// What the browser must do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// Go to the resume address.
    Ready,
    Login,
    /// Verify the second factor or enrol one: `pending` says which.
    SecondFactor,
    /// Choose a password in place of a temporary one, after all factors.
    NewPassword,
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

/// A person who passed the first factor, or all, and is not signed in yet.
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
    /// Choose a password in place of a temporary one: nothing else is asked for any more. `event` is recorded when the
    /// session begins.
    NewPassword { event: AuditEventKind },
}

impl SecondFactorStep {
    /// The stage that shows the step.
    pub const fn stage(&self) -> Stage {
        match self {
            Self::Verify { .. }
            | Self::Choose { .. }
            | Self::Authenticator { .. }
            | Self::Email { .. }
            | Self::Codes { .. } => Stage::SecondFactor,
            Self::NewPassword { .. } => Stage::NewPassword,
        }
    }
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
    pub(crate) key: KvKey,
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
#[derive(Debug)]
pub enum TakeOutcome {
    Stored(Interaction),
    /// Not stored: it came sealed with the browser and needs no page.
    Ready(Interaction),
    /// Nothing stored and nothing ready: its page is next.
    Unanswered,
    Gone,
}

/// The initial content of an interaction.
#[derive(Debug, Clone, PartialEq)]
pub struct InteractionDraft {
    pub purpose: InteractionPurpose,
    pub stage: Stage,
    pub login: Option<CompletedLogin>,
    pub consent: Option<ConsentRequest>,
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

impl BoundInteraction {
    /// Whether a form's CSRF token is this interaction's; compares in constant time.
    pub fn csrf_matches(&self, presented: Option<&str>) -> bool {
        presented.is_some_and(|p| secret::constant_time_eq(p, &self.interaction.csrf))
    }

    /// Builds the write that stores the interaction, unless the resume address has taken it meanwhile: a form still in
    /// progress must not make it usable again.
    pub fn write(&self, now: Timestamp) -> Result<Write, BackendError> {
        self.write_for(Duration::MAX, now)
    }

    /// Like [`Self::write`], but kept for `longest` at most, because nothing is proven yet.
    pub fn write_for(&self, longest: Duration, now: Timestamp) -> Result<Write, BackendError> {
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
    pub fn is_anonymous(&self) -> bool {
        self.login.is_none() && self.consent.is_none() && self.pending.is_none()
    }

    /// The session of the signed-in person, if there is one.
    pub(crate) fn session(&self) -> Option<SessionKey> {
        let asked = self.consent.as_ref().map(|asked| asked.session);
        self.login.map(|login| login.session).or(asked)
    }
}
