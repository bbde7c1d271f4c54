//! The table, one file for each part of the API.

mod account;
mod applications;
mod clients;
mod exports;
mod organizations;
mod people;
mod platform;
mod rights;
mod user_rights;
mod users;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::row::Row;

/// Every operation has a row.
pub(super) fn rows() -> Vec<Row> {
    [
        organizations::rows(),
        organizations::branding_rows(),
        applications::rows(),
        applications::module_rows(),
        clients::rows(),
        users::rows(),
        users::status_rows(),
        people::rows(),
        people::second_factor_rows(),
        people::invitation_rows(),
        rights::role_rows(),
        rights::permission_rows(),
        rights::claim_rows(),
        user_rights::rows(),
        account::rows(),
        account::second_factor_rows(),
        platform::rows(),
        platform::lookup_rows(),
        platform::key_rows(),
        exports::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A picture that organizations may upload.
pub(super) fn picture() -> Value {
    let drawing = "<svg xmlns=\"http://www.w3.org/2000/svg\"><path d=\"M0 0h9\"></path></svg>";
    json!({ "data": STANDARD.encode(drawing), "contentType": "image/svg+xml" })
}

/// Why the history of an id that is unknown is empty.
const ROWS_STAY: &str = "the rows outlive what they are about: an unknown id has an empty history";
