//! Links of the OpenAPI document: from the answer that creates an entity to the operations of its path.

use utoipa::openapi::RefOr;
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::{PathItem, Paths};

use crate::document_paths::{names_in, operations_of};

/// Where the id of the new entity is in the answer.
const NEW_ID: &str = "$response.body#/data/id";

/// Adds to each creation links to the operations of the path below it that ends with one parameter.
pub(crate) fn add_links(paths: &mut Paths) {
    let mut children: Vec<(String, String, Vec<String>)> = Vec::new();
    for (path, item) in &mut paths.paths {
        let Some((parent, last)) = path.rsplit_once('/') else { continue };
        let Some(name) = names_in(last).next() else { continue };
        let ids = operations_of(item).filter_map(|operation| operation.operation_id.clone());
        children.push((parent.to_owned(), name.to_owned(), ids.collect()));
    }
    for (parent, name, operations) in children {
        if let Some(item) = paths.paths.get_mut(&parent) {
            add(item, &parent, &name, operations);
        }
    }
}

fn add(item: &mut PathItem, path: &str, name: &str, operations: Vec<String>) {
    let created = item.post.as_mut().and_then(|creation| creation.responses.responses.get_mut("201"));
    let Some(RefOr::T(created)) = created else { return };
    for id in operations {
        let mut link = LinkBuilder::new().operation_id(id.as_str()).parameter(name, NEW_ID);
        for outer in names_in(path) {
            link = link.parameter(outer, format!("$request.path.{outer}"));
        }
        created.links.insert(id, RefOr::T(link.build()));
    }
}
