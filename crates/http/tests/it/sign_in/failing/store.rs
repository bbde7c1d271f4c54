//! A relational store that fails on demand: every repository answers "unavailable".

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use porta_core::application::{Application, ApplicationStatus, ClaimDefinition, Module, Permission, Role};
use porta_core::audit::AuditEvent;
use porta_core::branding::{AssetKind, BrandingAsset};
use porta_core::client::{Client, ClientId, ClientSecret, ClientStatus};
use porta_core::one_time::{OneTimeToken, TokenPurpose};
use porta_core::organization::{Organization, OrganizationStatus};
use porta_core::outbox::{OutboxClaim, OutboxCounts, OutboxItem, OutboxKind, OutboxRow};
use porta_core::seal::Sealed;
use porta_core::second_factor::{CodeMac, CodePurpose, EmailCode, RecoveryCode, TotpCredential};
use porta_core::session::{AccessToken, Grant, RefreshToken, SessionRecord, TokenFamily};
use porta_core::signing_key::{SigningAlgorithm, SigningKey};
use porta_core::user::{PasswordHash, TwoFactorMethod, User, UserStatus};
use porta_core::*;
use porta_store::*;

use super::FaultInjector;
use super::unit::FaultyUnit;

/// A store whose operations fail by a [`FaultInjector`].
pub(in super::super) struct FaultyStore {
    pub(super) inner: Arc<dyn Store>,
    pub(super) fault: Arc<FaultInjector>,
    /// Audit rows in units of work only.
    pub(super) audit: Arc<FaultInjector>,
}

/// The repositories while the database is unavailable.
struct UnavailableRepository(OrganizationId);

fn unavailable() -> StoreError {
    StoreError::Unavailable("the test took the database away".into())
}

#[async_trait]
impl Store for FaultyStore {
    fn repositories(&self) -> Box<dyn Repositories + '_> {
        if self.fault.fails_next() { Box::new(UnavailableRepositories) } else { self.inner.repositories() }
    }

    async fn begin(&self) -> Result<Box<dyn UnitOfWork>> {
        if self.fault.fails_next() {
            return Err(unavailable());
        }
        Ok(Box::new(FaultyUnit { inner: self.inner.begin().await?, audit: Arc::clone(&self.audit) }))
    }

    async fn ping(&self) -> Result<()> {
        if self.fault.fails_next() { Err(unavailable()) } else { self.inner.ping().await }
    }

    async fn pending_migrations(&self) -> Result<Vec<String>> {
        self.inner.pending_migrations().await
    }

    async fn sweep(&self, now: Timestamp, audit_before: Timestamp, batch: u32) -> Result<SweepOutcome> {
        self.inner.sweep(now, audit_before, batch).await
    }

    async fn wait_for_outbox_item(&self) {
        self.inner.wait_for_outbox_item().await;
    }

    fn pool(&self) -> PoolState {
        self.inner.pool()
    }

    async fn newest_signing_key(&self) -> Result<Option<SigningKey>> {
        self.inner.newest_signing_key().await
    }

    async fn oldest_signing_key_activation(&self) -> Result<Option<Timestamp>> {
        self.inner.oldest_signing_key_activation().await
    }

    async fn issuer_base(&self) -> Result<Option<String>> {
        self.inner.issuer_base().await
    }

    async fn remember_issuer_base(&self, issuer_base: &str, now: Timestamp) -> Result<bool> {
        self.inner.remember_issuer_base(issuer_base, now).await
    }

    fn round_trips(&self) -> u64 {
        self.inner.round_trips()
    }
}

pub(super) fn unavailable_audit<'a>() -> Box<dyn AuditRepository + 'a> {
    Box::new(UnavailableRepository(nobody()))
}

struct UnavailableRepositories;

