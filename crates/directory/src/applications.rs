//! Products and their modules.

use porta_core::admin::ADMIN_SLUG;
use porta_core::application::{Application, ApplicationStatus, Module, ModuleStatus};
use porta_core::audit::AuditEventKind;
use porta_core::line::check_lines;
use porta_core::organization::{Organization, display_name};
use porta_core::{ApplicationId, Invalid, ModuleId, Slug, Version};
use serde_json::json;

use crate::error::{already_taken, changed_concurrently, refuse, stale};
use crate::lookup::find_application;
use crate::organizations::slug_of;
use crate::protected::is_admin_application;
use crate::transaction::changed;
use crate::{DirectoryError, Result, Transaction};

/// An application to create.
#[derive(Debug, Clone, Default)]
pub struct NewApplication {
    pub name: String,
    /// Derived from the name if absent.
    pub slug: Option<String>,
    pub description: Option<String>,
    /// Owned by the platform and visible to every organization; only the super-admin organization may create one.
    pub is_shared: bool,
}

/// A module of an application.
#[derive(Debug, Clone)]
pub struct NewModule {
    pub name: String,
    /// Derived from the name if absent.
    pub slug: Option<String>,
    pub description: Option<String>,
    pub status: ModuleStatus,
}

/// Whether `organization` may change the application and its children: its own applications, and for the super-admin
/// organization the shared ones (decision 0018).
pub(crate) fn owns(organization: &Organization, application: &Application) -> bool {
    match application.organization_id {
        Some(owner) => owner == organization.id,
        None => organization.is_super_admin,
    }
}

/// Whether `organization` sees the application: its own, and the shared ones.
pub(crate) fn sees(organization: &Organization, application: &Application) -> bool {
    application.organization_id.is_none_or(|owner| owner == organization.id)
}

/// Reports another organization's application as not found, like a missing one.
pub(crate) fn require_owner(organization: &Organization, application: &Application) -> Result<()> {
    if owns(organization, application) {
        return Ok(());
    }
    Err(DirectoryError::not_found("application", &application.slug))
}

pub(crate) fn description(text: Option<&String>) -> Option<Invalid> {
    text.and_then(|text| check_lines("description", text, 2000).err())
}

fn name_and_description(name: &str, text: Option<&String>) -> Vec<Invalid> {
    display_name("name", name).err().into_iter().chain(description(text)).collect()
}

/// Operations on applications and their modules.
pub struct ApplicationOperations<'t> {
    work: &'t mut Transaction,
}

impl Transaction {
    pub fn applications(&mut self) -> ApplicationOperations<'_> {
        ApplicationOperations { work: self }
    }
}

