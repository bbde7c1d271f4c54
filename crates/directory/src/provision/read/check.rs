//! Compares the values of a file with what a document has (`shape.rs`), and finds all that is wrong.

use std::collections::HashMap;

use porta_core::Slug;
use porta_core::user::Email;

use super::node::{Content, Node, Ordinal};
use super::shape::{Kind, Presence, Shape};
use super::{Found, below, shown};

/// Checks a value. Optional fields without a value are taken out: they are as good as absent.
pub(super) fn check(node: &mut Node, kind: &Kind, path: &str, problems: &mut Vec<Found>) {
    let expected = match (kind, &mut node.content) {
        (Kind::Any, _) | (Kind::Text | Kind::Secret, Content::Text(_)) | (Kind::Flag, Content::Flag(_)) => {
            return;
        }
        (Kind::Words(words), Content::Text(text)) => {
            let words = words();
            if !words.contains(&text.as_str()) {
                let message = format!("unknown word: use {}", listed(&words));
                problems.push(Found::new(node.ordinal, path, message));
            }
            return;
        }
        (Kind::List(kind), Content::List(items)) => {
            for (i, item) in items.iter_mut().enumerate() {
                check(item, kind, &format!("{path}[{i}]"), problems);
            }
            return;
        }
        (Kind::Map(shape), Content::Map(_)) => return check_map(node, shape, path, problems),
        (Kind::Settings, Content::Map(entries)) => {
            for entry in entries.iter() {
                if !matches!(entry.node.content, Content::Text(_) | Content::Number(_) | Content::Flag(_)) {
                    let message = format!("invalid type: found {}, expected one value", entry.node.kind());
                    problems.push(Found::new(entry.node.ordinal, &below(path, &entry.key), message));
                }
            }
            return;
        }
        (Kind::Secret, _) => "a secret is a text: put it in quotes",
        (Kind::Text | Kind::Words(_), Content::Number(_) | Content::Flag(_)) => {
            "expected a text: put it in quotes"
        }
        (Kind::Text | Kind::Words(_), _) => "expected a text",
        (Kind::Flag, _) => "expected true or false",
        (Kind::List(_), _) => "expected a list",
        (Kind::Map(_) | Kind::Settings, _) => "expected a mapping",
    };
    let message = match kind {
        Kind::Secret => expected.to_owned(),
        _ => format!("invalid type: found {}, {expected}", node.kind()),
    };
    problems.push(Found::new(node.ordinal, path, message));
}

fn check_map(node: &mut Node, shape: &Shape, path: &str, problems: &mut Vec<Found>) {
    let ordinal = node.ordinal;
    let Content::Map(entries) = &mut node.content else { return };
    entries.retain_mut(|entry| {
        let Some(field) = shape.fields.iter().find(|field| field.name == entry.key) else {
            let message = match shape.similar(&entry.key) {
                Some(name) => format!("unknown field; did you mean `{name}`?"),
                None => "unknown field".to_owned(),
            };
            problems.push(Found::new(entry.ordinal, &below(path, &entry.key), message));
            return true;
        };
        let is_empty = matches!(entry.node.content, Content::Null);
        match field.presence {
            Presence::Optional if is_empty => return false,
            Presence::Clearable if is_empty => return true,
            Presence::Required | Presence::Optional | Presence::Clearable => {}
        }
        check(&mut entry.node, &field.kind, &below(path, field.name), problems);
        true
    });
    for field in shape.fields.iter().filter(|field| field.presence == Presence::Required) {
        if entries.iter().all(|entry| entry.key != field.name) {
            problems.push(Found::new(ordinal, path, format!("missing field `{}`", field.name)));
        }
    }
}

fn listed(words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Finds things that are there twice under the name by which they are found in the database.
pub(super) fn find_duplicates(root: &Node, problems: &mut Vec<Found>) {
    let organizations = list(root, "organizations");
    let mut clients = Names::new("client_id");
    let mut slugs = Names::new("slug");
    for (o, organization) in organizations.iter().enumerate() {
        let path = format!("organizations[{o}]");
        slugs.add(organization, slug_of(organization), &path, problems);
        let mut addresses = Names::new("email");
        for (u, user) in list(organization, "users").iter().enumerate() {
            let address = user.text("email").map(Email::key_of);
            addresses.add(user, address, &format!("{path}.users[{u}]"), problems);
        }
        let mut slugs = Names::new("slug");
        for (a, application) in list(organization, "applications").iter().enumerate() {
            let path = format!("{path}.applications[{a}]");
            slugs.add(application, slug_of(application), &path, problems);
            find_in_application(application, &path, &mut clients, problems);
        }
    }
}

fn find_in_application(application: &Node, path: &str, clients: &mut Names, problems: &mut Vec<Found>) {
    for parts in ["modules", "permissions", "roles", "claim_definitions"] {
        let mut slugs = Names::new("slug");
        for (i, part) in list(application, parts).iter().enumerate() {
            slugs.add(part, slug_of(part), &format!("{path}.{parts}[{i}]"), problems);
        }
    }
    let mut names = Names::new("client_name");
    for (c, client) in list(application, "clients").iter().enumerate() {
        let path = format!("{path}.clients[{c}]");
        match client.text("client_id") {
            Some(id) => clients.add(client, Some(id.to_owned()), &path, problems),
            None => names.add(client, client.text("client_name").map(str::to_owned), &path, problems),
        }
    }
}

fn list<'n>(node: &'n Node, name: &str) -> &'n [Node] {
    node.field(name).map_or(&[], Node::items)
}

/// As written, or made of the name.
fn slug_of(node: &Node) -> Option<String> {
    node.text("slug").map(str::to_owned).or_else(|| node.text("name").map(Slug::suggest))
}

/// Names that must differ.
struct Names {
    field: &'static str,
    seen: HashMap<String, String>,
}

impl Names {
    fn new(field: &'static str) -> Self {
        Self { field, seen: HashMap::new() }
    }

    fn add(&mut self, node: &Node, name: Option<String>, path: &str, problems: &mut Vec<Found>) {
        let Some(name) = name else { return };
        let Some(first) = self.seen.get(&name) else {
            self.seen.insert(name, path.to_owned());
            return;
        };
        let message = format!("duplicate {} `{}`: {first} has it", self.field, shown(&name));
        problems.push(Found::new(place(node, self.field), path, message));
    }
}

/// The field if it is there, or else the whole.
fn place(node: &Node, field: &str) -> Ordinal {
    node.field(field).map_or(node.ordinal, |field| field.ordinal)
}
