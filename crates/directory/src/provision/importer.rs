//! What the phases of a run share: the document, what they created so far, and the report. Each item has a savepoint.

use std::collections::HashMap;

use porta_core::application::{Application, ClaimDefinition, Permission, Role};
use porta_core::organization::Organization;
use porta_core::user::{PasswordHash, User};
use porta_core::{ApplicationId, OrganizationId};

use super::document::{ApplicationItem, Document, OrganizationItem};
use super::report::{Entry, ItemError, ItemKind, ItemOutcome, Report, Skipped};
use super::{Mode, Options};
use crate::{DirectoryError, Problem, Result, Transaction};

/// Password hashes of new people by position in the document (organization, user), or why a password is refused.
pub(super) type Hashes = HashMap<(usize, usize), std::result::Result<PasswordHash, Vec<Problem>>>;

/// Roles, permissions and claims of an application, read once.
#[derive(Debug, Clone, Default)]
pub(super) struct ApplicationParts {
    pub(super) roles: Vec<Role>,
    pub(super) permissions: Vec<Permission>,
    pub(super) claims: Vec<ClaimDefinition>,
}

pub(super) struct Importer<'d> {
    pub(super) work: Transaction,
    pub(super) mode: Mode,
    pub(super) document: &'d Document,
    pub(super) hashes: Hashes,
    pub(super) report: Report,
    /// By position in the document; `None` if the item failed, so that its children have no parent.
    pub(super) organizations: Vec<Option<Organization>>,
    pub(super) applications: HashMap<(usize, usize), Application>,
    pub(super) users: HashMap<(usize, usize), User>,
    parts: HashMap<ApplicationId, ApplicationParts>,
    /// Cache of applications that people's roles and claims refer to.
    referenced: HashMap<(OrganizationId, String), Application>,
}

/// Position of an application in the document.
#[derive(Clone, Copy)]
pub(super) struct ApplicationPosition<'d> {
    pub(super) key: (usize, usize),
    pub(super) item: &'d ApplicationItem,
}

impl ApplicationPosition<'_> {
    pub(super) fn path(&self) -> String {
        format!("organizations[{}].applications[{}]", self.key.0, self.key.1)
    }
}

/// An item to be recorded in the report.
pub(super) struct Item<'a> {
    pub(super) kind: ItemKind,
    pub(super) slug: String,
    pub(super) name: &'a str,
    pub(super) path: String,
}

impl<'d> Importer<'d> {
    pub(super) fn new(work: Transaction, document: &'d Document, options: Options, hashes: Hashes) -> Self {
        Self {
            work,
            mode: options.mode,
            document,
            hashes,
            report: Report::new(options.mode, options.dry_run),
            organizations: Vec::new(),
            applications: HashMap::new(),
            users: HashMap::new(),
            parts: HashMap::new(),
            referenced: HashMap::new(),
        }
    }

    pub(super) fn finish(self) -> (Transaction, Report) {
        (self.work, self.report)
    }

