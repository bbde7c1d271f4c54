//! Declarative provisioning: a file describes the desired state (`docs/provisioning.md`).
//!
//! ```text
//! text ─read─► Document ─► passwords are hashed, hashes are checked ─► one unit of work:
//!   organizations → applications → clients (+ secrets) → roles → permissions → claim definitions
//!   → role/permission links → modules → users → user roles → user claims → settings → admin.import
//!   ─► commit (or roll back: dry run, or an error without keep-going)
//! ```
//!
//! Every value passes through the operations of this crate, so the rules of the other boundaries apply. Each item has a
//! savepoint: a failing item is reported and the rest goes on, so that one run finds all problems of a file.

use porta_core::admin::ADMIN_SLUG;
use porta_core::audit::AuditEventKind;
use porta_core::organization::{Organization, OrganizationStatus};
use porta_core::password_rules::ContextWords;
use porta_core::user::{Email, PasswordHash, Profile};
use secrecy::ExposeSecret as _;
use serde_json::json;

use crate::{Actor, Directory, DirectoryError, Problem, Result, Transaction};

mod applications;
mod clients;
pub mod document;
mod importer;
mod needed_permissions;
mod organizations;
mod passwords;
mod patch;
mod read;
mod report;
mod settings;
mod users;
mod write;

pub use clients::expires_in;
pub use document::Document;
pub use passwords::hash_passwords;
pub use patch::Patch;
pub use read::{
    Format, Located, MAXIMUM_BYTES, Position, ReadError, References, SourceFile, json_schema, read,
};
pub use report::{
    Credential, CredentialSecret, Entry, ItemError, ItemKind, ItemOutcome, Report, SecretValue, Skipped,
};
pub use write::write;

use document::{OrganizationItem, SecretText, UserItem};
use importer::{Hashes, Importer};

/// How to treat existing entities.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Mode {
    /// Leaves them unchanged.
    #[default]
    Merge,
    /// Overwrites the fields that the file contains; leaves others unchanged.
    Overwrite,
}

impl Mode {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Overwrite => "overwrite",
        }
    }
}

/// How to apply a document.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    pub mode: Mode,
    /// Executes everything and rolls back.
    pub dry_run: bool,
    /// Commits although some items failed.
    pub keep_going: bool,
}

impl Directory {
    /// Applies a document. The actor needs the permissions of everything that it may do, also for a dry run. Errors of
    /// items are in the report; `Err` means that nothing was committed.
    pub async fn provision(&self, actor: Actor, document: &Document, options: Options) -> Result<Report> {
        needed_permissions::check_may_apply(&actor, document, options.mode)?;
        let mut hashes = imported_hashes(document);
        self.hash_new_passwords(document, &mut hashes).await?;
        let mut work = self.begin(actor).await?;
        one_run_at_a_time(&mut work).await?;
        let mut importer = Importer::new(work, document, options, hashes);
        run_phases(&mut importer).await?;
        let (mut work, mut report) = importer.finish();
        report.applied = !options.dry_run && (report.errors.is_empty() || options.keep_going);
        if !report.applied {
            // Dropping the unit of work rolls back.
            drop(work);
            report.withhold_secrets();
            return Ok(report);
        }
        record(&mut work, options.mode, &report).await?;
        work.commit().await?;
        Ok(report)
    }

    /// Hashes the passwords of new people before the transaction begins. Existing passwords are left alone: a repeated
    /// run must change nothing, and comparing a password with its hash is expensive.
    async fn hash_new_passwords(&self, document: &Document, hashes: &mut Hashes) -> Result<()> {
        for (o, item) in document.organizations.iter().enumerate() {
            if item.users.iter().all(|user| user.password.is_none()) {
                continue;
            }
            let organization = self.present(&item.effective_slug()).await?;
            for (u, user) in item.users.iter().enumerate() {
                let Some(password) = &user.password else { continue };
                if user.password_hash.is_some() {
                    continue;
                }
                // An invalid address is reported when the person is created.
                let Ok(email) = Email::parse(&user.email) else { continue };
                if let Some(organization) = &organization
                    && self.is_known(organization, &email).await?
                {
                    continue;
                }
                let around = words_around(&email, user, item, organization.as_ref());
                // A refused password is reported as an item error when the person is created.
                match self.hash_password(password.secret(), around).await {
                    Ok(hash) => hashes.insert((o, u), Ok(hash)),
                    Err(DirectoryError::Invalid(problems)) => hashes.insert((o, u), Err(problems)),
                    Err(other) => return Err(other),
                };
            }
        }
        Ok(())
    }

