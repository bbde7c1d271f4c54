//! Tests that compare reference pages with code that only this crate can see.

mod catalogue;
mod coverage;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser as _;
use porta_core::audit::AuditEventKind;
use porta_testkit::reference::compare;

use crate::cli::{Cli, command};

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

#[test]
fn settings() {
    let mut table = String::from(
        "| Setting | Type | Default | Minimum | Maximum | Per organization | Meaning |\n|---|---|---|---|---|---|---|\n",
    );
    for s in porta_core::settings::ALL {
        let scope = if s.per_organization { "yes" } else { "no" };
        writeln!(
            table,
            "| `{}` | {} | {} | {} | {} | {scope} | {} |",
            s.key, s.value_type, s.default, s.minimum, s.maximum, s.description
        )
        .unwrap();
    }
    compare("settings.md", "settings", &table);
}

#[test]
fn command_line() {
    let mut command = command();
    command.build();
    let mut page = String::new();
    help(&mut command, &mut page);
    compare("reference/cli.md", "commands", &page);
}

/// Appends the help of a command and of its subcommands.
fn help(command: &mut clap::Command, page: &mut String) {
    let name = command.get_bin_name().unwrap_or("porta").to_owned();
    let text = command.render_help().to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    write!(page, "\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end()).unwrap();
    for below in command.get_subcommands_mut().filter(|c| c.get_name() != "help") {
        help(below, page);
    }
}

#[test]
fn audit_events() {
    let mut table = String::from("| Event | Category | Means |\n|---|---|---|\n");
    for kind in AuditEventKind::ALL {
        writeln!(table, "| `{kind}` | {} | {} |", kind.category(), kind.description()).unwrap();
    }
    compare("reference/audit-events.md", "events", &table);
}

/// The paths of the router that a function of `router.rs` builds, those of nested routers included. They are read from
/// the source, because a router does not list them.
fn paths(source: &str, function: &str) -> Vec<String> {
    let (_, body) = source.split_once(&format!("fn {function}(")).unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    // In one line, so that each call of the builder begins with a dot after a space or `new()`.
    let body =
        body.split_whitespace().collect::<Vec<_>>().join(" ").replace("Router::new().", "Router::new() .");
    let mut found = Vec::new();
    for call in body.split(" .").skip(1) {
        let (method, arguments) = call.split_once('(').unwrap();
        let path = arguments.trim_start().strip_prefix('"').and_then(|text| text.split_once('"'));
        let nested =
            |text: &str| paths(source, text.trim_start_matches([',', ' ']).split('(').next().unwrap());
        match (method, path) {
            ("route", Some((path, _))) => found.push(path.to_owned()),
            ("nest", Some((prefix, router))) => {
                found.extend(
                    nested(router).iter().map(|path| format!("{prefix}{}", path.trim_end_matches('/'))),
                );
            }
            ("merge", None) => found.extend(nested(arguments)),
            _ => {}
        }
    }
    found
}

#[test]
fn every_route_is_on_the_page_of_endpoints() {
    let source = fs::read_to_string(repository().join("crates/http/src/router.rs")).unwrap();
    let routes: BTreeSet<String> = paths(&source, "router").into_iter().collect();
    assert!(routes.len() > 40, "{routes:?}");
    let mut table = String::from("| Route |\n|---|\n");
    for route in routes {
        writeln!(table, "| `{route}` |").unwrap();
    }
    compare("endpoints.md", "routes", &table);
}

/// The log events that the operations page names for alerts exist in the sources.
#[test]
fn log_events_of_the_operations_page_exist() {
    let page = fs::read_to_string(repository().join("docs/operations.md")).unwrap();
    let table = &page[page.find("Lines worth an alert").unwrap()..];
    let table = &table[..table.find("\n## ").unwrap()];
    let events: Vec<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert!(events.len() >= 7, "{events:?}");
    let all: String =
        sources(&repository().join("crates")).iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    for event in events {
        assert!(all.contains(&format!("event = \"{event}\"")), "nothing writes {event}");
    }
}

/// Commands on the pages can be copied as they stand.
#[test]
fn commands_on_the_pages_exist() {
    let mut seen = 0;
    for page in ["quick-start.md", "settings.md", "provisioning.md", "operations.md"]
        .map(PathBuf::from)
        .into_iter()
        .chain(fs::read_dir(repository().join("docs/operate")).unwrap().map(|entry| entry.unwrap().path()))
    {
        let text = fs::read_to_string(repository().join("docs").join(&page)).unwrap();
        let mut in_shell = false;
        for line in text.lines() {
            if line.starts_with("```") {
                in_shell = line == "```sh";
            } else if in_shell && line.starts_with("porta ") {
                let command = line.split(['#', '&']).next().unwrap();
                let parsed = Cli::try_parse_from(command.split_whitespace());
                assert!(parsed.is_ok(), "{}: {line}: {}", page.display(), parsed.unwrap_err());
                seen += 1;
            }
        }
    }
    assert!(seen > 15, "only {seen} commands were found");
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found
}
