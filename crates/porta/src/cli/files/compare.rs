//! What an installation has besides what a file has. A list that the file does not have is not looked at, and neither is a
//! list of something that is not there.

use std::collections::{HashMap, HashSet};

use porta_core::Slug;
use porta_core::user::Email;
use serde_json::{Value, json};

/// Something that the file does not have, in the words of an import.
fn extra(kind: &str, name: &str, within: &str) -> Value {
    json!({ "type": kind, "slug": name, "in": within })
}

/// Lists of an application whose items have slugs, and what an import calls the items.
const PARTS: &[(&str, &str)] = &[
    ("modules", "application_module"),
    ("permissions", "permission"),
    ("roles", "role"),
    ("claim_definitions", "claim_definition"),
];

/// `file`, `actual`: the same organization.
pub(super) fn find_extras(file: &Value, actual: &Value, extras: &mut Vec<Value>) {
    let organization = slug(file);
    settings(&file["settings"], &actual["settings"], &organization, extras);
    let applications = Compared::of(file, actual, "applications", slug);
    for application in applications.extra {
        extras.push(extra("application", &slug(application), &organization));
    }
    for (file, actual) in applications.both {
        application(file, actual, &format!("{organization}/{}", slug(file)), extras);
    }
    let users = Compared::of(file, actual, "users", |user| Email::key_of(text(user, "email")));
    for user in users.extra {
        extras.push(extra("user", text(user, "email"), &organization));
    }
    for (file, actual) in users.both {
        let within = format!("{organization}/{}", text(actual, "email"));
        for (list, name, kind) in
            [("roles", "role", "user_role_assignment"), ("claims", "claim", "user_claim_value")]
        {
            let named = |link: &Value| format!("{}:{}", text(link, "app"), text(link, name));
            for link in Compared::of(file, actual, list, named).extra {
                extras.push(extra(kind, &named(link), &within));
            }
        }
    }
}

/// Settings of the platform or of an organization.
pub(super) fn settings(file: &Value, actual: &Value, within: &str, extras: &mut Vec<Value>) {
    let (Value::Object(file), Value::Object(actual)) = (file, actual) else { return };
    for key in actual.keys().filter(|key| !file.contains_key(*key)) {
        extras.push(extra("config", key, within));
    }
}

fn application(file: &Value, actual: &Value, within: &str, extras: &mut Vec<Value>) {
    for (list, kind) in PARTS {
        let parts = Compared::of(file, actual, list, slug);
        for part in parts.extra {
            extras.push(extra(kind, &slug(part), within));
        }
        for (file, actual) in parts.both.into_iter().filter(|_| *list == "roles") {
            let within = format!("{within}/{}", slug(file));
            let name = |permission: &Value| permission.as_str().unwrap_or_default().to_owned();
            for permission in Compared::of(file, actual, "permissions", name).extra {
                extras.push(extra("role_permission_mapping", &name(permission), &within));
            }
        }
    }
    // The identifier counts where the file has it, and the name otherwise.
    let ids: HashSet<&str> = list(file, "clients").iter().map(|client| text(client, "client_id")).collect();
    let named = |client: &Value| match text(client, "client_id") {
        id if !id.is_empty() && ids.contains(id) => format!("id {id}"),
        _ => format!("name {}", text(client, "client_name")),
    };
    for client in Compared::of(file, actual, "clients", named).extra {
        extras.push(extra("client", text(client, "client_id"), within));
    }
}

/// Items of a list that only the installation has, and those that both have.
struct Compared<'v> {
    extra: Vec<&'v Value>,
    both: Vec<(&'v Value, &'v Value)>,
}

impl<'v> Compared<'v> {
    fn of(file: &'v Value, actual: &'v Value, name: &str, key: impl Fn(&Value) -> String) -> Self {
        let mut compared = Self { extra: Vec::new(), both: Vec::new() };
        if file.get(name).is_none() {
            return compared;
        }
        let known: HashMap<String, &Value> = list(file, name).iter().map(|item| (key(item), item)).collect();
        for item in list(actual, name) {
            match known.get(&key(item)) {
                Some(same) => compared.both.push((*same, item)),
                None => compared.extra.push(item),
            }
        }
        compared
    }
}

fn list<'v>(value: &'v Value, name: &str) -> &'v [Value] {
    value[name].as_array().map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

/// As written, or made of the name.
pub(super) fn slug(value: &Value) -> String {
    match value["slug"].as_str() {
        Some(slug) => slug.to_owned(),
        None => Slug::suggest(text(value, "name")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extras(file: &Value, actual: &Value) -> Vec<String> {
        let mut found = Vec::new();
        find_extras(file, actual, &mut found);
        found.iter().map(|e| format!("{} {} {}", text(e, "type"), text(e, "slug"), text(e, "in"))).collect()
    }

    #[test]
    fn what_the_file_does_not_have_is_found_where_it_has_the_list() {
        let file = json!({
            "name": "Harbor", "settings": {},
            "applications": [{
                "name": "Dock",
                "roles": [{ "name": "Planner", "permissions": [] }],
                "clients": [{ "client_name": "Web" }, { "client_name": "Old name", "client_id": "feed" }],
            }],
            "users": [{ "email": "KIM@harbor.test", "roles": [], "claims": [{ "app": "dock", "claim": "rank" }] }],
        });
        let actual = json!({
            "name": "Harbor", "slug": "harbor", "settings": { "session_ttl": 60 },
            "applications": [
                {
                    "name": "Dock", "slug": "dock",
                    "modules": [{ "slug": "berths" }],
                    "roles": [{ "slug": "planner", "permissions": ["a:b:c"] }, { "slug": "captain" }],
                    "clients": [
                        { "client_name": "Web", "client_id": "x" }, { "client_name": "Feed", "client_id": "feed" },
                        { "client_name": "Rogue", "client_id": "rogue" },
                    ],
                },
                { "name": "Crane", "slug": "crane", "roles": [{ "slug": "seen with it" }] },
            ],
            "users": [
                { "email": "kim@harbor.test", "roles": [{ "app": "dock", "role": "captain" }],
                  "claims": [{ "app": "dock", "claim": "rank" }] },
                { "email": "eve@harbor.test" },
            ],
        });
        assert_eq!(
            extras(&file, &actual),
            [
                "config session_ttl harbor",
                "application crane harbor",
                "role captain harbor/dock",
                "role_permission_mapping a:b:c harbor/dock/planner",
                "client rogue harbor/dock",
                "user eve@harbor.test harbor",
                "user_role_assignment dock:captain harbor/kim@harbor.test",
            ]
        );
        assert_eq!(extras(&actual, &actual), Vec::<String>::new());
        assert_eq!(extras(&json!({ "name": "Harbor" }), &actual), Vec::<String>::new());
    }
}
