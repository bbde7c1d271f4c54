//! Begins, finds and takes interactions. An anonymous one travels sealed with the browser (decision D21). The consent
//! interaction of a signed-in person is stored until it ends, so it is rate limited per network.

use std::sync::Arc;

use porta_core::audit::AuditEventKind;
use porta_core::{BearerKind, OrganizationId, TokenDigest, settings};
use porta_kv::{KeyName, KvKey, LimitOutcome, RateLimit, ValueState};

use crate::anonymous_start::{seal_interaction, unseal_interaction};
use crate::audit::AuditLog;
use crate::backend::Backend;
use crate::context::OperationContext;
use crate::error::BackendError;
use crate::interaction::{
    BoundInteraction, Interaction, InteractionCookies, InteractionDraft, NewInteraction, Stage, TakeOutcome,
};
use crate::limited::Limited;
use crate::purpose::{AccountPurpose, InteractionPurpose};
use crate::sealed_state::{SealedState, Sealer};
use crate::short_lived::{remaining, to_bytes};
use crate::tenant::Tenant;

pub struct Interactions {
    backend: Arc<Backend>,
    sealer: Arc<Sealer>,
    audit: Arc<AuditLog>,
}

impl Interactions {
    pub(crate) fn new(backend: Arc<Backend>, sealer: Arc<Sealer>, audit: Arc<AuditLog>) -> Self {
        Self { backend, sealer, audit }
    }

    /// Begins an interaction. An anonymous one travels with the browser; one of a signed-in person is stored, rate
    /// limited per network.
    pub async fn begin(
        &self,
        context: OperationContext<'_>,
        draft: InteractionDraft,
    ) -> Result<Result<NewInteraction, Limited>, BackendError> {
        let (new, bound) = self.create(context.tenant, draft);
        if bound.interaction.is_anonymous() {
            return Ok(Ok(self.attach_sealed_state(context.tenant, new, &bound)?));
        }
        Ok(self.store_limited(context, &bound).await?.map(|()| new))
    }

    /// Begins an anonymous interaction; it needs no storage.
    pub fn begin_anonymous(
        &self,
        tenant: &Tenant,
        purpose: InteractionPurpose,
        stage: Stage,
    ) -> Result<NewInteraction, BackendError> {
        let draft = InteractionDraft { purpose, stage, login: None, consent: None };
        let (new, bound) = self.create(tenant, draft);
        self.attach_sealed_state(tenant, new, &bound)
    }

    /// Begins a sign-in that leads to a page of the account.
    pub fn begin_account(
        &self,
        tenant: &Tenant,
        purpose: AccountPurpose,
    ) -> Result<NewInteraction, BackendError> {
        self.begin_anonymous(tenant, InteractionPurpose::Account(purpose), Stage::Login)
    }

    /// Continues in a new interaction. No rate limit: the previous one was taken, so the number of stored ones does not
    /// grow.
    pub async fn continue_with(
        &self,
        tenant: &Tenant,
        draft: InteractionDraft,
    ) -> Result<NewInteraction, BackendError> {
        let (new, bound) = self.create(tenant, draft);
        if bound.interaction.is_anonymous() {
            return self.attach_sealed_state(tenant, new, &bound);
        }
        let lifetime = remaining(new.expires_at, self.backend.now());
        self.backend.kv.put(&bound.key, to_bytes(&bound.interaction)?, lifetime).await?;
        Ok(new)
    }

