//! What an import did, for people.

use std::path::Path;

use serde_json::Value;

use super::import::{How, Outcome};
use crate::output;

/// `file`: where secrets are, if they are not shown. What stays as it is, is listed where the file asked for something else.
pub(super) fn show(outcome: &Outcome, how: How, file: Option<&Path>) {
    section("Created", outcome.list("created"), &[("Type", "type"), ("Slug", "slug"), ("Name", "name")]);
    let changed = [("Type", "type"), ("Slug", "slug"), ("Name", "name"), ("Changes", "changes")];
    section("Updated", outcome.list("updated"), &changed);
    if !how.overwrites {
        let skipped = [("Type", "type"), ("Slug", "slug"), ("Reason", "reason")];
        section("Skipped", outcome.list("skipped"), &skipped);
    }
    section("Different", outcome.list("different"), &changed);
    section("Errors", outcome.list("errors"), &[("Type", "type"), ("Where", "path"), ("Problem", "error")]);
    credentials(outcome, file);
    output::line(format_args!(
        "{} created, {} updated, {} skipped, {} errors",
        outcome.list("created").len(),
        outcome.list("updated").len(),
        outcome.list("skipped").len(),
        outcome.list("errors").len()
    ));
    if outcome.0["mode"] == "dry-run" {
        output::line("Dry run: nothing was applied.");
    }
}

/// A table, if it has rows.
pub(super) fn section(title: &str, items: &[Value], columns: &[(&str, &str)]) {
    if items.is_empty() {
        return;
    }
    let headers: Vec<&str> = columns.iter().map(|(header, _)| *header).collect();
    let row = |item: &Value| columns.iter().map(|(_, name)| cell(&item[*name])).collect::<Vec<_>>();
    output::line(title);
    output::table(&headers, &items.iter().map(row).collect::<Vec<_>>());
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => output::or_dash(None::<&str>),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn credentials(outcome: &Outcome, file: Option<&Path>) {
    let all = outcome.list("credentials");
    if all.is_empty() {
        return;
    }
    let mut has_secrets = false;
    let mut rows = Vec::new();
    for credential in all {
        let secret = match &credential["secretPlaintext"] {
            Value::String(_) if file.is_some() => "(in the file)".to_owned(),
            Value::String(text) => {
                has_secrets |= outcome.is_applied();
                text.clone()
            }
            _ if credential["secretId"].is_string() => "(as given)".to_owned(),
            _ => output::or_dash(None::<&str>),
        };
        let [name, id, kind, label, ends] =
            ["clientName", "clientId", "clientType", "secretLabel", "secretExpiresAt"]
                .map(|name| cell(&credential[name]));
        rows.push(vec![name, id, kind, secret, label, ends]);
    }
    output::line("Client credentials");
    output::table(&["Client", "Client ID", "Type", "Secret", "Label", "Expires"], &rows);
    if has_secrets {
        output::warning("save the secrets now: they are not shown again");
    }
    if let Some(file) = file {
        output::line(format_args!("Credentials are in {}", file.display()));
    }
}
