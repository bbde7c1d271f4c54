//! The repositories, outside and inside a unit of work.

use async_trait::async_trait;
use porta_core::OrganizationId;
use porta_store::{
    AdministratorRepository, AllApplicationRepository, AllClientRepository, ApplicationRepository,
    AuditRepository, BrandingAssetRepository, ClientRepository, ExportRepository, OneTimeTokenRepository,
    OrganizationRepository, OutboxRepository, PeopleRepository, Repositories, Result, RightsRepository,
    SealedRepository, SecondFactorRepository, SessionRepository, SettingRepository, SigningKeyRepository,
    StatisticsRepository, TokenRepository, UnitOfWork, UserRepository,
};

use crate::administrators::Administrators;
use crate::applications::Applications;
use crate::applications::all::AllApplications;
use crate::audit::Audit;
use crate::branding::BrandingAssets;
use crate::clients::Clients;
use crate::clients::all::AllClients;
use crate::exports::Exports;
use crate::kernel::{Kernel, Runner, Tx};
use crate::one_time::OneTimeTokens;
use crate::organizations::Organizations;
use crate::outbox::Outbox;
use crate::people::People;
use crate::rights::AdministeredRights;
use crate::sealed::SealedValues;
use crate::second_factors::SecondFactors;
use crate::sessions::Sessions;
use crate::settings::Settings;
use crate::signing_keys::SigningKeys;
use crate::statistics::Statistics;
use crate::tokens::Tokens;
use crate::users::Users;

/// Each call commits by itself.
pub(crate) struct AutoCommit<'k>(pub(crate) &'k Kernel);

pub(crate) struct SqlUnitOfWork(pub(crate) Tx);

macro_rules! repositories {
    ($self:ident => $runner:expr) => {
        fn organizations(&mut $self) -> Box<dyn OrganizationRepository + '_> {
            Box::new(Organizations($runner))
        }
        fn branding_assets(
            &mut $self,
            organization: OrganizationId,
        ) -> Box<dyn BrandingAssetRepository + '_> {
            Box::new(BrandingAssets { run: $runner, organization })
        }
        fn settings(&mut $self, owner: Option<OrganizationId>) -> Box<dyn SettingRepository + '_> {
            Box::new(Settings { run: $runner, owner })
        }
        fn applications(&mut $self, organization: OrganizationId) -> Box<dyn ApplicationRepository + '_> {
            Box::new(Applications { run: $runner, organization })
        }
        fn all_applications(&mut $self) -> Box<dyn AllApplicationRepository + '_> {
            Box::new(AllApplications($runner))
        }
        fn rights(&mut $self, organization: OrganizationId) -> Box<dyn RightsRepository + '_> {
            Box::new(AdministeredRights { run: $runner, organization })
        }
        fn clients(&mut $self, organization: OrganizationId) -> Box<dyn ClientRepository + '_> {
            Box::new(Clients { run: $runner, organization })
        }
        fn all_clients(&mut $self) -> Box<dyn AllClientRepository + '_> {
            Box::new(AllClients($runner))
        }
        fn users(&mut $self, organization: OrganizationId) -> Box<dyn UserRepository + '_> {
            Box::new(Users { run: $runner, organization })
        }
        fn exports(&mut $self, organization: OrganizationId) -> Box<dyn ExportRepository + '_> {
            Box::new(Exports { run: $runner, organization })
        }
        fn signing_keys(&mut $self, organization: OrganizationId) -> Box<dyn SigningKeyRepository + '_> {
            Box::new(SigningKeys { run: $runner, organization })
        }
        fn sessions(&mut $self, organization: OrganizationId) -> Box<dyn SessionRepository + '_> {
            Box::new(Sessions { run: $runner, organization })
        }
        fn tokens(&mut $self, organization: OrganizationId) -> Box<dyn TokenRepository + '_> {
            Box::new(Tokens { run: $runner, organization })
        }
        fn one_time_tokens(&mut $self, organization: OrganizationId) -> Box<dyn OneTimeTokenRepository + '_> {
            Box::new(OneTimeTokens { run: $runner, organization })
        }
        fn second_factors(&mut $self, organization: OrganizationId) -> Box<dyn SecondFactorRepository + '_> {
            Box::new(SecondFactors { run: $runner, organization })
        }
        fn administrators(&mut $self) -> Box<dyn AdministratorRepository + '_> {
            Box::new(Administrators($runner))
        }
        fn people(&mut $self) -> Box<dyn PeopleRepository + '_> {
            Box::new(People($runner))
        }
        fn audit(&mut $self) -> Box<dyn AuditRepository + '_> {
            Box::new(Audit($runner))
        }
        fn statistics(&mut $self) -> Box<dyn StatisticsRepository + '_> {
            Box::new(Statistics($runner))
        }
        fn outbox(&mut $self) -> Box<dyn OutboxRepository + '_> {
            Box::new(Outbox($runner))
        }
        fn sealed(&mut $self) -> Box<dyn SealedRepository + '_> {
            Box::new(SealedValues($runner))
        }
    };
}

impl Repositories for AutoCommit<'_> {
    repositories!(self => Runner::Auto(self.0));
}

impl Repositories for SqlUnitOfWork {
    repositories!(self => Runner::Unit(&mut self.0));
}

#[async_trait]
impl UnitOfWork for SqlUnitOfWork {
    async fn commit(self: Box<Self>) -> Result<()> {
        self.0.commit().await
    }

    async fn savepoint(&mut self) -> Result<()> {
        self.0.savepoint().await
    }

    async fn rollback_to_savepoint(&mut self) -> Result<()> {
        self.0.rollback_to_savepoint().await
    }
}
