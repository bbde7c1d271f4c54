//! A manifest as a provisioning document. The document is nested: what a manifest only refers to becomes a reference in it.

use std::collections::HashMap;

use porta_core::user::Email;
use porta_directory::Problem;
use porta_directory::provision::Patch;
use porta_directory::provision::document::{
    ApplicationItem, BrandingItem, ClaimItem, ClaimValueItem, ClientItem, Document, ModuleItem,
    OrganizationItem, PermissionItem, RoleItem, RoleReference, SecretItem, UserItem,
};

use super::people::ReadOnly;
use super::{
    Manifest, ManifestApplication, ManifestAssignment, ManifestClaim, ManifestClaimValue, ManifestClient,
    ManifestMapping, ManifestModule, ManifestOrganization, ManifestRight, ManifestUser, VERSION,
};
use crate::organizations::style_sheet_problem;

/// A document, and where its items are in the manifest.
pub(crate) struct Mapped {
    pub(crate) document: Document,
    pub(crate) places: Places,
}

/// Paths of the items of a document, with their paths in the manifest.
#[derive(Debug, Default)]
pub(crate) struct Places(HashMap<String, String>);

impl Places {
    fn add(&mut self, in_document: String, in_manifest: String) {
        self.0.insert(in_document, in_manifest);
    }

    /// The path in the manifest: that of the innermost known item, and what follows.
    pub(crate) fn in_manifest(&self, path: &str) -> String {
        let mut end = path.len();
        loop {
            let (item, rest) = path.split_at(end);
            if let Some(known) = self.0.get(item) {
                // The secret of a client has no object of its own in a manifest.
                return format!("{known}{}", rest.replace(".secret.", ".secret_"));
            }
            match item.rfind('.') {
                Some(dot) => end = dot,
                None => return path.to_owned(),
            }
        }
    }
}

impl Manifest {
    /// Maps a manifest of the known version. The error names every value that no import takes.
    pub(crate) fn into_document(self) -> Result<Mapped, Vec<Problem>> {
        let mut builder = Builder::default();
        for (i, item) in self.organizations.into_iter().enumerate() {
            builder.add_organization(item, format!("organizations[{i}]"));
        }
        for (i, item) in self.applications.into_iter().enumerate() {
            builder.add_application(item, format!("applications[{i}]"));
        }
        for (i, item) in self.clients.into_iter().enumerate() {
            builder.add_client(item, format!("clients[{i}]"));
        }
        for (i, item) in self.roles.into_iter().enumerate() {
            builder.add_role(item, format!("roles[{i}]"));
        }
        for (i, item) in self.permissions.into_iter().enumerate() {
            builder.add_permission(item, format!("permissions[{i}]"));
        }
        for (i, item) in self.claim_definitions.into_iter().enumerate() {
            builder.add_claim(item, format!("claim_definitions[{i}]"));
        }
        for (i, item) in self.role_permission_mappings.into_iter().enumerate() {
            builder.add_mapping(item, &format!("role_permission_mappings[{i}]"));
        }
        for (i, item) in self.application_modules.into_iter().enumerate() {
            builder.add_module(item, format!("application_modules[{i}]"));
        }
        for (i, item) in self.users.into_iter().enumerate() {
            builder.add_user(item, format!("users[{i}]"));
        }
        for (i, item) in self.user_role_assignments.into_iter().enumerate() {
            builder.add_assignment(item, format!("user_role_assignments[{i}]"));
        }
        for (i, item) in self.user_claim_values.into_iter().enumerate() {
            builder.add_value(item, format!("user_claim_values[{i}]"));
        }
        if !builder.problems.is_empty() {
            return Err(builder.problems);
        }
        let document = Document {
            version: VERSION.to_owned(),
            allow_passwords: true,
            config: self.config,
            organizations: builder.organizations,
            is_manifest: true,
        };
        Ok(Mapped { document, places: builder.places })
    }
}

/// Position of an application: of its organization, and among the applications of that.
type ApplicationKey = (usize, usize);

/// Puts items where they belong. What they name and the manifest does not have becomes a reference.
#[derive(Default)]
struct Builder {
    organizations: Vec<OrganizationItem>,
    places: Places,
    problems: Vec<Problem>,
    by_slug: HashMap<String, usize>,
    applications: HashMap<(usize, String), usize>,
    roles: HashMap<(ApplicationKey, String), usize>,
    users: HashMap<(usize, String), usize>,
}

