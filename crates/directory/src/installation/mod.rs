//! What administration needs: the application `porta-admin` of the super-admin organization with its permissions, roles
//! and clients, and the first administrator.
//!
//! ```text
//! nothing ──install──► complete;  a second time: refused
//! parts are missing ──install as a repair──► complete; what exists stays as it is, secrets too
//! ```
//!
//! Built-in roles and their permissions are part of the program ([`porta_core::admin`]). Their rows only say who has
//! which role, so operations on roles refuse to change them (`protected.rs`).

mod parts;
mod tenant;

use porta_core::admin::{ADMIN_SLUG, AdminPermission, AdminRole, SUPER_ADMIN_USER_KEY};
use porta_core::application::Application;
use porta_core::audit::AuditEventKind;
use porta_core::change::Change;
use porta_core::client::Client;
use porta_core::organization::{LoginMethod, Organization};
use porta_core::password_rules::ContextWords;
use porta_core::signing_key::SigningAlgorithm;
use porta_core::user::{Email, PasswordHash, Profile, User};
use porta_core::{PermissionId, Slug};
use secrecy::SecretString;
use serde_json::json;

use crate::error::stale;
use crate::protected::find_super_admin_user;
use crate::{Directory, DirectoryError, NewUser, Result, Transaction};

/// The administration of this installation, as far as it exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installation {
    /// The super-admin organization.
    pub organization: Organization,
    /// `None`: nothing was installed yet.
    pub application: Option<Application>,
    /// The super-admin user. Its id is a setting of the platform that the registry of settings does not have: no
    /// operation that changes settings can write it, and it needs no table of its own.
    pub administrator: Option<User>,
}

/// The first administrator, from [`Directory::new_administrator`].
#[derive(Debug, Clone)]
pub struct NewAdministrator {
    email: String,
    profile: Profile,
    password: PasswordHash,
}

/// The client of the admin console.
#[derive(Debug, Clone)]
pub struct NewConsole {
    /// Public origin of the console, such as `https://admin.example.com`.
    pub url: String,
    /// `None`: the organization's methods.
    pub login_methods: Option<Vec<LoginMethod>>,
}

/// An installation to complete.
#[derive(Debug, Clone)]
pub struct NewInstallation {
    /// Needed if there is no administrator yet.
    pub administrator: Option<NewAdministrator>,
    pub console: NewConsole,
    /// Completes an existing installation, which is refused otherwise.
    pub is_repair: bool,
}

/// What [`InstallationOperations::install`] created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstalledPart {
    Application,
    SigningKeys,
    /// How many.
    Permissions(usize),
    /// How many permissions the role was given.
    Role(AdminRole, usize),
    CommandLineClient,
    ConsoleClient,
    /// The user, or the role of an existing user.
    Administrator,
}

/// A complete installation.
#[derive(Debug)]
pub struct Installed {
    pub organization: Organization,
    pub application: Application,
    pub command_line: Client,
    pub console: Client,
    /// Available only now; `None` if the client existed.
    pub console_secret: Option<SecretString>,
    pub administrator: User,
    /// What was missing, in the order of its creation.
    pub created: Vec<InstalledPart>,
}

fn already_initialized() -> DirectoryError {
    DirectoryError::Conflict("the installation is already initialized".to_owned())
}

impl Directory {
    /// Checks the address and the password of a first administrator, and hashes the password. Called before a unit of
    /// work begins, so that no transaction waits for Argon2.
    pub async fn new_administrator(
        &self,
        organization: &Organization,
        email: &str,
        profile: Profile,
        password: &SecretString,
    ) -> Result<NewAdministrator> {
        let email = Email::parse(email)?;
        let names = [
            Some(organization.name.as_str()),
            Some(organization.slug.as_str()),
            organization.branding.company_name.as_deref(),
        ];
        let context = ContextWords::new(&email, &profile, &names);
        let password = self.hash_password(password, context).await?;
        Ok(NewAdministrator { email: email.shown().to_owned(), profile, password })
    }
}

/// Operations on the administration of this installation.
pub struct InstallationOperations<'t> {
    work: &'t mut Transaction,
}

impl Transaction {
    pub fn installation(&mut self) -> InstallationOperations<'_> {
        InstallationOperations { work: self }
    }
}

