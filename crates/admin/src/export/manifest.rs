//! `GET /export/manifest`: an organization as a manifest that can be imported again. What belongs to the organization is
//! read at once, its people page by page.

use axum::BoxError;
use axum::body::{Body, Bytes};
use axum::extract::State;
use futures_util::stream::{Stream, try_unfold};
use porta_core::admin::{ADMIN_SLUG, AdminPermission, AdminRole};
use porta_core::organization::Organization;
use porta_core::user::User;
use porta_directory::{Directory, Export, Queries};
use porta_store::{ALL_ROWS, Cursor, UserFilter};
use porta_web::reply::Reply;
use serde::Serialize;

use super::format::{Format, JsonArray};
use super::request::ExportRequest;
use super::stream::{Chunk, broken_off, file};
use crate::access::{Authorized, ExportManifest};
use crate::answer::time;
use crate::error::{AdminError, Result};
use crate::manifest::{
    Manifest, ManifestApplication, ManifestAssignment, ManifestClaim, ManifestClaimValue, ManifestClient,
    ManifestMapping, ManifestModule, ManifestOrganization, ManifestRight, ManifestUser, VERSION, Within,
};
use crate::state::AdminState;

/// Export an organization with everything that belongs to it as a manifest, which `POST /import` takes. Secrets, password
/// hashes, keys and uploaded pictures are not in it.
#[utoipa::path(get, path = "/export/manifest", tag = "exports",
    params(
        ("organizationId" = String, Query, description = "Id or slug of the organization."),
        ("users" = Option<bool>, Query, description = "`false` leaves out users, their roles and their claim values."),
    ),
    responses((status = 200, description = "A file.", body = Manifest)))]
pub(crate) async fn export_manifest(
    caller: Authorized<ExportManifest>,
    State(state): State<AdminState>,
    request: ExportRequest,
) -> Result<Reply> {
    if request.format != Format::Json {
        return Err(AdminError::invalid("format", "a manifest is always JSON"));
    }
    let has_users = request.query.word("users", &[("true", true), ("false", false)])?.unwrap_or(true);
    let organization = request.organization(&state, "manifest").await?;
    let (queries, now) = (state.directory.queries(), state.clock.now());
    let mut text = format!("{{\n  \"version\": \"{VERSION}\",\n  \"exportedAt\": \"{}\"", time(now));
    let mut rows = write_configuration(&queries, &organization, &mut text).await?;
    if has_users {
        rows += queries.users().count(organization.id, &UserFilter::default(), ALL_ROWS).await?;
    }
    let export = Export {
        entity_type: "manifest",
        format: request.format.as_str(),
        rows,
        organization: Some(organization.clone()),
        application: None,
    };
    if !request.is_head {
        export.record(&state.directory, caller.into_actor()).await?;
    }
    let section = if has_users { Some(Section::Users) } else { None };
    let progress = Progress {
        directory: state.directory.clone(),
        organization,
        text,
        section,
        array: JsonArray::default(),
        after: None,
        is_over: false,
    };
    Ok(file(Body::from_stream(chunks(progress)), "manifest", Format::Json, now))
}

/// Begins a field.
fn field(name: &str, text: &mut String) {
    text.push_str(",\n  \"");
    text.push_str(name);
    text.push_str("\": ");
}

/// Writes a field that is an array; returns the number of its items.
fn array<T: Serialize>(name: &str, items: &[T], text: &mut String) -> u64 {
    field(name, text);
    let mut array = JsonArray::default();
    for item in items {
        array.push(item, text);
    }
    array.end(text);
    array.items
}