impl ApplicationOperations<'_> {
    /// Finds an application by id or slug, with the organization that may change it: its owner, or the super-admin
    /// organization if it is shared.
    pub async fn find(&mut self, slug_or_id: &str) -> Result<(Organization, Application)> {
        let application = find_application(&mut *self.work.unit.all_applications(), slug_or_id).await?;
        let organization = match application.organization_id {
            Some(owner) => self.work.unit.organizations().by_id(owner).await?,
            None => Some(self.work.organization(ADMIN_SLUG).await?),
        };
        let missing = || DirectoryError::not_found("application", slug_or_id);
        Ok((organization.ok_or_else(missing)?, application))
    }

    /// The application that an organization *owns* under this slug; shared ones are not considered.
    pub async fn owned(&mut self, organization: &Organization, slug: &Slug) -> Result<Option<Application>> {
        let found = self.work.unit.applications(organization.id).by_slug(slug).await?;
        Ok(found.filter(|application| owns(organization, application)))
    }

    /// The application that an organization *sees* under this slug: its own, else a shared one.
    pub async fn visible(&mut self, organization: &Organization, slug: &str) -> Result<Application> {
        let missing = || DirectoryError::not_found("application", slug);
        let parsed = Slug::parse(slug).map_err(|_| missing())?;
        self.work.unit.applications(organization.id).by_slug(&parsed).await?.ok_or_else(missing)
    }

    /// The application of administration is created by [`crate::InstallationOperations::install`]: nobody makes another
    /// one by the Admin API.
    pub async fn create(&mut self, organization: &Organization, new: NewApplication) -> Result<Application> {
        if new.is_shared && !organization.is_super_admin {
            let problem = "only the super-admin organization makes shared applications";
            return Err(DirectoryError::invalid("is_shared", problem));
        }
        let application = Application {
            id: ApplicationId::new(self.work.now, &*self.work.deps.entropy),
            organization_id: (!new.is_shared).then_some(organization.id),
            slug: Slug::for_application(&slug_of(new.slug, &new.name))?,
            name: new.name.trim().to_owned(),
            description: new.description,
            status: ApplicationStatus::Active,
            created_at: self.work.now,
            updated_at: self.work.now,
            version: Version::FIRST,
        };
        refuse(name_and_description(&application.name, application.description.as_ref()))?;
        let is_by_request = self.work.actor.origin().is_some();
        if is_by_request && is_admin_application(organization, &application) {
            let text = format!("`{}` is the application of administration", application.slug);
            return Err(DirectoryError::Forbidden(text));
        }
        self.work
            .unit
            .applications(organization.id)
            .insert(&application)
            .await
            .map_err(already_taken("application", &application.slug))?;
        let metadata = json!({
            "applicationId": application.id, "slug": application.slug, "name": application.name,
        });
        self.work.audit(AuditEventKind::AppCreated, Some(organization), None, metadata).await?;
        Ok(application)
    }

    /// Updates name and description. Returns the names of changed fields.
    pub async fn update(
        &mut self,
        organization: &Organization,
        before: &Application,
        after: Application,
    ) -> Result<(Application, Vec<&'static str>)> {
        require_owner(organization, before)?;
        let after = Application {
            name: after.name.trim().to_owned(),
            description: after.description,
            updated_at: self.work.now,
            ..before.clone()
        };
        refuse(name_and_description(&after.name, after.description.as_ref()))?;
        let fields = changed!(before, after, [name, description]);
        if fields.is_empty() {
            return Ok((before.clone(), fields));
        }
        if !self.work.unit.applications(organization.id).update(&after).await.map_err(stale("application"))? {
            return Err(DirectoryError::not_found("application", &before.slug));
        }
        let after = Application { version: before.version.next(), ..after };
        let metadata = json!({ "applicationId": after.id, "fields": fields });
        self.work.audit(AuditEventKind::AppUpdated, Some(organization), None, metadata).await?;
        Ok((after, fields))
    }

    /// Sets the status: active ⇄ inactive; either → archived → active. The application of administration stays active,
    /// because without it nobody could administer anything.
    pub async fn set_status(
        &mut self,
        organization: &Organization,
        application: &Application,
        to: ApplicationStatus,
    ) -> Result<Application> {
        use ApplicationStatus::{Active, Archived, Inactive};
        require_owner(organization, application)?;
        if to != Active && is_admin_application(organization, application) {
            let problem = format!("application `{}` cannot be deactivated or archived", application.slug);
            return Err(DirectoryError::Forbidden(problem));
        }
        let event = match (application.status, to) {
            (Inactive, Active) => AuditEventKind::AppActivated,
            (Active, Inactive) => AuditEventKind::AppDeactivated,
            (Active | Inactive, Archived) => AuditEventKind::AppArchived,
            (Archived, Active) => AuditEventKind::AppRestored,
            (from, to) => {
                let problem = format!("an application that is {from} cannot become {to}");
                return Err(DirectoryError::invalid("status", problem));
            }
        };
        let mut applications = self.work.unit.applications(organization.id);
        if !applications.set_status(application.id, application.status, to, self.work.now).await? {
            return Err(changed_concurrently("application"));
        }
        drop(applications);
        let metadata = json!({ "applicationId": application.id, "previousStatus": application.status });
        self.work.audit(event, Some(organization), None, metadata).await?;
        let version = application.version.next();
        Ok(Application { status: to, updated_at: self.work.now, version, ..application.clone() })
    }

    /// Finds a module of an application by id.
    pub async fn module(
        &mut self,
        organization: &Organization,
        application: &Application,
        id: &str,
    ) -> Result<Module> {
        let missing = || DirectoryError::not_found("module", id);
        let wanted = ModuleId::parse(id).ok_or_else(missing)?;
        let known = self.work.unit.applications(organization.id).modules(application.id).await?;
        known.into_iter().find(|module| module.id == wanted).ok_or_else(missing)
    }

    pub async fn create_module(
        &mut self,
        organization: &Organization,
        application: &Application,
        new: NewModule,
    ) -> Result<Module> {
        require_owner(organization, application)?;
        let module = Module {
            id: ModuleId::new(self.work.now, &*self.work.deps.entropy),
            application_id: application.id,
            slug: Slug::for_role(&slug_of(new.slug, &new.name))?,
            name: new.name.trim().to_owned(),
            description: new.description,
            status: new.status,
            created_at: self.work.now,
            updated_at: self.work.now,
            version: Version::FIRST,
        };
        refuse(name_and_description(&module.name, module.description.as_ref()))?;
        self.work
            .unit
            .applications(organization.id)
            .insert_module(&module)
            .await
            .map_err(already_taken("module", &module.slug))?;
        let metadata = json!({
            "applicationId": application.id, "moduleId": module.id, "slug": module.slug, "name": module.name,
        });
        self.work.audit(AuditEventKind::AppModuleCreated, Some(organization), None, metadata).await?;
        Ok(module)
    }

    /// Updates name, description and status. Returns the names of changed fields.
    pub async fn update_module(
        &mut self,
        organization: &Organization,
        application: &Application,
        before: &Module,
        after: Module,
    ) -> Result<(Module, Vec<&'static str>)> {
        require_owner(organization, application)?;
        let after = Module {
            name: after.name.trim().to_owned(),
            description: after.description,
            status: after.status,
            updated_at: self.work.now,
            ..before.clone()
        };
        refuse(name_and_description(&after.name, after.description.as_ref()))?;
        let fields = changed!(before, after, [name, description, status]);
        if fields.is_empty() {
            return Ok((before.clone(), fields));
        }
        let updated = self.work.unit.applications(organization.id).update_module(&after).await;
        if !updated.map_err(stale("module"))? {
            return Err(DirectoryError::not_found("module", &before.slug));
        }
        let after = Module { version: before.version.next(), ..after };
        let deactivated = fields.contains(&"status") && after.status == ModuleStatus::Inactive;
        let event =
            if deactivated { AuditEventKind::AppModuleDeactivated } else { AuditEventKind::AppModuleUpdated };
        let metadata = json!({ "applicationId": application.id, "moduleId": after.id, "fields": fields });
        self.work.audit(event, Some(organization), None, metadata).await?;
        Ok((after, fields))
    }
}