impl Repositories for UnavailableRepositories {
    fn organizations(&mut self) -> Box<dyn OrganizationRepository + '_> {
        Box::new(UnavailableRepository(nobody()))
    }

    fn branding_assets(&mut self, of: OrganizationId) -> Box<dyn BrandingAssetRepository + '_> {
        Box::new(UnavailableRepository(of))
    }

    fn settings(&mut self, _: Option<OrganizationId>) -> Box<dyn SettingRepository + '_> {
        Box::new(UnavailableRepository(nobody()))
    }

    fn applications(&mut self, of: OrganizationId) -> Box<dyn ApplicationRepository + '_> {
        Box::new(UnavailableRepository(of))
    }

    fn clients(&mut self, of: OrganizationId) -> Box<dyn ClientRepository + '_> {
        Box::new(UnavailableRepository(of))
    }

    fn users(&mut self, of: OrganizationId) -> Box<dyn UserRepository + '_> {
        Box::new(UnavailableRepository(of))
    }

    fn signing_keys(&mut self, of: OrganizationId) -> Box<dyn SigningKeyRepository + '_> {
        Box::new(UnavailableRepository(of))
    }

    fn sessions(&mut self, of: OrganizationId) -> Box<dyn SessionRepository + '_> {
        Box::new(UnavailableRepository(of))
    }

    fn tokens(&mut self, of: OrganizationId) -> Box<dyn TokenRepository + '_> {
        Box::new(UnavailableRepository(of))
    }

    fn audit(&mut self) -> Box<dyn AuditRepository + '_> {
        Box::new(UnavailableRepository(nobody()))
    }

    fn outbox(&mut self) -> Box<dyn OutboxRepository + '_> {
        Box::new(UnavailableRepository(nobody()))
    }

    fn sealed(&mut self) -> Box<dyn SealedRepository + '_> {
        Box::new(UnavailableRepository(nobody()))
    }

    fn one_time_tokens(&mut self, of: OrganizationId) -> Box<dyn OneTimeTokenRepository + '_> {
        Box::new(UnavailableRepository(of))
    }

    fn second_factors(&mut self, of: OrganizationId) -> Box<dyn SecondFactorRepository + '_> {
        Box::new(UnavailableRepository(of))
    }
}

fn nobody() -> OrganizationId {
    OrganizationId::new(Timestamp::from_micros(0), &OsEntropy)
}

macro_rules! unavailable {
    ($name:ident { $(fn $method:ident($($argument:ty),*) -> $answer:ty;)* } $(also { $($more:item)* })?) => {
        #[async_trait]
        impl $name for UnavailableRepository {
            $(async fn $method(&mut self, $(_: $argument),*) -> Result<$answer> {
                Err(unavailable())
            })*
            $($($more)*)?
        }
    };
}

unavailable!(OrganizationRepository {
    fn by_slug(&Slug) -> Option<Organization>;
    fn by_id(OrganizationId) -> Option<Organization>;
    fn insert(&Organization) -> ();
    fn update(&Organization) -> bool;
    fn set_status(OrganizationId, OrganizationStatus, OrganizationStatus, Timestamp) -> bool;
    fn page(Option<Cursor>, u32) -> Page<Organization>;
});
unavailable!(BrandingAssetRepository {
    fn find(AssetKind) -> Option<BrandingAsset>;
    fn put(&BrandingAsset) -> ();
    fn remove(AssetKind) -> bool;
});

