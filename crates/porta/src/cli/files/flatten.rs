//! A file as a manifest, which is what the Admin API imports. Its items name what they belong to instead of being inside it.

use std::collections::{BTreeMap, HashMap};

use porta_client::types::Manifest;
use porta_core::Timestamp;
use porta_directory::Problem;
use porta_directory::provision::document::{
    ApplicationItem, ClientItem, Document, OrganizationItem, RoleItem, SecretItem, UserItem,
};
use porta_directory::provision::expires_in;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};

use super::nest::{ADDRESS, USER};

type Fields = Map<String, Value>;

pub(super) struct Flat {
    pub(super) manifest: Manifest,
    pub(super) places: Places,
}

/// Paths of the items of a manifest, with their paths in the file.
#[derive(Default)]
pub(super) struct Places(HashMap<String, String>);

impl Places {
    /// The path in the file: that of the innermost known item, and what follows.
    pub(super) fn in_file(&self, path: &str) -> String {
        let mut end = path.len();
        loop {
            let (item, rest) = path.split_at(end);
            if let Some(known) = self.0.get(item) {
                let rest = rest.replace(".secret_", ".secret.").replace(".branding_", ".branding.");
                return format!("{known}{rest}");
            }
            match item.rfind('.') {
                Some(dot) => end = dot,
                None => return path.to_owned(),
            }
        }
    }
}

/// `values`: what the file has. `document`: the same, with its secrets.
pub(super) fn flatten(values: Value, document: &Document, now: Timestamp) -> Result<Flat, Vec<Problem>> {
    let mut values = fields(values);
    let mut flattener =
        Flattener { now, lists: BTreeMap::new(), places: Places::default(), problems: vec![] };
    let organizations = taken(&mut values, "organizations");
    for (o, (values, item)) in organizations.into_iter().zip(&document.organizations).enumerate() {
        flattener.organization(&format!("organizations[{o}]"), fields(values), item);
    }
    if !flattener.problems.is_empty() {
        return Err(flattener.problems);
    }
    let mut manifest = Fields::new();
    manifest.insert("version".to_owned(), json!(document.version));
    manifest.extend(values.remove("config").map(|config| ("config".to_owned(), config)));
    manifest.extend(flattener.lists.into_iter().map(|(name, items)| (name.to_owned(), items.into())));
    let manifest = serde_json::from_value(manifest.into())
        // The error would quote a value.
        .map_err(|_| vec![Problem::new("", "no manifest can be made of it")])?;
    Ok(Flat { manifest, places: flattener.places })
}

/// The slugs of what an item is in.
#[derive(Clone, Copy)]
struct Within<'s> {
    organization: &'s str,
    application: &'s str,
}

impl Within<'_> {
    fn names(self, fields: &mut Fields) {
        fields.insert("organization_slug".to_owned(), json!(self.organization));
        fields.insert("application_slug".to_owned(), json!(self.application));
    }
}

struct Flattener {
    now: Timestamp,
    lists: BTreeMap<&'static str, Vec<Value>>,
    places: Places,
    problems: Vec<Problem>,
}

impl Flattener {
    fn add(&mut self, list: &'static str, fields: Fields, place: String) -> usize {
        let items = self.lists.entry(list).or_default();
        let at = items.len();
        items.push(fields.into());
        self.places.0.insert(format!("{list}[{at}]"), place);
        at
    }

    fn organization(&mut self, path: &str, mut values: Fields, item: &OrganizationItem) {
        let slug = item.effective_slug();
        let applications = taken(&mut values, "applications");
        let users = taken(&mut values, "users");
        for (name, value) in values.remove("branding").map(fields).unwrap_or_default() {
            values.insert(format!("branding_{name}"), value);
        }
        values.insert("slug".to_owned(), json!(slug));
        self.add("organizations", values, path.to_owned());
        for (a, (values, item)) in applications.into_iter().zip(&item.applications).enumerate() {
            self.application(&format!("{path}.applications[{a}]"), &slug, fields(values), item);
        }
        for (u, (values, item)) in users.into_iter().zip(&item.users).enumerate() {
            self.user(&format!("{path}.users[{u}]"), &slug, fields(values), item);
        }
    }