impl InstallationOperations<'_> {
    pub async fn find(&mut self) -> Result<Installation> {
        let slug = Slug::trusted(ADMIN_SLUG.to_owned());
        let found = self.work.unit.organizations().by_slug(&slug).await?.filter(|o| o.is_super_admin);
        let organization = found.ok_or_else(|| DirectoryError::not_found("organization", ADMIN_SLUG))?;
        let application = self.work.applications().owned(&organization, &slug).await?;
        let administrator = match find_super_admin_user(self.work).await? {
            Some(id) => self.work.unit.users(organization.id).by_id(id).await?,
            None => None,
        };
        Ok(Installation { organization, application, administrator })
    }

    /// Creates everything that administration needs. Of two that do this at once, the unique slug of the application
    /// refuses one.
    pub async fn install(&mut self, new: NewInstallation) -> Result<Installed> {
        let Installation { organization, application, administrator } = self.find().await?;
        let mut created = Vec::new();
        let application = match application {
            None => {
                created.push(InstalledPart::Application);
                self.create_application(&organization).await?
            }
            Some(application) if new.is_repair => self.begin_repair(&organization, application).await?,
            Some(_) => return Err(already_initialized()),
        };
        if self.work.signing_keys().ensure(&organization, SigningAlgorithm::Es256).await? {
            created.push(InstalledPart::SigningKeys);
        }
        self.create_roles(&organization, &application, &mut created).await?;
        let known =
            self.work.unit.clients(organization.id).by_name(application.id, parts::COMMAND_LINE).await?;
        let command_line = if let Some(client) = known {
            client
        } else {
            created.push(InstalledPart::CommandLineClient);
            self.work.clients().create(&organization, &application, parts::command_line()).await?.0
        };
        let known = self.work.unit.clients(organization.id).by_name(application.id, parts::CONSOLE).await?;
        let (console, secret) = if let Some(client) = known {
            (client, None)
        } else {
            created.push(InstalledPart::ConsoleClient);
            self.work.clients().create(&organization, &application, parts::console(new.console)).await?
        };
        let administrator = match (administrator, new.administrator) {
            (Some(user), _) => user,
            (None, Some(new)) => self.create_administrator(&organization, new).await?,
            (None, None) => return Err(DirectoryError::invalid("email", "name the first administrator")),
        };
        let mut roles = self.work.roles();
        let super_admin = roles.visible(&organization, ADMIN_SLUG, AdminRole::SuperAdmin.as_str()).await?;
        if roles.assign(&organization, &administrator, &super_admin).await? {
            created.push(InstalledPart::Administrator);
        }
        let console_secret = secret.and_then(|secret| secret.generated);
        Ok(Installed {
            organization,
            application,
            command_line,
            console,
            console_secret,
            administrator,
            created,
        })
    }

    async fn create_application(&mut self, organization: &Organization) -> Result<Application> {
        let new = parts::application();
        self.work.applications().create(organization, new).await.map_err(|error| match error {
            DirectoryError::Conflict(_) => already_initialized(),
            other => other,
        })
    }

    /// Locks the row of the application until the unit of work ends. Of two repairs at once one is refused, because the
    /// version is no longer the one it read; otherwise both could create a client, whose name need not be unique.
    async fn begin_repair(
        &mut self,
        organization: &Organization,
        application: Application,
    ) -> Result<Application> {
        let application = Application { updated_at: self.work.now, ..application };
        let mut applications = self.work.unit.applications(organization.id);
        if !applications.update(&application).await.map_err(stale("application"))? {
            return Err(DirectoryError::not_found("application", ADMIN_SLUG));
        }
        Ok(Application { version: application.version.next(), ..application })
    }

    /// Creates missing roles, and gives each the permissions that it lacks.
    async fn create_roles(
        &mut self,
        organization: &Organization,
        application: &Application,
        created: &mut Vec<InstalledPart>,
    ) -> Result<()> {
        let permissions = self.create_permissions(organization, application, created).await?;
        let known = self.work.unit.applications(organization.id).roles(application.id).await?;
        for role in AdminRole::BUILT_IN {
            let row = match known.iter().find(|row| row.slug.as_str() == role.as_str()) {
                Some(row) => row.clone(),
                None => self.work.roles().add_role(organization, application, parts::role(role)).await?,
            };
            let held = role.permissions();
            let mut given = Vec::new();
            let mut applications = self.work.unit.applications(organization.id);
            for (_, permission) in permissions.iter().filter(|(permission, _)| held.contains(*permission)) {
                if applications.link_permission(row.id, *permission, self.work.now).await? {
                    given.push(*permission);
                }
            }
            drop(applications);
            if given.is_empty() {
                continue;
            }
            let metadata = json!({ "roleId": row.id, "permissionIds": given });
            let event = AuditEventKind::RolePermissionsAssigned;
            self.work.audit(event, Some(organization), None, metadata).await?;
            self.work.announce(Change::Application(application.id));
            created.push(InstalledPart::Role(role, given.len()));
        }
        Ok(())
    }

    /// Creates missing permissions; returns the row of each.
    async fn create_permissions(
        &mut self,
        organization: &Organization,
        application: &Application,
        created: &mut Vec<InstalledPart>,
    ) -> Result<Vec<(AdminPermission, PermissionId)>> {
        let known = self.work.unit.applications(organization.id).permissions(application.id).await?;
        let (mut rows, mut missing) = (Vec::new(), 0);
        for permission in AdminPermission::ALL.iter().copied() {
            if let Some(row) = known.iter().find(|row| row.slug == permission.as_str()) {
                rows.push((permission, row.id));
                continue;
            }
            let new = parts::permission(permission);
            let row = self.work.roles().create_permission(organization, application, new).await?;
            rows.push((permission, row.id));
            missing += 1;
        }
        if missing > 0 {
            created.push(InstalledPart::Permissions(missing));
        }
        Ok(rows)
    }

    /// Creates the super-admin user; the address counts as verified, because whoever installs gives their own.
    async fn create_administrator(
        &mut self,
        organization: &Organization,
        new: NewAdministrator,
    ) -> Result<User> {
        let new = NewUser {
            email: new.email,
            email_verified: true,
            password: Some(new.password),
            is_password_temporary: false,
            profile: new.profile,
            is_inactive: false,
        };
        let user = self.work.users().create(organization, new).await?;
        let mut settings = self.work.unit.settings(None);
        let seen = settings.find(SUPER_ADMIN_USER_KEY).await?;
        let (previous, version) = seen.map(|setting| (setting.value, setting.version)).unzip();
        let value = json!(user.id);
        settings.set(SUPER_ADMIN_USER_KEY, &value, version, self.work.now).await.map_err(stale("setting"))?;
        drop(settings);
        let metadata = json!({ "key": SUPER_ADMIN_USER_KEY, "previousValue": previous, "newValue": value });
        self.work.audit(AuditEventKind::ConfigUpdated, None, None, metadata).await?;
        self.work.announce(Change::Settings(None));
        Ok(user)
    }
}
