//! A unit of work that can fail to write its audit rows.

use std::sync::Arc;

use async_trait::async_trait;
use porta_core::OrganizationId;
use porta_store::*;

use super::FaultInjector;
use super::store::unavailable_audit;

pub(super) struct FaultyUnit {
    pub(super) inner: Box<dyn UnitOfWork>,
    pub(super) audit: Arc<FaultInjector>,
}

macro_rules! passed_on {
    ($($name:ident($($of:ident: $kind:ty)?) -> $repository:ident;)*) => {
        $(fn $name(&mut self $(, $of: $kind)?) -> Box<dyn $repository + '_> {
            self.inner.$name($($of)?)
        })*
    };
}

impl Repositories for FaultyUnit {
    passed_on! {
        organizations() -> OrganizationRepository;
        branding_assets(of: OrganizationId) -> BrandingAssetRepository;
        settings(of: Option<OrganizationId>) -> SettingRepository;
        applications(of: OrganizationId) -> ApplicationRepository;
        clients(of: OrganizationId) -> ClientRepository;
        users(of: OrganizationId) -> UserRepository;
        signing_keys(of: OrganizationId) -> SigningKeyRepository;
        sessions(of: OrganizationId) -> SessionRepository;
        tokens(of: OrganizationId) -> TokenRepository;
        one_time_tokens(of: OrganizationId) -> OneTimeTokenRepository;
        second_factors(of: OrganizationId) -> SecondFactorRepository;
        outbox() -> OutboxRepository;
        sealed() -> SealedRepository;
    }

    fn audit(&mut self) -> Box<dyn AuditRepository + '_> {
        if self.audit.fails_next() { unavailable_audit() } else { self.inner.audit() }
    }
}

#[async_trait]
impl UnitOfWork for FaultyUnit {
    async fn commit(self: Box<Self>) -> Result<()> {
        self.inner.commit().await
    }

    async fn savepoint(&mut self) -> Result<()> {
        self.inner.savepoint().await
    }

    async fn rollback_to_savepoint(&mut self) -> Result<()> {
        self.inner.rollback_to_savepoint().await
    }
}