    fn application(&mut self, path: &str, organization: &str, mut values: Fields, item: &ApplicationItem) {
        let slug = item.effective_slug();
        let within = Within { organization, application: &slug };
        let roles = taken(&mut values, "roles");
        let clients = taken(&mut values, "clients");
        let parts = [
            ("modules", "application_modules"),
            ("permissions", "permissions"),
            ("claim_definitions", "claim_definitions"),
        ]
        .map(|(here, list)| (here, list, taken(&mut values, here)));
        values.insert("slug".to_owned(), json!(slug));
        values.insert("organization_slug".to_owned(), json!(organization));
        self.add("applications", values, path.to_owned());
        for (here, list, items) in parts {
            for (i, mut part) in items.into_iter().map(fields).enumerate() {
                within.names(&mut part);
                self.add(list, part, format!("{path}.{here}[{i}]"));
            }
        }
        for (r, (values, item)) in roles.into_iter().zip(&item.roles).enumerate() {
            self.role(&format!("{path}.roles[{r}]"), within, fields(values), item);
        }
        for (c, (values, item)) in clients.into_iter().zip(&item.clients).enumerate() {
            self.client(&format!("{path}.clients[{c}]"), within, fields(values), item);
        }
    }

    fn role(&mut self, path: &str, within: Within<'_>, mut values: Fields, item: &RoleItem) {
        let slug = item.effective_slug();
        values.remove("permissions");
        values.insert("slug".to_owned(), json!(slug));
        within.names(&mut values);
        self.add("roles", values, path.to_owned());
        if item.permissions.is_empty() {
            return;
        }
        let mut mapping = Fields::new();
        mapping.insert("role_slug".to_owned(), json!(slug));
        mapping.insert("permission_slugs".to_owned(), json!(item.permissions));
        within.names(&mut mapping);
        let at = self.add("role_permission_mappings", mapping, path.to_owned());
        for p in 0..item.permissions.len() {
            let in_manifest = format!("role_permission_mappings[{at}].permission_slugs[{p}]");
            self.places.0.insert(in_manifest, format!("{path}.permissions[{p}]"));
        }
    }

    fn client(&mut self, path: &str, within: Within<'_>, mut values: Fields, item: &ClientItem) {
        values.remove("secret");
        if let Some(secret) = &item.secret {
            self.secret(path, &mut values, secret);
        }
        within.names(&mut values);
        self.add("clients", values, path.to_owned());
    }

    fn secret(&mut self, path: &str, values: &mut Fields, secret: &SecretItem) {
        let ends = secret.expires_in.as_ref().map(|text| expires_in(self.now, text));
        if ends == Some(None) {
            let problem = "use a number followed by h, d, m (months) or y, such as 6m";
            self.problems.push(Problem::new(format!("{path}.secret.expires_in"), problem));
        }
        let ends = secret.expires_at.clone().or(ends.flatten().map(Timestamp::rfc3339));
        let value = secret.value.as_ref().map(|value| value.secret().expose_secret().to_owned());
        let parts =
            [("secret_label", secret.label.clone()), ("secret_expires_at", ends), ("secret_value", value)];
        for (name, value) in parts {
            values.extend(value.map(|value| (name.to_owned(), value.into())));
        }
    }

    fn user(&mut self, path: &str, organization: &str, mut values: Fields, item: &UserItem) {
        let roles = taken(&mut values, "roles");
        let claims = taken(&mut values, "claims");
        for (here, there) in USER {
            rename(&mut values, here, there);
        }
        let mut address = values.remove("address").map(fields).unwrap_or_default();
        for (here, there) in ADDRESS {
            values.extend(address.remove(*here).map(|value| ((*there).to_owned(), value)));
        }
        // The password itself stays here.
        values.remove("password");
        if let Some(hash) = &item.password_hash {
            values.insert("password_hash".to_owned(), json!(hash.secret().expose_secret()));
        }
        values.insert("organization_slug".to_owned(), json!(organization));
        self.add("users", values, path.to_owned());
        let links = [
            ("roles", "user_role_assignments", "role", "role_slug", roles),
            ("claims", "user_claim_values", "claim", "claim_slug", claims),
        ];
        for (here, list, name, slug, items) in links {
            for (i, mut link) in items.into_iter().map(fields).enumerate() {
                rename(&mut link, "app", "application_slug");
                rename(&mut link, name, slug);
                link.insert("email".to_owned(), json!(item.email));
                link.insert("organization_slug".to_owned(), json!(organization));
                self.add(list, link, format!("{path}.{here}[{i}]"));
            }
        }
    }
}

