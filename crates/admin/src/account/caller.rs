//! Who asks about their own account.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use porta_core::settings;
use porta_core::user::User;
use porta_directory::Actor;
use porta_session::{Caller, KnownActor, OperationContext, Tenant, TenantLookup};
use porta_signin::account::{RecentlyAuthenticated, SignedInUser};

use crate::error::{AdminError, Result};
use crate::principal::{Person, Principal};
use crate::state::AdminState;
use crate::{access, limits};

/// The first argument of every operation on the own account: an administrator, within the limits. It needs no
/// permission: everybody may look after their own account.
pub(crate) struct OwnAccount {
    person: Box<Person>,
    tenant: Arc<Tenant>,
    caller: Caller,
}

impl FromRequestParts<AdminState> for OwnAccount {
    type Rejection = AdminError;

    async fn from_request_parts(parts: &mut Parts, state: &AdminState) -> Result<Self> {
        let principal = access::principal(parts, state).await?;
        limits::count(parts, state, &principal).await?;
        let Principal::Person(person) = principal else {
            return Err(AdminError::forbidden(
                "A service account has no account of its own: sign in as a user",
            ));
        };
        let organization = person.administrator.organization.to_string();
        let organization = state.directory.queries().organization(&organization).await?;
        let TenantLookup::Active(tenant) = state.shared.tenants.find(organization.slug.as_str()).await?
        else {
            // It was renamed or suspended since the token was read.
            return Err(AdminError::Unavailable);
        };
        let origin = &person.administrator.origin;
        let caller = Caller {
            address: origin.ip_address.as_deref().and_then(|address| address.parse().ok()),
            user_agent: origin.user_agent.clone(),
            request_id: origin.request_id.clone(),
            actor: Some(KnownActor {
                user: person.administrator.user,
                label: person.administrator.email.clone(),
            }),
        };
        Ok(Self { person, tenant, caller })
    }
}

impl OwnAccount {
    pub(super) fn into_actor(self) -> Actor {
        Principal::Person(self.person).into_actor()
    }

    pub(super) fn signed_in(&self) -> &SignedInUser {
        &self.person.signed_in
    }

    pub(super) fn user(&self) -> &User {
        &self.person.signed_in.user
    }

    pub(super) fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Context of an operation that begins now.
    pub(super) fn operation<'a>(&'a self, state: &AdminState) -> OperationContext<'a> {
        state.shared.context(&self.tenant, &self.caller)
    }

    /// Begins a change that could take the account over: it is counted as on the account pages, and needs a recent
    /// sign-in.
    pub(super) async fn sensitive_change<'a>(
        &'a self,
        state: &AdminState,
    ) -> Result<(OperationContext<'a>, RecentlyAuthenticated<'a>)> {
        let limited = state.account()?.count_change(&self.tenant, self.signed_in()).await?;
        if let Some(limited) = limited {
            return Err(AdminError::TooManyAttempts { retry_after: limited.retry_after });
        }
        let cx = self.operation(state);
        let max_age = self.tenant.settings.duration(settings::STEP_UP_MAX_AGE);
        let recent = RecentlyAuthenticated::of(cx, self.signed_in());
        recent.map(|recent| (cx, recent)).ok_or(AdminError::NotRecent { max_age })
    }
}