impl Builder {
    fn add_organization(&mut self, item: ManifestOrganization, place: String) {
        if let Patch::Set(sheet) = &item.branding_custom_css
            && let Some(problem) = style_sheet_problem(sheet)
        {
            self.problems.push(Problem::new(format!("{place}.branding_custom_css"), problem));
        }
        let at = self.organizations.len();
        self.by_slug.entry(item.slug.clone()).or_insert(at);
        self.places.add(format!("organizations[{at}]"), place);
        self.organizations.push(OrganizationItem {
            name: item.name,
            slug: Some(item.slug),
            default_locale: item.default_locale,
            default_login_methods: item.default_login_methods,
            two_factor_policy: item.two_factor_policy,
            branding: BrandingItem {
                primary_color: item.branding_primary_color,
                company_name: item.branding_company_name,
                custom_css: item.branding_custom_css,
                logo_url: item.branding_logo_url,
                favicon_url: item.branding_favicon_url,
            },
            settings: item.settings,
            ..OrganizationItem::default()
        });
    }

    fn organization(&mut self, slug: &str) -> usize {
        if let Some(known) = self.by_slug.get(slug) {
            return *known;
        }
        let at = self.organizations.len();
        self.by_slug.insert(slug.to_owned(), at);
        self.organizations.push(OrganizationItem {
            name: slug.to_owned(),
            slug: Some(slug.to_owned()),
            is_reference: true,
            ..OrganizationItem::default()
        });
        at
    }

    fn push_application(&mut self, organization: usize, item: ApplicationItem) -> ApplicationKey {
        let slug = item.slug.clone().unwrap_or_default();
        let applications = &mut self.organizations[organization].applications;
        let at = applications.len();
        applications.push(item);
        self.applications.entry((organization, slug)).or_insert(at);
        (organization, at)
    }

    fn add_application(&mut self, item: ManifestApplication, place: String) {
        let organization = self.organization(&item.organization_slug);
        let application = ApplicationItem {
            name: item.name,
            slug: Some(item.slug),
            description: item.description,
            ..ApplicationItem::default()
        };
        let key = self.push_application(organization, application);
        self.places.add(path_of(key), place);
    }

    fn application(&mut self, organization: &str, slug: &str) -> ApplicationKey {
        let organization = self.organization(organization);
        if let Some(known) = self.applications.get(&(organization, slug.to_owned())) {
            return (organization, *known);
        }
        let reference = ApplicationItem {
            name: slug.to_owned(),
            slug: Some(slug.to_owned()),
            is_reference: true,
            ..ApplicationItem::default()
        };
        self.push_application(organization, reference)
    }

    fn item(&mut self, key: ApplicationKey) -> &mut ApplicationItem {
        &mut self.organizations[key.0].applications[key.1]
    }

    fn add_client(&mut self, item: ManifestClient, place: String) {
        let key = self.application(&item.organization_slug, &item.application_slug);
        let value = item.secret_value.map(|ReadOnly(text)| text);
        let has_secret = item.secret_label.is_some() || item.secret_expires_at.is_some() || value.is_some();
        let secret = has_secret.then_some(SecretItem {
            label: item.secret_label,
            expires_at: item.secret_expires_at,
            expires_in: None,
            value,
        });
        let clients = &mut self.item(key).clients;
        let at = clients.len();
        clients.push(ClientItem {
            client_id: item.client_id,
            client_name: item.client_name,
            client_type: item.client_type,
            application_type: item.application_type,
            grant_types: item.grant_types,
            response_types: item.response_types,
            redirect_uris: item.redirect_uris,
            post_logout_redirect_uris: item.post_logout_redirect_uris,
            allowed_origins: item.allowed_origins,
            scope: item.scope,
            login_methods: item.login_methods,
            require_pkce: item.require_pkce,
            token_endpoint_auth_method: item.token_endpoint_auth_method,
            id_token_signed_response_alg: item.id_token_signed_response_alg,
            userinfo_signed_response_alg: item.userinfo_signed_response_alg,
            standard_claims_in_id_token: item.standard_claims_in_id_token,
            allowed_organizations: item.allowed_organizations,
            secret,
        });
        self.places.add(format!("{}.clients[{at}]", path_of(key)), place);
    }

    fn push_role(&mut self, key: ApplicationKey, item: RoleItem) -> usize {
        let slug = item.slug.clone().unwrap_or_default();
        let roles = &mut self.item(key).roles;
        let at = roles.len();
        roles.push(item);
        self.roles.entry((key, slug)).or_insert(at);
        at
    }