    async fn present(&self, slug: &str) -> Result<Option<Organization>> {
        let Ok(slug) = porta_core::Slug::parse(slug) else { return Ok(None) };
        Ok(self.deps.store.repositories().organizations().by_slug(&slug).await?)
    }

    async fn is_known(&self, organization: &Organization, email: &Email) -> Result<bool> {
        let mut repositories = self.deps.store.repositories();
        Ok(repositories.users(organization.id).by_email(email.shown()).await?.is_some())
    }
}

/// Checks the hashes of other systems. A refused one is reported as an item error when the person is created.
fn imported_hashes(document: &Document) -> Hashes {
    let people = document.organizations.iter().enumerate().flat_map(|(o, organization)| {
        organization.users.iter().enumerate().map(move |(u, user)| ((o, u), user))
    });
    people.filter_map(|(key, user)| Some((key, imported(user.password_hash.as_ref()?)))).collect()
}

fn imported(hash: &SecretText) -> std::result::Result<PasswordHash, Vec<Problem>> {
    let hash = PasswordHash::import(hash.secret().expose_secret());
    hash.map_err(|refused| vec![Problem::new("password_hash", refused.to_string())])
}

/// Entities are created before those that refer to them.
async fn run_phases(importer: &mut Importer<'_>) -> Result<()> {
    organizations::import_organizations(importer).await?;
    applications::import_applications(importer).await?;
    clients::import_clients(importer).await?;
    applications::import_roles(importer).await?;
    applications::import_permissions(importer).await?;
    applications::import_claim_definitions(importer).await?;
    applications::import_role_permissions(importer).await?;
    applications::import_modules(importer).await?;
    users::import_users(importer).await?;
    users::import_user_roles(importer).await?;
    users::import_user_claims(importer).await?;
    settings::import_settings(importer).await
}

/// Words for the password check: from the person and the organization in the file, and from the stored organization.
fn words_around(
    email: &Email,
    user: &UserItem,
    organization: &OrganizationItem,
    present: Option<&Organization>,
) -> ContextWords {
    let profile = users::profile(Profile::default(), user);
    let (slug, company) = (organization.effective_slug(), organization.branding.company_name.value());
    let present = present.map(|o| (o.name.as_str(), o.branding.company_name.as_deref()));
    let names = [
        Some(organization.name.as_str()),
        Some(slug.as_str()),
        company.as_deref(),
        present.map(|(name, _)| name),
        present.and_then(|(_, company)| company),
    ];
    ContextWords::new(email, &profile, &names)
}

/// Serialises concurrent runs. Replicas may apply the same file at once, and not everything that items are matched by
/// is unique in the database (client names are not). Setting the super-admin organization from active to active changes
/// nothing but locks its row until the transaction ends: a second run waits, then finds the first one's entities.
async fn one_run_at_a_time(work: &mut Transaction) -> Result<()> {
    let slug = porta_core::Slug::trusted(ADMIN_SLUG.to_owned());
    let active = OrganizationStatus::Active;
    let mut organizations = work.unit.organizations();
    let found = organizations.by_slug(&slug).await?;
    if let Some(admin) = found {
        organizations.set_status(admin.id, active, active, admin.updated_at).await?;
    }
    Ok(())
}

/// Writes one audit row for the whole run, besides those of the single changes.
async fn record(work: &mut Transaction, mode: Mode, report: &Report) -> Result<()> {
    let metadata = json!({
        "mode": mode.as_str(),
        "created": report.created.len(),
        "updated": report.updated.len(),
        "skipped": report.skipped.len(),
        "errors": report.errors.len(),
    });
    work.audit(AuditEventKind::AdminImport, None, None, metadata).await
}
