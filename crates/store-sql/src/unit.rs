//! The repositories, outside and inside a unit of work, and their shared helpers for owners and pages.

use async_trait::async_trait;
use porta_core::{EntityId, OrganizationId, Timestamp};
use porta_store::{
    ApplicationRepository, AuditRepository, BrandingAssetRepository, ClientRepository, Cursor,
    OneTimeTokenRepository, OrganizationRepository, OutboxRepository, Page, Repositories, Result,
    SealedRepository, SecondFactorRepository, SessionRepository, SettingRepository, SigningKeyRepository,
    StoreError, TokenRepository, UnitOfWork, UserRepository,
};
use uuid::Uuid;

use crate::applications::Applications;
use crate::audit::Audit;
use crate::branding::BrandingAssets;
use crate::clients::Clients;
use crate::kernel::{Kernel, Row, Runner, Tx, Value};
use crate::one_time::OneTimeTokens;
use crate::organizations::Organizations;
use crate::outbox::Outbox;
use crate::sealed::SealedValues;
use crate::second_factors::SecondFactors;
use crate::sessions::Sessions;
use crate::settings::Settings;
use crate::signing_keys::SigningKeys;
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
        fn clients(&mut $self, organization: OrganizationId) -> Box<dyn ClientRepository + '_> {
            Box::new(Clients { run: $runner, organization })
        }
        fn users(&mut $self, organization: OrganizationId) -> Box<dyn UserRepository + '_> {
            Box::new(Users { run: $runner, organization })
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
        fn audit(&mut $self) -> Box<dyn AuditRepository + '_> {
            Box::new(Audit($runner))
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

/// Refuses an entity of another organization than the repository is for, as if that organization did not exist.
pub(crate) fn same_owner(repository: OrganizationId, entity: OrganizationId) -> Result<()> {
    if repository == entity {
        return Ok(());
    }
    Err(StoreError::MissingReference("organization".to_owned()))
}

/// Cursor before every row: the year 1, which both databases can store.
const BEGINNING: Timestamp = Timestamp::from_seconds(-62_135_596_800);

pub(crate) fn cursor_values(after: Option<Cursor>) -> [Value<'static>; 2] {
    let (time, id) = after.map_or((BEGINNING, Uuid::nil()), |c| (c.created_at, c.id));
    [Value::Time(Some(time)), Value::Uuid(Some(id))]
}

/// Cursor after every row: the last second of the year 9999.
const END: Timestamp = Timestamp::from_seconds(253_402_300_799);

/// Like [`cursor_values`], for pages ordered newest first.
pub(crate) fn cursor_values_before(before: Option<Cursor>) -> [Value<'static>; 2] {
    let (time, id) = before.map_or((END, Uuid::max()), |c| (c.created_at, c.id));
    [Value::Time(Some(time)), Value::Uuid(Some(id))]
}

/// Makes a page from up to `limit + 1` rows; the extra row only says that there is a next page.
pub(crate) fn page_of<T, I: EntityId>(
    rows: &[Row],
    limit: u32,
    read: impl Fn(&Row) -> Result<T>,
    position: impl Fn(&T) -> (Timestamp, I),
) -> Result<Page<T>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let items = rows.iter().take(limit).map(read).collect::<Result<Vec<T>>>()?;
    let next = items.last().filter(|_| rows.len() > limit).map(|last| {
        let (created_at, id) = position(last);
        Cursor { created_at, id: id.uuid() }
    });
    Ok(Page { items, next })
}