    fn add_role(&mut self, item: ManifestRight, place: String) {
        let key = self.application(&item.organization_slug, &item.application_slug);
        let role = RoleItem {
            name: item.name,
            slug: Some(item.slug),
            description: item.description,
            ..RoleItem::default()
        };
        let at = self.push_role(key, role);
        self.places.add(format!("{}.roles[{at}]", path_of(key)), place);
    }

    fn add_permission(&mut self, item: ManifestRight, place: String) {
        let key = self.application(&item.organization_slug, &item.application_slug);
        let permissions = &mut self.item(key).permissions;
        let at = permissions.len();
        permissions.push(PermissionItem { name: item.name, slug: item.slug, description: item.description });
        self.places.add(format!("{}.permissions[{at}]", path_of(key)), place);
    }

    fn add_claim(&mut self, item: ManifestClaim, place: String) {
        let key = self.application(&item.organization_slug, &item.application_slug);
        let claims = &mut self.item(key).claim_definitions;
        let at = claims.len();
        claims.push(ClaimItem {
            name: item.name,
            slug: item.slug,
            claim_type: item.claim_type,
            description: item.description,
            include_in_id_token: item.include_in_id_token,
            include_in_access_token: item.include_in_access_token,
            include_in_userinfo: item.include_in_userinfo,
        });
        self.places.add(format!("{}.claim_definitions[{at}]", path_of(key)), place);
    }

    fn add_mapping(&mut self, item: ManifestMapping, place: &str) {
        let key = self.application(&item.organization_slug, &item.application_slug);
        let known = self.roles.get(&(key, item.role_slug.clone())).copied();
        let role = known.unwrap_or_else(|| {
            let reference = RoleItem {
                name: item.role_slug.clone(),
                slug: Some(item.role_slug),
                is_reference: true,
                ..RoleItem::default()
            };
            self.push_role(key, reference)
        });
        let permissions = &mut self.item(key).roles[role].permissions;
        let first = permissions.len();
        let added = item.permission_slugs.len();
        permissions.extend(item.permission_slugs);
        for n in 0..added {
            let in_document = format!("{}.roles[{role}].permissions[{}]", path_of(key), first + n);
            self.places.add(in_document, format!("{place}.permission_slugs[{n}]"));
        }
    }

    fn add_module(&mut self, item: ManifestModule, place: String) {
        let key = self.application(&item.organization_slug, &item.application_slug);
        let modules = &mut self.item(key).modules;
        let at = modules.len();
        let (name, slug, description, status) = (item.name, item.slug, item.description, item.status);
        modules.push(ModuleItem { name, slug, description, status });
        self.places.add(format!("{}.modules[{at}]", path_of(key)), place);
    }

    fn push_user(&mut self, organization: usize, item: UserItem) -> usize {
        let key = Email::key_of(&item.email);
        let users = &mut self.organizations[organization].users;
        let at = users.len();
        users.push(item);
        self.users.entry((organization, key)).or_insert(at);
        at
    }

    fn add_user(&mut self, item: ManifestUser, place: String) {
        self.problems.extend(item.problems(&place));
        let organization = self.organization(&item.organization_slug);
        let at = self.push_user(organization, item.into_item());
        self.places.add(format!("organizations[{organization}].users[{at}]"), place);
    }

    /// Somebody of an organization, in whichever spelling of the address.
    fn user(&mut self, organization: &str, email: &str) -> (usize, usize) {
        let organization = self.organization(organization);
        if let Some(known) = self.users.get(&(organization, Email::key_of(email))) {
            return (organization, *known);
        }
        let reference = UserItem { email: email.to_owned(), is_reference: true, ..UserItem::default() };
        (organization, self.push_user(organization, reference))
    }

    fn add_assignment(&mut self, item: ManifestAssignment, place: String) {
        let (o, u) = self.user(&item.organization_slug, &item.email);
        let roles = &mut self.organizations[o].users[u].roles;
        let at = roles.len();
        roles.push(RoleReference { app: item.application_slug, role: item.role_slug });
        self.places.add(format!("organizations[{o}].users[{u}].roles[{at}]"), place);
    }

    fn add_value(&mut self, item: ManifestClaimValue, place: String) {
        let (o, u) = self.user(&item.organization_slug, &item.email);
        let claims = &mut self.organizations[o].users[u].claims;
        let at = claims.len();
        claims.push(ClaimValueItem { app: item.application_slug, claim: item.claim_slug, value: item.value });
        self.places.add(format!("organizations[{o}].users[{u}].claims[{at}]"), place);
    }
}

fn path_of((organization, application): ApplicationKey) -> String {
    format!("organizations[{organization}].applications[{application}]")
}
