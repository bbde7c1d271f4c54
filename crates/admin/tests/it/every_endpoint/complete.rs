//! The table has a row for every operation, and for no other; the specification's endpoints are all among them.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use porta_testkit::TestApp;

use super::case::cases;
use super::operation::Operation;
use super::row::Rule;
use super::rows::rows;
use super::specification::{Access, Departure, Endpoint, numbers, shape};
use crate::support::*;

porta_testkit::on_both_stores!(every_operation_that_is_served_has_a_row);

async fn every_operation_that_is_served_has_a_row(app: TestApp) {
    let admins = Admins::of(app).await;
    let served = expect(&admins.bearer("none").get("/openapi.json").await, StatusCode::OK);
    let served: BTreeSet<String> =
        Operation::all(&served).into_iter().map(|operation| operation.id).collect();
    let described: BTreeSet<String> = rows().iter().map(|row| row.operation.to_owned()).collect();
    let missing: Vec<_> = served.difference(&described).collect();
    assert!(missing.is_empty(), "operations without a row in every_endpoint/rows: {missing:?}");
    let superfluous: Vec<_> = described.difference(&served).collect();
    assert!(superfluous.is_empty(), "rows in every_endpoint/rows without an operation: {superfluous:?}");
    assert_eq!(rows().len(), described.len(), "an operation has two rows");
}

#[test]
fn every_endpoint_of_the_specification_is_served() {
    assert_eq!(numbers(), (1..=136).collect::<Vec<_>>(), "specification.txt has the whole index");
    let mut served: BTreeMap<String, Operation> =
        Operation::documented().into_iter().map(|operation| (operation.id.clone(), operation)).collect();
    for endpoint in Endpoint::all() {
        let id = endpoint.operation;
        let operation = served.remove(id);
        let operation = operation
            .unwrap_or_else(|| unreachable!("{id} ({}) is not served, or named twice", endpoint.source));
        assert_eq!(operation.method.as_str(), endpoint.method, "{id}");
        assert_eq!(shape(&operation.path), endpoint.path, "{id}: see departures.txt");
    }
    let unknown: Vec<_> = served.keys().collect();
    assert!(unknown.is_empty(), "neither in specification.txt nor in additions.txt: {unknown:?}");
}

#[test]
fn a_departure_is_of_an_operation_and_has_a_reason() {
    let known: BTreeSet<&str> = Endpoint::all().iter().map(|endpoint| endpoint.operation).collect();
    for departure in Departure::all() {
        assert!(known.contains(departure.operation), "{}", departure.operation);
        assert!(departure.reason.len() > 10, "{}", departure.operation);
    }
    let public: Vec<&str> = Endpoint::all()
        .iter()
        .filter(|endpoint| endpoint.access == Access::Public)
        .map(|endpoint| endpoint.operation)
        .collect();
    assert_eq!(public, ["get_metadata"]);
}

#[test]
fn a_row_fits_its_operation() {
    for case in cases() {
        let (id, row, operation) = (case.id(), &case.row, &case.operation);
        assert!(case.endpoint.success.contains(&row.status), "{id}: success is {}", row.status);
        assert_eq!(row.body.is_some(), operation.has_body, "{id}: body");
        assert_eq!(row.is_editable, operation.has_if_match, "{id}: If-Match");
        assert_eq!(row.again.is_some(), operation.changes(), "{id}: again");
        assert!(row.records.is_sorted(), "{id}: events in alphabetical order");
        for exception in &row.exceptions {
            let fits = match exception.rule {
                Rule::Unknown | Rule::Malformed | Rule::Twin => {
                    operation.path_names().contains(&exception.subject)
                }
                Rule::UnknownParameter => exception.subject == "query" && !operation.query.is_empty(),
                Rule::UnknownField => exception.subject == "body" && operation.has_body,
            };
            assert!(fits && exception.reason.len() > 10, "{id}: {:?} {}", exception.rule, exception.subject);
        }
    }
}

/// Every change leaves an audit row. Of the reads only exports do.
#[test]
fn a_change_is_recorded() {
    for case in cases() {
        let is_recorded = !case.row.records.is_empty();
        let is_expected = match case.id() {
            // They store nothing that stays.
            "preview_invitation" | "preview_branding" | "cancel_own_two_factor" => false,
            id => case.operation.changes() || id.starts_with("export_"),
        };
        assert_eq!(is_recorded, is_expected, "{}", case.id());
    }
}
