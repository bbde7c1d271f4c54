//! Sign-ins between the first factor and the session.

use std::sync::Arc;

use porta_core::settings;
use porta_core::user::User;
use porta_session::interaction::{BoundInteraction, PendingSecondFactor};
use porta_session::{BackendError, OperationContext};

use crate::account_status::{StatusCheck, check_status};
use crate::outcome::FactorOutcome;
use crate::sign_in_core::SignInCore;

pub struct PendingSignIns {
    core: Arc<SignInCore>,
}

impl PendingSignIns {
    pub(crate) fn new(core: Arc<SignInCore>) -> Self {
        Self { core }
    }

    /// Loads the person who passed the first factor. `None`: they may no longer sign in, their credentials changed
    /// since then (decision D22), or the step expired.
    pub async fn load(
        &self,
        cx: OperationContext<'_>,
        bound: &BoundInteraction,
    ) -> Result<Option<(PendingSecondFactor, User)>, BackendError> {
        let Some(pending) = &bound.interaction.pending else { return Ok(None) };
        let mut repositories = self.core.shared.store().repositories();
        let user = repositories.users(cx.tenant.organization.id).by_id(pending.user).await?;
        let user = user.filter(|user| {
            let may_enter = match check_status(cx.tenant, user, cx.now) {
                StatusCheck::Allowed => true,
                StatusCheck::DeniedSilently => pending.past_lock,
                StatusCheck::Denied(_) => false,
            };
            may_enter && pending.is_valid(user, cx.now)
        });
        Ok(user.map(|user| (pending.clone(), user)))
    }

    /// Stores the next step. Each step after the first factor expires after `second_factor_ttl`.
    pub(crate) async fn store(
        &self,
        cx: OperationContext<'_>,
        mut bound: BoundInteraction,
        pending: PendingSecondFactor,
    ) -> Result<FactorOutcome, BackendError> {
        let ends = cx.now + cx.tenant.settings.duration(settings::SECOND_FACTOR_TTL);
        bound.interaction.stage = pending.step.stage();
        bound.interaction.pending = Some(PendingSecondFactor { expires_at: Some(ends), ..pending });
        let is_there = self.core.shared.kv().write(vec![bound.write(cx.now)?]).await?;
        Ok(if is_there { FactorOutcome::Moved } else { FactorOutcome::Gone })
    }
}