/// Writes everything except people; returns the number of items.
async fn write_configuration(
    queries: &Queries,
    organization: &Organization,
    text: &mut String,
) -> Result<u64> {
    let slug = &organization.slug;
    let settings = queries.exports().settings(organization.id).await?;
    let all = queries.exports().applications_of(organization.id).await?;
    let clients = queries.exports().clients_of(organization.id).await?;
    let clients: Vec<_> = clients.into_iter().map(|client| ManifestClient::of(client, slug)).collect();
    let applications: Vec<_> = all.iter().map(|parts| ManifestApplication::of(parts, slug)).collect();
    let (mut roles, mut permissions, mut mappings) = (Vec::new(), Vec::new(), Vec::new());
    let (mut claims, mut modules) = (Vec::new(), Vec::new());
    for parts in &all {
        // What is part of the program is there after every import, and cannot be changed by one.
        let is_administration = organization.is_super_admin && parts.application.slug.as_str() == ADMIN_SLUG;
        let is_built_in = |slug: &str| {
            is_administration && (AdminRole::parse(slug).is_some() || AdminPermission::parse(slug).is_some())
        };
        let within = Within { organization: slug, application: &parts.application.slug };
        for (role, granted) in parts.roles.iter().filter(|(role, _)| !is_built_in(role.slug.as_str())) {
            roles.push(ManifestRight::of_role(role, within));
            if !granted.is_empty() {
                mappings.push(ManifestMapping::of(role, granted, within));
            }
        }
        let own = parts.permissions.iter().filter(|permission| !is_built_in(&permission.slug));
        permissions.extend(own.map(|permission| ManifestRight::of_permission(permission, within)));
        claims.extend(parts.claims.iter().map(|claim| ManifestClaim::of(claim, within)));
        modules.extend(parts.modules.iter().map(|module| ManifestModule::of(module, within)));
    }
    let mut items = array("organizations", &[ManifestOrganization::of(organization, settings)], text);
    items += array("applications", &applications, text);
    items += array("clients", &clients, text);
    items += array("roles", &roles, text);
    items += array("permissions", &permissions, text);
    items += array("claim_definitions", &claims, text);
    items += array("role_permission_mappings", &mappings, text);
    items += array("application_modules", &modules, text);
    Ok(items)
}

/// The arrays about people, in their order. Each goes through all of them.
#[derive(Clone, Copy)]
enum Section {
    Users,
    Roles,
    Values,
}

impl Section {
    const fn name(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Roles => "user_role_assignments",
            Self::Values => "user_claim_values",
        }
    }

    const fn next(self) -> Option<Self> {
        match self {
            Self::Users => Some(Self::Roles),
            Self::Roles => Some(Self::Values),
            Self::Values => None,
        }
    }
}

/// A manifest that is being sent.
struct Progress {
    directory: Directory,
    organization: Organization,
    /// What was written and not sent yet.
    text: String,
    /// The array that is being written. `None`: only the end is missing.
    section: Option<Section>,
    array: JsonArray,
    /// Whom the next page follows. `None`: the array has not begun.
    after: Option<Cursor>,
    is_over: bool,
}

fn chunks(progress: Progress) -> impl Stream<Item = std::result::Result<Bytes, BoxError>> + Send {
    try_unfold(progress, next)
}

/// What is written and not sent, or else one page. It is read when the client has taken what was sent before.
async fn next(mut progress: Progress) -> Chunk<Progress> {
    while progress.text.is_empty() {
        if progress.is_over {
            return Ok(None);
        }
        let Some(section) = progress.section else {
            progress.text.push_str("\n}");
            progress.is_over = true;
            continue;
        };
        if progress.write_page(section).await.is_err() {
            return Err(broken_off("manifest", progress.array.items));
        }
    }
    let text = std::mem::take(&mut progress.text);
    Ok(Some((Bytes::from(text), progress)))
}

impl Progress {
    async fn write_page(&mut self, section: Section) -> Result<()> {
        if self.after.is_none() {
            field(section.name(), &mut self.text);
        }
        let page = self.directory.queries().exports().users(self.organization.id, self.after).await?;
        self.write_people(section, &page.items).await?;
        self.after = page.next;
        if self.after.is_none() {
            self.array.end(&mut self.text);
            self.array = JsonArray::default();
            self.section = section.next();
        }
        Ok(())
    }

    async fn write_people(&mut self, section: Section, people: &[User]) -> Result<()> {
        let (queries, slug) = (self.directory.queries(), &self.organization.slug);
        match section {
            Section::Users => {
                for user in people {
                    self.array.push(&ManifestUser::of(user, slug), &mut self.text);
                }
            }
            Section::Roles => {
                for role in queries.exports().roles_of(self.organization.id, people).await? {
                    self.array.push(&ManifestAssignment::of(role, slug), &mut self.text);
                }
            }
            Section::Values => {
                for value in queries.exports().values_of(self.organization.id, people).await? {
                    self.array.push(&ManifestClaimValue::of(value, slug), &mut self.text);
                }
            }
        }
        Ok(())
    }
}