unavailable!(SettingRepository {
    fn all() -> BTreeMap<String, serde_json::Value>;
    fn set(&str, &serde_json::Value, Timestamp) -> ();
    fn unset(&str) -> bool;
});
unavailable!(ApplicationRepository {
    fn claims_of(UserId) -> Vec<AssignedClaim>;
    fn by_slug(&Slug) -> Option<Application>;
    fn by_id(ApplicationId) -> Option<Application>;
    fn insert(&Application) -> ();
    fn update(&Application) -> bool;
    fn set_status(ApplicationId, ApplicationStatus, ApplicationStatus, Timestamp) -> bool;
    fn modules(ApplicationId) -> Vec<Module>;
    fn insert_module(&Module, Timestamp) -> ();
    fn update_module(&Module, Timestamp) -> bool;
    fn roles(ApplicationId) -> Vec<Role>;
    fn insert_role(&Role, Timestamp) -> ();
    fn update_role(&Role, Timestamp) -> bool;
    fn permissions(ApplicationId) -> Vec<Permission>;
    fn insert_permission(&Permission, Timestamp) -> ();
    fn update_permission(&Permission) -> bool;
    fn link_permission(RoleId, PermissionId, Timestamp) -> bool;
    fn claims(ApplicationId) -> Vec<ClaimDefinition>;
    fn insert_claim(&ClaimDefinition, Timestamp) -> ();
    fn update_claim(&ClaimDefinition, Timestamp) -> bool;
    fn assign_role(UserId, RoleId, Option<UserId>, Timestamp) -> bool;
    fn remove_role(UserId, RoleId) -> bool;
    fn roles_of(UserId) -> Vec<Role>;
    fn set_claim_value(UserId, ClaimDefinitionId, &serde_json::Value, Timestamp) -> UpsertOutcome;
    fn claim_value(UserId, ClaimDefinitionId) -> Option<serde_json::Value>;
});
unavailable!(ClientRepository {
    fn for_protocol(&ClientId) -> Option<ClientFacts>;
    fn client_id_of(ClientKey) -> Option<ClientId>;
    fn registered_addresses() -> RegisteredAddresses;
    fn by_client_id(&ClientId) -> Option<Client>;
    fn by_key(ClientKey) -> Option<Client>;
    fn by_name(ApplicationId, &str) -> Option<Client>;
    fn insert(&Client) -> ();
    fn update(&Client) -> bool;
    fn set_status(ClientKey, ClientStatus, ClientStatus, Timestamp) -> bool;
    fn page(Option<Cursor>, u32) -> Page<Client>;
    fn insert_secret(&ClientSecret) -> ();
    fn secrets(ClientKey) -> Vec<ClientSecret>;
    fn revoke_secret(ClientKey, ClientSecretId) -> bool;
    fn touch_secrets(&[(ClientSecretId, Timestamp)]) -> ();
});
unavailable!(UserRepository {
    fn change_password(UserId, Option<&PasswordHash>, &PasswordHash, Timestamp) -> bool;
    fn by_email(&str) -> Option<User>;
    fn by_id(UserId) -> Option<User>;
    fn insert(&User) -> ();
    fn update(&User) -> bool;
    fn set_status(UserId, UserStatus, UserStatus, Option<&str>, Timestamp) -> bool;
    fn set_password(UserId, Option<&PasswordHash>, Timestamp) -> bool;
    fn rehash(UserId, &PasswordHash, &PasswordHash) -> bool;
    fn recover_password(UserId, &PasswordHash, Timestamp) -> bool;
    fn verify_email(UserId, Timestamp) -> bool;
    fn page(Option<Cursor>, u32) -> Page<User>;
    fn record_sign_in(&User, Duration, &SessionRecord, &AuditEvent) -> bool;
    fn record_challenge(&User, Duration, &AuditEvent) -> bool;
    fn hash_parameters() -> Vec<(String, u64)>;
    fn count_factor_failure(UserId) -> Option<i64>;
    fn reset_factor_failures(UserId) -> ();
    fn record_sign_in_failure(&str, LockPolicy, Timestamp, FailureEvents<'_>) -> Option<FailureOutcome>;
});
unavailable!(SigningKeyRepository {
    fn all() -> Vec<SigningKey>;
    fn insert_if_absent(&SigningKey) -> bool;
    fn promote(SigningAlgorithm, Option<SigningKeyId>, Timestamp, Timestamp) -> bool;
    fn revoke(SigningKeyId, Timestamp) -> bool;
});
unavailable!(SessionRepository {
    fn of_user(UserId, Option<Timestamp>, Option<Cursor>, u32) -> Page<SessionRecord>;
    fn grants_of(UserId, Timestamp, Option<Cursor>, u32) -> Page<GrantWithClient>;
    fn end_grant(UserId, GrantId, Timestamp, &AuditEvent) -> bool;
    fn authorize_facts(SessionKey, ClientKey, Timestamp) -> Option<AuthorizeFacts>;
    fn by_id(SessionKey) -> Option<SessionRecord>;
    fn extend(SessionKey, Timestamp, Duration, Timestamp) -> bool;
    fn end(SessionKey, Timestamp, &AuditEvent) -> bool;
    fn extend_grant(Option<&Grant>, &Grant, Option<&AuditEvent>) -> Grant;
    fn grant(UserId, ClientKey) -> Option<Grant>;
});
unavailable!(TokenRepository {
    fn issuance_facts(&TokenFamily, Timestamp) -> Option<IssuanceFacts>;
    fn issue(&TokenFamily, &AccessToken, Option<&RefreshToken>) -> bool;
    fn forbid_family(&TokenFamily, Timestamp, &AuditEvent) -> ();
    fn refresh_facts(&TokenDigest, Timestamp) -> Option<RefreshTokenFacts>;
    fn rotate(&TokenDigest, &RefreshToken, &AccessToken, &TokenDigest, Timestamp) -> bool;
    fn share(&AccessToken, &TokenDigest) -> bool;
    fn add_access_token(&AccessToken) -> ();
    fn userinfo_facts(&TokenDigest, Timestamp) -> Option<UserInfoFacts>;
    fn access_facts(&TokenDigest, Timestamp) -> Option<AccessTokenFacts>;
    fn delete_access_token(&TokenDigest) -> bool;
    fn revoke(Revocation, Timestamp) -> u64;
} also {
    fn organization(&self) -> OrganizationId {
        self.0
    }
});
unavailable!(AuditRepository {
    fn about(OrganizationId, UserId, Option<Cursor>, u32) -> Page<AuditEvent>;
    fn record(&AuditEvent) -> ();
    fn recent(Option<OrganizationId>, u32) -> Vec<AuditEvent>;
});
unavailable!(OneTimeTokenRepository {
    fn issue_if_none_live(&OneTimeToken, &user::Email) -> bool;
    fn issue(&OneTimeToken, &user::Email) -> bool;
    fn find(&TokenDigest, TokenPurpose) -> Option<OneTimeToken>;
    fn consume(&TokenDigest, TokenPurpose, Timestamp) -> Option<OneTimeToken>;
    fn withdraw(UserId, Timestamp) -> u64;
});
unavailable!(SecondFactorRepository {
    fn totp(UserId) -> Option<TotpCredential>;
    fn enrol_totp(&TotpCredential, Option<TwoFactorMethod>) -> bool;
    fn enrol_email(UserId, Timestamp) -> bool;
    fn accept_step(&TotpCredential, i64, Timestamp) -> bool;
    fn disable(UserId, Timestamp) -> bool;
    fn replace_recovery_codes(UserId, &[RecoveryCode], Timestamp) -> bool;
    fn use_recovery_code(UserId, &[CodeMac], Timestamp) -> Option<u64>;
    fn unused_recovery_codes(UserId) -> u64;
    fn issue_email_code(&EmailCode) -> ();
    fn try_email_code(UserId, CodePurpose, Option<&str>, &[CodeMac], u32, Timestamp) -> EmailCodeOutcome;
});
unavailable!(SealedRepository {
    fn under_other_keys(SealedKind, &str, uuid::Uuid, u32) -> Vec<SealedRow>;
    fn replace(SealedKind, &SealedRow, &Sealed) -> bool;
    fn by_key(SealedKind) -> Vec<(String, u64)>;
    fn recovery_codes_by_key() -> Vec<(Option<String>, u64)>;
});
unavailable!(OutboxRepository {
    fn enqueue(&OutboxItem) -> bool;
    fn claim(&[OutboxKind], Timestamp, Timestamp, u32) -> Vec<OutboxClaim>;
    fn deliver(OutboxId, Timestamp) -> bool;
    fn remove(OutboxId) -> bool;
    fn postpone(&OutboxClaim, Timestamp, &str, Timestamp) -> bool;
    fn give_up(&OutboxClaim, &str, Timestamp) -> bool;
    fn page_for(OrganizationId, Option<Cursor>, u32) -> Page<OutboxRow>;
    fn counts(Option<OrganizationId>) -> OutboxCounts;
});