    /// Records an item's result. Rolls back to its savepoint if the item was at fault; other errors end the run.
    pub(super) async fn record_outcome(
        &mut self,
        item: Item<'_>,
        outcome: Result<ItemOutcome>,
    ) -> Result<bool> {
        let Item { kind, slug, name, path } = item;
        let entry = |slug, changes| Entry { kind, slug, name: name.to_owned(), changes };
        match outcome {
            Ok(ItemOutcome::Created) => self.report.created.push(entry(slug, Vec::new())),
            Ok(ItemOutcome::Updated(changes)) => self.report.updated.push(entry(slug, changes)),
            Ok(ItemOutcome::Skipped(reason)) => self.report.skipped.push(Skipped { kind, slug, reason }),
            Err(error) if error.is_about_the_request() => {
                self.work.rollback_to_savepoint().await?;
                self.fail(kind, &slug, &path, error);
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    fn fail(&mut self, kind: ItemKind, slug: &str, path: &str, error: DirectoryError) {
        let is_forbidden = matches!(error, DirectoryError::Forbidden(_) | DirectoryError::Reserved(_));
        let problems = match error {
            DirectoryError::Invalid(problems) => {
                problems.into_iter().map(|problem| problem.within(path)).collect()
            }
            DirectoryError::Reserved(problem) => vec![problem.within(path)],
            DirectoryError::NotFound { kind, name } => vec![Problem::new(path, missing(kind, &name))],
            other => vec![Problem::new(path, other.to_string())],
        };
        for problem in problems {
            let (path, error) = (problem.path, problem.message);
            self.report.errors.push(ItemError { kind, slug: slug.to_owned(), path, error, is_forbidden });
        }
    }

    /// Records an item whose parent failed or is not there: otherwise the report would not mention it.
    pub(super) fn record_orphan(&mut self, kind: ItemKind, slug: &str, path: String, error: String) {
        let is_forbidden = false;
        self.report.errors.push(ItemError { kind, slug: slug.to_owned(), path, error, is_forbidden });
    }

    /// Why an item of an organization cannot be applied.
    pub(super) fn without_organization(&self, o: usize) -> String {
        let slug = self.document.organizations.get(o).map(OrganizationItem::effective_slug);
        format!("Parent organization '{}' not found", slug.unwrap_or_default())
    }

    /// Why an item of an application cannot be applied.
    pub(super) fn without_application(&self, position: ApplicationPosition<'_>) -> String {
        if self.organizations.get(position.key.0).is_some_and(Option::is_some) {
            return format!("Parent application '{}' not found", position.item.effective_slug());
        }
        self.without_organization(position.key.0)
    }

    /// Why an item of a person cannot be applied.
    pub(super) fn without_person(&self, o: usize, email: &str) -> String {
        match self.organizations.get(o) {
            Some(Some(organization)) => format!("User not found: {email} in org {}", organization.slug),
            Some(None) | None => self.without_organization(o),
        }
    }

    /// Every application of the document with its position, in order.
    pub(super) fn application_positions(&self) -> Vec<ApplicationPosition<'d>> {
        let document = self.document;
        let mut all = Vec::new();
        for (o, organization) in document.organizations.iter().enumerate() {
            for (a, item) in organization.applications.iter().enumerate() {
                all.push(ApplicationPosition { key: (o, a), item });
            }
        }
        all
    }

    /// The organization and application at a position; `None` if either failed.
    pub(super) fn at(&self, position: ApplicationPosition<'_>) -> Option<(Organization, Application)> {
        let organization = self.organizations.get(position.key.0)?.clone()?;
        Some((organization, self.applications.get(&position.key)?.clone()))
    }

    pub(super) fn organization_items(&self) -> impl Iterator<Item = (usize, &'d OrganizationItem)> + use<'d> {
        self.document.organizations.iter().enumerate()
    }

    /// Parts of an application, cached after the first read.
    pub(super) async fn parts(
        &mut self,
        organization: &Organization,
        application: &Application,
    ) -> Result<&mut ApplicationParts> {
        if !self.parts.contains_key(&application.id) {
            let mut repository = self.work.unit.applications(organization.id);
            let parts = ApplicationParts {
                roles: repository.roles(application.id).await?,
                permissions: repository.permissions(application.id).await?,
                claims: repository.claims(application.id).await?,
            };
            drop(repository);
            self.parts.insert(application.id, parts);
        }
        Ok(self.parts.entry(application.id).or_default())
    }

    /// An application that a person's role or claim refers to: the organization's own, else a shared one.
    pub(super) async fn referenced(
        &mut self,
        organization: &Organization,
        slug: &str,
    ) -> Result<Application> {
        let key = (organization.id, slug.to_owned());
        if let Some(known) = self.referenced.get(&key) {
            return Ok(known.clone());
        }
        let found = self.work.applications().visible(organization, slug).await?;
        self.referenced.insert(key, found.clone());
        Ok(found)
    }

    /// The organization and person at a position; `None` if either failed.
    pub(super) fn person(&self, key: (usize, usize)) -> Option<(Organization, User)> {
        let organization = self.organizations.get(key.0)?.clone()?;
        Some((organization, self.users.get(&key)?.clone()))
    }
}

/// What an item needs and is not there, in the words of the reference server.
fn missing(kind: &str, name: &str) -> String {
    match kind {
        "claim" => format!("Claim definition not found: {name}"),
        "setting" => format!("Config key not found: {name} (only existing keys can be updated)"),
        "application" => format!("Application not found: {name}"),
        "permission" => format!("Permission not found: {name}"),
        "role" => format!("Role not found: {name}"),
        other => format!("{other} `{name}` was not found"),
    }
}

/// Names of changed fields, as the report shows them.
pub(super) fn updated(fields: Vec<&'static str>) -> ItemOutcome {
    if fields.is_empty() {
        return ItemOutcome::Skipped("Unchanged");
    }
    ItemOutcome::Updated(fields.into_iter().map(str::to_owned).collect())
}
