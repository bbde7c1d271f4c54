//! Operations for operators: organizations, applications, clients, people, roles, claims, keys, settings, and
//! declarative files of all these (provisioning).
//!
//! An operation runs inside a [`Transaction`]: one unit of work that writes each change *and* its audit row, and announces
//! after the commit what other instances must evict from their caches. All boundaries (CLI, provisioning, the
//! Admin API) call the same operations, so the same rules apply.
//!
//! ```text
//! begin(actor) ─► Transaction ─► clients().create(…), users().update(…) … ─► commit() ─► changes are announced
//!                      └── dropped without commit: rolled back
//! ```

use std::sync::Arc;

use async_trait::async_trait;
use porta_core::change::Change;
use porta_core::password_rules::{ContextWords, check_new_password};
use porta_core::seal::Keyring;
use porta_core::user::{PASSWORD_LENGTH, PasswordHash, PasswordRefusal};
use porta_core::{Clock, Entropy, Invalid, Password};
use porta_store::Store;
use secrecy::{ExposeSecret as _, SecretString};

mod actor;
mod applications;
mod assignments;
mod audit_cleanup;
mod audit_target;
mod branding;
mod claims;
mod clients;
mod denials;
mod duplicate_mailboxes;
mod error;
mod exports;
mod installation;
mod invitations;
mod keys;
mod lookup;
mod organizations;
mod outbox;
mod permissions;
mod personal_data;
mod pre_assignments;
mod protected;
pub mod provision;
mod queries;
mod reseal;
mod roles;
mod second_factors;
mod sessions;
mod settings;
mod test_mails;
mod transaction;
mod users;

pub use actor::{Actor, Administrator, RequestOrigin, ServiceAccount};
pub use applications::{ApplicationOperations, NewApplication, NewModule};
pub use audit_cleanup::AuditCleanup;
pub use branding::BrandingOperations;
pub use claims::{ClaimOperations, NewClaim};
pub use clients::{ClientOperations, IssuedSecret, NewClient, NewSecret, check_client};
pub use denials::RefusedCaller;
pub use duplicate_mailboxes::DuplicateMailbox;
pub use error::{DirectoryError, Problem, Result};
pub use exports::Export;
pub use installation::{
    Installation, InstallationOperations, Installed, InstalledPart, NewAdministrator, NewConsole,
    NewInstallation,
};
pub use invitations::{InvitationOperations, NewInvitation, SentInvitation};
pub use keys::{KeySummary, Rotation, SigningKeyOperations, Urgency, jwks_uri};
pub use organizations::{NewOrganization, OrganizationOperations};
pub use outbox::OutboxOperations;
pub use permissions::PermissionOperations;
pub use personal_data::PersonalDataOperations;
pub use pre_assignments::{NamedClaim, PreAssignments};
pub use queries::{
    AdminSignIn, AdministratorQueries, ApplicationParts, ApplicationQueries, AuditQueries, ClaimQueries,
    ClientQueries, ExportQueries, FactorStatus, FirstRows, InvitationQueries, LookupQueries, NamedClient,
    OrganizationQueries, OutboxQueries, Overview, PermissionQueries, Queries, RoleQueries,
    SecondFactorQueries, SessionQueries, StatisticsQueries, SystemState, Undelivered, UserQueries, Wanted,
};
pub use reseal::{KeyList, KindReport, OlderKey, Report, ResealMode, SealingKeys, UnopenedValue};
pub use roles::{NewPermission, NewRole, RoleOperations};
pub use second_factors::SecondFactorOperations;
pub use sessions::{SessionOperations, SessionsToEnd};
pub use settings::{SettingOperations, SettingSource, SettingView};
pub use transaction::Transaction;
pub use users::{NewUser, UserOperations};

/// Announces changes to other instances after the commit, for cache eviction. Never fails: the implementation logs
/// errors, because cache lifetimes bound the effect of a lost notice.
#[async_trait]
pub trait Notifier: Send + Sync {
    async fn announce(&self, changes: &[Change]);
}

/// A password could not be hashed.
#[derive(Debug, thiserror::Error)]
#[error("password could not be hashed")]
pub struct HashFailed(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Hashes passwords for storage.
#[async_trait]
pub trait HashPassword: Send + Sync {
    async fn hash(&self, password: &Password) -> std::result::Result<PasswordHash, HashFailed>;
}

/// Dependencies of the directory.
pub struct DirectoryDeps {
    pub store: Arc<dyn Store>,
    pub notify: Arc<dyn Notifier>,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// Seals private signing keys.
    pub keyring: Arc<Keyring>,
    /// Seals emails until they are sent.
    pub outbox: Arc<Keyring>,
    pub passwords: Arc<dyn HashPassword>,
    /// Requires https for redirect URIs and origins, except on loopback.
    pub production: bool,
}

/// Entry point; cheap to clone.
#[derive(Clone)]
pub struct Directory {
    deps: Arc<DirectoryDeps>,
}

impl Directory {
    pub fn new(deps: DirectoryDeps) -> Self {
        Self { deps: Arc::new(deps) }
    }

    /// Begins a unit of work on behalf of `actor`.
    pub async fn begin(&self, actor: Actor) -> Result<Transaction> {
        Transaction::begin(Arc::clone(&self.deps), actor).await
    }

    /// Queries outside a unit of work.
    pub fn queries(&self) -> Queries {
        Queries::new(Arc::clone(&self.deps))
    }

    /// Base URL of this installation, as the server that started last was configured.
    pub async fn issuer_base(&self) -> Result<Option<String>> {
        Ok(self.deps.store.issuer_base().await?)
    }

    /// Checks a new password against the rules for people's own choices, and hashes it. Called before a unit of work
    /// begins, so that no transaction waits for Argon2.
    pub async fn hash_password(
        &self,
        password: &SecretString,
        context: ContextWords,
    ) -> Result<PasswordHash> {
        hash_checked(&*self.deps.passwords, password, context).await
    }
}

async fn hash_checked(
    hasher: &dyn HashPassword,
    password: &SecretString,
    context: ContextWords,
) -> Result<PasswordHash> {
    let password = Password::parse(password.expose_secret()).map_err(password_problem)?;
    let judged = password.clone();
    // On a blocking thread: the check uses the CPU for milliseconds.
    let verdict = tokio::task::spawn_blocking(move || check_new_password(&judged, &context)).await;
    verdict.map_err(|error| HashFailed(error.into()))?.map_err(password_problem)?;
    Ok(hasher.hash(&password).await?)
}

impl std::fmt::Debug for Directory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Directory")
    }
}

/// The error message for operators; the rules are the same as on every page.
pub fn password_problem(refusal: PasswordRefusal) -> Invalid {
    let (least, most) = (PASSWORD_LENGTH.start(), PASSWORD_LENGTH.end());
    let problem = match refusal {
        PasswordRefusal::TooShort => format!("use at least {least} characters"),
        PasswordRefusal::TooLong => format!("use at most {most} characters"),
        PasswordRefusal::ControlCharacter => {
            "leave out tabs, line breaks and other control characters".to_owned()
        }
        PasswordRefusal::Common => "use one that is not among the first an attacker tries".to_owned(),
        PasswordRefusal::Personal => {
            "use one that is not built from the person's address or names, the organization's, or `porta`"
                .to_owned()
        }
        PasswordRefusal::Guessable => {
            "use a longer one, of several unusual words or of random characters".to_owned()
        }
    };
    Invalid::new("password", problem)
}