fn fields(value: Value) -> Fields {
    if let Value::Object(fields) = value { fields } else { Fields::new() }
}

fn taken(fields: &mut Fields, name: &str) -> Vec<Value> {
    if let Some(Value::Array(items)) = fields.remove(name) { items } else { Vec::new() }
}

fn rename(fields: &mut Fields, from: &str, to: &str) {
    if let Some(value) = fields.remove(from) {
        fields.insert(to.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use porta_directory::provision::{Format, SourceFile, read};

    use super::*;

    const FILE: &str = r#"
version: "1.0"
allow_passwords: true
config: { access_token_ttl: 600 }
organizations:
  - name: Harbor
    branding: { company_name: H, logo_url: null }
    applications:
      - name: Dock
        permissions: [{ name: See, slug: "dock:berths:read" }]
        roles: [{ name: Planner, permissions: ["dock:berths:read"] }]
        clients:
          - client_name: Feed
            client_type: confidential
            secret: { label: feed, expires_in: 1d, value: "a secret of the feed" }
    users:
      - email: kim@harbor.test
        password: lantern-Quay-41
        picture: https://a.example/kim.png
        address: { street_address: Quay 1 }
        roles: [{ app: dock, role: planner }]
        claims: [{ app: dock, claim: rank, value: 3 }]
"#;

    fn flat(text: &str) -> Result<Flat, Vec<Problem>> {
        let source = SourceFile::parse(text.as_bytes(), Format::Yaml).ok().unwrap();
        let document = read(text, Format::Yaml, &|_| None).unwrap();
        flatten(source.to_value(), &document, Timestamp::parse_rfc3339("2026-01-31T10:00:00Z").unwrap())
    }

    #[test]
    fn items_name_what_they_were_in() {
        let Flat { manifest, places } = flat(FILE).ok().unwrap();
        let sent = serde_json::to_value(&manifest).unwrap();
        assert_eq!(
            sent,
            json!({
                "version": "1.0",
                "config": { "access_token_ttl": 600 },
                "organizations": [
                    { "name": "Harbor", "slug": "harbor", "branding_company_name": "H", "branding_logo_url": null }
                ],
                "applications": [{ "name": "Dock", "slug": "dock", "organization_slug": "harbor" }],
                "permissions": [{
                    "name": "See", "slug": "dock:berths:read",
                    "organization_slug": "harbor", "application_slug": "dock",
                }],
                "roles": [{
                    "name": "Planner", "slug": "planner", "organization_slug": "harbor", "application_slug": "dock",
                }],
                "role_permission_mappings": [{
                    "role_slug": "planner", "permission_slugs": ["dock:berths:read"],
                    "organization_slug": "harbor", "application_slug": "dock",
                }],
                "clients": [{
                    "client_name": "Feed", "client_type": "confidential", "secret_label": "feed",
                    "secret_expires_at": "2026-02-01T10:00:00Z", "secret_value": "a secret of the feed",
                    "organization_slug": "harbor", "application_slug": "dock",
                }],
                "users": [{
                    "email": "kim@harbor.test", "picture_url": "https://a.example/kim.png",
                    "address_street": "Quay 1", "organization_slug": "harbor",
                }],
                "user_role_assignments": [{
                    "email": "kim@harbor.test", "organization_slug": "harbor",
                    "application_slug": "dock", "role_slug": "planner",
                }],
                "user_claim_values": [{
                    "email": "kim@harbor.test", "organization_slug": "harbor",
                    "application_slug": "dock", "claim_slug": "rank", "value": 3,
                }],
            })
        );
        for (in_manifest, in_file) in [
            ("clients[0].secret_value", "organizations[0].applications[0].clients[0].secret.value"),
            (
                "role_permission_mappings[0].permission_slugs[0]",
                "organizations[0].applications[0].roles[0].permissions[0]",
            ),
            ("user_claim_values[0].value", "organizations[0].users[0].claims[0].value"),
            ("organizations[0].settings.weather", "organizations[0].settings.weather"),
            ("config.weather", "config.weather"),
        ] {
            assert_eq!(places.in_file(in_manifest), in_file);
        }
    }

    #[test]
    fn spans_that_are_none_are_refused_with_their_place() {
        let problems = flat(&FILE.replace("1d", "soon")).err().unwrap();
        assert_eq!(problems[0].path, "organizations[0].applications[0].clients[0].secret.expires_in");
    }
}
