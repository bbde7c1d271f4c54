//! Begins interactions. An anonymous one travels sealed with the browser (decision D21). The consent interaction of a
//! signed-in person is stored until it ends, so it is rate limited per network.

use std::time::Duration;

use bytes::Bytes;
use porta_core::audit::AuditCategory;
use porta_core::{SessionKey, Timestamp, TokenDigest, settings};
use porta_kv::{LimitOutcome, RateLimit};
use serde::{Deserialize, Serialize};

use crate::interaction::{BoundInteraction, Interaction, InteractionDraft, NewInteraction, Stage};
use crate::purpose::InteractionPurpose;
use crate::sealed_state::{SealedState, fits_in_cookie};
use crate::throttle::Limited;
use crate::{Caller, Engine, EngineError, Tenant};

/// The sealed part of an anonymous interaction; the other fields are empty or known from its address.
#[derive(Serialize, Deserialize)]
struct AnonymousInteraction {
    #[serde(flatten)]
    purpose: InteractionPurpose,
    stage: Stage,
    csrf: String,
    expires_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<TokenDigest>,
}

impl Engine {
    /// Begins an anonymous interaction; it needs no storage.
    pub(crate) fn begin_anonymous(
        &self,
        tenant: &Tenant,
        purpose: InteractionPurpose,
        stage: Stage,
    ) -> Result<NewInteraction, EngineError> {
        let draft = InteractionDraft { purpose, stage, login: None, consent: None };
        let (new, bound) = self.new_interaction(tenant, draft);
        self.attach_sealed_state(tenant, new, &bound)
    }

    pub(crate) fn attach_sealed_state(
        &self,
        tenant: &Tenant,
        new: NewInteraction,
        bound: &BoundInteraction,
    ) -> Result<NewInteraction, EngineError> {
        let unanswered = self.now() + tenant.settings.duration(settings::UNANSWERED_INTERACTION_TTL);
        let sealed_state = self.seal_interaction(bound, unanswered.min(new.expires_at))?;
        Ok(NewInteraction { sealed_state: Some(sealed_state), ..new })
    }

    /// Seals the interaction again until its end, once a form of it was sent. `None`: it is stored, or was sealed for
    /// that long already.
    pub fn extend_sealed_state(&self, bound: &BoundInteraction) -> Result<Option<SealedState>, EngineError> {
        let ends = bound.interaction.expires_at;
        match bound.sealed_until {
            Some(until) if until < ends => Ok(Some(self.seal_interaction(bound, ends)?)),
            Some(_) | None => Ok(None),
        }
    }

    /// Seals the interaction again, with the digest of the refused password. `None`: it is stored.
    pub fn remember_refused_password(
        &self,
        bound: &BoundInteraction,
        refused: TokenDigest,
    ) -> Result<Option<SealedState>, EngineError> {
        if bound.is_stored() {
            return Ok(None);
        }
        let mut bound = bound.clone();
        bound.interaction.refused = Some(refused);
        self.seal_interaction(&bound, bound.interaction.expires_at).map(Some)
    }

    fn seal_interaction(
        &self,
        bound: &BoundInteraction,
        until: Timestamp,
    ) -> Result<SealedState, EngineError> {
        let Interaction { purpose, stage, csrf, expires_at, refused, .. } = bound.interaction.clone();
        let anonymous = AnonymousInteraction { purpose, stage, csrf, expires_at, refused };
        let text = self.seal(&anonymous, &bound.key, until)?;
        if !fits_in_cookie(&text) {
            // Cannot happen: requests and addresses are bounded on input.
            return Err(EngineError::Unreadable("an interaction is too long to travel".to_owned()));
        }
        Ok(SealedState { text, until })
    }

    /// Opens the sealed interaction that a browser sent. `None`: sealed for another key, or expired.
    pub(crate) fn unseal_interaction(
        &self,
        tenant: &Tenant,
        uid: &str,
        key: String,
        sealed_state: Option<&str>,
    ) -> Option<BoundInteraction> {
        let (anonymous, until) = self.unseal(sealed_state?, &key)?;
        let AnonymousInteraction { purpose, stage, csrf, expires_at, refused } = anonymous;
        let interaction = Interaction {
            uid: uid.to_owned(),
            organization: tenant.organization.id,
            purpose,
            stage,
            csrf,
            consent: None,
            login: None,
            pending: None,
            link: None,
            refused,
            consented: false,
            expires_at,
        };
        Some(BoundInteraction { interaction, key, sealed_until: Some(until) })
    }

    /// Stores a new interaction and counts it in the same command: per network or, if the address is unknown, per
    /// session (decision 0042).
    pub(crate) async fn store_limited(
        &self,
        tenant: &Tenant,
        (caller, session): (&Caller, Option<SessionKey>),
        key: &str,
        value: Bytes,
        lifetime: Duration,
    ) -> Result<Result<(), Limited>, EngineError> {
        let maximum = tenant.settings.number(settings::RATE_LIMIT_INTERACTION_MAX);
        let window = tenant.settings.duration(settings::RATE_LIMIT_INTERACTION_WINDOW);
        let key_of = |whose: &str| format!("{}:limit:interaction:{whose}", tenant.organization.id);
        let mut limits = caller.limits(key_of, maximum, window);
        if caller.address.is_none()
            && let Some(session) = session
        {
            limits.push(RateLimit { key: key_of(&session.to_string()), maximum, window });
        }
        match self.kv.put_limited(key, value, lifetime, &limits).await? {
            LimitOutcome::Allowed => Ok(Ok(())),
            LimitOutcome::Limited { retry_after } => {
                let event = self.event(tenant, "rate_limit.interaction", AuditCategory::Security, caller);
                self.audit_once(tenant, event, caller, retry_after).await?;
                Ok(Err(Limited { retry_after, maximum }))
            }
        }
    }
}
