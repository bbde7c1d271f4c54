//! A manifest as a file. What belongs together is in one place, and every list is there, also an empty one: so it can be
//! told later what came after.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::failure::Failure;

type Fields = Map<String, Value>;

/// Fields of people whose names differ: in a file, and in a manifest.
pub(super) const USER: &[(&str, &str)] =
    &[("profile", "profile_url"), ("picture", "picture_url"), ("website", "website_url")];
pub(super) const ADDRESS: &[(&str, &str)] = &[
    ("street_address", "address_street"),
    ("locality", "address_locality"),
    ("region", "address_region"),
    ("postal_code", "address_postal_code"),
    ("country", "address_country"),
];
const BRANDING: &[(&str, &str)] = &[
    ("primary_color", "branding_primary_color"),
    ("company_name", "branding_company_name"),
    ("custom_css", "branding_custom_css"),
    ("logo_url", "branding_logo_url"),
    ("favicon_url", "branding_favicon_url"),
];
/// Lists of an application: in a file, and in a manifest.
const PARTS: &[(&str, &str)] = &[
    ("modules", "application_modules"),
    ("permissions", "permissions"),
    ("roles", "roles"),
    ("claim_definitions", "claim_definitions"),
    ("clients", "clients"),
];

/// An organization, and the clients that no file can have: those of applications that another organization owns.
pub(super) struct Nested {
    pub(super) organization: Value,
    pub(super) left_out: Vec<String>,
}

/// `manifest`: that of one organization.
pub(super) fn nest(manifest: Value) -> Result<Nested, Failure> {
    let mut lists = fields(manifest);
    let organization = taken(&mut lists, "organizations").pop();
    let organization = organization.ok_or_else(|| Failure::general("the server sent no organization"))?;
    let mut organization = fields(organization);
    move_into(&mut organization, "branding", BRANDING);
    organization.entry("settings").or_insert_with(|| json!({}));
    let (applications, left_out) = applications(&mut lists);
    organization.insert("applications".to_owned(), applications);
    // Without people, nothing is known of them.
    if lists.contains_key("users") {
        organization.insert("users".to_owned(), users(&mut lists));
    }
    Ok(Nested { organization: organization.into(), left_out })
}

fn applications(lists: &mut Fields) -> (Value, Vec<String>) {
    let mut applications: Vec<Fields> = taken(lists, "applications").into_iter().map(fields).collect();
    let places: HashMap<String, usize> =
        applications.iter().enumerate().map(|(at, application)| (text(application, "slug"), at)).collect();
    for application in &mut applications {
        application.remove("organization_slug");
        for (here, _) in PARTS {
            application.insert((*here).to_owned(), json!([]));
        }
    }
    let mut granted: HashMap<(String, String), Value> = HashMap::new();
    for mut mapping in taken(lists, "role_permission_mappings").into_iter().map(fields) {
        let permissions = mapping.remove("permission_slugs").unwrap_or_default();
        granted.insert((text(&mapping, "application_slug"), text(&mapping, "role_slug")), permissions);
    }
    let mut left_out = Vec::new();
    for (here, list) in PARTS {
        for mut part in taken(lists, list).into_iter().map(fields) {
            let application = text(&part, "application_slug");
            part.remove("organization_slug");
            part.remove("application_slug");
            if *here == "roles" {
                let permissions = granted.remove(&(application.clone(), text(&part, "slug")));
                part.insert("permissions".to_owned(), permissions.unwrap_or_else(|| json!([])));
            }
            let owner = places.get(&application).and_then(|at| applications.get_mut(*at));
            match owner.and_then(|owner| owner.get_mut(*here)).and_then(Value::as_array_mut) {
                Some(parts) => parts.push(part.into()),
                None => left_out.push(text(&part, "client_name")),
            }
        }
    }
    (applications.into_iter().map(Value::Object).collect(), left_out)
}

fn users(lists: &mut Fields) -> Value {
    let roles = by_address(taken(lists, "user_role_assignments"), "role", "role_slug");
    let claims = by_address(taken(lists, "user_claim_values"), "claim", "claim_slug");
    let user = |values: Value| {
        let mut user = fields(values);
        let address = text(&user, "email");
        user.remove("organization_slug");
        for (here, there) in USER {
            if let Some(value) = user.remove(*there) {
                user.insert((*here).to_owned(), value);
            }
        }
        move_into(&mut user, "address", ADDRESS);
        for (name, links) in [("roles", &roles), ("claims", &claims)] {
            user.insert(name.to_owned(), links.get(&address).cloned().unwrap_or_default().into());
        }
        Value::Object(user)
    };
    taken(lists, "users").into_iter().map(user).collect()
}

/// What people have, by their addresses.
fn by_address(links: Vec<Value>, name: &str, slug: &str) -> HashMap<String, Vec<Value>> {
    let mut all: HashMap<String, Vec<Value>> = HashMap::new();
    for mut link in links.into_iter().map(fields) {
        let address = text(&link, "email");
        let mut nested = Fields::new();
        for (here, there) in [("app", "application_slug"), (name, slug), ("value", "value")] {
            nested.extend(link.remove(there).map(|value| (here.to_owned(), value)));
        }
        all.entry(address).or_default().push(nested.into());
    }
    all
}

/// Puts fields into one of their own, if there are any.
fn move_into(all: &mut Fields, name: &str, names: &[(&str, &str)]) {
    let mut inner = Fields::new();
    for (here, there) in names {
        inner.extend(all.remove(*there).map(|value| ((*here).to_owned(), value)));
    }
    if !inner.is_empty() {
        all.insert(name.to_owned(), inner.into());
    }
}

fn fields(value: Value) -> Fields {
    if let Value::Object(fields) = value { fields } else { Fields::new() }
}

fn taken(fields: &mut Fields, name: &str) -> Vec<Value> {
    if let Some(Value::Array(items)) = fields.remove(name) { items } else { Vec::new() }
}

fn text(fields: &Fields, name: &str) -> String {
    fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