    fn create(&self, tenant: &Tenant, draft: InteractionDraft) -> (NewInteraction, BoundInteraction) {
        let InteractionDraft { purpose, stage, login, consent } = draft;
        let entropy = &*self.backend.entropy;
        let uid = BearerKind::Interaction.generate(entropy);
        let binding = BearerKind::Interaction.generate(entropy);
        let key = storage_key(tenant.organization.id, &uid, &binding);
        let expires_at = self.backend.now() + tenant.settings.duration(settings::INTERACTION_TTL);
        let interaction = Interaction {
            uid: uid.clone(),
            organization: tenant.organization.id,
            purpose,
            stage,
            csrf: BearerKind::Interaction.generate(entropy),
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

    fn attach_sealed_state(
        &self,
        tenant: &Tenant,
        new: NewInteraction,
        bound: &BoundInteraction,
    ) -> Result<NewInteraction, BackendError> {
        let unanswered = self.backend.now() + tenant.settings.duration(settings::UNANSWERED_INTERACTION_TTL);
        let sealed_state = seal_interaction(&self.sealer, bound, unanswered.min(new.expires_at))?;
        Ok(NewInteraction { sealed_state: Some(sealed_state), ..new })
    }

    /// Stores a new interaction and counts it in the same command: per network or, if the address is unknown, per
    /// session (decision 0042).
    async fn store_limited(
        &self,
        context: OperationContext<'_>,
        bound: &BoundInteraction,
    ) -> Result<Result<(), Limited>, BackendError> {
        let OperationContext { tenant, caller, .. } = context;
        let maximum = tenant.settings.number(settings::RATE_LIMIT_INTERACTION_MAX);
        let window = tenant.settings.duration(settings::RATE_LIMIT_INTERACTION_WINDOW);
        let key_of = |whose: &str| KvKey::new(KeyName::LimitInteraction, tenant.organization.id).with(whose);
        let mut limits = caller.limits(key_of, maximum, window);
        if caller.address.is_none()
            && let Some(session) = bound.interaction.session()
        {
            limits.push(RateLimit { key: key_of(&session.to_string()), maximum, window });
        }
        let value = to_bytes(&bound.interaction)?;
        let lifetime = remaining(bound.interaction.expires_at, self.backend.now());
        match self.backend.kv.put_limited(&bound.key, value, lifetime, &limits).await? {
            LimitOutcome::Allowed => Ok(Ok(())),
            LimitOutcome::Limited { retry_after } => {
                let event = self.audit.event(context, AuditEventKind::RateLimitInteraction);
                self.audit.record_once(context, event, retry_after).await?;
                Ok(Err(Limited { retry_after, maximum }))
            }
        }
    }

    /// Returns the interaction of this browser; `None` if it is unknown, expired or used.
    pub async fn find(
        &self,
        tenant: &Tenant,
        uid: &str,
        presented: InteractionCookies<'_>,
    ) -> Result<Option<BoundInteraction>, BackendError> {
        let Some(key) = addressed(tenant, uid, presented.binding) else { return Ok(None) };
        match self.backend.kv.peek(&key).await? {
            ValueState::Live(bytes) => {
                let found = self.read(tenant, &bytes)?;
                Ok(found.map(|interaction| BoundInteraction { interaction, key, sealed_until: None }))
            }
            ValueState::Absent => {
                Ok(unseal_interaction(&self.sealer, tenant.organization.id, uid, key, presented.sealed_state))
            }
            ValueState::Used => Ok(None),
        }
    }

    /// Takes the interaction: the resume address works once. One that was never stored leaves no mark: presented again
    /// it leads to its page, or to what the same request would lead to again.
    pub async fn take(
        &self,
        tenant: &Tenant,
        uid: &str,
        presented: InteractionCookies<'_>,
    ) -> Result<TakeOutcome, BackendError> {
        let Some(key) = addressed(tenant, uid, presented.binding) else { return Ok(TakeOutcome::Gone) };
        // No sealed copy lives longer.
        let remember = tenant.settings.duration(settings::INTERACTION_TTL);
        Ok(match self.backend.kv.mark_used(&key, remember).await? {
            ValueState::Live(bytes) => {
                self.read(tenant, &bytes)?.map_or(TakeOutcome::Gone, TakeOutcome::Stored)
            }
            ValueState::Used => TakeOutcome::Gone,
            ValueState::Absent => {
                let organization = tenant.organization.id;
                match unseal_interaction(&self.sealer, organization, uid, key, presented.sealed_state) {
                    Some(bound) if bound.interaction.stage == Stage::Ready => {
                        TakeOutcome::Ready(bound.interaction)
                    }
                    Some(_) | None => TakeOutcome::Unanswered,
                }
            }
        })
    }

    fn read(&self, tenant: &Tenant, bytes: &[u8]) -> Result<Option<Interaction>, BackendError> {
        let interaction: Interaction =
            serde_json::from_slice(bytes).map_err(|e| BackendError::Unreadable(e.to_string()))?;
        let is_live =
            interaction.organization == tenant.organization.id && self.backend.now() < interaction.expires_at;
        Ok(is_live.then_some(interaction))
    }

    /// Marks the interaction as declined; the resume address then answers the client. `false`: it is gone.
    pub async fn deny(&self, mut bound: BoundInteraction) -> Result<bool, BackendError> {
        bound.interaction.stage = Stage::Denied;
        Ok(self.backend.kv.write(vec![bound.write(self.backend.now())?]).await?)
    }

    /// Marks consent as given; the grant itself is written at the resume address. `false`: it is gone.
    pub async fn approve(&self, mut bound: BoundInteraction) -> Result<bool, BackendError> {
        bound.interaction.stage = Stage::Ready;
        bound.interaction.consented = true;
        Ok(self.backend.kv.write(vec![bound.write(self.backend.now())?]).await?)
    }

    /// Seals the interaction again until its end, once a form of it was sent. `None`: it is stored, or was sealed for
    /// that long already.
    pub fn extend_sealed_state(&self, bound: &BoundInteraction) -> Result<Option<SealedState>, BackendError> {
        let ends = bound.interaction.expires_at;
        match bound.sealed_until {
            Some(until) if until < ends => Ok(Some(seal_interaction(&self.sealer, bound, ends)?)),
            Some(_) | None => Ok(None),
        }
    }

    /// Seals the interaction again, with the digest of the refused password. `None`: it is stored.
    pub fn remember_refused_password(
        &self,
        bound: &BoundInteraction,
        refused: TokenDigest,
    ) -> Result<Option<SealedState>, BackendError> {
        if bound.is_stored() {
            return Ok(None);
        }
        let mut bound = bound.clone();
        bound.interaction.refused = Some(refused);
        seal_interaction(&self.sealer, &bound, bound.interaction.expires_at).map(Some)
    }
}

fn storage_key(organization: OrganizationId, uid: &str, binding: &str) -> KvKey {
    KvKey::new(KeyName::Interaction, organization).with(TokenDigest::of(&format!("{uid}.{binding}")).hex())
}

fn addressed(tenant: &Tenant, uid: &str, binding: Option<&str>) -> Option<KvKey> {
    let binding = binding.filter(|b| BearerKind::Interaction.matches(b))?;
    BearerKind::Interaction.matches(uid).then(|| storage_key(tenant.organization.id, uid, binding))
}
