//! The page that tells what is tested of each operation. It is written from the table, so it cannot promise more.

use porta_testkit::reference::{compare, table};

use super::case::{Case, cases};
use super::paths::names_with_twins;
use super::row::{Exception, Row, Rule};
use super::rows::rows;
use super::specification::{Access, Departure};

const PAGE: &str = "reference/admin-coverage.md";

/// One test, so that the parts of the page are written one after another.
#[test]
fn the_page_tells_what_is_tested_of_each_operation() {
    let part = |name, head: &[&str], lines: Vec<Vec<String>>| {
        compare(PAGE, name, &format!("\n{}\n", table(head, lines)));
    };
    let head =
        ["Operation", "Specification", "Permissions", "Success", "Audit rows", "Sent again", "Refusals"];
    part("operations", &head, cases().iter().map(line).collect());
    let head = ["Operation", "Rule", "About", "Answer", "Reason"];
    part("exceptions", &head, rows().iter().flat_map(exceptions).collect());
    let head = ["Operation", "What", "Here", "Reason"];
    part("departures", &head, Departure::all().iter().map(departure).collect());
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

fn line(case: &Case) -> Vec<String> {
    let Case { operation, row, endpoint } = case;
    let access = match &endpoint.access {
        Access::Public => "none: public".to_owned(),
        Access::AnyRole => "any administrative role".to_owned(),
        Access::Holders(required) => required.join(" + "),
    };
    vec![
        format!("`{} {}` ({})", operation.method, operation.path, operation.id),
        endpoint.source.to_owned(),
        access,
        row.status.to_string(),
        row.records.join(", "),
        row.again.map(|status| status.to_string()).unwrap_or_default(),
        refusals(case).join(", "),
    ]
}

/// The refusals that not every operation has, as the tests of the rules choose them.
fn refusals(case: &Case) -> Vec<String> {
    let Case { operation, row, endpoint } = case;
    let mut all = Vec::new();
    let names = operation.path_names();
    if !names.is_empty() {
        all.push(format!("404 unknown {}", names.join(", ")));
    }
    let twins = names_with_twins(case);
    if !twins.is_empty() {
        all.push(format!("404 another tenant's {}", twins.join(", ")));
    }
    if row.body.is_some() {
        all.push("400 body".to_owned());
        all.push(format!("413 beyond {} KiB", row.body_bytes / 1024));
    }
    if !operation.query.is_empty() {
        all.push("400 query".to_owned());
    }
    if row.is_editable {
        all.push("409 older version".to_owned());
    }
    if endpoint.access != Access::Public {
        all.push("429".to_owned());
    }
    all
}

fn departure(departure: &Departure) -> Vec<String> {
    let Departure { operation, what, here, reason } = departure;
    vec![code(operation), (*what).to_owned(), code(here), (*reason).to_owned()]
}

fn exceptions(row: &Row) -> Vec<Vec<String>> {
    let line = |exception: &Exception| {
        let rule = match exception.rule {
            Rule::Unknown => "an unknown name is not found",
            Rule::Malformed => "what is no name is not found",
            Rule::Twin => "what another tenant has is not found",
            Rule::UnknownParameter => "an unknown parameter is ignored",
            Rule::UnknownField => "an unknown field is ignored",
        };
        vec![
            code(row.operation),
            rule.to_owned(),
            exception.subject.to_owned(),
            exception.status.to_string(),
            exception.reason.to_owned(),
        ]
    };
    row.exceptions.iter().map(line).collect()
}
